"""Past sessions fetched from Databento's historical API, through faults and kills."""

import base64
import datetime
import http.client
import re
import resource
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from feeds.gateway import DATE, KEY, OPRA, SCHEMAS, content, simulated
from feeds.historical import RECORDS, serving_past
from processes import started
from runtime.databento_fetching import (
    SLICES,
    command,
    fetch,
    fetched,
    files,
    planned,
)
from runtime.feeds_on_ports import eventually
from zerodte.cli.commands import main
from zerodte.feeds.databento.day import session_queries
from zerodte.feeds.databento.fetch import DatabentoFetch
from zerodte.feeds.databento.historical import HistoricalClient
from zerodte.feeds.databento.historical_http import HistoricalHost
from zerodte.feeds.databento.historical_server import HistoricalFault
from zerodte.feeds.feed import FeedError
from zerodte.feeds.session_fetch import sessions_of
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.feeds.slice_folder import SliceFolder
from zerodte.feeds.vendor_key import VendorKey
from zerodte.market.calendar import calendar
from zerodte.market.osi import parse_osi
from zerodte.tape.folder import open_tape

pytestmark = pytest.mark.usefixtures("databento_key")

BUSY, CUT, ERROR, STALL = (
    HistoricalFault.BUSY,
    HistoricalFault.CUT,
    HistoricalFault.ERROR,
    HistoricalFault.STALL,
)


def test_a_fetched_session_is_the_one_served(tmp_path: Path) -> None:
    tape = simulated()
    with serving_past(tape) as server:
        result = fetch(server, tmp_path)
    assert result.exit_code == 0, result.output
    assert f"{DATE} is in {tmp_path / str(DATE)}" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]
    found = open_tape(tmp_path / f"{DATE}")
    assert (found.session, found.warnings, found.unchecked) == (tape.session, [], [])
    own = content(found, found)
    assert own == content(tape, found)
    assert all(own[schema] for schema in SCHEMAS)
    assert "no sale conditions" in found.notes.warnings["NVDA"][0]
    # All strikes of these expiries, and of no other.
    expiries = {parse_osi(raw).expiry for raw in tape.symbols[OPRA].values()}
    later = sorted(expiry for expiry in expiries if expiry > DATE)
    anchor = min(later, key=lambda expiry: abs((expiry - DATE).days - 7))
    wanted = {DATE, *later[:2], anchor}
    assert set(found.symbols[OPRA].items()) == {
        (number, raw)
        for number, raw in tape.symbols[OPRA].items()
        if parse_osi(raw).expiry in wanted
    }


@pytest.mark.drill
def test_a_dry_run_says_the_cost_and_spends_and_writes_nothing(tmp_path: Path) -> None:
    with serving_past(simulated()) as server:
        fetched(server, tmp_path / "whole")
        before = server.requests.count(RECORDS)
        result = fetch(server, tmp_path / "new", "--dry-run")
        assert server.requests.count(RECORDS) == before
    whole = open_tape(tmp_path / "whole" / f"{DATE}")
    found = content(whole, whole)
    size = sum(len(row) * count for rows in found.values() for row, count in rows.items())
    assert result.exit_code == 0
    _, day, total = (line.split() for line in result.output.splitlines())
    count = len({row[4:8] for row in found["definition"]})
    assert day == [
        f"{DATE}",
        f"{count}",
        f"{SLICES}",
        f"{SLICES}",
        f"{size / 1e6:,.1f}",
        "0.01",
    ]
    assert 0 < size / 1e9 < 0.01
    assert total == ["total", *day[3:]]
    assert not (tmp_path / "new").exists()


def test_a_plan_above_the_limit_is_refused(tmp_path: Path) -> None:
    with serving_past(simulated()) as server:
        result = fetch(server, tmp_path / "out", "--limit", "0")
        assert RECORDS not in server.requests
    assert result.exit_code == 1
    assert "it costs $0.01, and the limit is $0.00; --limit 1 allows it" in result.output
    assert not (tmp_path / "out").exists()


def test_a_session_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    with serving_past(simulated()) as server:
        fetched(server, tmp_path)
        before, count = files(tmp_path), len(server.requests)
        # What a kill after the last step left is removed.
        (tmp_path / f".{DATE}.databento").mkdir()
        result = fetch(server, tmp_path)
        assert len(server.requests) == count
    assert result.exit_code == 0
    assert f"{DATE}  is there\n" in result.output
    assert files(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]


