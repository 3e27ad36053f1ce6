"""The digest of a tape: what it must not see, and what it must."""

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from records.tape_digest import TapeDigest
from zerodte.records.dbn import RTYPES, Records, records
from zerodte.records.tick import Batch, Tick

SECOND = 1_000_000_000
MASK = 2**64 - 1
OPRA_B2SUM = "9fd0944b75c2f046"


def digest(*ticks: Tick) -> str:
    running = TapeDigest()
    for tick in ticks:
        running.update(tick)
    return running.hexdigest()


def quotes(n: int, seed: int = 0) -> Records:
    out = records("cbbo-1s", n)
    out["instrument_id"] = np.random.default_rng(seed).integers(0, 2**32, n)
    return out


def tick(end: int, *parts: Records, dataset: str = "OPRA.PILLAR") -> Tick:
    return Tick(end * SECOND, quotes=tuple(Batch(dataset, "cbbo-1s", part) for part in parts))


@settings(deadline=None)
@given(st.integers(1, 40), st.randoms(use_true_random=False), st.integers(0, 40))
def test_order_and_layout_within_a_tick_are_not_seen(n: int, random: Random, at: int) -> None:
    whole = quotes(n)
    order = list(range(n))
    random.shuffle(order)
    shuffled = whole[order]
    assert digest(tick(1, whole)) == digest(tick(1, shuffled[:at], shuffled[at:]))


@settings(deadline=None)
@given(st.integers(2, 20), st.integers(0, 19))
def test_tick_of_a_record_is_seen(n: int, at: int) -> None:
    whole = quotes(n)
    at = min(at, n - 1)
    assert digest(tick(1, whole[:at]), tick(2, whole[at:])) != digest(
        tick(1, whole[: at + 1]), tick(2, whole[at + 1 :])
    )


@settings(deadline=None)
@given(st.integers(0, 79), st.integers(0, 7))
def test_every_bit_is_seen(byte: int, bit: int) -> None:
    one = quotes(3)
    other = one.copy()
    other.view(np.uint8)[80 + byte] ^= np.uint8(1 << bit)
    assert digest(tick(1, one)) != digest(tick(1, other))


def test_swapped_words_are_seen() -> None:
    one = quotes(1)
    one["bid_px_00"], one["ask_px_00"] = 3, 5
    other = one.copy()
    other["bid_px_00"], other["ask_px_00"] = 5, 3
    assert digest(tick(1, one)) != digest(tick(1, other))


def test_repeated_record_is_seen() -> None:
    one = quotes(1)
    assert len({digest(tick(1, *[one] * n)) for n in range(5)}) == 5


def test_dataset_order_and_time_of_ticks_are_seen() -> None:
    first, second = quotes(2, seed=1), quotes(2, seed=2)
    plain = digest(tick(1, first), tick(2, second))
    assert plain != digest(tick(1, second), tick(2, first))
    assert plain != digest(tick(1, first), tick(3, second))
    assert plain != digest(tick(1, first, dataset="OTHER"), tick(2, second))


def test_silence_is_not_seen() -> None:
    first, second = quotes(2, seed=1), quotes(2, seed=2)
    plain = digest(tick(1, first), tick(3, second))
    assert plain == digest(tick(1, first), Tick(2 * SECOND), tick(3, second))


def test_place_of_a_batch_is_not_seen_but_all_are_read() -> None:
    batch = Batch("OPRA.PILLAR", "cbbo-1s", quotes(2))
    places: list[tuple[Batch, ...]] = [(batch,), (), (), (), ()]
    rotated = (places[turn:] + places[:turn] for turn in range(5))
    digests = {digest(Tick(SECOND, *five)) for five in rotated}
    assert len(digests) == 1
    assert digests != {digest(Tick(SECOND))}


def test_every_layout_is_read_whole() -> None:
    for schema in RTYPES:
        one = records(schema, 2)
        other = one.copy()
        other.view(np.uint8)[-1] ^= 1
        assert digest(Tick(SECOND, quotes=(Batch("X", schema, one),))) != digest(
            Tick(SECOND, quotes=(Batch("X", schema, other),))
        )


def mixed(value: int) -> int:
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def test_digest_is_that_of_a_slow_twin() -> None:
    golden, first = 0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD
    # Of `printf OPRA.PILLAR | b2sum -l 64`.
    seed = int.from_bytes(bytes.fromhex(OPRA_B2SUM), "little")
    state = 0
    parts = [quotes(5, seed=1), quotes(3, seed=2)]
    for end, part in enumerate(parts, start=1):
        total = 0
        for row in part.view("<u8").reshape(len(part), -1).tolist():
            hashed = seed
            for column, word in enumerate(row, start=1):
                keyed = (word + column * golden) & MASK
                keyed = (keyed ^ keyed >> 33) * first & MASK
                hashed = (hashed + (keyed ^ keyed >> 33)) & MASK
            total = (total + mixed(hashed)) & MASK
        state = mixed(mixed((state + golden) & MASK) ^ ((mixed(total) + end * SECOND) & MASK))
    assert digest(*(tick(end, part) for end, part in enumerate(parts, start=1))) == f"{state:016x}"
