"""A table of a file of alerts: keys by name and type, with errors that say what would be right."""

import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

import msgspec

from zerodte.alerts.error import AlertError

T = TypeVar("T")


class TomlTable:
    """A table whose keys are taken one by one; what is left in the end is unknown.

    Args:
        name: Its name, for errors: `rules.pin_lock`; empty for the file itself.
        content: What TOML says of it.
        known: Every key that it may have.

    Raises:
        AlertError: It is no table, or has another key.
    """

    def __init__(self, name: str, content: object, known: Iterable[str]) -> None:
        self.name = name
        if not isinstance(content, dict):
            raise AlertError(f"{name} is a table; write [{name}] and its keys below")
        known = tuple(known)
        for key in content:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                said = f"the nearest known is {near[0]}" if near else f"known: {', '.join(known)}"
                raise AlertError(f"unknown key {self.key(key)}; {said}")
        self._content: Mapping[str, Any] = content

    def __contains__(self, key: str) -> bool:
        """Whether it says anything of a key."""
        return key in self._content

    def key(self, name: str) -> str:
        """The whole name of a key."""
        return f"{self.name}.{name}" if self.name else name

    def get(self, key: str, form: type[T] | Any, words: str, default: T) -> T:
        """The value of a key, or the default without it.

        Args:
            key: The key.
            form: Its type, for `msgspec.convert`.
            words: What would be right.
            default: The value without it.

        Raises:
            AlertError: It has another type, or is out of its range.
        """
        if key not in self._content:
            return default
        value = self._content[key]
        try:
            found: T = msgspec.convert(value, form)
        except msgspec.ValidationError:
            written = json.dumps(value, default=str)
            raise self.error(key, f"it is {written}; write {words}") from None
        return found

    def parsed(self, key: str, parse: Callable[[str], T], words: str, default: T) -> T:
        """The value of a key that is a text of some form, or the default without it.

        Raises:
            AlertError: It is no text, or `parse` refuses it.
        """
        return self.required(key, parse, words) if key in self._content else default

    def required(self, key: str, parse: Callable[[str], T], words: str) -> T:
        """The value of a key that has to be there, a text of some form.

        Raises:
            AlertError: It is missing, or as `parsed` does.
        """
        if key not in self._content:
            raise self.error(key, f"it is missing; write {words}")
        text = self.get(key, str, words, "")
        try:
            return parse(text)
        except AlertError as error:
            raise self.error(key, str(error)) from error

    def tables(self, key: str) -> Mapping[str, Any]:
        """The tables below a key; none without it."""
        found = self._content.get(key, {})
        if not isinstance(found, dict):
            name = self.key(key)
            raise AlertError(f"{name} holds tables by name; write [{name}.NAME] and its keys below")
        return found

    def error(self, key: str, text: str) -> AlertError:
        """What is wrong with a key."""
        return AlertError(f"{self.key(key)}: {text}")
