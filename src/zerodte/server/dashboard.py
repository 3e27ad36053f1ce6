"""The page at `/` and its files: plain modules and styles, served as they lie in `ui`.

Modules import each other by relative paths, so all files share one prefix, which changes when any
of them does.
"""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
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
#: Stands in the page for the prefix of its files.
_PREFIX: Final = b"{{ui}}"


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

#: The page, which names its files by their present prefix.
DASHBOARD: Final = _FILES.pop(_PAGE).replace(_PREFIX, _ROOT.encode())
DASHBOARD_ROUTES: Final = tuple(
    file_route(f"{_ROOT}/{name}", name, content, DASHBOARD_HEADERS)
    for name, content in _FILES.items()
)
