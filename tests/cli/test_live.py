"""`zerodte live` and `zerodte feed` as their users meet them, where they cannot begin."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runtime.feeds_on_ports import recording, sending
from tape.live_day import source
from zerodte.cli import main
from zerodte.tape.folder import Tape


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return source(tmp_path_factory.mktemp("source"))


def refused(*arguments: str | Path) -> str:
    """The one line of an error, of a command that ends with 1."""
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    return result.output.strip().splitlines()[-1]


def test_a_feed_that_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = refused("live", f":{port}", "--record", tmp_path, "--port", "0")
    assert said.startswith(f"Error: the feed at 127.0.0.1:{port} cannot be reached: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["nowhere", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "x:²"]
)
def test_what_is_no_address(address: str, tmp_path: Path) -> None:
    result = run("live", address, "--record", tmp_path)
    assert result.exit_code == 2
    assert "; write HOST:PORT" in result.output


def test_a_folder_that_cannot_be_recorded_in(tape: Tape, tmp_path: Path) -> None:
    with sending(tape) as feed:
        with recording(feed, tmp_path) as market:
            said = refused("live", feed.name, "--record", tmp_path, "--port", "0")
            assert said == f"Error: {market.runner.folder}: another process is recording there"
        (tmp_path / "file").write_text("no folder")
        said = refused("live", feed.name, "--record", tmp_path / "file", "--port", "0")
        assert said.endswith("file is a file; --record needs a folder")


def test_ports_in_use(tape: Tape, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        problem = f"cannot listen on 127.0.0.1:{port}: "
        assert problem in refused("live", ":1", "--record", tmp_path, "--port", str(port))
        assert problem in refused("feed", tape.path, "--port", str(port))


def test_a_tape_that_is_none(tmp_path: Path) -> None:
    assert "no DBN files in it" in refused("feed", tmp_path)