@pytest.mark.drill
def test_a_recording_with_gaps_is_replaced_only_if_told_so(
    tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    recording = tmp_path / f"{DATE}"
    shutil.copytree(
        simulated().path,
        recording,
        ignore=shutil.ignore_patterns("truth", "checksums*", "tape.json"),
    )
    first, last = simulated().session.open + 10**9, simulated().session.close
    (recording / "ticks").write_text(
        f'{{"end": {first}, "counts": {{}}, "gap": "the feed was away"}}\n'
        f'{{"end": {last}, "counts": {{}}}}\n'
    )
    before = files(tmp_path)
    with serving_past(simulated()) as server:
        result = fetch(server, tmp_path)
        assert "a recording with gaps is there; --replace replaces it" in result.output
        assert result.exit_code == 0
        assert files(tmp_path) == before
        assert RECORDS not in server.requests
        result = fetch(server, tmp_path, "--replace")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == unbroken
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]


@pytest.mark.drill
def test_a_tape_of_other_symbols_or_a_simulated_one_is_not_the_session(tmp_path: Path) -> None:
    with serving_past(simulated()) as server:
        shutil.copytree(simulated().path, tmp_path / f"{DATE}")
        assert "a tape that is simulated is there; --replace" in fetch(server, tmp_path).output
        shutil.rmtree(tmp_path / f"{DATE}")
        fetched(server, tmp_path)
        with_spy = [word.replace("NVDA", "SPY,NVDA") for word in command(server, tmp_path)]
        result = CliRunner().invoke(main, with_spy)
        assert "a tape without SPY is there; --replace replaces it" in result.output


@pytest.mark.drill
@pytest.mark.parametrize(
    "faults",
    [[BUSY], [ERROR], [CUT], [None, None, CUT, CUT, BUSY, ERROR, None, CUT]],
    ids=["busy", "error", "cut", "many"],
)
def test_faults_of_the_vendor_change_no_byte(
    tmp_path: Path, faults: list[HistoricalFault | None], unbroken: dict[str, bytes]
) -> None:
    with serving_past(simulated(), faults=faults) as server:
        fetched(server, tmp_path)
        assert server.requests.count(RECORDS) == SLICES + len([one for one in faults if one])
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_it_gives_up_in_the_end_and_goes_on_the_next_time(
    tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    with serving_past(simulated(), faults=[None] * 5 + [ERROR] * 7) as server:
        with pytest.raises(
            FeedError, match=r"500 .*: Something failed.; given up after 7 requests"
        ):
            fetched(server, tmp_path)
        assert not (tmp_path / f"{DATE}").exists()
        fetched(server, tmp_path)
        assert server.requests.count(RECORDS) == SLICES + 7
    assert files(tmp_path) == unbroken


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        *(
            pytest.param(number, marks=pytest.mark.drill)
            for number in (signal.SIGINT, signal.SIGTERM)
        ),
    ],
)
def test_a_killed_fetch_goes_on_where_it_was(
    tmp_path: Path, number: signal.Signals, unbroken: dict[str, bytes]
) -> None:
    whole = 9
    with serving_past(simulated(), faults=[None] * whole + [STALL]) as server:
        with started([sys.executable, "-m", "zerodte", *command(server, tmp_path)]) as process:
            eventually(lambda: server.requests.count(RECORDS) == whole + 1)
            (slices,) = tmp_path.iterdir()
            eventually(lambda: any(".part" in path.name for path in slices.iterdir()))
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in out + err
        assert KEY not in out + err
        assert ("the same command goes on from here" in err) == (number == signal.SIGINT)
        assert [path.name for path in tmp_path.iterdir()] == [f".{DATE}.databento"]
        assert all(KEY.encode() not in body for body in files(tmp_path).values())
        # The next plan has only what is missing, and the next run fetches only that.
        plan = fetch(server, tmp_path, "--dry-run").output.splitlines()[1].split()
        assert plan[2:4] == [f"{SLICES}", f"{SLICES - whole}"]
        assert fetch(server, tmp_path).exit_code == 0
        assert server.requests.count(RECORDS) == SLICES + 1
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_a_damaged_slice_is_fetched_again(tmp_path: Path, unbroken: dict[str, bytes]) -> None:
    with serving_past(simulated(), faults=[None] * 4 + [ERROR] * 7) as server:
        with pytest.raises(FeedError):
            fetched(server, tmp_path)
        (path,) = (tmp_path / f".{DATE}.databento").glob("definition.*.zst")
        path.write_bytes(path.read_bytes()[:-20])
        fetched(server, tmp_path)
        assert server.requests.count(RECORDS) == SLICES + 7 + 1
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_a_full_disk_is_said_and_what_is_there_stays(tmp_path: Path) -> None:
    # As a full disk does, a limit on the size of files ends a write.
    program = (
        "import resource, sys; from zerodte.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, {resource.RLIM_INFINITY})); main()"
    )
    with (
        serving_past(simulated()) as server,
        started([sys.executable, "-c", program, *command(server, tmp_path)]) as process,
    ):
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in out + err
    assert "File too large; the whole slices there are used next time" in err
    assert len(list((tmp_path / f".{DATE}.databento").glob("definition.*.zst"))) == 1
    assert not (tmp_path / f"{DATE}").exists()


