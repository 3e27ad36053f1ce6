"""What a feed may list: in linear time, within bounds that are said to their own symbol alone."""

import datetime
from collections.abc import Sequence

import numpy as np
import pytest

from session.made_tape import DATE, OPEN, SECOND, SYMBOLS, hours
from zerodte.constants import MOST_EXPIRIES, MOST_OF_CHAIN, MOST_UNDERLYINGS
from zerodte.market.calendar import calendar
from zerodte.market.contracts import Contracts
from zerodte.market.osi import Contract, format_osi, parse_osi
from zerodte.records.dbn import OPRA, records
from zerodte.records.tick import Batch, Tick
from zerodte.session.session import Session

BEYOND = (
    f"contracts beyond the {MOST_OF_CHAIN:,} of an expiry or the {MOST_EXPIRIES} expiries of a root"
)


def session_of(symbols: Sequence[str], batches: int = 1) -> Session:
    """A session to which ABC's contracts were defined first, then others in a second."""
    made = Session(hours(), calendar(), {OPRA: "options"})
    size = -(-len(symbols) // batches)
    parts = [list(SYMBOLS.values())]
    parts += [list(symbols[start : start + size]) for start in range(0, len(symbols), size)]
    first = 1
    for part in parts:
        rows = records("definition", len(part))
        rows["instrument_id"], rows["raw_symbol"] = first + np.arange(len(part)), part
        made.apply(Tick(OPEN - SECOND, definitions=(Batch(OPRA, "definition", rows),)))
        first += len(part)
    return made


@pytest.mark.drill
@pytest.mark.parametrize("batches", [1, 7])
def test_strikes_beyond_the_bound_are_said_to_their_symbol_alone(batches: int) -> None:
    strikes = [format_osi(Contract("XYZ", DATE, 0.5 * n, "C")) for n in range(1, 50_001)]
    session = session_of(strikes, batches)
    chain = session.chain("XYZ")
    assert chain is not None
    assert chain.strikes.tolist() == [0.5 * n for n in range(1, MOST_OF_CHAIN + 1)]
    assert session.notices("XYZ") == [f"{BEYOND}: {50_000 - MOST_OF_CHAIN} left out"]
    assert session.notices("ABC") == []
    assert session.notices() == session.notices("XYZ")
    own = session.chain("ABC")
    assert own is not None
    assert own.positions.T.ravel().tolist() == list(range(len(SYMBOLS)))


def test_expiries_beyond_the_bound_are_said_to_their_symbol_alone() -> None:
    dates = [DATE + datetime.timedelta(days=n) for n in range(MOST_EXPIRIES + 44)]
    session = session_of([format_osi(Contract("XYZ", date, 5.0, "P")) for date in dates])
    assert session.next_expiry("XYZ") == dates[1]
    assert len(session.market.contracts.expiries("XYZ")) == MOST_EXPIRIES
    assert session.notices("XYZ") == [f"{BEYOND}: 44 left out"]
    assert session.notices("ABC") == []


@pytest.mark.drill
def test_underlyings_beyond_the_bound_are_counted() -> None:
    letters = [chr(65 + n) for n in range(26)]
    roots = [f"Q{a}{b}{c}" for a in letters for b in letters for c in letters]
    session = session_of([format_osi(Contract(root, DATE, 5.0, "P")) for root in roots])
    assert len(session.symbols()) == MOST_UNDERLYINGS
    left_out = len(roots) + 1 - MOST_UNDERLYINGS
    said = f"contracts of more than {MOST_UNDERLYINGS:,} underlyings: {left_out} left out"
    assert session.notices() == [said]
    assert session.notices("ABC") == []


@pytest.mark.parametrize("batches", [1, 5, 50])
def test_batches_of_any_size_list_the_same(batches: int) -> None:
    chance = np.random.default_rng(1)
    listed = [
        format_osi(Contract(root, DATE + datetime.timedelta(days=days), 0.5 * n, right))
        for root in ("XYZ", "SPX", "SPXW", "IWM")
        for days in (0, 1, 4, 18)
        for n in range(20, 60)
        for right in "CP"
    ]
    symbols = [listed[at] for at in chance.permutation(len(listed))]
    session = session_of(symbols, batches)
    contracts, plain = session.market.contracts, Contracts()
    for symbol in (*SYMBOLS.values(), *symbols):
        plain.add(symbol)
    assert len(contracts) == len(plain) == len(SYMBOLS) + len(listed)
    for at, symbol in enumerate((*SYMBOLS.values(), *symbols)):
        assert contracts.contract(at) == plain.contract(at) == parse_osi(symbol)
    for one, other in zip(contracts.chains, plain.chains, strict=True):
        assert (one.number, one.root, one.expiry) == (other.number, other.root, other.expiry)
        assert one.strikes.tolist() == other.strikes.tolist()
        assert one.positions.tolist() == other.positions.tolist()


@pytest.mark.parametrize(
    "symbol",
    [
        "XYZ   250602C0000500",
        "XYZ   250602C000050000",
        "XYZ   250602C00000000",
        "XYZ   250602B00005000",
        "XYZ   250602C0000٥000",
        "XYZ   250602C+0005000",
        "XYZ   250602C 0005000",
    ],
)
def test_a_known_root_and_date_do_not_make_a_symbol(symbol: str) -> None:
    contracts = Contracts()
    assert contracts.add("XYZ   250602C00005000") == 0
    assert contracts.add(symbol) == -1
    assert contracts.rejected == {"not an OSI symbol": 1}
