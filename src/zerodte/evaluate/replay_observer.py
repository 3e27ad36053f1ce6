"""Observes a replay tick by tick, and records its estimates beside the truth."""

import numpy as np

from zerodte.arrays import F64, Index
from zerodte.constants import MINUTE, MULTIPLIER
from zerodte.engine.chain_inputs import CALL, gather
from zerodte.engine.exposure import net_gex
from zerodte.engine.open_interest import open_interest
from zerodte.evaluate.observations import (
    GAMMA,
    INTEREST_METHODS,
    LEVELS,
    MINUTE_ESTIMATES,
    SETTLED,
    TRADE_ESTIMATES,
    ReplayObservations,
)
from zerodte.evaluate.truth import EvaluateError, Truth
from zerodte.market.contracts import NO_POSITION, Chain
from zerodte.records.dbn import Records
from zerodte.records.tick import Tick
from zerodte.session.market_state import ClassifiedTrades
from zerodte.session.reading import Reading
from zerodte.session.session import Session

#: The minute of trades outside the session.
_NO_MINUTE = -1


class ReplayObserver:
    """Records one replay with its truth: call `observe` on every tick, then `finish`."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._trades = np.zeros(len(truth.trades), TRADE_ESTIMATES)
        self._positions = np.full(len(truth.trades), NO_POSITION, np.int32)
        self._trade_count = 0
        self._minute_rows: list[Records] = []
        self._last_minute = 0

    def observe(self, session: Session, tick: Tick, classified: list[ClassifiedTrades]) -> None:
        """Record a tick after `session` has applied it.

        Raises:
            EvaluateError: If its trades do not match the truth.
        """
        for trades in classified:
            self._record_trades(session, tick.end, trades)
        minute = tick.end // MINUTE * MINUTE
        if minute > self._last_minute:
            self._last_minute = minute
            row = int(np.searchsorted(self._truth.minutes, minute))
            if row < len(self._truth.minutes) and self._truth.minutes[row] == minute:
                self._record_minute(session, row)

    def finish(self, session: Session) -> ReplayObservations:
        """The observations, at the end of the tape.

        Raises:
            EvaluateError: If the truth has more trades than the tape.
        """
        if self._trade_count != len(self._truth.trades):
            raise self._mismatch(
                f"{self._trade_count:,} trade records", f"{len(self._truth.trades):,}"
            )
        symbols = tuple(session.symbols())
        chains = session.market.contracts.chains
        chain = session.market.contracts.chain[self._positions]
        symbol_index = np.array([symbols.index(c.symbol) for c in chains])
        todays = {c.number for name in symbols if (c := session.chain(name))}
        is_today = np.array([c.number in todays for c in chains])
        is_known = self._positions >= 0
        self._trades["symbol"] = np.where(is_known, symbol_index[chain], NO_POSITION)
        self._trades["same_day"] = is_known & is_today[chain]
        minutes = np.concatenate([np.empty(0, MINUTE_ESTIMATES), *self._minute_rows])
        return ReplayObservations(session.hours, symbols, self._trades, self._truth.trades, minutes)

    def _record_trades(self, session: Session, end: int, classified: ClassifiedTrades) -> None:
        batch, classifications = classified.batch, classified.classifications
        rows = slice(batch.first, batch.first + len(batch.records))
        true = self._truth.trades[rows]
        if len(true) < len(batch.records):
            raise self._mismatch(
                f"over {rows.start:,} trade records", f"{len(self._truth.trades):,}"
            )
        for name in ("instrument_id", "ts_recv"):
            if (true[name] != batch.records[name]).any():
                wrong = int(np.argmax(true[name] != batch.records[name]))
                expected, found = int(true[name][wrong]), int(batch.records[name][wrong])
                raise self._mismatch(
                    f"trade record {rows.start + wrong} of {name} {found}", expected
                )
        self._trade_count += len(true)
        self._positions[rows] = classified.positions
        out, hours = self._trades[rows], session.hours
        out["size"] = batch.records["size"]
        out["condition"] = 0 if batch.conditions is None else batch.conditions
        out["side"], out["customer"] = classifications.side, classifications.customer
        out["rule"], out["delta_dollars"] = classifications.rule, classifications.delta_dollars
        out["delta"], out["spot"] = classified.valued.delta, classified.valued.spot
        is_open = hours.open < end <= hours.close
        out["minute"] = (end - hours.open - 1) // MINUTE if is_open else _NO_MINUTE

    def _mismatch(self, tape: str, truth: object) -> EvaluateError:
        return EvaluateError(
            f"{self._truth.folder}: does not fit the tape, which has {tape}; the truth has {truth}"
        )

    def _record_minute(self, session: Session, row: int) -> None:
        """Record a row for every same-day chain."""
        columns = self._columns(session)
        for symbol_index, symbol in enumerate(session.symbols()):
            if (chain := session.chain(symbol)) is not None:
                self._minute_rows.append(
                    self._minute_row(session, chain, symbol_index, row, columns)
                )

    def _columns(self, session: Session) -> Index:
        """The truth's column of every contract; `NO_POSITION` for contracts of other days."""
        instruments = session.market.instruments
        rows = np.zeros(len(self._truth.instruments), self._truth.trades.dtype)
        rows["instrument_id"] = self._truth.instruments
        columns = np.full(len(session.market.contracts), NO_POSITION, np.intp)
        columns[instruments.positions(self._truth.dataset, rows)] = np.arange(len(rows))
        return columns

    def _minute_row(
        self, session: Session, chain: Chain, symbol_index: int, row: int, columns: Index
    ) -> Records:
        column = columns[chain.positions]
        true_oi, dealers = (
            np.where(chain.listed, figures[row][column], 0).astype(np.float64)
            for figures in (self._truth.open_interest, self._truth.dealers)
        )
        estimates = _open_interest(session, chain)
        reading = session.reading(chain)
        values = {
            "symbol": symbol_index,
            "minute": (self._truth.minutes[row] - session.hours.open) // MINUTE,
            "true_oi": true_oi.sum(),
            "oi": [estimate.sum() for estimate in estimates],
            "oi_error": [np.abs(estimate - true_oi).sum() for estimate in estimates],
            **_gamma(reading, true_oi, dealers),
            **_levels_right(reading, true_oi, estimates),
        }
        out = np.empty(1, MINUTE_ESTIMATES)
        for name, value in values.items():
            out[name] = value
        return out


