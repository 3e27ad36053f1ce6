"""The Python API gives the bytes of the HTTP API, and their content."""

import datetime
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

import zerodte
from runtime.local_market import ready
from server.ports import served
from session.made_tape import quotes, stock, trades, write
from zerodte.python_api import ApiError, ClockError, Exposure, MarketDay, SessionClosed, Snapshot
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.runtime.warmup import warm_up
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape

FLOW = "/v1/flow/zero-dte"
MINUTES = 12
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    (f"{FLOW}/snapshot/ABC", "snapshot", {}),
    (f"{FLOW}/snapshot/ABC", "snapshot", {"strike_range": 0.01}),
    (f"{FLOW}/snapshot/ABC", "snapshot", {"at": "2025-06-02T09:36:10"}),
    (f"{FLOW}/series/ABC", "series", {"bar": "1m", "minutes": 5}),
    (f"{FLOW}/hedge-flow/ABC", "hedge_flow", {"bar": "5m", "side": "calls"}),
    (f"{FLOW}/heatmap/ABC", "heatmap", {"metric": "oi", "mode": "delta"}),
    (f"{FLOW}/strike-flow/ABC", "strike_flow", {"bar": "5m"}),
    (f"{FLOW}/leaderboard", "leaderboard", {"n": 3}),
    (f"{FLOW}/calibration/ABC", "calibration", {}),
    ("/v1/exposure/zero-dte/ABC", "exposure", {}),
]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    seconds = 60 * MINUTES
    return write(
        tmp_path_factory.mktemp("tape"),
        ("cbbo-1s", quotes("cbbo-1s", 4_000, seconds, seed=1)),
        ("tcbbo", trades("tcbbo", 400, seconds, seed=2)),
        ("bbo-1s", stock(seconds)),
    )


@pytest.fixture(scope="module")
def day(tape: Tape) -> MarketDay:
    return zerodte.replay(zerodte.open_tape(tape.path))


