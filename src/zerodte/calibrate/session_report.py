"""physical_v1 on finished sessions: k by quarter, beside the chain's own density, walk-forward."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import numpy as np

from zerodte.arrays import F64
from zerodte.calibrate.comparison import ForecastComparison, compare
from zerodte.calibrate.error import CalibrationError
from zerodte.calibrate.forecast import CONSTANTS, Forecast
from zerodte.calibrate.parameter_file import FILE_VERSION
from zerodte.calibrate.sessions import FinishedSession, FinishedSessions
from zerodte.constants import JUDGED_SESSIONS, NORMAL_WITHIN, SCORED_MINUTES
from zerodte.engine.physical import UNIT_SCALE, Scale, fitted
from zerodte.wire.calibration import CalibrationFile

PHYSICAL: Final = "physical_v1"
CHAIN: Final = "density_v1"


@dataclass(frozen=True, eq=False, slots=True)
class SessionReport:
    """What finished sessions say.

    Attributes:
        sessions: The sessions.
        scale: Fitted on all of them.
        ratios: Realised over implied variance by quarter, the mean over sessions; NaN if unknown.
        comparison: physical_v1 beside the others, by the mean Brier score of both bands.
    """

    sessions: FinishedSessions
    scale: Scale
    ratios: tuple[float, ...]
    comparison: ForecastComparison

    @property
    def method(self) -> Literal["physical_v1", "density_v1"]:
        """What is served: the chain's own density once the scale has done worse, walk-forward."""
        gain = self.comparison.scores[CHAIN].gain
        return "density_v1" if gain.days >= JUDGED_SESSIONS and gain.mean < 0.0 else "physical_v1"

    @property
    def served(self) -> Scale:
        """The scale that is served."""
        factors = UNIT_SCALE.factors if self.method == CHAIN else self.scale.factors
        return Scale(factors, self.scale.sessions, self.scale.version)

    @property
    def sentence(self) -> str:
        """What is served, and why."""
        scored = self.comparison.scores[CHAIN].gain.days
        if self.method == CHAIN:
            return (
                f"served: k = 1, since physical_v1 did worse than density_v1 in {scored} sessions"
            )
        if scored < JUDGED_SESSIONS:
            return (
                f"served: physical_v1; {scored} of the {JUDGED_SESSIONS} sessions are scored that "
                "are needed to judge it"
            )
        return f"served: physical_v1, which did not do worse than density_v1 in {scored} sessions"

    def file(self) -> CalibrationFile:
        """The fitted parameters."""
        sessions = self.sessions.sessions
        return CalibrationFile(
            zerodte_calibration=FILE_VERSION,
            symbol=self.sessions.symbol,
            fitted_on="finished sessions",
            first=sessions[0].date,
            last=sessions[-1].date,
            sessions=self.scale.sessions,
            method=self.method,
            scale_version=self.scale.version,
            scale=self.served.factors,
            scores=self.comparison.score_records(),
            coverage=self.comparison.coverage_records(self.method),
        )

    def json(self) -> bytes:
        """All figures as JSON; unknown ones are null."""
        sessions = self.sessions.sessions
        body: dict[str, Any] = {
            "symbol": self.sessions.symbol,
            "first": sessions[0].date,
            "last": sessions[-1].date,
            "sessions": self.scale.sessions,
            "left_out": dict(self.sessions.left_out),
            "fitted": self.scale.factors,
            "realised_over_implied": self.ratios,
            "method": self.method,
            "served": self.served.factors,
            "scores": dict(self.comparison.scores),
            "verdicts": self.comparison.verdicts(),
        }
        return msgspec.json.encode(body)


def session_report(sessions: FinishedSessions) -> SessionReport:
    """Fit the scale, and score it on each session from those before it.

    Raises:
        CalibrationError: No moment of any session can be scored.
    """
    days = sessions.sessions
    if not any(day.moments for day in days):
        raise CalibrationError(
            f"{sessions.symbol}: no session has quotes at any of the scored times from 10:00 on"
        )
    ratios = np.array([day.variance.ratio for day in days])
    known = np.isfinite(ratios)
    counts = known.sum(axis=0)
    means = np.where(known, ratios, 0.0).sum(axis=0) / np.where(counts > 0, counts, np.nan)
    before = [fitted([day.variance for day in days[:row]]) for row in range(len(days))]
    forecasts = {
        PHYSICAL: _forecast(days, lambda row, pct: before[row].at(pct)),
        CHAIN: _forecast(days, lambda *_: 1.0),
    }
    shape = forecasts[CHAIN].below.shape
    forecasts[CONSTANTS] = Forecast(
        np.broadcast_to(np.array(NORMAL_WITHIN), (*shape, 2)), np.full(shape, np.nan)
    )
    return SessionReport(
        sessions=sessions,
        scale=fitted([day.variance for day in days]),
        ratios=tuple(means.tolist()),
        comparison=compare(forecasts, _inside(days), bands=2),
    )


def _inside(days: Sequence[FinishedSession]) -> F64:
    """Whether the close was within one and two of the chain's sigmas of spot, (n, t, 2)."""
    inside = np.full((len(days), len(SCORED_MINUTES), 2), np.nan)
    for row, day in enumerate(days):
        for one in day.moments:
            for bands in (1, 2):
                held = abs(day.close - one.spot) <= bands * one.density.sigma
                inside[row, one.place, bands - 1] = held
    return inside


def _forecast(days: Sequence[FinishedSession], factor: Callable[[int, float], float]) -> Forecast:
    """The chain's density scaled by a factor that depends on session and elapsed percent."""
    inside = np.full((len(days), len(SCORED_MINUTES), 2), np.nan)
    below = np.full((len(days), len(SCORED_MINUTES)), np.nan)
    for row, day in enumerate(days):
        for one in day.moments:
            law = one.density.scaled(factor(row, one.elapsed_pct))
            for bands in (1, 2):
                reach = bands * one.density.sigma
                inside[row, one.place, bands - 1] = law.mass(one.spot - reach, one.spot + reach)
            below[row, one.place] = float(law.cdf(day.close))
    return Forecast(inside, below)
