"""A symbol's answers are made of its own inputs: others on the tape change no byte of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from session.cut_tape import SYMBOLS, cut, owner_of, simulated
from zerodte.arrays import U32, Bool
from zerodte.constants import SAMPLE_INTERVAL, SECOND
from zerodte.runtime.replay import begin, replay
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session
from zerodte.tape.folder import open_tape
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.heatmap import HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery
from zerodte.wire.query import SymbolQuery
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery

QUERIES: list[type[SymbolQuery]] = [
    SnapshotQuery,
    ExposureQuery,
    SeriesQuery,
    HedgeFlowQuery,
    HeatmapQuery,
    StrikeFlowQuery,
]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("tape") / "all")


@pytest.fixture(scope="module")
def parts(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return cut(tape, tmp_path_factory.mktemp("parts"))


def service_of(session: Session) -> LocalService:
    stage = Stage()
    stage.show(CurrentSession(session, "simulated"))
    return LocalService(stage)


def answers(service: LocalService, symbol: str, instants: list[int | None]) -> list[bytes]:
    return [service.answer(query(symbol=symbol, at=at)) for query in QUERIES for at in instants]


@pytest.mark.drill
def test_a_tape_and_its_parts_give_the_same_bytes(tape: Path, parts: Mapping[str, Path]) -> None:
    """On a sample, between two, and at every one before."""
    opening = open_tape(tape).session.open
    samples: list[int | None] = [opening + n * SAMPLE_INTERVAL for n in (1, 2, 4)]
    for until in (opening + 2 * SAMPLE_INTERVAL, opening + 4 * SAMPLE_INTERVAL + 7 * SECOND):
        whole = service_of(replay(open_tape(tape), until))
        instants = [at for at in samples if at is None or at <= until]
        for symbol, part in parts.items():
            alone = service_of(replay(open_tape(part), until))
            expected = answers(whole, symbol, [None, *instants])
            assert answers(alone, symbol, [None, *instants]) == expected, symbol
            assert len(set(expected)) > len(QUERIES)


def test_what_is_compared_says_something(tape: Path) -> None:
    session = replay(open_tape(tape))
    digests = {symbol: session.context(symbol).digest for symbol in SYMBOLS}
    assert len(set(digests.values())) == len(SYMBOLS)
    assert session.digest not in digests.values()
    assert all(session.has_trades(symbol) for symbol in SYMBOLS)


@pytest.mark.drill
def test_dirt_of_one_symbol_is_in_no_answer_of_another(tape: Path) -> None:
    """Every price of NVDA's trades is gone: the answers of others do not know."""
    ticks = list(open_tape(tape).ticks())
    clean, dirty = (Replayed(tape), Replayed(tape))
    for tick in ticks:
        clean.session.apply(tick)
        batches = []
        for batch in tick.trades:
            records = batch.records.copy()
            mine = dirty.is_of("NVDA", batch.dataset, records["instrument_id"])
            records["price"][mine] = 0
            records.flags.writeable = False
            batches.append(replace(batch, records=records))
        dirty.session.apply(replace(tick, trades=tuple(batches)))
    for symbol in SYMBOLS:
        pair = [one.session.context(symbol) for one in (clean, dirty)]
        assert (pair[0].digest == pair[1].digest) == (symbol != "NVDA")
        assert (pair[0].notices == pair[1].notices) == (symbol != "NVDA")
    assert clean.session.digest != dirty.session.digest
    reason = "trades without a price or size"
    left_out = [dirty.session.left_out(symbol)[reason] for symbol in (None, "NVDA")]
    assert left_out[0] == left_out[1] > 0
    warned = [service_of(one.session).answer(SnapshotQuery(symbol="SPX")) for one in (clean, dirty)]
    assert warned[0] == warned[1]


class Replayed:
    """A session at the beginning of a tape, and whose its instruments are."""

    def __init__(self, tape: Path) -> None:
        opened = open_tape(tape)
        self.session = begin(opened)
        self._symbols = opened.symbols

    def is_of(self, symbol: str, dataset: str, ids: U32) -> Bool:
        """Which records are a symbol's, by their instruments."""
        known = self._symbols[dataset]
        return np.array([owner_of(known[number]) == symbol for number in ids.tolist()])
