"""The base of every error that a user can cause: its text says what is wrong and what is right."""


def printable(text: str) -> str:
    r"""A text with what a terminal would obey, or JSON cannot hold, escaped: ESC is \x1b.

    File names may hold anything; Python keeps bytes that are no UTF-8 as lone surrogates.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


class ZerodteError(Exception):
    """An error that a user can cause. It reaches the user as one line, never as a traceback."""

    def __str__(self) -> str:
        """Its text, printable."""
        return printable(super().__str__())
