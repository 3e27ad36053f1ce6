"""Scores over several tapes: intervals over seeds, and comparisons of estimates."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from zerodte.arrays import F64
from zerodte.evaluate.gamma import CONVENTIONS, INVENTORY
from zerodte.evaluate.hedging import hedge_flow
from zerodte.evaluate.observations import INTEREST_METHODS, SETTLED, ReplayObservations, ScoreRows
from zerodte.evaluate.statistic import LEVEL, Interval, interval
from zerodte.evaluate.tables import TABLES
from zerodte.evaluate.truth import EvaluateError
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records

#: The rows of a table over seeds.
ScoreTable: TypeAlias = dict[tuple[str, ...], dict[str, Interval]]

#: The pairs of estimates that are compared, by table.
_RIVALS: Final = {
    "gamma": [(INVENTORY, convention) for convention in CONVENTIONS],
    "open_interest": [(method, SETTLED) for method in INTEREST_METHODS if method != SETTLED],
}
#: The measures of comparison, and whether a higher value is better.
_MEASURES: Final = {
    "gamma": {"sign": True, "correlation": True, "error": False},
    "open_interest": {"contract_error": False, "total_error": False},
}


@dataclass(frozen=True, eq=False, slots=True)
class TimeSeries:
    """One symbol through the session, for the plots of one tape.

    Attributes:
        symbol: The underlying.
        minutes: Its `MINUTE_ESTIMATES`.
        flow: Estimated hedge flow, dollars, shape (minutes,).
        true_flow: True hedging need of dealers, dollars, shape (minutes,).
    """

    symbol: str
    minutes: Records
    flow: F64
    true_flow: F64


@dataclass(frozen=True, eq=False, slots=True)
class TapeScore:
    """The scores of one tape.

    Attributes:
        name: Its folder.
        hours: Its trading session.
        digest: Digest of all its records.
        parameters: The parameters that its seed determines.
        scores: Rows, by table.
        time_series: One for each symbol with a same-day chain.
    """

    name: str
    hours: TradingSession
    digest: str
    parameters: dict[str, Any]
    scores: dict[str, ScoreRows]
    time_series: tuple[TimeSeries, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two estimates compared seed by seed.

    Attributes:
        table: The table of both estimates.
        symbol: The symbol, or all.
        time: The time label.
        measure: The compared column.
        first: An estimate.
        second: The estimate that it is compared with.
        gain: Improvement of `first` over `second`, in the column's units.
    """

    table: str
    symbol: str
    time: str
    measure: str
    first: str
    second: str
    gain: Interval

    @property
    def nearer(self) -> str | None:
        """The estimate that is nearer to the truth; None if the seeds do not decide it."""
        if self.gain.low > 0.0:
            return self.first
        return self.second if self.gain.high < 0.0 else None


@dataclass(frozen=True, eq=False, slots=True)
class Report:
    """The scores of several tapes.

    Attributes:
        tapes: The scores of each tape, in the order given.
        tables: Scores over all tapes, by the names of `TABLES`.
        comparisons: Comparisons of estimates.
    """

    tapes: tuple[TapeScore, ...]
    tables: dict[str, ScoreTable]
    comparisons: tuple[Comparison, ...]

    def json(self) -> bytes:
        """The report without time series, as JSON. Unknown figures are null."""
        tables = {
            table.name: [
                {**dict(zip(table.labels, key, strict=True)), **figures}
                for key, figures in self.tables[table.name].items()
            ]
            for table in TABLES
        }
        tapes = [
            {"path": t.name, "date": t.hours.date, "digest": t.digest, "parameters": t.parameters}
            for t in self.tapes
        ]
        comparisons = [{**asdict(c), "nearer": c.nearer} for c in self.comparisons]
        return msgspec.json.encode(
            {"level": LEVEL, "tapes": tapes, "tables": tables, "comparisons": comparisons}
        )


def score(
    name: str, digest: str, parameters: dict[str, Any], observations: ReplayObservations
) -> TapeScore:
    """Score one tape.

    Raises:
        EvaluateError: If no minute of the tape is in its truth.
    """
    if not len(observations.minutes):
        raise EvaluateError(f"{name}: no minute of the tape is in its truth")
    rows = observations.minutes
    time_series = tuple(
        TimeSeries(symbol, rows[rows["symbol"] == index], *hedge_flow(observations, index))
        for symbol, index in observations.scopes().items()
    )
    return TapeScore(
        name=name,
        hours=observations.hours,
        digest=digest,
        parameters=parameters,
        scores={table.name: table.score(observations) for table in TABLES},
        time_series=time_series,
    )


def report(tapes: Sequence[TapeScore]) -> Report:
    """Combine the scores of tapes.

    Raises:
        EvaluateError: If two tapes hold the same records, because they are the same seed.
    """
    for index, tape in enumerate(tapes):
        for other in tapes[:index]:
            if tape.digest == other.digest:
                raise EvaluateError(
                    f"{other.name} and {tape.name} hold the same records; give each seed once"
                )
    tables = {
        table.name: _over_seeds([tape.scores[table.name] for tape in tapes]) for table in TABLES
    }
    return Report(tuple(tapes), tables, tuple(_compare(tapes)))


def _over_seeds(by_seed: Sequence[ScoreRows]) -> ScoreTable:
    """All rows of any seed. Each figure is over the seeds that have it."""
    keys = dict.fromkeys(key for rows in by_seed for key in rows)
    kinds = list(dict.fromkeys(key[0] for key in keys))
    out: ScoreTable = {}
    for key in sorted(keys, key=lambda key: kinds.index(key[0])):
        rows_of_key = [rows[key] for rows in by_seed if key in rows]
        names = dict.fromkeys(name for figures in rows_of_key for name in figures)
        out[key] = {
            name: interval(np.array([figures.get(name, np.nan) for figures in rows_of_key]))
            for name in names
        }
    return out


def _compare(tapes: Sequence[TapeScore]) -> Iterator[Comparison]:
    """Compare pairs of estimates for every symbol and time that has both."""
    for table, rivals in _RIVALS.items():
        by_seed = [tape.scores[table] for tape in tapes]
        scopes = dict.fromkeys(key[:2] for rows in by_seed for key in rows)
        for first, second in rivals:
            for symbol, time in scopes:
                for measure, more_is_better in _MEASURES[table].items():
                    gains = np.array(
                        [
                            rows[symbol, time, first][measure] - rows[symbol, time, second][measure]
                            for rows in by_seed
                            if (symbol, time, first) in rows
                        ]
                    )
                    gain = interval(gains if more_is_better else -gains)
                    yield Comparison(table, symbol, time, measure, first, second, gain)