@pytest.fixture(scope="module")
def client(tape: Tape) -> Iterator[httpx.Client]:
    warm_up(tape.session)  # compile without the time limit of `ready`
    with (
        ready(ReplayRunner(Stage(), [open_tape(tape.path)])) as market,
        served(create_app(market.service, ServerSettings())) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        yield client


def ask(day: MarketDay, method: str, parameters: dict[str, Any]) -> Any:
    symbols = () if method == "leaderboard" else ("ABC",)
    return getattr(day, method)(*symbols, **parameters)


@pytest.mark.parametrize(("path", "method", "parameters"), CALLS)
def test_the_bytes_are_those_of_the_http_api(
    client: httpx.Client, day: MarketDay, path: str, method: str, parameters: dict[str, Any]
) -> None:
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    answer = ask(day, method, parameters)
    assert answer.json == response.content
    # The data has every field of the body but the second copy of the blocks.
    body = {name: value for name, value in response.json().items() if name != "body"}
    assert json.loads(msgspec.json.encode(answer.data)) == body


def test_a_day_describes_itself(day: MarketDay, tape: Tape) -> None:
    assert day.symbols == ("ABC",)
    assert day.hours == tape.session
    assert f"{day.now:%Y-%m-%dT%H:%M:%S%z}" == "2025-06-02T13:42:00+0000"
    snapshot, exposure = day.snapshot("abc").data, day.exposure("ABC").data
    assert isinstance(snapshot, Snapshot)
    assert isinstance(exposure, Exposure)
    assert snapshot.symbol == "ABC"
    assert snapshot.as_of == day.now


@pytest.mark.drill
@pytest.mark.parametrize(
    "until",
    [
        "09:36",
        "09:36:00",
        "2025-06-02T09:36:00",
        datetime.time(9, 36),
        datetime.datetime(2025, 6, 2, 9, 36),  # noqa: DTZ001
        datetime.datetime(2025, 6, 2, 13, 36, tzinfo=datetime.UTC),
        1_748_871_360_000_000_000,
    ],
    ids=str,
)
def test_a_replay_stops_at_any_form_of_a_time(tape: Tape, until: Any) -> None:
    day = zerodte.replay(open_tape(tape.path), until=until)
    assert f"{day.now:%H:%M:%S}" == "13:36:00"
    assert day.series("ABC").data.bars[-1].t == day.now


def test_parameters_may_be_times(day: MarketDay) -> None:
    utc = datetime.datetime(2025, 6, 2, 13, 36, tzinfo=datetime.UTC)
    expected = day.series("ABC", at="2025-06-02T09:36:00").json
    assert day.series("ABC", at=utc).json == expected
    assert day.series("ABC", at=utc.replace(hour=9, tzinfo=None)).json == expected
    assert day.series("ABC", at=datetime.time(9, 36)).json == expected
    assert day.series("ABC", at=None).json != expected


@pytest.mark.drill
def test_samples_are_those_of_replays_up_to_them(tape: Tape) -> None:
    times = []
    for day in zerodte.samples(open_tape(tape.path), until="09:39:10"):
        times.append(day.now)
        if day.now.second == 30:
            alone = zerodte.replay(open_tape(tape.path), until=day.now)
            for _, method, parameters in CALLS[3:]:
                assert ask(day, method, parameters).json == ask(alone, method, parameters).json
    first = datetime.datetime(2025, 6, 2, 13, 30, 30, tzinfo=datetime.UTC)
    assert times == [first + n * datetime.timedelta(seconds=30) for n in range(18)]


def test_samples_come_through_silence(tmp_path: Path) -> None:
    """Every sample time has one, though only two seconds of ten minutes have records."""
    tape = write(
        tmp_path,
        ("cbbo-1s", quotes("cbbo-1s", 600, 2, seed=1)),
        ("bbo-1s", stock(2)),
        ("tcbbo", trades("tcbbo", 2, 600, seed=3)),
    )
    last = tape.last_receive_time // 30_000_000_000
    times = [int(day.now.timestamp()) // 30 for day in zerodte.samples(tape)]
    assert times == list(range(tape.session.open // 30_000_000_000 + 1, last + 1))


def test_errors(day: MarketDay) -> None:
    with pytest.raises(ApiError, match="bar must be") as raised:
        day.series("ABC", bar="7m")
    assert raised.value.code == "invalid_bar"
    with pytest.raises(ApiError, match="XYZ") as raised:
        day.snapshot("XYZ")
    assert raised.value.code == "symbol_not_found"
    with pytest.raises(TypeError, match="no parameter 'bars'; expected: symbol, bar, minutes, at"):
        day.series("ABC", bars="1m")


def test_outside_the_session(tape: Tape) -> None:
    closed = zerodte.replay(tape, until="09:20").snapshot("ABC").data
    assert isinstance(closed, SessionClosed)
    assert closed.session_closed


def test_the_package_imports_nothing_until_asked() -> None:
    code = (
        "import sys, zerodte; heavy = {'numba', 'numpy', 'msgspec'}; "
        "print(heavy & sys.modules.keys(), zerodte.__version__); "
        "zerodte.open_tape; print('numpy' in sys.modules); zerodte.nothing"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == [f"set() {zerodte.__version__}", "True"]
    assert "AttributeError: module 'zerodte' has no attribute 'nothing'" in done.stderr


@pytest.mark.drill
def test_the_example_prints_the_answers(tape: Tape, client: httpx.Client) -> None:
    script = Path(__file__).parents[1] / "examples" / "replay.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", script, tape.path, "ABC"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    snapshot = client.get(f"{FLOW}/snapshot/ABC").json()
    assert lines[0] == (
        f"ABC at 13:42:00 UTC: spot {snapshot['underlying_price']}, "
        f"flip {snapshot['regime']['gamma_flip']}, call wall {snapshot['levels']['call_wall']}, "
        f"put wall {snapshot['levels']['put_wall']}"
    )
    bars = client.get(f"{FLOW}/hedge-flow/ABC?bar=5m&minutes=15").json()["bars"]
    flows = [line for line in lines if "hedge flow" in line]
    assert flows == [
        f"{bar['t'][11:19]} UTC: hedge flow {bar['bar'] / 1e6:+.2f} million dollars" for bar in bars
    ]
    series = client.get(f"{FLOW}/series/ABC").json()["bars"]
    regimes = [None, *(bar["regime"] for bar in series)]
    changes = [
        f"{bar['t'][11:19]} UTC: {bar['regime']}"
        for bar, previous in zip(series, regimes, strict=False)
        if bar["regime"] != previous
    ]
    assert lines[1 + len(flows) :] == changes


@pytest.mark.drill
def test_the_page_runs(tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[1] / "docs" / "python.md").read_text()
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / "2025-06-02").symlink_to(tape.path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block.replace("SPY", "ABC").replace("15:30", "09:40"), names)  # noqa: S102
    assert isinstance(names["day"], MarketDay)


@pytest.mark.parametrize(
    ("until", "said"), [("25:00", "'25:00' is not a time of 2"), ("2025-06-03T25:00", "yyyy-MM-dd")]
)
def test_a_time_that_cannot_be_is_refused_as_it_was_written(
    tape: Tape, until: str, said: str
) -> None:
    with pytest.raises(ClockError, match=said):
        zerodte.replay(tape, until=until)