def test_two_processes_do_not_fetch_one_session(tmp_path: Path) -> None:
    date = datetime.date.fromisoformat(f"{DATE}")
    host = HistoricalHost(VendorKey(KEY))
    slices = SliceFolder(tmp_path, date, HistoricalClient(host))
    with serving_past(simulated()) as server, slices:
        result = fetch(server, tmp_path)
    assert result.exit_code == 1
    assert f"another process is fetching {DATE} there" in result.output


@pytest.mark.drill
def test_a_range_of_sessions_is_fetched_and_what_the_vendor_lacks_is_said(tmp_path: Path) -> None:
    session = calendar().next(DATE)
    following = tmp_path / "following"
    write_tape(Simulation(session, (NAMES["NVDA"],), 7, minutes=2), following, lambda _: None)
    with serving_past(simulated(), open_tape(following)) as server:
        words = command(server, tmp_path / "out")
        # From Thursday, before the history, to Tuesday, after it.
        words[words.index("--from") + 1 : words.index("--out")] = [
            "2025-06-05",
            "--to",
            "2025-06-10",
        ]
        result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "2025-06-05  is from before the vendor's history" in result.output
    assert "2025-06-10  is not in the vendor's history yet" in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{DATE}", "2025-06-09"]
    for path in (tmp_path / "out").iterdir():
        assert f"{open_tape(path).session.date}" == path.name


def test_a_half_day_of_many_contracts_is_divided_by_time_and_symbols() -> None:
    date = datetime.date(2025, 11, 28)
    (session,) = sessions_of(date, date)
    raws = [f"SPXW  251128C{strike:08}" for strike in range(4_500)]
    queries = session_queries(session, raws)
    found: dict[tuple[str, int, int], list[str]] = {}
    for query in queries:
        assert len(query.symbols) <= 2_000
        found.setdefault((query.schema, query.start, query.end), []).extend(query.symbols)
    assert all(symbols == raws for symbols in found.values())
    assert len(queries) == 3 * len(found)
    midnight, nine = (
        int(time.timestamp()) * 10**9
        for time in (
            datetime.datetime(2025, 11, 28, tzinfo=datetime.UTC),
            datetime.datetime(2025, 11, 28, 9, tzinfo=ZoneInfo("America/New_York")),
        )
    )
    day = 86_400 * 10**9
    for schema in ("definition", "statistics"):
        assert [span for span in found if span[0] == schema] == [(schema, midnight, midnight + day)]
    # From 09:00 to 13:25 New York: an early close at 13:00, a quarter of an hour later for SPY.
    minute = 60 * 10**9
    for schema in ("tcbbo", "cbbo-1s"):
        spans = [span[1:] for span in found if span[0] == schema]
        assert [start for start, _ in spans] == [nine + 30 * minute * n for n in range(9)]
        assert [end for _, end in spans] == [
            *(start for start, _ in spans[1:]),
            nine + 265 * minute,
        ]


