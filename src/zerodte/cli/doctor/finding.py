"""What an examination finds."""

from dataclasses import dataclass
from typing import Literal, Self


@dataclass(frozen=True)
class Finding:
    """One row of a diagnosis.

    Attributes:
        about: What was examined.
        state: `problem` keeps a server from answering or recording; `warning` needs attention.
        found: What is the case, as a sentence.
        advice: What to do about it; empty where all is well.
    """

    about: str
    state: Literal["ok", "warning", "problem"]
    found: str
    advice: str = ""

    @classmethod
    def ok(cls, about: str, found: str) -> Self:
        """All is well."""
        return cls(about, "ok", found)

    @classmethod
    def warning(cls, about: str, found: str, advice: str) -> Self:
        """Something needs attention."""
        return cls(about, "warning", found, advice)

    @classmethod
    def problem(cls, about: str, found: str, advice: str) -> Self:
        """Something does not work."""
        return cls(about, "problem", found, advice)
