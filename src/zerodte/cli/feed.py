"""The command that sends a tape as a live feed, for development without a market."""

import datetime
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Protocol

import click

from zerodte.cli.configuration.options import plain_option
from zerodte.cli.options import (
    ALPACA,
    CBOE,
    CLOCK_TIME,
    DATABENTO,
    FOLDER,
    MASSIVE,
    TASTYTRADE,
    THETADATA,
    TRADIER,
    VENDORS,
    Finite,
    Whole,
)
from zerodte.cli.vendors import check_live_extra, has_live_extra
from zerodte.clock import new_york
from zerodte.feeds.cboe.server import CboeServer
from zerodte.feeds.databento.gateway import DatabentoGatewayServer
from zerodte.feeds.databento.historical_server import FREQUENT_FAULTS, HistoricalServer
from zerodte.feeds.databento.session import DATABENTO_KEY
from zerodte.feeds.fault_script import (
    ALPACA_FAULTS,
    CBOE_FAULTS,
    DATABENTO_FAULTS,
    MASSIVE_FAULTS,
    TASTYTRADE_FAULTS,
    THETA_FAULTS,
    TRADIER_FAULTS,
    AnyFault,
    FaultKind,
    FaultScript,
    drawn_requests,
    fault_script,
)
from zerodte.feeds.massive.account import MASSIVE_KEY, POLYGON_KEY
from zerodte.feeds.massive.flat_files import FILES_ACCESS_KEY
from zerodte.feeds.massive.history_server import MassiveHistoryServer, drawn_history_faults
from zerodte.feeds.rebased_tape import RebasedTape
from zerodte.feeds.tcp_server import TcpFeedServer
from zerodte.feeds.thetadata.terminal_server import (
    ThetaTerminalServer,
    drawn_faults,
)
from zerodte.feeds.vendor_key import VendorKey, environment_key
from zerodte.importers.cboe_delayed import CBOE_DELAY
from zerodte.market.calendar import calendar
from zerodte.tape.folder import open_tape
from zerodte.tape.source import FileSource

_LINE, _TODAY = "line", "today"
#: Requests for history that faults are drawn for.
_FAULTY = 100


class _TapeServer(Protocol):
    @property
    def address(self) -> tuple[str, int]: ...
    def run(self) -> None: ...
    def stop(self) -> None: ...


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
    help="What goes wrong with a vendor's protocol: a seed, or KIND@HH:MM:SS, ...",
)
@click.option(
    "--historical",
    type=Whole(0, 65535),
    metavar="PORT",
    help="Also serve the whole tape as Databento's or Massive's history on this port; 0 picks one.",
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
        raise click.UsageError("--from needs a vendor's live protocol, such as --as databento")
    if protocol != _LINE and no_resume:
        raise click.UsageError("--no-resume is for --as line")
    if faults and protocol == _LINE:
        raise click.UsageError("--faults needs the protocol of a vendor, such as --as databento")
    if historical is not None and protocol not in (DATABENTO, MASSIVE):
        raise click.UsageError("--historical needs --as databento or massive")
    opened: FileSource = open_tape(tape)
    if rebase:
        opened = RebasedTape(opened, calendar().session_of(time.time_ns()))
    begin = None if start is None else new_york(opened.session.date, start)
    feed: _TapeServer
    note = ""
    with ExitStack() as stack:
        if protocol == _LINE:
            feed = TcpFeedServer(opened, speed, is_resumable=not no_resume, host=host, port=port)
        elif protocol == CBOE:
            quoted = None if begin is None else begin - CBOE_DELAY
            script = _script(faults, opened, CBOE_FAULTS)
            feed = CboeServer(opened, speed, start=quoted, host=host, port=port, faults=script)
            note = f" It has {', '.join(feed.symbols)}."
        elif protocol in _WEBSOCKETS:
            feed, note = _WEBSOCKETS[protocol](opened, speed, host, port, begin, faults)
        else:
            script = _script(faults, opened, DATABENTO_FAULTS)
            key = environment_key(DATABENTO_KEY)
            feed = DatabentoGatewayServer(
                opened, speed, key=key, host=host, port=port, start=begin, faults=script
            )
            note = f" It accepts {'the key of ' + DATABENTO_KEY if key else 'any key'}."
        stack.callback(feed.stop)
        if historical is not None:
            server: HistoricalServer | MassiveHistoryServer
            if protocol == MASSIVE:
                server = _massive_history(opened, host, historical, faults)
            else:
                drawn = _drawn(faults, lambda seed: drawn_requests(seed, _FAULTY, FREQUENT_FAULTS))
                server = HistoricalServer(
                    [opened], key=key, host=host, port=historical, faults=drawn
                )
            stack.callback(server.stop)
            threading.Thread(target=server.run, daemon=True).start()
            note += f" The historical API is at {server.url}."
        click.echo("Feed on {}:{}; Ctrl-C stops.".format(*feed.address) + note)
        with suppress(KeyboardInterrupt):
            feed.run()


def _script(text: str | None, tape: FileSource, kinds: Sequence[FaultKind]) -> FaultScript:
    return fault_script(text, tape.session, kinds=kinds) if text else FaultScript()


def _drawn(text: str | None, draw: Callable[[int], Sequence[AnyFault]]) -> Sequence[AnyFault]:
    """What goes wrong with the first requests for history, by a seed; nothing without one."""
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 10):
        return ()
    return draw(int(text))


