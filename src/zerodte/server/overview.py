"""The table of the page at `/table`: a row a symbol, read from its snapshot as a client would."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from html import escape
from typing import TypeVar

import msgspec

from zerodte.clock import NEW_YORK, new_york
from zerodte.server.level_chart import level_chart
from zerodte.service.market_service import MarketService
from zerodte.wire.conditions import ExpectedMove, Flow
from zerodte.wire.decision import DealerInventory, Headline
from zerodte.wire.errors import ApiError
from zerodte.wire.exposure import ExposureQuery, NextSession
from zerodte.wire.positioning import (
    Exposures,
    FlowDirection,
    Hedging,
    HedgingMove,
    Levels,
    PinRisk,
    Regime,
)
from zerodte.wire.query import Query
from zerodte.wire.snapshot import SnapshotQuery
from zerodte.wire.text import dollars

S = TypeVar("S", bound=msgspec.Struct)
_UNKNOWN = "–"
#: The column heads, and the smaller figure shown below each main one.
_CLOSE = time(16)
_NEXT_HEAD = (
    ("symbol", "expiry"),
    ("spot", "quotes of"),
    ("regime", "open interest"),
    ("put wall", ""),
    ("flip", "spot to flip"),
    ("magnet", "max pain"),
    ("call wall", ""),
    ("net GEX", ""),
    ("expected move", "straddle"),
)
_HEAD = (
    ("symbol", "expiry"),
    ("spot", "to the close"),
    ("regime", "pin score"),
    ("levels", "within one sigma shaded"),
    ("put wall", ""),
    ("flip", "spot to flip"),
    ("magnet", "max pain"),
    ("call wall", ""),
    ("net GEX", "inventory, 90%"),
    ("expected move", "straddle"),
    ("flow since the open", "what it did to net GEX"),
    ("volume", "put/call"),
    ("hedge of +1%", "of −1%"),
)


class _Blocks(msgspec.Struct, frozen=True):
    """The blocks of a snapshot that the table shows."""

    regime: Regime
    exposures: Exposures
    expected_move: ExpectedMove
    pin_risk: PinRisk
    hedging: Hedging
    flow: Flow
    levels: Levels
    flow_direction: FlowDirection
    headline: Headline
    dealer_inventory: DealerInventory | None = None


class _Answer(msgspec.Struct, frozen=True):
    """The fields of an answer that the table shows, whichever form it has."""

    symbol: str
    source: str
    as_of: datetime
    underlying_price: float | None = None
    expiration: str | None = None
    time_to_close_hours: float | None = None
    market_open: bool = True
    last_session: date | None = None
    next_session: NextSession | None = None
    message: str = ""
    body: _Blocks | None = None


class _Outside(msgspec.Struct, frozen=True):
    """What an exposure says of the next expiry."""

    symbol: str
    next_session: NextSession | None = None


def overview(service: MarketService) -> str:
    """Every symbol's regime, levels and flow, as HTML; a row shows an error in its place."""
    status = service.status()
    symbols = status.symbols
    if not symbols:
        reasons = "; ".join(status.health.reasons) or "Past instants are answered, with at."
        return f'<p class="note">No symbol yet. {escape(reasons)}</p>'
    rows, moments, later, newest = [], [], [], None
    for symbol in symbols:
        try:
            answer = _last(service, symbol)
            if not answer.market_open or answer.last_session is not None:
                later.append(_ask(service, ExposureQuery(symbol=symbol), _Outside))
        except ApiError as error:
            rows.append(_row(_stacked(escape(symbol), ""), _note(error.message)))
            continue
        newest = max(newest, answer, key=lambda each: each.as_of) if newest else answer
        name = _stacked(f"<b>{escape(symbol)}</b>", escape(answer.expiration or ""))
        if answer.body:
            moments.append(_moment(symbol, answer.body.headline))
        cells = _cells(answer, answer.body) if answer.body else (_note(answer.message),)
        rows.append(_row(name, *cells))
    following = [_next_row(each.symbol, each.next_session) for each in later if each.next_session]
    table = _table(_HEAD, rows)
    if following:
        table += "<h2>The next expiry</h2>" + _table(_NEXT_HEAD, following)
    said = f'<ul class="moments">{"".join(moments)}</ul>' if moments else ""
    return (_stamp(newest) if newest else "") + said + table


def _last(service: MarketService, symbol: str) -> _Answer:
    """The snapshot of a symbol; outside the session that of its last sample, if there is one."""
    answer = _ask(service, SnapshotQuery(symbol=symbol), _Answer)
    if answer.last_session is None:
        return answer
    close = new_york(answer.last_session, _CLOSE)
    try:
        return _ask(service, SnapshotQuery(symbol=symbol, at=close), _Answer)
    except ApiError:
        return answer


def _ask(service: MarketService, query: Query, form: type[S]) -> S:
    return msgspec.json.decode(service.answer(query), type=form)


def _table(head: Sequence[tuple[str, str]], rows: Sequence[str]) -> str:
    names = "".join(f"<th>{name}<small>{below}</small></th>" for name, below in head)
    return f'<div class="wide"><table class="market"><tr>{names}</tr>{"".join(rows)}</table></div>'


