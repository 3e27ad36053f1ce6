"""Past sessions fetched from ThetaData's terminal, through faults and kills."""

import datetime
import re
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from feeds.gateway import DATE
from feeds.made_tape import made_tape
from feeds.terminal import (
    MINUTE,
    SECOND,
    Row,
    fetched_content,
    followed,
    index_values,
    served_content,
    serving_terminal,
    simulated,
)
from processes import started
from runtime.feeds_on_ports import eventually
from zerodte.cli.commands import main
from zerodte.feeds.feed import FeedError
from zerodte.feeds.session_fetch import sessions_of
from zerodte.feeds.thetadata.client import ThetaClient
from zerodte.feeds.thetadata.fetch import ThetaFetch
from zerodte.feeds.thetadata.terminal_host import ThetaTerminalHost
from zerodte.feeds.thetadata.terminal_server import TerminalFault, ThetaTerminalServer, drawn_faults
from zerodte.records.condition import Condition
from zerodte.tape.folder import Tape, open_tape

DAYS = ["--from", f"{DATE}", "--to", f"{DATE}"]
TRADES = "option/history/trade_quote"
#: Slices of the simulated minutes: values; by expiry open interest, quotes, and the half-hours
#: from 09:00 to 16:25. Of these one has trades.
SLICES, ANSWERED = 1 + 4 * (2 + 15), 1 + 4 * 3


def command(server: ThetaTerminalServer, out: Path, *options: str) -> list[str]:
    out_and_gateway = ["--out", f"{out}", "--gateway", server.url]
    return ["fetch", "thetadata", "SPX", *DAYS, *out_and_gateway, *options]


def fetch(server: ThetaTerminalServer, out: Path, *options: str) -> Result:
    """The command's result; it shows no traceback."""
    result = CliRunner().invoke(main, command(server, out, *options))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def fetched(server: ThetaTerminalServer, out: Path, symbol: str = "SPX") -> Tape:
    """Fetch without waiting long between requests."""
    host = ThetaTerminalHost(server.url, first_wait=0.001)
    past = ThetaFetch(ThetaClient(host), [symbol], out, replaces=False)
    (session,) = sessions_of(DATE, DATE)
    return open_tape(past.fetch(past.plan(session), lambda *_: None))


