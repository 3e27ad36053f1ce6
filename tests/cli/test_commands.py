"""The command line as its users meet it: what it prints, and how it refuses."""

import datetime
import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import zerodte
from processes import started
from session.synthetic import synthetic_tape
from zerodte.cli import main
from zerodte.clock import new_york
from zerodte.feeds.synthetic_tape import SYMBOL

CHAIN = "chains/spx_2022-03-23_1011_intraday.csv"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tape of a half day."""
    return synthetic_tape(tmp_path_factory.mktemp("tape"), datetime.date(2024, 11, 29)).path


def test_version() -> None:
    assert run("--version").output.strip() == f"zerodte, version {zerodte.__version__}"


@pytest.mark.drill
def test_a_recorded_chain_becomes_a_readable_summary(recorded: Path, tmp_path: Path) -> None:
    imported = run(
        "import",
        "cboe-chain",
        recorded / CHAIN,
        "--at",
        "2022-03-23T10:11",
        "--out",
        tmp_path / "tape",
    )
    assert imported.exit_code == 0, imported.output
    assert "336,017" in imported.output
    shown = run("replay", tmp_path / "tape").output
    for fact in ("SPX at 2022-03-23T14:11:00Z", "4,479.09 (index)", "336,017", "87,397"):
        assert fact in shown


def test_json_is_the_snapshot_body(tape: Path) -> None:
    answer = json.loads(run("replay", tape, "--json").output)
    assert answer["symbol"] == SYMBOL
    assert answer["body"]["regime"] == answer["regime"]


def test_open_interest_moves_by_the_method_that_is_asked_for(tape: Path) -> None:
    for options, method in (((), "turnover_v3"), (("--open-interest", "signed_v1"), "signed_v1")):
        answer = json.loads(run("replay", tape, *options, "--json").output)
        assert answer["flow_direction"]["open_interest_method"] == method
    refused = run("replay", tape, "--open-interest", "guess", "--json")
    assert refused.exit_code == 2
    assert "'turnover_v3', 'turnover_v2', 'turnover_v1', 'signed_v1'" in refused.output


@pytest.mark.drill
def test_a_later_expiry(tape: Path) -> None:
    answer = json.loads(run("replay", tape, "--expiry", "2024-12-02", "--json").output)
    assert answer["expiration"] == "2024-12-02"
    assert answer["time_to_close_hours"] == pytest.approx(2.0 + 6.5)


def test_until_stops_there(tape: Path) -> None:
    before = json.loads(run("replay", tape, "--until", "09:15", "--json").output)
    assert (before["market_open"], before["body"]) == (False, None)
    assert "No usable quote" in before["message"]
    assert before["next_zero_dte_expiry"] == "2024-11-29"
    assert before["as_of"] == "2024-11-29T14:15:00Z"
    rested = json.loads(run("replay", tape, "--until", "17:00", "--json").output)
    assert rested["as_of"] == "2024-11-29T16:00:00Z", "a finished tape rests at its last tick"


REFUSED = [
    (("repaly",), "No such command 'repaly'"),
    (("replay", "nowhere"), "no such folder"),
    (("replay", "TAPE", "--until", "25:00"), "write HH:MM or HH:MM:SS"),
    (("replay", "TAPE", "--until", "09:45"), "no quote of DEMO"),
    (("replay", "TAPE", "--expiry", "tomorrow"), "write yyyy-MM-dd"),
    (("replay", "TAPE", "--expiry", "2024-12-01"), "the next one after 2024-11-29 is 2024-12-02"),
    (("replay", "TAPE", "--symbol", "SPY"), "tracked symbols: DEMO"),
    (("serve", "TAPE", "--speed", "0"), "is not in the range"),
    (("serve", "TAPE", "--host", "256.0.0.1"), "choose another host or port"),
    (
        ("import", "cboe-chain", "nofile.csv", "--at", "2022-03-23T10:11", "--out", "x"),
        "nofile.csv",
    ),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda value: str(value)[:40])
def test_mistakes_end_in_a_clear_line(tape: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(*(tape if word == "TAPE" else word for word in arguments))
    assert result.exit_code in {1, 2}
    assert said in result.output
    assert isinstance(result.exception, SystemExit), "a traceback would have reached the user"


def test_an_at_that_is_not_a_time(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "tape"
    result = run("import", "cboe-chain", recorded / CHAIN, "--at", "noon", "--out", out)
    assert result.exit_code == 1
    assert "yyyy-MM-ddTHH:mm" in result.output
    assert not out.exists()


@pytest.fixture
def torn(tape: Path, tmp_path: Path) -> Path:
    """The tape with a last tick that was never committed whole: it opens, with a warning."""
    folder = tmp_path / "torn"
    shutil.copytree(tape, folder)
    quotes = next(folder.glob("*.cbbo-1s.*")).name
    end = new_york(datetime.date(2024, 11, 29), datetime.time(11))
    commit = json.dumps({"end": end, "counts": {quotes: 1}})
    (folder / "ticks").write_text(f'{commit}\n{{"end": ')
    return folder


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_warnings_of_the_tape_go_to_stderr(torn: Path, options: tuple[str, ...]) -> None:
    result = run("replay", torn, "--until", "09:15", *options)
    assert result.exit_code == 0, result.output
    assert "warning: ticks: its last line is cut off" in result.stderr
    assert "cut off" not in result.stdout
    if options:
        assert json.loads(result.stdout)["market_open"] is False


@pytest.mark.drill
def test_a_tape_that_breaks_while_it_is_served_is_said_in_one_line(torn: Path) -> None:
    ticks = torn / "ticks"
    ticks.write_text(ticks.read_text().splitlines()[0].replace(": 1}", ": 1000000}") + "\n")
    command = [sys.executable, "-c", "from zerodte.cli import main; main()", "serve", str(torn)]
    with started([*command, "--port", "0"]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = re.search(r"Listening on (\S+);", process.stdout.readline())
        line = next(line for line in process.stderr if "event=ended" in line)
        assert address is not None
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{address[1]}/health")  # noqa: S310
        with raised.value as answer:
            reasons = json.load(answer)["reasons"]
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=20)
    assert "ticks, line 1" in line
    assert line.endswith(f" level=error event=ended problem={json.dumps(reasons[0])}\n")
    assert rest.splitlines()[-1].endswith(" level=info event=stop")
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demo", "--port", "abc"], "'abc' is not a whole number; write one from 0 to 65535"),
        (["demo", "--port", "1.5"], "'1.5' is not a whole number"),
        (["demo", "--seed", "x"], "'x' is not a whole number; write one from 0 on"),
        (["demo", "--speed", "fast"], "'fast' is not a number; write one above 0"),
        (["demo", "--speed", "nan"], "'nan' is not a finite number"),
        (["demo", "--impact", "x"], "'x' is not a number"),
        (["demo", "--allow-host", "http://a"], "write a name such as"),
    ],
)
def test_a_number_that_is_none_is_refused_in_words(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert said in result.output
    assert "valid" not in result.output.replace("Invalid value", "")


def test_it_is_a_module_too() -> None:
    command = [sys.executable, "-m", "zerodte", "--version"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.strip() == f"zerodte, version {zerodte.__version__}"


IMPORTING = """
import builtins, os, signal, sys
imported = builtins.__import__

def slow(name, *rest):
    if name == "numba":
        os.kill(os.getpid(), signal.SIGINT)
    return imported(name, *rest)

builtins.__import__ = slow
from zerodte.cli import main
main()
"""


def test_ctrl_c_in_the_first_seconds_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING, "rules"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("number", "status", "host", "warned"),
    [
        pytest.param(signal.SIGHUP, 128 + 1, "0.0.0.0", 1, id="hup"),  # noqa: S104
        pytest.param(signal.SIGTERM, 128 + 15, "127.0.0.1", 0, id="term", marks=pytest.mark.drill),
    ],
)
def test_a_server_ends_in_order_by_any_signal(
    tape: Path, number: int, status: int, host: str, warned: int
) -> None:
    """It says once, before that, when other machines can reach it."""
    address = ["--host", host, "--port", "0", "--open"]
    command = [sys.executable, "-m", "zerodte", "serve", str(tape), *address]
    with started(command) as running:
        assert running.stdout is not None
        assert any("Ready" in line for line in running.stdout)
        running.send_signal(number)
        _, complained = running.communicate(timeout=60)
    assert running.returncode == status
    assert "Traceback" not in complained
    assert "stop" in complained.splitlines()[-1]
    assert complained.count("can be reached from other machines") == warned
