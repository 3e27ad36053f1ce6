"""Entity tags by RFC 9110: what names a body, and what counts as having it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.server.response_cache import AnswerHead, CachedResponse, Representation, ResponseCache
from zerodte.server.route import Response

TAG = b'"abc-gzip"'
FORM = Representation(TAG, b"", AnswerHead(200, [], b""), AnswerHead(304, [], b""))


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
    assert FORM.matches(header) is known


@given(st.binary(max_size=200), st.sampled_from([b"", b'"', b",", b" ", b"W/", b'""']))
def test_whatever_is_said_about_a_tag(header: bytes, between: bytes) -> None:
    for said in (header, header + between + TAG, TAG + between + header):
        assert FORM.matches(said) in (True, False)


def test_a_long_header_takes_no_long_time() -> None:
    assert FORM.matches(b",".join([b'"x"'] * 8_000 + [TAG]))
    assert not FORM.matches(b'", ' * 10_000 + TAG)


async def tags(body: bytes) -> set[bytes]:
    """The tags of a body in two codings."""

    async def handler() -> Response:
        return Response(body)

    cache = ResponseCache()
    cached, _ = await cache.compute("key", 1, [], handler)
    assert isinstance(cached, CachedResponse)
    forms = [await cache.form(cached, coding) for coding in ("br", "gzip")]
    assert all(form.matches(form.tag) for form in forms)
    return {form.tag for form in forms}


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_a_body_in_a_coding_has_its_own_tag(one: bytes, other: bytes) -> None:
    both = asyncio.run(tags(one)) | asyncio.run(tags(other))
    assert len(both) == 2 * len({one, other})
