"""The truth of a simulation as Parquet files, written while the simulation runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from zerodte.records.dbn import Records

#: Rows of a row group: bounds the buffer, and fits a processor's cache when read.
_GROUP_ROWS = 1 << 17


class TruthFile:
    """A Parquet file of one layout. Created by `truth_file`."""

    def __init__(self, writer: parquet.ParquetWriter) -> None:
        self._writer = writer
        self._buffer: list[Records] = []
        self._row_count = 0

    def append(self, rows: Records) -> None:
        """Append rows. They are written in groups."""
        self._buffer.append(rows)
        self._row_count += len(rows)
        if self._row_count >= _GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the buffer."""
        if self._row_count:
            self._writer.write_table(_table(np.concatenate(self._buffer)))
            self._buffer, self._row_count = [], 0


@contextmanager
def truth_file(path: Path, layout: np.dtype[np.void]) -> Iterator[TruthFile]:
    """Create a Parquet file with a layout's columns; it is complete when the context ends.

    Args:
        path: The file.
        layout: Layout of its rows, such as `TRADE_TRUTH`.
    """
    schema = _table(np.empty(0, layout)).schema
    with (
        path.open("wb") as out,
        parquet.ParquetWriter(out, schema, compression="zstd") as writer,
    ):
        truth = TruthFile(writer)
        yield truth
        truth.flush()


def _table(rows: Records) -> pa.Table:
    return pa.table({name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()})
