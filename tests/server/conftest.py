"""The example source, and the application over it."""

from collections.abc import Iterator

import httpx
import pytest

from server.example import ExampleSource
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings


@pytest.fixture(scope="session")
def everlasting() -> Iterator[tuple[ExampleSource, httpx.Client]]:
    """One server for all tests: they begin where `source` puts it."""
    source = ExampleSource()
    app = create_app(source, ServerSettings(base_url="http://zerodte.example"))
    with served(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield source, client


@pytest.fixture
def source(everlasting: tuple[ExampleSource, httpx.Client]) -> ExampleSource:
    source, _ = everlasting
    source.forget()
    return source


@pytest.fixture
def client(source: ExampleSource, everlasting: tuple[ExampleSource, httpx.Client]) -> httpx.Client:
    _, client = everlasting
    return client


@pytest.fixture
def url(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")
