"""The command line: `zerodte --help`. Commands parse, call a room below and print; no more."""

from zerodte.cli.commands import main

__all__ = ["main"]
