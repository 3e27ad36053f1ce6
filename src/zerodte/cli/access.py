"""The options that decide who is answered, and where the key file lies."""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from zerodte.access.key_store import KeyStore
from zerodte.access.keyring import Keyring
from zerodte.server.app import ROUTES
from zerodte.server.key_access import KeyAccess
from zerodte.server.origins import AllowedOrigins
from zerodte.server.run import Listener

#: Where the key file lies, for every command.
KEYS_VARIABLE: Final = "ZERODTE_KEYS"
_AUTH_VARIABLE: Final = "ZERODTE_AUTH"
_FILE: Final = click.Path(path_type=Path, dir_okay=False)


def default_key_file() -> Path:
    """The key file that is used unless another is named: the user's, after the XDG folders."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "zerodte" / "keys.db"


@dataclass(frozen=True)
class AccessChoice:
    """Who is answered, as chosen on the command line.

    Attributes:
        keys: The key file; None to answer everybody.
        is_open: Whether everybody may be answered beyond this machine.
        origins: The origins of pages that may read answers.
    """

    keys: Path | None
    is_open: bool
    origins: tuple[str, ...]

    def listen(self, host: str, port: int) -> Listener:
        """Listen, once it is certain that whoever should be refused can be.

        Raises:
            KeyFileError: Keys are required, and the key file cannot be used.
            click.UsageError: Other machines could ask without a key, and nobody has chosen that.
        """
        if self.keys is not None:
            KeyStore(self.keys).close()
        listener = Listener(host, port)
        if self.keys is None and not self.is_open and not listener.is_private:
            listener.socket.close()
            raise click.UsageError(
                f"{host} can be reached from other machines, and without keys whoever reaches it "
                "is answered. Require keys with --auth keys, or choose that with --open."
            )
        return listener

    def keyring(self) -> Keyring | None:
        """The keys, if they are required."""
        if self.keys is None:
            return None
        keyring = Keyring(self.keys)
        if not keyring.plans:
            click.secho(
                f"warning: {self.keys} has no valid key; `zerodte keys create` makes one",
                fg="yellow",
                err=True,
            )
        return keyring


def access_to(keyring: Keyring | None) -> KeyAccess | None:
    """Access by the keys of a keyring, to every route; None admits everybody."""
    return None if keyring is None else KeyAccess(keyring, ROUTES)


KEYS_OPTION = click.option(
    "--keys",
    "file",
    type=_FILE,
    envvar=KEYS_VARIABLE,
    help=f"The key file.  [env var: {KEYS_VARIABLE}; default: ~/.local/share/zerodte/keys.db]",
)


def _origins(
    _context: click.Context, _option: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    AllowedOrigins(origins, ())
    return origins


_AUTH = click.option(
    "--auth",
    type=click.Choice(["keys", "off"]),
    envvar=_AUTH_VARIABLE,
    help=f"Whether answers need a key.  [env var: {_AUTH_VARIABLE}; default: keys if a key file is "
    "named, else off]",
)
_SERVER_KEYS = click.option(
    "--keys",
    "file",
    type=_FILE,
    envvar=KEYS_VARIABLE,
    help="Require a key of this file; `zerodte keys create` makes them.  "
    f"[env var: {KEYS_VARIABLE}]",
)
_OPEN = click.option(
    "--open", "is_open", is_flag=True, help="Answer other machines although no key is required."
)
_ALLOW_ORIGIN = click.option(
    "--allow-origin",
    "origins",
    metavar="ORIGIN",
    multiple=True,
    callback=_origins,
    help="Let pages of this origin read answers, such as https://desk.example; repeatable, * for "
    "every page.",
)


def access_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which receives `choice`."""

    @_AUTH
    @_SERVER_KEYS
    @_OPEN
    @_ALLOW_ORIGIN
    @functools.wraps(command)
    def with_choice(
        *,
        auth: str | None,
        file: Path | None,
        is_open: bool,
        origins: tuple[str, ...],
        **others: Any,
    ) -> None:
        source = click.get_current_context().get_parameter_source("file")
        if auth == "off" and source is ParameterSource.COMMANDLINE:
            raise click.UsageError("--keys requires keys and --auth off does not; drop one.")
        has_keys = auth == "keys" or (auth is None and file is not None)
        if has_keys and is_open:
            raise click.UsageError("--open answers everybody, but keys are required; drop one.")
        keys = (file or default_key_file()) if has_keys else None
        command(choice=AccessChoice(keys, is_open, origins), **others)

    return with_choice
