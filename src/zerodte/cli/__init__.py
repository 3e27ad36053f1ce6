"""The command line: `zerodte --help`. Commands parse, call a room below and print, nothing else."""

from zerodte.cli.commands import main

__all__ = ["main"]
