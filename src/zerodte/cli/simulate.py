"""`zerodte simulate`, and the options that it shares with the demo."""

import datetime
import shlex
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import click

from zerodte.cli.options import CLOCK_TIME, DATE, FOLDER, Finite, Whole
from zerodte.cli.progress import LateProgress
from zerodte.clock import new_york, new_york_clock
from zerodte.constants import MINUTE
from zerodte.feeds.simulator.names import Name, SimulationError, names_of
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.simulator.world import check_impact
from zerodte.market.calendar import TradingSession, calendar

#: OSI symbols hold the years 2000 to 2099, and some expiries lie months after the session.
_FIRST_DAY: Final = datetime.date(2000, 1, 1)
_LAST_DAY: Final = datetime.date(2099, 8, 31)


class Symbols(click.ParamType[tuple[Name, ...]]):
    """Comma-separated symbols that can be simulated."""

    name = "A,B,..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Name, ...]:
        """Parse them, or fail with the known symbols."""
        words = (word.strip().upper() for word in str(value).split(","))
        try:
            return names_of(word for word in words if word)
        except SimulationError as error:
            self.fail(str(error), param, ctx)


class Impact(Finite):
    """The strength of dealers' hedging."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it, or fail with the range."""
        impact = super().convert(value, param, ctx)
        try:
            check_impact(impact)
        except SimulationError as error:
            self.fail(str(error), param, ctx)
        return impact


SYMBOLS_OPTION = click.option(
    "--symbols",
    "names",
    type=Symbols(),
    default="SPY,SPX,QQQ,IWM",
    show_default=True,
    help="Symbols to simulate, separated by commas.",
)
SEED_OPTION = click.option(
    "--seed",
    type=Whole(0),
    default=1,
    show_default=True,
    help="Seed of the random market; each gives another one.",
)
IMPACT_OPTION = click.option(
    "--impact",
    type=Impact(),
    default=0.0,
    show_default=True,
    help="Strength with which dealers' hedging moves prices, 0 to 10.",
)


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


@click.command("simulate", short_help="Simulate a session as a tape, with its truth.")
@click.option("--date", type=DATE, required=True, help="Date of the session.")
@SYMBOLS_OPTION
@click.option("--out", type=FOLDER, required=True, help="The tape's folder; must not exist.")
@SEED_OPTION
@IMPACT_OPTION
@click.option("--minutes", type=Whole(1), help="Simulate only the first minutes of the session.")
@click.option("--news", type=CLOCK_TIME, help="Time of scheduled news, New York.")
def simulate_command(
    date: datetime.date,
    names: tuple[Name, ...],
    out: Path,
    seed: int,
    impact: float,
    minutes: int | None,
    news: datetime.time | None,
) -> None:
    """Simulate a session as a tape, with its truth (customers, dealers' positions) beside it."""
    session = session_of(date)
    at = None if news is None else (new_york(date, news) - session.open) // MINUTE
    total = int(session.minutes) if minutes is None else minutes
    start = time.monotonic()
    simulation = Simulation(session, names, seed, impact, at, minutes)
    with LateProgress() as progress:

        def show(now: int) -> None:
            done = (now - session.open) // MINUTE
            progress(f"{new_york_clock(now):%H:%M} New York", done, total)

        counts = write_tape(simulation, out, show)
    _report(out, counts, time.monotonic() - start)


def _report(out: Path, counts: Counter[str], seconds: float) -> None:
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    click.echo(f"Simulated in {seconds:.0f} s: {kinds}.")
    click.echo(f"{out} ({size / 1e6:,.0f} MB) is a tape; its truth is in {out / 'truth'}. Next:")
    for command in ("serve", "replay", "evaluate"):
        click.echo(f"  zerodte {command} {shlex.quote(str(out))}")
