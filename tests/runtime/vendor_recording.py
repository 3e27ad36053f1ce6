"""Recordings of a vendor's feed, held against the tape that was served."""

from collections import Counter

from feeds.carried_content import TASTYTRADE, Carried, content_of
from records.tape_digest import TapeDigest
from zerodte.tape.folder import Tape, open_tape

SECOND = 10**9
#: Word of a gap may come so much later, at the speeds of these tests.
LATE = 12 * SECOND


def gaps(tape: Tape) -> dict[int, str]:
    """The reason of each tick that has a gap, by its end."""
    return {tick.end: tick.gap for tick in tape.ticks() if tick.gap}


def check(recording: Tape, tape: Tape, vendor: Carried = TASTYTRADE) -> dict[int, str]:
    """No trade twice, none missing outside a gap, no quote made up; returns the gaps."""
    found, wanted = content_of(recording, vendor), content_of(tape, vendor)
    missing = gaps(recording)
    assert not found.trades - wanted.trades, "a trade twice, or one that was not sent"
    assert not found.quotes.keys() - wanted.quotes.keys()
    assert not found.interest - wanted.interest
    assert not found.cancels - wanted.cancels
    last = max(tick.end for tick in recording.ticks())
    # At this speed word of the last seconds may not have come.
    excused = set(range(last - LATE, last + 3600 * SECOND, SECOND))
    for end in missing:
        excused.update(range(end - LATE, end + SECOND, SECOND))
    lacking = wanted.trades - found.trades if vendor.trade else Counter()
    lacking.update(dict.fromkeys(wanted.quotes.keys() - found.quotes.keys(), 1))
    for key, count in lacking.items():
        since = found.defined.get(key[0], last) + LATE
        lost = sum(end <= since or end in excused for end in wanted.ends[key])
        assert count <= lost, f"{key} is missing outside a gap"
    digests = []
    for again in (recording, open_tape(recording.path)):
        digest = TapeDigest()
        for tick in again.ticks():
            digest.update(tick)
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]
    return missing
