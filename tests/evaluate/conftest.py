"""Tapes with their truth, written once."""

import pytest

from evaluate.small_tape import Facts, facts, make
from zerodte.tape.folder import Tape


@pytest.fixture(scope="session")
def made() -> Facts:
    """What the first tape was made of."""
    return facts(1)


@pytest.fixture(scope="session")
def tape(made: Facts, tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """A tape; not to be written to."""
    return make(tmp_path_factory.mktemp("first") / "tape", 1, made)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """A tape of another seed."""
    return make(tmp_path_factory.mktemp("second") / "tape", 2)
