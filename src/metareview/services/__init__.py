"""What each verb does, from an open review folder to a result; one file a verb."""
