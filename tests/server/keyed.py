"""A server with keys: the example service, a store of keys, and a client."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from feeds.nats_broker import broker
from server.example import ExampleService
from server.ports import served
from zerodte.access.key_place import KeyPlace, open_keys
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
        place: Where its keys are stored.
        keyring: Its keys.
        service: What it answers from.
    """

    url: str
    client: httpx.Client
    place: KeyPlace
    keyring: Keyring
    service: ExampleService

    def get(self, path: str, key: str = "", **headers: str) -> httpx.Response:
        """The answer to a GET with a key."""
        return self.client.get(path, headers={"x-api-key": key, **headers})


@contextmanager
def key_place(kind: str, folder: Path) -> Iterator[KeyPlace]:
    """Where keys can be stored: in a file (`file`), or on a NATS server that runs (`nats`)."""
    if kind == "file":
        yield folder / "keys.db"
        return
    with broker(folder / "nats") as running:
        yield running.url


def create_key(place: KeyPlace, plan: str, name: str = "") -> tuple[str, str]:
    """Create a key: its id and its text."""
    with open_keys(place, create=True) as store:
        record, key = store.create(plan, name)
    return record.id, key


@contextmanager
def keyed_server(
    place: KeyPlace,
    plans: PlanTable = DEFAULT_PLANS,
    now: Callable[[], float] | None = None,
    settings: ServerSettings = ServerSettings(has_keys=True),  # noqa: B008  # frozen
) -> Iterator[KeyedServer]:
    """A server on a store of keys, which must exist."""
    service = ExampleService()
    clock = {} if now is None else {"now": now}
    keyring = Keyring(place, **clock)
    try:
        access = KeyAccess(keyring, ROUTES, plans, **clock)
        app = create_app(service, settings, access)
        with (
            served(app) as url,
            httpx.Client(base_url=url, trust_env=False, timeout=30) as client,
        ):
            yield KeyedServer(url, client, place, keyring, service)
    finally:
        keyring.close()
