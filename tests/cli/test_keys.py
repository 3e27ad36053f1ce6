"""`zerodte keys` and the options of servers that say who is answered."""

import datetime
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
import pytest
from click.testing import CliRunner, Result

from feeds.nats_broker import broker
from runtime.feeds_on_ports import eventually
from session.synthetic import synthetic_tape
from zerodte.access.key_file import KeyFile
from zerodte.cli import main

KEY: Final = re.compile(r"zdte_[0-9a-f]{48}\n")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command for a user without a key file."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for variable in ("ZERODTE_SERVER_KEYS", "ZERODTE_SERVER_AUTH"):
        monkeypatch.delenv(variable, raising=False)
    return lambda *words: CliRunner().invoke(main, words)


@pytest.fixture
def default_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "zerodte" / "keys.db"


def listed(run: Callable[..., Result], *words: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(run("keys", "list", "--json", *words).stdout)
    return rows


def test_a_key_is_printed_once_and_alone(run: Callable[..., Result], default_file: Path) -> None:
    done = run("keys", "create", "--plan", "growth", "--name", "desk")
    assert done.exit_code == 0
    assert KEY.fullmatch(done.stdout)
    assert "2,500 answers a day" in done.stderr
    assert "only this once" in done.stderr
    assert done.stdout.strip() not in done.stderr
    assert stat.S_IMODE(default_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(default_file.parent.stat().st_mode) == 0o700
    table = run("keys", "list").stdout
    assert done.stdout.strip() not in table
    head, row = table.splitlines()
    assert head.split() == ["id", "name", "plan", "created", "revoked", "today"]
    assert row.split()[1:3] == ["desk", "growth"]
    assert row.split()[-1] == "0"


def test_rotate_and_revoke_by_id_or_name(run: Callable[..., Result], default_file: Path) -> None:
    old = run("keys", "create", "--plan", "free", "--name", "desk").stdout.strip()
    which = str(listed(run)[0]["id"])
    new = run("keys", "rotate", which)
    assert KEY.fullmatch(new.stdout)
    assert new.stdout.strip() != old
    assert len(listed(run)) == 1
    done = run("keys", "revoke", "desk")
    assert done.stdout == f"Key {which} (desk) is revoked.\n"
    (row,) = listed(run)
    assert row["revoked"] is not None
    # The name is free again.
    assert run("keys", "create", "--plan", "free", "--name", "desk").exit_code == 0
    assert run("keys", "revoke", "desk").exit_code == 0
    with KeyFile(default_file) as store:
        assert all(record.revoked for record in store.records().values())


def test_the_file_is_chosen_by_option_environment_or_default(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = str(tmp_path / "one.db"), str(tmp_path / "new" / "other.db")
    run("keys", "create", "--plan", "free")
    run("keys", "create", "--plan", "basic", "--keys", one)
    monkeypatch.setenv("ZERODTE_SERVER_KEYS", other)
    run("keys", "create", "--plan", "alpha")
    assert [row["plan"] for row in listed(run, "--keys", one)] == ["basic"]
    assert [row["plan"] for row in listed(run)] == ["alpha"]
    monkeypatch.delenv("ZERODTE_SERVER_KEYS")
    assert [row["plan"] for row in listed(run)] == ["free"]


def test_keys_on_a_nats_server(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker(tmp_path / "nats") as running:
        monkeypatch.setenv("ZERODTE_SERVER_KEYS", running.url)
        none = run("keys", "list")
        assert none.stderr == (
            f"Error: {running.url}: it has no keys; `zerodte keys create --plan growth` makes one\n"
        )
        secret = running.url.replace("nats://", "nats://desk:secret@")
        done = run("keys", "create", "--plan", "growth", "--name", "desk", "--keys", secret)
        assert KEY.fullmatch(done.stdout)
        assert f"a day, in {running.url}.\n" in done.stderr
        (row,) = listed(run)
        assert (row["name"], row["plan"], row["today"]) == ("desk", "growth", 0)
        new = run("keys", "rotate", "desk")
        assert KEY.fullmatch(new.stdout)
        assert new.stdout != done.stdout
        assert run("keys", "revoke", "desk").stdout == f"Key {row['id']} (desk) is revoked.\n"
        assert "'desk' is revoked already" in run("keys", "revoke", "desk").stderr
        running.kill()
        away = run("keys", "list", "--keys", secret)
    assert away.exit_code == 1
    assert f"{running.url}: the NATS server cannot be reached; " in away.stderr
    assert "secret" not in away.stderr
    assert "Traceback" not in away.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["keys", "create"], 2, "Missing option '--plan'"),
        (["keys", "create", "--plan", "gold"], 2, "'gold' is not one of 'free', 'basic'"),
        (["keys", "create", "--plan", "free", "--name", "desk"], 1, "named 'desk' already"),
        (["keys", "create", "--plan", "free", "--name", "x" * 65], 1, "at most 64 printable"),
        (["keys", "revoke", "nobody"], 1, "no key 'nobody'; `zerodte keys list`"),
        (["keys", "rotate", "nobody"], 1, "no key 'nobody'; `zerodte keys list`"),
        (["keys", "revoke", "gone"], 1, "'gone' is revoked already"),
        (["keys", "revoke", "zdte_" + "a" * 48], 1, "that is a key itself; give its id or name"),
        (["keys", "list", "--keys", "/nowhere/keys.db"], 1, "/nowhere/keys.db: it does not exist"),
        (["keys", "create", "--plan", "free", "--keys", "/proc/keys.db"], 1, "cannot create it: "),
        (["demo", "--auth", "keys", "--keys", "/nowhere/k.db"], 1, "`zerodte keys create --plan"),
        (["demo", "--auth", "off", "--keys", "k.db"], 2, "drop one"),
        (["keys", "list", "--keys", "nats://"], 2, "write nats://HOST:PORT, or several of them"),
        (["demo", "--keys", "nats://127.0.0.1:1"], 1, "the NATS server cannot be reached"),
        (["demo", "--auth", "keys", "--open"], 2, "drop one"),
        (["demo", "--auth", "on"], 2, "'on' is not one of 'keys', 'off'"),
        (["demo", "--host", "0.0.0.0"], 2, "Require keys with --auth keys"),  # noqa: S104
        (["demo", "--host", "0.0.0.0", "--auth", "off"], 2, "with --open"),  # noqa: S104
        (["demo", "--allow-origin", "desk.example"], 2, "such as https://desk.example"),
    ],
)
def test_errors(run: Callable[..., Result], words: list[str], status: int, said: str) -> None:
    run("keys", "create", "--plan", "free", "--name", "desk")
    run("keys", "create", "--plan", "free", "--name", "gone")
    run("keys", "revoke", "gone")
    port = ["--port", "0"] if words[0] == "demo" else []
    done = run(*words, *port)
    assert (done.exit_code, said in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.drill
def test_a_server_with_keys_from_its_command_line(tmp_path: Path) -> None:
    """On every address of the machine, since it has keys; a key made meanwhile is known."""
    tape = synthetic_tape(tmp_path / "tape", datetime.date(2024, 11, 29)).path
    file = tmp_path / "keys.db"
    with KeyFile(file, create=True) as store:
        _, key = store.create("alpha")
    command = [sys.executable, "-m", "zerodte", "serve", str(tape), "--port", "0"]
    command += ["--host", "0.0.0.0", "--allow-origin", "https://desk.example"]  # noqa: S104
    environment = os.environ | {"ZERODTE_SERVER_KEYS": str(file)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None
        said = ""
        while "Ready" not in said:
            said += running.stdout.readline()
        example = running.stdout.readline().strip()
        path = re.fullmatch(r'curl -H "X-Api-Key: \$KEY" (http://\S+)', example)
        assert path is not None
        url = path[1]
        assert httpx.get(url, trust_env=False, timeout=60).status_code == 401
        sent = {"x-api-key": key, "origin": "https://desk.example"}
        answer = httpx.get(url, headers=sent, trust_env=False, timeout=60)
        assert answer.headers["x-ratelimit-limit"] == "unlimited"
        assert answer.headers["access-control-allow-origin"] == "https://desk.example"
        limits = Path(f"/proc/{running.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 ", limits)
        with KeyFile(file) as store:
            _, later = store.create("basic")
        account = url.partition("/v1")[0] + "/v1/account"

        def known() -> bool:
            return httpx.get(
                account, headers={"x-api-key": later}, trust_env=False, timeout=60
            ).is_success

        eventually(known)
        running.send_signal(signal.SIGTERM)
        _, complained = running.communicate(timeout=60)
    assert "without encryption; put a proxy with TLS in front" in complained
    assert "auth=keys" in complained
    assert not re.search("zdte_[0-9a-f]", said + complained)
    with KeyFile(file) as store:
        assert sorted(
            store.usage(datetime.datetime.now(tz=datetime.UTC).date().isoformat()).values()
        )
