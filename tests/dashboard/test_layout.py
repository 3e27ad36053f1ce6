"""Nothing scrolls and no text is cut, with the longest texts and with wide letters."""

import math
from collections.abc import Callable
from typing import Any, Final

import pytest

from dashboard.conftest import DESK, PHONE, Market, OpenTab
from dashboard.proxy import changed, proxied
from dashboard.test_figures import address_at, past_of
from zerodte.decision.condition import RULE_CONDITIONS
from zerodte.decision.rule import ANTI_SETUPS, GATES, SETUPS

pytestmark = pytest.mark.drill

SNAPSHOT: Final = "/zero-dte/snapshot/"
#: Letters a fifth wider than those of Arial; DejaVu Sans has 0.51 em.
SAMPLE: Final = "Net GEX positive by convention, at least 8% of gross"
WIDE_EM: Final = 0.54
WIDEN: Final = """([sample, wanted]) => {
  const probe = document.createElement("span");
  probe.textContent = sample;
  probe.style.font = "100px var(--font)";
  probe.style.position = "absolute";
  probe.style.whiteSpace = "nowrap";
  document.body.append(probe);
  const advance = probe.getBoundingClientRect().width / 100 / sample.length;
  probe.remove();
  document.documentElement.style.letterSpacing = `${Math.max(0, wanted - advance)}em`;
  return advance;
}"""
#: Texts that do not fit where they are written.
CUT: Final = """[...document.querySelectorAll(
    ".top, .top *, .answers *, .card, .card > header, .card header *, .why *, .timebar")]
  .filter((node) => node.checkVisibility()
    && !node.closest("canvas, svg, .unseen, dialog, .conditions, select, .symbols"))
  .filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0
    || node.scrollHeight > node.clientHeight + 2 && node.clientHeight > 0
      && getComputedStyle(node).overflowY !== "visible")
  .map((node) => `${node.closest(".card")?.className ?? ""} ${node.tagName}.${node.className}: `
    + `${node.textContent} ${node.scrollWidth}x${node.scrollHeight} in `
    + `${node.clientWidth}x${node.clientHeight}`)"""
SCROLLS: Final = """[document.documentElement.scrollWidth > innerWidth,
  document.documentElement.scrollHeight > innerHeight]"""


def longest_conditions() -> list[str]:
    """Every condition in its longest words."""
    return [
        max(
            (rule.words({rule.figure: value}, holds=False) for value in (math.nan, 1234.5, 0.5)),
            key=len,
        )
        for rule in RULE_CONDITIONS.values()
    ]


def wait() -> dict[str, Any]:
    """A wait for what takes most words, with something urgent before it."""
    condition = max(longest_conditions(), key=len)
    rule = max(SETUPS, key=lambda each: len(each.display_name))
    thesis = f"No setup: the {rule.display_name.lower()} is nearest, and needs {condition}."
    urgent = "Spot is 0.15 sigma from the magnet, 26,150.00; 119 minutes are left."
    codes = {code for each in SETUPS for code in each.required} | set(GATES)
    conditions = [
        words
        for code, words in zip(RULE_CONDITIONS, longest_conditions(), strict=True)
        if code in codes
    ]
    return {
        "angle": "low_signal",
        "narrative": f"{urgent} {thesis}",
        "primary": {"name": "wait", "display_name": "Wait", "thesis": thesis, "confidence": "low",
                    "conditions_met": conditions[1:], "conditions_failed": conditions[:1],
                    "strikes_hint": None, "economics": None},
        "nearest": rule.name,
        "waits_for": condition,
    }  # fmt: skip


def condor() -> dict[str, Any]:
    """A condor of an index with five digits before the point."""
    urgent = "The last 30 minutes moved 12.3 times what was priced."
    story = (
        "Range between 26,100.00 and 26,200.00: the last 30 minutes moved 0.62 times what was "
        "priced, net GEX positive by convention (100% of gross), 119 minutes left."
    )
    strikes = {"long_put_strike": 26050.0, "short_put_strike": 26100.0,
               "short_call_strike": 26200.0, "long_call_strike": 26250.0}  # fmt: skip
    economics = {"credit_at_mid": 21.35, "credit_at_natural": 19.85, "width": 50.0,
                 "max_profit": 19.85, "max_loss": 30.15, "break_evens": [26080.15, 26219.85],
                 "probability_of_profit": 0.613, "expected_value": -12.34,
                 "probability_of_profit_priced": 0.58, "expected_value_priced": -1.2,
                 "touch": []}  # fmt: skip
    return {
        "angle": "range_trade",
        "narrative": f"{urgent} {story}",
        "primary": {"name": "iron_condor", "display_name": "Iron Condor", "confidence": "medium",
                    "thesis": story, "conditions_met": longest_conditions()[:12],
                    "conditions_failed": [], "strikes_hint": strikes, "economics": economics},
        "nearest": None,
        "waits_for": None,
    }  # fmt: skip


