"""Fetches of Databento's history by the command, and what they leave on the disk."""

from pathlib import Path

from click.testing import CliRunner, Result

from feeds.gateway import DATE, KEY, simulated
from feeds.historical import RECORDS, serving_past
from zerodte.cli.commands import main
from zerodte.feeds.databento.fetch import DatabentoFetch
from zerodte.feeds.databento.historical import HistoricalClient, HistoricalQuery
from zerodte.feeds.databento.historical_http import HistoricalHost
from zerodte.feeds.databento.historical_server import HistoricalServer
from zerodte.feeds.session_fetch import FetchDay, sessions_of
from zerodte.feeds.vendor_key import VendorKey

#: Of a session: a slice of definitions and of statistics, and 15 half-hours of each of two
#: schemas, 09:00 to 16:25 New York.
SLICES = 2 + 15 * 2


def command(server: HistoricalServer, out: Path, *options: str) -> list[str]:
    days = ["--from", f"{DATE}", "--to", f"{DATE}"]
    return [
        "fetch",
        "databento",
        "NVDA",
        *days,
        "--out",
        f"{out}",
        "--gateway",
        server.url,
        *options,
    ]


def fetch(server: HistoricalServer, out: Path, *options: str) -> Result:
    """The command's result; it shows no key and no traceback."""
    result = CliRunner().invoke(main, command(server, out, *options))
    assert KEY not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def fetched(server: HistoricalServer, out: Path) -> None:
    """Fetch without waiting long between requests."""
    host = HistoricalHost(VendorKey(KEY), server.url, first_wait=0.001)
    past = DatabentoFetch(HistoricalClient(host), ["NVDA"], out, replaces=False)
    past.fetch(planned(past), lambda *_: None)


def planned(past: DatabentoFetch) -> FetchDay[HistoricalQuery]:
    (session,) = sessions_of(DATE, DATE)
    return past.plan(session)


def files(out: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        f"{path.relative_to(out)}": path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def files_without_faults(out: Path) -> dict[str, bytes]:
    """The files of a fetch without faults, into a folder."""
    with serving_past(simulated()) as server:
        fetched(server, out)
        assert server.requests.count(RECORDS) == SLICES
    return files(out)
