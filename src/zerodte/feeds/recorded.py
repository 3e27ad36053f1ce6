"""What a recording has already of a feed: a feed that is asked again goes on from there."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zerodte.feeds.feed import FeedError
from zerodte.records.dbn import SCHEMAS, Records, joined_rows
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.symbology import read_symbols


def recorded_symbols(folder: Path, date: datetime.date, dataset: str) -> dict[int, str]:
    """The raw symbols by id of a dataset; none where there is no recording yet.

    Raises:
        TapeError: If a file is damaged.
    """
    return read_symbols(find_files(folder), date, warn=lambda _: None).get(dataset, {})


def recorded_rows(folder: Path, stream: FeedStream) -> Records:
    """The records of a stream, in their order; none where there is no recording yet.

    Raises:
        TapeError: If a file is damaged.
    """
    chunks = [
        chunk
        for file in find_files(folder)
        if file.name == stream.name
        for chunk in file.chunks(lambda _: None)
    ]
    none: Records = np.empty(0, SCHEMAS[stream.schema])
    return joined_rows([none, *chunks])


def committed_rows(folder: Path, stream: FeedStream, count: int) -> Records:
    """The first `count` records of a stream, which are those that a recording has committed.

    Raises:
        FeedError: If a file is damaged.
    """
    try:
        return recorded_rows(folder, stream)[:count]
    except (TapeError, OSError) as error:
        raise FeedError(f"its recording cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class RecordedContracts:
    """The contracts on a recording.

    Attributes:
        ids: Raw symbols by id.
        defined: Raw symbols of the definitions, in their order.
    """

    ids: Mapping[int, str]
    defined: Sequence[str]


def recorded_contracts(folder: Path, date: datetime.date, dataset: str) -> RecordedContracts:
    """The contracts of a dataset; none where there is no recording yet.

    Raises:
        TapeError: If a file is damaged.
    """
    ids = recorded_symbols(folder, date, dataset)
    raws = recorded_rows(folder, FeedStream(dataset, "definition"))["raw_symbol"].tolist()
    defined = [raw.decode("ascii", "replace") for raw in raws]
    return RecordedContracts(ids, defined)
