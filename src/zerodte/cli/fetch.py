"""`zerodte fetch`: finished sessions from a vendor's history as tapes."""

import datetime
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from zerodte.cli.options import DATABENTO, DATE, FOLDER, MASSIVE, THETADATA, Finite
from zerodte.cli.progress import LateProgress
from zerodte.cli.vendors import vendor_symbols
from zerodte.feeds.databento.fetch import DatabentoFetch
from zerodte.feeds.databento.historical import HistoricalClient
from zerodte.feeds.databento.historical_http import HISTORICAL_URL, HistoricalHost
from zerodte.feeds.databento.session import DATABENTO_KEY
from zerodte.feeds.massive.account import MASSIVE_URL, massive_key
from zerodte.feeds.massive.fetch import MassiveFetch
from zerodte.feeds.massive.flat_files import FILES_URL, flat_files
from zerodte.feeds.massive.history import MassiveHistory, MassiveHistoryHost
from zerodte.feeds.session_fetch import FetchDay, SessionFetch, sessions_of
from zerodte.feeds.thetadata.client import ThetaClient
from zerodte.feeds.thetadata.fetch import ThetaFetch
from zerodte.feeds.thetadata.terminal_host import TERMINAL_URL, ThetaTerminalHost
from zerodte.feeds.vendor_key import vendor_key

#: Dollars of a plan that are spent without being told so.
_LIMIT: Final = 10.0


@click.command("fetch")
@click.argument("vendor", type=click.Choice([DATABENTO, THETADATA, MASSIVE]), metavar="VENDOR")
@click.argument("symbols")
@click.option("--from", "first", type=DATE, required=True, help="Date of the first session.")
@click.option("--to", "last", type=DATE, required=True, help="Date of the last session.")
@click.option(
    "--out", type=FOLDER, required=True, help="Folder of tapes, one per session, named by its date."
)
@click.option("--dry-run", is_flag=True, help="Print what it would cost, and stop.")
@click.option(
    "--limit",
    type=Finite(0.0),
    default=_LIMIT,
    show_default=True,
    help="Dollars: what costs more is not fetched. For databento; others are flat.",
)
@click.option(
    "--replace",
    "replaces",
    is_flag=True,
    help="Replace tapes that lack something, such as recordings with gaps.",
)
@click.option(
    "--gateway",
    metavar="URL",
    envvar="ZERODTE_DATABENTO_HISTORICAL",
    help=f"The historical API: by default {HISTORICAL_URL}, the terminal at {TERMINAL_URL}, or "
    f"{MASSIVE_URL} and {FILES_URL}.",
)
@click.pass_context
def fetch_command(
    context: click.Context,
    vendor: str,
    symbols: str,
    first: datetime.date,
    last: datetime.date,
    out: Path,
    dry_run: bool,
    limit: float,
    replaces: bool,
    gateway: str | None,
) -> None:
    """Fetch finished sessions of SYMBOLS, such as SPX,SPY, from VENDOR as tapes.

    What it costs is printed first, as the vendor says. An interrupted fetch goes on where it was.
    """
    if first > last:
        raise click.UsageError(f"--from {first} is after --to {last}")
    given = context.get_parameter_source
    if vendor != DATABENTO and given("limit") is not ParameterSource.DEFAULT:
        raise click.UsageError(f"--limit is for {DATABENTO}; the cost of {vendor} is flat")
    names = vendor_symbols(vendor, symbols, "SYMBOLS")
    # The environment names only Databento's.
    is_named = vendor == DATABENTO or given("gateway") is ParameterSource.COMMANDLINE
    name, fetch = _fetch(vendor, gateway if is_named else None, names, out, replaces=replaces)
    sessions = sessions_of(first, last)
    with LateProgress() as progress:
        days = []
        for done, session in enumerate(sessions):
            progress(f"asking {name} about {session.date}", done, len(sessions))
            days.append(fetch.plan(session))
    _print(days)
    cost = _cents(sum(day.cost or 0.0 for day in days))
    if dry_run:
        return
    if cost > limit:
        raise click.ClickException(
            f"it costs ${cost:,.2f}, and the limit is ${limit:,.2f}; --limit {math.ceil(cost)} "
            "allows it"
        )
    for day in days:
        if day.is_whole:
            fetch.clean(day)
        if day.reason:
            continue
        try:
            with LateProgress() as progress:
                folder = fetch.fetch(day, progress)
        except KeyboardInterrupt:
            click.echo("Interrupted; the same command goes on from here.", err=True)
            raise
        click.echo(f"{day.session.date} is in {folder}")


def _fetch(
    vendor: str, gateway: str | None, symbols: Sequence[str], out: Path, *, replaces: bool
) -> tuple[str, SessionFetch[Any, Any]]:
    """The name of a vendor's host, and what fetches from it."""
    if vendor == THETADATA:
        terminal = ThetaTerminalHost(gateway or TERMINAL_URL)
        return terminal.name, ThetaFetch(ThetaClient(terminal), symbols, out, replaces=replaces)
    if vendor == MASSIVE:
        rest = MassiveHistoryHost(massive_key(), gateway or MASSIVE_URL)
        history = MassiveHistory(rest, flat_files(gateway))
        return rest.name, MassiveFetch(history, symbols, out, replaces=replaces)
    host = HistoricalHost(vendor_key(vendor, DATABENTO_KEY), gateway or HISTORICAL_URL)
    return host.name, DatabentoFetch(HistoricalClient(host), symbols, out, replaces=replaces)


def _print(days: Sequence[FetchDay[Any]]) -> None:
    """A table of the plan."""
    click.echo(
        f"{'session':<12}{'contracts':>9}{'slices':>8}{'missing':>9}{'MB':>10}{'dollars':>10}"
    )
    planned = [day for day in days if not day.reason]
    for day in days:
        if day.reason:
            click.echo(f"{day.session.date}  {day.reason}")
        else:
            click.echo(
                f"{day.session.date}  {day.contracts:>9,}{len(day.queries):>8,}"
                f"{len(day.missing):>9,}{_amounts([day])}"
                + ("  degraded, says the vendor" if day.is_degraded else "")
            )
    missing = sum(len(day.missing) for day in planned)
    click.echo(f"{'total':<29}{missing:>9,}{_amounts(planned)}")


def _amounts(days: Sequence[FetchDay[Any]]) -> str:
    """Megabytes and dollars; a flat subscription tells neither."""
    if any(day.cost is None for day in days):
        return f"{'':>10}{'flat':>10}"
    size, cost = sum(day.size or 0 for day in days), sum(day.cost or 0.0 for day in days)
    return f"{size / 1e6:>10,.1f}{_cents(cost):>10,.2f}"


def _cents(cost: float) -> float:
    """Dollars in whole cents; a part of a cent counts as one."""
    return math.ceil(cost * 100.0) / 100.0
