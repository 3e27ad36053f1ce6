"""Libraries of the page and of its tests: byte for byte what their authors published."""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Final

import pytest

import zerodte.server

FOLDERS: Final = (
    Path(zerodte.server.__file__).parent / "ui" / "vendor",
    Path(__file__).parent / "axe",
)
PACKAGES: Final = [
    pytest.param(folder, package, id=package["name"])
    for folder in FOLDERS
    for package in json.loads((folder / "vendor.json").read_text())
]
packages = pytest.mark.parametrize(("folder", "package"), PACKAGES)


def sha512(content: bytes) -> str:
    """As npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_vendored_files_have_their_hashes_and_there_are_no_others(folder: Path) -> None:
    listed = json.loads((folder / "vendor.json").read_text())
    said = {name: file["sha512"] for package in listed for name, file in package["files"].items()}
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "vendor.json")
    found = {path.relative_to(folder).as_posix(): sha512(path.read_bytes()) for path in files}
    assert found == said


@packages
def test_a_licence_comes_with_each_library(folder: Path, package: dict[str, Any]) -> None:
    (text,) = (folder / name for name in package["files"] if name.endswith("LICENSE"))
    words = {"MIT": "MIT License", "MPL-2.0": "Mozilla Public License, version 2.0"}
    assert words[package["licence"]] in text.read_text()


@pytest.mark.drill
@packages
def test_vendored_files_are_those_of_npm(
    folder: Path, package: dict[str, Any], tmp_path: Path
) -> None:
    if not (npm := shutil.which("npm")):
        pytest.skip("npm is not installed")
    name = f"{package['name']}@{package['version']}"
    packed = subprocess.run(
        [npm, "pack", "--silent", name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if packed.returncode != 0:
        pytest.skip(f"npm does not answer: {packed.stderr.strip()[-200:]}")
    (archive,) = tmp_path.glob("*.tgz")
    assert sha512(archive.read_bytes()) == package["sha512"]
    with tarfile.open(archive) as published:
        for name, file in package["files"].items():
            member = published.extractfile(f"package/{file['from']}")
            assert member is not None
            assert member.read() == (folder / name).read_bytes(), name
