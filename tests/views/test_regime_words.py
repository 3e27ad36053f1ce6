"""What the regime's sentence says where calls and puts cancel, or nearly."""

import json
import re
from typing import Any

from session.day import Day, ask
from session.generated import FAULTS, priced, send, with_fault
from session.usual import STRIKES


def regime_of(calls: int, puts: int) -> dict[str, Any]:
    """At noon, with so many contracts of open interest at each strike."""
    rows = priced(STRIKES, 500.0, 150, vol=0.4, oi=[(calls, puts)] * len(STRIKES))
    found: dict[str, Any] = ask(send(Day(), rows, "12:00", 500.0).session)["regime"]
    return found


def test_nothing_is_unknown_where_calls_and_puts_cancel() -> None:
    found = regime_of(100, 100)
    assert found["label"] == "unknown"
    assert found["description"].endswith("but its sign is not claimed: calls and puts cancel.")


def test_a_magnet_of_negative_gamma_repels() -> None:
    """It has of the pin score no more than the part of proximity, and the text says why."""
    rows = priced(STRIKES, 500.0, 150, vol=0.4, oi=[(100, 300)] * len(STRIKES))
    answer = ask(send(Day(), rows, "12:00", 500.0).session)
    pin = answer["pin_risk"]
    assert answer["pin_risk"]["magnet_gex"] < 0.0
    parts = pin["components"]
    assert pin["pin_score"] == round(0.25 * parts["proximity_score"])
    assert parts["oi_score"] > 0
    assert "its net GEX is negative, so it repels" in pin["description"]


def test_a_sign_that_comes_back_is_claimed_once_it_has_lasted() -> None:
    rows = priced(STRIKES, 500.0, 150, vol=0.4, oi=[(200, 100)] * len(STRIKES))
    near = [n for n, row in enumerate(rows) if abs(row.strike - 500.0) < 8.0]
    doubted = list(rows)
    for n in near:
        for right in "CP":
            doubted[n] = with_fault(doubted[n], right, FAULTS["zero bid"])
    day, found = Day(), []
    for n in range(20):
        clock = f"12:{n // 2:02}:{'20' if n % 2 == 0 else '50'}"
        send(day, doubted if n < 4 or 8 <= n < 12 else rows, clock, 500.0)
        found.append(ask(day.session)["regime"])
    assert [one["label"] for one in found[2:4]] == ["unknown"] * 2
    assert "its sign is not claimed" in found[3]["description"]
    assert found[4]["description"].endswith("its sign is claimed at the next sample.")
    assert found[5]["label"] == "positive_gamma"
    assert [one["label"] for one in found[9:16]] == ["unknown"] * 7
    assert "its sign is not claimed" in found[11]["description"]
    assert found[13]["description"].endswith("again only when it has lasted 2 minutes.")
    assert found[-1]["label"] == "positive_gamma"


def test_a_small_share_of_the_gross_tells_no_story() -> None:
    """Of gamma that is the same for a call and a put, net over gross is that of open interest."""
    found = regime_of(110, 100)
    assert found["label"] == "positive_gamma"
    (share,) = re.findall(r"([0-9.]+)% of the gross", found["description"])
    assert float(share) == round(1000 / 210, 1)
    assert "dealers" not in json.dumps(found["description"])
    clear = regime_of(120, 100)
    assert "sell rallies and buy dips" in clear["description"]