def _thetadata(
    tape: FileSource, speed: float, host: str, port: int, start: int | None, faults: str | None
) -> tuple[_TapeServer, str]:
    """ThetaData's terminal, and what to say of it; without the extra, its history alone."""
    script, drawn = (
        _script(faults, tape, THETA_FAULTS),
        _drawn(faults, lambda seed: drawn_faults(seed, _FAULTY)),
    )
    told = f" The terminal's history of {tape.session.date} is at {{url}}/v3"
    if not has_live_extra():
        server = ThetaTerminalServer([tape], host=host, port=port, faults=drawn)
        return server, told.format(url=server.url) + '; its events need "zerodte[live]".'
    from zerodte.feeds.thetadata.event_gateway import (  # noqa: PLC0415  an extra brings it
        TerminalEventState,
    )
    from zerodte.feeds.thetadata.terminal import ThetaTerminal  # noqa: PLC0415

    terminal = ThetaTerminal(
        tape,
        speed,
        state=TerminalEventState(script),
        host=host,
        port=port,
        start=start,
        faults=drawn,
    )
    events = terminal.events.address[1]
    return terminal, told.format(url=terminal.rest.url) + f", its events are on port {events}."


def _tastytrade(
    tape: FileSource, speed: float, host: str, port: int, start: int | None, faults: str | None
) -> tuple[_TapeServer, str]:
    """A server of tastytrade's words, and what to say of it."""
    check_live_extra(TASTYTRADE)
    from zerodte.feeds.tastytrade.account import (  # noqa: PLC0415  an extra brings what it needs
        CLIENT_SECRET,
        REFRESH_TOKEN,
        TastytradeKeys,
    )
    from zerodte.feeds.tastytrade.server import TastytradeServer  # noqa: PLC0415

    secret, refresh = environment_key(CLIENT_SECRET), environment_key(REFRESH_TOKEN)
    keys = TastytradeKeys(secret, refresh) if secret and refresh else None
    script = _script(faults, tape, TASTYTRADE_FAULTS)
    server = TastytradeServer(
        tape, speed, keys=keys, host=host, port=port, start=start, faults=script
    )
    accepted = f"the keys of {CLIENT_SECRET} and {REFRESH_TOKEN}" if keys else "any keys"
    return server, f" It has {', '.join(server.symbols)}, and accepts {accepted}."


