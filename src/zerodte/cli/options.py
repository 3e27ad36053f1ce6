"""Types of options, and how errors reach a user: as one line, never as a traceback."""

import datetime
import math
import signal
import sys
from pathlib import Path
from typing import Any

import click

from zerodte.errors import ZerodteError


class FailingGroup(click.Group):
    """A group whose commands report errors that a user can cause as one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. SIGTERM raises SystemExit, so that cleanup runs."""
        before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        try:
            return super().invoke(ctx)
        except ZerodteError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'system'}: {error.strerror}") from error
        finally:
            signal.signal(signal.SIGTERM, before)


class ClockTime(click.ParamType[datetime.time]):
    """A time of day, HH:MM or HH:MM:SS."""

    name = "HH:MM[:SS]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime.time:
        """Parse it, or fail with the expected form."""
        for form in ("%H:%M", "%H:%M:%S"):
            try:
                return datetime.datetime.strptime(str(value), form).time()  # noqa: DTZ007
            except ValueError:
                continue
        return self.fail(f"{value!r} is not a time of day; write HH:MM or HH:MM:SS", param, ctx)


class Date(click.ParamType[datetime.date]):
    """A date, yyyy-MM-dd."""

    name = "yyyy-MM-dd"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime.date:
        """Parse it, or fail with the expected form."""
        try:
            return datetime.datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007
        except ValueError:
            self.fail(f"{value!r} is not a date; write yyyy-MM-dd", param, ctx)


class Finite(click.FloatRange):
    """A finite number in a range: not `nan`, not `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it, or fail."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT, or :PORT for this machine."""

    name = "HOST:PORT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Parse it, or fail with the expected form."""
        host, _, port = str(value).rpartition(":")
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
            self.fail(f"{value!r} is not an address; write HOST:PORT", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


CLOCK_TIME = ClockTime()
DATE = Date()
ADDRESS = Address()
FOLDER = click.Path(path_type=Path)
