"""The base of every error that a user can cause: its text says what is wrong and what is right."""


class ZerodteError(Exception):
    """An error that a user can cause. It reaches the user as one line, never as a traceback."""
