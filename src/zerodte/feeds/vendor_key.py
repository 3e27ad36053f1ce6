"""Keys of vendors: from the environment, under the vendor's own name, or a file of the user's."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Final

from zerodte.feeds.feed import FeedRefusalError

#: The file, and the bits of its mode that let others read it.
KEY_FILE: Final = Path("~/.config/zerodte/feeds.toml")
#: Protocols show the last characters of a key; no vendor's is nearly as short.
_SHORTEST: Final = 16
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class VendorKey:
    """A secret that no message, log or traceback shows.

    Args:
        text: The key.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "VendorKey(...)"

    def reveal(self) -> str:
        """The key itself."""
        return self._text


def vendor_key(vendor: str, variable: str, name: str = "api_key") -> VendorKey:
    """The key for a vendor.

    Args:
        vendor: The table of the file that holds it, such as "databento".
        variable: The environment's name, such as DATABENTO_API_KEY. It goes before the file.
        name: The key's name in the table.

    Raises:
        FeedRefusalError: If there is none, or others than its owner may read the file.
    """
    if key := environment_key(variable):
        return key
    path = KEY_FILE.expanduser()
    found = _read(path, vendor, name) if path.exists() else ""
    if not found:
        raise FeedRefusalError(
            f'no key for {vendor}; set {variable}, or write [{vendor}] and {name} = "..." to '
            f"{KEY_FILE} (mode 0600)"
        )
    return _key(found, str(KEY_FILE))


def environment_key(variable: str) -> VendorKey | None:
    """The key in the environment; None without one.

    Raises:
        FeedRefusalError: If it has characters that no key has.
    """
    found = os.environ.get(variable, "").strip()
    return _key(found, variable) if found else None


def _key(text: str, source: str) -> VendorKey:
    if not text.isascii() or not text.isprintable() or " " in text or len(text) < _SHORTEST:
        raise FeedRefusalError(
            f"{source}: the key is too short, or has blanks or other odd characters; expected: "
            f"{_SHORTEST} or more"
        )
    return VendorKey(text)


def _read(path: Path, vendor: str, name: str) -> str:
    if path.stat().st_mode & _OTHERS:
        raise FeedRefusalError(f"{KEY_FILE}: others may read it; run chmod 600 {KEY_FILE}")
    try:
        table = tomllib.loads(path.read_text("utf-8")).get(vendor, {})
    except (OSError, ValueError) as error:
        raise FeedRefusalError(f"{KEY_FILE}: it cannot be read as TOML") from error
    key = table.get(name, "") if isinstance(table, dict) else ""
    if not isinstance(key, str):
        raise FeedRefusalError(f"{KEY_FILE}: {name} of [{vendor}]; expected: a text")
    return key.strip()
