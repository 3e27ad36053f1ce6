"""Who is answered, and where keys are stored."""

import os
from dataclasses import dataclass
from pathlib import Path

import click

from zerodte.access.key_place import KeyPlace, open_keys
from zerodte.access.keyring import Keyring
from zerodte.access.plan import PlanTable
from zerodte.server.app import ROUTES
from zerodte.server.key_access import KeyAccess
from zerodte.server.run import Listener


def data_folder() -> Path:
    """Where files lie for which no other place is named: the user's, after the XDG folders."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "zerodte"


def default_key_file() -> Path:
    """The key file that is used unless another is named."""
    return data_folder() / "keys.db"


@dataclass(frozen=True)
class AccessChoice:
    """Who is answered, as the settings choose.

    Attributes:
        keys: Where keys are stored; None to answer everybody.
        is_open: Whether everybody may be answered beyond this machine.
    """

    keys: KeyPlace | None
    is_open: bool

    def listen(self, host: str, port: int) -> Listener:
        """Listen, once it is certain that whoever should be refused can be.

        Raises:
            KeyStoreError: Keys are required, and their store cannot be used.
            click.UsageError: Other machines could ask without a key, and nobody has chosen that.
        """
        if self.keys is not None:
            open_keys(self.keys).close()
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
                f"warning: {keyring.place} has no valid key; `zerodte keys create` makes one",
                fg="yellow",
                err=True,
            )
        return keyring


def access_to(keyring: Keyring | None, plans: PlanTable) -> KeyAccess | None:
    """Access by the keys of a keyring, to every route; None admits everybody."""
    return None if keyring is None else KeyAccess(keyring, ROUTES, plans)
