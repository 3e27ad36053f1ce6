"""The shapes, against the types that the published client promises its users."""

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import flashalpha.types
import msgspec
import pytest

from zerodte.wire.dealer_risk import FlowDealerRisk, FlowLive, FlowOi
from zerodte.wire.envelope import DataAsOf
from zerodte.wire.exposure import ExposureBlocks, Head
from zerodte.wire.heatmap import Heatmap
from zerodte.wire.hedge_flow import HedgeFlow
from zerodte.wire.leaderboard import Leaderboard
from zerodte.wire.listing import OptionsMeta, StockQuote, SymbolList, TickerList
from zerodte.wire.max_pain import ExpectedMoves, MaxPain
from zerodte.wire.series import Series
from zerodte.wire.settled import (
    ChexExposure,
    DexExposure,
    ExposureSummary,
    GexExposure,
    SymbolLevels,
    VexExposure,
)
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks
from zerodte.wire.strike_flow import StrikeFlow
from zerodte.wire.symbol_flow import (
    FlowDex,
    FlowGex,
    FlowLevels,
    FlowPinRisk,
    FlowSummary,
)

DEGRADED = (NoZeroDte, SessionClosed)


@pytest.mark.parametrize(
    ("promised", "shapes"),
    [
        (flashalpha.types.FlowZeroDteSnapshotResponse, (Head, SnapshotBlocks, *DEGRADED)),
        (flashalpha.types.ZeroDteResponse, (Head, ExposureBlocks, NoZeroDte)),
        (flashalpha.types.FlowZeroDteSeriesResponse, (Series,)),
        (flashalpha.types.FlowZeroDteHedgeFlowResponse, (HedgeFlow,)),
        (flashalpha.types.FlowZeroDteHeatmapResponse, (Heatmap,)),
        (flashalpha.types.FlowZeroDteStrikeFlowResponse, (StrikeFlow,)),
        (flashalpha.types.FlowZeroDteLeaderboardResponse, (Leaderboard,)),
        (flashalpha.types.FlowLevelsResponse, (FlowLevels,)),
        (flashalpha.types.FlowPinRiskResponse, (FlowPinRisk,)),
        (flashalpha.types.FlowSummaryResponse, (FlowSummary,)),
        (flashalpha.types.FlowGexResponse, (FlowGex,)),
        (flashalpha.types.FlowDexResponse, (FlowDex,)),
        (flashalpha.types.FlowDealerRiskResponse, (FlowDealerRisk,)),
        (flashalpha.types.FlowOiResponse, (FlowOi,)),
        (flashalpha.types.FlowLiveResponse, (FlowLive,)),
        (flashalpha.types.GexResponse, (GexExposure,)),
        (flashalpha.types.DexResponse, (DexExposure,)),
        (flashalpha.types.VexResponse, (VexExposure,)),
        (flashalpha.types.ChexResponse, (ChexExposure,)),
        (flashalpha.types.ExposureLevelsResponse, (SymbolLevels,)),
        (flashalpha.types.ExposureSummaryResponse, (ExposureSummary,)),
        (flashalpha.types.MaxPainResponse, (MaxPain,)),
        (flashalpha.types.ExpectedMoveResponse, (ExpectedMoves,)),
        (flashalpha.types.StockQuoteResponse, (StockQuote,)),
        (flashalpha.types.OptionsMetaResponse, (OptionsMeta,)),
        (flashalpha.types.SymbolsResponse, (SymbolList,)),
        (flashalpha.types.TickersResponse, (TickerList,)),
        (flashalpha.types.DataAsOf, (DataAsOf,)),
    ],
)
def test_every_promised_field_is_there_with_its_type(
    promised: type, shapes: tuple[type, ...]
) -> None:
    assert list(differences(promised, shapes)) == []


def differences(promised: type, shapes: tuple[type, ...], at: str = "") -> Iterator[str]:
    """What a client's TypedDict has that the Structs, taken together, lack or type otherwise."""
    ours: dict[str, Any] = {}
    for shape in shapes:
        hints = get_type_hints(shape)
        named = {field.encode_name: hints[field.name] for field in msgspec.structs.fields(shape)}
        ours = named | ours
    for name, hint in get_type_hints(promised).items():
        path = f"{at}{name}"
        if name not in ours:
            yield f"{path} is missing"
            continue
        theirs, here = bare(hint), bare(ours[name])
        if is_typeddict(theirs):
            yield from differences(theirs, (here,), f"{path}.")
        elif get_origin(theirs) is list and is_typeddict(get_args(theirs)[0]):
            yield from differences(get_args(theirs)[0], (get_args(here)[0],), f"{path}[].")
        elif get_origin(theirs) is Literal:
            if set(get_args(theirs)) != set(get_args(here)):
                yield f"{path} is one of {get_args(here)}, promised {get_args(theirs)}"
        elif get_args(theirs) == (Any,):
            assert get_origin(here) is get_origin(theirs)
        elif kind(theirs) not in promises(kind(here)):
            yield f"{path} is {here}, promised {theirs}"


def promises(kind: Any) -> tuple[Any, ...]:
    """What a kind may have been promised as: an integer is a number too."""
    if kind == "integer":
        return "integer", "number"
    return ((list, "integer"), (list, "number")) if kind == (list, "integer") else (kind,)


def bare(hint: Any) -> Any:
    """A type without its None."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (choice for choice in get_args(hint) if choice is not type(None))
    return hint


def kind(hint: Any) -> Any:
    """A type as JSON shows it."""
    if get_origin(hint) is list:
        return list, kind(bare(get_args(hint)[0]))
    (schema,), _ = msgspec.json.schema_components([hint])
    return "string" if "enum" in schema else schema["type"]
