"""No key leaves the server: not in logs, errors, metrics or tracebacks, nor in what it caches."""

import io
import re
import socket
from pathlib import Path
from typing import Final

import httpx
import pytest

from server.keyed import create_key, key_place
from server.keyed_process import keyed_process
from server.paths import SERIES, SNAPSHOT, STREAM
from zerodte.access.key import KEY_PREFIX, new_key
from zerodte.access.key_place import open_keys
from zerodte.logs import log, log_to_stderr
from zerodte.server import route as routes
from zerodte.server.app import ROUTES

PATHS: Final = [route.path.replace("{symbol}", "SPX") for route in ROUTES] + [
    SNAPSHOT + "BROKEN",
    SNAPSHOT + "XYZ",
    SERIES + "SPX?bar=x",
    "/nowhere",
]


def malformed(url: str, key: str) -> str:
    """What is said to a request that is no HTTP."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"GET /?apiKey={key} and more HTTP/1.1\r\nx-api-key: {key}\r\n\r\n".encode()
        )
        answer = connection.recv(65_536).decode()
    assert answer.startswith("HTTP/1.1 400 ")
    return answer


def test_no_key_is_in_any_log_error_metric_or_traceback(tmp_path: Path) -> None:
    path, log_path = tmp_path / "keys.db", tmp_path / "log"
    _, good = create_key(path, "alpha")
    unknown = new_key()
    answers: list[str] = []
    with log_path.open("w") as stderr, keyed_process(path, stderr=stderr) as server:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
            for key in (good, unknown):
                for url in PATHS:
                    parted = f"{url}{'&' if '?' in url else '?'}apiKey={key}"
                    for asked, headers in ((url, {"x-api-key": key}), (parted, {})):
                        with client.stream("GET", asked, headers=headers) as answer:
                            if STREAM not in asked or answer.status_code != 200:
                                answers.append(answer.read().decode())
                            answers.append(str(answer.headers))
            answers += [client.get(f"/v1/{key}").text for key in (good, unknown)]
            metrics = client.get("/metrics").text
        answers += [malformed(server.url, key) for key in (good, unknown)]
        server.running.kill()
        server.running.wait()
    logged = log_path.read_text()
    assert "a secret of the server" in logged, "the traceback of a 500 is there"
    for text in (logged, metrics, *answers):
        assert good not in text
        assert unknown not in text


@pytest.mark.parametrize("kind", ["file", "nats"])
def test_what_is_stored_holds_no_key(tmp_path: Path, kind: str) -> None:
    with key_place(kind, tmp_path) as place:
        _, key = create_key(place, "free", "desk")
        with open_keys(place) as store:
            assert "digest" not in repr(store.records().values())
        content = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert b"desk" in content
        assert key.encode() not in content
        assert key.removeprefix(KEY_PREFIX).encode() not in content
        assert bytes.fromhex(key.removeprefix(KEY_PREFIX)) not in content
        assert isinstance(place, str) or place.stat().st_mode & 0o077 == 0


def test_a_key_that_gets_into_a_log_is_blanked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", stderr := io.StringIO())
    log_to_stderr()
    key = new_key()
    log("start", url=f"http://127.0.0.1:8017/?apiKey={key}&x=1", problem=key.upper())
    assert key[5:15] not in stderr.getvalue().lower()
    assert "x=1" in stderr.getvalue()


@pytest.mark.parametrize("name", ["apiKey", "ticket", "api%4Bey", "%74icket"])
def test_what_is_cached_of_a_query_string_holds_no_secret(name: str) -> None:
    rest, secrets = routes.split_secrets(f"bar=5m&{name}=secret&at=x&{name}=other".encode())
    assert rest == b"bar=5m&at=x"
    assert list(secrets.values()) == ["secret"]
    assert not re.search("secret|other", rest.decode())
