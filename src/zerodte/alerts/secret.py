"""Secrets of targets: from the environment, or from a file that nobody else can read."""

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from zerodte.alerts.error import AlertError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES: Final = 4096
#: Secrets of Standard Webhooks begin so, and are base64 after it.
_STANDARD: Final = "whsec_"


class Secret:
    """A text that no message, log or traceback shows.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(...)"

    def reveal(self) -> str:
        """The text itself."""
        return self._text


def secret_of_variable(name: str, environ: Mapping[str, str] = os.environ) -> Secret:
    """The secret in a variable of the environment.

    Raises:
        AlertError: It is not set, or cannot be one.
    """
    return _secret(environ.get(name, ""), f"the variable {name} is not set")


def secret_of_file(path: Path) -> Secret:
    """The secret in a file.

    Raises:
        AlertError: It cannot be read, others may read it, or it cannot be one.
    """
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise AlertError(f"others may read {path}; run chmod 600 {path}")
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise AlertError(f"{path}: {error.strerror}") from error
    return _secret(content.decode("utf-8", "replace"), f"{path} is empty")


def signing_key(secret: Secret) -> bytes:
    """The bytes that a secret signs with: base64 after `whsec_`, or else the text's own.

    Raises:
        AlertError: It begins with `whsec_` and is no base64.
    """
    text = secret.reveal()
    if not text.startswith(_STANDARD):
        return text.encode()
    try:
        key = base64.b64decode(text.removeprefix(_STANDARD), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise AlertError("a secret that begins with whsec_ goes on in base64")
    return key


def _secret(text: str, lack: str) -> Secret:
    text = text.strip()
    if not text:
        raise AlertError(lack)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise AlertError("a secret has printable ASCII characters without a space")
    return Secret(text)
