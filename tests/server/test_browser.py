"""A real browser: a page of another origin fetches with a key and streams with a ticket."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any, Final

import pytest

from server.keyed import create_key, keyed_server
from zerodte.server.settings import ServerSettings

BROWSER: Final = shutil.which("chromium") or shutil.which("google-chrome")
#: Reports to its own server what it could read of ours.
PAGE: Final = """<!doctype html><script>
const url = URL_, headers = { "X-Api-Key": KEY_ };
async function read(path, options) {
  try {
    const answer = await fetch(url + path, options);
    const left = answer.headers.get("x-ratelimit-remaining");
    return [answer.status, (await answer.json()).error ?? null, left];
  } catch (error) { return "not readable"; }
}
function first(source) {
  return new Promise((done) => {
    source.addEventListener("bar", (event) => { source.close(); done(event.data); });
    source.onerror = () => { source.close(); done("no stream"); };
  });
}
async function run() {
  const stream = url + "/v1/flow/zero-dte/stream/SPX";
  const said = {
    none: await read("/v1/flow/zero-dte/snapshot/SPX", {}),
    key: await read("/v1/flow/zero-dte/snapshot/SPX", { headers }),
    low: await read("/v1/flow/zero-dte/leaderboard", { headers }),
    bare: await first(new EventSource(stream)),
  };
  const fetched = await fetch(url + "/v1/stream-ticket", { headers }).catch(() => null);
  const ticket = fetched && (await fetched.json()).ticket;
  said.stream = await first(new EventSource(stream + "?ticket=" + ticket));
  said.again = await first(new EventSource(stream + "?ticket=" + ticket));
  await fetch("/said", { method: "POST", body: JSON.stringify(said) });
}
run();
</script>"""


@contextmanager
def page_server(said: "Queue[Any]") -> Iterator[tuple[str, dict[str, str]]]:
    """The origin of a page, and the page's content by path."""
    pages: dict[str, str] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages.get(self.path, "").encode()
            self.send_response(200 if content else 404)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            said.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://localhost:{server.server_port}", pages
        finally:
            server.shutdown()


@pytest.mark.drill
@pytest.mark.skipif(BROWSER is None, reason="no Chromium to try")
@pytest.mark.parametrize("is_allowed", [True, False], ids=["allowed", "another page"])
def test_a_page_of_another_origin(tmp_path: Path, is_allowed: bool) -> None:
    path = tmp_path / "keys.db"
    _, key = create_key(path, "growth")
    said: Queue[Any] = Queue()
    with page_server(said) as (origin, pages):
        origins = (origin,) if is_allowed else ("https://desk.example",)
        settings = ServerSettings(has_keys=True, origins=origins)
        with keyed_server(path, settings=settings) as server:
            server.service.sample("hello")
            pages["/"] = PAGE.replace("URL_", json.dumps(server.url)).replace(
                "KEY_", json.dumps(key)
            )
            command = [str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu"]
            command += [f"--user-data-dir={tmp_path / 'profile'}", f"{origin}/"]
            with subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as browser:
                try:
                    read = said.get(timeout=120)
                finally:
                    browser.terminate()
    if is_allowed:
        assert read == {
            "none": [401, "unauthorized", None],
            "key": [200, None, "2499"],
            "low": [403, "tier_restricted", "2499"],
            "bare": "no stream",
            "stream": '{"said":"hello"}',
            "again": "no stream",
        }
    else:
        assert read == dict.fromkeys(("none", "key", "low"), "not readable") | dict.fromkeys(
            ("bare", "stream", "again"), "no stream"
        )
