"""The map of the next expiry: flip, walls, magnet, max pain and expected move."""

from zerodte.clock import new_york_clock
from zerodte.session.session import Session
from zerodte.views import blocks
from zerodte.views.chain_blocks import warnings
from zerodte.wire.base import timestamp
from zerodte.wire.exposure import NextSession
from zerodte.wire.numbers import number


def next_session(session: Session, symbol: str) -> NextSession | None:
    """The next expiry's chain on settled open interest and its last quotes, however old.

    None where no later chain is listed, or none of its quotes can be used.
    """
    chain = session.next_chain(symbol)
    reading = None if chain is None else session.last_reading(chain, settled=True)
    if chain is None or reading is None:
        return None
    state = reading.state
    published = state.instant.oi_as_of
    return NextSession(
        expiration=chain.expiry,
        provisional=published is None or new_york_clock(published).date() < chain.expiry,
        as_of=timestamp(reading.context.at),
        underlying_price=number(state.spot.value),
        net_gex=number(state.exposures.net_gex),
        regime=blocks.regime_block(state),
        levels=blocks.levels_block(state),
        magnet_strike=number(state.levels.magnet.strike),
        max_pain=number(state.levels.max_pain),
        expected_move=blocks.expected_move_block(state),
        warnings=warnings(reading),
    )
