"""The keys of a running server: all of them in memory, their usage in a store.

One thread owns the store. It commits the answers of limited plans before they are sent, all that
wait at once; it adds those of unlimited plans once per second; and it looks ten times per second
whether another process has created, rotated or revoked a key.

An event loop only looks up, counts, and waits for the thread: it never waits for a disk or a broker
itself.
"""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TypeAlias

from zerodte.access.error import KeyStoreError
from zerodte.access.key import KeyRecord, find_key
from zerodte.access.key_place import KeyPlace, open_keys
from zerodte.access.key_store import Addition, KeyStore
from zerodte.access.usage import DAY_S, day_of
from zerodte.logs import log

#: Seconds between looks at the store, and between additions of unlimited plans' answers.
_LOOK_S, _ADD_S = 0.1, 1.0
#: Seconds before a store that could not be opened is tried again.
_AGAIN_S = 0.5
#: Answers that may wait to be committed at the same time.
_MAX_WAITING = 10_000
#: Key id and UTC day, as a number of days since 1970.
_KeyDay: TypeAlias = tuple[str, int]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Charge:
    """An answer of a limited plan that waits to be committed."""

    key: str
    day: int
    limit: int
    answers: "Future[int | None]" = field(default_factory=Future)


class Keyring:
    """The keys in a store, and their usage. `count` is called on one thread, the others on any.

    Args:
        place: The store, which must exist.
        now: Tells the time in unix seconds.

    Attributes:
        place: The store, as its operator may read it.

    Raises:
        KeyStoreError: The store cannot be used.
        AccessError: The extra `nats`, which it needs, is not installed.
    """

    def __init__(self, place: KeyPlace, now: Callable[[], float] = time.time) -> None:
        self._place, self._now = place, now
        self._store: KeyStore | None = None
        self._refusal: KeyStoreError | None = None
        self._again = 0.0
        self._records: dict[bytes, KeyRecord] = {}
        self._revision: object = None
        self._is_usage_known = False
        self._day = self._today()
        self._known: dict[_KeyDay, int] = {}
        # Answers of unlimited plans: those counted, by the event loop alone, and those of them that
        # are committed, by the thread alone; so neither waits for the other.
        self._counted: dict[_KeyDay, int] = {}
        self._committed: dict[_KeyDay, int] = {}
        self._queue: SimpleQueue[_Charge | None] = SimpleQueue()
        self._look_fault: str | None = None
        self._write_fault: str | None = None
        with open_keys(place) as store:
            self._read(store)
            self.place = store.place
        self._thread = threading.Thread(target=self._run, name="keys", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Commit what is counted, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    @property
    def fault(self) -> str | None:
        """Why keys cannot be looked up now; None if they can."""
        return self._look_fault

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its operator should repair, without the path."""
        reason = self._look_fault or self._write_fault
        return (f"the key store cannot be used: {reason}",) if reason else ()

    @property
    def plans(self) -> Counter[str]:
        """How many valid keys each plan has."""
        return Counter(record.plan for record in self._records.values() if not record.revoked)

    def find(self, key: bytes) -> KeyRecord | None:
        """The record of a key, valid or revoked; None if it is unknown."""
        return find_key(self._records, key)

    def record(self, digest: bytes) -> KeyRecord | None:
        """The record of a key by its digest, which a rotated key has no more."""
        return self._records.get(digest)

    def is_valid(self, record: KeyRecord) -> bool:
        """Whether a key that was found earlier is still valid: neither revoked nor rotated."""
        current = self._records.get(record.digest)
        return current is not None and current.revoked is None

    def answers(self, key: str) -> int:
        """Answers of the current UTC day of a key, by its id, as far as they are known."""
        of = key, self._today()
        waiting = self._counted.get(of, 0) - self._committed.get(of, 0)
        return self._known.get(of, 0) + waiting

    def count(self, key: str, day: int) -> None:
        """Count an answer of an unlimited plan; it is committed within about a second.

        Args:
            key: The key's id.
            day: The UTC day, as a number of days since 1970.
        """
        of = key, day
        self._counted[of] = self._counted.get(of, 0) + 1

    def charge(self, key: str, limit: int) -> "Future[int | None]":
        """Count an answer of a limited plan.

        Returns:
            Once it is committed, the answers of the day; None if there were `limit` before.
            KeyStoreError if it cannot be committed.
        """
        charge = _Charge(key, self._today(), limit)
        if self._queue.qsize() >= _MAX_WAITING or not self._thread.is_alive():
            charge.answers.set_exception(KeyStoreError(self.place, "too many answers wait for it"))
        else:
            self._queue.put(charge)
        return charge.answers

    def _today(self) -> int:
        return int(self._now()) // DAY_S

    # The thread

    def _run(self) -> None:
        is_open = True
        look = add = time.monotonic()
        while is_open:
            charges, is_open = self._take(look - time.monotonic())
            now = time.monotonic()
            is_due = now >= add or not is_open
            if charges or (is_due and (self._is_behind() or self._write_fault)):
                self._commit(charges)
            if now >= look:
                self._look()
                look = time.monotonic() + _LOOK_S
            if is_due:
                add = now + _ADD_S
        self._drop_store()

    def _is_behind(self) -> bool:
        """Whether answers of unlimited plans are not committed yet."""
        return self._counted != self._committed

    def _take(self, timeout: float) -> tuple[list[_Charge], bool]:
        """All charges that wait, at least one unless the time is up; False after the last."""
        charges: list[_Charge] = []
        try:
            charge = self._queue.get(timeout=max(timeout, 0.0))
            while charge is not None:
                # Whoever has given up is not counted.
                if charge.answers.set_running_or_notify_cancel():
                    charges.append(charge)
                charge = self._queue.get_nowait()
        except Empty:
            return charges, True
        return charges, False

    def _commit(self, charges: list[_Charge]) -> None:
        """Commit charges, and what is counted of unlimited plans, all at once."""
        limited: dict[tuple[_KeyDay, int], list[_Charge]] = defaultdict(list)
        for charge in charges:
            limited[(charge.key, charge.day), charge.limit].append(charge)
        counted = self._counted.copy()
        unlimited = {
            of: count - stored
            for of, count in counted.items()
            if (stored := self._committed.get(of, 0)) < count
        }
        additions = [
            *(_addition(of, len(them), limit) for (of, limit), them in limited.items()),
            *(_addition(of, count) for of, count in unlimited.items()),
        ]
        found: Sequence[int | KeyStoreError]
        try:
            found = self._opened().add(additions)
        except KeyStoreError as error:
            found = [error] * len(additions)
            self._fail(error)
        except Exception as error:
            _LOG.error("keys failed", exc_info=error)
            for charge in charges:
                charge.answers.set_exception(error)
            return
        else:
            faults = [before for before in found if isinstance(before, KeyStoreError)]
            for fault in faults:
                self._fail(fault)
            if not faults:
                self._write_fault = None
        for ((of, limit), them), before in zip(limited.items(), found, strict=False):
            self._settle(of, limit, them, before)
        for (of, count), before in zip(unlimited.items(), found[len(limited) :], strict=True):
            if not isinstance(before, KeyStoreError):
                self._known[of] = before + count
                self._committed[of] = counted[of]

    def _settle(
        self, of: _KeyDay, limit: int, charges: list[_Charge], before: int | KeyStoreError
    ) -> None:
        """Answer the charges of a key: those up to the limit are counted."""
        if isinstance(before, KeyStoreError):
            for charge in charges:
                charge.answers.set_exception(before)
            return
        self._known[of] = min(before + len(charges), limit)
        for answers, charge in enumerate(charges, before + 1):
            charge.answers.set_result(answers if answers <= limit else None)

    def _look(self) -> None:
        """Read the keys again if another process has changed them."""
        try:
            store = self._opened()
            is_changed = store.revision != self._revision
            if is_changed or not self._is_usage_known or self._look_fault is not None:
                self._read(store)
            if self._day != self._today():
                self._forget()
        except KeyStoreError as error:
            self._fail(error)

    def _forget(self) -> None:
        """Drop what is known of past days; answers of yesterday may still be on their way."""
        self._day = today = self._today()
        self._known = {of: count for of, count in self._known.items() if of[1] == today}
        for of in [of for of in self._committed if of[1] < today - 1]:
            del self._counted[of], self._committed[of]

    def _opened(self) -> KeyStore:
        if self._store is not None and not self._store.is_current():
            self._drop_store()
        if self._store is None:
            if self._refusal is not None and time.monotonic() < self._again:
                raise self._refusal.with_traceback(None)
            try:
                self._store = open_keys(self._place)
            except KeyStoreError as error:
                self._refusal, self._again = error, time.monotonic() + _AGAIN_S
                raise
            self._refusal = None
        return self._store

    def _read(self, store: KeyStore) -> None:
        revision = store.revision
        if revision != self._revision or self._look_fault is not None:
            self._records = store.records()
        if not self._is_usage_known:
            today = self._today()
            usage = store.usage(_named(today))
            self._known = {(key, today): answers for key, answers in usage.items()}
        if self._look_fault is not None:
            log("keys_readable", logging.WARNING)
        self._revision, self._is_usage_known, self._look_fault = revision, True, None

    def _fail(self, error: KeyStoreError) -> None:
        """Note what is wrong, log it once, and open the file anew if it cannot be read."""
        if error.reason not in (self._look_fault, self._write_fault):
            log("keys_failed", logging.ERROR, problem=str(error))
        if not error.is_unreadable:
            self._write_fault = error.reason
            return
        self._look_fault = error.reason
        self._drop_store()

    def _drop_store(self) -> None:
        self._is_usage_known = False
        if self._store is not None:
            self._store.close()
            self._store = None


def _addition(of: _KeyDay, answers: int, limit: int | None = None) -> Addition:
    key, day = of
    return Addition(key, _named(day), answers, limit)


def _named(day: int) -> str:
    return day_of(day * DAY_S)
