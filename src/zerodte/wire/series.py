"""The query and the answer of `/v1/flow/zero-dte/series/{symbol}`."""

from typing import Annotated

from msgspec import Struct

from zerodte.constants import WINDOW
from zerodte.wire.base import Number, Timestamp, Whole, about
from zerodte.wire.positioning import FlipStatus, RegimeLabel
from zerodte.wire.query import SymbolQuery
from zerodte.wire.window import WINDOW_CODES, Bar, BarSize, Minutes, WindowAnswer


class SeriesBar(Struct, frozen=True, gc=False):
    """The last sample of a bar; null where a figure was unknown."""

    # Fields are positional, so that columns become bars in one pass.

    t: Annotated[Timestamp, about("The sample's time, UTC.")]
    spot: Annotated[Number, about("Dollars.")]
    net_gex: Annotated[Number, about("Dollars per 1% move.")]
    net_dex: Annotated[Number, about("Delta dollars of the holders.")]
    gamma_flip: Annotated[Number, about("Dollars; null unless available.")]
    gamma_flip_status: Annotated[FlipStatus | None, about("Why the flip is given or withheld.")]
    call_wall: Annotated[Number, about("Strike of the largest call GEX.")]
    put_wall: Annotated[Number, about("Strike of the most negative put GEX.")]
    magnet: Annotated[Number, about("Strike of the largest |net GEX|.")]
    pin_score: Annotated[Whole, about("0 to 100.")]
    pin_probability_pct: Annotated[Number, about("Percent; null until there are probabilities.")]
    regime: Annotated[RegimeLabel | None, about("Sign of net GEX at spot.")]
    atm_iv: Annotated[Number, about("At-the-money volatility, a fraction.")]
    charm_dollars_per_hour: Annotated[
        Number, about("What the next hour makes dealers buy, dollars.")
    ]
    hedge_flow_call_cumulative: Annotated[
        Whole, about("Signed delta dollars of calls since the open; null before any trade.")
    ]
    hedge_flow_put_cumulative: Annotated[Whole, about("The same of puts.")]
    hedge_flow_cumulative_all: Annotated[Whole, about("Calls plus puts.")]
    spot_low: Annotated[Number, about("Lowest spot of the bar, by the second, dollars.")]
    spot_high: Annotated[Number, about("Highest spot of the bar, by the second, dollars.")]
    remaining_1sd_dollars: Annotated[Number, about("One sigma from then to the close, dollars.")]
    data_quality_score: Annotated[Whole, about("0 to 100.")]
    inventory_net_gex: Annotated[
        Number, about("Dealers' own book, dollars per 1% move; null before any trade.")
    ]
    inventory_net_gex_low: Annotated[Number, about("Lower end of its 90% interval.")]
    inventory_net_gex_high: Annotated[Number, about("Upper end.")]


class Series(WindowAnswer, frozen=True, kw_only=True, gc=False):
    """The headline figures of a day, bar by bar."""

    bar_size: Annotated[BarSize, about("As asked.")]
    bars: Annotated[list[SeriesBar], about("Ascending; empty without samples.")]


class SeriesQuery(SymbolQuery, frozen=True, kw_only=True, gc=False):
    """Asks for the headline figures of a day, bar by bar."""

    codes = WINDOW_CODES

    bar: Bar = "30s"
    minutes: Minutes = WINDOW
