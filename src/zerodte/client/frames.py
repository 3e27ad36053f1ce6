"""Answers as frames of Polars or pandas, whichever is installed.

Columns keep their type however many values are missing. Unknown numbers are null in Polars. In
pandas they are NaN, whole numbers are `Int64` with `<NA>`, and texts None. Times are UTC.
"""

import importlib
import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from zerodte.client.errors import LibraryError

Library: TypeAlias = Literal["polars", "pandas"]
Kind: TypeAlias = Literal["time", "number", "whole", "text"]

#: In the order of preference: whoever has installed Polars wants it, and pandas comes with zerodte.
_LIBRARIES: Final[tuple[Library, ...]] = ("polars", "pandas")
_KINDS: Final[dict[type, Kind]] = {datetime: "time", float: "number", int: "whole", str: "text"}


def columns_of(shape: type[Struct], rows: Sequence[Struct]) -> tuple[dict[str, Kind], Any]:
    """The kinds and the values of the scalar fields of rows, by name.

    Args:
        shape: The rows' shape on the wire, whose annotations tell the kinds.
        rows: Its instances.
    """
    kinds = {field.name: kind for field in fields(shape) if (kind := _kind(field.type))}
    return kinds, {name: [getattr(row, name) for row in rows] for name in kinds}


def frame_of(
    kinds: Mapping[str, Kind], columns: Mapping[str, Sequence[Any]], library: Library | None
) -> Any:
    """A frame.

    Args:
        kinds: The kind of each column.
        columns: The values of each; None where unknown.
        library: The library; None for Polars if it is installed, else pandas.

    Raises:
        LibraryError: It is not installed.
    """
    name, module = _library(library)
    made = _polars if name == "polars" else _pandas
    return made(module, kinds, columns)


def _library(library: Library | None) -> tuple[Library, Any]:
    if library is not None and library not in _LIBRARIES:
        raise LibraryError(f"{library!r} is not a library of frames; write polars or pandas")
    for name in (library,) if library else _LIBRARIES:
        try:
            return name, importlib.import_module(name)
        except ImportError:
            continue
    wanted = library or "polars or pandas"
    raise LibraryError(f"a frame needs {wanted}; install it with pip")


def _polars(polars: Any, kinds: Mapping[str, Kind], columns: Mapping[str, Sequence[Any]]) -> Any:
    types_of = {
        "time": polars.Datetime("us", "UTC"),
        "number": polars.Float64,
        "whole": polars.Int64,
        "text": polars.String,
    }
    return polars.DataFrame(
        [
            polars.Series(name, _numeric(kind, columns[name]), types_of[kind], strict=False)
            for name, kind in _column_kinds(kinds, columns).items()
        ]
    )


def _pandas(pandas: Any, kinds: Mapping[str, Kind], columns: Mapping[str, Sequence[Any]]) -> Any:
    types_of = {"number": "float64", "whole": "Int64", "text": "object"}
    made = {}
    for name, kind in _column_kinds(kinds, columns).items():
        values = columns[name]
        if kind == "time":
            made[name] = pandas.Series(
                pandas.to_datetime(list(values), utc=True), dtype="datetime64[us, UTC]"
            )
        else:
            made[name] = pandas.Series(_numeric(kind, values), dtype=types_of[kind])
    return pandas.DataFrame(made)


def _column_kinds(
    kinds: Mapping[str, Kind], columns: Mapping[str, Sequence[Any]]
) -> Mapping[str, Kind]:
    """The kinds; counts that another server sends with a fraction are numbers."""
    return {
        name: "number" if kind == "whole" and any(map(_has_fraction, columns[name])) else kind
        for name, kind in kinds.items()
    }


def _has_fraction(value: Any) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _numeric(kind: Kind, values: Sequence[Any]) -> list[Any]:
    """Values of a column, each of the one type that it has."""
    if kind not in ("number", "whole"):
        return list(values)
    number = float if kind == "number" else int
    return [None if value is None else number(value) for value in values]


def _kind(annotation: Any) -> Kind | None:
    """The kind of a scalar field; None of any other."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return "text"
    if get_origin(annotation) in (Union, types.UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not type(None)]
        return _kind(choices[0]) if len(choices) == 1 else None
    return _KINDS.get(annotation)
