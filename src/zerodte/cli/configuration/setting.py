"""A setting: one row, from which its flag, variable, TOML key and documentation follow."""

import datetime
import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import click
import msgspec

from zerodte.cli.configuration.error import ConfigurationError
from zerodte.cli.options import Date, Finite, Whole

VARIABLE_PREFIX = "ZERODTE_"

#: How several values are written as a flag: the flag repeated, or one text with commas.
Several: TypeAlias = Literal["repeat", "commas"]

_ONE_OF: tuple[tuple[type[click.ParamType[Any]], Any, str], ...] = (
    (Whole, int, "a whole number"),
    (Finite, float, "a number"),
    (Date, datetime.date, "a date, yyyy-MM-dd"),
    (click.types.BoolParamType, bool, "true or false"),
)


@dataclass(frozen=True)
class Setting:
    """A row of the table of settings.

    Attributes:
        key: Its table and name in TOML: `server.port`.
        kind: Reads and checks a value, wherever it comes from.
        default: The value where nothing says another; None if the setting may be unset.
        help: What it is for: the flag's help and the documentation.
        metavar: What stands for the value in help texts, where the kind's own name would not do.
        several: Set if it holds several values, a list in TOML.
        reloads: Whether SIGHUP changes it in a running server.
        is_secret: Whether `zerodte config show` hides the value.
    """

    key: str
    kind: click.ParamType[Any]
    default: Any
    help: str
    metavar: str | None = None
    several: Several | None = None
    reloads: bool = False
    is_secret: bool = False

    @property
    def table(self) -> str:
        """The TOML table: `server`."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The name within its table: `allow_host`."""
        return self.key.partition(".")[2]

    @property
    def flag(self) -> str:
        """The option of commands: `--allow-host`."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable: `ZERODTE_SERVER_ALLOW_HOST`."""
        return VARIABLE_PREFIX + self.key.replace(".", "_").upper()

    def from_toml(self, value: Any) -> Any:
        """A value of TOML as its flag would give it, checked.

        Raises:
            ConfigurationError: The type or the value is wrong; says what would be right.
        """
        form, words = self._form
        value = of_form(value, form, words)
        if self.several == "commas":
            value = ",".join(value)
        self.converted(value)
        return value

    def from_variable(self, text: str) -> Any:
        """The text of an environment variable as its flag would give it, checked.

        Raises:
            ConfigurationError: The text is wrong; says what would be right.
        """
        value = split(text) if self.several == "repeat" else text
        self.converted(value)
        return value

    def converted(self, value: Any) -> Any:
        """A value as a command receives it, from what a flag gives.

        Raises:
            ConfigurationError: It is wrong; says what would be right.
        """
        try:
            if self.several == "repeat":
                return tuple(self.kind.convert(one, None, None) for one in value)
            return None if value is None else self.kind.convert(value, None, None)
        except click.BadParameter as error:
            raise ConfigurationError(error.message.rstrip(".")) from error

    def to_toml(self, value: Any) -> Any:
        """A value as a file holds it, from what a flag gives: 8017, not "8017"."""
        if self.several == "commas":
            return split(value)
        return self.converted(value) if self._form[0] in (int, float, bool) else value

    @property
    def _form(self) -> tuple[Any, str]:
        """Its type in TOML, for `msgspec.convert`, and that type in words."""
        if self.several is not None:
            return list[str], 'a list of texts, such as ["a", "b"]'
        for kind, form, words in _ONE_OF:
            if isinstance(self.kind, kind):
                return form, words
        return str, "a text in quotes"


def of_form(value: Any, form: Any, words: str) -> Any:
    """A value of TOML that has a type.

    Raises:
        ConfigurationError: It has another; says what it is, and in `words` what would be right.
    """
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        written = json.dumps(value, default=str)
        raise ConfigurationError(f"it is {written}; write {words}") from error


def split(text: str) -> list[str]:
    """The parts of a text with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
