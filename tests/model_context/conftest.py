"""A simulated market on a port, and the tools over it."""

from collections.abc import Iterator

import pytest

from client.market import simulated_market
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings


@pytest.fixture(scope="package")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("market") / "tape"
    with (
        simulated_market(folder) as service,
        served(create_app(service, ServerSettings())) as url,
    ):
        yield url
