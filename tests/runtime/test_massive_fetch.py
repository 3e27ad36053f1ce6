"""Past sessions fetched from Massive's history, through faults and kills."""

import contextlib
import datetime
import re
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from feeds.gateway import DATE
from feeds.made_tape import made_tape
from feeds.massive_host import KEY
from feeds.terminal import Row, followed, options_of, simulated
from processes import started
from runtime.feeds_on_ports import eventually
from zerodte.cli.commands import main
from zerodte.feeds.feed import FeedError
from zerodte.feeds.massive.account import MASSIVE_KEY, POLYGON_KEY
from zerodte.feeds.massive.fetch import NO_QUOTES, MassiveFetch
from zerodte.feeds.massive.flat_files import FILES_ACCESS_KEY, FILES_SECRET_KEY, FlatFiles
from zerodte.feeds.massive.history import MassiveHistory, MassiveHistoryHost
from zerodte.feeds.massive.history_server import (
    HistoryFault,
    MassiveHistoryServer,
    drawn_history_faults,
)
from zerodte.feeds.session_fetch import sessions_of
from zerodte.feeds.vendor_key import VendorKey
from zerodte.records.condition import Condition
from zerodte.records.dbn import STAT_OPEN_INTEREST
from zerodte.tape.folder import Tape, open_tape

DAYS = ["--from", f"{DATE}", "--to", f"{DATE}"]
ACCESS, SECRET = "access-0123456789abcdefghij", "secret-0123456789abcdefghij"
FILE = f"GET /flatfiles/us_options_opra/trades_v1/2025/06/{DATE}.csv.gz"
INTEREST = "GET /options/v1/open-interest"
#: Open interest by expiry, and the file.
SLICES = 5


