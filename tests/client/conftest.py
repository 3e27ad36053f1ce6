"""The example service on a port, with faults before it, and a client of each kind."""

from collections.abc import Iterator

import pytest

from client.faults import FaultyProxy, faulty
from server.example import ExampleService
from server.ports import served
from zerodte.client import Client
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings


@pytest.fixture
def service() -> ExampleService:
    return ExampleService()


@pytest.fixture
def proxy(service: ExampleService) -> Iterator[FaultyProxy]:
    """Before a server of its own, since a stream that is cut stays open there for a while."""
    with served(create_app(service, ServerSettings())) as url, faulty(url) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultyProxy) -> Iterator[Client]:
    with Client(proxy.url, timeout=20) as client:
        yield client
