"""The command line: `zerodte --help`. Commands parse, call a room below and print, nothing else."""

from zerodte.cli.startup import quiet_startup

# Importing the commands takes seconds, in which Ctrl-C must not end in a traceback.
with quiet_startup():
    from zerodte.cli.commands import main

__all__ = ["main"]
