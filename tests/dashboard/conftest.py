"""A browser, markets to look at, and pages that keep what went wrong in them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from processes import started
from runtime.feeds_on_ports import eventually

#: Names of Debian and of others.
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_AXE: Final = Path(__file__).parent / "axe" / "axe.min.js"
DESK: Final = (1440, 900)
PHONE: Final = (390, 844)
_DEMO: Final = (sys.executable, "-c", "from zerodte.cli import main; main()", "demo")
#: Far enough into a session for every panel: two hours come at once.
_MARKET: Final = ("--date", "2025-06-02", "--symbols", "SPX,IWM", "--seed", "5")
#: Heard before the page's own script runs.
_KEEP_VIOLATIONS: Final = """
globalThis.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
_PATIENCE_S: Final = 60.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium; tests are skipped without one, unless ZERODTE_BROWSER says that one is there."""
    path = os.environ.get("ZERODTE_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium; install one or name it in ZERODTE_BROWSER")
    assert Path(path).is_file(), f"ZERODTE_BROWSER names {path}, which is not there"
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@dataclass
class Market:
    """A simulated market behind a port."""

    process: subprocess.Popen[str]
    url: str
    said: list[str] = field(default_factory=list)

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON of an answer."""
        answer = httpx.get(self.url + path, params=query, trust_env=False, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def bars(self, **query: str) -> list[dict[str, Any]]:
        """The samples of SPX so far, or up to an instant."""
        series = self.get("/v1/flow/zero-dte/series/SPX", bar="30s", minutes=390, **query)
        bars: list[dict[str, Any]] = series["bars"]
        return bars


@contextmanager
def market(*options: str, port: int = 0) -> Iterator[Market]:
    """A running `zerodte demo` that has begun to answer."""
    with started([*_DEMO, "--port", str(port), *_MARKET, *options]) as process:
        assert process.stdout is not None
        said = ""
        while "Ready" not in said:
            line = process.stdout.readline()
            assert line, f"it ended early, after saying: {said}"
            said += line
        address = re.search(r"Listening on (\S+);", said)
        assert address is not None
        yield Market(process, address[1])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


@pytest.fixture(scope="session")
def still() -> Iterator[Market]:
    """A market that has half an hour behind it and goes on at the speed of the clock."""
    with market() as running:
        eventually(lambda: len(running.bars()) >= 60)
        yield running


class Tab:
    """A page of the dashboard, and what it did wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note)
        page.add_init_script(_KEEP_VIOLATIONS)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)

    def open(self, url: str) -> Page:
        """Open an address and wait until the first drawing is complete."""
        self.page.goto(url)
        self.wait("document.documentElement.dataset.ready === '1'")
        return self.page

    def wait(self, condition: str) -> None:
        """Wait until an expression of the page is true."""
        deadline = time.monotonic() + _PATIENCE_S
        # The driver's own wait would poll with `eval` in the page, which the policy forbids.
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"{condition} never came; {self.faults()}"
            self.page.wait_for_timeout(50)

    def text(self, selector: str) -> str:
        """The words of a part of the page."""
        return self.page.locator(selector).inner_text()

    def faults(self) -> list[str]:
        """Errors and warnings of the console, and violations of the policy."""
        return [*self.complaints, *self.page.evaluate("violations")]

    def barriers(self) -> dict[str, list[str]]:
        """What axe finds serious: the elements that break each rule."""
        self.page.evaluate(_AXE.read_text())
        found = self.page.evaluate("axe.run({ resultTypes: ['violations'] })")
        assert found["passes"]
        return {
            fault["id"]: [node["html"][:200] for node in fault["nodes"]]
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
        }


OpenTab: TypeAlias = Callable[..., AbstractContextManager[Tab]]


@pytest.fixture
def tab(browser: Browser) -> OpenTab:
    """Tabs of fresh profiles."""

    @contextmanager
    def opened(size: tuple[int, int] = DESK) -> Iterator[Tab]:
        width, height = size
        with browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
        ) as context:
            yield Tab(context.new_page())

    return opened
