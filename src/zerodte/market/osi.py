"""The symbols of option contracts: parses OSI symbols, formats OSI and wire symbols."""

import datetime
import re
from dataclasses import dataclass

from zerodte.errors import ZerodteError


class MarketError(ZerodteError, ValueError):
    """An invalid symbol, date or instant."""


@dataclass(frozen=True, order=True, slots=True)
class Contract:
    """One option contract.

    Attributes:
        root: The OSI root, 'SPXW', without padding.
        expiry: The expiration date, a US/Eastern market date.
        strike: Dollars, a multiple of 0.001.
        right: 'C' or 'P'.
    """

    root: str
    expiry: datetime.date
    strike: float
    right: str


_OSI = re.compile(
    r"(?P<root>[A-Z][A-Z0-9]{0,5}) *(\d\d)(\d\d)(\d\d)(?P<right>[CP])(\d{8})", re.ASCII
)
_ROOT = re.compile(r"[A-Z][A-Z0-9]{0,5}", re.ASCII)
_LARGEST_STRIKE = 99_999.999  # eight digits of thousandths
_CENTURY = 2000  # OSI symbols came into use in 2010 and name the year by two digits


def is_root(text: str) -> bool:
    """Whether a text is a valid OSI root: a capital, then up to five capitals or digits."""
    return _ROOT.fullmatch(text) is not None


def parse_osi(raw: str) -> Contract:
    """Parse an OSI symbol, with the root padded to six characters or not.

    Args:
        raw: 'SPXW  220323C04480000' or 'SPXW220323C04480000'.

    Raises:
        MarketError: If `raw` is not an OSI symbol, its date does not exist, or its strike is
            zero.
    """
    match = _OSI.fullmatch(raw)
    if match is None or (" " in raw and match.start(2) != 6):
        raise MarketError(f"{raw!r} is not an OSI symbol such as 'SPXW  220323C04480000'")
    root, year, month, day, right, thousandths = match.groups()
    try:
        expiry = datetime.date(_CENTURY + int(year), int(month), int(day))
    except ValueError:
        raise MarketError(
            f"{raw!r} names the day {year}{month}{day}, which does not exist"
        ) from None
    strike = int(thousandths) / 1000
    if strike == 0:
        raise MarketError(f"{raw!r} has a strike of zero")
    return Contract(root, expiry, strike, right)


def is_osi(text: str) -> bool:
    """Whether a text is the OSI symbol of a contract."""
    return find_osi(text) is not None


def find_osi(text: str) -> Contract | None:
    """The contract that a text names; None if it is no OSI symbol."""
    try:
        return parse_osi(text)
    except MarketError:
        return None


def format_osi(contract: Contract) -> str:
    """Format a contract as its OSI symbol: 21 characters, with the root padded to six.

    Raises:
        MarketError: If the contract has no OSI symbol: an invalid root, a year outside 2000 to
            2099, a right other than 'C' and 'P', or a strike that does not fit eight digits of
            thousandths.
    """
    root, expiry, strike, right = contract.root, contract.expiry, contract.strike, contract.right
    if not is_root(root):
        raise MarketError(f"root {root!r} is not one to six capitals and digits")
    if expiry.year // 100 != _CENTURY // 100:
        raise MarketError(f"OSI symbols hold the years 2000 to 2099, not {expiry.year}")
    if right not in ("C", "P"):
        raise MarketError(f"right {right!r} is neither 'C' nor 'P'")
    if not 0 < strike <= _LARGEST_STRIKE:
        raise MarketError(f"strike {strike} is not above 0 and at most {_LARGEST_STRIKE}")
    thousandths = round(strike * 1000)
    if abs(strike * 1000 - thousandths) > 1e-6:
        raise MarketError(f"strike {strike} is not a whole number of thousandths")
    return f"{root:<6}{expiry:%y%m%d}{right}{thousandths:08d}"


def wire_symbol(contract: Contract) -> str:
    """Format a contract's wire symbol: 'SPY-260319-C-590', 'GOOG-151224-C-752.5'."""
    return f"{contract.root}-{contract.expiry:%y%m%d}-{contract.right}-{contract.strike:.8g}"
