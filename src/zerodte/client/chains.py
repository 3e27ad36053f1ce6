"""The siblings of the same-day endpoints as methods: all expiries, settled figures, listings."""

from zerodte.client.call import Call, Day, call_of, reader_of
from zerodte.client.method import EndpointMethod
from zerodte.wire.account import Account, AccountQuery
from zerodte.wire.dealer_risk import (
    FlowDealerRisk,
    FlowDealerRiskQuery,
    FlowLive,
    FlowLiveQuery,
    FlowOi,
    FlowOiQuery,
)
from zerodte.wire.health import Health
from zerodte.wire.listing import (
    OptionsMeta,
    OptionsMetaQuery,
    SessionList,
    SessionsQuery,
    StockQuote,
    StockQuoteQuery,
    SymbolList,
    SymbolsQuery,
    TickerList,
    TickersQuery,
)
from zerodte.wire.max_pain import ExpectedMoves, ExpectedMovesQuery, MaxPain, MaxPainQuery
from zerodte.wire.pages import HealthQuery
from zerodte.wire.settled import (
    ChexExposure,
    ChexExposureQuery,
    DexExposure,
    DexExposureQuery,
    ExposureSummary,
    ExposureSummaryQuery,
    GexExposure,
    GexExposureQuery,
    SymbolLevels,
    SymbolLevelsQuery,
    VexExposure,
    VexExposureQuery,
)
from zerodte.wire.stream_ticket import Ticket, TicketQuery
from zerodte.wire.symbol_flow import (
    FlowDex,
    FlowDexQuery,
    FlowGex,
    FlowGexQuery,
    FlowLevels,
    FlowLevelsQuery,
    FlowPinRisk,
    FlowPinRiskQuery,
    FlowSummary,
    FlowSummaryQuery,
)


