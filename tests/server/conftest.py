"""The example service, and the application over it."""

from collections.abc import Iterator

import httpx
import pytest

from server.example import ExampleService
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings


@pytest.fixture(scope="session")
def everlasting() -> Iterator[tuple[ExampleService, httpx.Client]]:
    """One server for all tests: they begin where `service` puts it."""
    service = ExampleService()
    settings = ServerSettings(base_url="http://zerodte.example")
    app = create_app(service, settings, alerts=lambda: service.alerts)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        yield service, client


@pytest.fixture
def service(everlasting: tuple[ExampleService, httpx.Client]) -> ExampleService:
    service, _ = everlasting
    service.forget()
    return service


@pytest.fixture
def client(
    service: ExampleService, everlasting: tuple[ExampleService, httpx.Client]
) -> httpx.Client:
    _, client = everlasting
    return client


@pytest.fixture
def url(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")
