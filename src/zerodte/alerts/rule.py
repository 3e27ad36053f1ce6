"""A rule: what is watched, when it fires, how often, for whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from zerodte.alerts.field_path import FieldPath, FieldValue
from zerodte.alerts.session_time import CLOSE, OPEN, SessionTime
from zerodte.alerts.trigger import (
    AboveTrigger,
    BecomeTrigger,
    ChangeTrigger,
    CrossTrigger,
    Hysteresis,
    MoveTrigger,
    Trigger,
    UnknownTrigger,
)

ComparisonName: TypeAlias = Literal[
    "above", "below", "crosses", "becomes", "changes", "moves", "surges", "unknown"
]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A rule.

    Attributes:
        name: Its name, part of the key of its events.
        field: The field that it watches.
        comparison: How.
        operand: What the field is compared with: a number, a text, a boolean, or another field, as
            it was at the sample before.
        over: Of a move, a surge and the unknown: the time it takes, ns.
        hysteresis: How far back the field has to be before the rule can fire again, in its unit.
        hysteresis_pct: The same in percent of the level, on top of that.
        cool_down: After an event no other one for so long, for the same symbol, ns.
        ignore: Texts that count as unknown.
        start: From when on it looks.
        end: The last time at which it looks.
        symbols: Whose samples it looks at; empty for all.
    """

    name: str
    field: FieldPath
    comparison: ComparisonName
    operand: FieldValue | FieldPath
    over: int = 0
    hysteresis: float = 0.0
    hysteresis_pct: float = 0.0
    cool_down: int = 0
    ignore: frozenset[str] = frozenset()
    start: SessionTime = OPEN
    end: SessionTime = CLOSE
    symbols: frozenset[str] = frozenset()

    @property
    def answers(self) -> frozenset[str]:
        """The answers that it reads: snapshot, series."""
        operand = self.operand
        other = {operand.answer} if isinstance(operand, FieldPath) else set()
        return frozenset({self.field.answer} | other)

    @property
    def level(self) -> float | None:
        """The number that the field is compared with; None where there is none, or a field's."""
        is_level = self.comparison in LEVEL_COMPARISONS and isinstance(self.operand, float)
        return self.operand if is_level else None  # type: ignore[return-value]

    def trigger(self) -> Trigger:
        """A trigger for one symbol and session."""
        return _TRIGGERS[self.comparison](self)


#: Those that compare a number with a level.
LEVEL_COMPARISONS: Final[tuple[ComparisonName, ...]] = ("above", "below", "crosses")
#: Those that take some minutes.
SPAN_COMPARISONS: Final[tuple[ComparisonName, ...]] = ("moves", "surges", "unknown")
_TRIGGERS: Final[Mapping[ComparisonName, Callable[[AlertRule], Trigger]]] = {
    "above": lambda rule: AboveTrigger(_distance(rule)),
    "below": lambda rule: AboveTrigger(_distance(rule), -1),
    "crosses": lambda rule: CrossTrigger(_distance(rule)),
    "becomes": lambda rule: BecomeTrigger(_value(rule)),
    "changes": lambda rule: ChangeTrigger(rule.hysteresis),
    "moves": lambda rule: MoveTrigger(rule.over, _limit(rule), rule.hysteresis, is_relative=False),
    "surges": lambda rule: MoveTrigger(rule.over, _limit(rule), rule.hysteresis, is_relative=True),
    "unknown": lambda rule: UnknownTrigger(rule.over),
}
COMPARISONS: Final = tuple(_TRIGGERS)


def _distance(rule: AlertRule) -> Hysteresis:
    return Hysteresis(rule.hysteresis, rule.hysteresis_pct)


def _value(rule: AlertRule) -> FieldValue:
    return None if isinstance(rule.operand, FieldPath) else rule.operand


def _limit(rule: AlertRule) -> float:
    return rule.operand if isinstance(rule.operand, float) else 0.0
