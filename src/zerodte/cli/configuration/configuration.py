"""Reads a configuration: which file, what it says, and what the environment says."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from zerodte.access.plan import DEFAULT_PLANS
from zerodte.cli.configuration.error import ConfigurationError
from zerodte.cli.configuration.plans import PLANS, read_plans
from zerodte.cli.configuration.setting import VARIABLE_PREFIX, Setting
from zerodte.cli.configuration.table import BY_KEY, BY_VARIABLE, SETTING_TABLES, SETTINGS

#: Names the file in the environment; empty, no file is read.
FILE_VARIABLE: Final = f"{VARIABLE_PREFIX}CONFIG"
DEFAULT_ORIGIN: Final = "default"
#: How close a name of the environment is to a known one to be a mistake, and not someone else's.
_MISTAKE: Final = 0.85
#: Likewise a key of a file, whose table it shares with the known ones.
_NEAR: Final = 0.75
#: More than these bytes are no configuration.
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class SettingInForce:
    """A setting, its value and where that comes from.

    Attributes:
        setting: The row.
        value: The value as a flag gives it, before it is converted.
        origin: A path, the name of a variable, or `default`.
    """

    setting: Setting
    value: Any
    origin: str


class Configuration:
    """What a file and the environment say.

    Args:
        path: The TOML file; None for none.
        environ: The environment.

    Attributes:
        path: The TOML file.
        values: The file's values by key, as flags give them.
        plans: The file's plans, or else those by default.

    Raises:
        ConfigurationError: The file or a variable cannot be used.
    """

    def __init__(self, path: Path | None, environ: Mapping[str, str] = os.environ) -> None:
        self.path = path
        document = {} if path is None else _document(path)
        self.plans = DEFAULT_PLANS
        try:
            if PLANS in document:
                self.plans = read_plans(document.pop(PLANS))
            self.values = dict(_values(document))
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from error
        self._environ = environ
        _check_names(environ)

    def in_force(self, setting: Setting) -> SettingInForce:
        """What is in force without flags: of the environment, else the file, else by default.

        Raises:
            ConfigurationError: The environment's value is wrong.
        """
        if text := self._environ.get(setting.variable):
            try:
                value = setting.from_variable(text)
            except ConfigurationError as error:
                raise ConfigurationError(f"{setting.variable}: {error}") from error
            return SettingInForce(setting, value, setting.variable)
        if setting.key in self.values:
            return SettingInForce(setting, self.values[setting.key], str(self.path))
        return SettingInForce(setting, setting.default, DEFAULT_ORIGIN)

    def everything_in_force(self) -> list[SettingInForce]:
        """What is in force for every setting, in the order of the table.

        Raises:
            ConfigurationError: A value of the environment is wrong.
        """
        return [self.in_force(setting) for setting in SETTINGS]


def default_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that is read if none is named: the user's, else the system's, if there is one."""
    for folder in default_folders(environ):
        if (path := folder / "zerodte" / "config.toml").exists():
            return path
    return None


def default_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the folder `zerodte` of the file is looked for."""
    folders = [Path("/etc")]
    if own := environ.get("XDG_CONFIG_HOME"):
        return (Path(own), *folders)
    with suppress(RuntimeError):  # The user may have no home.
        folders.insert(0, Path.home() / ".config")
    return tuple(folders)


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ConfigurationError(f"{path}: larger than a megabyte; this is no configuration")
        return tomllib.loads(text.decode())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: not a TOML file: {error}") from error


def _values(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key of a document with its checked value."""
    for table, content in document.items():
        if table not in SETTING_TABLES or not isinstance(content, dict):
            raise ConfigurationError(_unknown(table))
        for name, value in content.items():
            key = f"{table}.{name}"
            if (setting := BY_KEY.get(key)) is None:
                raise ConfigurationError(_unknown(key))
            try:
                yield key, setting.from_toml(value)
            except ConfigurationError as error:
                raise ConfigurationError(f"{key}: {error}") from error


def _unknown(key: str) -> str:
    """What to say of an unknown key or table, with the nearest that is known."""
    if key in SETTING_TABLES:
        return f"{key} is a table; write [{key}] and its keys below"
    table, _, name = key.rpartition(".")
    elsewhere = [known for known in BY_KEY if known.partition(".")[2] == (name or key)]
    own = [known for known in BY_KEY if known.startswith(f"{table}.")] or list(SETTING_TABLES)
    if near := elsewhere or get_close_matches(key, own, n=1, cutoff=_NEAR):
        return f"unknown key {key}; the nearest known is {near[0]}"
    return f"unknown key {key}; known are {', '.join(own)}"


def _check_names(environ: Mapping[str, str]) -> None:
    """Refuse names that are nearly, but not quite, those of settings."""
    known = [*BY_VARIABLE, FILE_VARIABLE]
    for name in environ:
        if not name.startswith(VARIABLE_PREFIX) or name in known:
            continue
        if near := get_close_matches(name, known, n=1, cutoff=_MISTAKE):
            raise ConfigurationError(
                f"unknown variable {name} in the environment; the nearest known is {near[0]}"
            )
