"""`zerodte serve` and `zerodte demo`: serve a tape or a simulated market."""

import datetime
import functools
from pathlib import Path

import click

from zerodte.cli.access import AccessChoice, access_options
from zerodte.cli.options import DATE, FOLDER, Finite, Whole
from zerodte.cli.serving import serve
from zerodte.cli.session_settings import session_options
from zerodte.cli.simulate import IMPACT_OPTION, SEED_OPTION, SYMBOLS_OPTION, session_of
from zerodte.clock import NEW_YORK
from zerodte.constants import HOUR
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.history.history import History
from zerodte.market.calendar import TradingSession, calendar
from zerodte.runtime.demo import Demo
from zerodte.runtime.quiet_session import last_session
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server.hosts import AllowedHosts
from zerodte.service.session_store import SessionStore
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import open_tape

#: How much of the demo's first session is played at once.
_LEAD = 2 * HOUR

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
HISTORY = click.option(
    "--history",
    "store",
    metavar="ROOT",
    callback=lambda _context, _option, root: SessionStore(History(root)) if root else None,
    help="Store finished sessions under ROOT and answer for past ones from there: a folder or the "
    "URL of an object store.",
)


def _allowed(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> object:
    AllowedHosts("", names)
    return names


ALLOW_HOST = click.option(
    "--allow-host",
    "hosts",
    metavar="NAME",
    multiple=True,
    callback=_allowed,
    help="Also answer requests for this host, such as a proxy's; repeatable, * for every name. "
    "Names of this machine's loopback and the address in --host are always answered.",
)
PORT = click.option(
    "--port",
    type=Whole(0, 65535),
    default=8017,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)


@click.command("serve", short_help="Serve a tape or stored sessions over HTTP.")
@click.argument("tape", type=FOLDER, required=False)
@HOST
@ALLOW_HOST
@PORT
@access_options
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    help="Replay from the open at this multiple of the wall clock. Without it the tape is read "
    "to its end at once.",
)
@HISTORY
@session_options
def serve_command(
    tape: Path | None,
    host: str,
    hosts: tuple[str, ...],
    port: int,
    choice: AccessChoice,
    speed: float | None,
    store: SessionStore | None,
    settings: SessionSettings,
) -> None:
    """Serve the tape in folder TAPE over HTTP, or with --history alone its finished sessions."""
    if tape is None:
        if store is None:
            raise click.UsageError(
                "Give the folder of a tape, or --history for its sessions alone."
            )
        quiet = last_session(store.history)
        runner = ReplayRunner(Stage(store, settings), [quiet])
        activity = f"finished sessions up to {quiet.session.date}, for past instants (at=) ..."
        serve(runner, choice.listen(host, port), activity, hosts, choice)
        return
    opened = open_tape(tape)
    runner = ReplayRunner(Stage(store, settings), [opened], speed)
    activity = f"reading the tape of {opened.session.date} ..."
    serve(runner, choice.listen(host, port), activity, hosts, choice)


@click.command("demo", short_help="Serve a simulated market over HTTP.")
@click.option(
    "--date", type=DATE, help="Date of the first session.  [default: today or the last session]"
)
@SYMBOLS_OPTION
@SEED_OPTION
@IMPACT_OPTION
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Play at this multiple of the wall clock, after the first two hours.",
)
@HISTORY
@HOST
@ALLOW_HOST
@PORT
@access_options
@session_options
def demo_command(
    date: datetime.date | None,
    names: tuple[Name, ...],
    seed: int,
    impact: float,
    speed: float,
    store: SessionStore | None,
    host: str,
    hosts: tuple[str, ...],
    port: int,
    choice: AccessChoice,
    settings: SessionSettings,
) -> None:
    """Serve a simulated market over HTTP, to look around without market data."""
    session = session_of(date) if date else _latest()
    listener = choice.listen(host, port)
    demo = Demo(session, functools.partial(Simulation, names=names, seed=seed, impact=impact))
    try:
        runner = ReplayRunner(Stage(store, settings), demo, speed, _LEAD, demo.close)
        symbols = ", ".join(name.symbol for name in names)
        click.echo(f"A simulated market, not market data: {symbols}; seed {seed}.")
        serve(
            runner,
            listener,
            f"playing the first two hours of {session.date:%A %Y-%m-%d} ...",
            hosts,
            choice,
            _LEAD,
        )
    finally:
        demo.close()


def _latest() -> TradingSession:
    """Today's session in New York, or else the last one before."""
    today = datetime.datetime.now(tz=NEW_YORK).date()
    return calendar().session(today) or calendar().previous(today)
