"""Entity tags (RFC 9110, sections 8.8.3 and 13.1.2): a body's name, and whether a client has it.

Tags are strong, so the codings of one body have different ones. They are digests of what is said,
so they outlive a restart.
"""

import re
from hashlib import blake2b

_DIGEST_BYTES = 12
_TAG = rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")'
_ONE = re.compile(_TAG)
_LIST = re.compile(rb"[ \t,]*" + _TAG + rb"(?:[ \t]*,[ \t,]*" + _TAG + rb")*[ \t,]*")


def digest(body: bytes) -> str:
    """What tells a body from all others."""
    return blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()


def entity_tag(digested: str, coding: str) -> bytes:
    """The tag of a body in one coding."""
    return f'"{digested}-{coding}"'.encode()


def is_known(if_none_match: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match header names `tag`, weak or strong; one that is broken does not."""
    asked = if_none_match.strip(b" \t")
    if asked == b"*":
        return True
    return tag in asked and _LIST.fullmatch(asked) is not None and tag in _ONE.findall(asked)