class ChainEndpoints:
    """The endpoints of all expiries or one."""

    @EndpointMethod
    @staticmethod
    def flow_levels(symbol: str, *, expiry: Day | None = None) -> Call[FlowLevels]:
        """Flip, walls and max pain of all expiries or one, on effective open interest."""
        return call_of(FlowLevelsQuery, reader_of(FlowLevels), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_pin_risk(symbol: str, *, expiry: Day | None = None) -> Call[FlowPinRisk]:
        """How strongly the close is drawn to one strike."""
        return call_of(FlowPinRiskQuery, reader_of(FlowPinRisk), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_summary(symbol: str, *, expiry: Day | None = None) -> Call[FlowSummary]:
        """What the day's trades did to net gamma and open interest."""
        return call_of(FlowSummaryQuery, reader_of(FlowSummary), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_gex(symbol: str, *, expiry: Day | None = None) -> Call[FlowGex]:
        """Gamma exposure by strike."""
        return call_of(FlowGexQuery, reader_of(FlowGex), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_dex(symbol: str, *, expiry: Day | None = None) -> Call[FlowDex]:
        """Delta exposure by strike."""
        return call_of(FlowDexQuery, reader_of(FlowDex), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_dealer_risk(symbol: str, *, expiry: Day | None = None) -> Call[FlowDealerRisk]:
        """Dealers' gamma and delta of the morning beside those of now."""
        return call_of(FlowDealerRiskQuery, reader_of(FlowDealerRisk), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_oi(symbol: str, *, expiry: Day | None = None) -> Call[FlowOi]:
        """Open interest of the morning and now."""
        return call_of(FlowOiQuery, reader_of(FlowOi), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def flow_live(symbol: str, *, expiry: Day | None = None) -> Call[FlowLive]:
        """Levels, pin, open interest and dealers' risk in one answer."""
        return call_of(FlowLiveQuery, reader_of(FlowLive), symbol=symbol, expiry=expiry)

    @EndpointMethod
    @staticmethod
    def gex(
        symbol: str, *, expiration: Day | None = None, min_oi: int | None = None
    ) -> Call[GexExposure]:
        """Gamma exposure by strike on settled open interest, all expiries or one."""
        return call_of(
            GexExposureQuery,
            reader_of(GexExposure),
            symbol=symbol,
            expiration=expiration,
            min_oi=min_oi,
        )

    @EndpointMethod
    @staticmethod
    def dex(symbol: str, *, expiration: Day | None = None) -> Call[DexExposure]:
        """Delta exposure by strike, settled."""
        return call_of(
            DexExposureQuery, reader_of(DexExposure), symbol=symbol, expiration=expiration
        )

    @EndpointMethod
    @staticmethod
    def vex(symbol: str, *, expiration: Day | None = None) -> Call[VexExposure]:
        """Vanna exposure by strike, settled."""
        return call_of(
            VexExposureQuery, reader_of(VexExposure), symbol=symbol, expiration=expiration
        )

    @EndpointMethod
    @staticmethod
    def chex(symbol: str, *, expiration: Day | None = None) -> Call[ChexExposure]:
        """Charm exposure by strike, settled."""
        return call_of(
            ChexExposureQuery, reader_of(ChexExposure), symbol=symbol, expiration=expiration
        )

    @EndpointMethod
    @staticmethod
    def levels(symbol: str) -> Call[SymbolLevels]:
        """Flip, walls and peaks of all expiries, settled."""
        return call_of(SymbolLevelsQuery, reader_of(SymbolLevels), symbol=symbol)

    @EndpointMethod
    @staticmethod
    def exposure_summary(symbol: str) -> Call[ExposureSummary]:
        """Regime, net exposures and what they mean, settled."""
        return call_of(ExposureSummaryQuery, reader_of(ExposureSummary), symbol=symbol)

    @EndpointMethod
    @staticmethod
    def max_pain(symbol: str, *, expiration: Day | None = None) -> Call[MaxPain]:
        """Max pain, its curve, and whether hedging draws there."""
        read = reader_of(MaxPain)
        return call_of(MaxPainQuery, read, symbol=symbol, expiration=expiration)

    @EndpointMethod
    @staticmethod
    def expected_moves(symbol: str, *, expiry: Day | None = None) -> Call[ExpectedMoves]:
        """One sigma of every expiry."""
        return call_of(ExpectedMovesQuery, reader_of(ExpectedMoves), symbol=symbol, expiry=expiry)


class ListingEndpoints:
    """What there is to ask about, and who asks."""

    @EndpointMethod
    @staticmethod
    def options(symbol: str) -> Call[OptionsMeta]:
        """The listed expiries and strikes of a symbol."""
        return call_of(OptionsMetaQuery, reader_of(OptionsMeta), symbol=symbol)

    @EndpointMethod
    @staticmethod
    def stock_quote(symbol: str) -> Call[StockQuote]:
        """The underlying's own bid, ask and last value."""
        return call_of(StockQuoteQuery, reader_of(StockQuote), symbol=symbol)

    @EndpointMethod
    @staticmethod
    def symbols() -> Call[SymbolList]:
        """The symbols with listed options."""
        return call_of(SymbolsQuery, reader_of(SymbolList))

    @EndpointMethod
    @staticmethod
    def sessions() -> Call[SessionList]:
        """The sessions that can be asked about, with their hours."""
        return call_of(SessionsQuery, reader_of(SessionList))

    @EndpointMethod
    @staticmethod
    def tickers() -> Call[TickerList]:
        """Everything that has listed options or a price."""
        return call_of(TickersQuery, reader_of(TickerList))

    @EndpointMethod
    @staticmethod
    def account() -> Call[Account]:
        """The caller's plan and what is left of the day."""
        return call_of(AccountQuery, reader_of(Account))

    @EndpointMethod
    @staticmethod
    def stream_ticket() -> Call[Ticket]:
        """A ticket that opens one stream, for browsers, which cannot send a key with it."""
        return call_of(TicketQuery, reader_of(Ticket))

    @EndpointMethod
    @staticmethod
    def health() -> Call[Health]:
        """Whether the server can answer; an unhealthy one is an answer too."""
        return call_of(HealthQuery, reader_of(Health))
