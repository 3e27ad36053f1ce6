"""When a comparison fires: each keeps what it needs of a session's earlier samples.

They have no clock: time is that of the samples, UTC ns. An unknown value (None) changes nothing,
except for whoever waits for it.
"""

from bisect import insort
from dataclasses import dataclass
from typing import Final, Protocol

from zerodte.alerts.field_path import FieldValue

#: As many earlier moves make a median that a surge can be measured by.
FEWEST_MOVES: Final = 30


class Trigger(Protocol):
    """Sees a field sample by sample, and says when to alert."""

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:
        """Whether to alert now.

        Args:
            at: The sample's time, UTC ns; ascending.
            value: The field's; None while unknown.
            level: What it is compared with, if with anything; None while unknown.
        """
        ...


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """A distance from a level.

    Attributes:
        width: In the field's unit.
        percent: In percent of the level, on top of that.
    """

    width: float = 0.0
    percent: float = 0.0

    def at(self, level: float) -> float:
        """The distance from a level, in the field's unit."""
        return self.width + abs(level) * self.percent / 100.0


class _Latch:
    """Goes on once, and off again only a way back."""

    def __init__(self) -> None:
        self._is_on = False

    def goes_on(self, excess: float, hysteresis: float) -> bool:
        """Whether it goes on now.

        Args:
            excess: What the value is over its limit.
            hysteresis: The way back.
        """
        if self._is_on:
            self._is_on = excess > -hysteresis
            return False
        self._is_on = excess > 0.0
        return self._is_on


class AboveTrigger:
    """Fires when a number comes to be above a level, or below it.

    Args:
        hysteresis: How far back it has to be before this can fire again.
        sign: 1 for above, -1 for below.
    """

    def __init__(self, hysteresis: Hysteresis, sign: int = 1) -> None:
        self._latch = _Latch()
        self._hysteresis = hysteresis
        self._sign = sign

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:  # noqa: ARG002
        """Also at the first sample, if it is above by then."""
        if value is None or level is None:
            return False
        excess = self._sign * (_number(value) - level)
        return self._latch.goes_on(excess, self._hysteresis.at(level))


class CrossTrigger:
    """Fires when a number passes from one side of a level to the other.

    Args:
        hysteresis: How far beyond the level the other side begins.
    """

    def __init__(self, hysteresis: Hysteresis) -> None:
        self._hysteresis = hysteresis
        self._side = 0

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:  # noqa: ARG002
        """Not before one side is known."""
        if value is None or level is None:
            return False
        excess, width = _number(value) - level, self._hysteresis.at(level)
        side = (excess > width) - (excess < -width)
        if side in (0, self._side):
            return False
        is_other = self._side != 0
        self._side = side
        return is_other


class BecomeTrigger:
    """Fires when a text or boolean becomes the one waited for.

    Args:
        wanted: That one.
    """

    def __init__(self, wanted: FieldValue) -> None:
        self._wanted = wanted
        self._is_on = False

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:  # noqa: ARG002
        """Also at the first sample, if it is so by then."""
        if value is None:
            return False
        was_on, self._is_on = self._is_on, value == self._wanted
        return self._is_on and not was_on


class ChangeTrigger:
    """Fires when a field is another than it was.

    Args:
        hysteresis: A number has to be farther than this from what it was, in the field's unit.
    """

    def __init__(self, hysteresis: float) -> None:
        self._hysteresis = hysteresis
        self._last: FieldValue = None

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:  # noqa: ARG002
        """Not before something is known that it can be another than."""
        if value is None:
            return False
        last = self._last
        if last is None:
            self._last = value
            return False
        if isinstance(value, float) and isinstance(last, float):
            is_other = abs(value - last) > self._hysteresis
        else:
            is_other = value != last
        if is_other:
            self._last = value
        return is_other


class MoveTrigger:
    """Fires when a number has moved far within some minutes, either way.

    Args:
        span: The minutes, ns.
        limit: How far: in the field's unit, or in medians.
        hysteresis: How much smaller the move has to be before this can fire again, likewise.
        is_relative: Whether a move is measured by the median of the session's earlier ones.
    """

    def __init__(self, span: int, limit: float, hysteresis: float, *, is_relative: bool) -> None:
        self._span = span
        self._limit = limit
        self._latch, self._hysteresis = _Latch(), hysteresis
        self._is_relative = is_relative
        self._values: dict[int, float] = {}
        self._moves: list[float] = []

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:  # noqa: ARG002
        """Not before there is a value to have moved from, and moves enough to measure it by."""
        start = at - self._span
        before = self._values.get(start)
        self._values = {time: one for time, one in self._values.items() if time > start}
        if value is None:
            return False
        self._values[at] = number = _number(value)
        if before is None:
            return False
        size = abs(number - before)
        if self._is_relative:
            usual = _median(self._moves)
            insort(self._moves, size)
            if not usual:
                return False
            size /= usual
        return self._latch.goes_on(size - self._limit, self._hysteresis)


class UnknownTrigger:
    """Fires when a field has been unknown for some minutes.

    Args:
        span: The minutes, ns.
    """

    def __init__(self, span: int) -> None:
        self._span = span
        self._known: int | None = None
        self._is_on = False

    def fires(self, at: int, value: FieldValue, level: float | None) -> bool:  # noqa: ARG002
        """Counts from when it was known last, or from the first sample."""
        if value is not None or self._known is None:
            self._known = at
        if value is not None:
            self._is_on = False
            return False
        was_on, self._is_on = self._is_on, at - self._known >= self._span
        return self._is_on and not was_on


def _number(value: FieldValue) -> float:
    """The value of a field of numbers; of another field, which no rule compares so, NaN."""
    return value if isinstance(value, float) else float("nan")


def _median(ordered: list[float]) -> float | None:
    """The median of numbers in order; None of too few."""
    count = len(ordered)
    if count < FEWEST_MOVES:
        return None
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2.0
