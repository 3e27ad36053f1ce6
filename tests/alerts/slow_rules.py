"""Rules decided the slow way: each sample from all samples before it, without any state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

FEWEST = 30


@dataclass(frozen=True)
class SlowRule:
    """A rule as a file says it; times in minutes.

    `values` and `levels` below are what its field and the level were at each sample in its hours.
    """

    comparison: str
    operand: Any
    hysteresis: float = 0.0
    percent: float = 0.0
    minutes: int = 0
    cool_down: int = 0


def fired(
    rule: SlowRule, times: Sequence[float], values: Sequence[Any], levels: Sequence[float | None]
) -> list[int]:
    """The samples, by position, at which the rule makes an event; times are in minutes."""
    events: list[int] = []
    for position in range(len(values)):
        if not _DECIDE[rule.comparison](rule, times, values, levels, position):
            continue
        if events and times[position] - times[events[-1]] < rule.cool_down:
            continue
        events.append(position)
    return events


def _width(rule: SlowRule, level: float) -> float:
    """How far back, or beyond a level, is far enough."""
    return rule.hysteresis + rule.percent / 100 * abs(level)


def _excesses(
    rule: SlowRule,
    values: Sequence[Any],
    levels: Sequence[float | None],
    sign: int,
    upto: int,
) -> list[tuple[float, float]]:
    """How far each known value is over its level, and the value before it over the same level.

    `upto` is left out, but for the value before it. With each its width.
    """
    found, before = [], None
    for position, level in enumerate(levels[: upto + 1]):
        pair = (before,) if position == upto else (before, values[position])
        if level is not None:
            width = _width(rule, level)
            found += [(sign * (each - level), width) for each in pair if each is not None]
        before = before if values[position] is None else values[position]
    return found


def _goes_on(excesses: Sequence[tuple[float, float]], now: float) -> bool:
    """Whether the last that decided before was a return, and now it is over."""
    decisive = [each for each, width in excesses if each > 0 or each <= -width]
    return now > 0 and not (decisive and decisive[-1] > 0)


def _level(sign: int) -> Callable[..., bool]:
    def decide(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
        if values[at] is None or levels[at] is None:
            return False
        before = _excesses(rule, values, levels, sign, at)
        return _goes_on(before, sign * (values[at] - levels[at]))

    return decide


def _crosses(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
    if values[at] is None or levels[at] is None:
        return False
    now = values[at] - levels[at]
    before = _excesses(rule, values, levels, 1, at)
    beyond = [each for each, width in before if abs(each) > width]
    is_beyond = abs(now) > _width(rule, levels[at])
    return is_beyond and bool(beyond) and (beyond[-1] > 0) != (now > 0)


def _becomes(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
    known = [value for value in values[:at] if value is not None]
    return bool(values[at] == rule.operand) and known[-1:] != [rule.operand]


def _changes(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
    if values[at] is None:
        return False
    last = None
    for value in values[:at]:
        if value is not None and (last is None or _is_other(last, value, rule.hysteresis)):
            last = value
    return last is not None and _is_other(last, values[at], rule.hysteresis)


def _is_other(last: Any, value: Any, hysteresis: float) -> bool:
    if isinstance(value, str):
        return bool(value != last)
    return bool(abs(value - last) > hysteresis)


def _size(minutes: int, times: Sequence[float], values: Sequence[Any], at: int) -> float | None:
    """How far a value is from the one so many minutes ago."""
    earlier = [v for t, v in zip(times, values, strict=True) if t == times[at] - minutes]
    if values[at] is None or not earlier or earlier[0] is None:
        return None
    return float(abs(values[at] - earlier[0]))


def _moves(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
    sizes = [_size(rule.minutes, times, values, each) for each in range(at + 1)]
    if sizes[at] is None:
        return False
    before = [(size - rule.operand, rule.hysteresis) for size in sizes[:at] if size is not None]
    return _goes_on(before, sizes[at] - rule.operand)


def _surges(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
    sizes = [_size(rule.minutes, times, values, each) for each in range(at + 1)]
    measures: list[float | None] = []
    for position, size in enumerate(sizes):
        earlier = [each for each in sizes[:position] if each is not None]
        usual = median(earlier) if len(earlier) >= FEWEST else 0.0
        measures.append(size / usual if size is not None and usual else None)
    if measures[at] is None:
        return False
    earlier = [each - rule.operand for each in measures[:at] if each is not None]
    return _goes_on([(each, rule.hysteresis) for each in earlier], measures[at] - rule.operand)


def _unknown(rule, times, values, levels, at) -> bool:  # type: ignore[no-untyped-def]
    def is_on(position: int) -> bool:
        known = [t for t, v in zip(times[: position + 1], values, strict=False) if v is not None]
        since = known[-1] if known else times[0]
        return values[position] is None and times[position] - since >= rule.minutes

    return is_on(at) and not (at > 0 and is_on(at - 1))


_DECIDE: dict[str, Callable[..., bool]] = {
    "above": _level(1),
    "below": _level(-1),
    "crosses": _crosses,
    "becomes": _becomes,
    "changes": _changes,
    "moves": _moves,
    "surges": _surges,
    "unknown": _unknown,
}
