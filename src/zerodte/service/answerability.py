"""Whether a session can be answered from, symbol by symbol and input by input."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.session.reading import carries_strikes
from zerodte.session.session import Session
from zerodte.wire.text import first_of

#: Inputs that come all through a session, and what they are called in sentences.
_INPUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "equity_feed": "prices of stocks",
        "equity_options_feed": "quotes of options on stocks",
        "index_feed": "index values",
        "index_options_feed": "quotes of options on indices",
        "flow_feed": "option trades",
    }
)
#: An input that came before and is silent for so long has stopped.
_SILENCE: Final = 5 * MINUTE
_NAMED: Final = 5


def unanswered(session: Session) -> tuple[list[str], int]:
    """The symbols whose same-day chain has no figures now, and how many have such a chain.

    Samples tell, so the answer is half a minute old at most; outside the session, and before its
    first sample, there are none.
    """
    if not session.is_open:
        return [], 0
    days = [day for symbol in session.symbols() if (day := session.samples(symbol)) is not None]
    missing = [day.symbol for day in days if not carries_strikes(day.inputs[-1])]
    return missing, len(days)


def sentence_of(symbols: list[str]) -> str:
    """What to say of symbols that have no figures."""
    return f"{first_of(symbols, _NAMED)}: no quote of today's chain can be used now"


def silent_inputs(session: Session) -> list[str]:
    """The inputs that have stopped while the session goes on, of all symbols and of one."""
    if not session.is_open:
        return []
    now = session.now
    whole = [
        f"no {_INPUTS[name]} since {new_york_clock(at):%H:%M:%S} New York"
        for name, at in session.arrivals().items()
        if name in _INPUTS and now - max(at, session.hours.open) > _SILENCE
    ]
    own = session.silent_inputs()
    more = len(own) - _NAMED
    return [*whole, *own[:_NAMED], *([f"{more} more inputs are silent"] if more > 0 else [])]
