"""The key file fails while a server runs: open routes go on, the others say why, all recovers."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.feeds_on_ports import eventually
from server.door import ACCOUNT, Door, warnings
from server.keyed import KeyedServer, create_key, keyed_server
from server.keyed_process import keyed_process
from server.paths import SNAPSHOT
from zerodte.access.error import KeyStoreError
from zerodte.access.key_file import KeyFile
from zerodte.access.keyring import Keyring


class FileDoor(Door):
    """Keys in a file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


@pytest.fixture
def door(tmp_path: Path) -> FileDoor:
    return FileDoor(tmp_path / "keys.db")


@pytest.fixture
def server(door: FileDoor) -> Iterator[KeyedServer]:
    with keyed_server(door.path) as running:
        assert door.statuses(running.url) == (200, 200)
        yield running


@pytest.mark.drill
def test_locked_by_another_program(door: FileDoor, server: KeyedServer) -> None:
    other = sqlite3.connect(door.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert door.statuses(server.url) == (503, 200)
    assert "locked by another program" in door.said
    assert "locked" in warnings(server)
    # What does not count needs no commit.
    assert server.get(SNAPSHOT + "XYZ", door.limited).status_code == 404
    assert server.get(SNAPSHOT + "SPX", "x").status_code == 401
    other.execute("ROLLBACK")
    other.close()
    assert door.statuses(server.url) == (200, 200)
    eventually(lambda: not warnings(server))
    account = server.get(ACCOUNT, door.limited).json()
    assert account["usage_today"] == 3, "what was refused is not counted"


def test_a_revocation_is_seen_while_the_file_is_locked(door: FileDoor, server: KeyedServer) -> None:
    """Readers of a write-ahead journal do not wait for writers."""
    with KeyFile(door.path) as store:
        store.revoke(next(r.id for r in store.records().values() if r.plan == "alpha"))
    other = sqlite3.connect(door.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    eventually(lambda: door.status(server.url, door.unlimited) == 401)
    other.close()


@pytest.mark.drill
@pytest.mark.parametrize("damage", ["overwritten", "cut off", "emptied"])
def test_damaged(door: FileDoor, server: KeyedServer, damage: str) -> None:
    with KeyFile(door.path) as store, sqlite3.connect(":memory:") as copy:
        store.copy_to(copy)
        sound = copy.serialize()
    size = door.path.stat().st_size
    content = {"overwritten": os.urandom(size), "cut off": sound[: size // 2], "emptied": b""}
    door.path.write_bytes(content[damage])
    eventually(lambda: door.statuses(server.url) == (503, 503))
    assert "key store" in warnings(server)
    assert server.get(SNAPSHOT + "SPX", "x").status_code == 503
    replace(door.path, sound)
    eventually(lambda: door.statuses(server.url) == (200, 200))
    eventually(lambda: not warnings(server))


def replace(path: Path, content: bytes) -> None:
    """Put another file in a file's place, as from a backup."""
    new = path.with_name("new")
    new.write_bytes(content)
    for journal in ("-wal", "-shm"):
        path.with_name(path.name + journal).unlink(missing_ok=True)
    new.rename(path)


def test_removed(door: FileDoor, server: KeyedServer) -> None:
    away = door.path.with_name("away")
    away.mkdir()
    for file in door.path.parent.glob("keys.db*"):
        shutil.move(file, away / file.name)
    eventually(lambda: door.statuses(server.url) == (503, 503))
    assert "does not exist" in door.said
    for file in away.iterdir():
        shutil.move(file, door.path.with_name(file.name))
    eventually(lambda: door.statuses(server.url) == (200, 200))


def test_a_server_does_not_start_without_a_sound_file(tmp_path: Path) -> None:
    with pytest.raises(KeyStoreError, match="does not exist; `zerodte keys create"):
        Keyring(tmp_path / "none.db")
    torn = tmp_path / "torn.db"
    torn.write_bytes(b"this is no database, " * 100)
    with pytest.raises(KeyStoreError, match="is not a key file, or is damaged"):
        Keyring(torn)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as other:
        other.execute("CREATE TABLE keys (id)")
    other.close()
    with pytest.raises(KeyStoreError, match="an SQLite file of another program"):
        Keyring(foreign)
    with pytest.raises(KeyStoreError, match="an SQLite file of another program"):
        KeyFile(foreign, create=True)
    newer = tmp_path / "newer.db"
    create_key(newer, "free")
    with sqlite3.connect(newer) as other:
        other.execute("PRAGMA user_version = 2")
    other.close()
    with pytest.raises(KeyStoreError, match="a newer zerodte has written it"):
        Keyring(newer)


def may_mount() -> bool:
    """Whether a process may have a disk of its own."""
    command = ["unshare", "--map-root-user", "--mount", "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not may_mount(), reason="no mount of a small disk is permitted")
def test_a_full_disk(tmp_path: Path) -> None:
    prepared, disk = FileDoor(tmp_path / "keys.db"), tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=256k tmpfs {disk} && cp {prepared.path} {disk} && exec "$@"'
    within = ("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    with keyed_process(disk / "keys.db", *within) as server:
        assert prepared.statuses(server.url) == (200, 200)
        server.tell("fill")
        eventually(lambda: prepared.statuses(server.url) == (503, 200))
        assert "the disk is full" in prepared.said
        server.tell("empty")
        eventually(lambda: prepared.statuses(server.url) == (200, 200))


def obedient() -> tuple[str, ...]:
    """What makes permissions hold for the superuser, too."""
    return ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="the superuser may write it"
)
def test_read_only() -> None:
    """It is read by somebody who may not write it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = FileDoor(folder / "keys.db")
        # Somebody who may write holds the journal.
        with KeyFile(prepared.path) as store:
            assert len(store.records()) == 2
            for file in folder.iterdir():
                file.chmod(0o444)
            folder.chmod(0o555)
            with keyed_process(prepared.path, *obedient()) as server:
                assert prepared.statuses(server.url) == (503, 200)
                assert "read-only" in prepared.said
            folder.chmod(0o755)
