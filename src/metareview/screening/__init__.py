"""Who judged what: votes, undo, conflicts and their resolution, retrieval, and the link from reports to studies."""
