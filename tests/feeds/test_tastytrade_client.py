"""A tape in tastytrade's words, read by a public client of theirs in an environment of its own."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feeds.carried_content import content_of
from feeds.gateway import simulated
from feeds.tasty import REFRESH, SECRET, serving
from zerodte.feeds.tastytrade.chain import streamer_symbol
from zerodte.market.osi import parse_osi

pytestmark = pytest.mark.drill

_SCRIPT = Path(__file__).parents[1] / "clients" / "tastytrade_client.py"
_PYTHON = Path(
    os.environ.get("ZERODTE_TASTYTRADE", Path(sys.prefix) / "tastytrade"), "bin", "python"
)
#: Ten minutes in ten seconds.
SPEED = 60.0


def read(url: str, *, secret: str = SECRET) -> tuple[int, str]:
    """What the client prints, and how it ends."""
    if not _PYTHON.exists():
        pytest.skip(f"no {_PYTHON}; `make .venv/tastytrade-ready` sets it up")
    done = subprocess.run(
        [str(_PYTHON), str(_SCRIPT), url, secret, REFRESH, "NVDA", "8"],
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def test_a_public_client_reads_every_event() -> None:
    tape = simulated()
    wanted = content_of(tape)
    names = {raw: streamer_symbol(parse_osi(raw)) for raw in tape.symbols["OPRA.PILLAR"].values()}
    with serving(tape, SPEED) as host:
        status, text = read(host.url)
    assert status == 0, text
    answer: dict[str, Any] = json.loads(text)
    assert answer["expirations"] == sorted({parse_osi(raw).expiry.isoformat() for raw in names})
    assert set(answer["names"]) <= set(names.values())
    events = answer["events"]
    sent = {(names[key[0]], f"{key[2] / 1e9:g}", key[3]) for key in wanted.trades}
    sales = [
        (e["event_symbol"], f"{float(e['price']):g}", e["size"]) for e in events["TimeAndSale"]
    ]
    assert sales
    assert set(sales) <= sent
    indices = Counter((e["event_symbol"], e["index"], e["type"]) for e in events["TimeAndSale"])
    assert set(indices.values()) == {1}
    interest = {names[key[0]]: key[2] for key in wanted.interest}
    found = {e["event_symbol"]: e["open_interest"] for e in events["Summary"]}
    assert found == {name: interest[name] for name in answer["names"]}
    quoted = {(names[key[0]], f"{key[2] / 1e9:g}", f"{key[3] / 1e9:g}") for key in wanted.quotes}
    quotes = {
        (e["event_symbol"], f"{float(e['bid_price']):g}", f"{float(e['ask_price']):g}")
        for e in events["Quote"]
    }
    assert quotes
    assert quotes <= quoted


def test_a_public_client_with_a_wrong_key_is_refused() -> None:
    with serving(simulated(), 1.0) as host:
        status, text = read(host.url, secret=SECRET[::-1])
    assert status != 0
    assert "The grant is not valid" in text
