"""Entity tags by RFC 9110: what names a body, and what counts as having it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.server.etag import digest, entity_tag, is_known

TAG = b'"abc-gzip"'


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (TAG, True),
        (b"W/" + TAG, True),
        (b"*", True),
        (b' "x" ,W/"y",\t' + TAG + b" ", True),
        (b", " + TAG + b",", True),
        (b'"abc-br"', False),
        (b'"abc-gzip-"', False),
        (b"", False),
        # No list of tags, so ignored.
        (b"abc-gzip", False),
        (b'"abc-gzip', False),
        (b"w/" + TAG, False),
        (TAG + b" " + TAG, False),
        (TAG + b", *", False),
        (TAG + b", abc", False),
        (b'"a b", ' + TAG, False),
        (b'"\x00", ' + TAG, False),
    ],
)
def test_what_a_client_has(header: bytes, known: bool) -> None:
    assert is_known(header, TAG) is known


@given(st.binary(max_size=200), st.sampled_from([b"", b'"', b",", b" ", b"W/", b'""']))
def test_whatever_is_said_about_a_tag(header: bytes, between: bytes) -> None:
    for said in (header, header + between + TAG, TAG + between + header):
        assert is_known(said, TAG) in (True, False)


def test_a_long_header_takes_no_long_time() -> None:
    assert is_known(b",".join([b'"x"'] * 8_000 + [TAG]), TAG)
    assert not is_known(b'", ' * 10_000 + TAG, TAG)


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_body_in_a_coding_has_its_own_tag(one: bytes, other: bytes) -> None:
    tags = {entity_tag(digest(body), coding) for body in (one, other) for coding in ("br", "gzip")}
    assert len(tags) == 2 * len({one, other})
    assert all(is_known(tag, tag) for tag in tags)
