"""Strike rows from columns."""

import msgspec
import pytest

from zerodte.wire.strikes import Strike, rows

NAMES = Strike.__struct_fields__


def columns(length: int) -> dict[str, list[object]]:
    return {name: [f"{name} {row}" for row in range(length)] for name in NAMES}


@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_row_takes_each_value_from_the_column_of_its_name(length: int) -> None:
    given = columns(length)
    made = rows(**dict(reversed(given.items())))
    expected = [{name: given[name][row] for name in NAMES} for row in range(length)]
    assert [msgspec.structs.asdict(row) for row in made] == expected


def test_a_missing_an_unknown_and_a_short_column_are_refused() -> None:
    given = columns(2)
    with pytest.raises(ValueError, match="call_gex"):
        rows(**{name: column for name, column in given.items() if name != "call_gex"})
    with pytest.raises(ValueError, match="call_gexx"):
        rows(**given, call_gexx=[1, 2])
    with pytest.raises(ValueError, match="shorter"):
        rows(**given | {"put_theta": [1]})
