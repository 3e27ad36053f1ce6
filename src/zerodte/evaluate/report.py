"""Scores of several tapes put together: intervals over seeds, and what comes nearer the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from zerodte.arrays import F64
from zerodte.evaluate.gamma import CONVENTIONS, INVENTORY
from zerodte.evaluate.hedging import hedge_flow
from zerodte.evaluate.observations import METHODS, SETTLED, ReplayObservations, ScoreRows
from zerodte.evaluate.statistic import LEVEL, Interval, interval
from zerodte.evaluate.tables import TABLES
from zerodte.evaluate.truth import EvaluateError
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records

#: Rows of a table over seeds.
ScoreTable: TypeAlias = dict[tuple[str, ...], dict[str, Interval]]

#: What is held against what, by table: pairs of estimates.
_RIVALS: Final = {
    "gamma": [(INVENTORY, convention) for convention in CONVENTIONS],
    "open_interest": [(method, SETTLED) for method in METHODS if method != SETTLED],
}
#: In what, and whether more of it is better.
_MEASURES: Final = {
    "gamma": {"sign": True, "correlation": True, "error": False},
    "open_interest": {"contract_error": False, "total_error": False},
}


@dataclass(frozen=True, eq=False, slots=True)
class Course:
    """One symbol through the session, as drawn: minutes since the open, and flow by minute.

    Attributes:
        symbol: The underlying.
        minutes: `MINUTES` of it.
        flow: Hedge flow as estimated, dollars, shape (minutes,).
        need: What dealers truly had to hedge, likewise.
    """

    symbol: str
    minutes: Records
    flow: F64
    need: F64


@dataclass(frozen=True, eq=False, slots=True)
class TapeScore:
    """One tape with its scores.

    Attributes:
        name: Its folder.
        hours: Its trading session.
        digest: Of all its records.
        parameters: What its seed drew.
        scores: Rows by table.
        courses: Its symbols that have a same-day chain.
    """

    name: str
    hours: TradingSession
    digest: str
    parameters: dict[str, Any]
    scores: dict[str, ScoreRows]
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two estimates held against each other, seed by seed.

    Attributes:
        table: Where they are rows.
        symbol: Of which symbol.
        time: When.
        measure: The column that is compared.
        first: An estimate.
        second: Its rival.
        gain: By how much `first` is better, in the column's units.
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
        """Which one comes nearer the truth; None where that cannot be told from these seeds."""
        if self.gain.low > 0.0:
            return self.first
        return self.second if self.gain.high < 0.0 else None


@dataclass(frozen=True, eq=False, slots=True)
class Report:
    """The scores of several tapes.

    Attributes:
        tapes: Each by itself, in the order given.
        tables: Over all of them, by the names of `TABLES`.
        comparisons: What beats what.
    """

    tapes: tuple[TapeScore, ...]
    tables: dict[str, ScoreTable]
    comparisons: tuple[Comparison, ...]

    def json(self) -> bytes:
        """All of it but the courses, as JSON; unknown figures are null."""
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
    name: str, digest: str, parameters: dict[str, Any], watched: ReplayObservations
) -> TapeScore:
    """Score one tape.

    Raises:
        EvaluateError: If no minute of it could be held against its truth.
    """
    if not len(watched.minutes):
        raise EvaluateError(f"{name}: no minute of the tape is one that its truth knows")
    rows = watched.minutes
    courses = tuple(
        Course(symbol, rows[rows["symbol"] == place], *hedge_flow(watched, place))
        for symbol, place in watched.scopes().items()
    )
    return TapeScore(
        name=name,
        hours=watched.hours,
        digest=digest,
        parameters=parameters,
        scores={table.name: table.score(watched) for table in TABLES},
        courses=courses,
    )


def report(tapes: Sequence[TapeScore]) -> Report:
    """Put tapes together.

    Raises:
        EvaluateError: If two of them hold the same records: they are one seed, not two.
    """
    for place, tape in enumerate(tapes):
        for other in tapes[:place]:
            if tape.digest == other.digest:
                raise EvaluateError(
                    f"{other.name} and {tape.name} hold the same records; give every seed once"
                )
    tables = {
        table.name: _over_seeds([tape.scores[table.name] for tape in tapes]) for table in TABLES
    }
    return Report(tuple(tapes), tables, tuple(_compare(tapes)))


def _over_seeds(seeds: Sequence[ScoreRows]) -> ScoreTable:
    """Every row that any seed has, each figure over those seeds that have it."""
    keys = dict.fromkeys(key for rows in seeds for key in rows)
    kinds = list(dict.fromkeys(key[0] for key in keys))
    out: ScoreTable = {}
    for key in sorted(keys, key=lambda key: kinds.index(key[0])):
        mine = [rows[key] for rows in seeds if key in rows]
        names = dict.fromkeys(name for figures in mine for name in figures)
        out[key] = {
            name: interval(np.array([figures.get(name, np.nan) for figures in mine]))
            for name in names
        }
    return out


def _compare(tapes: Sequence[TapeScore]) -> Iterator[Comparison]:
    """Hold rivals against each other in every symbol and at every time that has them."""
    for table, rivals in _RIVALS.items():
        seeds = [tape.scores[table] for tape in tapes]
        scopes = dict.fromkeys(key[:2] for rows in seeds for key in rows)
        for first, second in rivals:
            for symbol, time in scopes:
                for measure, more_is_better in _MEASURES[table].items():
                    gains = np.array(
                        [
                            rows[symbol, time, first][measure] - rows[symbol, time, second][measure]
                            for rows in seeds
                            if (symbol, time, first) in rows
                        ]
                    )
                    gain = interval(gains if more_is_better else -gains)
                    yield Comparison(table, symbol, time, measure, first, second, gain)
