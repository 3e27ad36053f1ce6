"""The settings of every command that serves."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from zerodte.access.key_place import KeyPlace
from zerodte.alerts.alert_file import read_alert_file
from zerodte.alerts.alerts import Alerts
from zerodte.cli.access import AccessChoice, data_folder, default_key_file
from zerodte.cli.configuration.options import setting_options
from zerodte.history.history import History
from zerodte.server.run import Listener
from zerodte.server.settings import ServerSettings
from zerodte.service.session_store import SessionStore
from zerodte.service.stage import Stage


@dataclass(frozen=True)
class ServerOptions:
    """The values of the table `server`, by the names of its settings."""

    host: str
    port: int
    allow_host: tuple[str, ...]
    public_url: str | None
    auth: str | None
    keys: KeyPlace | None
    open: bool
    allow_origin: tuple[str, ...]
    history: str | None
    alerts: Path | None
    alerts_state: Path | None
    log_level: str | None

    @property
    def has_keys(self) -> bool:
        """Whether answers need a key."""
        return self.auth == "keys" or (self.auth is None and self.keys is not None)

    def listener(self) -> Listener:
        """A listening port.

        Raises:
            ServerError: The address cannot be listened on.
            KeyStoreError: Keys are required, and their store cannot be used.
            click.UsageError: Other machines could ask without a key, and nobody has chosen that.
            AlertError: The file of alerts cannot be used.
        """
        if self.alerts is not None:
            read_alert_file(self.alerts)
        elif self.alerts_state is not None:
            raise click.UsageError("--alerts-state is for --alerts; give that too.")
        return self.access().listen(self.host, self.port)

    def access(self) -> AccessChoice:
        """Who is answered.

        Raises:
            click.UsageError: The settings contradict each other.
        """
        if self.has_keys and self.open:
            raise click.UsageError("--open answers everybody, but keys are required; drop one.")
        keys = (self.keys or default_key_file()) if self.has_keys else None
        return AccessChoice(keys, self.open)

    def store(self) -> SessionStore | None:
        """The store of finished sessions, if there is one.

        Raises:
            HistoryError: Its root is an unusable URL.
        """
        return SessionStore(History(self.history)) if self.history else None

    def alerts_on(self, stage: Stage) -> Alerts | None:
        """The alerts on a stage, if there are any.

        Raises:
            AlertError: Their file cannot be used.
            OutboxError: The file of those that wait cannot be used.
        """
        if self.alerts is None:
            return None
        state = self.alerts_state or data_folder() / "alerts.db"
        return Alerts(read_alert_file(self.alerts), stage, state)

    def settings(self, url: str) -> ServerSettings:
        """The settings of a server that listens at `url`."""
        return ServerSettings(
            self.public_url or url,
            (self.host, *self.allow_host),
            self.allow_origin,
            self.has_keys,
        )


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of the table `server` for a command, which receives `server`."""

    @setting_options("server")
    @functools.wraps(command)
    def with_server(**values: Any) -> None:
        source = click.get_current_context().get_parameter_source("keys")
        if values["auth"] == "off" and source is ParameterSource.COMMANDLINE:
            raise click.UsageError("--keys requires keys and --auth off does not; drop one.")
        own = {field.name: values.pop(field.name) for field in fields(ServerOptions)}
        command(server=ServerOptions(**own), **values)

    return with_server
