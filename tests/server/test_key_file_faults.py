"""The key file fails while a server runs: open routes go on, the others say why, all recovers."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from runtime.feeds_on_ports import eventually
from server.keyed import KeyedServer, create_key, keyed_server
from server.keyed_process import keyed_process
from server.paths import SNAPSHOT
from zerodte.access.error import KeyStoreError
from zerodte.access.key_file import KeyFile
from zerodte.access.keyring import Keyring

ACCOUNT: Final = "/v1/account"
OPEN: Final = ("/health", "/metrics", "/openapi.json", "/docs", "/", "/table")


class Door:
    """A server, and keys of a limited and of an unlimited plan."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _, self.limited = create_key(path, "growth")
        _, self.unlimited = create_key(path, "alpha")

    def status(self, url: str, key: str) -> int:
        """The status of an account's answer; a 503 has its shape, and open routes are answered."""
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            answer = client.get(ACCOUNT, headers={"x-api-key": key})
            for path in OPEN:
                assert client.get(path).status_code == 200
            if answer.status_code == 503:
                self.said = answer.json()["message"]
                assert answer.json()["error"] == "keys_unavailable"
                assert str(self.path) not in answer.text
                assert int(answer.headers["retry-after"]) >= 1
            return answer.status_code

    def statuses(self, url: str) -> tuple[int, int]:
        """Of the limited, and of the unlimited plan."""
        return self.status(url, self.limited), self.status(url, self.unlimited)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "keys.db")


@pytest.fixture
def server(door: Door) -> Iterator[KeyedServer]:
    with keyed_server(door.path) as running:
        assert door.statuses(running.url) == (200, 200)
        yield running


def warnings(server: KeyedServer) -> str:
    return " ".join(server.get("/health").json()["warnings"])


def test_locked_by_another_program(door: Door, server: KeyedServer) -> None:
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


def test_a_revocation_is_seen_while_the_file_is_locked(door: Door, server: KeyedServer) -> None:
    """Readers of a write-ahead journal do not wait for writers."""
    with KeyFile(door.path) as store:
        store.revoke(next(r.id for r in store.records().values() if r.plan == "alpha"))
    other = sqlite3.connect(door.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    eventually(lambda: door.status(server.url, door.unlimited) == 401)
    other.close()


@pytest.mark.parametrize("damage", ["overwritten", "cut off", "emptied"])
def test_damaged(door: Door, server: KeyedServer, damage: str) -> None:
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


def test_removed(door: Door, server: KeyedServer) -> None:
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
    prepared, disk = Door(tmp_path / "keys.db"), tmp_path / "disk"
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
        prepared = Door(folder / "keys.db")
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
