"""The published client against a served market: its types, its exceptions, its quick start."""

import datetime
import inspect
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints, is_typeddict

import flashalpha
import flashalpha.types
import msgspec
import pytest

from server.ports import served
from session.synthetic import synthetic_tape
from views.states import STATES, absent
from zerodte.feeds.synthetic_tape import SYMBOL
from zerodte.runtime.replay import replay
from zerodte.server.app import ROUTES, create_app
from zerodte.server.route import RouteMap
from zerodte.server.settings import ServerSettings
from zerodte.service.local_service import LocalService
from zerodte.service.stage import CurrentSession, Stage
from zerodte.session.session import Session

#: What has no figures outside the session, and says so in its place.
DEGRADED: Final = {"no_zero_dte", "session_closed", "message", "next_zero_dte_expiry"}
#: Null though promised otherwise: the side of a flip that is withheld.
WITHHELD: Final = {"regime.spot_vs_flip"}
#: Likewise what flow did while no trade has come, by the last word of its path.
WITHOUT_TRADES: Final = {
    *("contracts_with_flow", "flow_direction", "intraday_oi_delta", "label", "simulated_oi"),
    "total_abs_delta_contracts",
}
#: Not every level of a chain is there.
WITHOUT_LABEL: Final = {"live_net_gex_label"}


@contextmanager
def market(session: Session | None) -> Iterator[flashalpha.FlashAlpha]:
    """The published client of a served session; None serves a market that has read nothing."""
    stage = Stage()
    if session is not None:
        stage.show(CurrentSession(session, "replay"))
    with served(create_app(LocalService(stage), ServerSettings())) as url:
        client = flashalpha.FlashAlpha("any-key", base_url=url, timeout=120)
        client._session.trust_env = False
        yield client
        client._session.close()


def _arguments(call: Callable[..., Any], symbol: str) -> dict[str, Any] | None:
    """What a method must be given; None where it wants more than a symbol."""
    required = [
        name
        for name, one in inspect.signature(call).parameters.items()
        if one.default is inspect.Parameter.empty and name != "self"
    ]
    if not set(required) <= {"symbol", "ticker"}:
        return None
    return dict.fromkeys(required, symbol)


def _answered() -> dict[str, type]:
    """The methods whose path we answer, and the types that they promise."""
    finder, routes, out = flashalpha.FlashAlpha("any-key"), RouteMap(ROUTES), {}
    asked: list[str] = []
    finder._get = finder._post = lambda path, *_, **__: asked.append(path)
    for name, call in inspect.getmembers(flashalpha.FlashAlpha, inspect.isfunction):
        arguments = None if name.startswith("_") else _arguments(call, "SPX")
        if arguments is None:
            continue
        getattr(finder, name)(**arguments)
        promised = get_type_hints(call, localns=vars(flashalpha.types))["return"]
        if routes.find(asked[-1]) is not None and is_typeddict(promised):
            out[name] = promised
    finder._session.close()
    return out


ANSWERED: Final = _answered()


