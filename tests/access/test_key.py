"""Keys: random, found by digest, in the same time whatever a wrong one begins with."""

import statistics
import time
from collections.abc import Mapping

import pytest

from zerodte.access.error import AccessError
from zerodte.access.key import (
    KeyRecord,
    check_name,
    digest_of,
    find_key,
    is_like_key,
    new_id,
    new_key,
)


def stored(count: int) -> tuple[Mapping[bytes, KeyRecord], list[str]]:
    """Records of so many keys, and the keys."""
    keys = [new_key() for _ in range(count)]
    records = [KeyRecord(new_id(), "", "free", digest_of(key.encode()), 0) for key in keys]
    return {record.digest: record for record in records}, keys


def test_keys_have_192_random_bits_and_differ() -> None:
    keys = {new_key() for _ in range(1_000)}
    assert len(keys) == 1_000
    assert all(is_like_key(key) and len(bytes.fromhex(key[5:])) == 24 for key in keys)


def test_a_key_is_found_and_nothing_like_it() -> None:
    records, keys = stored(100)
    for key in keys:
        found = find_key(records, key.encode())
        assert found is not None
        assert found.digest == digest_of(key.encode())
        for wrong in (key[:-1], key + "0", key.upper(), f" {key}", found.id, found.digest.hex()):
            assert find_key(records, wrong.encode()) is None
        assert find_key(records, found.digest) is None


def medians(records: Mapping[bytes, KeyRecord], keys: list[bytes]) -> list[float]:
    """Median nanoseconds to refuse each key, tried in turn."""
    times: list[list[int]] = [[] for _ in keys]
    for _ in range(4_000):
        for key, spent in zip(keys, times, strict=True):
            began = time.perf_counter_ns()
            find_key(records, key)
            spent.append(time.perf_counter_ns() - began)
    return [statistics.median(spent) for spent in times]


def test_the_time_of_a_refusal_depends_on_no_prefix() -> None:
    """A wrong key that shares none, half or all but one of the characters of a right one."""
    records, keys = stored(1_000)
    right = keys[500]
    # Wrong from a character on, which is another one for sure.
    wrong = [(right[:at] + "z" + new_key()[at + 1 :]).encode() for at in (5, 29, len(right) - 1)]
    assert all(find_key(records, key) is None for key in wrong)
    low, *_, high = sorted(medians(records, wrong))
    assert high < 1.3 * low


def test_a_lookup_takes_no_longer_among_ten_thousand_keys() -> None:
    few, many = stored(1)[0], stored(10_000)[0]
    wrong = new_key().encode()
    in_few: list[float] = []
    in_many: list[float] = []
    for _ in range(5):
        in_few += medians(few, [wrong])
        in_many += medians(many, [wrong])
    assert statistics.median(in_many) < 1.5 * statistics.median(in_few)


@pytest.mark.parametrize("name", ["x" * 65, "a\nb", "\x1b[31m", "zdte_0123456789ab", "of zdte_0"])
def test_a_name_that_cannot_be(name: str) -> None:
    with pytest.raises(AccessError, match="a name"):
        check_name(name)


def test_a_name_is_trimmed() -> None:
    assert check_name("  the desk ") == "the desk"
