"""Types of options."""

import datetime
import math
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click


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


class Whole(click.IntRange):
    """A whole number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse it, or fail."""
        try:
            int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number{_range_of(self)}", param, ctx)
        return int(super().convert(value, param, ctx))


class Finite(click.FloatRange):
    """A finite number in a range: not `nan`, not `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it, or fail."""
        try:
            is_finite = math.isfinite(float(value))
        except ValueError:
            self.fail(f"{value!r} is not a number{_range_of(self)}", param, ctx)
        if not is_finite:
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return float(super().convert(value, param, ctx))


def _range_of(kind: click.IntRange | click.FloatRange) -> str:
    """What would be right, to go on a sentence with."""
    low = f"{kind.min:g}" if kind.min is not None else ""
    if kind.max is not None:
        return f"; write one from {low} to {kind.max:g}"
    return (
        f"; write one {'above' if kind.min_open else 'from'} {low}{'' if kind.min_open else ' on'}"
    )


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


CBOE, DATABENTO, TASTYTRADE, ALPACA = "cboe", "databento", "tastytrade", "alpaca"
MASSIVE = "massive"
TRADIER = "tradier"
THETADATA = "thetadata"
#: What can be added to a feed.
CBOE_FAR = "cboe:far"
VENDORS = (CBOE, DATABENTO, TASTYTRADE, ALPACA, MASSIVE, TRADIER, THETADATA)
#: How the URL of a stream begins.
_STREAMS = ("nats://", "tls://")


def is_stream(feed: object) -> bool:
    """Whether a feed is a session that another server publishes."""
    return isinstance(feed, str) and feed.startswith(_STREAMS)


class FeedName(click.ParamType[tuple[str, int] | str]):
    """HOST:PORT of a TCP feed, nats://HOST:PORT of a stream, or the name of a vendor's feed."""

    name = f"HOST:PORT|nats://HOST:PORT|{'|'.join(VENDORS)}"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int] | str:
        """Parse it, or fail with the expected forms."""
        if is_stream(value):
            return STREAM.convert(value, param, ctx)
        if value in VENDORS:
            return str(value)
        if ":" not in str(value):
            expected = f"HOST:PORT, nats://HOST:PORT, {', '.join(VENDORS[:-1])} or {VENDORS[-1]}"
            self.fail(f"{value!r} is not a feed; write {expected}", param, ctx)
        return ADDRESS.convert(value, param, ctx)


class StreamUrl(click.ParamType[str]):
    """The URL of a NATS server."""

    name = "nats://HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take it, or fail with the expected form."""
        if not all(map(_is_server, str(value).split(","))):
            expected = "write nats://HOST:PORT, or several of them separated by commas"
            self.fail(f"{value!r} is not a server's URL; {expected}", param, ctx)
        return str(value)


def _is_server(url: str) -> bool:
    """Whether a text is the URL of one server."""
    try:
        parts = urlsplit(url)
        return is_stream(url) and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class KeyStorePlace(click.ParamType[Path | str]):
    """The file of keys, or the URL of a NATS server that has them."""

    name = "FILE|nats://HOST:PORT"
    _file = click.Path(path_type=Path, dir_okay=False)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | str:
        """Take it, or fail with the expected form."""
        if is_stream(value):
            return STREAM.convert(value, param, ctx)
        path: Path = self._file.convert(value, param, ctx)
        return path


CLOCK_TIME = ClockTime()
DATE = Date()
ADDRESS = Address()
FEED = FeedName()
STREAM = StreamUrl()
KEYS = KeyStorePlace()
FOLDER = click.Path(path_type=Path)