def test_the_methods_that_we_answer() -> None:
    assert ANSWERED.keys() >= {
        *("flow_levels", "flow_pin_risk", "flow_summary", "flow_gex", "flow_dex"),
        *("flow_dealer_risk", "flow_oi", "flow_live", "symbols", "tickers", "options"),
        *("gex", "dex", "vex", "chex", "exposure_levels", "exposure_summary", "max_pain"),
        *("expected_move", "stock_quote", "zero_dte", "flow_zero_dte_snapshot", "health"),
        *("flow_zero_dte_series", "flow_zero_dte_hedge_flow", "flow_zero_dte_heatmap"),
        *("flow_zero_dte_strike_flow", "flow_zero_dte_leaderboard"),
    }


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A generated chain with trades, in session."""
    folder = tmp_path_factory.mktemp("tape")
    return replay(synthetic_tape(folder, datetime.date(2024, 11, 27)))


@pytest.mark.drill
@pytest.mark.parametrize("state", ["with trades", *STATES])
def test_every_answer_is_of_its_promised_type(state: str, request: pytest.FixtureRequest) -> None:
    if state == "with trades":
        session, symbol = request.getfixturevalue("traded"), SYMBOL
    else:
        session, symbol = STATES[state](), "SPX"
    with market(session) as client:
        for name, promised in ANSWERED.items():
            call = getattr(client, name)
            answer = call(**_arguments(call, symbol) or {})
            unpromised = {path for path, _ in nulls(promised, answer)} - WITHHELD
            if state == "with trades":
                assert unpromised == set(), name
            else:
                last = {path.rpartition(".")[2] for path in unpromised}
                assert last <= WITHOUT_TRADES | WITHOUT_LABEL, name
            msgspec.convert(without_null(answer), promised)
            if answer.get("body", True) is not None and "no_zero_dte" not in answer:
                assert set(absent(promised, answer)) <= DEGRADED | {"last_session"}, name


def without_null(value: Any) -> Any:
    """An answer without its nulls, at any depth: what they may stand in for is checked apart."""
    if isinstance(value, list):
        return [without_null(item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    return {name: without_null(inner) for name, inner in value.items() if inner is not None}


def nulls(promised: Any, value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted paths of nulls where the client's type has no null, at any depth."""
    for name, hint in get_type_hints(promised).items():
        if name not in value:
            continue
        inner, path = value[name], f"{at}{name}"
        choices = get_args(hint) if get_origin(hint) is Union else (hint,)
        if inner is None:
            if type(None) not in choices and Any not in choices:
                yield path, hint
            continue
        for choice in choices:
            if is_typeddict(choice):
                yield from nulls(choice, inner, f"{path}.")
            elif get_origin(choice) is list and is_typeddict(get_args(choice)[0]):
                for item in inner:
                    yield from nulls(get_args(choice)[0], item, f"{path}[].")


def test_the_walk_finds_a_null_that_was_not_promised() -> None:
    promised = flashalpha.types.FlowPinRiskResponse
    spoilt = {"live_pin_risk": None, "magnet_strike": None, "breakdown": {"oi_score": None}}
    assert [path for path, _ in nulls(promised, spoilt)] == ["live_pin_risk", "breakdown.oi_score"]


#: How a client is refused: the call, its exception, its status, the code of the body. Keys and
#: plans add 401, 403 and 429.
REFUSALS: Final[list[tuple[Callable[[flashalpha.FlashAlpha], Any], type, int, str]]] = [
    (
        lambda c: c.flow_levels("SPX", expiry="soon"),
        flashalpha.FlashAlphaError,
        400,
        "invalid_expiry",
    ),
    (lambda c: c.gex("SPX", expiration="x"), flashalpha.FlashAlphaError, 400, "invalid_expiry"),
    (lambda c: c.gex("SPX", min_oi="x"), flashalpha.FlashAlphaError, 400, "invalid_min_oi"),
    (lambda c: c.flow_live("XYZ"), flashalpha.NotFoundError, 404, "symbol_not_found"),
    (lambda c: c.stock_quote("XYZ"), flashalpha.NotFoundError, 404, "symbol_not_found"),
    (
        lambda c: c.max_pain("SPX", expiration="2022-03-24"),
        flashalpha.NotFoundError,
        404,
        "expiry_not_found",
    ),
    (lambda c: c.universe(), flashalpha.NotFoundError, 404, "not_found"),
]


@pytest.fixture(scope="module")
def usual_client() -> Iterator[flashalpha.FlashAlpha]:
    with market(STATES["in session"]()) as client:
        yield client


