"""Which of a tape's files are used, and for what.

A download may hold the same market in several schemas: every quote once a second and once a
minute, a trade in `trades`, in `tbbo` and among the quotes. Of each dataset the finest quotes and
the best-informed trades are used. The rest is ignored with a warning, so nothing counts twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from zerodte.arrays import Bool
from zerodte.records.dbn import CADENCE, OPRA, OPRA_CONSOLIDATED, SCHEMAS, Records
from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile

InstrumentKind: TypeAlias = Literal["options", "equity", "index"]
TickField: TypeAlias = Literal[
    "definitions", "statistics", "underlying", "quotes", "trades", "duplicates"
]
RecordFilter: TypeAlias = Callable[[Records], Bool]

#: From the finest to the coarsest.
QUOTE_ORDER: Final = ("cmbp-1", "cbbo-1s", "mbp-1", "bbo-1s", "cbbo-1m", "bbo-1m")
#: From the best-informed (the market-wide quote just before the trade) to the least.
TRADE_ORDER: Final = ("tcbbo", "cmbp-1", "tbbo", "mbp-1", "trades")
#: Schemas of quotes among which there may be trades, and the schema whose layout those have.
MIXED: Final = {"cmbp-1": "tcbbo", "mbp-1": "tbbo"}
#: Schemas of reference data, and the fields of a tick that hold them.
REFERENCE_FIELDS: Final[dict[str, TickField]] = {
    "definition": "definitions",
    "statistics": "statistics",
}

_ONE_VENUE: Final = "are quotes of one venue; left out, the consolidated ones are used"
_OTHER_TRADES: Final = "are trades; left out, the better-informed ones of other files are used"


@dataclass(frozen=True, slots=True)
class RecordRoute:
    """The way of a file's records into ticks.

    Attributes:
        field: Their field of `Tick`.
        schema: The schema of their batches.
        accepts: Marks the records that take this route; None accepts all.
        rejections: Diagnostics of other records, with the filters that mark those; what none of
            them marks is taken by another route.
    """

    field: TickField
    schema: str
    accepts: RecordFilter | None = None
    rejections: tuple[tuple[RecordFilter, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SelectedFile:
    """A file that is used. One of quotes that also holds trades has two routes."""

    file: DbnFile
    routes: tuple[RecordRoute, ...]


def is_trade(records: Records) -> Bool:
    """Mark the trades in a schema of quotes and trades, shape (n,)."""
    trades: Bool = records["action"] == b"T"
    return trades


def is_consolidated(records: Records) -> Bool:
    """Mark the market-wide quotes in OPRA's `mbp-1`, which also holds those of venues."""
    consolidated: Bool = records["publisher_id"] == OPRA_CONSOLIDATED
    return consolidated


def is_quote(records: Records) -> Bool:
    """Mark what is not a trade in a schema of quotes and trades, shape (n,)."""
    return ~is_trade(records)


def select_files(
    files: Sequence[DbnFile], kinds: Mapping[str, InstrumentKind], warn: Warn
) -> list[SelectedFile]:
    """Select the files to use, and route their records.

    Args:
        files: The tape's files, by name.
        kinds: The instrument kind of each dataset.
        warn: Receives a warning for every ignored file.

    Returns:
        The selected files, by name.
    """
    quotes = {dataset: _quote_schema(_of(files, dataset)) for dataset in kinds}
    trades = {
        dataset: _trade_schema(_of(files, dataset), kind, quotes[dataset], warn)
        for dataset, kind in kinds.items()
    }
    selection = []
    for file in files:
        schemas = (quotes[file.dataset], trades[file.dataset])
        if routes := tuple(_routes(file, kinds[file.dataset], *schemas)):
            selection.append(SelectedFile(file, routes))
            if kinds[file.dataset] == "equity" and not schemas[0] and file.schema == schemas[1]:
                warn(
                    f"{file.name}: its trades are no prices; {file.dataset} is taken for equities, "
                    "whose quotes are"
                )
            if file.schema in CADENCE and file.schema != schemas[0]:
                warn(
                    f"{file.name}: only its trades are used; the quotes of {file.dataset} come "
                    f"from {schemas[0]}"
                )
        elif file.schema not in SCHEMAS:
            warn(f"{file.name}: ignored; {file.schema} is not one of {', '.join(SCHEMAS)}")
        else:
            what, better = (
                ("quotes", schemas[0]) if file.schema in CADENCE else ("trades", schemas[1])
            )
            warn(f"{file.name}: ignored; the {what} of {file.dataset} come from {better}")
    return selection


def _of(files: Sequence[DbnFile], dataset: str) -> list[DbnFile]:
    return [file for file in files if file.dataset == dataset]


def _quote_schema(files: Sequence[DbnFile]) -> str | None:
    schemas = {file.schema for file in files}
    return next((schema for schema in QUOTE_ORDER if schema in schemas), None)


def _trade_schema(
    files: Sequence[DbnFile], kind: InstrumentKind, quotes: str | None, warn: Warn
) -> str | None:
    schemas = {file.schema for file in files}
    candidates = [schema for schema in TRADE_ORDER if schema in schemas]
    if kind != "options":
        # Trades among the quotes of one venue say no more of an underlying than the quotes.
        candidates = [schema for schema in candidates if schema != "mbp-1"]
    for schema in candidates:
        if schema not in MIXED or _any_trade(files, schema, warn):
            return schema
    # A recording may get some later.
    return quotes if quotes in candidates else None


def _any_trade(files: Sequence[DbnFile], schema: str, warn: Warn) -> bool:
    """Whether files of quotes hold trades, which only their records tell."""
    mixed = (file for file in files if file.schema == schema)
    return any(is_trade(chunk).any() for file in mixed for chunk in file.chunks(warn))


def _routes(
    file: DbnFile, kind: InstrumentKind, quotes: str | None, trades: str | None
) -> list[RecordRoute]:
    schema = file.schema
    if schema in REFERENCE_FIELDS:
        return [RecordRoute(REFERENCE_FIELDS[schema], schema)]
    is_options = kind == "options"
    routes = []
    if schema == quotes:
        field: TickField = "quotes" if is_options else "underlying"
        if schema == "mbp-1" and file.dataset == OPRA:
            quoted, traded = (is_quote, _ONE_VENUE), (is_trade, _OTHER_TRADES)
            rejections = (quoted,) if schema == trades else (quoted, traded)
            routes.append(RecordRoute(field, schema, is_consolidated, rejections))
        else:
            routes.append(RecordRoute(field, schema))
    if schema == trades:
        # A trade inside cmbp-1 carries the quote just before it, in the layout of tcbbo; one inside
        # mbp-1 likewise, in that of tbbo.
        layout = MIXED.get(schema)
        field = "trades" if is_options else "underlying"
        routes.append(RecordRoute(field, layout or schema, is_trade if layout else None))
    return routes
