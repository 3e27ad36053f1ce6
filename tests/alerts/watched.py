"""Alerts on a short day that is read at once."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runtime.local_market import LocalMarket, RunLog
from zerodte.alerts.alert_file import alert_plan
from zerodte.alerts.alerts import Alerts
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.runtime.worker import Worker
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape

DATE = datetime.date(2024, 11, 27)
#: An event at every sample but the first.
EACH_SAMPLE = {"field": "series.t", "changes": True}


@contextmanager
def watched(
    tapes: Tape | Sequence[Tape],
    state: Path,
    targets: Mapping[str, Any],
    rules: Mapping[str, Any] | None = None,
    *,
    first_wait: float = 0.05,
    **rest: Any,
) -> Iterator[tuple[Alerts, LocalMarket[ReplayRunner]]]:
    """The alerts on tapes that are being read, for as long as the context lasts."""
    document = {"rules": rules or {"each": EACH_SAMPLE}, "targets": targets, **rest}
    runner = ReplayRunner(Stage(), [tapes] if isinstance(tapes, Tape) else tapes)
    alerts = Alerts(alert_plan(document), runner.stage, state, first_wait)
    market = LocalMarket(runner, LocalService(runner.stage), RunLog())
    worker = Worker(runner)
    alerts.start()
    worker.start(market.log)
    try:
        yield alerts, market
    finally:
        worker.stop()
        alerts.stop()
