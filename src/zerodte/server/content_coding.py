"""Content codings (RFC 9110, sections 8.4, 12.5.3): which one a client wants, and bodies in it."""

import gzip
import re
from collections.abc import Callable
from functools import lru_cache

import brotli
import zstandard

IDENTITY = "identity"
#: Bodies shorter than this fit a packet anyway.
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
    # A compressor must not be shared by threads; making one costs little beside its work.
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)


def _brotli(body: bytes) -> bytes:
    coded: bytes = brotli.compress(body, brotli.MODE_TEXT, _BROTLI_QUALITY)
    return coded


#: What is offered, the quickest first: that is taken where a client has no preference.
ENCODERS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}


@lru_cache(maxsize=256)
def choose(accepted: bytes | None, *, is_small: bool) -> str | None:
    """The coding of an answer.

    Args:
        accepted: The Accept-Encoding header; None where there is none. Members that are broken
            count as not written.
        is_small: Whether the body is not worth a coding unless it must have one.

    Returns:
        A name of `ENCODERS` or identity; None when the client refuses all of them.
    """
    if accepted is None:
        return IDENTITY
    weights: dict[str, float] = {}
    for member in accepted.decode("latin-1").split(","):
        if read := _MEMBER.fullmatch(member):
            name = read[1].lower()
            weights.setdefault(_ALIASES.get(name, name), float(read[2] or 1))
    others = weights.get("*", 0.0)
    offered = {name: weights.get(name, others) for name in ENCODERS}
    best = max(offered, key=offered.__getitem__)
    # Whoever does not name identity accepts it, but would rather have what is named.
    plain = weights.get(IDENTITY, None if "*" not in weights or others else 0.0)
    if plain == 0.0:
        return best if offered[best] else None
    wanted = offered[best] > 0.0 and offered[best] >= (plain or 0.0)
    return best if wanted and not is_small else IDENTITY
