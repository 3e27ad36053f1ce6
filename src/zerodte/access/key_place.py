"""Where a store of keys lies."""

from pathlib import Path
from typing import TypeAlias

from zerodte.access.key_file import KeyFile
from zerodte.access.key_store import KeyStore

#: A file.
KeyPlace: TypeAlias = Path


def open_keys(place: KeyPlace, *, create: bool = False) -> KeyStore:
    """Open a store of keys.

    Args:
        place: Where it lies.
        create: Whether to make it if there is none.

    Raises:
        KeyStoreError: It cannot be used, or there is none.
    """
    return KeyFile(place, create=create)
