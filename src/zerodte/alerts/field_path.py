"""Fields that a rule can watch: dotted paths into a snapshot or a series bar of the wire."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from msgspec import inspect

from zerodte.alerts.error import AlertError
from zerodte.wire.exposure import Head
from zerodte.wire.series import SeriesBar
from zerodte.wire.snapshot import SnapshotBlocks

#: What a field of the wire may hold; None is unknown.
FieldValue: TypeAlias = float | str | bool | None
FieldKind: TypeAlias = Literal["number", "text", "boolean"]

SNAPSHOT: Final = "snapshot"
SERIES: Final = "series"
_ANSWERS: Final[tuple[tuple[str, type], ...]] = (
    (SNAPSHOT, Head),
    (SNAPSHOT, SnapshotBlocks),
    (SERIES, SeriesBar),
)
_MOST_NAMED: Final = 3
_NEAR: Final = 0.5


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field of an answer.

    Attributes:
        text: Its dotted path: `snapshot.regime.label`.
        kind: What it holds where it is known.
        choices: All that a text can be; empty where it can be any.
    """

    text: str
    kind: FieldKind
    choices: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The answer that has it: `snapshot` or `series`."""
        return self.text.partition(".")[0]

    def read(self, answer: Mapping[str, Any] | None) -> FieldValue:
        """Its value in a decoded answer; None where that is unknown or there is no answer."""
        value: Any = answer
        for name in self.text.split(".")[1:]:
            if value is None:
                return None
            value = value.get(name)
        if isinstance(value, bool | str) or value is None:
            return value
        return float(value)


def field_path(text: str) -> FieldPath:
    """The field of a path.

    Raises:
        AlertError: There is none; names those nearest to it.
    """
    paths = all_field_paths()
    if found := paths.get(text):
        return found
    if below := [path for path in paths if path.startswith(f"{text}.")]:
        names = ", ".join(below[:_MOST_NAMED])
        raise AlertError(f"{text} has several fields; name one, such as {names}")
    last = text.rpartition(".")[2]
    alike = [path for path in paths if path.rpartition(".")[2] == last]
    near = alike or get_close_matches(text, paths, _MOST_NAMED, _NEAR)
    if not near:
        raise AlertError(
            f"there is no field {text}; write a path such as {SNAPSHOT}.regime.label or "
            f"{SERIES}.spot"
        )
    raise AlertError(f"there is no field {text}; the nearest are {', '.join(near[:_MOST_NAMED])}")


@cache
def all_field_paths() -> Mapping[str, FieldPath]:
    """Every field that can be watched, by its path."""
    return {
        path.text: path
        for name, answer in _ANSWERS
        for path in _fields(name, inspect.type_info(answer))
    }


def _fields(text: str, kind: inspect.Type) -> Iterator[FieldPath]:
    """The field of a type, or those below it; lists and tables of any size have none."""
    match _plain(kind):
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from _fields(f"{text}.{field.encode_name}", field.type)
        case inspect.FloatType() | inspect.IntType():
            yield FieldPath(text, "number")
        case inspect.BoolType():
            yield FieldPath(text, "boolean")
        case inspect.LiteralType(values=values):
            yield FieldPath(text, "text", tuple(str(value) for value in values))
        case inspect.StrType() | inspect.DateType() | inspect.DateTimeType():
            yield FieldPath(text, "text")


def _plain(kind: inspect.Type) -> inspect.Type:
    """A type without its description, and without that it may be unknown."""
    while True:
        match kind:
            case inspect.Metadata(type=inner):
                kind = inner
            case inspect.UnionType(types=types):
                known = [each for each in types if not isinstance(each, inspect.NoneType)]
                if len(known) != 1:
                    return kind
                kind = known[0]
            case _:
                return kind
