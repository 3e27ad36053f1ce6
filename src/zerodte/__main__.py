"""`python -m zerodte` is `zerodte`."""

from zerodte.cli import main

if __name__ == "__main__":
    main(prog_name="zerodte")
