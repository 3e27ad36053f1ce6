"""Rules over samples: against a slow twin, and days that can be decided by hand."""

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.slow_rules import SlowRule, fired
from zerodte.alerts.alert_file import alert_plan
from zerodte.alerts.evaluation import AlertSample, Evaluation
from zerodte.alerts.event import AlertEvent, event_key
from zerodte.clock import new_york
from zerodte.constants import MINUTE
from zerodte.market.calendar import calendar

DATE = datetime.date(2026, 5, 27)
OPEN = new_york(DATE, datetime.time(9, 30))
TARGETS = {"desk": {"kind": "command", "command": ["true"]}}


def decided(
    table: dict[str, Any], samples: Sequence[AlertSample], date: datetime.date = DATE
) -> list[AlertEvent]:
    """The events of one rule over samples."""
    plan = alert_plan({"rules": {"watched": table}, "targets": TARGETS})
    hours = calendar().session(date)
    assert hours is not None
    evaluation = Evaluation(plan.rules, hours)
    return [event for sample in samples for event in evaluation.events(sample)]


def bars(rows: Sequence[dict[str, Any]], minutes: Sequence[float] = ()) -> list[AlertSample]:
    """Samples of SPX with these fields of the series, each 30 seconds."""
    times = minutes or [(number + 1) / 2 for number in range(len(rows))]
    return [
        AlertSample("SPX", OPEN + round(time * MINUTE), "replay", row, None)
        for time, row in zip(times, rows, strict=True)
    ]


def minutes_of(events: Sequence[AlertEvent]) -> list[float]:
    """When events were, in minutes after the open."""
    return [event.at.timestamp() / 60 - OPEN / MINUTE for event in events]


NUMBERS = st.none() | st.integers(-4, 4).map(float)
TEXTS = st.none() | st.sampled_from(["positive_gamma", "negative_gamma"])
HYSTERESIS = st.sampled_from([0.0, 1.0, 2.0])
SKIPS = st.sets(st.integers(1, 60), max_size=10)


@given(
    comparison=st.sampled_from(["above", "below", "crosses"]),
    values=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=60),
    level=st.none() | st.integers(-3, 3).map(float),
    hysteresis=HYSTERESIS,
    percent=st.sampled_from([0.0, 25.0, 50.0]),  # of small whole levels, so exact
    cool_down=st.sampled_from([0, 1, 3]),
    skips=SKIPS,
)
@example("above", [(1.0, 0.0), (1.0, 0.0)], None, 0.0, 0.0, 0, set())
def test_levels_are_decided_as_the_slow_way(
    comparison: str,
    values: list[tuple[float | None, float | None]],
    level: float | None,
    hysteresis: float,
    percent: float,
    cool_down: int,
    skips: set[int],
) -> None:
    rows = [{"spot": spot, "call_wall": wall} for spot, wall in values]
    times = [(number + 1) / 2 for number in range(len(rows) + len(skips)) if number not in skips]
    times = times[: len(rows)]
    table: dict[str, Any] = {"field": "series.spot", "hysteresis": hysteresis}
    table |= {"hysteresis_pct": percent}
    table |= {comparison: "series.call_wall" if level is None else level, "cool_down": cool_down}
    levels: list[float | None] = [level] * len(rows)
    if level is None:  # the wall that was known last before
        levels, last = [], None
        for _, wall in values:
            levels.append(last)
            last = last if wall is None else wall
    rule = SlowRule(comparison, level, hysteresis, percent, cool_down=cool_down)
    slow = fired(rule, times, [spot for spot, _ in values], levels)
    events = decided(table, bars(rows, times))
    assert minutes_of(events) == [times[position] for position in slow]
    assert [event.level for event in events] == [levels[position] for position in slow]


@pytest.mark.drill
@given(
    comparison=st.sampled_from(["changes", "moves", "surges", "unknown"]),
    values=st.lists(NUMBERS, max_size=90) | st.lists(st.integers(0, 40).map(float), min_size=60),
    hysteresis=HYSTERESIS,
    span=st.sampled_from([1, 2, 5]),
    limit=st.sampled_from([1.0, 2.0, 3.0]),
    skips=SKIPS,
)
@settings(max_examples=200)
def test_numbers_in_time_are_decided_as_the_slow_way(
    comparison: str,
    values: list[float | None],
    hysteresis: float,
    span: int,
    limit: float,
    skips: set[int],
) -> None:
    times = [(number + 1) / 2 for number in range(len(values) + len(skips)) if number not in skips]
    times = times[: len(values)]
    table: dict[str, Any] = {"field": "series.spot"}
    table[comparison] = limit if comparison in ("moves", "surges") else True
    if comparison != "unknown":
        table["hysteresis"] = hysteresis
    if comparison != "changes":
        table["minutes"] = span
    rule = SlowRule(comparison, limit, hysteresis, minutes=span)
    slow = fired(rule, times, values, [None] * len(values))
    events = decided(table, bars([{"spot": value} for value in values], times))
    assert minutes_of(events) == [times[position] for position in slow]
    assert [event.value for event in events] == [values[position] for position in slow]


