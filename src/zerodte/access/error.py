"""The errors of access."""

from zerodte.errors import ZerodteError


class AccessError(ZerodteError, ValueError):
    """A plan, a key or a name that cannot be used."""


class KeyFileError(ZerodteError, OSError):
    """The key file cannot be used.

    Args:
        path: The file; it is named to its operator only.
        reason: What is wrong, without the path, so that clients may read it.
        hint: What its operator can do, if that is known.
        is_unreadable: Whether keys cannot even be looked up.
    """

    def __init__(
        self, path: object, reason: str, *, hint: str = "", is_unreadable: bool = False
    ) -> None:
        super().__init__(f"{path}: {reason}; {hint}" if hint else f"{path}: {reason}")
        self.reason = reason
        self.is_unreadable = is_unreadable
