"""A key of Databento, and what a fetch of its history leaves."""

import pytest

from feeds.gateway import KEY
from runtime.databento_fetching import files_without_faults


@pytest.fixture
def databento_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment has the key."""
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a fetch without faults."""
    return files_without_faults(tmp_path_factory.mktemp("unbroken"))
