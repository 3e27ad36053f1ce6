"""`zerodte import`: recorded data of other formats as tapes."""

import datetime
from pathlib import Path

import click

from zerodte.cli.options import DATE, FOLDER
from zerodte.cli.progress import LateProgress
from zerodte.importers.cboe_chain import import_chain
from zerodte.importers.cboe_eod import import_eod
from zerodte.importers.cboe_json import import_cboe_json
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
from zerodte.tape.atomic_folder import as_if_in, atomic_folder

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("import")
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


@import_group.command("cboe-json", short_help="Cboe's delayed quotes in JSON.")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--out", type=FOLDER, required=True, help="The tape's folder, new or existing.")
def import_cboe_json_command(files: tuple[Path, ...], out: Path) -> None:
    """Import FILES, bodies of Cboe's delayed quotes in JSON: all or none."""
    for summary in import_cboe_json(files, out):
        click.echo(summary)


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
    """Import FILES, CSV files of any format, each recognised by its header: all or none."""
    formats = {file: recognise(file) for file in files}
    if at is None and CBOE_CHAIN in formats.values():
        raise click.UsageError("a chain of Cboe's delayed quotes needs the time of them: --at")
    if at and day and CBOE_CHAIN in formats.values() and not at.startswith(day.isoformat()):
        raise click.UsageError(f"--at {at} is not on --date {day}; expected: one day")
    of_databento = [file for file, found in formats.items() if found is DATABENTO_CSV]
    said: list[object] = []
    with atomic_folder(out) as folder, as_if_in(folder, out):
        if of_databento:
            said += import_databento_csv(of_databento, folder, day=day)
        for file, found in formats.items():
            if found is CBOE_CHAIN and at is not None:
                said.append(import_chain(file, at, folder))
            elif found is CBOE_EOD:
                said.append(import_eod(file, folder, day=day))
            elif found is CBOE_TRADES:
                said.append(import_trades(file, folder, day))
    for summary in said:
        click.echo(summary)


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
