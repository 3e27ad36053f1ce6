"""A tape in Massive's words, read by their own client in an environment of its own."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feeds.carried_content import MASSIVE, MS, Row, content_of
from feeds.gateway import DATE, simulated
from feeds.massive_host import KEY, serving
from zerodte.feeds.massive.conditions import numbers_of
from zerodte.records.condition import Condition

pytestmark = pytest.mark.drill

_SCRIPT = Path(__file__).parents[1] / "clients" / "massive_client.py"
_PYTHON = Path(os.environ.get("ZERODTE_MASSIVE", Path(sys.prefix) / "massive"), "bin", "python")
#: Four minutes in eight seconds.
SPEED = 30.0
#: Seconds of silence after which the tape is over.
SILENCE = 4.0


def read(address: str, *, key: str = KEY) -> tuple[int, str]:
    """What the client prints, and how it ends."""
    if not _PYTHON.exists():
        pytest.skip(f"no {_PYTHON}; `make .venv/massive-ready` sets it up")
    words = [address, key, "NVDA", DATE.isoformat(), f"{SILENCE:g}"]
    done = subprocess.run(
        [str(_PYTHON), str(_SCRIPT), *words],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def since(rows: Counter[Row], at: int) -> Counter[Row]:
    """The rows of a time (ms) and later."""
    return Counter({row: count for row, count in rows.items() if row[1] >= at})


def test_the_public_client_reads_every_trade_and_every_quote() -> None:
    tape = simulated(4)
    wanted = content_of(tape, MASSIVE)
    names = {raw: f"O:{raw.replace(' ', '')}" for raw in tape.symbols["OPRA.PILLAR"].values()}
    with serving(tape, SPEED) as host:
        status, text = read(host.address)
    assert status == 0, text
    answer: dict[str, Any] = json.loads(text)
    assert set(answer["contracts"]) == set(names.values())
    quoted = {(names[key[0]], key[2] / 1e9, key[3] / 1e9) for key in wanted.quotes}
    assert answer["chain"]
    assert {(name, *row[:2]) for name, row in answer["chain"].items()} <= quoted
    interest = {names[key[0]]: key[2] for key in wanted.interest}
    assert {name: row[2] for name, row in answer["chain"].items()} == {
        name: interest[name] for name in answer["chain"]
    }
    sent_trades: Counter[Row] = Counter()
    for (raw, at, price, size, code), count in wanted.trades.items():
        numbers = tuple(numbers_of(code))
        sent_trades[names[raw], at // MS, price / 1e9, size, numbers] += count
    sent_quotes: Counter[Row] = Counter()
    for (raw, at, bid, ask, bid_size, ask_size), count in wanted.quotes.items():
        sent_quotes[names[raw], at, bid / 1e9, ask / 1e9, bid_size, ask_size] += count
    trades = Counter(
        (*one[:4], tuple(one[4] or numbers_of(Condition.REGULAR)))
        for one in answer["stream"]["trades"]
    )
    quotes = Counter(tuple(one) for one in answer["stream"]["quotes"])
    # What passed before its subscription is all that it lacks.
    begin = min(one[1] for one in (*trades, *quotes)) + 1_000
    assert begin < tape.session.open // MS + 180_000
    assert since(trades, begin) == since(sent_trades, begin)
    assert since(quotes, begin) == since(sent_quotes, begin)
    assert sum(since(trades, begin).values()) > 300
    assert sum(since(quotes, begin).values()) > 1_000


def test_the_public_client_with_a_wrong_key_is_refused() -> None:
    with serving(simulated(4), 1.0) as host:
        status, text = read(host.address, key=KEY[::-1])
    assert status != 0
    assert "Unknown API Key" in text
