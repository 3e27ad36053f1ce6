"""Plans as values: what a configuration may give, and what it may not."""

import pytest

from zerodte.access.error import AccessError
from zerodte.access.plan import DEFAULT_PLANS, Plan, PlanTable


def test_the_plans_of_the_published_contract() -> None:
    assert [(plan.name, plan.display_name, plan.daily_limit) for plan in DEFAULT_PLANS] == [
        ("free", "Free", 5),
        ("basic", "Basic", 250),
        ("growth", "Growth", 2_500),
        ("alpha", "Alpha", None),
        ("enterprise", "Enterprise", None),
    ]


def test_a_plan_includes_those_below() -> None:
    assert DEFAULT_PLANS.includes("growth", "growth")
    assert DEFAULT_PLANS.includes("alpha", "free")
    assert not DEFAULT_PLANS.includes("basic", "growth")
    assert not DEFAULT_PLANS.includes("of old", "free")


@pytest.mark.parametrize(
    ("name", "more"),
    [("free", "basic"), ("growth", "alpha"), ("alpha", None), ("enterprise", None)],
)
def test_the_next_plan_with_more(name: str, more: str | None) -> None:
    found = DEFAULT_PLANS.more_than(name)
    assert (found and found.name) == more


def test_a_higher_plan_with_no_more_answers_is_no_advice() -> None:
    plans = PlanTable([Plan("a", "A", 10), Plan("b", "B", 10), Plan("c", "C", 11)])
    assert plans.more_than("a") == plans["c"]
    assert plans.more_than("c") is None


@pytest.mark.parametrize(
    ("plans", "said"),
    [
        ([], "there are no plans"),
        ([Plan("a", "A"), Plan("a", "B")], "two plans have the same name"),
    ],
)
def test_a_table_that_cannot_be(plans: list[Plan], said: str) -> None:
    with pytest.raises(AccessError, match=said):
        PlanTable(plans)


@pytest.mark.parametrize(
    ("name", "display_name", "limit", "said"),
    [
        ("Gold", "Gold", None, "lower-case letters"),
        ("", "Gold", None, "lower-case letters"),
        ("go ld", "Gold", None, "lower-case letters"),
        ("gold", " ", None, "display name is empty"),
        ("gold", "Go\nld", None, "not printable"),
        ("gold", "Gold", 0, "daily limit is 0; it must be at least 1"),
    ],
)
def test_a_plan_that_cannot_be(name: str, display_name: str, limit: int | None, said: str) -> None:
    with pytest.raises(AccessError, match=said):
        Plan(name, display_name, limit)


def test_a_plan_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(AccessError, match="no plan 'gold'; the plans are free, basic, growth"):
        DEFAULT_PLANS["gold"]
