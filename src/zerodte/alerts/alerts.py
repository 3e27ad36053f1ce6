"""The alerts of a server: a watcher of its stage, an outbox, and a delivery for each target."""

from collections.abc import Sequence
from pathlib import Path

from zerodte.alerts.alert_file import AlertPlan
from zerodte.alerts.delivery import Delivery
from zerodte.alerts.event import AlertEvent
from zerodte.alerts.outbox import Outbox
from zerodte.alerts.stats import AlertStats
from zerodte.alerts.watcher import Watcher
from zerodte.logs import log
from zerodte.service.stage import Stage


class Alerts:
    """Decides events and delivers them, beside whatever advances the stage.

    Args:
        plan: Rules and targets.
        stage: The stage whose sessions are watched.
        state: The file of the outbox.
        first_wait: Seconds before a failed attempt is repeated for the first time.

    Raises:
        OutboxError: The file cannot be used.
    """

    def __init__(self, plan: AlertPlan, stage: Stage, state: Path, first_wait: float = 1.0) -> None:
        self._plan = plan
        self._outbox = Outbox(state, plan.most_waiting)
        self._watcher = Watcher(stage, plan.rules, self._add)
        self._deliveries = [Delivery(each, self._outbox, first_wait) for each in plan.targets]
        stage.alert_warnings = lambda: self.warnings

    def start(self) -> None:
        """Start, before the stage shows its first session; what waits is delivered at once."""
        log("alerts", rules=len(self._plan.rules), targets=len(self._plan.targets))
        for delivery in self._deliveries:
            delivery.start()
        self._watcher.start()

    def stop(self) -> None:
        """Stop; what was not delivered waits in the outbox."""
        self._watcher.stop()
        for delivery in self._deliveries:
            delivery.stop()
        for delivery in self._deliveries:
            delivery.join()
        self._outbox.close()

    @property
    def warnings(self) -> Sequence[str]:
        """What is wrong, for everybody: a target is said by its name alone."""
        failing = [each.target.name for each in self._deliveries if each.problem is not None]
        said = [f"the alert target {name} takes nothing now" for name in failing]
        return [self._watcher.problem, *said] if self._watcher.problem else said

    def stats(self) -> AlertStats:
        """The counts by target."""
        waiting = self._outbox.waiting
        return AlertStats(
            sent={each.target.name: each.sent for each in self._deliveries},
            failed={each.target.name: each.failed for each in self._deliveries},
            dropped={each.target.name: each.dropped for each in self._deliveries},
            waiting={each.target.name: waiting[each.target.name] for each in self._deliveries},
        )

    def _add(self, events: Sequence[AlertEvent]) -> None:
        """Put events into the outbox; the oldest go where there is no room."""
        dropped = self._outbox.add(self._plan.targets, events)
        for event in events:
            log("alert", rule=event.rule, symbol=event.symbol, at=event.at.isoformat(), id=event.id)
        for delivery in self._deliveries:
            if count := dropped[delivery.target.name]:
                delivery.drop(count)
            delivery.wake()