def _next_row(symbol: str, then: NextSession) -> str:
    """The map of the next expiry, in the order of `_NEXT_HEAD`."""
    regime, levels, move = then.regime, then.levels, then.expected_move
    at = then.as_of.astimezone(NEW_YORK)
    return _row(
        _stacked(f"<b>{escape(symbol)}</b>", f"{then.expiration}"),
        _stacked(_price(then.underlying_price), f"{at:%m-%d %H:%M}"),
        _stacked(_regime_badge(regime), "provisional" if then.provisional else "published"),
        _stacked(_price(levels.put_wall), _share(levels.distance_to_put_wall_pct)),
        _stacked(_price(regime.gamma_flip), _flip_note(regime)),
        _stacked(_price(then.magnet_strike), _price(then.max_pain)),
        _stacked(_price(levels.call_wall), _share(levels.distance_to_call_wall_pct)),
        _stacked(_signed(then.net_gex), ""),
        _stacked(_move_text(move), _price(move.straddle_price)),
    )


def _stamp(answer: _Answer) -> str:
    """Where the data comes from, and its time."""
    at = answer.as_of.astimezone(NEW_YORK)
    what = {
        "simulated": "<b>Simulated.</b> This is not market data: it is generated, to look around.",
        "replay": "<b>Replay</b> of a recorded session.",
    }.get(answer.source, f"<b>{escape(answer.source)}</b>")
    return (
        f'<p class="stamp"><span class="badge source-{escape(answer.source)}">{what}</span> '
        f"<time>{at:%A %Y-%m-%d, %H:%M:%S} New York</time>"
        f"{'' if answer.market_open else ' The session is closed.'}</p>"
    )


def _moment(symbol: str, headline: Headline) -> str:
    """What a trader reads first."""
    badge = f'<span class="badge {headline.severity}">{headline.severity}</span>'
    return f"<li><b>{escape(symbol)}</b> {badge} {escape(headline.narrative)}</li>"


def _cells(answer: _Answer, body: _Blocks) -> Iterator[str]:
    """The figures of a symbol in session, in the order of `_HEAD`."""
    regime, levels, pin, move = body.regime, body.levels, body.pin_risk, body.expected_move
    flow, direction, book = body.flow, body.flow_direction, body.dealer_inventory
    spot = answer.underlying_price
    yield _stacked(_price(spot), f"{_number(answer.time_to_close_hours, '.1f')} h")
    yield _stacked(
        _regime_badge(regime),
        f"pin {_number(pin.pin_score, 'd')}",
    )
    yield level_chart(spot, move, levels, regime.gamma_flip, pin.magnet_strike)
    yield _stacked(_price(levels.put_wall), _share(levels.distance_to_put_wall_pct))
    yield _stacked(
        _price(regime.gamma_flip),
        _flip_note(regime),
    )
    yield _stacked(_price(pin.magnet_strike), _price(pin.max_pain))
    yield _stacked(_price(levels.call_wall), _share(levels.distance_to_call_wall_pct))
    interval = f"{_money(book.net_gex_low)} to {_money(book.net_gex_high)}" if book else _UNKNOWN
    yield _stacked(_signed(body.exposures.net_gex), interval)
    yield _stacked(
        _move_text(move),
        _price(move.straddle_price),
    )
    label = direction.label.replace("_", " ") if direction.label else _UNKNOWN
    yield _stacked(
        f'<span title="{escape(direction.description)}">{label}</span>',
        _signed(direction.flow_gex_adjustment),
    )
    yield _stacked(_number(flow.total_volume, ",d"), _number(flow.pc_ratio_volume, ".2f"))
    yield _stacked(_hedge(body.hedging.spot_up_1pct), _hedge(body.hedging.spot_down_1pct))


def _regime_badge(regime: Regime) -> str:
    label = regime.label.replace("_", " ")
    return f'<span class="badge {regime.label}" title="{escape(regime.description)}">{label}</span>'


def _flip_note(regime: Regime) -> str:
    """The distance to the flip, or why it is withheld."""
    if regime.gamma_flip is not None:
        return _share(regime.spot_to_flip_pct)
    return escape(regime.gamma_flip_status.replace("_", " "))


def _move_text(move: ExpectedMove) -> str:
    if move.remaining_1sd_dollars is None:
        return _UNKNOWN
    return f"±{_price(move.remaining_1sd_dollars)} ({_number(move.remaining_1sd_pct, '.2f')}%)"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _stacked(figure: str, below: str) -> str:
    return f"<td>{figure}<small>{below}</small></td>"


def _note(text: str) -> str:
    return f'<td class="note" colspan="{len(_HEAD) - 1}">{escape(text)}</td>'


def _price(value: float | None) -> str:
    return _number(value, ",.2f")


def _share(percent: float | None) -> str:
    return _UNKNOWN if percent is None else f"{percent:+.2f}%".replace("-", "−")


def _number(value: float | None, form: str) -> str:
    return _UNKNOWN if value is None else format(value, form)


def _money(value: float | None) -> str:
    return _UNKNOWN if value is None else dollars(value).replace("-", "−")


def _signed(value: float | None) -> str:
    kind = "" if not value else "up" if value > 0 else "down"
    return f'<span class="{kind}">{_money(value)}</span>'


def _hedge(move: HedgingMove) -> str:
    if move.direction is None or move.notional_usd is None:
        return _UNKNOWN
    return f"{move.direction} {_money(abs(move.notional_usd))}"