@given(values=st.lists(TEXTS, max_size=40), is_change=st.booleans(), cool_down=st.integers(0, 3))
def test_texts_are_decided_as_the_slow_way(
    values: list[str | None], is_change: bool, cool_down: int
) -> None:
    comparison = "changes" if is_change else "becomes"
    wanted = True if is_change else "negative_gamma"
    rule = SlowRule(comparison, wanted, cool_down=cool_down)
    times = [(number + 1) / 2 for number in range(len(values))]
    slow = fired(rule, times, values, [None] * len(values))
    table = {"field": "series.regime", comparison: wanted, "cool_down": cool_down}
    events = decided(table, bars([{"regime": value} for value in values], times))
    assert minutes_of(events) == [times[position] for position in slow]


def test_a_wall_that_moves_onto_spot_was_not_broken_by_it() -> None:
    rows = [
        {"spot": 589.9, "call_wall": 590.0},
        {"spot": 589.9, "call_wall": 589.0},  # the wall comes down; spot stands
        {"spot": 589.8, "call_wall": 590.0},
        {"spot": 590.1, "call_wall": 593.0},  # spot passes the wall that stood
        {"spot": 590.2, "call_wall": 593.0},
    ]
    table = {"field": "series.spot", "above": "series.call_wall", "from": "open"}
    found = decided(table, bars(rows))
    assert [(event.before, event.value, event.level) for event in found] == [(589.8, 590.1, 590.0)]


def test_a_text_that_is_ignored_counts_as_unknown() -> None:
    labels = ["positive_gamma", "unknown", "positive_gamma", "unknown", "negative_gamma"]
    rows = [{"regime": label, "spot": 5000.0} for label in labels]
    table = {"field": "series.regime", "changes": True, "ignore": ["unknown"]}
    (event,) = decided(table, bars(rows))
    assert (event.before, event.value) == ("positive_gamma", "negative_gamma")
    assert event.message == (
        "SPX watched at 09:32:30 New York: regime is negative_gamma, before positive_gamma; "
        "spot 5,000"
    )


@pytest.mark.parametrize(
    ("date", "start", "end", "first", "last"),
    [
        (DATE, "open", "close", 0.5, 390),
        (DATE, "10:00", "15:59", 30, 389),
        (DATE, "open+15", "close-30", 15, 360),
        (datetime.date(2026, 11, 27), "open+15", "close-30", 15, 180),  # an early close, 13:00
        (datetime.date(2026, 3, 9), "10:00", "15:59", 30, 389),  # the Monday after the clock change
    ],
)
def test_a_rule_looks_in_its_hours_alone(
    date: datetime.date, start: str, end: str, first: float, last: float
) -> None:
    session = calendar().session(date)
    assert session is not None
    table = {"field": "series.spot", "changes": True, "from": start, "until": end}
    count = round(session.minutes * 2)
    samples = [
        AlertSample("SPX", session.open + (n + 1) * MINUTE // 2, "live", {"spot": float(n)}, None)
        for n in range(count)
    ]
    found = [
        event.at.timestamp() / 60 - session.open / MINUTE for event in decided(table, samples, date)
    ]
    # A change needs a sample before, so the first event is half a minute after the first look.
    assert (found[0], found[-1]) == (first + 0.5, last)


def test_symbols_are_watched_apart_and_by_their_underlying() -> None:
    table = {"field": "series.spot", "above": 1, "symbols": ["spxw", "SPY"]}
    samples = [
        AlertSample(symbol, OPEN + MINUTE, "live", {"spot": 2.0}, None)
        for symbol in ("IWM", "SPX", "SPY")
    ]
    assert [event.symbol for event in decided(table, samples)] == ["SPX", "SPY"]


def test_an_event_has_one_key_whoever_decides_it() -> None:
    at = OPEN + MINUTE
    keys = {
        (source, symbol, rule): event_key(source, rule, symbol, at)
        for source in ("live", "replay", "simulated")
        for symbol in ("SPX", "SPY")
        for rule in ("a", "b")
    }
    assert keys["live", "SPX", "a"] == keys["replay", "SPX", "a"]
    assert len(set(keys.values())) == 8
    assert event_key("live", "a", "SPX", at + MINUTE) not in keys.values()
