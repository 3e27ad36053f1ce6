"""Examinations of the machine: its clock, limits, compiled kernels and the calendar."""

import ctypes
import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from numba import config as numba_config

from zerodte.cli.doctor.finding import Finding
from zerodte.clock import new_york_clock
from zerodte.decision.event import fomc
from zerodte.market.calendar import Calendar, calendar

#: What adjtimex(2) returns while nothing disciplines the clock.
_TIME_ERROR: Final = 5
#: More than the struct timex of any system.
_TIMEX_BYTES: Final = 512
#: Readers of streams and clients that keep their connection need a file each.
_FEW_FILES: Final = 4096
#: numba's settings, which its type hints lack.
_NUMBA: Any = numba_config
_SOON: Final = datetime.timedelta(days=30)


def examine_calendar(today: datetime.date) -> Iterator[Finding]:
    """The days of sessions, and the days of rate decisions."""
    about = "calendar"
    sessions: Calendar = calendar()
    session = sessions.session(today) or sessions.next(today)
    when = "today" if session.date == today else f"next on {session.date:%A %Y-%m-%d}"
    early = ", an early close" if session.is_early_close else ""
    opens, closes = new_york_clock(session.open), new_york_clock(session.close)
    yield Finding.ok(about, f"a session {when}, {opens:%H:%M} to {closes:%H:%M} New York{early}")
    last = new_york_clock(max(event.at for event in fomc())).date()
    if last - today < _SOON:
        yield Finding.warning(
            about,
            f"rate decisions are known until {last}",
            "install a newer version, or list later ones in session.events",
        )


def examine_clock() -> Finding:
    """Whether the system's clock is set by a time server."""
    about = "clock"
    if sys.platform != "linux":
        return Finding.ok(about, "not examined on this system")
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state == _TIME_ERROR:
        return Finding.warning(
            about,
            "no time server sets this machine's clock",
            "run chrony or systemd-timesyncd: lags and silences are told by the clock",
        )
    if state < 0:
        return Finding.ok(about, "this process may not see whether a time server sets it")
    return Finding.ok(about, "set by a time server")


def examine_limits() -> Finding:
    """How many files and connections a server may have open."""
    about = "limits"
    if sys.platform == "win32":
        return Finding.ok(about, "not examined on this system")
    import resource  # noqa: PLC0415  not on every system

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _FEW_FILES:
        return Finding.warning(
            about,
            f"at most {most:,} open files and connections",
            f"raise the hard limit of open files to {_FEW_FILES:,} or more",
        )
    many = "any number of" if most == resource.RLIM_INFINITY else f"up to {most:,}"
    return Finding.ok(about, f"{many} open files and connections")


def examine_kernels() -> Finding:
    """Whether kernels are compiled, so that a server starts at once."""
    about = "kernels"
    folder = Path(_NUMBA.CACHE_DIR)
    compiled = sum(1 for _ in folder.rglob("*.nbi"))
    if not compiled:
        return Finding.warning(
            about,
            f"none are compiled in {folder}, and the first start takes a minute",
            "run python -m zerodte.runtime.warmup as the user that will serve",
        )
    return Finding.ok(about, f"{compiled} compiled in {folder}")