def _alpaca(
    tape: FileSource, speed: float, host: str, port: int, start: int | None, faults: str | None
) -> tuple[_TapeServer, str]:
    """A server of Alpaca's words, and what to say of it."""
    check_live_extra(ALPACA)
    from zerodte.feeds.alpaca.account import (  # noqa: PLC0415  an extra brings what it needs
        KEY_ID,
        SECRET_KEY,
        AlpacaKeys,
    )
    from zerodte.feeds.alpaca.gateway import AlpacaGatewayState  # noqa: PLC0415
    from zerodte.feeds.alpaca.server import AlpacaServer  # noqa: PLC0415

    key, secret = environment_key(KEY_ID), environment_key(SECRET_KEY)
    keys = AlpacaKeys(key, secret) if key and secret else None
    state = AlpacaGatewayState(_script(faults, tape, ALPACA_FAULTS), keys=keys)
    server = AlpacaServer(tape, speed, state=state, host=host, port=port, start=start)
    accepted = f"the keys of {KEY_ID} and {SECRET_KEY}" if keys else "any keys"
    return server, f" It has {', '.join(server.symbols)}, and accepts {accepted}."


def _massive(
    tape: FileSource, speed: float, host: str, port: int, start: int | None, faults: str | None
) -> tuple[_TapeServer, str]:
    """A server of Massive's words, and what to say of it."""
    check_live_extra(MASSIVE)
    from zerodte.feeds.massive.gateway import (  # noqa: PLC0415  an extra brings what it needs
        MassiveGatewayState,
    )
    from zerodte.feeds.massive.server import MassiveServer  # noqa: PLC0415

    key = _massive_key()
    state = MassiveGatewayState(_script(faults, tape, MASSIVE_FAULTS), key=key)
    server = MassiveServer(tape, speed, state=state, host=host, port=port, start=start)
    accepted = f"the key of {MASSIVE_KEY}" if key else "any key"
    return server, f" It has {', '.join(server.symbols)}, and accepts {accepted}."


def _massive_history(
    tape: FileSource, host: str, port: int, faults: str | None
) -> MassiveHistoryServer:
    """A server of Massive's history, with the keys of its own environment."""
    access = environment_key(FILES_ACCESS_KEY)
    return MassiveHistoryServer(
        [tape],
        host=host,
        port=port,
        key=_massive_key(),
        access_key=access,
        faults=_drawn(faults, lambda seed: drawn_history_faults(seed, _FAULTY)),
    )


def _massive_key() -> VendorKey | None:
    return environment_key(MASSIVE_KEY) or environment_key(POLYGON_KEY)


def _tradier(
    tape: FileSource, speed: float, host: str, port: int, start: int | None, faults: str | None
) -> tuple[_TapeServer, str]:
    """A server of Tradier's words, and what to say of it."""
    check_live_extra(TRADIER)
    from zerodte.feeds.tradier.account import (  # noqa: PLC0415  an extra brings what it needs
        TRADIER_TOKEN,
    )
    from zerodte.feeds.tradier.gateway import TradierGatewayState  # noqa: PLC0415
    from zerodte.feeds.tradier.server import TradierServer  # noqa: PLC0415

    token = environment_key(TRADIER_TOKEN)
    state = TradierGatewayState(_script(faults, tape, TRADIER_FAULTS), token)
    server = TradierServer(tape, speed, state=state, host=host, port=port, start=start)
    accepted = f"the token of {TRADIER_TOKEN}" if token else "any token"
    return server, f" It has {', '.join(server.symbols)}, and accepts {accepted}."


#: Servers of a vendor's words whose clients need an extra, by vendor.
_WEBSOCKETS: Final = {
    TASTYTRADE: _tastytrade,
    ALPACA: _alpaca,
    MASSIVE: _massive,
    TRADIER: _tradier,
    THETADATA: _thetadata,
}