def dear(answer: Any, decision: dict[str, Any]) -> Any:
    """An answer about a dear index, with every level apart and every text long."""
    spot = 26_171.25
    avoid = [
        {"name": rule.name, "display_name": rule.display_name, "thesis": f"Avoid: {rule.idea}.",
         "confidence": "high", "conditions_met": longest_conditions()[:3], "conditions_failed": [],
         "strikes_hint": None, "economics": None}
        for rule in ANTI_SETUPS
    ]  # fmt: skip
    setup = answer["setup"] | {
        "primary": decision["primary"],
        "anti_setups": avoid,
        "nearest": decision["nearest"],
        "waits_for": decision["waits_for"],
    }
    headline = answer["headline"] | {
        "trade_angle": decision["angle"],
        "severity": "watch",
        "narrative": decision["narrative"],
    }
    inventory = answer["dealer_inventory"] | {
        "net_gex": -149.2e9, "net_gex_low": -295.1e9, "net_gex_high": -112.95e9, "agrees": False,
    }  # fmt: skip
    flow = answer["flow_direction"] | {"label": "regime_flip", "settled_net_gex": -138.2e9}
    move = answer["expected_move"] | {"remaining_1sd_dollars": 128.44, "lower_bound": spot - 128.44,
                                      "upper_bound": spot + 128.44}  # fmt: skip
    warnings = ["quotes left out: 1,296 zero bid, 128 crossed, 56 too wide, 12 against arbitrage",
                *answer["warnings"]]  # fmt: skip
    return answer | {
        "underlying_price": spot,
        "regime": answer["regime"] | {"gamma_flip": 26_158.37, "gamma_flip_status": "available",
                                      "label": "positive_gamma"},
        "exposures": answer["exposures"] | {"net_gex": 128.48e9},
        "levels": answer["levels"] | {"call_wall": 26_200.0, "put_wall": 26_100.0},
        "pin_risk": answer["pin_risk"] | {"magnet_strike": 26_150.0, "pin_score": 100},
        "expected_move": move,
        "dealer_inventory": inventory,
        "flow_direction": flow,
        "setup": setup,
        "headline": headline,
        "warnings": warnings,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "decision"),
    [
        pytest.param(DESK, condor, id="desk-condor"),
        pytest.param(DESK, wait, id="desk-wait"),
        pytest.param(PHONE, condor, id="phone-condor"),
        pytest.param(PHONE, wait, id="phone-wait"),
    ],
)
def test_no_text_is_cut(
    tab: OpenTab, still: Market, size: tuple[int, int], decision: Callable[[], dict[str, Any]]
) -> None:
    known = decision()
    with proxied(still.url) as proxy, tab(size) as opened:
        proxy.rules[SNAPSHOT] = changed(lambda answer: dear(answer, known))
        page = opened.open(address_at(still, past_of(still, 55)).replace(still.url, proxy.url))
        for width in (None, WIDE_EM):
            if width:
                advance = page.evaluate(WIDEN, [SAMPLE, width])
                assert 0.4 < advance < width
            sideways, down = page.evaluate(SCROLLS)
            assert not sideways
            assert size == PHONE or not down
            cut = page.evaluate(CUT)
            assert cut == [], "\n".join(cut)
        # What is cut would be found.
        page.evaluate("document.querySelector('.answers .setup').style.height = '60px'")
        assert page.evaluate(CUT) != []


def test_a_phone_has_the_five_answers_at_once(tab: OpenTab, still: Market) -> None:
    with tab(PHONE) as opened:
        page = opened.open(f"{still.url}/?s=SPX&th=dark")
        bar = page.locator(".timebar").bounding_box()
        assert bar is not None
        for name in ("regime", "levels", "dealers", "setup", "sure"):
            box = page.locator(f".card.{name}").bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= bar["y"], name


def test_what_to_keep_away_from_has_its_reason_and_prices(tab: OpenTab, still: Market) -> None:
    known = wait()
    with proxied(still.url) as proxy, tab() as opened:
        proxy.rules[SNAPSHOT] = changed(lambda answer: dear(answer, known))
        opened.open(address_at(still, past_of(still, 55)).replace(still.url, proxy.url))
        shown = opened.page.locator(".conditions .avoid").all_inner_texts()
        assert len(shown) == len(ANTI_SETUPS)
        for text, rule in zip(shown, ANTI_SETUPS, strict=True):
            assert text.startswith(f"{rule.display_name}: Avoid: {rule.idea}")
        about = {rule.name: text for rule, text in zip(ANTI_SETUPS, shown, strict=True)}
        assert "magnet 26,150" in about["chase_breakout"]
