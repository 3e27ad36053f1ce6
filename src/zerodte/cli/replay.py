"""`zerodte replay`: a tape's day, as a summary or as the API's answer."""

import datetime
import sys
from pathlib import Path

import click

from zerodte.alerts.alert_file import read_alert_file
from zerodte.cli.account import print_account
from zerodte.cli.alerts import print_events
from zerodte.cli.configuration.options import CONFIG
from zerodte.cli.options import CLOCK_TIME, DATE, FOLDER
from zerodte.cli.progress import ReplayProgress
from zerodte.cli.session_settings import session_options
from zerodte.cli.summary import print_summary
from zerodte.cli.unquoted import print_unquoted
from zerodte.clock import new_york
from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.market.roots import underlying_of
from zerodte.records.tick import Tick
from zerodte.runtime.replay import replay, source_of
from zerodte.runtime.replay_account import ReplayAccount
from zerodte.service.session_store import stored_sessions
from zerodte.service.stage import CurrentSession
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.session import Session
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery


@click.command("replay")
@click.argument("tape", type=FOLDER)
@click.option("--symbol", help="Print only this symbol.")
@click.option("--until", type=CLOCK_TIME, help="Stop at this time of the session, New York.")
@click.option("--expiry", type=DATE, help="Use this expiry instead of the session's.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the API's JSON answer instead of a summary."
)
@click.option(
    "--history",
    metavar="ROOT",
    help="Also store the finished session under ROOT, a folder or the URL of an object store.",
)
@click.option(
    "--alerts",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also print the events of this file of alerts, and send none.",
)
@CONFIG
@session_options
def replay_command(
    tape: Path,
    symbol: str | None,
    until: datetime.time | None,
    expiry: datetime.date | None,
    as_json: bool,
    history: str | None,
    alerts: Path | None,
    settings: SessionSettings,
) -> None:
    """Replay the tape in folder TAPE and print a summary of its last snapshot."""
    if as_json and alerts is not None:
        raise click.UsageError("--alerts prints sentences, and --json one answer; drop one")
    plan = None if alerts is None else read_alert_file(alerts)
    opened = open_tape(tape)
    end = None if until is None else new_york(opened.session.date, until)
    account = ReplayAccount(opened.session)
    with ReplayProgress(opened.session) as progress:

        def watch(session: Session, tick: Tick, trades: list[ClassifiedTrades]) -> None:
            account.add(tick, trades, session.market)
            progress.show(tick.end, sum(account.records.values()))

        session = replay(opened, end, watch, settings)
    if history:
        _store(session, opened, History(history))
    for warning in [*opened.warnings, *session.notices()]:
        click.secho(f"warning: {warning}", fg="yellow", err=True)
    symbols = [underlying_of(symbol)] if symbol else session.symbols()
    if as_json and len(symbols) > 1:
        raise click.UsageError(f"--json prints one symbol; choose --symbol of {', '.join(symbols)}")
    for name in symbols:
        # Outside the session the exposure alone has a body, and the next expiry's map.
        query = SnapshotQuery if session.is_open_for(name, expiry) else ExposureQuery
        try:
            body = snapshot(session, source_of(opened), query(symbol=name, expiry=expiry))
        except ApiError as error:
            chain = session.chain(name, expiry) if name in session.symbols() else None
            if as_json or until or chain is None or error.code != "warming_up":
                raise
            if session.market.book.newest_of(chain.number) is not None:
                raise
            print_unquoted(session, chain, error.message)
            continue
        if as_json:
            sys.stdout.buffer.write(body + b"\n")
        else:
            print_summary(body)
    if not as_json:
        gaps = session.gaps(None, opened.session.close if end is None else end)
        print_account(session.market, account, gaps)
        for sentence in opened.unchecked:
            click.echo(sentence)
    if plan is not None:
        print_events(CurrentSession(session, source_of(opened)), plan)


def _store(session: Session, tape: Tape, history: History) -> None:
    days = stored_sessions(session, source_of(tape))
    if not days:
        raise HistoryError(
            f"{tape.path}: no sample of a same-day chain up to the close of {tape.session.date}; "
            "only finished sessions are stored"
        )
    size = sum(history.store(day) for day in days)
    symbols = ", ".join(day.day.symbol for day in days)
    click.echo(
        f"stored {tape.session.date} in {history.display_root}: {symbols}, {size:,} bytes", err=True
    )
