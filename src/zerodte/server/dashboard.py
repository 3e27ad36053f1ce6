"""The page at `/` and its files: plain modules and styles, served as they lie in `ui`.

Modules import each other by relative paths, so all files share one prefix, which changes when any
of them does.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from posixpath import normpath
from types import MappingProxyType
from typing import Final

from zerodte.server.static_files import FILE_MEDIA, digest_of, file_route

#: The strict policy: own files and own data only; no text becomes markup or script. A worker has
#: the policy of its script, so the files have it too.
DASHBOARD_HEADERS: Final = MappingProxyType(
    {
        "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types ui",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }
)
_PAGE: Final = "index.html"
#: Stand in the page for links to the modules that its script imports, and for the prefix of files.
_MODULES: Final = b"{{modules}}"
_PREFIX: Final = b"{{ui}}"
_SCRIPT: Final = "main.js"
_IMPORT: Final = re.compile(
    rb"""^(?:import|export)\b(?:[^;"'()]*\bfrom)?\s*["']([^"']+)["']""", re.MULTILINE
)


def _read(folder: Traversable, below: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _read(entry, f"{below}{entry.name}/")
        elif entry.name == _PAGE or PurePosixPath(entry.name).suffix in FILE_MEDIA:
            yield below + entry.name, entry.read_bytes()


_FILES: Final = dict(_read(files(__package__).joinpath("ui")))
_ROOT: Final = "/ui/" + digest_of(
    *(part for name in _FILES for part in (name.encode(), _FILES[name]))
)


def _imported(name: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A module and those that it imports, each once."""
    if name in known:
        return known
    known = (*known, name)
    for neighbour in _IMPORT.findall(_FILES[name]):
        known = _imported(normpath(f"{PurePosixPath(name).parent}/{neighbour.decode()}"), known)
    return known


def _page() -> bytes:
    """The page, which names its files by their present prefix.

    A browser learns of a module from those that import it, a level of imports at a time; links
    tell it of all at once.
    """
    links = (f'<link rel="modulepreload" href="{_ROOT}/{name}">' for name in _imported(_SCRIPT))
    page = _FILES.pop(_PAGE).replace(_MODULES, "\n".join(links).encode())
    return page.replace(_PREFIX, _ROOT.encode())


DASHBOARD: Final = _page()
DASHBOARD_ROUTES: Final = tuple(
    file_route(f"{_ROOT}/{name}", name, content, DASHBOARD_HEADERS)
    for name, content in _FILES.items()
)
