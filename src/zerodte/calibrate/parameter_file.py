"""The calibration file: fitted parameters of one symbol, with what they were fitted on.

JSON with a version. A file of another version, symbol or form is refused: parameters that were
fitted on something else would still give numbers.
"""

import math
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from zerodte.calibrate.error import CalibrationError
from zerodte.engine.physical import SCALE_VERSION
from zerodte.wire.calibration import CalibrationFile, Verdict

#: Of the file's form and of the meaning of its parameters.
FILE_VERSION: Final = 1


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
    if found.scale_version != SCALE_VERSION:
        raise CalibrationError(
            f"{path}: its scale is of version {found.scale_version} of the method, this program "
            f"has {SCALE_VERSION}; make it anew with zerodte calibrate --out"
        )
    if symbol is not None and found.symbol != symbol:
        raise CalibrationError(f"{path}: is of {found.symbol}, not of {symbol}")
    return found


def verdict(gain_low: float, gain_high: float) -> Verdict:
    """What the interval of a gain allows to say; without an interval, nothing is better."""
    if math.isfinite(gain_low) and gain_low > 0.0:
        return "better"
    return "worse" if gain_high < 0.0 else "no better"
