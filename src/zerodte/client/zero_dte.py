"""The endpoints of the API as methods, for both clients.

Parameters that are None are not sent, so that the server's defaults hold. docs/http.md describes
the answers.
"""

from zerodte.client.call import Call, Day, Time, call_of, form_of, reader_of
from zerodte.client.method import EndpointMethod
from zerodte.client.tables import (
    HeatmapTable,
    HedgeFlowTable,
    LeaderboardTable,
    SeriesTable,
    StrikeFlowTable,
)
from zerodte.wire.calibration import Calibration, CalibrationQuery
from zerodte.wire.exposure import ExposureQuery
from zerodte.wire.flat import Exposure, Snapshot
from zerodte.wire.heatmap import HeatmapMetric, HeatmapMode, HeatmapQuery
from zerodte.wire.hedge_flow import HedgeFlowQuery, Side
from zerodte.wire.leaderboard import LeaderboardQuery, LeaderMetric
from zerodte.wire.series import SeriesQuery
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotQuery
from zerodte.wire.strike_flow import StrikeFlowQuery
from zerodte.wire.window import BarSize, StrikeBarSize


def _read_snapshot(content: bytes) -> Snapshot | NoZeroDte | SessionClosed:
    form = form_of(content)
    return reader_of(Snapshot)(content) if form is None else reader_of(form)(content)


def _read_exposure(content: bytes) -> Exposure | NoZeroDte:
    is_degraded = form_of(content) is NoZeroDte
    return reader_of(NoZeroDte)(content) if is_degraded else reader_of(Exposure)(content)


class ZeroDteEndpoints:
    """The endpoints of a same-day chain."""

    @EndpointMethod
    @staticmethod
    def snapshot(
        symbol: str,
        *,
        at: Time | None = None,
        expiry: Day | None = None,
        strike_range: float | None = None,
        inventory: bool | None = None,
    ) -> Call[Snapshot | NoZeroDte | SessionClosed]:
        """One symbol's same-day chain on effective open interest, with all that follows from it."""
        return call_of(
            SnapshotQuery,
            _read_snapshot,
            symbol=symbol,
            at=at,
            expiry=expiry,
            strike_range=strike_range,
            inventory=inventory,
        )

    @EndpointMethod
    @staticmethod
    def exposure(
        symbol: str,
        *,
        at: Time | None = None,
        expiry: Day | None = None,
        strike_range: float | None = None,
    ) -> Call[Exposure | NoZeroDte]:
        """The same on settled open interest: the morning baseline."""
        return call_of(
            ExposureQuery,
            _read_exposure,
            symbol=symbol,
            at=at,
            expiry=expiry,
            strike_range=strike_range,
        )

    @EndpointMethod
    @staticmethod
    def series(
        symbol: str,
        *,
        bar: BarSize | None = None,
        minutes: int | None = None,
        at: Time | None = None,
    ) -> Call[SeriesTable]:
        """The headline figures of a day, bar by bar."""
        read = reader_of(SeriesTable)
        return call_of(SeriesQuery, read, symbol=symbol, bar=bar, minutes=minutes, at=at)

    @EndpointMethod
    @staticmethod
    def hedge_flow(
        symbol: str,
        *,
        side: Side | None = None,
        bar: BarSize | None = None,
        minutes: int | None = None,
        at: Time | None = None,
    ) -> Call[HedgeFlowTable]:
        """What dealers had to trade to stay hedged, bar by bar."""
        return call_of(
            HedgeFlowQuery,
            reader_of(HedgeFlowTable),
            symbol=symbol,
            side=side,
            bar=bar,
            minutes=minutes,
            at=at,
        )

    @EndpointMethod
    @staticmethod
    def heatmap(
        symbol: str,
        *,
        metric: HeatmapMetric | None = None,
        mode: HeatmapMode | None = None,
        bar: StrikeBarSize | None = None,
        minutes: int | None = None,
        digits: int | None = None,
        strikes: tuple[float, float] | None = None,
        at: Time | None = None,
    ) -> Call[HeatmapTable]:
        """One metric over strikes and time."""
        return call_of(
            HeatmapQuery,
            reader_of(HeatmapTable),
            symbol=symbol,
            metric=metric,
            mode=mode,
            bar=bar,
            minutes=minutes,
            digits=digits,
            strikes=strikes,
            at=at,
        )

    @EndpointMethod
    @staticmethod
    def strike_flow(
        symbol: str,
        *,
        bar: StrikeBarSize | None = None,
        minutes: int | None = None,
        digits: int | None = None,
        strikes: tuple[float, float] | None = None,
        at: Time | None = None,
    ) -> Call[StrikeFlowTable]:
        """Signed flow over strikes and time."""
        return call_of(
            StrikeFlowQuery,
            reader_of(StrikeFlowTable),
            symbol=symbol,
            bar=bar,
            minutes=minutes,
            digits=digits,
            strikes=strikes,
            at=at,
        )

    @EndpointMethod
    @staticmethod
    def leaderboard(
        *, metric: LeaderMetric | None = None, n: int | None = None
    ) -> Call[LeaderboardTable]:
        """All symbols with a same-day chain, ranked."""
        return call_of(LeaderboardQuery, reader_of(LeaderboardTable), metric=metric, n=n)

    @EndpointMethod
    @staticmethod
    def calibration(symbol: str) -> Call[Calibration]:
        """What makes a symbol's probabilities physical, and how it has done."""
        return call_of(CalibrationQuery, reader_of(Calibration), symbol=symbol)
