"""All commands, with their options and help texts."""

import datetime
import sys
from pathlib import Path

import click

import zerodte
from zerodte.cli.account import print_account
from zerodte.cli.calibrate import calibrate_command
from zerodte.cli.configuration.options import CONFIG
from zerodte.cli.configuration.show import config_group
from zerodte.cli.doctor.command import doctor_command
from zerodte.cli.evaluate import evaluate_command
from zerodte.cli.keys import keys_group
from zerodte.cli.live import feed_command, live_command
from zerodte.cli.options import CLOCK_TIME, DATE, FOLDER, FailingGroup
from zerodte.cli.progress import LateProgress, ReplayProgress
from zerodte.cli.serve import demo_command, serve_command
from zerodte.cli.session_settings import rules_command, session_options
from zerodte.cli.sessions import sessions_command
from zerodte.cli.simulate import simulate_command
from zerodte.cli.summary import print_summary
from zerodte.cli.unquoted import print_unquoted
from zerodte.cli.verify import verify_command
from zerodte.clock import new_york
from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.importers.cboe_chain import import_chain
from zerodte.importers.cboe_eod import import_eod
from zerodte.importers.cboe_trades import import_trades
from zerodte.importers.csv_formats import (
    CBOE_CHAIN,
    CBOE_EOD,
    CBOE_TRADES,
    DATABENTO_CSV,
    recognise,
)
from zerodte.importers.databento_csv import import_databento_csv
from zerodte.importers.lean import import_lean
from zerodte.importers.mixed_dbn import import_mixed_dbn
from zerodte.market.roots import underlying_of
from zerodte.records.tick import Tick
from zerodte.runtime.replay import replay, source_of
from zerodte.runtime.replay_account import ReplayAccount
from zerodte.service.session_store import stored_sessions
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.session import Session
from zerodte.session.settings import SessionSettings
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.snapshot import SnapshotQuery

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=FailingGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(zerodte.__version__, prog_name="zerodte")
def main() -> None:
    """Serve, record and replay 0DTE options flow: regime, levels, exposures, hedging."""


for _command in (
    serve_command,
    demo_command,
    simulate_command,
    feed_command,
    live_command,
    evaluate_command,
    calibrate_command,
    sessions_command,
    verify_command,
    rules_command,
    config_group,
    doctor_command,
    keys_group,
):
    main.add_command(_command)


@main.command("replay", short_help="Replay a tape and print a summary of its day.")
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
@CONFIG
@session_options
def replay_command(
    tape: Path,
    symbol: str | None,
    until: datetime.time | None,
    expiry: datetime.date | None,
    as_json: bool,
    history: str | None,
    settings: SessionSettings,
) -> None:
    """Replay the tape in folder TAPE and print a summary of its last snapshot."""
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
        # Outside the session the exposure alone has a body, and the session to come.
        query = SnapshotQuery if session.is_open else ExposureQuery
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


@main.group("import")
def import_group() -> None:
    """Convert recorded data of other formats to a tape."""


@import_group.command("cboe-chain", short_help="A CSV chain of Cboe's delayed quotes.")
@click.argument("file", type=_FILE)
@click.option("--at", required=True, help="Time of the quotes, New York: yyyy-MM-ddTHH:mm[:ss].")
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_chain_command(file: Path, at: str, out: Path) -> None:
    """Import FILE, a CSV chain downloaded from Cboe's delayed quotes."""
    click.echo(import_chain(file, at, out))


@import_group.command("cboe-eod", short_help="An end-of-day file of the Cboe DataShop.")
@click.argument("file", type=_FILE)
@click.option("--root", help="The contracts' root, such as SPXW, if the file does not name it.")
@click.option("--date", "day", type=DATE, help="The day, if the file has several.")
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_eod_command(file: Path, root: str | None, day: datetime.date | None, out: Path) -> None:
    """Import the quotes of FILE, a Cboe DataShop end-of-day file."""
    click.echo(import_eod(file, out, root, day))


@import_group.command("cboe-trades", short_help="Option trades of the Cboe DataShop, with quotes.")
@click.argument("file", type=_FILE)
@click.option("--date", "day", type=DATE, help="The session, if the file has several.")
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_trades_command(file: Path, day: datetime.date | None, out: Path) -> None:
    """Import FILE, option trades with their quotes from the Cboe DataShop."""
    click.echo(import_trades(file, out, day))


@import_group.command("csv", short_help="CSV files of any of these formats.")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--at", help="Time of the quotes of chains: yyyy-MM-ddTHH:mm[:ss] in New York.")
@click.option("--date", "day", type=DATE, help="The session, if a file has several.")
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_csv_command(
    files: tuple[Path, ...], at: str | None, day: datetime.date | None, out: Path
) -> None:
    """Import FILES, CSV files of any format, each recognised by its header."""
    formats = {file: recognise(file) for file in files}
    if at is None and CBOE_CHAIN in formats.values():
        raise click.UsageError("a chain of Cboe's delayed quotes needs the time of them: --at")
    of_databento = [file for file, found in formats.items() if found is DATABENTO_CSV]
    if of_databento:
        for content in import_databento_csv(of_databento, out):
            click.echo(content)
    for file, found in formats.items():
        if found is CBOE_CHAIN and at is not None:
            click.echo(import_chain(file, at, out))
        elif found is CBOE_EOD:
            click.echo(import_eod(file, out, day=day))
        elif found is CBOE_TRADES:
            click.echo(import_trades(file, out, day))


@import_group.command("databento-csv", short_help="CSV files of Databento, one schema each.")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--dataset", help="Their dataset, such as OPRA.PILLAR, if the name does not tell.")
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_databento_csv_command(files: tuple[Path, ...], dataset: str | None, out: Path) -> None:
    """Import FILES, CSV files of Databento with one schema each."""
    for content in import_databento_csv(files, out, dataset):
        click.echo(content)


@import_group.command("dbn", short_help="DBN files with several schemas each.")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_dbn_command(files: tuple[Path, ...], out: Path) -> None:
    """Import FILES, DBN files with several schemas each, as recorded live."""
    for content in import_mixed_dbn(files, out):
        click.echo(content)


@import_group.command("lean", short_help="A day of minute bars of QuantConnect Lean.")
@click.argument("root", type=FOLDER)
@click.argument("symbol")
@click.argument("day", metavar="DATE", type=DATE)
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_lean_command(root: Path, symbol: str, day: datetime.date, out: Path) -> None:
    """Import a day of minute bars from ROOT, a data folder of QuantConnect Lean."""
    with LateProgress() as progress:
        summary = import_lean(root, symbol, day, out, progress)
    click.echo(summary)


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