@pytest.mark.parametrize(("call", "expected", "status", "code"), REFUSALS)
def test_a_refusal_raises_its_exception(
    usual_client: flashalpha.FlashAlpha,
    call: Callable[[flashalpha.FlashAlpha], Any],
    expected: type[flashalpha.FlashAlphaError],
    status: int,
    code: str,
) -> None:
    with pytest.raises(expected) as refused:
        call(usual_client)
    assert type(refused.value) is expected
    assert (refused.value.status_code, refused.value.response["error"]) == (status, code)
    assert len(str(refused.value).split()) > 3


def test_every_method_raises_a_server_error_while_nothing_has_been_read() -> None:
    with market(None) as client:
        for name in ANSWERED:
            if name == "account":
                continue  # access knows it, not the market
            call = getattr(client, name)
            with pytest.raises(flashalpha.ServerError) as refused:
                call(**_arguments(call, "SPX") or {})
            assert refused.value.status_code == 503


def test_an_unknown_symbol_raises_not_found_or_is_empty(
    usual_client: flashalpha.FlashAlpha,
) -> None:
    """The windows of a symbol are empty where it has no samples, as published."""
    empty, codes = [], set()
    for name in ANSWERED:
        call = getattr(usual_client, name)
        arguments = _arguments(call, "XYZ")
        if not arguments:
            continue
        try:
            empty.append((name, call(**arguments)["bars"]))
        except flashalpha.NotFoundError as refused:
            codes.add(refused.response["error"])
    assert codes == {"symbol_not_found"}
    assert dict(empty) == {
        f"flow_zero_dte_{name}": [] for name in ("heatmap", "hedge_flow", "series", "strike_flow")
    }


def test_the_quick_start_prints_its_lines(
    traded: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    with market(traded) as client:
        gex = client.gex(SYMBOL)
        print(f"Net GEX: ${gex['net_gex']:,.0f}")
        print(f"Flip: {gex['gamma_flip']} ({gex['gamma_flip_status']})")
        for row in gex["strikes"][:5]:
            print(f"  {row['strike']}: net ${row['net_gex']:,.0f}")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert re.fullmatch(r"Net GEX: \$-?[\d,]{4,}", lines[0])
    assert all(re.fullmatch(r"  \d+\.0: net \$-?[\d,]+", line) for line in lines[2:])


JAVASCRIPT: Final = """
const get = async (path) => {
  const answer = await fetch(process.argv[2] + path, {headers: {"X-Api-Key": "any-key"}});
  if (!answer.ok) throw new Error(`${answer.status} ${(await answer.json()).error}`);
  return answer.json();
};
const gex = await get("/v1/exposure/gex/DEMO");
console.log(`net ${gex.net_gex.toFixed(0)} flip ${gex.gamma_flip} ${gex.gamma_flip_status}`);
for (const row of gex.strikes.slice(0, 5)) console.log(row.strike, row.net_gex.toFixed(0));
const snap = await get("/v1/flow/zero-dte/snapshot/DEMO");
console.log(snap.body.headline.trade_angle, snap.body.headline.severity);
console.log(snap.body.setup.primary.name, snap.body.probabilities.pin.value.toFixed(2));
const live = await get("/v1/flow/live/DEMO?expiry=" + snap.expiration);
const {levels, exposures} = snap;
console.log(live.live_call_wall === levels.call_wall, live.live_gex === exposures.net_gex);
await get("/v1/flow/live/XYZ").catch((refused) => console.log(refused.message));
"""


@pytest.mark.drill
def test_javascript_reads_the_same(traded: Session, tmp_path: Path) -> None:
    if (node := shutil.which("node")) is None:
        pytest.skip("node is not installed")
    script = tmp_path / "quick_start.mjs"
    script.write_text(JAVASCRIPT)
    with market(traded) as client:
        ran = subprocess.run(
            [node, str(script), client.base_url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": str(Path(node).parent)},
        )
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(r"net -?\d+ flip (null|\d+\.?\d*) \w+", lines[0])
    assert lines[-2:] == ["true true", "404 symbol_not_found"]
