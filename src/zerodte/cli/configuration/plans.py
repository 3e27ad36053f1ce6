"""The tables `[plans.NAME]`: all plans of the server, lowest first."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final

from zerodte.access.error import AccessError
from zerodte.access.plan import Plan, PlanTable
from zerodte.cli.configuration.error import ConfigurationError
from zerodte.cli.configuration.setting import of_form
from zerodte.server.app import ROUTES
from zerodte.server.key_access import route_without_plan

PLANS: Final = "plans"
_FIELDS: Final[dict[str, tuple[type, str]]] = {
    "display_name": (str, "a text in quotes"),
    "daily_limit": (int, "a whole number from 1 on, or leave it out for any number"),
}


def read_plans(tables: Any) -> PlanTable:
    """The plans of a file, in its order.

    Raises:
        ConfigurationError: A plan is malformed, or one that a route requires is missing.
    """
    if not isinstance(tables, dict):
        raise ConfigurationError(f"{PLANS} is a table; write [{PLANS}.NAME] and its keys below")
    try:
        plans = PlanTable(_plan(name, table) for name, table in tables.items())
    except AccessError as error:
        raise ConfigurationError(f"{PLANS}: {error}") from error
    if (route := route_without_plan(ROUTES, plans)) is not None:
        raise ConfigurationError(
            f"{PLANS}: {route.path} requires the plan {route.plan}; add [{PLANS}.{route.plan}]"
        )
    return plans


def plans_as_toml(plans: PlanTable) -> Iterator[str]:
    """The lines of a file that says the same."""
    for plan in plans:
        yield f"\n[{PLANS}.{plan.name}]"
        yield f"display_name = {json.dumps(plan.display_name, ensure_ascii=False)}"
        limit = plan.daily_limit
        yield "# daily_limit is not set" if limit is None else f"daily_limit = {limit}"


def _plan(name: str, table: Any) -> Plan:
    key = f"{PLANS}.{name}"
    if not isinstance(table, dict):
        raise ConfigurationError(f"{key}: write a table [{key}]")
    for field, value in table.items():
        if field not in _FIELDS:
            near = get_close_matches(field, _FIELDS, n=1) or list(_FIELDS)
            raise ConfigurationError(
                f"unknown key {key}.{field}; the nearest known is {key}.{near[0]}"
            )
        try:
            of_form(value, *_FIELDS[field])
        except ConfigurationError as error:
            raise ConfigurationError(f"{key}.{field}: {error}") from error
    return Plan(name, table.get("display_name", name.capitalize()), table.get("daily_limit"))
