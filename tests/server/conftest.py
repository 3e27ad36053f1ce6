"""The example source, and the application over it."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from server.example import ExampleSource
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings


@pytest.fixture
def source() -> ExampleSource:
    return ExampleSource()


@pytest.fixture
def app(source: ExampleSource) -> Litestar:
    return create_app(source, ServerSettings(base_url="http://zerodte.example"))


@pytest.fixture
def client(app: Litestar) -> Iterator[TestClient[Litestar]]:
    with TestClient(app) as client:
        yield client
