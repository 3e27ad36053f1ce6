"""The text of CSV files as people and programs save them: encoding, delimiter, decimal comma."""

import codecs
import csv
import re
from pathlib import Path
from typing import NamedTuple

from zerodte.tape.error import TapeError

_HEAD_LINES = 10
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

    Commas, semicolons and tabs delimit, whichever the first lines have most of. UTF-16 is
    recognised by its byte order mark, or by the zeros of its letters.

    Raises:
        TapeError: If there is no such file, it is empty, or it cannot be read as CSV.
    """
    try:
        text = _decode(path.read_bytes())
        lines = text.splitlines(keepends=True)
        head = "".join([line for line in lines if line.strip()][:_HEAD_LINES])
        delimiter = max(",;\t", key=head.count)
        reader = csv.reader(lines, delimiter=delimiter)
        rows = [CsvRow(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise TapeError(f"{path}: cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise TapeError(f"{path}: not a CSV file: {error}") from error
    if not rows:
        raise TapeError(f"{path}: empty; expected: a table of option quotes")
    return rows if delimiter == "," or not _has_decimal_commas(rows) else _with_points(rows)


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


def _with_points(rows: list[CsvRow]) -> list[CsvRow]:
    return [CsvRow(line, [_with_point(cell) for cell in cells]) for line, cells in rows]


def _with_point(cell: str) -> str:
    match = _FIGURE.fullmatch(cell.strip())
    if match is None:
        return cell
    number = match["number"].replace(".", "").replace(",", ".")
    return (match["label"] or "") + number
