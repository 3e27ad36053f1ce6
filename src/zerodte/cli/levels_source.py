"""Where `zerodte levels` gets a day's series from: a history, or a running server."""

import datetime
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec

import zerodte
from zerodte.constants import WINDOW_BOUNDS
from zerodte.errors import ZerodteError
from zerodte.feeds.feed_checks import LOOPBACK_HOSTS
from zerodte.feeds.http_client import http_opener
from zerodte.history.history import History
from zerodte.views.frame import Frame
from zerodte.views.series import series
from zerodte.wire.errors import ErrorBody
from zerodte.wire.listing import SymbolList
from zerodte.wire.series import Series, SeriesQuery
from zerodte.wire.window import BarSize

T = TypeVar("T")
#: The key of a server that requires one.
KEY_VARIABLE: Final = "ZERODTE_KEY"
_TIMEOUT: Final = 60.0
_LARGEST: Final = 16 << 20
_WHOLE_DAY: Final = WINDOW_BOUNDS[1]


class LevelsError(ZerodteError):
    """There are no levels to write; the message says why."""


def is_server(source: str) -> bool:
    """Whether a source is the URL of a server, rather than a history's root."""
    return source.startswith(("http://", "https://"))


class HistoryLevels:
    """The finished sessions of a history.

    Args:
        root: The root.

    Raises:
        HistoryError: It cannot be read.
        LevelsError: It has no session.
    """

    def __init__(self, root: str) -> None:
        self._history = History(root)
        self._sizes = self._history.sizes()
        if not self._sizes:
            raise LevelsError(
                f"no finished sessions in {self._history.display_root}; use a root that was given "
                "to --history, or the URL of a server"
            )

    def symbol(self, asked: str | None) -> str:
        """The symbol asked for, or the only one.

        Raises:
            LevelsError: It has none such, or several.
        """
        return _one_of(sorted({name for day in self._sizes.values() for name in day}), asked)

    def dates(self, symbol: str) -> Sequence[datetime.date]:
        """The sessions of a symbol, ascending."""
        return [date for date, day in self._sizes.items() if symbol in day]

    def series(self, symbol: str, date: datetime.date | None, bar: BarSize) -> Series:
        """The series of a session, by default of the newest.

        Raises:
            LevelsError: There is no such session.
            HistoryError: It cannot be read.
        """
        known = self.dates(symbol)
        chosen = known[-1] if date is None else date
        stored = self._history.read(chosen, symbol) if chosen in known else None
        if stored is None:
            raise LevelsError(
                f"{symbol} has no session of {chosen}; there are {known[0]} to {known[-1]}"
            )
        frame = Frame.past(stored.day, stored.source, symbol, stored.day.hours.close)
        body = series(frame, SeriesQuery(symbol=symbol, bar=bar, minutes=_WHOLE_DAY))
        return _with_bars(msgspec.json.decode(body, type=Series))


class ServerLevels:
    """A running server. Redirects are not followed: a key stays with its host.

    Args:
        url: Its base URL.

    Raises:
        LevelsError: It is no such URL.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            is_right = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        except ValueError:
            is_right = False
        if not is_right or not url.isascii() or not url.isprintable() or " " in url:
            raise LevelsError("that is no URL of a server; write one such as http://127.0.0.1:8017")
        self._url = url.rstrip("/")
        self._host = parts.netloc
        is_loopback = parts.hostname in LOOPBACK_HOSTS
        self._opener = http_opener(is_loopback=is_loopback, follows=False)

    def symbol(self, asked: str | None) -> str:
        """The symbol asked for, or the only one.

        Raises:
            LevelsError: It has several, or cannot be asked.
        """
        return asked or _one_of(self._get("/v1/symbols", SymbolList).symbols, None)

    def dates(self, symbol: str) -> Sequence[datetime.date]:
        """The session that it shows."""
        return [self.series(symbol, None, "15m").expiration]

    def series(self, symbol: str, date: datetime.date | None, bar: BarSize) -> Series:
        """The series of a session, by default of the one that it shows.

        Raises:
            LevelsError: It has none, or cannot be asked.
        """
        query = {"bar": bar, "minutes": str(_WHOLE_DAY)}
        if date is not None:
            query["at"] = date.isoformat()
        name = urllib.parse.quote(symbol, safe="")
        path = f"/v1/flow/zero-dte/series/{name}?{urllib.parse.urlencode(query)}"
        return _with_bars(self._get(path, Series))

    def _get(self, path: str, form: type[T]) -> T:
        headers = {"Accept": "application/json", "User-Agent": f"zerodte/{zerodte.__version__}"}
        if key := os.environ.get(KEY_VARIABLE, "").strip():
            headers["X-Api-Key"] = key
        # The URL was checked, and the opener has handlers of http and https only.
        request = urllib.request.Request(self._url + path, headers=headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                return msgspec.json.decode(answer.read(_LARGEST), type=form)
        except urllib.error.HTTPError as error:
            with error:
                raise LevelsError(f"{self._host}: {_message(error)}") from None
        except msgspec.MsgspecError:
            raise LevelsError(f"{self._host} answered something else than zerodte does") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason: Any = getattr(error, "reason", error)
            text = getattr(reason, "strerror", None) or type(reason).__name__
            raise LevelsError(f"{self._host} cannot be asked: {text}") from None


def _one_of(names: Sequence[str], asked: str | None) -> str:
    listed = ", ".join(names) or "none"
    if asked is not None:
        if asked in names:
            return asked
        raise LevelsError(f"there is no session of {asked}; symbols: {listed}")
    if len(names) != 1:
        raise LevelsError(f"choose a --symbol of {listed}")
    return names[0]


def _with_bars(found: Series) -> Series:
    if not found.bars:
        raise LevelsError(f"there is no sample of {found.symbol} on {found.expiration}")
    return found


def _message(error: urllib.error.HTTPError) -> str:
    """What a server says is wrong."""
    text = f"it answered {error.code}"
    with suppress(OSError, http.client.HTTPException, msgspec.MsgspecError):
        text = msgspec.json.decode(error.read(_LARGEST), type=ErrorBody).message
    if error.code == http.client.UNAUTHORIZED:
        return f"{text.rstrip('.')}. Set {KEY_VARIABLE} to a key."
    return text
