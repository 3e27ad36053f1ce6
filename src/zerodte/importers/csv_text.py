"""The text of CSV files as people and programs save them: encoding, delimiter, decimal comma."""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from zerodte.importers.csv_content import read_content
from zerodte.tape.error import TapeError

_HEAD_LINES = 10
_SAMPLE_ROWS = 1000  # tell whether the numbers have decimal commas
_DECIMAL_COMMA = re.compile(r"-?[\d.]*\d,\d+|-?,\d+", re.ASCII)
_DECIMAL_POINT = re.compile(r"-?[\d,]*\.(\d{1,2}|\d{4,})", re.ASCII)
_FIGURE = re.compile(r"(?P<label>[^:]*:\s*)?(?P<number>-?[\d.,]*\d[\d.,]*)", re.ASCII)


class CsvRow(NamedTuple):
    """A row of a CSV file.

    Attributes:
        line: Its line in the file, from 1.
        cells: Its cells.
    """

    line: int
    cells: list[str]


def read_rows(path: Path) -> list[CsvRow]:
    """Read the rows of a CSV file, without blank ones; decimal commas become points.

    The file may be zipped or compressed. Commas, semicolons and tabs delimit, whichever the first
    lines have most of. UTF-16 is recognised by its byte order mark, or by the zeros of its letters.

    Raises:
        TapeError: If there is no such file, it is empty, or it cannot be read as CSV.
    """
    return list(iterate_rows(path))


def iterate_rows(path: Path) -> Iterator[CsvRow]:
    """Read the rows of a large CSV file one by one, as `read_rows` does.

    Raises:
        TapeError: As `read_rows`, when the row in question is read.
    """
    text = io.StringIO(_decode(read_content(path)), newline="")
    filled = (line for line in text if line.strip())
    head = "".join(itertools.islice(filled, _HEAD_LINES))
    text.seek(0)
    delimiter = max(",;\t", key=head.count)
    rows = _rows(path, text, delimiter)
    sample = list(itertools.islice(rows, _SAMPLE_ROWS))
    if not sample:
        raise TapeError(f"{path}: empty; expected: a table of option quotes")
    rows = itertools.chain(sample, rows)
    if delimiter == "," or not _has_decimal_commas(sample):
        return rows
    return (CsvRow(line, [_with_point(cell) for cell in cells]) for line, cells in rows)


def _rows(path: Path, lines: Iterable[str], delimiter: str) -> Iterator[CsvRow]:
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield CsvRow(reader.line_num, row)
    except csv.Error as error:
        raise TapeError(f"{path}: not a CSV file: {error}") from error


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    start = content[:64]
    if start[1::2].count(0) > len(start) // 4:
        return content.decode("utf-16-le", "replace")
    if start[::2].count(0) > len(start) // 4:
        return content.decode("utf-16-be", "replace")
    # Nothing of interest holds letters outside ASCII; a date in words may.
    return content.decode("utf-8-sig", "replace")


def _has_decimal_commas(rows: list[CsvRow]) -> bool:
    cells = [cell.strip() for row in rows for cell in row.cells]
    commas = sum(_DECIMAL_COMMA.fullmatch(cell) is not None for cell in cells)
    points = sum(_DECIMAL_POINT.fullmatch(cell) is not None for cell in cells)
    return commas > points


def _with_point(cell: str) -> str:
    match = _FIGURE.fullmatch(cell.strip())
    if match is None:
        return cell
    number = match["number"].replace(".", "").replace(",", ".")
    return (match["label"] or "") + number
