"""Execute the notebooks of a folder; keep their pictures if told where.

    python tools/notebooks.py FOLDER [--images DIR] [--only NAME,...]

Each runs in a kernel of its own, in FOLDER. A cell whose metadata has `image` draws the picture of
that name. The notebooks themselves are left as they are, without outputs.
"""

import argparse
import base64
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import nbclient
import nbformat
from jupyter_client.manager import KernelManager

#: Seconds that a cell may take.
_PATIENCE: Final = 600


def execute(path: Path) -> dict[str, bytes]:
    """Execute a notebook.

    Returns:
        Its pictures as PNG, by name.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    place = {"metadata": {"path": str(path.parent)}}
    with TemporaryDirectory() as folder:
        # Sockets of a folder that other users cannot read; a port could be listened to.
        kernel = KernelManager(transport="ipc", ip=f"{folder}/kernel")
        client = nbclient.NotebookClient(notebook, km=kernel, timeout=_PATIENCE, resources=place)
        try:
            client.execute()
        finally:
            kernel.shutdown_kernel(now=True)
    return {
        cell.metadata["image"]: base64.b64decode(_picture(cell))
        for cell in notebook.cells
        if "image" in cell.metadata
    }


def _picture(cell: nbformat.NotebookNode) -> str:
    """The last picture that a cell has drawn."""
    drawn = [
        output.data["image/png"]
        for output in cell.outputs
        if output.output_type in ("display_data", "execute_result") and "image/png" in output.data
    ]
    if not drawn:
        raise ValueError(f"the cell of {cell.metadata['image']} draws nothing")
    return str(drawn[-1])


def main() -> None:
    """Execute, and say what was drawn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=Path, help="where to write the pictures")
    parser.add_argument("--only", default="", help="names of notebooks, separated by commas")
    asked = parser.parse_args()
    only = set(filter(None, asked.only.split(",")))
    for path in sorted(asked.folder.glob("*.ipynb")):
        if only and path.stem not in only:
            continue
        pictures = execute(path)
        for name, content in pictures.items():
            if asked.images is not None:
                (asked.images / f"notebook-{name}.png").write_bytes(content)
        print(f"{path.stem}: {', '.join(pictures) or 'no picture'}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
