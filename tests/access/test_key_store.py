"""Stores of keys: what holds for the file holds for the bucket of a NATS server."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Final

import pytest

from server.keyed import key_place
from zerodte.access.error import AccessError, KeyStoreError
from zerodte.access.key import digest_of
from zerodte.access.key_place import KeyPlace, open_keys
from zerodte.access.key_store import Addition, KeyStore

DAY: Final = "2026-05-29"


@pytest.fixture(params=["file", "nats"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyPlace]:
    with key_place(request.param, tmp_path) as found:
        open_keys(found, create=True).close()
        yield found


@pytest.fixture
def store(place: KeyPlace) -> Iterator[KeyStore]:
    with open_keys(place) as opened:
        yield opened


def granted(store: KeyStore, key: str, answers: int, limit: int) -> list[int]:
    """The numbers of the answers that an addition is granted."""
    (before,) = store.add([Addition(key, DAY, answers, limit)])
    assert not isinstance(before, KeyStoreError)
    return [number for number in range(before + 1, before + answers + 1) if number <= limit]


def test_a_key_is_created_rotated_and_revoked(place: KeyPlace, store: KeyStore) -> None:
    first, key = store.create("growth", "desk")
    assert store.records() == {digest_of(key.encode()): first}
    second, _ = store.create("alpha")
    seen = store.revision
    with open_keys(place) as other:
        rotated, new = other.rotate("desk")
        assert (rotated.id, rotated.name, rotated.plan) == (first.id, "desk", "growth")
        assert other.revoke(second.id).revoked is not None
        assert list(other.records()) == [rotated.digest, second.digest]
    assert rotated.digest == digest_of(new.encode()) != first.digest
    while store.revision == seen:
        pass
    records = store.records()
    assert {record.id: record.revoked is None for record in records.values()} == {
        first.id: True,
        second.id: False,
    }
    with pytest.raises(AccessError, match="revoked already"):
        store.revoke(second.id)


def test_of_a_name_there_is_one_valid_key(place: KeyPlace) -> None:
    """Also when several create it at the same time."""
    together = threading.Barrier(4)

    def create(_: int) -> str:
        with open_keys(place) as store:
            together.wait()
            try:
                store.create("free", "desk")
            except AccessError as error:
                return str(error)
            return "created"

    with ThreadPoolExecutor(4) as threads:
        said = sorted(threads.map(create, range(4)))
    assert said == ["created"] + ["there is a key named 'desk' already; choose another name"] * 3


def test_many_keys_are_read_oldest_first_and_one_by_one(place: KeyPlace, store: KeyStore) -> None:
    seen = [store.revision]
    with open_keys(place) as other:
        for number in range(30):
            other.create("free", f"desk {number}")
            if number % 10 == 0:
                while store.revision in seen:
                    pass
                seen.append(store.revision)
                assert f"desk {number}" in {one.name for one in store.records().values()}
        expected = {f"desk {number}" for number in range(30)}
        assert {record.name for record in other.records().values()} == expected
    with open_keys(place) as late:
        found = list(late.records().values())
    assert {record.name for record in found} == expected
    assert [record.created for record in found] == sorted(record.created for record in found)


def test_answers_are_added_by_key_and_day(store: KeyStore) -> None:
    assert store.add([]) == []
    additions = [Addition("a", DAY, 3), Addition("b", DAY, 2), Addition("a", "2026-05-30", 1)]
    assert store.add(additions) == [0, 0, 0]
    assert store.add([*additions[:2], Addition("b", DAY, 5)]) == [3, 2, 4]
    assert store.usage(DAY) == {"a": 6, "b": 9}
    assert store.usage("2026-05-30") == {"a": 1}
    assert store.usage("2026-05-31") == {}


def test_what_is_beyond_a_limit_is_not_counted(store: KeyStore) -> None:
    assert granted(store, "a", 3, 5) == [1, 2, 3]
    assert granted(store, "a", 4, 5) == [4, 5]
    assert granted(store, "a", 4, 5) == []
    assert store.usage(DAY) == {"a": 5}
    # The plan has got a higher limit, then a lower one.
    assert granted(store, "a", 2, 6) == [6]
    assert granted(store, "a", 2, 4) == []
    assert store.usage(DAY) == {"a": 6}


@pytest.mark.parametrize("limit", [50, 300])
def test_every_answer_up_to_a_limit_is_granted_once(place: KeyPlace, limit: int) -> None:
    """To four that add at the same time, of which none knows of the others."""
    together = threading.Barrier(4)

    def add(seed: int) -> list[int]:
        random = Random(seed)  # noqa: S311
        with open_keys(place) as store:
            together.wait()
            return [
                number
                for _ in range(60)
                for number in granted(store, "a", random.randint(1, 4), limit)
            ]

    with ThreadPoolExecutor(4) as threads:
        numbers = [number for found in threads.map(add, range(4)) for number in found]
    assert sorted(numbers) == list(range(1, limit + 1))
    with open_keys(place) as store:
        assert store.usage(DAY) == {"a": limit}


def test_many_counters_are_added_to_and_read(store: KeyStore) -> None:
    """More than one batch of either."""
    additions = [Addition(f"k{number}", DAY, number + 1) for number in range(2_500)]
    assert store.add(additions) == [0] * 2_500
    assert store.usage(DAY) == {f"k{number}": number + 1 for number in range(2_500)}
    assert store.add(additions[:3]) == [1, 2, 3]
