"""Which of a tape's files are used, and as what.

A download may hold the same market in several schemas: every quote once a second and once a
minute, a trade in `trades`, in `tbbo` and among the quotes. Of each dataset the finest quotes and
the best-informed trades are used; the rest is set aside, so that nothing counts twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from zerodte.arrays import Bool
from zerodte.records.dbn import CADENCE, OPRA, OPRA_CONSOLIDATED, SCHEMAS, Records
from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile

InstrumentKind: TypeAlias = Literal["options", "equity", "index"]
TickField: TypeAlias = Literal["definitions", "statistics", "underlying", "quotes", "trades"]
Pick: TypeAlias = Callable[[Records], Bool]

#: From the finest to the coarsest.
QUOTE_ORDER: Final = ("cmbp-1", "cbbo-1s", "mbp-1", "bbo-1s", "cbbo-1m", "bbo-1m")
#: From the best-informed (the market-wide quote just before the trade) to the least.
TRADE_ORDER: Final = ("tcbbo", "cmbp-1", "tbbo", "trades")

_OF_ONE_VENUE: Final = "are quotes of one venue; left out, the consolidated ones are used"
_REFERENCE: Final[dict[str, TickField]] = {"definition": "definitions", "statistics": "statistics"}


@dataclass(frozen=True, slots=True)
class RecordRoute:
    """Where records of a file go.

    Attributes:
        place: The field of `Tick`.
        schema: The schema that their batches are said to be of.
        pick: Which of them; None takes all.
        leaves: What is to be said of the others; empty where they have an outlet of their own.
    """

    place: TickField
    schema: str
    pick: Pick | None = None
    leaves: str = ""


@dataclass(frozen=True, slots=True)
class SelectedFile:
    """A file that is used. Trades inside `cmbp-1` give it two outlets."""

    file: DbnFile
    outlets: tuple[RecordRoute, ...]


def is_trade(records: Records) -> Bool:
    """Which records of a schema of quotes and trades are trades."""
    trades: Bool = records["action"] == b"T"
    return trades


def is_consolidated(records: Records) -> Bool:
    """Which records of OPRA's `mbp-1` are market-wide quotes and not those of one venue."""
    consolidated: Bool = records["publisher_id"] == OPRA_CONSOLIDATED
    return consolidated


def select_files(
    files: Sequence[DbnFile], kinds: Mapping[str, InstrumentKind], warn: Warn
) -> list[SelectedFile]:
    """Decide what each file is used as.

    Args:
        files: The tape's files, in the order of their names.
        kinds: What the instruments of each dataset are.
        warn: Told of every file that is set aside, and why.

    Returns:
        The files that are used, in the same order.
    """
    quotes = {dataset: _quote_schema(_of(files, dataset)) for dataset in kinds}
    trades = {dataset: _trade_schema(_of(files, dataset), warn) for dataset in kinds}
    parts = []
    for file in files:
        kind = kinds[file.dataset]
        chosen = (quotes[file.dataset], trades[file.dataset])
        if outlets := tuple(_outlets(file, kind, *chosen)):
            parts.append(SelectedFile(file, outlets))
        elif file.schema not in SCHEMAS:
            warn(f"{file.name}: set aside; {file.schema} is not among {', '.join(SCHEMAS)}")
        else:
            what, used = ("quotes", chosen[0]) if file.schema in CADENCE else ("trades", chosen[1])
            warn(f"{file.name}: set aside; the {what} of {file.dataset} are taken from {used}")
    return parts


def _of(files: Sequence[DbnFile], dataset: str) -> list[DbnFile]:
    return [file for file in files if file.dataset == dataset]


def _quote_schema(files: Sequence[DbnFile]) -> str | None:
    present = {file.schema for file in files}
    return next((schema for schema in QUOTE_ORDER if schema in present), None)


def _trade_schema(files: Sequence[DbnFile], warn: Warn) -> str | None:
    present = {file.schema for file in files}
    candidates = [schema for schema in TRADE_ORDER if schema in present]
    if candidates[:1] == ["cmbp-1"] and len(candidates) > 1 and not _any_trade(files, warn):
        return candidates[1]
    return candidates[0] if candidates else None


def _any_trade(files: Sequence[DbnFile], warn: Warn) -> bool:
    """Whether there are trades in `cmbp-1`, which only its records show."""
    mixed = (file for file in files if file.schema == "cmbp-1")
    return any(is_trade(chunk).any() for file in mixed for chunk in file.chunks(warn))


def _outlets(
    file: DbnFile, kind: InstrumentKind, quotes: str | None, trades: str | None
) -> list[RecordRoute]:
    schema = file.schema
    if schema in _REFERENCE:
        return [RecordRoute(_REFERENCE[schema], schema)]
    options = kind == "options"
    out = []
    if schema == quotes:
        place: TickField = "quotes" if options else "underlying"
        if schema == "mbp-1" and file.dataset == OPRA:
            out.append(RecordRoute(place, schema, is_consolidated, _OF_ONE_VENUE))
        else:
            out.append(RecordRoute(place, schema))
    if schema == trades:
        # A trade inside cmbp-1 carries the quote just before it, in the layout of tcbbo.
        mixed = schema == "cmbp-1"
        place = "trades" if options else "underlying"
        out.append(RecordRoute(place, "tcbbo" if mixed else schema, is_trade if mixed else None))
    return out