@contextlib.contextmanager
def serving_history(
    *tapes: Tape, faults: Sequence[HistoryFault | None] = ()
) -> Iterator[MassiveHistoryServer]:
    """The history for as long as the context lasts."""
    server = MassiveHistoryServer(
        tapes,
        host="127.0.0.1",
        port=0,
        key=VendorKey(KEY),
        access_key=VendorKey(ACCESS),
        faults=faults,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(POLYGON_KEY, raising=False)
    for name, key in ((MASSIVE_KEY, KEY), (FILES_ACCESS_KEY, ACCESS), (FILES_SECRET_KEY, SECRET)):
        monkeypatch.setenv(name, key)


def command(server: MassiveHistoryServer, out: Path, *options: str) -> list[str]:
    out_and_gateway = ["--out", f"{out}", "--gateway", server.url]
    return ["fetch", "massive", "SPX", *DAYS, *out_and_gateway, *options]


def fetch(server: MassiveHistoryServer, out: Path, *options: str) -> Result:
    """The command's result; it shows no traceback and no key."""
    result = CliRunner().invoke(main, command(server, out, *options))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert not any(key in result.output for key in (KEY, ACCESS, SECRET))
    return result


def fetched(server: MassiveHistoryServer, out: Path) -> Tape:
    """Fetch without waiting long between requests."""
    files = FlatFiles(VendorKey(ACCESS), VendorKey(SECRET), server.url)
    host = MassiveHistoryHost(VendorKey(KEY), server.url, first_wait=0.001)
    past = MassiveFetch(MassiveHistory(host, files), ["SPX"], out, replaces=False)
    (session,) = sessions_of(DATE, DATE)
    return open_tape(past.fetch(past.plan(session), lambda *_: None))


def slice_requests(server: MassiveHistoryServer) -> int:
    return sum(one in (FILE, INTEREST) for one in server.requests)


def files_in(out: Path) -> dict[str, bytes]:
    return {
        f"{path.relative_to(out)}": path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def content(tape: Tape) -> dict[str, Counter[Row]]:
    """What the history carries of a tape's options, and the trade that each cancel takes back."""
    found: dict[str, Counter[Row]] = {kind: Counter() for kind in ("trades", "cancels", "interest")}
    numbered: dict[int, Row] = {}
    for tick in tape.ticks():
        for batch in (one for one in tick.trades if one.dataset in options_of(tape)):
            assert batch.conditions is not None
            for at, row in enumerate(batch.records):
                raw = tape.symbols[batch.dataset][int(row["instrument_id"])]
                is_cancel = batch.cancels is not None and batch.cancels[at] >= 0
                code = Condition.CANCEL if is_cancel else Condition(batch.conditions[at])
                # What has no condition counts as regular.
                code = Condition.REGULAR if code is Condition.UNKNOWN else code
                values = int(row["price"]), int(row["size"]), int(row["publisher_id"])
                trade = raw, int(row["ts_event"]), *values, code
                found["trades"][trade] += 1
                numbered[batch.first + at] = trade
                if batch.cancels is not None and is_cancel:
                    # Which of two equal fills it was is not told.
                    original = numbered[int(batch.cancels[at])]
                    found["cancels"][trade, raw, *original[2:5]] += 1
        for batch in tick.statistics:
            for row in batch.records[batch.records["stat_type"] == STAT_OPEN_INTEREST]:
                raw = tape.symbols[batch.dataset][int(row["instrument_id"])]
                day = int(row["ts_event"]) // (86_400 * 10**9)
                found["interest"][raw, day, int(row["quantity"])] += 1
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a fetch without faults."""
    out = tmp_path_factory.mktemp("unbroken")
    with serving_history(simulated()) as server:
        fetched(server, out)
    return files_in(out)


def test_a_fetched_session_is_the_one_served_but_for_its_quotes(tmp_path: Path) -> None:
    tape = simulated()
    with serving_history(tape) as server:
        result = fetch(server, tmp_path)
        assert slice_requests(server) == SLICES
    assert result.exit_code == 0, result.output
    assert f"{DATE} is in {tmp_path / str(DATE)}" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]
    found = open_tape(tmp_path / f"{DATE}")
    assert (found.session, found.warnings, found.unchecked) == (tape.session, [], [])
    among = followed(tape)
    assert set(found.symbols["MASSIVE.OPRA"].values()) == among
    assert {file.schema for file in found.files} == {"definition", "statistics", "trades"}
    wanted, own = content(tape), content(found)
    for kind in ("trades", "interest"):
        rows = Counter({row: count for row, count in wanted[kind].items() if row[0] in among})
        assert rows
        assert own[kind] == rows
    assert found.notes.warnings["SPX"] == (NO_QUOTES,)


def test_sale_conditions_and_cancels_come_through(tmp_path: Path) -> None:
    tape = made_tape(tmp_path / "tape")
    with serving_history(tape) as server:
        found = fetched(server, tmp_path / "out")
    assert {row[-1] for row in content(found)["trades"]} == set(Condition) - {Condition.UNKNOWN}
    assert content(found) == content(tape)
    # Open interest of 0 is known to be 0.
    assert [row[-1] for row in content(found)["interest"]] == [0]


@pytest.mark.drill
def test_a_fetched_session_replays_with_the_volume_of_the_one_served(tmp_path: Path) -> None:
    with serving_history(simulated()) as server:
        fetched(server, tmp_path)

    def volume(tape: Path) -> str:
        result = CliRunner().invoke(main, ["replay", f"{tape}", "--symbol", "SPX"])
        assert result.exit_code == 0, result.output
        found = re.search(r"volume(?:, open interest)?\s+([0-9,]*[0-9])", result.output)
        assert found is not None, result.output
        return found[1]

    assert volume(tmp_path / f"{DATE}") == volume(simulated().path)
    result = CliRunner().invoke(main, ["replay", str(tmp_path / f"{DATE}"), "--symbol", "SPX"])
    assert NO_QUOTES in " ".join(result.output.split())


def test_a_dry_run_says_that_the_cost_is_flat_and_writes_nothing(tmp_path: Path) -> None:
    with serving_history(simulated()) as server:
        result = fetch(server, tmp_path / "out", "--dry-run")
        assert slice_requests(server) == 0
        limited = fetch(server, tmp_path / "out", "--limit", "5")
    _, day, total = (line.split() for line in result.output.splitlines())
    assert day == [f"{DATE}", f"{len(followed(simulated()))}", f"{SLICES}", f"{SLICES}", "flat"]
    assert total == ["total", f"{SLICES}", "flat"]
    assert not (tmp_path / "out").exists()
    assert "--limit is for databento; the cost of massive is flat" in limited.output


def test_a_session_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    with serving_history(simulated()) as server:
        fetched(server, tmp_path)
        before, count = files_in(tmp_path), len(server.requests)
        result = fetch(server, tmp_path)
        assert len(server.requests) == count
        shutil.rmtree(tmp_path / f"{DATE}")
        shutil.copytree(simulated().path, tmp_path / f"{DATE}")
        assert "a tape that is simulated is there; --replace" in fetch(server, tmp_path).output
        assert fetch(server, tmp_path, "--replace").exit_code == 0
    assert f"{DATE}  is there\n" in result.output
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[] if n < 2 else pytest.mark.drill) for n in range(20)]
)
def test_faults_of_the_history_change_no_byte(
    tmp_path: Path, seed: int, unbroken: dict[str, bytes]
) -> None:
    faults = drawn_history_faults(seed, SLICES)
    assert HistoryFault.GARBAGE in faults
    with serving_history(simulated(), faults=faults) as server:
        fetched(server, tmp_path)
        assert slice_requests(server) == SLICES + sum(one is not None for one in faults)
    assert files_in(tmp_path) == unbroken


@pytest.mark.drill
def test_it_gives_up_in_the_end_and_goes_on_the_next_time(
    tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    faults = [None] * 4 + [HistoryFault.CUT] * 7
    with serving_history(simulated(), faults=faults) as server:
        with pytest.raises(FeedError, match=r"did not send its file.*given up after 7 requests"):
            fetched(server, tmp_path)
        assert not (tmp_path / f"{DATE}").exists()
        server.requests.clear()
        slices = [
            one for one in (tmp_path / f".{DATE}.massive").iterdir() if ".part" not in one.name
        ]
        assert len(slices) == 4
        slices[0].write_bytes(slices[0].read_bytes()[:-5])
        fetched(server, tmp_path)
        assert server.requests.count(INTEREST) == 1, "a damaged slice is fetched again"
        assert server.requests.count(FILE) == 1
    assert files_in(tmp_path) == unbroken


@pytest.mark.drill
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_fetch_goes_on_where_it_was(
    tmp_path: Path, number: signal.Signals, unbroken: dict[str, bytes]
) -> None:
    faults = [None] * 4 + [HistoryFault.BUSY] * 7
    with serving_history(simulated(), faults=faults) as server:
        with started([sys.executable, "-m", "zerodte", *command(server, tmp_path)]) as process:
            eventually(lambda: FILE in server.requests)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in out + err
        assert ("the same command goes on from here" in err) == (number == signal.SIGINT)
        plan = fetch(server, tmp_path, "--dry-run").output.splitlines()[1].split()
        assert plan[2:4] == [f"{SLICES}", "1"]
        server.faults.clear()
        assert fetch(server, tmp_path).exit_code == 0
        assert server.requests.count(INTEREST) == 4, "whole slices are not asked for again"
    assert files_in(tmp_path) == unbroken


@pytest.mark.parametrize(
    ("name", "key", "said"),
    [
        (MASSIVE_KEY, KEY[::-1], "answered 401 Unauthorized: Unknown API Key; check the key"),
        (FILES_ACCESS_KEY, ACCESS[::-1], "refuses its file of the day: the keys may be wrong"),
        (
            FILES_ACCESS_KEY,
            "",
            "no key for massive; set MASSIVE_S3_ACCESS_KEY, or write [massive] and",
        ),
        (FILES_SECRET_KEY, "", 's3_secret_key = "..."'),
    ],
)
def test_keys_that_are_wrong_are_final_errors_in_clear_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, key: str, said: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(name, key)
    with serving_history(simulated()) as server:
        result = fetch(server, tmp_path / "out")
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_is_said_in_a_line(tmp_path: Path) -> None:
    with serving_history(simulated()) as server:
        for change, words in (
            (("SPX", "SPY"), f"{DATE}  the vendor has no contract of SPY"),
            ((f"{DATE}", "2025-06-05"), "2025-06-05  the vendor has no file of it; it comes by"),
            ((server.url, "http://example.com"), "'http://example.com' is no address"),
        ):
            words_of = [word.replace(*change) for word in command(server, tmp_path / "out")]
            result = CliRunner().invoke(main, words_of)
            assert words in result.output, result.output
        tomorrow = datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=2)
        later = ["--from", f"{tomorrow}", "--to", f"{tomorrow + datetime.timedelta(days=7)}"]
        words_of = command(server, tmp_path / "out")
        words_of[3:7] = later
        assert "is not over yet" in CliRunner().invoke(main, words_of).output
    assert not (tmp_path / "out").exists()


@pytest.mark.drill
def test_the_command_serves_a_tape_as_the_history(tmp_path: Path) -> None:
    words = ["feed", f"{simulated().path}", "--as", "massive", "--port", "0", "--historical", "0"]
    with started([sys.executable, "-m", "zerodte", *words]) as process:
        assert process.stdout is not None
        url = re.search(
            r"historical API is at (http://127\.0\.0\.1:\d+)\.", process.stdout.readline()
        )
        assert url is not None
        plan = ["fetch", "massive", "SPX", *DAYS, "--gateway", url[1], "--out", f"{tmp_path}"]
        result = CliRunner().invoke(main, plan)
        assert result.exit_code == 0, result.output
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert (tmp_path / f"{DATE}").exists()
    result = CliRunner().invoke(main, [*words[:3], "alpaca", *words[4:]])
    assert "--historical needs --as databento or massive" in result.output
