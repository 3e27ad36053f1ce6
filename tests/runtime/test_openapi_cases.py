"""The OpenAPI document is true of a served market: cases are generated from the document alone."""

import datetime
import json
from collections.abc import Iterator
from typing import Any, Final, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from runtime.local_market import ready
from server.keyed import create_key
from server.ports import served
from session.synthetic import synthetic_tape
from zerodte.access.keyring import Keyring
from zerodte.access.plan import DEFAULT_PLANS
from zerodte.feeds.synthetic_tape import SYMBOL
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server.app import ROUTES, create_app
from zerodte.server.key_access import KeyAccess
from zerodte.server.settings import ServerSettings
from zerodte.service.stage import Stage
from zerodte.wire.query import fields_of

DAY: Final = datetime.date(2024, 11, 27)
#: Routes whose answer ends, and which of them have parameters.
ENDING: Final = [route for route in ROUTES if route.is_documented and route.media != "events"]
PATHS: Final = [route.path for route in ENDING]
VARIED: Final = [route.path for route in ENDING if fields_of(route.query)]
CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES: Final = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
#: Refusals of what is well-formed: they depend on what the market has seen, or on which of two
#: prices is the lower one, which a schema cannot say.
REFUSED_BY_STATE: Final = [
    ("invalid_at", "at is"),
    ("no_strike_data_for_window", "no sample"),
    ("invalid_strikes", "strikes must"),
]
#: Cases of each route and mode; five thousand in the drill.
FEW: Final = 3
MANY: Final = 360


def _past_instants() -> st.SearchStrategy[str]:
    """Instants that exist in New York and lie before the market's clock, in each form of `at`."""
    days = st.dates(datetime.date(1900, 1, 1), DAY - datetime.timedelta(days=1))
    # Daylight saving skips times of the night only.
    times = st.times(datetime.time(4)).map("T{:%H:%M:%S}".format)
    forms = st.sampled_from(["{day}", "{day}{time}", "{day}{time}Z"])
    before = st.builds(lambda form, day, time: form.format(day=day, time=time), forms, days, times)
    minutes = st.integers(0, 59)
    today = st.builds("{}T10:{:02}:00".format, st.just(DAY), minutes)
    return before | today | st.builds("{}T15:{:02}:30Z".format, st.just(DAY), minutes)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a served market, as the generator reads it."""
    tape = synthetic_tape(tmp_path_factory.mktemp("tape"), DAY)
    schemathesis.openapi.format("wall-clock", _past_instants())
    with (
        ready(ReplayRunner(Stage(), [tape])) as market,
        served(create_app(market.service, ServerSettings())) as url,
    ):
        yield _loaded(url)


def _loaded(url: str) -> Any:
    document = schemathesis.openapi.from_url(f"{url}/openapi.json", wait_for_schema=60.0)
    document.config.update(base_url=url)
    return document


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str]]]:
    """The document of a market that asks for keys, and a key of each caller."""
    folder = tmp_path_factory.mktemp("keyed")
    keys = folder / "keys.db"
    callers = {plan: create_key(keys, plan)[1] for plan in ("free", "growth", "enterprise")}
    callers |= {"nobody": "", "a stranger": "zd_" + "x" * 40}
    tape = synthetic_tape(folder, DAY)
    keyring = Keyring(keys)
    try:
        with ready(ReplayRunner(Stage(), [tape])) as market:
            access = KeyAccess(keyring, ROUTES, DEFAULT_PLANS)
            app = create_app(market.service, ServerSettings(has_keys=True), access)
            with served(app) as url:
                yield _loaded(url), callers
    finally:
        keyring.close()


def _check(
    document: Any, path: str, mode: GenerationMode, count: int, key: str | None = None
) -> None:
    """Ask `count` cases of a route, perhaps with a key, and check every answer."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(document[path]["GET"].as_strategy(generation_mode=mode), st.integers(0, 3))
    def ask(case: Any, turn: int) -> None:
        if mode is GenerationMode.POSITIVE:
            if turn and "symbol" in case.path_parameters:
                case.path_parameters["symbol"] = SYMBOL
            if "at" in case.query:  # no other expiry goes with it, which a schema cannot say
                case.query.pop("expiry", None)
        response = case.call() if key is None else case.call(headers={"X-Api-Key": key})
        assert response.status_code < 500 or response.status_code == 503
        checks = list(CHECKS)
        if mode is GenerationMode.NEGATIVE:
            checks.append(negative_data_rejection)
        case.validate_response(response, checks=checks)
        if key is None and mode is GenerationMode.POSITIVE and response.status_code == 400:
            error = json.loads(response.content)
            assert (error["error"], " ".join(error["message"].split()[:2])) in REFUSED_BY_STATE

    cast("Any", ask)()


@pytest.mark.parametrize("path", sorted(set(PATHS) - set(VARIED)))
def test_answers_without_parameters_are_as_described(document: Any, path: str) -> None:
    _check(document, path, GenerationMode.POSITIVE, 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", VARIED)
def test_answers_are_as_described(document: Any, path: str, mode: GenerationMode) -> None:
    _check(document, path, mode, FEW)


@pytest.mark.drill
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("path", VARIED)
def test_thousands_of_answers_are_as_described(
    document: Any, path: str, mode: GenerationMode
) -> None:
    _check(document, path, mode, MANY)


@pytest.mark.drill
@pytest.mark.parametrize("caller", ["free", "growth", "enterprise", "nobody", "a stranger"])
def test_answers_to_every_caller_are_as_described(
    keyed: tuple[Any, dict[str, str]], caller: str
) -> None:
    document, keys = keyed
    for path in VARIED[:3]:
        _check(document, path, GenerationMode.POSITIVE, FEW, keys[caller])


@pytest.mark.drill
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("caller", ["free", "growth", "enterprise", "nobody", "a stranger"])
def test_thousands_of_answers_to_every_caller_are_as_described(
    keyed: tuple[Any, dict[str, str]], caller: str, mode: GenerationMode
) -> None:
    document, keys = keyed
    for path in VARIED:
        _check(document, path, mode, MANY // 18, keys[caller])
