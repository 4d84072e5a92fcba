"""Where every number comes from: the lockfile, and comparing what is with what was locked."""
