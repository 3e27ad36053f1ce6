"""The table of rules as a page: docs/setups.md is this text."""

from collections.abc import Iterable
from typing import Final

from zerodte.constants import (
    CROSSING_CLEAR,
    CROSSING_HOLD,
    DWELL,
    FLIP_HOLD,
    HIGH_QUALITY,
    MINUTE,
    SAMPLE_INTERVAL,
    SECOND,
    SETUP_STAND,
)
from zerodte.decision.condition import RULE_CONDITIONS, RuleCondition
from zerodte.decision.rule import ANTI_SETUPS, GATES, SETUPS, SEVERITIES, SetupRule

_HEAD: Final = """\
# Setups

This page is printed by `zerodte rules`, from the table that the server decides by.

Every {interval:.0f} seconds each condition is looked at.
It comes to hold once its figure has been within its bound for {dwell} samples in a row.
It stops to once the figure has been beyond the second bound for as long.
The clock, scheduled events and data quality count at once.
A setup, or `wait`, stands for {stand} samples at least, unless a gate closes or a warning is due.
What is not known fails.
A level (magnet, walls) moves once another strike has led it by 10% for {dwell} samples in a row.
The regime label turns once the other sign has had 8% of gross for as long.

Positive and negative gamma are the usual convention's (dealers long calls, short puts).
A public tape cannot confirm it.
No rule promises a profit: [what they did](model.md#the-rules-on-simulated-days) on simulated days.

## Gates

Without these there is no setup but `wait`.

"""
_SEVERITY: Final = """\
## Severity

The first that holds stands; without any it is `info`.
An `alert` also stands for {crossing:.0f} minutes after spot crossed the flip by {clear:g} sigma.
The sign of net GEX has to change with it.
It stands for {flip:.0f} minutes after net GEX has turned against its sign without the day's flow.

"""


def rules_page() -> str:
    """The page, Markdown."""
    head = _HEAD.format(interval=SAMPLE_INTERVAL / SECOND, dwell=DWELL, stand=SETUP_STAND)
    parts = [head + _table(GATES), *map(_setup, SETUPS), _avoid(), _severities()]
    return "\n".join(parts)


def _setup(rule: SetupRule) -> str:
    return (
        f"## {rule.display_name}\n\n"
        f"`{rule.name}`, trade angle `{rule.trade_angle}`: {rule.idea}.\n\n"
        f"Required:\n\n{_table(rule.required)}\n"
        f"Soft: confidence is high with all of them and a data quality of {HIGH_QUALITY:g} or "
        f"more, medium with all of them on poorer data or with one less, else low.\n\n"
        f"{_table(rule.soft)}"
    )


def _table(codes: Iterable[str]) -> str:
    rows = (_row(RULE_CONDITIONS[code]) for code in codes)
    return "\n".join(("| condition | stops to hold |", "|---|---|", *rows, ""))


def _row(condition: RuleCondition) -> str:
    if condition.leave is None:
        return f"| {condition.text} | at the same bound |"
    side = "below" if condition.at_least is not None else "above"
    leave = (condition.shown or "{:g}").format(condition.leave)
    return f"| {condition.text} | {side} {leave} |"


def _avoid() -> str:
    lines = ["## To avoid", "", "| anti-setup | where | because |", "|---|---|---|"]
    for rule in ANTI_SETUPS:
        reasons = (" and ".join(_texts(reason)) for reason in rule.reasons)
        lines.append(f"| `{rule.name}` | {'; or '.join(reasons)} | {rule.idea} |")
    return "\n".join((*lines, ""))


def _severities() -> str:
    rows = (f"| `{r.severity}` | {' and '.join(_texts(r.required))} |" for r in SEVERITIES)
    said = _SEVERITY.format(
        crossing=CROSSING_HOLD / MINUTE, clear=CROSSING_CLEAR, flip=FLIP_HOLD / MINUTE
    )
    return said + "\n".join(("| severity | where |", "|---|---|", *rows, ""))


def _texts(codes: Iterable[str]) -> list[str]:
    return [RULE_CONDITIONS[code].text for code in codes]
