"""`zerodte doctor thetadata` before a terminal that has everything, a part, or does not run."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from feeds.gateway import simulated as simulated_nvda
from feeds.terminal import serving_terminal, simulated
from feeds.theta_host import serving
from zerodte.cli.commands import main
from zerodte.feeds.rebased_tape import RebasedTape
from zerodte.feeds.thetadata.event_gateway import TerminalEventState
from zerodte.market.calendar import calendar


@pytest.fixture
def last_session() -> RebasedTape:
    """A tape of a session that is surely over."""
    today = calendar().session_of(time.time_ns())
    return RebasedTape(simulated(), calendar().previous(today.date))


def examined(port: int, *options: str, symbol: str = "SPX") -> dict[str, tuple[str, str]]:
    words = ["doctor", "thetadata", "--symbols", symbol, "--gateway", f"127.0.0.1:{port}", "--json"]
    result = CliRunner().invoke(main, [*words, *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    findings = json.loads(result.output)
    return {one["about"]: (one["state"], one["found"]) for one in findings}


def test_a_terminal_that_has_everything(last_session: RebasedTape, tmp_path: Path) -> None:
    previous = calendar().previous(last_session.session.date)
    # Before the session of today is over the last one is that of the tape, or one before.
    tapes = [last_session, RebasedTape(simulated(), previous)]
    current = calendar().session_of(time.time_ns())
    tapes.append(RebasedTape(simulated(), current))
    with serving_terminal(*tapes) as server:
        found = examined(server.address[1], "--capture", f"{tmp_path}")
    assert "contracts of" in found["SPX"][1]
    for about in ("SPX", "SPX trades", "SPX quotes", "SPX open interest", "SPX value", "cost"):
        assert found[about][0] == "ok", found
    assert len(list(tmp_path.glob("*.csv"))) == 4


def test_a_subscription_without_trades_and_index(last_session: RebasedTape) -> None:
    current = RebasedTape(simulated(), calendar().session_of(time.time_ns()))
    refused = ["option/history/trade_quote", "index/history/price"]
    with serving_terminal(last_session, current, refused=refused) as server:
        found = examined(server.address[1])
    assert found["SPX trades"][0] == "problem"
    assert "answered 471" in found["SPX trades"][1]
    assert found["SPX quotes"][0] == "ok"
    assert found["SPX value"][0] == "warning"


def test_no_terminal() -> None:
    with serving_terminal(simulated()) as server:
        port = server.address[1]
    found = examined(port)
    assert found["terminal"][0] == "problem"
    assert "no terminal of ThetaData listens at" in found["terminal"][1]


def test_what_the_websocket_sends() -> None:
    with serving(simulated_nvda(4), 20.0) as host:
        found = examined(host.terminal.address[1], symbol="NVDA")
        assert "let us in within" in found["live"][1]
        assert found["trades"][0] == "ok"
        assert "came" in found["trades"][1]
        assert found["quotes"][0] == "ok"
        assert "expire on 2025-06-06; open interest of 100%" in found["NVDA"][1]
        assert found["missing"][0] == "warning"


def test_a_subscription_without_live_data() -> None:
    state = TerminalEventState(has_options=False)
    with serving(simulated_nvda(4), 20.0, state=state) as host:
        found = examined(host.terminal.address[1], symbol="NVDA")
    assert found["live"][0] == "problem"
    assert "live quotes and trades need the options plan Standard or Pro" in found["live"][1]
