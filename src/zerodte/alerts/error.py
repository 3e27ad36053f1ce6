"""The errors of alerts."""

from zerodte.errors import ZerodteError


class AlertError(ZerodteError, ValueError):
    """A file of alerts, or something it names, cannot be used; the message says what is right."""


class OutboxError(ZerodteError, OSError):
    """The outbox cannot be read or written.

    Args:
        path: Its file.
        reason: What is wrong, without the path.
    """

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
