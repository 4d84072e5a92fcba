"""Effects from a series or a panel of areas: one model a file, each a function that returns a `SeriesEffect`."""
