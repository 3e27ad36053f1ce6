"""Answers of the published API, made from the types of its own client, are read whole."""

import inspect
import itertools
import json
import types
from collections.abc import Iterator
from typing import (
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import flashalpha
import flashalpha.types
import msgspec
import pytest

from client.faults import FaultyProxy, response
from zerodte.client import Client
from zerodte.client.method import EndpointMethod
from zerodte.server.app import ROUTES
from zerodte.server.route import RouteMap

TIME: Final = "2026-05-27T15:30:00.250Z"
DAY: Final = "2026-05-29"
TIMES: Final = {"as_of", "t", "last_updated", "resets_at", "lastUpdate", "last_update"}
DAYS: Final = {"expiration", "expiry", "last_session", "next_zero_dte_expiry", "date"}
LISTS_OF_DAYS: Final = {"expirations"}
DEGRADED: Final = {"no_zero_dte", "session_closed"}


def published() -> Iterator[tuple[str, str, type]]:
    """The methods of the published client whose path we have: ours, theirs, the promised type."""
    finder, routes = flashalpha.FlashAlpha("any-key"), RouteMap(ROUTES)
    asked: list[str] = []
    finder._get = finder._post = lambda path, *_, **__: asked.append(path)
    ours = dict(own_paths())
    for name, call in inspect.getmembers(flashalpha.FlashAlpha, inspect.isfunction):
        needed = [
            each.name
            for each in inspect.signature(call).parameters.values()
            if each.default is each.empty and each.name != "self"
        ]
        if name.startswith("_") or not set(needed) <= {"symbol", "ticker"}:
            continue
        getattr(finder, name)(**dict.fromkeys(needed, "SPX"))
        promised = get_type_hints(call, localns=vars(flashalpha.types))["return"]
        match = routes.find(asked[-1])
        if match is not None and is_typeddict(promised) and match.route.path in ours:
            yield ours[match.route.path], name, promised
    finder._session.close()


def own_paths() -> Iterator[tuple[str, str]]:
    """The path of each of our methods."""
    for name, method in inspect.getmembers(Client):
        if isinstance(method, EndpointMethod):
            parameters = inspect.signature(method._call).parameters.values()
            symbols = ["SPX" for each in parameters if each.default is each.empty]
            path = method._call(*symbols).target.replace("SPX", "{symbol}")
            yield path, name


def sample(kind: Any, name: str, numbers: Iterator[int]) -> Any:
    """A value of a published type; numbers all differ."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Required, NotRequired):
        return sample(arguments[0], name, numbers)
    if origin in (Union, types.UnionType):
        return sample(next(c for c in arguments if c is not type(None)), name, numbers)
    if is_typeddict(kind):
        hints = get_type_hints(kind, localns=vars(flashalpha.types), include_extras=True)
        # Those of an answer without a chain.
        hints = {key: hint for key, hint in hints.items() if key not in DEGRADED}
        return {key: sample(hint, key, numbers) for key, hint in hints.items()}
    if origin is list:
        inner = "date" if name in LISTS_OF_DAYS else ""
        items = 0 if arguments == (Any,) else 2
        return [sample(arguments[0], inner, numbers) for _ in range(items)]
    return arguments[0] if origin is Literal else scalar(kind, name, next(numbers))


def scalar(kind: Any, name: str, number: int) -> Any:
    """A value of a plain type."""
    if kind is str:
        is_time = name in TIMES or name.endswith("_feed")
        return TIME if is_time else DAY if name in DAYS else f"{name} {number}"
    return {int: number, float: number + 0.5, bool: True}.get(kind, {})


def shared(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The scalars that both have."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() & theirs.keys():
            yield from shared(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        assert len(ours) == len(theirs), path
        for one, other in zip(ours, theirs, strict=True):
            yield from shared(one, other, path)
    else:
        yield path, ours, theirs


PUBLISHED: Final = list(published())


def test_most_of_ours_are_published() -> None:
    assert len(PUBLISHED) >= 25
    assert {"snapshot", "series", "heatmap", "levels", "account"} <= {
        own for own, _, _ in PUBLISHED
    }


@pytest.mark.parametrize(("own", "theirs", "promised"), PUBLISHED)
def test_an_answer_of_the_published_api_is_read(
    client: Client, proxy: FaultyProxy, own: str, theirs: str, promised: type
) -> None:
    sent = sample(promised, "", itertools.count(1))
    proxy.faults = [response(200, json.dumps(sent))]
    method = getattr(client, own)
    needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
    answer = json.loads(msgspec.json.encode(method(*["SPX" for _ in needed])))
    pairs = list(shared(answer, sent))
    wrong = [
        (path, ours, value)
        for path, ours, value in pairs
        if ours != value and value not in (TIME, None)
    ]
    assert wrong == []
    assert len(pairs) >= 2, theirs
