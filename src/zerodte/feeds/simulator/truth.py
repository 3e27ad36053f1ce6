"""A simulation's truth as Parquet, appended to while the simulation runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from zerodte.records.dbn import Records

#: Rows of a row group, so that what is held is bounded and what is read fits a processor's cache.
_GROUP = 1 << 17


class TruthFile:
    """A Parquet file of one layout. Made by `truth_file`."""

    def __init__(self, writer: parquet.ParquetWriter) -> None:
        self._writer = writer
        self._held: list[Records] = []
        self._rows = 0

    def take(self, rows: Records) -> None:
        """Append rows; they are written a group at a time."""
        self._held.append(rows)
        self._rows += len(rows)
        if self._rows >= _GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._rows:
            self._writer.write_table(_table(np.concatenate(self._held)))
            self._held, self._rows = [], 0


@contextmanager
def truth_file(path: Path, layout: np.dtype[np.void]) -> Iterator[TruthFile]:
    """A new Parquet file of a layout's columns, whole once the block ends.

    Args:
        path: The file.
        layout: Of the rows that it is given, such as `TRADE_TRUTH`.
    """
    schema = _table(np.empty(0, layout)).schema
    with (
        path.open("wb") as out,
        parquet.ParquetWriter(out, schema, compression="zstd") as writer,
    ):
        file = TruthFile(writer)
        yield file
        file.flush()


def _table(rows: Records) -> pa.Table:
    return pa.table({name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()})
