"""Where a store of keys lies: a file, or the URL of a NATS server."""

import importlib.util
from pathlib import Path
from typing import TypeAlias

from zerodte.access.error import AccessError
from zerodte.access.key_file import KeyFile
from zerodte.access.key_store import KeyStore

#: A file, or nats://HOST:PORT, or several of these separated by commas for a cluster.
KeyPlace: TypeAlias = Path | str


def open_keys(place: KeyPlace, *, create: bool = False) -> KeyStore:
    """Open a store of keys.

    Args:
        place: Where it lies.
        create: Whether to make it if there is none.

    Raises:
        KeyStoreError: It cannot be used, or there is none.
        AccessError: The extra `nats` is not installed.
    """
    if isinstance(place, Path):
        return KeyFile(place, create=create)
    if importlib.util.find_spec("nats") is None:
        raise AccessError('keys on NATS need the package nats-py: pip install "zerodte[nats]"')
    from zerodte.access.key_bucket import KeyBucket  # noqa: PLC0415  an extra brings what it needs

    return KeyBucket(place, create=create)
