"""`python -m metareview`: the same as the command `metareview`."""

from metareview.cli import main

if __name__ == "__main__":
    main()
