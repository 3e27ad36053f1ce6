"""A tick of the tape: the records of one second, by what they are about."""

from dataclasses import dataclass, field

from zerodte.arrays import I64, U8
from zerodte.records.dbn import Records


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Records of one dataset and schema, in file order.

    Attributes:
        dataset: The DBN dataset, such as "OPRA.PILLAR".
        schema: A key of `zerodte.records.dbn.SCHEMAS`; it decides the layout.
        records: A read-only view into the tape, valid as long as it is held.
        conditions: For trades, the sale condition of each record, where the tape has them.
        first: For trades, the number of the first; the others follow it. Numbers count the
            tape's trades in the order in which ticks give them.
        cancels: For trades, the number of the trade that each record cancels, -1 for none; where
            the tape has cancels.
    """

    dataset: str
    schema: str
    records: Records
    conditions: U8 | None = None
    first: int = 0
    cancels: I64 | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Tick:
    """One second of receive time, (end - 1 s, end], in the order in which it is to be taken.

    Attributes:
        end: UTC nanoseconds, a whole second.
        definitions: Instruments that became known.
        statistics: Open interest and cleared volume.
        underlying: Quotes and trades of equities, and index values.
        quotes: Quotes of options.
        trades: Trades of options.
        duplicates: Records that another file of the tape has too, which therefore do not count.
        gap: Why not all that happened in it may have been received; empty where all was.
    """

    end: int
    definitions: tuple[Batch, ...] = ()
    statistics: tuple[Batch, ...] = ()
    underlying: tuple[Batch, ...] = ()
    quotes: tuple[Batch, ...] = ()
    trades: tuple[Batch, ...] = ()
    duplicates: tuple[Batch, ...] = field(default=(), kw_only=True)
    gap: str = field(default="", kw_only=True)

    def counts(self) -> dict[str, int]:
        """Records by kind; none at 0."""
        kinds = ("definitions", "statistics", "underlying", "quotes", "trades")
        counts = {kind: sum(len(batch.records) for batch in getattr(self, kind)) for kind in kinds}
        return {kind: count for kind, count in counts.items() if count}
