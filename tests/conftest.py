"""What every test may lean on."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first example of a property may have to wait for the compiler. Continuous integration tries
# the same examples every time: it tells whether a change broke something, people search for more.
settings.register_profile("zerodte", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("zerodte")

_BESIDE = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded market data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("ZERODTE_DATA", _BESIDE))
    if not folder.is_dir():
        pytest.skip(f"no recorded data at {folder}; point ZERODTE_DATA at a copy")
    return folder
