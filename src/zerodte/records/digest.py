"""A fingerprint of everything that answers were computed from: of a tape, and of each symbol.

Two readers that saw the same records in the same ticks agree on it, whatever the order within a
tick, the compression, and how the records were spread over files.
"""

import hashlib
from typing import Final

import numpy as np

from zerodte.arrays import I32, I64, U64
from zerodte.compiled import inline, kernel
from zerodte.records.dbn import Records
from zerodte.records.tick import Batch

# The golden ratio, and the finaliser of MurmurHash3 (public domain).
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xFF51AFD7ED558CCD)
_SECOND: Final = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT: Final = np.uint64(33)

_WORD: Final = np.dtype("<u8")

#: The owner of records that are an input of no symbol, of those that are one of all symbols, and
#: the first of the owners that are symbols.
UNOWNED: Final = 0
SHARED: Final = 1
FIRST_OWNER: Final = 2


class SymbolDigests:
    """The running digests of a tape's symbols, each of its own inputs and the shared ones.

    Every record has an owner: a number from `FIRST_OWNER` on for a symbol, `SHARED` for an input of
    all symbols, `UNOWNED` for one of none. Per tick the hashes of an owner's records are summed,
    wrapping at 64 bits, so that their order does not matter; the sums are chained, so that it
    matters which tick a record is in. The digest of a symbol is that of a tape which holds its
    inputs alone; a silent tick changes nothing.
    """

    def __init__(self) -> None:
        self._whole = np.uint64(0)
        # The state of SHARED is that of a symbol which has had no input of its own yet.
        self._states = np.zeros(FIRST_OWNER, np.uint64)
        self._totals = np.zeros(FIRST_OWNER, np.uint64)
        self._counts = np.zeros(FIRST_OWNER, np.int64)
        self._seeds: dict[str, np.uint64] = {}

    def grow(self, owners: int) -> None:
        """Make room for owners below `owners`."""
        more = owners - len(self._states)
        if more > 0:
            self._states = np.append(self._states, np.full(more, self._states[SHARED]))
            self._totals = np.append(self._totals, np.zeros(more, np.uint64))
            self._counts = np.append(self._counts, np.zeros(more, np.int64))

    def add(self, batch: Batch, positions: I32, owner_of: I32) -> I64:
        """Take in a part of the current tick.

        Args:
            batch: Its records, shape (m,).
            positions: The place of each in `owner_of`, shape (m,); negative for nobody's.
            owner_of: Owners, shape (n,).

        Returns:
            How many of the records each owner has, shape (owners,).
        """
        counts = np.zeros(len(self._states), np.int64)
        seed = _seed(self._seeds, batch.dataset)
        _add_hashes(words(batch.records), seed, positions, owner_of, self._totals, counts)
        self._counts += counts
        return counts

    def close(self, end: int) -> None:
        """End the tick whose second ends at `end` (UTC ns)."""
        counts, totals = self._counts, self._totals
        if counts.any():
            whole = np.uint64(totals.sum())
            self._whole = np.uint64(_chained(self._whole, whole, np.uint64(end)))
            counts[FIRST_OWNER:] += counts[SHARED]
            totals[FIRST_OWNER:] += totals[SHARED]
            _chain_all(self._states, totals, counts, np.uint64(end))
        counts[:], totals[:] = 0, 0

    def hexdigest(self, owner: int) -> str:
        """The digest of a symbol's inputs so far, as 16 hexadecimal digits."""
        return f"{int(self._states[owner]):016x}"

    def whole_hexdigest(self) -> str:
        """The digest of all ticks so far, likewise."""
        return f"{int(self._whole):016x}"


def _seed(seeds: dict[str, np.uint64], dataset: str) -> np.uint64:
    """A number for the dataset: the same record of another dataset is another input."""
    seed = seeds.get(dataset)
    if seed is None:
        name = hashlib.blake2b(dataset.encode(), digest_size=8).digest()
        seed = seeds[dataset] = np.uint64(int.from_bytes(name, "little"))
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
def _add_hashes(
    words: U64, seed: np.uint64, positions: I32, owner_of: I32, totals: U64, counts: I64
) -> None:
    for row in range(words.shape[0]):
        position = positions[row]
        owner = UNOWNED if position < 0 else owner_of[position]
        totals[owner] += record_hash(words, row, seed)
        counts[owner] += 1


@kernel
def _chain_all(states: U64, totals: U64, counts: I64, end: np.uint64) -> None:
    for owner in range(SHARED, states.shape[0]):
        if counts[owner] > 0:
            states[owner] = _chained(states[owner], totals[owner], end)
