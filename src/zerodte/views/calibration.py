"""The calibration of a symbol: what makes its probabilities physical, and how that has done."""

import msgspec

from zerodte.session.session import Session
from zerodte.session.settings import scale_of
from zerodte.views.frame import check_symbol, data_as_of
from zerodte.wire.calibration import (
    Calibration,
    CalibrationCoverage,
    CalibrationFile,
    CalibrationFit,
    CalibrationQuery,
    CalibrationScore,
    QuarterScale,
)
from zerodte.wire.envelope import Source
from zerodte.wire.numbers import number


def calibration(
    session: Session, source: Source, file: CalibrationFile | None, query: CalibrationQuery
) -> bytes:
    """The JSON of a symbol's calibration.

    Raises:
        ApiError: symbol_not_found.
    """
    symbol = query.symbol
    check_symbol(session, symbol)
    day = session.samples(symbol)
    arrivals = day.contexts[-1].arrivals if day else session.arrivals(symbol)
    scale = scale_of(file)
    first, second, third, fourth = (_rounded(factor) for factor in scale.factors)
    answer = Calibration(
        source=source,
        data_as_of=data_as_of(arrivals),
        symbol=symbol,
        method="density_v1" if file and file.method == "density_v1" else "physical_v1",
        version=scale.version,
        sessions=scale.sessions,
        scale=QuarterScale(first=first, second=second, third=third, fourth=fourth),
        fit=None if file is None else _fit(file),
    )
    return msgspec.json.encode(answer)


def _fit(file: CalibrationFile) -> CalibrationFit:
    return CalibrationFit(
        fitted_on=file.fitted_on,
        method=file.method,
        first=file.first,
        last=file.last,
        sessions=file.sessions,
        scores=[_score(one) for one in file.scores],
        coverage=[_coverage(one) for one in file.coverage],
    )


def _score(one: CalibrationScore) -> CalibrationScore:
    names = ("brier", "rival_brier", "log_loss", "gain", "gain_low", "gain_high")
    values = {name: getattr(one, name) for name in names}
    return msgspec.structs.replace(
        one, **{name: value if value is None else number(value) for name, value in values.items()}
    )


def _coverage(one: CalibrationCoverage) -> CalibrationCoverage:
    return CalibrationCoverage(
        level=one.level,
        covered=_rounded(one.covered),
        low=None if one.low is None else number(one.low),
        high=None if one.high is None else number(one.high),
    )


def _rounded(value: float) -> float:
    """A finite number as it goes on the wire."""
    return number(value) or 0.0
