"""The errors of access."""

from zerodte.errors import ZerodteError


class AccessError(ZerodteError, ValueError):
    """A plan, a key or a name that cannot be used."""


class KeyStoreError(ZerodteError, OSError):
    """The key file, or the bucket of keys, cannot be used.

    Args:
        place: The file or the server, without secrets; it is named to its operator only.
        reason: What is wrong, without the place, so that clients may read it.
        hint: What its operator can do or should know, if that is known.
        is_unreadable: Whether keys cannot even be looked up.
    """

    def __init__(
        self, place: object, reason: str, *, hint: str = "", is_unreadable: bool = False
    ) -> None:
        super().__init__(f"{place}: {reason}; {hint}" if hint else f"{place}: {reason}")
        self.reason = reason
        self.is_unreadable = is_unreadable
