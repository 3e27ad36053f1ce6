"""The subjects of a published session.

zerodte.2026-11-30.session.0    what it is (the manifest), in parts
zerodte.2026-11-30.market.SPX   records of SPX's options and of SPX itself
zerodte.2026-11-30.index.VIX    values of an index, for everybody
zerodte.2026-11-30.tick.NS      the tick that ends at NS is complete
zerodte.2026-11-30.end          the session is over
"""

import datetime
import re
from typing import Final

from zerodte.market.osi import find_osi
from zerodte.market.roots import root_info, underlying_of
from zerodte.tape.file_selection import InstrumentKind

_ROOT: Final = "zerodte"
_STREAM: Final = re.compile(r"zerodte-(\d{4}-\d\d-\d\d)", re.ASCII)
#: The part of a subject that names an underlying.
_TOKEN: Final = re.compile(r"[A-Z0-9_-]{1,32}", re.ASCII)
#: Records of instruments that nobody can name.
UNKNOWN: Final = "market.-"


class SessionSubjects:
    """The names of one session's stream and subjects.

    Args:
        date: The session's.
    """

    def __init__(self, date: datetime.date) -> None:
        self.stream = f"{_ROOT}-{date}"
        self._prefix = f"{_ROOT}.{date}."
        self.end = self.full("end")
        self.all = self.full(">")

    def full(self, suffix: str) -> str:
        """The subject of a suffix such as `market.SPX`."""
        return self._prefix + suffix

    def suffix(self, subject: str) -> str:
        """The suffix of a subject."""
        return subject.removeprefix(self._prefix)

    def manifest(self, part: int) -> str:
        """The subject of a part of the manifest."""
        return self.full(f"session.{part}")

    def tick(self, end: int | str) -> str:
        """The subject of the tick that ends at `end`, UTC ns; `*` for all of them."""
        return self.full(f"tick.{end}")

    def wanted(self, symbols: tuple[str, ...]) -> list[str]:
        """The subjects that a follower of some symbols reads; all without any."""
        markets = [self.full(f"market.{symbol}") for symbol in symbols] or [self.full("market.*")]
        return [*markets, self.full("index.*"), self.tick("*"), self.end]


def session_of(stream: str) -> datetime.date | None:
    """The session of a stream's name; None if it holds none of ours."""
    found = _STREAM.fullmatch(stream)
    try:
        return datetime.date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def suffix_of(kind: InstrumentKind, raw: str) -> str:
    """The suffix of the subject of an instrument's records.

    Args:
        kind: Of its dataset's instruments.
        raw: Its raw symbol.
    """
    contract = find_osi(raw)
    symbol = root_info(contract.root).symbol if contract else underlying_of(raw)
    if not _TOKEN.fullmatch(symbol):
        return UNKNOWN
    return f"index.{symbol}" if kind == "index" else f"market.{symbol}"