def asked_raw(url: str) -> int:
    """The status of one request for records; 0 where the body breaks off."""
    fields = {"dataset": OPRA, "schema": "definition", "stype_in": "parent"}
    query = urlencode(fields | {"symbols": "NVDA.OPT", "start": f"{DATE}", "limit": "1"})
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    key = base64.b64encode(f"{KEY}:".encode()).decode()
    try:
        connection.request(
            "GET", f"/v0/{RECORDS}?{query}", headers={"Authorization": f"Basic {key}"}
        )
        answer = connection.getresponse()
        answer.read()
    except http.client.IncompleteRead:
        return 0
    finally:
        connection.close()
    return answer.status


@pytest.mark.drill
def test_a_seed_of_faults_is_one_of_the_history_too(
    tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    words = ["feed", f"{simulated().path}", "--as", "databento", "--port", "0", "--historical", "0"]
    with started([sys.executable, "-m", "zerodte", *words, "--faults", "1"]) as process:
        assert process.stdout is not None
        url = re.search(r"API is at (http://127\.0\.0\.1:\d+)\.", process.stdout.readline())
        assert url is not None
        assert {asked_raw(url[1]) for _ in range(40)} == {200, 0, 429, 500}
        host = HistoricalHost(VendorKey(KEY), url[1], first_wait=0.001)
        past = DatabentoFetch(HistoricalClient(host), ["NVDA"], tmp_path, replaces=False)
        past.fetch(planned(past), lambda *_: None)
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_the_command_serves_a_tape_in_both_protocols(tmp_path: Path) -> None:
    words = ["feed", f"{simulated().path}", "--as", "databento", "--port", "0", "--historical", "0"]
    with started([sys.executable, "-m", "zerodte", *words]) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"The historical API is at (http://127\.0\.0\.1:\d+)\.", line)
        assert url is not None
        days = ["--from", f"{DATE}", "--to", f"{DATE}", "--gateway", url[1]]
        plan = ["fetch", "databento", "NVDA", *days, "--out", f"{tmp_path}", "--dry-run"]
        result = CliRunner().invoke(main, plan)
        assert result.exit_code == 0
        assert f"{SLICES}" in result.output
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    result = CliRunner().invoke(main, ["feed", f"{tmp_path}", "--historical", "0"])
    assert "--historical needs --as databento" in result.output


@pytest.mark.drill
def test_what_the_vendor_says_of_its_data_is_passed_on(tmp_path: Path) -> None:
    with serving_past(simulated(), conditions={DATE: "pending"}) as server:
        assert f"{DATE}  is pending, says the vendor" in fetch(server, tmp_path).output
        assert RECORDS not in server.requests
    with serving_past(simulated(), conditions={DATE: "degraded"}) as server:
        assert "degraded, says the vendor" in fetch(server, tmp_path).output
    warnings = open_tape(tmp_path / f"{DATE}").notes.warnings["NVDA"]
    assert "the vendor says that its data of this day are degraded" in warnings


def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_past(simulated()) as server:
        for change, words in (
            (("NVDA", "SPY"), "the vendor has no contract of SPY"),
            (("NVDA", "!"), "SYMBOLS: '!' is not a symbol"),
            ((server.url, "http://example.com"), "'http://example.com' is no address"),
            ((server.url, f"https://{KEY}@example.com"), "'example.com' is no address"),
        ):
            words_of = [word.replace(*change) for word in command(server, tmp_path / "out")]
            result = CliRunner().invoke(main, words_of)
            assert words in result.output, result.output
            assert KEY not in result.output
        days = command(server, tmp_path / "out")
        days[4], days[6] = "2025-06-07", "2025-06-08"
        result = CliRunner().invoke(main, days)
        assert (
            "no session from 2025-06-07 to 2025-06-08; the next is on 2025-06-09" in result.output
        )
        days[4], days[6] = "2025-06-08", "2025-06-07"
        result = CliRunner().invoke(main, days)
        assert "--from 2025-06-08 is after --to 2025-06-07" in result.output
        monkeypatch.setenv("DATABENTO_API_KEY", KEY[::-1])
        result = fetch(server, tmp_path / "out")
        assert result.exit_code == 1
        assert "answered 401 Unauthorized: Authentication failed." in result.output
        assert KEY[::-1] not in result.output
    assert not (tmp_path / "out").exists()
