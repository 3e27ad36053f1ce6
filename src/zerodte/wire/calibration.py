"""The calibration of a symbol: the query and its answer, and the file that a calibration is."""

import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from zerodte.wire.base import Number, about
from zerodte.wire.envelope import Envelope
from zerodte.wire.query import NowQuery, Symbol

Positive: TypeAlias = Annotated[float, Meta(gt=0.0)]
Verdict: TypeAlias = Literal["better", "no better", "worse"]
FittedOn: TypeAlias = Literal["minute bars", "finished sessions"]
FittedMethod: TypeAlias = Literal["har_t_v1", "physical_v1", "density_v1"]


class CalibrationScore(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One forecast of the close beside another on the same sessions, walk-forward."""

    forecast: Annotated[str, about("The tested forecast.")]
    rival: Annotated[str, about("The other.")]
    sessions: Annotated[int, about("Scored sessions.")]
    brier: Annotated[Number, about("Brier score of the close within the band, 0 is best.")]
    rival_brier: Annotated[Number, about("The other's.")]
    log_loss: Annotated[Number, about("-log of the probability of what happened, the mean.")]
    gain: Annotated[Number, about("rival_brier - brier; above 0 is better.")]
    gain_low: Annotated[Number, about("Lower bound, 95%, of resampled days.")]
    gain_high: Annotated[Number, about("Upper bound.")]
    verdict: Annotated[Verdict, about("What the interval allows to say.")]


class CalibrationCoverage(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """How often a central interval of the forecast held the close."""

    level: Annotated[float, about("Probability of the interval, a fraction.")]
    covered: Annotated[float, about("Share of closes in it.")]
    low: Annotated[Number, about("Lower bound, 95%, of resampled days.")]
    high: Annotated[Number, about("Upper bound.")]


class HarParameters(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """har_t's parameters; see `zerodte.calibrate.har.HarModel`."""

    weights: tuple[float, float, float, float]
    gains: tuple[Positive, Positive, Positive, Positive]
    freedom: int


class CalibrationFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calibration file.

    Attributes:
        zerodte_calibration: The version of the form; it also tells the kind of file.
        symbol: The underlying.
        fitted_on: Kind of data.
        first: First session.
        last: Last session.
        sessions: Number of sessions fitted on.
        method: Of the parameters.
        scale_version: Of the physical scale's method.
        scale: Physical over risk-neutral sigma by quarter of the session, as served; None if bars
            alone were given.
        har_t: Of minute bars alone; None if sessions were given.
        scores: Walk-forward.
        coverage: Of the method, walk-forward.
    """

    zerodte_calibration: int
    symbol: str
    fitted_on: FittedOn
    first: datetime.date
    last: datetime.date
    sessions: Annotated[int, Meta(ge=1)]
    method: FittedMethod
    scale_version: int
    scale: tuple[Positive, Positive, Positive, Positive] | None = None
    har_t: HarParameters | None = None
    scores: tuple[CalibrationScore, ...] = ()
    coverage: tuple[CalibrationCoverage, ...] = ()

    def encode(self) -> bytes:
        """The file's bytes: JSON, indented."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"


class QuarterScale(Struct, frozen=True, kw_only=True, gc=False):
    """Physical over risk-neutral sigma of the close, k, by quarter of the session."""

    first: Annotated[float, about("From the open.")]
    second: Annotated[float, about("The second quarter.")]
    third: Annotated[float, about("The third quarter.")]
    fourth: Annotated[float, about("Until the close.")]


class CalibrationFit(Struct, frozen=True, kw_only=True, gc=False):
    """What a calibration file says of itself: what it was fitted on, and how its method did."""

    fitted_on: Annotated[FittedOn, about("Kind of data.")]
    method: Annotated[FittedMethod, about("Of its parameters.")]
    first: Annotated[datetime.date, about("First session.")]
    last: Annotated[datetime.date, about("Last session.")]
    sessions: Annotated[int, about("Number of sessions.")]
    scores: Annotated[list[CalibrationScore], about("Beside each rival, walk-forward.")]
    coverage: Annotated[list[CalibrationCoverage], about("By level, walk-forward.")]


class Calibration(Envelope, frozen=True, kw_only=True, gc=False):
    """What makes a symbol's probabilities physical, and how it has done.

    Without a calibration file it is the published premium alone: `sessions` is 0, `fit` is null.
    """

    symbol: Annotated[str, about("The underlying.")]
    method: Annotated[
        Literal["physical_v1", "density_v1"],
        about(
            "physical_v1: the chain's density drawn towards its mean by `scale`. density_v1: the "
            "chain's own, since the scale has done worse."
        ),
    ]
    version: Annotated[int, about("Of the method and its parameters.")]
    sessions: Annotated[int, about("Finished sessions behind the scale.")]
    scale: Annotated[QuarterScale, about("k in force.")]
    fit: Annotated[CalibrationFit | None, about("Of the calibration file.")]


class CalibrationQuery(NowQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the calibration of a symbol's probabilities."""

    symbol: Symbol
