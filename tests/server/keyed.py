"""A server with keys: the example service, a key file, and a client."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from server.example import ExampleService
from server.ports import served
from zerodte.access.key_store import KeyStore
from zerodte.access.keyring import Keyring
from zerodte.access.plan import DEFAULT_PLANS, PlanTable
from zerodte.server.app import ROUTES, create_app
from zerodte.server.key_access import KeyAccess
from zerodte.server.settings import ServerSettings


@dataclass(frozen=True)
class KeyedServer:
    """A running server whose answers need a key.

    Attributes:
        url: Its base URL.
        client: A client of it, which sends no key by itself.
        path: Its key file.
        keyring: Its keys.
        service: What it answers from.
    """

    url: str
    client: httpx.Client
    path: Path
    keyring: Keyring
    service: ExampleService

    def get(self, path: str, key: str = "", **headers: str) -> httpx.Response:
        """The answer to a GET with a key."""
        return self.client.get(path, headers={"x-api-key": key, **headers})


def create_key(path: Path, plan: str, name: str = "") -> tuple[str, str]:
    """Create a key: its id and its text."""
    with KeyStore(path, create=True) as store:
        record, key = store.create(plan, name)
    return record.id, key


@contextmanager
def keyed_server(
    path: Path,
    plans: PlanTable = DEFAULT_PLANS,
    now: Callable[[], float] | None = None,
    settings: ServerSettings = ServerSettings(has_keys=True),  # noqa: B008  # frozen
) -> Iterator[KeyedServer]:
    """A server on a key file, which must exist."""
    service = ExampleService()
    clock = {} if now is None else {"now": now}
    keyring = Keyring(path, **clock)
    try:
        access = KeyAccess(keyring, ROUTES, plans, **clock)
        app = create_app(service, settings, access)
        with (
            served(app) as url,
            httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
        ):
            yield KeyedServer(url, client, path, keyring, service)
    finally:
        keyring.close()
