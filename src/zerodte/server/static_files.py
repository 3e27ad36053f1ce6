"""Files of pages, at paths that change with their content, so clients can cache them."""

from collections.abc import Mapping
from hashlib import blake2b
from importlib.resources import files
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, cast

from msgspec import defstruct

from zerodte.server.route import Response, Route
from zerodte.wire.endpoint import Endpoint, Media
from zerodte.wire.query import Query

#: The media types of files of pages by suffix.
FILE_MEDIA: Final[Mapping[str, Media]] = MappingProxyType(
    {".css": "css", ".js": "javascript", ".svg": "svg"}
)
_DIGEST_BYTES: Final = 8
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class StaticQuery(Query, frozen=True, kw_only=True, gc=False):
    """A file of the pages. New content gets a new path, so an answer never changes."""

    changes = "never"


def digest_of(*contents: bytes) -> str:
    """What stands in a path for the contents of files."""
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def file_route(
    path: str, name: str, content: bytes, headers: Mapping[str, str] = _NO_HEADERS
) -> Route:
    """The route of a file.

    Args:
        path: Where it is answered; it changes with the content.
        name: The file's name, with a suffix of `FILE_MEDIA`.
        content: The file.
        headers: Extra headers.
    """
    response = Response(content)
    # Each file needs its own type, because the query is the cache key.
    words = name.title().translate({ord(sign): None for sign in "./-_"})
    query = defstruct(f"{words}Query", (), bases=(StaticQuery,), frozen=True)
    summary, media = f"The file {name} of the pages", FILE_MEDIA[PurePosixPath(name).suffix]
    return Route(
        Endpoint(cast("type[Query]", query), path, summary, media=media),
        "open",
        cache="immutable",
        respond=lambda _state, _query: response,
        in_thread=False,
        headers=headers,
        is_documented=False,
    )


def _route(name: str, content: bytes) -> Route:
    stem, dot, suffix = name.rpartition(".")
    return file_route(f"/static/{stem}.{digest_of(content)}{dot}{suffix}", name, content)


#: The route of every file of the plain pages, by the file's name.
STATIC_ROUTES: Final = {
    file.name: _route(file.name, file.read_bytes())
    for file in sorted(files(__package__).joinpath("static").iterdir(), key=lambda file: file.name)
}
