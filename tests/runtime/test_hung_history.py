"""A store that hangs holds up those who ask about the past, for a while, and nobody else."""

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from runtime.feeds_on_ports import eventually
from runtime.local_market import LocalMarket, ready
from server.ports import served
from session.synthetic import synthetic_tape
from zerodte.feeds.synthetic_tape import SYMBOL
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings
from zerodte.service.session_store import SessionStore
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape

FLOW = "/v1/flow/zero-dte"
LONG = 60.0


class HangingHistory(History):
    """A history whose reads hang until it is released."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.released = threading.Event()
        self.reads = 0

    def read(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """Hang, then read."""
        self.reads += 1
        assert self.released.wait(LONG)
        return super().read(date, symbol)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return synthetic_tape(tmp_path_factory.mktemp("tape"), datetime.date(2024, 11, 27))


@contextmanager
def hanging(
    tape: Tape, root: Path, seconds: float
) -> Iterator[tuple[HangingHistory, LocalMarket[ReplayRunner], httpx.Client]]:
    """A served market whose history hangs, with so many seconds of patience."""
    history = HangingHistory(str(root))
    store = SessionStore(history, read_seconds=seconds)
    with (
        ready(ReplayRunner(Stage(store), [tape])) as market,
        served(create_app(market.service, ServerSettings())) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=LONG) as client,
    ):
        try:
            yield history, market, client
        finally:
            history.released.set()


def past(day: int) -> str:
    return f"{FLOW}/series/{SYMBOL}?at=2024-10-{day:02}T12:00:00"


@pytest.mark.drill
def test_nobody_waits_for_who_asks_about_the_past(tape: Tape, tmp_path: Path) -> None:
    with (
        hanging(tape, tmp_path, LONG) as (history, _, client),
        ThreadPoolExecutor(24) as asking,
    ):
        asked = [asking.submit(client.get, past(1 + number)) for number in range(24)]
        eventually(lambda: history.reads >= 4)
        for number in range(1, 30):
            path = f"{FLOW}/snapshot/{SYMBOL}?strike_range=0.0{number:02}"
            assert client.get(path).status_code == 200
        today = client.get(f"{FLOW}/series/{SYMBOL}?at=2024-11-27T10:30:00")
        assert today.json()["bars"]
        assert client.get("/health").json()["status"] == "Healthy"
        assert "zerodte_ticks_total" in client.get("/metrics").text
        assert not any(question.done() for question in asked)
        history.released.set()
        assert {question.result().status_code for question in asked} == {200}


@pytest.mark.drill
def test_a_store_that_does_not_respond_is_said(tape: Tape, tmp_path: Path) -> None:
    with hanging(tape, tmp_path, 0.2) as (history, market, client):
        for day in range(1, 12):
            answer = client.get(past(day))
            assert (answer.status_code, answer.json()["error"]) == (503, "history_unavailable")
            assert "does not respond" in answer.json()["message"]
        assert history.reads == 4, "no more threads are held up"
        health = client.get("/health")
        assert health.status_code == 200
        (warning,) = health.json()["warnings"]
        assert f"{tmp_path}: the store does not respond" in warning
        history.released.set()
        eventually(lambda: not market.health.warnings)
        assert client.get(past(1)).json()["bars"] == []


def test_a_server_that_stops_lets_nobody_wait(tape: Tape, tmp_path: Path) -> None:
    with (
        hanging(tape, tmp_path, LONG) as (history, market, client),
        ThreadPoolExecutor(1) as asking,
    ):
        asked = asking.submit(client.get, past(1))
        eventually(lambda: history.reads)
        store = market.runner.stage.store
        assert store is not None
        store.stop_reading()
        assert asked.result(timeout=LONG / 2).status_code == 503
        assert client.get(past(2)).status_code == 503
