"""Which coding a client is given, by RFC 9110, and that it can be undone."""

import gzip

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from zerodte.server.content_coding import ENCODERS, IDENTITY, choose

DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.ZstdDecompressor().decompress,
}


@pytest.mark.parametrize(
    ("accepted", "coding", "small"),
    [
        # No header, an empty one, and none that is offered: as it is.
        (None, IDENTITY, IDENTITY),
        (b"", IDENTITY, IDENTITY),
        (b"deflate, compress", IDENTITY, IDENTITY),
        # One of several; the quickest of equals.
        (b"gzip", "gzip", IDENTITY),
        (b"gzip, deflate, br, zstd", "zstd", IDENTITY),
        (b"gzip, br", "br", IDENTITY),
        (b"*", "zstd", IDENTITY),
        (b"X-GZip", "gzip", IDENTITY),
        # Weights.
        (b"zstd;q=0.2, br;q=0.5,gzip ; q=1.000", "gzip", IDENTITY),
        (b"zstd;Q=0.1, *;q=0.9", "br", IDENTITY),
        (b"zstd;q=0, *", "br", IDENTITY),
        (b"gzip;q=0", IDENTITY, IDENTITY),
        (b"gzip;q=0, gzip", IDENTITY, IDENTITY),
        (b"gzip;q=0.5, identity", IDENTITY, IDENTITY),
        (b"gzip, identity;q=0.5", "gzip", IDENTITY),
        (b"gzip, identity", "gzip", IDENTITY),
        # Identity forbidden: short answers must be coded too.
        (b"gzip, identity;q=0", "gzip", "gzip"),
        (b"br;q=0.001, *;q=0", "br", "br"),
        (b"*;q=0, identity;q=0.1", IDENTITY, IDENTITY),
        (b"identity;q=0", None, None),
        (b"*;q=0", None, None),
        (b"deflate, *;q=0", None, None),
        # Broken members count as not written.
        (b"gzip;q=2, br;q=x", IDENTITY, IDENTITY),
        (b"gzip;q=0.1234, br", "br", IDENTITY),
        (b"gzip;level=9, br;q=-1,,;;, =, zstd", "zstd", IDENTITY),
        (b"\xff\x00, gzip", "gzip", IDENTITY),
        (b"gzip br", IDENTITY, IDENTITY),
    ],
)
def test_the_coding_is_what_the_client_wants(
    accepted: bytes | None, coding: str | None, small: str | None
) -> None:
    assert choose(accepted, is_small=False) == coding
    assert choose(accepted, is_small=True) == small


@given(st.binary(max_size=60) | st.text("gzipbrtsd;q=01., *-", max_size=60).map(str.encode))
def test_any_header_is_understood_somehow(accepted: bytes) -> None:
    assert choose(accepted, is_small=False) in {*ENCODERS, IDENTITY, None}


@given(st.binary(max_size=3000))
def test_every_coding_can_be_undone(body: bytes) -> None:
    assert DECODERS.keys() == ENCODERS.keys()
    for name, encode in ENCODERS.items():
        assert DECODERS[name](encode(body)) == body
