"""Alerts on a short day that is read at once."""

import datetime
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alerts.hook_server import HookRequest, HookServer
from runtime.local_market import LocalMarket, RunLog
from zerodte.alerts.alert_file import alert_plan
from zerodte.alerts.alerts import Alerts
from zerodte.runtime.market_thread import MarketThread
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.service.local_service import LocalService
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape

DATE = datetime.date(2024, 11, 27)
MINUTES = 10
SYMBOLS = ("IWM", "SPY")
#: Of the rule below, which fires at every sample but the first, of each symbol.
EVENTS = (2 * MINUTES - 1) * len(SYMBOLS)
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
    thread = MarketThread(runner)
    alerts.start()
    thread.start(market.log)
    try:
        yield alerts, market
    finally:
        thread.stop()
        alerts.stop()


def hook(server: HookServer, **rest: Any) -> dict[str, Any]:
    """The table of a webhook."""
    return {"kind": "webhook", "url": server.url, **rest}


def keys(requests: Sequence[HookRequest]) -> list[str]:
    """The keys, each once, in the order of its first request."""
    return list(dict.fromkeys(request.headers["idempotency-key"] for request in requests))


def until(is_so: Callable[[], object], within: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
