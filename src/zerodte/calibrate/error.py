"""The error of calibration."""

from zerodte.errors import ZerodteError


class CalibrationError(ZerodteError):
    """Input that cannot be calibrated on, or a calibration file that cannot be used."""
