"""`zerodte serve` and `zerodte demo`: serve a tape or a simulated market."""

import datetime
import functools
from pathlib import Path

import click
from click.core import ParameterSource

from zerodte.cli.configuration.options import CONFIG, setting_options
from zerodte.cli.configuration.table import SETTINGS
from zerodte.cli.options import FOLDER, STREAM
from zerodte.cli.server_options import ServerOptions, server_options
from zerodte.cli.serving import serve, serve_workers
from zerodte.cli.session_settings import session_options
from zerodte.cli.simulate import session_of
from zerodte.cli.vendors import check_nats_extra
from zerodte.clock import NEW_YORK
from zerodte.constants import HOUR
from zerodte.feeds.simulator.names import Name
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import TradingSession, calendar
from zerodte.runtime.demo import Demo
from zerodte.runtime.quiet_session import last_session
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.stage import Stage
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import open_tape

#: What those who play a session are told.
_PLAYED = ("speed", "history", "alerts", *(row.name for row in SETTINGS if row.table == "session"))
#: How much of the demo's first session is played at once.
_LEAD = 2 * HOUR


@click.command("serve")
@click.argument("tape", type=FOLDER, required=False)
@click.option(
    "--nats",
    type=STREAM,
    help="Serve what the workers at a broker answer, nats://HOST:PORT.",
)
@CONFIG
@setting_options("serve")
@server_options
@session_options
def serve_command(
    tape: Path | None,
    nats: str | None,
    speed: float | None,
    server: ServerOptions,
    settings: SessionSettings,
) -> None:
    """Serve the tape in folder TAPE over HTTP, or with --history alone its finished sessions.

    With --nats no tape is read: workers answer, see `zerodte work`.
    """
    if nats is not None:
        _serve_workers(nats, tape, server)
        return
    store = server.store()
    if tape is None:
        if store is None:
            raise click.UsageError(
                "Give the folder of a tape, or --history for its sessions alone."
            )
        quiet = last_session(store.history)
        runner = ReplayRunner(Stage(store, settings), [quiet])
        activity = f"finished sessions up to {quiet.session.date}, for past instants (at=) ..."
        serve(runner, server.listener(), activity, server)
        return
    opened = open_tape(tape)
    runner = ReplayRunner(Stage(store, settings), [opened], speed)
    activity = f"reading the tape of {opened.session.date} ..."
    serve(runner, server.listener(), activity, server)


def _serve_workers(url: str, tape: Path | None, server: ServerOptions) -> None:
    """Serve what workers answer.

    Raises:
        click.UsageError: For what workers have to be told instead.
    """
    if tape is not None:
        raise click.UsageError("--nats serves what workers answer, and no tape; leave out TAPE.")
    given = click.get_current_context().get_parameter_source
    for name in _PLAYED:
        if given(name) is ParameterSource.COMMANDLINE:
            flag = name.replace("_", "-")
            raise click.UsageError(
                f"--{flag} is for those who play a tape; give it to the workers."
            )
    check_nats_extra()
    from zerodte.cluster.remote_service import RemoteService  # noqa: PLC0415  an extra's

    serve_workers(RemoteService(url), server.listener(), server)


@click.command("demo")
@CONFIG
@setting_options("demo")
@server_options
@session_options
def demo_command(
    date: datetime.date | None,
    symbols: tuple[Name, ...],
    seed: int,
    impact: float,
    speed: float,
    server: ServerOptions,
    settings: SessionSettings,
) -> None:
    """Serve a simulated market over HTTP, to look around without market data."""
    session = session_of(date) if date else _latest()
    store, listener = server.store(), server.listener()
    demo = Demo(session, functools.partial(Simulation, names=symbols, seed=seed, impact=impact))
    try:
        runner = ReplayRunner(Stage(store, settings), demo, speed, _LEAD, demo.close)
        listed = ", ".join(name.symbol for name in symbols)
        click.echo(f"A simulated market, not market data: {listed}; seed {seed}.")
        serve(
            runner,
            listener,
            f"playing the first two hours of {session.date:%A %Y-%m-%d} ...",
            server,
            _LEAD,
        )
    finally:
        demo.close()


def _latest() -> TradingSession:
    """Today's session in New York, or else the last one before."""
    today = datetime.datetime.now(tz=NEW_YORK).date()
    return calendar().session(today) or calendar().previous(today)
