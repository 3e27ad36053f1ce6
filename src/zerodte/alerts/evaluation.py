"""Rules over the samples of one session: samples in, events out, without a clock or I/O.

What an event depends on is its session alone, from the first sample on. So whoever reads the same
samples decides the same events, at any speed, live or replayed, however often it was restarted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from zerodte.alerts.event import AlertEvent, alert_event
from zerodte.alerts.field_path import SERIES, SNAPSHOT, FieldPath, FieldValue
from zerodte.alerts.rule import AlertRule
from zerodte.alerts.trigger import Trigger
from zerodte.market.calendar import TradingSession
from zerodte.wire.envelope import Source


@dataclass(frozen=True, slots=True)
class AlertSample:
    """A sample of a symbol, as the wire has it.

    Attributes:
        symbol: The underlying.
        at: Its time, UTC ns.
        source: live, replay or simulated.
        series: The series bar, decoded.
        snapshot: The snapshot, decoded; None where it cannot be answered.
    """

    symbol: str
    at: int
    source: Source
    series: Mapping[str, Any]
    snapshot: Mapping[str, Any] | None

    def read(self, field: FieldPath) -> FieldValue:
        """A field's value; None while unknown."""
        return field.read({SERIES: self.series, SNAPSHOT: self.snapshot}[field.answer])


class Evaluation:
    """The rules over one session.

    Args:
        rules: The rules.
        hours: The session's.
    """

    def __init__(self, rules: Sequence[AlertRule], hours: TradingSession) -> None:
        self._rules = [(rule, rule.start.instant(hours), rule.end.instant(hours)) for rule in rules]
        self._date = hours.date
        self._watches: dict[tuple[str, str], _Watch] = {}

    def events(self, sample: AlertSample) -> list[AlertEvent]:
        """The events of a sample, by the order of the rules.

        Args:
            sample: A sample of any symbol; those of each ascend in time.
        """
        found = []
        for rule, start, end in self._rules:
            if not start <= sample.at <= end:
                continue
            if rule.symbols and sample.symbol not in rule.symbols:
                continue
            of = rule.name, sample.symbol
            watch = self._watches.get(of)
            if watch is None:
                watch = self._watches[of] = _Watch(rule)
            if (event := watch.see(sample, self._date)) is not None:
                found.append(event)
        return found


class _Watch:
    """One rule over the samples of one symbol."""

    def __init__(self, rule: AlertRule) -> None:
        self._rule = rule
        self._trigger: Trigger = rule.trigger()
        self._level = rule.level
        self._before: FieldValue = None
        self._last: int | None = None

    def see(self, sample: AlertSample, session: date) -> AlertEvent | None:
        """Look at a sample; the event that it makes, if any."""
        rule, level, before = self._rule, self._level, self._before
        value = sample.read(rule.field)
        if value in rule.ignore:
            value = None
        if isinstance(rule.operand, FieldPath):
            # Where the field was of the level that stands now; so one that moves past it alone
            # makes no event.
            self._trigger.fires(sample.at, before, level)
        fires = self._trigger.fires(sample.at, value, level)
        if value is not None:
            self._before = value
        if isinstance(rule.operand, FieldPath):
            moved = sample.read(rule.operand)
            self._level = moved if isinstance(moved, float) else self._level
        if not fires or self._is_cooling(sample.at):
            return None
        self._last = sample.at
        spot = sample.series.get("spot")
        return alert_event(
            rule=rule.name,
            symbol=sample.symbol,
            at=sample.at,
            session=session,
            source=sample.source,
            field=rule.field.text,
            comparison=rule.comparison,
            value=value,
            before=before,
            level=level,
            spot=None if spot is None else float(spot),
        )

    def _is_cooling(self, at: int) -> bool:
        return self._last is not None and at - self._last < self._rule.cool_down
