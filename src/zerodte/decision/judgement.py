"""Which setup stands, and how much the moment matters: the rules on conditions that hold."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from zerodte.constants import HIGH_QUALITY
from zerodte.decision.condition import RULE_CONDITIONS, Figures, RuleCondition
from zerodte.decision.latch import ConditionLatches, Events
from zerodte.decision.rule import (
    ANTI_SETUPS,
    GATES,
    SETUPS,
    SEVERITIES,
    AntiRule,
    SetupRule,
    Severity,
)

Confidence: TypeAlias = Literal["high", "medium", "low"]

_GRADES: Final[tuple[Confidence, ...]] = ("high", "medium", "low")


def qualifies(rule: SetupRule, holds: ConditionLatches) -> bool:
    """Whether all that a setup requires holds, the gates included."""
    return all(holds[code] for code in (*GATES, *rule.required))


def may_stand(setup: str, holds: ConditionLatches) -> bool:
    """Whether a setup that has just come may stand, whatever it requires: nothing warns of it."""
    warned = {rule.name for rule, _ in avoided(holds)}
    return all(holds[code] for code in GATES) and setup not in warned


def confidence(rule: SetupRule, holds: ConditionLatches, data_quality: float) -> Confidence:
    """How many soft conditions agree: high with all and good data, medium with one less."""
    failed = sum(not holds[code] for code in rule.soft)
    if not failed and not data_quality >= HIGH_QUALITY:
        failed = 1
    return _GRADES[min(failed, len(_GRADES) - 1)]


def ranked(holds: ConditionLatches, figures: Figures, standing: str) -> list[SetupRule]:
    """The setups that qualify, the best first: most agreement, then the one that stands."""
    quality = figures["data_quality"]

    def rank(rule: SetupRule) -> tuple[int, bool]:
        return _GRADES.index(confidence(rule, holds, quality)), rule.name != standing

    return sorted((rule for rule in SETUPS if qualifies(rule, holds)), key=rank)


def nearest(holds: ConditionLatches) -> SetupRule | None:
    """The setup that lacks fewest of what it requires; None where none is possible any more."""
    possible = [rule for rule in SETUPS if not _has_run_out(rule, holds)]
    return min(
        possible, key=lambda rule: sum(not holds[code] for code in rule.required), default=None
    )


def _has_run_out(rule: SetupRule, holds: ConditionLatches) -> bool:
    """Whether the rest of the session cannot bring what a setup requires."""
    return any(condition.runs_out for condition in failing((*GATES, *rule.required), holds))


def failing(codes: Sequence[str], holds: ConditionLatches) -> list[RuleCondition]:
    """The conditions among `codes` that do not hold, in their order."""
    return [RULE_CONDITIONS[code] for code in codes if not holds[code]]


def avoided(holds: ConditionLatches) -> list[tuple[AntiRule, tuple[str, ...]]]:
    """What to avoid, each with the codes of the conditions that say so."""
    found = (
        (rule, tuple(code for reason in rule.reasons if _all(reason, holds) for code in reason))
        for rule in ANTI_SETUPS
    )
    return [(rule, codes) for rule, codes in found if codes]


def severity(at: int, holds: ConditionLatches, events: Events) -> Severity:
    """How much the moment matters."""
    if events.is_crossing(at) or events.is_flipping(at):
        return "alert"
    return next((rule.severity for rule in SEVERITIES if _all(rule.required, holds)), "info")


def _all(codes: Sequence[str], holds: ConditionLatches) -> bool:
    return all(holds[code] for code in codes)
