"""What every test may lean on."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """The folder of recorded market data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("ZERODTE_DATA", _BESIDE))
    if not folder.is_dir():
        pytest.skip(f"no recorded data at {folder}; point ZERODTE_DATA at a copy")
    return folder
