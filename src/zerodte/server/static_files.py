"""The files of the pages, at paths that change with their content, so clients can cache them."""

from hashlib import blake2b
from importlib.resources import files
from typing import Final, cast

from msgspec import defstruct

from zerodte.server.route import Media, Response, Route
from zerodte.wire.query import Query

_MEDIA: Final[dict[str, Media]] = {".css": "css", ".js": "javascript"}
_DIGEST_BYTES: Final = 8


class StaticQuery(Query, frozen=True, kw_only=True, gc=False):
    """A file of the pages. New content gets a new path, so an answer never changes."""

    changes = "never"


def _route(name: str, content: bytes) -> Route:
    stem, dot, suffix = name.rpartition(".")
    digest = blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
    response = Response(content)
    # Each file needs its own type, because the query is the cache key.
    query = defstruct(f"{stem.title()}{suffix.title()}Query", (), bases=(StaticQuery,), frozen=True)
    return Route(
        f"/static/{stem}.{digest}{dot}{suffix}",
        "open",
        cast("type[Query]", query),
        f"The file {name} of the pages",
        media=_MEDIA[dot + suffix],
        cache="immutable",
        respond=lambda _state, _query: response,
        in_thread=False,
        is_documented=False,
    )


#: The route of every file, by the file's name.
STATIC_ROUTES: Final = {
    file.name: _route(file.name, file.read_bytes())
    for file in sorted(files(__package__).joinpath("static").iterdir(), key=lambda file: file.name)
}
