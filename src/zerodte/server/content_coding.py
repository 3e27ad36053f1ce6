"""Content codings (RFC 9110, sections 8.4 and 12.5.3): negotiation and compression."""

import gzip
import re
from collections.abc import Callable
from functools import lru_cache

import brotli
import zstandard

IDENTITY = "identity"
#: Shorter bodies are not compressed: they fit into a packet as they are.
SMALL = 1024

_GZIP_LEVEL, _BROTLI_QUALITY, _ZSTD_LEVEL = 6, 5, 3
_ALIASES = {"x-gzip": "gzip"}
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105
_MEMBER = re.compile(
    rf"[ \t]*({_TOKEN})[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{{0,3}})?|1(?:\.0{{0,3}})?)[ \t]*)?",
    re.IGNORECASE,
)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


def _zstd(body: bytes) -> bytes:
    # Compressors are not thread-safe; creating one is cheap.
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)


def _brotli(body: bytes) -> bytes:
    compressed: bytes = brotli.compress(body, brotli.MODE_TEXT, _BROTLI_QUALITY)
    return compressed


#: The codings offered, fastest first: the order decides between equal preferences.
ENCODERS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}


@lru_cache(maxsize=256)
def choose(accepted: bytes | None, *, is_small: bool) -> str | None:
    """The coding of an answer.

    Args:
        accepted: The Accept-Encoding header; None if absent. Malformed members are ignored.
        is_small: Whether the body is compressed only if the client refuses identity.

    Returns:
        A key of `ENCODERS` or identity; None if the client refuses all of them.
    """
    if accepted is None:
        return IDENTITY
    weights: dict[str, float] = {}
    for member in accepted.decode("latin-1").split(","):
        if match := _MEMBER.fullmatch(member):
            name = match[1].lower()
            weights.setdefault(_ALIASES.get(name, name), float(match[2] or 1))
    others = weights.get("*", 0.0)
    offered = {name: weights.get(name, others) for name in ENCODERS}
    best = max(offered, key=offered.__getitem__)
    # A client that does not name identity accepts it but prefers what it names.
    plain = weights.get(IDENTITY, None if "*" not in weights or others else 0.0)
    if plain == 0.0:
        return best if offered[best] else None
    wanted = offered[best] > 0.0 and offered[best] >= (plain or 0.0)
    return best if wanted and not is_small else IDENTITY
