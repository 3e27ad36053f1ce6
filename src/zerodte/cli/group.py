"""The group of all commands, and how errors reach a user: as one line, never as a traceback."""

import os
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from zerodte.cli.interruption import BY_SIGNAL, ended_by_signals
from zerodte.cli.startup import quiet_startup
from zerodte.errors import ZerodteError


class LazyCommand(NamedTuple):
    """A command that is imported when it is called.

    Attributes:
        place: Its module and name there, `module:name`.
        short_help: What the list of commands says of it, without an import.
    """

    place: str
    short_help: str


class CommandGroup(click.Group):
    """A group that imports the called command alone, and reports a user's errors as one line."""

    def __init__(self, *args: Any, lazy: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Signals that end it raise, so that cleanup runs."""
        try:
            with ended_by_signals():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(BY_SIGNAL + signal.SIGINT)
        except ZerodteError as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            # Whoever read the output has seen enough, as `head` has; nothing more can be said.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
            sys.exit(BY_SIGNAL + signal.SIGPIPE)
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'system'}: {error.strerror}") from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in alphabetical order."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported on first use."""
        found = self._lazy.get(cmd_name)
        if found and cmd_name not in self.commands:
            module, _, name = found.place.partition(":")
            with quiet_startup():
                command: click.Command = getattr(import_module(module), name)
            command.short_help = found.short_help
            self.add_command(command, cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click gives it
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands for `--help`."""
        others = {name: each.get_short_help_str() for name, each in self.commands.items()}
        lazy = {name: each.short_help for name, each in self._lazy.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted((others | lazy).items()))