def files(out: Path) -> dict[str, bytes]:
    return {
        f"{path.relative_to(out)}": path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def history_count(server: ThetaTerminalServer) -> int:
    return sum("history" in path for path in server.requests)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a fetch without faults."""
    out = tmp_path_factory.mktemp("unbroken")
    with serving_terminal(simulated()) as server:
        fetched(server, out)
    return files(out)


def test_a_fetched_session_is_the_one_served(tmp_path: Path) -> None:
    tape = simulated()
    with serving_terminal(tape) as server:
        result = fetch(server, tmp_path)
        assert history_count(server) == SLICES
    assert result.exit_code == 0, result.output
    assert f"{DATE} is in {tmp_path / str(DATE)}" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]
    found = open_tape(tmp_path / f"{DATE}")
    assert (found.session, found.warnings, found.unchecked) == (tape.session, [], [])
    assert dict(found.notes.warnings) == {}
    wanted, own, among = served_content(tape), fetched_content(found), followed(tape)
    assert set(found.symbols["THETA.OPRA"].values()) == among
    for kind in ("trades", "quotes", "interest"):
        rows = Counter({row: count for row, count in wanted[kind].items() if row[0] in among})
        assert rows
        assert own[kind] == rows
    # A value a second, that of its end; the last one of a second counts.
    ends = {-(-time // SECOND) * SECOND: price for time, price in sorted(index_values(tape))}
    changes = [
        (time, price)
        for at, (time, price) in enumerate(ends.items())
        if at == 0 or price != list(ends.values())[at - 1]
    ]
    assert index_values(found) == changes


@pytest.mark.drill
def test_a_fetched_session_replays_with_the_volume_of_the_one_served(tmp_path: Path) -> None:
    with serving_terminal(simulated()) as server:
        fetched(server, tmp_path)

    def facts(tape: Path) -> list[str]:
        """What the day's expiry alone decides."""
        result = CliRunner().invoke(main, ["replay", f"{tape}", "--symbol", "SPX"])
        assert result.exit_code == 0, result.output
        wanted = ("volume, open interest", "max pain")
        return [line for line in result.output.splitlines() if line.startswith(wanted)]

    own = facts(tmp_path / f"{DATE}")
    assert len(own) == 2
    assert own == facts(simulated().path)


def test_sale_conditions_cancels_and_quotes_without_a_side_come_through(tmp_path: Path) -> None:
    tape = made_tape(tmp_path / "tape")
    with serving_terminal(tape) as server:
        found = fetched(server, tmp_path / "out")
    wanted, own = served_content(tape), fetched_content(found)
    assert {row[-1] for row in own["trades"]} == set(Condition)
    assert own == wanted
    # 09:31 and 09:32 have a quote; at 09:33 it has neither side.
    (session,) = sessions_of(DATE, DATE)
    quoted: list[Row] = sorted(own["quotes"])
    assert [row[1:] for row in quoted] == [
        (session.open + MINUTE, 10**9, 2 * 10**9, 4, 5),
        (session.open + 2 * MINUTE, 0, 3 * 10**9, 0, 6),
    ]
    # Open interest of 0 is known to be 0.
    assert [row[-1] for row in own["interest"]] == [0]
    assert found.notes.warnings["SPX"] == (
        "the subscription or the day has no values of the index; spot is parity",
    )


def test_a_dry_run_says_that_the_cost_is_flat_and_writes_nothing(tmp_path: Path) -> None:
    with serving_terminal(simulated()) as server:
        result = fetch(server, tmp_path / "out", "--dry-run")
        assert history_count(server) == 0
        limited = fetch(server, tmp_path / "out", "--limit", "5")
    _, day, total = (line.split() for line in result.output.splitlines())
    count = len(followed(simulated()))
    assert day == [f"{DATE}", f"{count}", f"{SLICES}", f"{SLICES}", "flat"]
    assert total == ["total", f"{SLICES}", "flat"]
    assert not (tmp_path / "out").exists()
    assert limited.exit_code == 2
    assert "--limit is for databento; the cost of thetadata is flat" in limited.output


@pytest.mark.drill
def test_a_session_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    with serving_terminal(simulated()) as server:
        fetched(server, tmp_path)
        before, count = files(tmp_path), len(server.requests)
        (tmp_path / f".{DATE}.thetadata").mkdir()
        result = fetch(server, tmp_path)
        assert len(server.requests) == count
    assert f"{DATE}  is there\n" in result.output
    assert files(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == [f"{DATE}"]


@pytest.mark.drill
def test_a_subscription_without_the_index_still_gives_a_tape(tmp_path: Path) -> None:
    with serving_terminal(simulated(), refused=["index/history/price"]) as server:
        found = fetched(server, tmp_path)
    assert index_values(found) == []
    assert "no values of the index" in found.notes.warnings["SPX"][0]
    assert fetched_content(found)["trades"]


def test_a_subscription_without_trades_is_a_final_error_in_clear_words(tmp_path: Path) -> None:
    with serving_terminal(simulated(), refused=[TRADES]) as server:
        result = fetch(server, tmp_path)
        # Each of those under way is refused once; none is asked for again.
        assert server.requests.count(TRADES) <= ThetaFetch.concurrency
    assert result.exit_code == 1
    assert "answered 471" in result.output
    assert "the subscription does not have it; docs/feeds.md says which has" in result.output
    assert not (tmp_path / f"{DATE}").exists()


@pytest.mark.drill
@pytest.mark.parametrize("seed", range(20))
def test_faults_of_the_terminal_change_no_byte(
    tmp_path: Path, seed: int, unbroken: dict[str, bytes]
) -> None:
    faults = drawn_faults(seed, ANSWERED)
    assert TerminalFault.GARBAGE in faults
    with serving_terminal(simulated(), faults=faults) as server:
        fetched(server, tmp_path)
        assert history_count(server) == SLICES + sum(one is not None for one in faults)
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_it_gives_up_in_the_end_and_goes_on_the_next_time(
    tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    faults = [None] * 5 + [TerminalFault.DISCONNECTED] * 28
    with serving_terminal(simulated(), faults=faults) as server:
        with pytest.raises(
            FeedError, match=r"474 .*: Connection lost to MDDS.; given up after 7 requests"
        ):
            fetched(server, tmp_path)
        assert not (tmp_path / f"{DATE}").exists()
        server.faults.clear()
        fetched(server, tmp_path)
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_what_cannot_be_read_twice_is_final(tmp_path: Path) -> None:
    faults = [None] * 5 + [TerminalFault.GARBAGE] * 8
    with (
        serving_terminal(simulated(), faults=faults) as server,
        pytest.raises(FeedError, match=r"sent records that cannot be read: .*: no column 'symbol'"),
    ):
        fetched(server, tmp_path)
    assert not (tmp_path / f"{DATE}").exists()


@pytest.mark.drill
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_fetch_goes_on_where_it_was(
    tmp_path: Path, number: signal.Signals, unbroken: dict[str, bytes]
) -> None:
    faults = [None] * 5 + [TerminalFault.STALL] * 4
    slices = tmp_path / f".{DATE}.thetadata"
    with serving_terminal(simulated(), faults=faults) as server:
        with started([sys.executable, "-m", "zerodte", *command(server, tmp_path)]) as process:
            eventually(lambda: len(server.faults) < len(faults))
            # Each of four stalls, after what it had before.
            eventually(lambda: not server.faults)
            eventually(lambda: history_count(server) == len(list(slices.iterdir())))
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in out + err
        assert ("the same command goes on from here" in err) == (number == signal.SIGINT)
        whole = sum(".part" not in path.name for path in slices.iterdir())
        assert whole == history_count(server) - 4
        plan = fetch(server, tmp_path, "--dry-run").output.splitlines()[1].split()
        assert plan[2:4] == [f"{SLICES}", f"{SLICES - whole}"]
        assert fetch(server, tmp_path).exit_code == 0
        assert history_count(server) == SLICES + 4
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_a_damaged_slice_is_fetched_again(tmp_path: Path, unbroken: dict[str, bytes]) -> None:
    faults = [None] * 8 + [TerminalFault.BUSY] * 28
    with serving_terminal(simulated(), faults=faults) as server:
        with pytest.raises(FeedError):
            fetched(server, tmp_path)
        server.faults.clear()
        before = history_count(server)
        slices = [
            path for path in (tmp_path / f".{DATE}.thetadata").iterdir() if ".part" not in path.name
        ]
        slices[0].write_bytes(slices[0].read_bytes()[:-5])
        slices[1].write_bytes(b"")
        fetched(server, tmp_path)
        assert history_count(server) - before == SLICES - len(slices) + 2
    assert files(tmp_path) == unbroken


@pytest.mark.drill
def test_a_recording_with_gaps_is_replaced_only_if_told_so(
    tmp_path: Path, unbroken: dict[str, bytes]
) -> None:
    shutil.copytree(simulated().path, tmp_path / f"{DATE}")
    with serving_terminal(simulated()) as server:
        assert "a tape that is simulated is there; --replace" in fetch(server, tmp_path).output
        result = fetch(server, tmp_path, "--replace")
    assert result.exit_code == 0, result.output
    assert files(tmp_path) == unbroken


def test_what_is_wrong_is_said_in_a_line(tmp_path: Path) -> None:
    with serving_terminal(simulated()) as server:
        for change, words in (
            (("SPX", "SPY"), f"{DATE}  the vendor has no contract of SPY"),
            ((server.url, "http://example.com"), "'http://example.com' is no address"),
            (("SPX", "!"), "SYMBOLS: '!' is not a symbol"),
        ):
            words_of = [word.replace(*change) for word in command(server, tmp_path / "out")]
            result = CliRunner().invoke(main, words_of)
            assert words in result.output, result.output
        url = server.url
    result = CliRunner().invoke(main, command(server, tmp_path / "out"))
    assert result.exit_code == 1
    port = url.rpartition(":")[2]
    assert (
        f"no terminal of ThetaData listens at 127.0.0.1:{port}; start it with: java -jar "
        "ThetaTerminalv3.jar" in result.output
    )
    assert not (tmp_path / "out").exists()


def test_a_session_that_is_not_over_is_not_fetched(tmp_path: Path) -> None:
    tomorrow = datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=2)
    days = ["--from", f"{tomorrow}", "--to", f"{tomorrow + datetime.timedelta(days=7)}"]
    with serving_terminal(simulated()) as server:
        words = command(server, tmp_path)
        words[3:7] = days
        result = CliRunner().invoke(main, words)
        assert server.requests == []
    assert "is not over yet" in result.output


@pytest.mark.drill
def test_the_command_serves_a_tape_as_the_terminal(tmp_path: Path) -> None:
    words = ["feed", f"{simulated().path}", "--as", "thetadata", "--port", "0", "--faults", "7"]
    with started([sys.executable, "-m", "zerodte", *words]) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = re.search(r"is at (http://127\.0\.0\.1:\d+/v3),", line)
        assert url is not None
        plan = ["fetch", "thetadata", "SPX", *DAYS, "--gateway", url[1], "--out", f"{tmp_path}"]
        result = CliRunner().invoke(main, [*plan, "--dry-run"])
        assert result.exit_code == 0, result.output
        assert "flat" in result.output
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    result = CliRunner().invoke(main, [*words[:-1], "token@10:00:00"])
    assert "faults 'token@10:00:00'; expected: a seed such as 7, or KIND@HH:MM:SS" in result.output
