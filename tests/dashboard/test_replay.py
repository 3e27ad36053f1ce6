"""A finished session is walked back as it was answered, also by a server that started again."""

from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from dashboard.conftest import Market, OpenTab, market
from runtime.feeds_on_ports import eventually

FLOW: Final = "/v1/flow/zero-dte"
#: It ends at 13:00; the next session is that of Monday.
DATE: Final = "2025-07-03"
NEXT: Final = "2025-07-07"
#: Instants of that day, New York and UTC; the last is of its end.
INSTANTS: Final = {
    "09:31:00": "2025-07-03T13:31:00Z",
    "10:45:30": "2025-07-03T14:45:30Z",
    "12:59:30": "2025-07-03T16:59:30Z",
}
SAMPLES: Final = """(node) => [...node.rows].map((row) =>
  [...row.cells].map((cell) => cell.textContent))"""


def answers(of: Market) -> dict[str, tuple[str, bytes]]:
    """Tag and body of what is asked of a past instant."""
    found = {}
    for at in INSTANTS.values():
        for path in (
            f"{FLOW}/snapshot/IWM?at={at}",
            f"{FLOW}/series/IWM?bar=30s&minutes=390&at={at}",
            f"{FLOW}/heatmap/IWM?metric=gex&minutes=390&at={at}",
        ):
            answer = httpx.get(of.url + path, trust_env=False, timeout=60)
            if answer.status_code == 200:
                found[path] = (answer.headers["etag"], answer.content)
    return found


def walked(tab: OpenTab, of: Market) -> list[Any]:
    """What the page shows of each instant: its digest, title, answers and samples."""
    shown = []
    for clock in INSTANTS:
        with tab() as opened:
            page = opened.open(f"{of.url}/?s=IWM&d={DATE}&t={clock}&th=dark")
            page.wait_for_selector(".past:not([hidden])")
            cards = page.locator(".answers .card").all_inner_texts()
            said = opened.text(".past")
            page.keyboard.press("t")
            samples = page.locator(".numbers table").evaluate(SAMPLES)
            assert said.startswith(f"PAST {clock}, digest ")
            shown.append([said, page.title(), cards, samples])
            assert opened.faults() == []
    return shown


@pytest.mark.drill
def test_a_finished_session_is_the_same_after_a_restart(tab: OpenTab, tmp_path: Path) -> None:
    kept = ("--history", str(tmp_path), "--symbols", "IWM")
    with market(*kept, "--date", DATE, "--speed", "900") as first:
        eventually(lambda: first.get(f"{FLOW}/snapshot/IWM")["as_of"] > INSTANTS["10:45:30"])
        early = answers(first)
        assert len(early) >= 6
        eventually(lambda: first.get("/v1/symbols")["last_updated"] > NEXT)
        finished = answers(first)
        assert len(finished) == 9
        assert {path: finished[path] for path in early} == early
        before = walked(tab, first)
    with market(*kept, "--date", NEXT) as second:
        assert answers(second) == finished
        assert walked(tab, second) == before
        digests = [said.rpartition(" ")[2] for said, *_ in before]
        assert len(set(digests)) == len(INSTANTS)
        for digest, at in zip(digests, INSTANTS.values(), strict=True):
            snapshot = second.get(f"{FLOW}/snapshot/IWM", at=at)
            assert snapshot["metadata"]["inputs_digest"] == digest
