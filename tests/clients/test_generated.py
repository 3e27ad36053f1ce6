"""Clients are generated from the OpenAPI document, and used against a server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.example import ExampleService
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

pytestmark = pytest.mark.drill

_HERE = Path(__file__).parent
_TOOLS = Path(os.environ.get("ZERODTE_CLIENTS", Path(sys.prefix) / "clients")) / "bin"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(create_app(ExampleService(), ServerSettings())) as url:
        yield url


@pytest.fixture
def document(url: str, tmp_path: Path) -> Path:
    """The document as a file."""
    file = tmp_path / "openapi.json"
    file.write_bytes(httpx.get(f"{url}/openapi.json", trust_env=False, timeout=60).content)
    return file


def tool(name: str) -> str:
    """A program of requirements/clients.txt."""
    if not (_TOOLS / name).exists():
        pytest.skip(f"no {name} in {_TOOLS}; `make .venv/clients-ready` sets it up")
    return str(_TOOLS / name)


def run(*command: str | Path, cwd: Path, **environment: str) -> tuple[int, str]:
    """The exit status and all that a command says."""
    local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    local["PATH"] = f"{_TOOLS}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **local, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_validator_finds_no_fault(document: Path, tmp_path: Path) -> None:
    validator = tool("openapi-spec-validator")
    status, said = run(validator, document, cwd=tmp_path)
    assert (status, said) == (0, f"{document}: OK\n")
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(document.read_text().replace('"in":"query"', '"in":"quarry"', 1))
    assert run(validator, spoilt, cwd=tmp_path)[0] != 0


def test_a_python_client(document: Path, url: str, tmp_path: Path) -> None:
    out = tmp_path / "out" / "zerodte_client"
    out.parent.mkdir()
    config = tmp_path / "config.yaml"
    config.write_text("package_name_override: zerodte_client\n")
    files: list[str | Path] = ["--path", document, "--output-path", out, "--config", config]
    status, said = run(
        tool("openapi-python-client"), "generate", *files, "--meta", "none", cwd=tmp_path
    )
    assert status == 0, said
    assert "WARNING" not in said.upper(), said
    use = _HERE / "python" / "use_client.py"
    status, said = run(tool("python"), use, url, cwd=tmp_path, PYTHONPATH=str(out.parent))
    assert (status, said) == (0, "all as typed\n")


def test_a_typescript_client(document: Path, url: str, tmp_path: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path / "typescript"
    shutil.copytree(_HERE / "typescript", folder, ignore=shutil.ignore_patterns("node_modules"))
    status, said = run("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
    if status != 0:
        pytest.skip(f"npm cannot install: {said.splitlines()[-1]}")
    tools = folder / "node_modules" / ".bin"
    status, said = run(tools / "openapi-typescript", document, "-o", "schema.ts", cwd=folder)
    assert status == 0, said
    _, said = run(tools / "tsc", "--noEmit", cwd=folder)
    assert said.count("error TS") == said.count("wrong.ts(") == 2, said
    (folder / "wrong.ts").unlink()
    status, said = run(tools / "tsc", cwd=folder)
    assert status == 0, said
    assert run("node", "use_client.js", url, cwd=folder) == (0, "all as typed\n")
