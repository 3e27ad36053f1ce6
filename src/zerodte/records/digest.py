"""A fingerprint of everything a session was computed from.

Two readers that saw the same records in the same ticks agree on it, whatever the order within a
tick, the compression, and how the records were spread over files.
"""

import hashlib
from typing import Final

import numpy as np

from zerodte.arrays import U64
from zerodte.compiled import inline, kernel
from zerodte.records.dbn import Records
from zerodte.records.tick import Batch, Tick

# The golden ratio, and the finaliser of MurmurHash3 (public domain).
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xFF51AFD7ED558CCD)
_SECOND: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)

_WORD: Final = np.dtype("<u8")


class InputsDigest:
    """The running digest of a tape.

    Per tick the hashes of all records are summed, wrapping at 64 bits, so that their order does
    not matter; the sums are chained, so that it matters which tick a record is in.
    """

    def __init__(self) -> None:
        self._state = np.uint64(0)
        self._seeds: dict[str, np.uint64] = {}

    def update(self, tick: Tick) -> None:
        """Take in a tick. A silent one changes nothing."""
        total = np.uint64(0)
        silent = True
        for place in (tick.definitions, tick.statistics, tick.underlying, tick.quotes, tick.trades):
            for batch in place:
                silent &= len(batch.records) == 0
                # A kernel gives a plain integer, and would take one for a signed number.
                total = np.uint64(_sum_of_hashes(words(batch.records), self._seed(batch), total))
        if not silent:
            self._state = np.uint64(_chained(self._state, total, np.uint64(tick.end)))

    def hexdigest(self) -> str:
        """The digest of all ticks so far, as 16 hexadecimal digits."""
        return f"{int(self._state):016x}"

    def _seed(self, batch: Batch) -> np.uint64:
        """A number for the dataset: the same record of another dataset is another input."""
        seed = self._seeds.get(batch.dataset)
        if seed is None:
            name = hashlib.blake2b(batch.dataset.encode(), digest_size=8).digest()
            seed = self._seeds[batch.dataset] = np.uint64(int.from_bytes(name, "little"))
        return seed


def words(records: Records) -> U64:
    """Records as uint64[n, words]; always read-only, so that one kernel serves all of them."""
    if not records.flags.c_contiguous:
        records = np.ascontiguousarray(records)
    seen = records.view(_WORD).reshape(len(records), records.dtype.itemsize // _WORD.itemsize)
    if seen.flags.writeable:
        seen.flags.writeable = False
    return seen


@inline
def _mixed(value: np.uint64) -> np.uint64:
    value ^= value >> _SHIFT
    value *= _FIRST
    value ^= value >> _SHIFT
    value *= _SECOND
    return value ^ (value >> _SHIFT)


@kernel
def _chained(state: np.uint64, total: np.uint64, end: np.uint64) -> np.uint64:
    return _mixed(_mixed(state + _GOLDEN) ^ _mixed(total) + end)


@inline
def record_hash(words: U64, row: int, seed: np.uint64) -> np.uint64:
    """One record's hash: its words, mixed each with its place, summed and mixed.

    No word waits for the one before, so that the loop over them is vector code.
    """
    sum_of_words = seed
    place = _GOLDEN
    for column in range(words.shape[1]):
        word = words[row, column] + place
        word = (word ^ (word >> _SHIFT)) * _FIRST
        sum_of_words += word ^ (word >> _SHIFT)
        place += _GOLDEN
    return _mixed(sum_of_words)


@kernel
def _sum_of_hashes(words: U64, seed: np.uint64, total: np.uint64) -> np.uint64:
    for row in range(words.shape[0]):
        total += record_hash(words, row, seed)
    return total
