"""A live source's description of the session that it is about to send."""

import datetime
from dataclasses import dataclass

from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.file_selection import REFERENCE_FIELDS
from zerodte.tape.sidecars import Notes
from zerodte.tape.symbology import Symbols


@dataclass(frozen=True, slots=True)
class FeedStream:
    """Records of one dataset and schema, in the order in which a feed sends them.

    Attributes:
        dataset: Such as "OPRA.PILLAR".
        schema: A key of `zerodte.records.dbn.SCHEMAS`.
        has_conditions: Whether each record, a trade, comes with its sale condition.
        has_cancels: Whether each cancel comes with a reference to its trade.
    """

    dataset: str
    schema: str
    has_conditions: bool = False
    has_cancels: bool = False

    @property
    def is_reference(self) -> bool:
        """Whether it holds reference data (definitions, statistics), valid for the whole day."""
        return self.schema in REFERENCE_FIELDS

    @property
    def name(self) -> str:
        """The name of the file that records it."""
        return f"{self.dataset.lower()}.{self.schema}{ZSTD_SUFFIX}"


@dataclass(frozen=True, slots=True)
class FeedManifest:
    """A session as a live source is about to send it.

    Attributes:
        date: The session's.
        streams: Every stream; per dataset at most one of quotes and one of trades.
        symbols: Instruments listed at the start; later listings come as definition records.
        notes: Facts for readers of the recorded tape.
    """

    date: datetime.date
    streams: tuple[FeedStream, ...]
    symbols: Symbols
    notes: Notes
