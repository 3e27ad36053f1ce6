"""Latches against plain twins that look at the whole past."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerodte.constants import SAMPLE_INTERVAL
from zerodte.decision.condition import RULE_CONDITIONS, RuleCondition
from zerodte.decision.judgement import avoided
from zerodte.decision.latch import ConditionLatches, LabelLatch, LevelLatch
from zerodte.decision.memory import WAIT, Memory
from zerodte.decision.rule import ANTI_SETUPS, GATES, SETUPS, SEVERITIES
from zerodte.engine.regime import Regime

FIGURES = sorted({condition.figure for condition in RULE_CONDITIONS.values()} | {"flip_side"})
VALUES = st.one_of(st.floats(-2.0, 2.0), st.sampled_from([math.nan, math.inf, 70.0, 100.0, 300.0]))


def holds_by_hand(condition: RuleCondition, values: list[float]) -> bool:
    """Whether a condition holds at the end, from all values: the last `dwell` decide a turn."""

    def within(value: float, low: float | None, high: float | None) -> bool:
        return not math.isnan(value) and (low is None or value >= low) and (
            high is None or value <= high
        )  # fmt: skip

    low, high = condition.at_least, condition.at_most
    loose = condition.leave
    stay = (low, high) if loose is None else (loose, high) if low is not None else (low, loose)
    state, since_turn = False, 0
    for n, value in enumerate(values, 1):
        dwell = 1 if state and condition.ends_at_once else condition.dwell
        window = values[max(since_turn, n - dwell) : n]
        if len(window) < dwell:
            continue
        if all(within(v, *stay) is False if state else within(v, low, high) for v in window):
            state, since_turn = not state, n
        del value
    return state


@given(st.sampled_from(sorted(RULE_CONDITIONS)), st.lists(VALUES, max_size=24))
def test_a_condition_latches_like_its_twin(code: str, values: list[float]) -> None:
    condition, latches = RULE_CONDITIONS[code], ConditionLatches()
    for value in values:
        latches = latches.step(dict.fromkeys(FIGURES, math.nan) | {condition.figure: value})
    assert latches[code] == holds_by_hand(condition, values)
    assert ConditionLatches.of_bits(latches.bits)[code] == latches[code]


@pytest.mark.parametrize(("share", "has_crossed"), [(-0.3, False), (0.3, True)])
def test_only_a_change_of_sign_makes_another_side_of_the_flip_a_crossing(
    share: float, has_crossed: bool
) -> None:
    """Of several flips the nearest one is told: which it is may change while spot stands."""
    unknown = dict.fromkeys(FIGURES, math.nan)
    memory = Memory().step(SAMPLE_INTERVAL, unknown | {"flip_side": 1.1, "net_share": -0.3})
    # Near zero no sign is claimed: that neither is a crossing nor hides one.
    memory = memory.step(2 * SAMPLE_INTERVAL, unknown | {"flip_side": -1.1})
    memory = memory.step(3 * SAMPLE_INTERVAL, unknown | {"flip_side": -1.1, "net_share": share})
    assert memory.events.is_crossing(3 * SAMPLE_INTERVAL) is has_crossed


@pytest.mark.parametrize(("since", "is_told"), [(98, True), (10, False)])
def test_flow_turns_nothing_where_net_gex_stays(since: int, is_told: bool) -> None:
    """The settled sign beside it may change with spot alone."""
    label = LabelLatch("negative_gamma", since * SAMPLE_INTERVAL)
    figures = dict.fromkeys(FIGURES, math.nan) | {"flow_flips": 0.3}
    memory = Memory(label=label)
    for at in range(97, 102):
        memory = memory.step(at * SAMPLE_INTERVAL, figures)
    assert memory.holds["regime_flipped"]
    assert memory.events.is_flipping(101 * SAMPLE_INTERVAL) is is_told


@given(st.lists(st.dictionaries(st.sampled_from(FIGURES), VALUES), max_size=20))
def test_no_setup_stands_beside_its_own_warning(samples: list[dict[str, float]]) -> None:
    memory = Memory()
    for at, sample in enumerate(samples, 1):
        memory = memory.step(at * SAMPLE_INTERVAL, dict.fromkeys(FIGURES, math.nan) | sample)
        against = {rule.name for rule, _ in avoided(memory.holds)}
        assert memory.primary not in against


@given(st.data())
def test_a_setup_that_has_come_stands_for_three_samples(data: st.DataObject) -> None:
    """Whatever comes and goes, but for gates and warnings."""
    states = [*map(_good, ("iron_fly", "iron_condor", "directional_breakout")), _nothing()]
    memory, stood = Memory(), 3
    for at, n in enumerate(data.draw(st.lists(st.integers(0, 15), min_size=12, max_size=40)), 1):
        before, figures = memory, states[min(n // 4, 3)]
        memory = memory.step(at * SAMPLE_INTERVAL, figures)
        if memory.primary == before.primary:
            stood += 1
            continue
        against = {rule.name for rule, _ in avoided(memory.holds)}
        is_open = all(memory.holds[code] for code in GATES)
        assert stood >= 3 or not is_open or before.primary in against
        stood = 1


def _nothing() -> dict[str, float]:
    """Figures at which the gates are open, and nothing else holds."""
    out = dict.fromkeys(FIGURES, math.nan)
    open_ = _good("iron_fly")
    return out | {
        RULE_CONDITIONS[code].figure: open_[RULE_CONDITIONS[code].figure] for code in GATES
    }


def _good(setup: str) -> dict[str, float]:
    """Figures at which everything that a setup asks for is met."""
    rule = next(rule for rule in SETUPS if rule.name == setup)
    out = dict.fromkeys(FIGURES, math.nan)
    for code in (*GATES, *rule.required, *rule.soft):
        condition = RULE_CONDITIONS[code]
        low, high = condition.at_least, condition.at_most
        before = out[condition.figure]
        wanted = low if low is not None else high
        assert wanted is not None
        if (
            math.isnan(before)
            or (low is not None and before < low)
            or (high is not None and before > high)
        ):
            out[condition.figure] = wanted
    return out


@pytest.mark.parametrize("setup", [rule.name for rule in SETUPS])
def test_a_setup_enters_after_two_minutes_and_a_still_market_changes_nothing(setup: str) -> None:
    figures, memory, seen = _good(setup), Memory(), []
    for at in range(1, 60):
        memory = memory.step(at * SAMPLE_INTERVAL, figures)
        seen.append(memory.primary)
    assert seen[:3] == [WAIT] * 3
    assert set(seen[3:]) == {setup}
    assert memory.primary_since == 4 * SAMPLE_INTERVAL


@pytest.mark.parametrize("setup", [rule.name for rule in SETUPS])
def test_every_required_condition_is_required(setup: str) -> None:
    rule = next(rule for rule in SETUPS if rule.name == setup)
    for code in (*GATES, *rule.required):
        figures, memory = _good(setup), Memory()
        figures[RULE_CONDITIONS[code].figure] = math.nan
        for at in range(1, 10):
            memory = memory.step(at * SAMPLE_INTERVAL, figures)
        assert memory.primary == WAIT, f"an unknown {code} counts as failed"


def test_codes_of_the_table_exist_and_fit_their_bits() -> None:
    used = {
        *GATES,
        *(code for rule in SETUPS for code in (*rule.required, *rule.soft)),
        *(code for rule in ANTI_SETUPS for reason in rule.reasons for code in reason),
        *(code for rule in SEVERITIES for code in rule.required),
    }
    assert used <= set(RULE_CONDITIONS)
    assert len(RULE_CONDITIONS) <= 62, "their bits are one signed integer"


def weight_in(row: list[int], strike: float) -> float:
    return float(row[int(strike)])


LEVELS = st.lists(
    st.lists(st.integers(0, 40), min_size=3, max_size=3).filter(lambda w: max(w) > 0), max_size=30
)


@given(LEVELS)
def test_a_level_moves_only_where_one_strike_leads_for_two_minutes(
    weights: list[list[int]],
) -> None:
    latch, history = LevelLatch(), []
    for at, row in enumerate(weights, 1):
        heaviest = float(np.argmax(row))
        before = latch.strike
        latch = latch.step(at, heaviest, functools.partial(weight_in, row))
        history.append(row)
        if latch.strike == before or math.isnan(before):
            continue
        recent = history[-4:]
        led = [w[int(latch.strike)] >= 1.1 * w[int(before)] for w in recent]
        vanished = not row[int(before)] > 0
        assert vanished or (len(led) == 4 and all(led))
        assert latch.since == at


def test_a_level_that_leads_for_long_enough_takes_over() -> None:
    latch = LevelLatch().step(1, 100.0, lambda _: 5.0)
    weights = {100.0: 5.0, 101.0: 5.6}
    taken = []
    for at in range(2, 8):
        latch = latch.step(at, 101.0, weights.__getitem__)
        taken.append(latch.strike)
    assert taken == [100.0, 100.0, 100.0, 101.0, 101.0, 101.0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["positive_gamma", "negative_gamma", "unknown"]), st.floats(0.0, 0.3)
        ),
        max_size=30,
    )
)
def test_the_label_turns_only_where_the_other_sign_is_clear(
    samples: list[tuple[Regime, float]],
) -> None:
    latch, history = LabelLatch(), []
    for at, (label, share) in enumerate(samples, 1):
        before = latch.label
        latch = latch.step(at, label, share)
        history.append((label, share))
        is_first = all(seen == "unknown" for seen, _ in history[:-1])
        if label == "unknown" or is_first:
            assert latch.label == label
        elif before == "unknown" and latch.label != before:
            assert latch.label == label
            assert len(history) > 4
            assert all(seen != "unknown" for seen, _ in history[-4:])
        elif latch.label != before:
            assert all(seen == latch.label and clear >= 0.08 for seen, clear in history[-4:])
            assert len(history) >= 4


@given(st.lists(st.sampled_from(["withheld", "negative_gamma"]), max_size=30))
def test_a_label_outlasts_a_withheld_net_gex_of_under_two_minutes(samples: list[str]) -> None:
    latch = LabelLatch().step(1, "negative_gamma", 0.1)
    for at, seen in enumerate(samples, 2):
        is_withheld = seen == "withheld"
        latch = latch.step(
            at,
            "unknown" if is_withheld else "negative_gamma",
            math.nan if is_withheld else 0.1,
            is_withheld=is_withheld,
        )
        recent = samples[max(0, at - 5) : at - 1]
        if recent.count("withheld") == 0:
            assert latch.label == "negative_gamma"
        if len(recent) == 4 and recent.count("withheld") == 4:
            assert latch.label == "unknown"
        if "withheld" * 4 not in "".join(samples[: at - 1]):
            assert latch.label == "negative_gamma"


@pytest.mark.parametrize(
    ("code", "value", "said"),
    [
        ("fly_soon", 150.4, "(150.4)"),
        ("off_the_pin", math.inf, "(more time is left)"),
    ],
)
def test_words_do_not_contradict_the_verdict(code: str, value: float, said: str) -> None:
    """A figure beyond a bound is not rounded onto it."""
    condition = RULE_CONDITIONS[code]
    text = condition.words({condition.figure: value}, holds=condition.is_met(value))
    assert text.endswith(said)
