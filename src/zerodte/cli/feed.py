"""The command that sends a tape as a live feed, for development without a market."""

import datetime
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from zerodte.cli.configuration.options import plain_option
from zerodte.cli.options import CBOE, CLOCK_TIME, DATABENTO, FOLDER, VENDORS, Finite, Whole
from zerodte.clock import new_york
from zerodte.feeds.cboe.server import CboeServer
from zerodte.feeds.databento.gateway import DatabentoGatewayServer
from zerodte.feeds.databento.historical_server import HistoricalServer
from zerodte.feeds.databento.session import DATABENTO_KEY
from zerodte.feeds.fault_script import FaultScript, fault_script
from zerodte.feeds.rebased_tape import RebasedTape
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.feeds.vendor_key import environment_key
from zerodte.importers.cboe_delayed import CBOE_DELAY
from zerodte.market.calendar import calendar
from zerodte.tape.folder import open_tape
from zerodte.tape.source import FileSource

_LINE, _TODAY = "line", "today"


@click.command("feed")
@click.argument("tape", type=FOLDER)
@click.option(
    "--as",
    "protocol",
    type=click.Choice([_LINE, *VENDORS]),
    default=_LINE,
    show_default=True,
    help="The protocol: of this project, or a vendor's.",
)
@click.option(
    "--speed",
    type=Finite(0.0, min_open=True),
    default=1.0,
    show_default=True,
    help="Play at this multiple of the wall clock.",
)
@plain_option("server.host")
@click.option(
    "--port",
    type=Whole(0, 65535),
    default=8018,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--no-resume",
    is_flag=True,
    help="Do not resume: clients that reconnect receive only new records.",
)
@click.option(
    "--from",
    "start",
    type=CLOCK_TIME,
    help="What the clock of a vendor's protocol shows at first, New York; by default the open, "
    "for cboe the time at which its quotes are of the open.",
)
@click.option(
    "--rebase",
    type=click.Choice([_TODAY]),
    help="Move the tape to today's session or, when there is none, the next one.",
)
@click.option(
    "--faults",
    help="What goes wrong with a vendor's protocol: a seed, or KIND@HH:MM:SS and more.",
)
@click.option(
    "--historical",
    type=Whole(0, 65535),
    metavar="PORT",
    help="Also serve the whole tape as Databento's historical API on this port; 0 picks one.",
)
def feed_command(
    tape: Path,
    protocol: str,
    speed: float,
    host: str,
    port: int,
    no_resume: bool,
    start: datetime.time | None,
    rebase: str | None,
    faults: str | None,
    historical: int | None,
) -> None:
    """Send the tape in folder TAPE as a live feed to every client that connects."""
    if protocol == _LINE and start:
        raise click.UsageError("--from needs a vendor's protocol, such as --as databento")
    if protocol != _LINE and no_resume:
        raise click.UsageError("--no-resume is for --as line")
    for option, given in (("--faults", faults), ("--historical", historical is not None)):
        if protocol != DATABENTO and given:
            raise click.UsageError(f"{option} needs --as databento")
    opened: FileSource = open_tape(tape)
    if rebase:
        opened = RebasedTape(opened, calendar().session_of(time.time_ns()))
    begin = None if start is None else new_york(opened.session.date, start)
    feed: TcpFeedServer | CboeServer | DatabentoGatewayServer
    note = ""
    with ExitStack() as stack:
        if protocol == _LINE:
            feed = TcpFeedServer(opened, speed, is_resumable=not no_resume, host=host, port=port)
        elif protocol == CBOE:
            quoted = None if begin is None else begin - CBOE_DELAY
            feed = CboeServer(opened, speed, start=quoted, host=host, port=port)
            note = f" It has {', '.join(feed.symbols)}."
        else:
            script = fault_script(faults, opened.session) if faults else FaultScript()
            key = environment_key(DATABENTO_KEY)
            feed = DatabentoGatewayServer(
                opened, speed, key=key, host=host, port=port, start=begin, faults=script
            )
            note = f" It accepts {'the key of ' + DATABENTO_KEY if key else 'any key'}."
        stack.callback(feed.stop)
        if historical is not None:
            server = HistoricalServer([opened], key=key, host=host, port=historical)
            stack.callback(server.stop)
            threading.Thread(target=server.run, daemon=True).start()
            note += f" The historical API is at {server.url}."
        click.echo("Feed on {}:{}; Ctrl-C stops.".format(*feed.address) + note)
        with suppress(KeyboardInterrupt):
            feed.run()
