"""The notebooks of `examples/` run in a kernel, from nothing, and draw what the docs show."""

import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import matplotlib.image as mpimg
import nbformat
import numpy as np
import pytest
from click.testing import CliRunner

from zerodte.cli import main

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "examples" / "notebooks"
IMAGES = ROOT / "docs" / "images"
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
#: Ground, ink and a few colours, with what lies between them at edges.
COLOURS = 30


def cells(name: str) -> list[nbformat.NotebookNode]:
    found = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    return list(found.cells)


def images(name: str) -> list[str]:
    return [f"notebook-{cell.metadata['image']}.png" for cell in cells(name)
            if "image" in cell.metadata]  # fmt: skip


def drawn(name: str, folder: Path) -> dict[str, bytes]:
    """The pictures that a notebook draws when it runs in a copy of its folder."""
    shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True)
    pictures = folder / "pictures"
    pictures.mkdir()
    tool = [sys.executable, str(ROOT / "tools" / "notebooks.py"), str(folder), "--only", name]
    done = subprocess.run(
        [*tool, "--images", str(pictures)], capture_output=True, text=True, timeout=560, check=False
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return {path.name: path.read_bytes() for path in pictures.iterdir()}


def check(name: str, pictures: dict[str, bytes]) -> None:
    assert sorted(pictures) == sorted(images(name))
    for title, content in pictures.items():
        pixels = (255 * mpimg.imread(BytesIO(content))).astype(np.uint8)
        assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > COLOURS, title


def test_a_notebook_runs_on_twenty_minutes(tmp_path: Path) -> None:
    words = ["simulate", "--date", "2025-06-02", "--symbols", "SPY", "--minutes", "20"]
    made = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "tapes" / "2025-06-02")])
    assert made.exit_code == 0, made.output
    check("a_day_in_five_minutes", drawn("a_day_in_five_minutes", tmp_path))


@pytest.mark.drill
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_from_nothing(name: str, tmp_path: Path) -> None:
    check(name, drawn(name, tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_outputs_and_shown(name: str) -> None:
    for cell in cells(name):
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    guide = (ROOT / "examples" / "README.md").read_text()
    assert f"notebooks/{name}.ipynb" in guide
    for image in images(name):
        assert (IMAGES / image).is_file()
        assert f"../docs/images/{image}" in guide
