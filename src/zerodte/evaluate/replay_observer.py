"""Watches a replay, tick after tick, and keeps what its estimates said beside the truth."""

import numpy as np

from zerodte.arrays import F64, Index
from zerodte.constants import MINUTE, MULTIPLIER
from zerodte.engine.chain_inputs import gather
from zerodte.engine.open_interest import open_interest
from zerodte.evaluate.observations import (
    GAMMA,
    METHODS,
    MINUTES,
    SETTLED,
    TRADES,
    ReplayObservations,
)
from zerodte.evaluate.truth import EvaluateError, Truth
from zerodte.market.contracts import Chain
from zerodte.records.dbn import Records
from zerodte.records.tick import Tick
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.reading import Reading
from zerodte.session.session import Session

#: No contract of the truth.
_NOWHERE = -1


class Scorer:
    """Holds one replay against its truth: `watch` every tick, then `finish`."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._trades = np.zeros(len(truth.trades), TRADES)
        self._positions = np.full(len(truth.trades), _NOWHERE, np.int32)
        self._seen = 0
        self._minutes: list[Records] = []
        self._marked = 0

    def watch(self, session: Session, tick: Tick, judged: list[ClassifiedTrades]) -> None:
        """Take a tick that `session` has taken.

        Raises:
            EvaluateError: If its trades are not those that the truth speaks of.
        """
        for trades in judged:
            self._keep(session, tick.end, trades)
        minute = tick.end // MINUTE * MINUTE
        if minute > self._marked:
            self._marked = minute
            row = int(np.searchsorted(self._truth.minutes, minute))
            if row < len(self._truth.minutes) and self._truth.minutes[row] == minute:
                self._mark(session, row)

    def finish(self, session: Session) -> ReplayObservations:
        """What was watched, once the tape is at its end.

        Raises:
            EvaluateError: If the truth knows of more trades than came.
        """
        if self._seen != len(self._truth.trades):
            raise self._misfit(f"{self._seen:,} trade records", f"{len(self._truth.trades):,}")
        symbols = tuple(session.symbols())
        chains = session.board.contracts.chains
        chain = session.board.contracts.chain[self._positions]
        place = np.array([symbols.index(c.symbol) for c in chains])
        todays = {c.number for name in symbols if (c := session.chain(name))}
        is_today = np.array([c.number in todays for c in chains])
        known = self._positions >= 0
        self._trades["symbol"] = np.where(known, place[chain], _NOWHERE)
        self._trades["same_day"] = known & is_today[chain]
        minutes = np.concatenate([np.empty(0, MINUTES), *self._minutes])
        return ReplayObservations(session.hours, symbols, self._trades, self._truth.trades, minutes)

    def _keep(self, session: Session, end: int, judged: ClassifiedTrades) -> None:
        batch, verdicts = judged.batch, judged.verdicts
        rows = slice(batch.first, batch.first + len(batch.records))
        true = self._truth.trades[rows]
        if len(true) < len(batch.records):
            raise self._misfit(f"over {rows.start:,} trade records", f"{len(self._truth.trades):,}")
        for name in ("instrument_id", "ts_recv"):
            if (true[name] != batch.records[name]).any():
                wrong = int(np.argmax(true[name] != batch.records[name]))
                told, there = int(true[name][wrong]), int(batch.records[name][wrong])
                raise self._misfit(f"trade record {rows.start + wrong} of {name} {there}", told)
        self._seen += len(true)
        self._positions[rows] = judged.positions
        out, hours = self._trades[rows], session.hours
        out["size"] = batch.records["size"]
        out["condition"] = 0 if batch.conditions is None else batch.conditions
        out["side"], out["customer"] = verdicts.side, verdicts.customer
        out["rule"], out["delta_dollars"] = verdicts.rule, verdicts.delta_dollars
        out["delta"], out["spot"] = judged.valued.delta, judged.valued.spot
        is_open = hours.open < end <= hours.close
        out["minute"] = (end - hours.open - 1) // MINUTE if is_open else _NOWHERE

    def _misfit(self, tape: str, truth: object) -> EvaluateError:
        return EvaluateError(
            f"{self._truth.folder}: does not fit the tape, which has {tape}; the truth says {truth}"
        )

    def _mark(self, session: Session, row: int) -> None:
        """Write a minute's row of every same-day chain."""
        columns = self._columns(session)
        for place, symbol in enumerate(session.symbols()):
            if (chain := session.chain(symbol)) is not None:
                self._minutes.append(self._minute(session, chain, place, row, columns))

    def _columns(self, session: Session) -> Index:
        """The truth's column of every contract; `_NOWHERE` for those of other days."""
        instruments = session.board.instruments
        rows = np.zeros(len(self._truth.instruments), self._truth.trades.dtype)
        rows["instrument_id"] = self._truth.instruments
        columns = np.full(len(session.board.contracts), _NOWHERE, np.intp)
        columns[instruments.positions(self._truth.dataset, rows)] = np.arange(len(rows))
        return columns

    def _minute(
        self, session: Session, chain: Chain, place: int, row: int, columns: Index
    ) -> Records:
        column = columns[chain.positions]
        true_oi, dealers = (
            np.where(chain.listed, figures[row][column], 0).astype(np.float64)
            for figures in (self._truth.open_interest, self._truth.dealers)
        )
        estimates = _open_interest(session, chain)
        facts = {
            "symbol": place,
            "minute": (self._truth.minutes[row] - session.hours.open) // MINUTE,
            "true_oi": true_oi.sum(),
            "oi": [estimate.sum() for estimate in estimates],
            "oi_error": [np.abs(estimate - true_oi).sum() for estimate in estimates],
            **_gamma(session.reading(chain), true_oi, dealers),
        }
        out = np.empty(1, MINUTES)
        for name, value in facts.items():
            out[name] = value
        return out


def _open_interest(session: Session, chain: Chain) -> list[F64]:
    """Each estimate, contracts, shape (2, n); an unknown contract adds nothing."""
    board = session.board
    official = gather(board.settled.open_interest, chain)
    day = board.flow.turnover(chain.positions)
    estimates = [
        official if method == SETTLED else open_interest(official, day, method).effective
        for method in METHODS
    ]
    return [np.where(chain.listed, np.nan_to_num(estimate), 0.0) for estimate in estimates]


def _gamma(reading: Reading | None, true_oi: F64, dealers: F64) -> dict[str, float]:
    """Dealers' gamma, true and estimated, on the surface of `reading`; NaN without one."""
    if reading is None:
        return dict.fromkeys(GAMMA, np.nan)
    state, estimate = reading.live, reading.inventory.gex
    dollars = state.surface.greeks.gamma * MULTIPLIER * state.spot.value**2 * 0.01
    values = (
        (dollars * dealers).sum(),
        (dollars * true_oi).sum(),
        state.settled_net_gex,
        np.nansum(dollars * state.instant.official),
        state.exposures.net_gex,
        state.exposures.gross_gex,
        estimate.mean,
        estimate.low,
        estimate.high,
    )
    return dict(zip(GAMMA, map(float, values), strict=True))
