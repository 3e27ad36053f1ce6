"""The page at `/` and its files, as the server sends them."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import httpx
import pytest

import zerodte.server
from server.example import ExampleService
from server.keyed import create_key, keyed_server
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

UI: Final = Path(zerodte.server.__file__).parent / "ui"
FILES: Final = sorted(path.relative_to(UI).as_posix() for path in UI.rglob("*") if path.is_file())
TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ui"
)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        served(create_app(ExampleService(), ServerSettings())) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        yield client


def root_of(page: str) -> str:
    """The prefix of the page's files."""
    (root,) = set(re.findall(r'"(/ui/[0-9a-f]{16})/', page))
    return str(root)


def assert_strict(headers: httpx.Headers) -> None:
    assert headers["content-security-policy"] == POLICY
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"


def test_the_page_is_revalidated_and_strict(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "no-cache" in answer.headers["cache-control"]
    assert_strict(answer.headers)
    again = client.get("/", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_what_the_page_names_is_answered(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "{{" not in page
    named = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert {PurePosixPath(link).suffix for link in named} >= {".js", ".css"}
    for link in named:
        assert link.startswith("/")
        assert client.get(link).status_code == 200, link
    assert re.search(r'<noscript>.*href="/table".*</noscript>', page, re.DOTALL)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize("name", [name for name in FILES if name != "index.html"])
def test_a_file_is_kept_for_good_or_is_not_for_browsers(client: httpx.Client, name: str) -> None:
    answer = client.get(f"{root_of(client.get('/').text)}/{name}")
    suffix = PurePosixPath(name).suffix
    if suffix not in TYPES:
        assert name.endswith((".d.ts", "LICENSE", "vendor.json", "tsconfig.json"))
        assert answer.status_code == 404
        return
    assert answer.content == (UI / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[suffix]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert_strict(answer.headers)
    unchanged = {"if-none-match": answer.headers["etag"]}
    assert client.get(str(answer.url), headers=unchanged).status_code == 304


def test_modules_name_their_neighbours_only() -> None:
    named = re.compile(
        r"""^(?:import|export)\b(?:[^;"'()]*\bfrom)?\s*["']([^"']+)["']""", re.MULTILINE
    )
    found = 0
    for name in FILES:
        if name.endswith(".js"):
            for neighbour in named.findall((UI / name).read_text()):
                assert neighbour.startswith(("./", "../")), (name, neighbour)
                assert (UI / name).parent.joinpath(neighbour).is_file(), (name, neighbour)
                found += 1
    assert found


def test_every_module_of_the_page_is_named_in_it(client: httpx.Client) -> None:
    page = client.get("/").text
    preloaded = re.findall(r'<link rel="modulepreload" href="/ui/[0-9a-f]{16}/([^"]+)">', page)
    assert len(preloaded) == len(set(preloaded))
    # The worker loads its own; what it shares with the page is named for the page.
    modules = {name for name in FILES if name.endswith(".js")}
    assert modules - set(preloaded) == {"feed.worker.js"}


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_files_come_compressed(client: httpx.Client, coding: str) -> None:
    path = f"{root_of(client.get('/').text)}/vendor/uPlot.esm.js"
    with client.stream("GET", path, headers={"accept-encoding": coding}) as answer:
        size = len(b"".join(answer.iter_raw()))
        assert answer.headers["content-encoding"] == coding
    assert size < 50_000


def test_old_prefixes_and_other_paths_are_not_answered(client: httpx.Client) -> None:
    root = root_of(client.get("/").text)
    for path in ("/ui", "/ui/", root, f"{root}/index.html", f"{root}/../app.py", "/ui/0/main.js"):
        assert client.get(path).status_code == 404, path
    assert client.get(f"{root}/%2e%2e/%2e%2e/app.py").status_code == 404


def test_the_page_and_its_files_need_no_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    create_key(path, "growth")
    with keyed_server(path) as server:
        page = server.get("/")
        assert page.status_code == 200
        assert server.get(f"{root_of(page.text)}/main.js").status_code == 200
        assert server.get("/v1/symbols").status_code == 401


@pytest.mark.drill
def test_every_file_is_in_the_wheel(tmp_path: Path) -> None:
    source = UI.parents[3]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel"]
    made = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "-w", tmp_path, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"zerodte/server/ui/{name}" for name in FILES} <= names