def _open_interest(session: Session, chain: Chain) -> list[F64]:
    """Each estimate in contracts, shape (2, n); unknown open interest counts as 0."""
    market = session.market
    official = gather(market.settled.open_interest, chain)
    turnover = market.flow.turnover(chain.positions)
    estimates = [
        official if method == SETTLED else open_interest(official, turnover, method).effective
        for method in INTEREST_METHODS
    ]
    return [np.where(chain.listed, np.nan_to_num(estimate), 0.0) for estimate in estimates]


def _levels_right(
    reading: Reading | None, true_oi: F64, estimates: list[F64]
) -> dict[str, list[bool]]:
    """By level, for which estimates the convention finds the one that it has on `true_oi`."""
    if reading is None:
        return {f"{name}_right": [False] * len(estimates) for name in LEVELS}
    gamma = reading.live.surface.greeks.gamma
    true = _levels(gamma, true_oi)
    found = [_levels(gamma, estimate) for estimate in estimates]
    return {
        f"{name}_right": [each[i] == true[i] for each in found] for i, name in enumerate(LEVELS)
    }


def _levels(gamma: F64, open_interest: F64) -> tuple[int, int, int, bool]:
    """The places of magnet, call wall and put wall among strikes, and whether net GEX is above 0.

    Args:
        gamma: By right and strike, shape (2, n).
        open_interest: Contracts, shape (2, n).
    """
    calls, puts = gamma * open_interest
    net = calls - puts
    largest = (int(np.argmax(values)) for values in (np.abs(net), calls, puts))
    return (*largest, bool(net.sum() > 0.0))  # type: ignore[return-value]


def _gamma(reading: Reading | None, true_oi: F64, dealers: F64) -> dict[str, float]:
    """Dealers' gamma, true and estimated, on the surface of `reading`; NaN without a reading."""
    if reading is None:
        return dict.fromkeys(GAMMA, np.nan)
    state, estimate = reading.live, reading.inventory.gex
    dollars = state.surface.greeks.gamma * MULTIPLIER * state.spot.value**2 * 0.01
    # Also where an answer would withhold it.
    net = float(state.exposures.net_by_strike.sum())
    values = (
        (dollars * dealers).sum(),
        (dollars * true_oi).sum(),
        net_gex(state.surface.greeks.gamma[CALL], state.instant.official, state.spot.value),
        np.nansum(dollars * state.instant.official),
        net,
        state.exposures.gross_gex,
        estimate.mean,
        estimate.low,
        estimate.high,
    )
    return dict(zip(GAMMA, map(float, values), strict=True))
