"""API keys: random, shown once, stored as a digest.

A key has 192 random bits, so its digest (BLAKE2b) cannot be searched for, and a slow hash would
protect nothing. A key is found by the digest of the whole text: how long that takes tells nothing
of a prefix that was right.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from secrets import compare_digest, token_hex
from typing import Final

from zerodte.access.error import AccessError

#: How every key begins; logs, secret scanners and error texts recognise keys by it.
KEY_PREFIX: Final = "zdte_"
#: Longer texts are no keys and are not hashed.
MAX_KEY_BYTES: Final = 128
_KEY_BYTES, _ID_BYTES = 24, 4
_MAX_NAME = 64
_DIGEST_BYTES: Final = 32
#: Compared with a key that is unknown, so that the same work is done for it.
_NOBODY: Final = bytes(_DIGEST_BYTES)
_LIKE_KEY: Final = re.compile(rf"{KEY_PREFIX}[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as it is stored.

    Attributes:
        id: Its public name, which cannot be used as a key.
        name: What its owner calls it; may be empty.
        plan: The name of its plan.
        digest: BLAKE2b-256 of the key.
        created: When it was created, unix seconds.
        revoked: When it was revoked, unix seconds; None while it is valid.
    """

    id: str
    name: str
    plan: str
    digest: bytes = field(repr=False)
    created: int
    revoked: int | None = None


def new_key() -> str:
    """A new random key."""
    return KEY_PREFIX + token_hex(_KEY_BYTES)


def new_id() -> str:
    """A new random id of a key."""
    return "k" + token_hex(_ID_BYTES)


def digest_of(key: bytes) -> bytes:
    """The digest under which a key is stored."""
    return blake2b(key, digest_size=_DIGEST_BYTES).digest()


def find_key(records: Mapping[bytes, KeyRecord], key: bytes) -> KeyRecord | None:
    """The record of a key, by digest; None if it is unknown. Revoked keys are found too."""
    if len(key) > MAX_KEY_BYTES:
        return None
    digest = blake2b(key, digest_size=_DIGEST_BYTES).digest()
    record = records.get(digest)
    is_equal = compare_digest(digest, _NOBODY if record is None else record.digest)
    return record if is_equal else None


def check_name(name: str) -> str:
    """A name of a key, trimmed.

    Raises:
        AccessError: It is too long, not printable, or looks like a key.
    """
    name = name.strip()
    if len(name) > _MAX_NAME or not name.isprintable():
        raise AccessError(f"a name has at most {_MAX_NAME} printable characters")
    if _LIKE_KEY.search(name):
        raise AccessError("a name must not contain a key")
    return name


def is_like_key(text: str) -> bool:
    """Whether a text has the form of a key, valid or not."""
    return _LIKE_KEY.fullmatch(text) is not None
