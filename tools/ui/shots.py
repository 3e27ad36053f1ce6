"""Pictures of the dashboard over a simulated market: both themes, both sizes.

Usage: python tools/ui/shots.py FOLDER [--eyes]

With --eyes also as they are seen without red, green or blue cones, and without colours.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

MARKET: Final = ("--date", "2025-06-02", "--symbols", "SPX,SPY,QQQ,IWM", "--seed", "5")
SIZES: Final = {"desk": (1440, 900), "phone": (390, 844)}
#: What is shown, by name, as the query of the page.
VIEWS: Final = {"one": "s=SPX", "grid": "s=SPX&view=grid", "past": "s=SPX&d=2025-06-02&t=10:45:00"}
_PATIENCE_MS: Final = 120_000
#: What the browser can imitate.
EYES: Final = ("protanopia", "deuteranopia", "tritanopia", "achromatopsia")


@contextmanager
def market() -> Iterator[str]:
    """The URL of a market whose first two hours are played."""
    command = [sys.executable, "-m", "zerodte", "demo", "--port", "0", *MARKET]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = ""
            while "follows the clock" not in said:
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    sys.exit(f"the market ended early, after saying: {said}")
                said += line
            address = re.search(r"Listening on (\S+);", said)
            if address is None:
                sys.exit(f"the market said no address: {said}")
            yield address[1]
        finally:
            process.terminate()


def as_seen(page: Page, path: Path) -> Iterator[Path]:
    """Write a picture as each eye of EYES sees it."""
    session = page.context.new_cdp_session(page)
    for eye in EYES:
        session.send("Emulation.setEmulatedVisionDeficiency", {"type": eye})
        seen = path.with_stem(f"{path.stem}-{eye}")
        page.screenshot(path=seen)
        yield seen


def shoot(browser: Browser, url: str, folder: Path, *, with_eyes: bool) -> Iterator[Path]:
    """Write a picture of every view, theme and size."""
    for size, (width, height) in SIZES.items():
        for theme in ("dark", "light"):
            with browser.new_context(
                viewport={"width": width, "height": height}, device_scale_factor=2
            ) as context:
                for view, query in VIEWS.items():
                    page = context.new_page()
                    page.goto(f"{url}/?{query}&th={theme}")
                    page.wait_for_selector(
                        'html[data-ready="1"]', state="attached", timeout=_PATIENCE_MS
                    )
                    path = folder / f"{view}-{size}-{theme}.png"
                    page.screenshot(path=path)
                    yield path
                    if with_eyes and view == "one":
                        yield from as_seen(page, path)
                    page.close()


def main() -> None:
    """Start a market and take its pictures."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--eyes"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    found = os.environ.get("ZERODTE_BROWSER") or shutil.which("chromium")
    if found is None:
        sys.exit(
            "no Chromium; install one (Debian: apt install chromium) or name it in ZERODTE_BROWSER"
        )
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    with market() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for path in shoot(browser, url, folder, with_eyes="--eyes" in sys.argv):
            print(path, flush=True)
        browser.close()


if __name__ == "__main__":
    main()
