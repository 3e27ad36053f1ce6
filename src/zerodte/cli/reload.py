"""What SIGHUP does to a server: its file is read again, and what may change changes."""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

import click
from click.core import ParameterSource

from zerodte.cli.configuration.configuration import Configuration
from zerodte.cli.configuration.options import SettingOption, current_configuration
from zerodte.cli.configuration.plans import PLANS
from zerodte.cli.configuration.setting import Setting
from zerodte.cli.server_options import ServerOptions
from zerodte.errors import ZerodteError
from zerodte.logs import log

_ABOVE_THE_FILE: Final = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


class Reload:
    """Reads the file of the running command again, and applies what may change.

    What needs a restart is reported at each reload until the file says again what is in force.

    Args:
        server: The options in force.
        apply: Called with new options.
    """

    def __init__(self, server: ServerOptions, apply: Callable[[ServerOptions], None]) -> None:
        context, configuration = click.get_current_context(), current_configuration()
        self._server = server
        self._apply = apply
        self._path = configuration.path
        self._plans = list(configuration.plans)
        self._in_force: dict[str, Any] = dict(configuration.values)
        self._settings = [
            param.setting
            for param in context.command.params
            if isinstance(param, SettingOption)
            and context.get_parameter_source(param.setting.name) not in _ABOVE_THE_FILE
        ]

    def __call__(self) -> None:
        """Read, apply, log. A file that cannot be used changes nothing."""
        try:
            configuration = Configuration(self._path)
        except ZerodteError as error:
            log("reload", logging.ERROR, problem=error)
            return
        said = configuration.values
        changed = [
            one for one in self._settings if said.get(one.key) != self._in_force.get(one.key)
        ]
        new = [setting for setting in changed if setting.reloads]
        values = {one.name: one.converted(said.get(one.key, one.default)) for one in new}
        self._server = replace(self._server, **values)
        self._apply(self._server)
        for setting in new:
            self._in_force[setting.key] = said.get(setting.key)
        log("reload", changed=_keys(new))
        waiting = [setting.key for setting in changed if not setting.reloads]
        if list(configuration.plans) != self._plans:
            waiting.append(PLANS)
        if waiting:
            log("reload", logging.WARNING, needs_restart=",".join(waiting))


def is_reloadable() -> bool:
    """Whether SIGHUP means a reload: there is a file to read, and no terminal that may close."""
    return current_configuration().path is not None and not _has_terminal()


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _keys(settings: Iterable[Setting]) -> str:
    return ",".join(setting.key for setting in settings) or "nothing"
