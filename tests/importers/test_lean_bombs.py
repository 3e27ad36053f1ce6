"""Archives that claim more than any day has are refused before they are read."""

import tracemalloc
import zipfile
from pathlib import Path

import pytest

from importers.lean_twin import DAY, QUOTES, lean_folder
from zerodte.importers.lean import import_lean
from zerodte.tape.error import TapeError


@pytest.mark.drill
@pytest.mark.parametrize("size", [200 << 20, 60 << 20])
def test_members_of_absurd_size_or_ratio_are_refused_unread(tmp_path: Path, size: int) -> None:
    lean = lean_folder(tmp_path / "lean")
    with zipfile.ZipFile(lean / QUOTES, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", bytes(size))
    tracemalloc.start()
    try:
        with pytest.raises(TapeError, match=rf"bomb\.csv claims {size:,} bytes from"):
            import_lean(lean, "ABC", DAY, tmp_path / "tape")
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert not (tmp_path / "tape").exists()
