"""Recordings of a vendor's feed, held against the tape that was served."""

from feeds.carried_content import TASTYTRADE, Carried, Row, content_of, unexcused
from records.tape_digest import TapeDigest
from zerodte.constants import SECOND
from zerodte.tape.folder import Tape, open_tape


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
    # On a new subscription the last quote of each contract comes again, whatever its place among
    # those of others.
    by_contract: dict[str, list[Row]] = {}
    for key in wanted.quote_order:
        by_contract.setdefault(key[0], []).append(key)
    ends = sorted(missing)
    # What stood when a gap ended may be recorded after it, though the gap explains what followed.
    explained = (
        sorted({*ends, *(end + SECOND for end in ends)}) if vendor.is_standing_asked else ends
    )
    lost = [row for order in by_contract.values() for row in unexcused(order, found, explained)]
    if vendor.trade:
        lost += unexcused(wanted.trade_order, found, ends)
    assert not lost, f"{len(lost)} such as {lost[0]} are missing outside a gap"
    digests = []
    for again in (recording, open_tape(recording.path)):
        digest = TapeDigest()
        for tick in again.ticks():
            digest.update(tick)
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]
    return missing
