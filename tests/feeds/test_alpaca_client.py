"""A tape in Alpaca's words, read by their own client in an environment of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feeds.alpaca_host import KEY, SECRET, serving
from feeds.carried_content import ALPACA, content_of
from feeds.gateway import DATE, simulated
from zerodte.market.calendar import calendar

pytestmark = pytest.mark.drill

_SCRIPT = Path(__file__).parents[1] / "clients" / "alpaca_client.py"
_PYTHON = Path(os.environ.get("ZERODTE_ALPACA", Path(sys.prefix) / "alpaca"), "bin", "python")
#: Ten minutes in twenty seconds.
SPEED = 30.0


def read(address: str, *, secret: str = SECRET) -> tuple[int, str]:
    """What the client prints, and how it ends."""
    if not _PYTHON.exists():
        pytest.skip(f"no {_PYTHON}; `make .venv/alpaca-ready` sets it up")
    words = [address, KEY, secret, "NVDA", DATE.isoformat(), "4"]
    done = subprocess.run(
        [str(_PYTHON), str(_SCRIPT), *words],
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def test_the_public_client_reads_every_message() -> None:
    tape = simulated()
    wanted = content_of(tape, ALPACA)
    names = {raw: raw.replace(" ", "") for raw in tape.symbols["OPRA.PILLAR"].values()}
    with serving(tape, SPEED, late=60.0) as host:
        status, text = read(host.address)
    assert status == 0, text
    answer: dict[str, Any] = json.loads(text)
    assert {one["symbol"] for one in answer["contracts"]} == set(names.values())
    interest = {names[key[0]]: key[2] for key in wanted.interest}
    found = {one["symbol"]: int(one["open_interest"]) for one in answer["contracts"]}
    assert found == interest
    days = {one["open_interest_date"] for one in answer["contracts"]}
    assert days == {calendar().previous(DATE).date.isoformat()}
    quoted = {(names[key[0]], key[2] / 1e9, key[3] / 1e9) for key in wanted.quotes}
    assert answer["chain"]
    assert {(name, *both) for name, both in answer["chain"].items()} <= quoted
    quotes = {tuple(one) for one in answer["stream"]["quotes"]}
    assert len(quotes) > 300
    assert quotes <= quoted
    sent = {(names[key[0]], key[2] / 1e9, key[3]) for key in wanted.trades}
    trades = [tuple(one) for one in answer["stream"]["trades"]]
    assert len(trades) > 300
    assert set(trades) <= sent
    exact = {(names[key[0]], key[1], key[2] / 1e9, key[3]) for key in wanted.trades}
    raw = {tuple(one[:4]) for one in answer["stream"]["raw"]}
    assert len(raw) > 300
    assert raw <= exact, "times are kept to the nanosecond"


def test_the_public_client_with_a_wrong_key_is_refused() -> None:
    with serving(simulated(), 1.0) as host:
        status, text = read(host.address, secret=SECRET[::-1])
    assert status != 0
    assert "forbidden." in text
