"""The options of commands that follow the configuration."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
from click.core import ParameterSource

from zerodte.cli.configuration.configuration import FILE_VARIABLE, Configuration, default_path
from zerodte.cli.configuration.setting import Setting, split
from zerodte.cli.configuration.table import BY_KEY, SETTINGS

CommandFunction: TypeAlias = Callable[..., None]

_META: Final = "zerodte.configuration"


class SettingOption(click.Option):
    """The option of a setting: its flag, else its environment variable, else its key in a file.

    Args:
        _names: Left empty; the setting names it.
        setting: The row.
        is_required: Whether the command cannot do without it.
    """

    def __init__(
        self, _names: Sequence[str] = (), *, setting: Setting, is_required: bool = False
    ) -> None:
        is_flag = isinstance(setting.kind, click.types.BoolParamType)
        flags = f"{setting.flag}/--no-{setting.flag[2:]}" if is_flag else setting.flag
        super().__init__(
            [flags, setting.name],
            type=setting.kind,
            default=setting.default,
            multiple=setting.several == "repeat",
            required=is_required,
            show_default=setting.default not in (None, ()),
            envvar=setting.variable,
            metavar=setting.metavar,
            help=setting.help,
        )
        self.setting = setting

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """The variable's text; several values are separated by commas."""
        text = self.resolve_envvar_value(ctx)
        return split(text) if text and self.multiple else text

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Where a wrong value stands."""
        if ctx and ctx.get_parameter_source(self.setting.name) is ParameterSource.ENVIRONMENT:
            return self.setting.variable
        return super().get_error_hint(ctx)


def setting_options(
    *tables: str, required: Sequence[str] = ()
) -> Callable[[CommandFunction], CommandFunction]:
    """Options for all settings of some tables; the command has `CONFIG` too.

    Args:
        tables: Names of tables; the command receives each setting by its name.
        required: Keys that the command cannot do without.
    """

    def add(command: CommandFunction) -> CommandFunction:
        for setting in reversed(SETTINGS):
            if setting.table in tables:
                is_required = setting.key in required
                option = click.option(cls=SettingOption, setting=setting, is_required=is_required)
                command = option(command)
        return command

    return add


def setting_option(key: str) -> Callable[[CommandFunction], CommandFunction]:
    """The option of one setting; the command has `CONFIG` too."""
    return click.option(cls=SettingOption, setting=BY_KEY[key])


def plain_option(key: str) -> Callable[[CommandFunction], CommandFunction]:
    """The option of a setting, for a command that does not follow the configuration."""
    setting = BY_KEY[key]
    return click.option(
        setting.flag,
        setting.name,
        type=setting.kind,
        default=setting.default,
        show_default=True,
        help=setting.help,
    )


def _follow(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    """Read the configuration, and let the command's options follow it."""
    if path is None and os.environ.get(FILE_VARIABLE) is None:
        path = default_path()
    configuration = context.meta[_META] = Configuration(path)
    context.default_map = {
        param.setting.name: configuration.values[param.setting.key]
        for param in context.command.params
        if isinstance(param, SettingOption) and param.setting.key in configuration.values
    }


CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar=FILE_VARIABLE,
    is_eager=True,
    expose_value=False,
    callback=_follow,
    help="TOML file of settings, by default ~/.config/zerodte/config.toml or else "
    "/etc/zerodte/config.toml.",
)


def current_configuration() -> Configuration:
    """The configuration of the command that runs, which has the option `CONFIG`."""
    configuration: Configuration = click.get_current_context().meta[_META]
    return configuration
