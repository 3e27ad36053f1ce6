"""The tables of scores: their columns, titles and scoring functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from zerodte.evaluate.gamma import score_gamma
from zerodte.evaluate.hedging import score_hedging
from zerodte.evaluate.interest import score_interest, score_levels
from zerodte.evaluate.observations import LEVELS, ReplayObservations, ScoreRows
from zerodte.evaluate.sides import score_sides

#: How a figure is shown: as a count, in percent, or as a plain number.
FigureFormat: TypeAlias = Literal["count", "share", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Name in JSON.
        head: Heading in a terminal; empty for columns that are only in JSON.
        format: How its figures are shown.
    """

    name: str
    head: str
    format: FigureFormat = "share"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of scores.

    Attributes:
        name: Name in JSON.
        title: Heading in a terminal.
        labels: Names of the parts of a row's key.
        columns: Its columns.
        score: Computes its rows for one tape.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    score: Callable[[ReplayObservations], ScoreRows]


TABLES: Final = (
    Table(
        "sides",
        "Sides of trades: shares of contracts, percent",
        ("by", "which"),
        (
            Column("trades", "records", "count"),
            Column("contracts", "contracts", "count"),
            Column("both_sides", "customers\non both"),
            Column("signed", "signed"),
            Column("right", "right"),
            Column("right_trades", "right by\nrecord"),
            Column("customer", "customer\nright"),
            Column("as_customer", "aggressor\nas customer"),
            Column("assumed", "assumed"),
            Column("signed_trades", ""),
            Column("customer_trades", ""),
            Column("as_customer_trades", ""),
        ),
        score_sides,
    ),
    Table(
        "open_interest",
        "Error of open interest, same-day chains: percent of true open interest",
        ("symbol", "time", "method"),
        (
            Column("contract_error", "by\ncontract"),
            Column("total_error", "by\nchain"),
            Column("bias", "bias"),
        ),
        score_interest,
    ),
    Table(
        "levels",
        "Levels by convention, same-day chains: minutes with those of true open interest, percent",
        ("symbol", "method"),
        tuple(Column(name, name.replace("_", " ")) for name in LEVELS),
        score_levels,
    ),
    Table(
        "gamma",
        "Dealers' gamma, same-day chains: compared with their true inventory",
        ("symbol", "time", "estimate"),
        (
            Column("positive", "true > 0\n%"),
            Column("sign", "sign right\n%"),
            Column("determined", "has a sign\n%"),
            Column("sign_determined", "then right\n%"),
            Column("correlation", "correlation", "number"),
            Column("error", "error", "number"),
            Column("bias", "bias", "number"),
            Column("covered", "in its 90%\n%"),
        ),
        score_gamma,
    ),
    Table(
        "hedge_flow",
        "Hedge flow, same-day chains: signed delta dollars compared with dealers' true need",
        ("symbol", "step"),
        (
            Column("correlation", "correlation", "number"),
            Column("slope", "slope", "number"),
            Column("error", "error", "number"),
            Column("sign", "sign right\n%"),
            Column("delta_unknown", "delta unknown\n%"),
        ),
        score_hedging,
    ),
)
