"""The examples of proxies, tried: TLS, streams as they come, and no key in any log."""

import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from runtime.feeds_on_ports import eventually
from server.example import ExampleService
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = "market.example"
FLOW = "/v1/flow/zero-dte"


class Proxy(NamedTuple):
    """A proxy in front of the example service: a client of it, and where it logs."""

    service: ExampleService
    client: httpx.Client
    logs: Path
    stop: Callable[[], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem and key.pem for this machine."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost"]
    files = ["-out", str(folder / "cert.pem"), "-keyout", str(folder / "key.pem")]
    command = ["openssl", "req", "-x509", *options, *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(params=["nginx", pytest.param("caddy", marks=pytest.mark.drill)])
def proxy(request: pytest.FixtureRequest, tmp_path: Path, certificate: Path) -> Iterator[Proxy]:
    name: str = request.param
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(f"{name} is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    service = ExampleService()
    app = create_app(service, ServerSettings(base_url=f"https://{NAME}"))
    with ExitStack() as server:
        url = server.enter_context(served(app))
        upstream = url.removeprefix("http://")
        configure = {"nginx": _nginx, "caddy": _caddy}[name]
        command = configure(program, tmp_path, certificate, port, upstream)
        trusted = ssl.create_default_context(cafile=certificate / "cert.pem")
        with (
            _running(command, tmp_path, port),
            httpx.Client(
                base_url=f"https://localhost:{port}",
                headers={"host": NAME},
                verify=trusted,
                trust_env=False,
                timeout=60,
            ) as client,
        ):
            yield Proxy(service, client, tmp_path, server.close)


def _nginx(program: str, folder: Path, certificate: Path, port: int, upstream: str) -> list[str]:
    text = (DEPLOY / "nginx.conf").read_text()
    for written, here in (
        ("127.0.0.1:8017", upstream),
        ("listen 443 ", f"listen 127.0.0.1:{port} "),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(certificate / "cert.pem")),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(certificate / "key.pem")),
        ("/var/log/nginx/zerodte.log", str(folder / "access.log")),
        ("/var/log/nginx/zerodte-error.log", str(folder / "error.log")),
    ):
        assert written in text
        text = text.replace(written, here)
    (folder / "zerodte.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {folder / kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "main.conf").write_text(
        f"{user} daemon off; pid {folder / 'pid'}; error_log {folder / 'main.log'};\n"
        f"events {{ }} http {{ {temporary} include {folder / 'zerodte.conf'}; }}\n"
    )
    return [program, "-p", str(folder), "-c", "main.conf", "-e", str(folder / "main.log")]


def _caddy(program: str, folder: Path, certificate: Path, port: int, upstream: str) -> list[str]:
    text = (DEPLOY / "Caddyfile").read_text()
    site = f"https://{NAME}:{port}, https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls "
    for written, here in (
        ("127.0.0.1:8017", upstream),
        (f"\n{NAME} {{\n", f"\n{site}{certificate / 'cert.pem'} {certificate / 'key.pem'}\n"),
        ("\n{\n", "\n{\n\tadmin off\n\tauto_https disable_redirects\n"),
    ):
        assert written in text
        text = text.replace(written, here)
    (folder / "Caddyfile").write_text(text)
    return [program, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    said = folder / "said"
    with said.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)

    def is_up() -> bool:
        assert process.poll() is None, said.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            return False
        return True

    try:
        eventually(is_up)
        yield
    finally:
        process.terminate()
        process.wait(60)


def test_answers_come_through_the_proxy(proxy: Proxy) -> None:
    answer = proxy.client.get(f"{FLOW}/snapshot/SPX", headers={"accept-encoding": "zstd"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "zstd"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.json()["symbol"] == "SPX"
    condition = {"accept-encoding": "zstd", "if-none-match": answer.headers["etag"]}
    assert proxy.client.get(f"{FLOW}/snapshot/SPX", headers=condition).status_code == 304
    assert proxy.client.get(f"{FLOW}/snapshot/XYZ").json()["error"] == "symbol_not_found"
    assert proxy.client.get("/metrics").status_code == 404
    (server,) = proxy.client.get("/openapi.json").json()["servers"]
    assert server["url"] == f"https://{NAME}"


def test_a_stream_comes_as_it_is_sent(proxy: Proxy) -> None:
    proxy.service.sample("0")
    with proxy.client.stream("GET", f"{FLOW}/stream/SPX") as answer:
        assert answer.status_code == 200
        data = (line for line in answer.iter_lines() if line.startswith("data:"))
        for number in range(3):
            said = [json.loads(next(data).removeprefix("data:")) for _ in range(2)]
            assert said == [{"said": str(number)}] * 2
            proxy.service.sample(str(number + 1))


def test_no_key_is_logged(proxy: Proxy) -> None:
    path = f"{FLOW}/series/SPX"
    secret = {"X-Api-Key": "hidden-1", "Referer": "https://a.example/?apiKey=hidden-2"}
    proxy.client.get(f"{path}?minutes=5&apiKey=hidden-3", headers=secret)
    proxy.client.get(f"{FLOW}/none?apiKey=hidden-4", headers=secret)

    def logs() -> str:
        return "".join(file.read_text() for file in proxy.logs.iterdir() if file.is_file())

    eventually(lambda: f"{FLOW}/none" in logs())
    assert path in logs()
    proxy.stop()
    answer = proxy.client.get(f"{path}?apiKey=hidden-5", headers=secret)
    assert answer.status_code == 502
    eventually(lambda: logs().count(path) > 1)
    assert "hidden" not in logs()
