"""The sessions that windows and past instants are tried on."""

import pytest

from views.days import Seen, lean, made


@pytest.fixture(
    scope="session",
    params=["made", *(pytest.param(name, marks=pytest.mark.drill) for name in ("GOOG", "SPXW"))],
)
def seen(request: pytest.FixtureRequest) -> Seen:
    """A made session, and the recorded ones."""
    name: str = request.param
    if name == "made":
        return made()
    symbol, tape = {"GOOG": ("GOOG", "goog_tape"), "SPXW": ("SPX", "spxw_tape")}[name]
    return lean(request.getfixturevalue(tape), symbol)
