"""`zerodte sessions`: lists the sessions of a history, as a table or as JSON."""

from collections.abc import Iterable

import click
import msgspec
from rich.table import Table

from zerodte.cli.grid import OutputConsole
from zerodte.history.catalog import CatalogSession, catalog
from zerodte.history.error import HistoryError
from zerodte.history.history import History

_SYMBOLS = 6
_MEGABYTE = 1e6


@click.command("sessions")
@click.argument("root")
@click.option("--check", is_flag=True, help="Read every file completely, to find all damage.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def sessions_command(root: str, check: bool, as_json: bool) -> None:
    """List the finished sessions under ROOT, a folder or the URL of an object store."""
    history = History(root)
    sessions = list(catalog(history, check=check))
    if as_json and (sessions or history.exists()):
        click.echo(msgspec.json.encode(sessions))
    elif sessions:
        _print(sessions)
    elif not history.exists():
        raise HistoryError(
            f"{history.display_root}: there is no such folder; use the root that was given to "
            "--history"
        )
    else:
        click.echo(f"no finished sessions in {history.display_root}")


def _print(sessions: Iterable[CatalogSession]) -> None:
    console = OutputConsole()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, column in enumerate(("date", "symbols", "samples", "gaps", "MB")):
        table.add_column(column, justify="left" if place < 2 else "right")
    for session in sessions:
        table.add_row(*_row(session))
    console.print(table)
    for session in sessions:
        for stored in session.symbols:
            if stored.problem:
                click.secho(f"{session.date} {stored.symbol}: {stored.problem}", fg="yellow")


def _row(session: CatalogSession) -> tuple[str, ...]:
    names = [stored.symbol for stored in session.symbols]
    more = f" and {len(names) - _SYMBOLS} more" if len(names) > _SYMBOLS else ""
    counts = sorted({stored.samples for stored in session.symbols if stored.samples is not None})
    samples = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(*counts)
    gaps = {(gap.start, gap.end) for stored in session.symbols for gap in stored.gaps}
    silent = sum((end - start).total_seconds() for start, end in gaps)
    size = sum(stored.size for stored in session.symbols) / _MEGABYTE
    return (
        str(session.date),
        " ".join(names[:_SYMBOLS]) + more,
        samples,
        f"{len(gaps)} ({silent:,.0f} s)" if gaps else "0",
        f"{size:,.2f}",
    )
