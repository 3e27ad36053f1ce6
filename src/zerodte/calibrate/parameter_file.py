"""The calibration file: fitted parameters of one symbol, with what they were fitted on.

JSON with a version. A file of another version, symbol or form is refused: parameters that were
fitted on something else would still give numbers.
"""

import datetime
import math
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from zerodte.calibrate.error import CalibrationError

#: Of the file's form and of the meaning of its parameters.
FILE_VERSION: Final = 1

Positive: TypeAlias = Annotated[float, Meta(gt=0.0)]
Share: TypeAlias = Annotated[float, Meta(ge=0.0, le=1.0)]
Verdict: TypeAlias = Literal["better", "no better", "worse"]


class ScoreRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One forecast against a rival on the same sessions, walk-forward.

    Attributes:
        forecast: Its name.
        rival: The other's.
        sessions: Scored ones.
        brier: Of the close within one band.
        rival_brier: The other's.
        log_loss: Of the same event.
        gain: rival_brier - brier, with its interval.
        gain_low: Lower bound.
        gain_high: Upper bound.
        verdict: What the interval allows to say.
    """

    forecast: str
    rival: str
    sessions: int
    brier: Share
    rival_brier: Share
    log_loss: float
    gain: float
    gain_low: float
    gain_high: float
    verdict: Verdict


class CoverageRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a central interval held the close, with the interval of resampled days."""

    level: Share
    covered: Share
    low: float
    high: float


class HarRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
        method: Of the parameters, and what is served.
        scale: Physical over risk-neutral sigma by quarter of the session; None if bars alone were
            given.
        har_t: Of minute bars alone; None if sessions were given.
        scores: Walk-forward.
        coverage: Of the method, walk-forward.
    """

    zerodte_calibration: int
    symbol: str
    fitted_on: Literal["minute bars", "finished sessions"]
    first: datetime.date
    last: datetime.date
    sessions: Annotated[int, Meta(ge=1)]
    method: Literal["har_t_v1", "physical_v1", "density_v1"]
    scale: tuple[Positive, Positive, Positive, Positive] | None = None
    har_t: HarRecord | None = None
    scores: tuple[ScoreRecord, ...] = ()
    coverage: tuple[CoverageRecord, ...] = ()

    def encode(self) -> bytes:
        """The file's bytes: JSON, indented."""
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"


class _Version(Struct):
    """What every version of the file has."""

    zerodte_calibration: int


def read_calibration(path: Path, symbol: str | None = None) -> CalibrationFile:
    """Read a calibration file.

    Args:
        path: The file.
        symbol: The symbol that it must be of; None for any.

    Raises:
        CalibrationError: It is no such file, or of another version or symbol.
    """
    try:
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=_Version).zerodte_calibration
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(
            f"{path}: not a calibration file ({error}); make one with zerodte calibrate --out"
        ) from error
    if version != FILE_VERSION:
        raise CalibrationError(
            f"{path}: has version {version} of the form, this program reads {FILE_VERSION}; "
            "make it anew with zerodte calibrate --out"
        )
    try:
        found = msgspec.json.decode(content, type=CalibrationFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: a damaged calibration file: {error}") from error
    if symbol is not None and found.symbol != symbol:
        raise CalibrationError(f"{path}: is of {found.symbol}, not of {symbol}")
    return found


def verdict(gain_low: float, gain_high: float) -> Verdict:
    """What the interval of a gain allows to say; without an interval, nothing is better."""
    if math.isfinite(gain_low) and gain_low > 0.0:
        return "better"
    return "worse" if gain_high < 0.0 else "no better"
