"""`zerodte simulate`: sessions as tapes."""

import datetime
import shlex
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from zerodte.cli.configuration.options import plain_option
from zerodte.cli.options import CLOCK_TIME, DATE, FOLDER, Whole
from zerodte.cli.progress import LateProgress
from zerodte.clock import new_york, new_york_clock
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.evening import Evening
from zerodte.feeds.simulator.names import Name, SimulationError
from zerodte.feeds.simulator.output import check_new, write_tape
from zerodte.feeds.simulator.ranked_names import MOST_NAMES, names_by_rank
from zerodte.feeds.simulator.simulation import Simulation, check_minutes
from zerodte.market.calendar import TradingSession, calendar

#: OSI symbols hold the years 2000 to 2099, and some expiries lie months after the session.
_FIRST_DAY: Final = datetime.date(2000, 1, 1)
_LAST_DAY: Final = datetime.date(2099, 8, 31)


def session_of(date: datetime.date) -> TradingSession:
    """The session of a date.

    Raises:
        SimulationError: The date has no session, or is out of the range of OSI symbols.
    """
    if not _FIRST_DAY <= date <= _LAST_DAY:
        raise SimulationError(
            f"{date} cannot be simulated; dates are from {_FIRST_DAY} to {_LAST_DAY}"
        )
    session = calendar().session(date)
    if session is None:
        following = calendar().next(date).date
        raise SimulationError(f"{date} is a {date:%A} without a session; the next is {following}")
    return session


@click.command("simulate")
@click.option("--date", type=DATE, required=True, help="Date of the session.")
@plain_option("demo.symbols")
@click.option(
    "--universe",
    "count",
    type=Whole(1, MOST_NAMES),
    help="Simulate the first N names by option volume: the known symbols, then synthetic stocks.",
    metavar="N",
)
@click.option("--out", type=FOLDER, required=True, help="The tape's folder; must not exist.")
@plain_option("demo.seed")
@plain_option("demo.impact")
@click.option("--minutes", type=Whole(1), help="Simulate only the first minutes of a session.")
@click.option("--news", type=CLOCK_TIME, help="Time of scheduled news, New York.")
@click.option(
    "--sessions",
    "days",
    type=Whole(1),
    help="Number of sessions that follow one another, each a tape OUT/DATE.",
)
def simulate_command(
    date: datetime.date,
    symbols: tuple[Name, ...],
    count: int | None,
    out: Path,
    seed: int,
    impact: float,
    minutes: int | None,
    news: datetime.time | None,
    days: int | None,
) -> None:
    """Simulate a session as a tape, with its truth (customers, dealers' positions) beside it.

    With --sessions, prices and positions go on from one session to the next.
    """
    if count is not None:
        given = click.get_current_context().get_parameter_source
        if given("symbols") is ParameterSource.COMMANDLINE:
            raise click.UsageError("--universe chooses the symbols; leave out --symbols.")
        symbols = names_by_rank(count)
    session = session_of(date)
    if days is None:
        at = None if news is None else (new_york(date, news) - session.open) // MINUTE
        simulation = Simulation(session, symbols, seed, impact, at, minutes)
        _write([session], minutes, lambda *_: simulation, [out])
        return
    if news is not None:
        raise click.UsageError("--news is the news of one session; leave out --sessions.")
    sessions = [session]
    while len(sessions) < days:
        sessions.append(session_of(calendar().next(sessions[-1].date).date))
    for each in sessions:
        check_minutes(each, minutes)

    def follow(session: TradingSession, before: Evening | None) -> Simulation:
        return Simulation(session, symbols, seed, impact, None, minutes, before)

    _write(sessions, minutes, follow, [out / each.date.isoformat() for each in sessions])


def _write(
    sessions: list[TradingSession],
    minutes: int | None,
    make: Callable[[TradingSession, Evening | None], Simulation],
    folders: list[Path],
) -> None:
    """Simulate sessions into folders, each from the end of the one before."""
    for folder in folders:
        check_new(folder)
    total = sum(int(session.minutes) if minutes is None else minutes for session in sessions)
    finished, before, start = 0, None, time.monotonic()
    counts: Counter[str] = Counter()
    with LateProgress() as progress:
        for session, folder in zip(sessions, folders, strict=True):
            simulation = make(session, before)

            def show(now: int, opened: int = session.open, finished: int = finished) -> None:
                done = finished + (now - opened) // MINUTE
                progress(f"{new_york_clock(now):%Y-%m-%d %H:%M} New York", done, total)

            counts += write_tape(simulation, folder, show)
            before = simulation.evening()
            finished += int(session.minutes) if minutes is None else minutes
    _report(folders, counts, time.monotonic() - start)


def _report(folders: list[Path], counts: Counter[str], seconds: float) -> None:
    found = (path for folder in folders for path in folder.rglob("*"))
    size = sum(path.stat().st_size for path in found if path.is_file())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    click.echo(f"Simulated in {seconds:.0f} s: {kinds}.")
    last = folders[-1]
    if len(folders) == 1:
        click.echo(f"{last} ({size / 1e6:,.0f} MB) is a tape; its truth is in {last / 'truth'}.")
    else:
        click.echo(
            f"{len(folders)} tapes, {folders[0]} to {last} ({size / 1e6:,.0f} MB); "
            "the truth is in truth/ of each."
        )
    click.echo("Next:")
    for command in ("serve", "replay", "evaluate"):
        click.echo(f"  zerodte {command} {shlex.quote(str(last))}")
