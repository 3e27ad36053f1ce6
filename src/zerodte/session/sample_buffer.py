"""Samples as they come: the growing columns of one symbol's day."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from zerodte.arrays import F32, F64, Index
from zerodte.constants import SAMPLE_INTERVAL
from zerodte.decision.memory import Memory
from zerodte.engine.chain_inputs import Spot
from zerodte.engine.price_range import PriceRange
from zerodte.engine.state import Anchor, ChainState
from zerodte.engine.surface import Smile
from zerodte.market.calendar import TradingSession
from zerodte.market.contracts import Chain
from zerodte.session.chain_observation import ChainObservation
from zerodte.session.decision import (
    NO_LATCHES,
    Decision,
    decide,
    label_of,
    latches_row,
    pin_probability,
)
from zerodte.session.reading import state_at
from zerodte.session.sample import (
    COLUMN_KINDS,
    FAULTS,
    FIGURES,
    FLIP_STATUSES,
    INPUTS,
    LATCHES,
    NO_CODE,
    NO_TIME,
    NOT_LISTED,
    OI_METHODS,
    REGIMES,
    RULE_COUNT,
    SPOT_SOURCES,
    Columns,
    Gap,
    SampleContext,
    SampleDay,
    VenueStatistics,
)
from zerodte.session.sample_contexts import SampleContexts
from zerodte.session.settings import SessionSettings

#: What a row of `FIGURES` has even while no quote of the chain can be used: from its flow on.
_FLOW_ON: Final = (FIGURES.names or ()).index("call_flow")
#: The rest of the row then.
_NO_FIGURES: Final = tuple(
    np.nan if FIGURES[name].kind == "f" else NO_CODE for name in (FIGURES.names or ())[:_FLOW_ON]
)


@dataclass(frozen=True, eq=False, slots=True)
class SampleDraft:
    """A sample on its way into memory.

    Attributes:
        observation: What is known of the chain, quantised.
        spot: The underlying's price, or None.
        spot_range: Of spot since the sample before.
        apart: How far apart the tape's own prices lie, a fraction.
        forward: Dollars; NaN where unknown.
        smile: On the chain's strikes; None where there never was one.
        smile_at: When it was solved, UTC ns.
        anchor: The expiry nearest seven days.
        others: Net GEX of the symbol's other chains, effective and settled.
    """

    observation: ChainObservation
    spot: Spot | None
    spot_range: PriceRange
    apart: float
    forward: float
    smile: Smile | None
    smile_at: int
    anchor: Anchor
    others: tuple[float, float]


#: Dealers' own book, of `INPUTS`.
_BOOK: Final = ("book_gex", "book_dex", "book_vex", "book_chex")


class SampleBuffer:
    """The samples of one symbol's same-day chain, in memory.

    Args:
        chain: The chain at its first sample.
        hours: Its session.
        settings: What its decisions are told.

    Attributes:
        number: The chain's number among the session's contracts.
        decision: The last sample's; None where no quote of the chain could be used.
    """

    def __init__(self, chain: Chain, hours: TradingSession, settings: SessionSettings) -> None:
        self.number = chain.number
        self.decision: Decision | None = None
        self._memory = Memory()
        self._settings = settings
        self._symbol, self._root, self._hours = chain.symbol, chain.root, hours
        self._rows = 0
        most = (hours.close - hours.open) // SAMPLE_INTERVAL
        # Memory is only taken as rows are written.
        self._inputs = np.empty(most, INPUTS)
        self._figures = np.empty(most, FIGURES)
        self._latches = np.empty(most, LATCHES)
        self._by_rule = np.empty((most, RULE_COUNT), np.int64)
        self._strikes = np.empty(0)
        self._since = np.empty((2, 0), np.int32)
        self._columns = _columns(most, 0)
        self._statistics: list[VenueStatistics] = []
        self._contexts = SampleContexts.empty(most)

    @property
    def last(self) -> int | None:
        """When the last sample was taken, UTC ns."""
        return int(self._inputs[self._rows - 1]["at"]) if self._rows else None

    def take(self, sample: SampleDraft, context: SampleContext) -> ChainState | None:
        """Keep a sample; they come in order of time.

        Its figures follow from what it has just stored, as they will whenever it is read.

        Returns:
            The chain; None while no quote of it could be used.
        """
        chain, row = sample.observation.instant.chain, self._rows
        if len(chain.strikes) != len(self._strikes):
            self._spread_over(chain.strikes)
        self._since[chain.listed & (self._since == NOT_LISTED)] = row
        self._take_columns(row, sample)
        self._take_statistics(row, sample)
        self._inputs[row] = _inputs_row(sample)
        self._by_rule[row] = sample.observation.by_rule
        self._contexts.set(row, context)
        self._latches[row] = NO_LATCHES
        self._rows += 1
        day = self.day(())
        state = state_at(day, row)
        self._figures[row] = _figures_row(sample.observation, state)
        self.decision = None
        if state is not None:
            book = sample.observation.book(state.surface, state.spot)
            for name, estimate in zip(
                _BOOK, (book.gex, book.dex, book.vex, book.chex), strict=True
            ):
                self._inputs[row][name] = estimate.mean, estimate.low, estimate.high
            self._decide(row, day, state)
        return state

    def day(self, gaps: tuple[Gap, ...]) -> SampleDay:
        """The samples so far; later ones leave it as it is."""
        rows = self._rows
        return SampleDay(
            symbol=self._symbol,
            root=self._root,
            hours=self._hours,
            strikes=self._strikes,
            since=self._since.copy(),
            columns=self._columns.until(rows),
            inputs=self._inputs[:rows],
            figures=self._figures[:rows],
            latches=self._latches[:rows],
            volume_by_rule=self._by_rule[:rows],
            statistics=tuple(self._statistics),
            contexts=self._contexts.until(rows),
            gaps=gaps,
        )

    def _decide(self, row: int, day: SampleDay, state: ChainState) -> None:
        """Take the decision of the last sample, and keep what cannot be computed again."""
        self.decision = decision = decide(day, state, self._memory, self._settings)
        self._memory = decision.memory
        self._latches[row] = latches_row(decision)
        self._figures[row]["regime"] = REGIMES.index(label_of(decision, state))
        self._figures[row]["pin_probability"] = pin_probability(decision)

    def _take_columns(self, row: int, sample: SampleDraft) -> None:
        into, observation = self._columns, sample.observation
        into.mid[row] = observation.mid
        into.spread[row] = observation.spread
        into.offer[row] = observation.offer
        into.open_interest[row] = observation.instant.effective
        into.contracts[row] = observation.contracts
        into.delta_dollars[row] = observation.delta_dollars.sum(axis=0)
        into.gamma_dollars[row] = observation.gamma_dollars.sum(axis=0)
        into.volatility[row] = np.nan if sample.smile is None else sample.smile.volatility
        into.quoted[row] = False if sample.smile is None else sample.smile.quoted
        purchases = observation.purchases()
        into.net_bought[row] = purchases.contracts
        into.bought_variance[row] = purchases.variance

    def _take_statistics(self, row: int, sample: SampleDraft) -> None:
        statistics = VenueStatistics(
            since=row,
            official=sample.observation.instant.official.astype(np.float32),
            cleared=sample.observation.cleared.astype(np.float32),
            oi_as_of=sample.observation.instant.oi_as_of,
        )
        if not self._statistics or not _same(statistics, self._statistics[-1]):
            self._statistics.append(statistics)

    def _spread_over(self, strikes: F64) -> None:
        """Make room for strikes that were listed since: all columns anew, on the wider grid."""
        places = np.searchsorted(strikes, self._strikes)
        count, rows = len(strikes), self._rows
        wider = _columns(len(self._inputs), count)
        for name, kind in COLUMN_KINDS.items():
            new, old = getattr(wider, name), getattr(self._columns, name)
            new[:rows] = kind.nothing
            new[:rows, ..., places] = old[:rows]
        since = np.full((2, count), NOT_LISTED, np.int32)
        since[:, places] = self._since
        self._strikes, self._since, self._columns = strikes, since, wider
        self._statistics = [
            replace(
                statistics,
                official=_widened(statistics.official, places, count),
                cleared=_widened(statistics.cleared, places, count),
            )
            for statistics in self._statistics
        ]


def _columns(rows: int, strikes: int) -> Columns:
    """Room that is not filled."""
    kinds = COLUMN_KINDS.items()
    return Columns(**{name: np.empty(k.shape(rows, strikes), k.dtype) for name, k in kinds})


def _widened(values: F32, places: Index, count: int) -> F32:
    out = np.full((2, count), np.nan, np.float32)
    out[:, places] = values
    return out


def _same(one: VenueStatistics, other: VenueStatistics) -> bool:
    # Bit by bit, so that what is unknown in both is the same.
    return (
        one.oi_as_of == other.oi_as_of
        and one.official.tobytes() == other.official.tobytes()
        and one.cleared.tobytes() == other.cleared.tobytes()
    )


def _inputs_row(sample: SampleDraft) -> tuple[object, ...]:
    """A row of `INPUTS`."""
    instant, spot = sample.observation.instant, sample.spot
    faults = instant.quotes.faults
    return (
        instant.clock.now,
        np.nan if spot is None else spot.value,
        *sample.spot_range,
        NO_CODE if spot is None else SPOT_SOURCES.index(spot.source),
        np.nan if spot is None else spot.disagreement,
        np.nan if spot is None else spot.tolerance,
        sample.apart,
        sample.forward,
        NO_TIME if sample.smile is None else sample.smile_at,
        sample.anchor.volatility,
        sample.anchor.gamma,
        instant.fresh,
        NO_TIME if instant.newest is None else instant.newest,
        sample.observation.has_trades,
        instant.classified_share,
        *sample.others,
        OI_METHODS.index(sample.observation.interest.method or ""),
        sample.observation.interest.simulated,
        *(faults.get(reason, 0) for reason in FAULTS),
        *((np.nan,) * 3 for _ in _BOOK),  # follows
    )


def _figures_row(observation: ChainObservation, state: ChainState | None) -> tuple[object, ...]:
    """A row of `FIGURES`."""
    flows = (
        *observation.delta_dollars.sum(axis=1).tolist(),
        np.nan,  # the decision's
        *observation.customer_dollars.sum(axis=1).tolist(),
    )
    if state is None:
        return (*_NO_FIGURES, *flows)
    live, levels = state.exposures, state.levels
    return (
        live.net_gex,
        live.gross_gex,
        live.net_dex,
        state.flip.level,
        FLIP_STATUSES.index(state.flip.status),
        levels.call_wall.strike,
        levels.put_wall.strike,
        levels.magnet.strike,
        state.pin.score,
        REGIMES.index(state.regime),
        state.atm_volatility,
        float(live.charm_hour.sum()),
        state.sigma,
        state.quality.data,
        *flows,
    )
