"""One effect-size measure a file, each exposing `MEASURE`; the registry walks this package."""
