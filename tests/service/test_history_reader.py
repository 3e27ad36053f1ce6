"""Reads of a store that hangs: the problem is told until the store answers again."""

import datetime
import threading

import pytest

from runtime.feeds_on_ports import eventually
from zerodte.history.error import StoreError
from zerodte.history.stored import StoredSession
from zerodte.service.history_reader import HistoryReader

DATE = datetime.date(2025, 6, 2)


def test_a_read_that_hangs_counts_until_a_later_one_succeeds() -> None:
    stuck, release = threading.Event(), threading.Event()

    def read(_: datetime.date, symbol: str) -> StoredSession | None:
        if symbol == "STUCK":
            stuck.set()
            release.wait()
        return None

    reader = HistoryReader(read, "store", timeout=0.1)
    try:
        with pytest.raises(StoreError, match="does not respond"):
            reader.read(DATE, "STUCK")
        assert stuck.wait(60.0)
        # It counts from when the thread began, which on a busy machine is later than the wait.
        eventually(lambda: "does not respond" in (reader.problem or ""))
        assert reader.read(DATE, "SPX") is None
        assert reader.problem is None
        with pytest.raises(StoreError, match="does not respond"):
            reader.read(DATE, "STUCK")
    finally:
        release.set()
        reader.close()


def test_a_failed_read_counts_until_a_later_one_succeeds() -> None:
    away = {"SPX"}

    def read(_: datetime.date, symbol: str) -> StoredSession | None:
        if symbol in away:
            raise StoreError(f"{symbol}: away")
        return None

    reader = HistoryReader(read, "store")
    with pytest.raises(StoreError, match="SPX: away"):
        reader.read(DATE, "SPX")
    assert [reader.problem] == ["SPX: away"]
    away.clear()
    assert reader.read(DATE, "SPX") is None
    assert reader.problem is None
    reader.close()
