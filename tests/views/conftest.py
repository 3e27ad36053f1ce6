"""The sessions that windows and past instants are tried on."""

import datetime

import pytest

from views.days import Seen, lean, made

_LEAN = {"GOOG": datetime.date(2015, 12, 24), "SPXW": datetime.date(2021, 1, 4)}


@pytest.fixture(scope="session", params=["made", *_LEAN])
def seen(request: pytest.FixtureRequest) -> Seen:
    """A made session, and the recorded ones."""
    name: str = request.param
    if name == "made":
        return made()
    return lean(request.getfixturevalue("recorded"), name, _LEAN[name])
