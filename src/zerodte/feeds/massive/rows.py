"""Rows of Massive's REST interface, as servers of ours answer them, and their pages."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from zerodte.feeds.massive.pages import ROWS_PER_PAGE
from zerodte.feeds.message_board import Fields
from zerodte.market.osi import Contract
from zerodte.market.roots import root_info

#: Entries of a page, if a client does not say.
_USUAL_PAGE: Final = 10


def contract_row(ticker: str, contract: Contract) -> Fields:
    """A row of `/v3/reference/options/contracts`."""
    info = root_info(contract.root)
    return {
        "cfi": "OCASPS",
        "exercise_style": "european" if info.is_index else "american",
        "primary_exchange": "BATO",
        "shares_per_contract": 100,
        "underlying_ticker": info.symbol,
        **details_of(ticker, contract),
    }


def details_of(ticker: str, contract: Contract) -> Fields:
    """What every row has of its contract."""
    return {
        "contract_type": "call" if contract.right == "C" else "put",
        "expiration_date": contract.expiry.isoformat(),
        "strike_price": contract.strike,
        "ticker": ticker,
    }


def interest_row(ticker: str, contract: Contract, day: datetime.date, figure: int) -> Fields:
    """A row of `/options/v1/open-interest`; the figure is that of a session's end."""
    return {
        "date": day.isoformat(),
        "open_interest": figure,
        "root": contract.root,
        "underlying_ticker": root_info(contract.root).symbol,
        **details_of(ticker, contract),
    }


def is_within(value: str, name: str, query: Mapping[str, str]) -> bool:
    """Whether a value is what a query asks for, by its bounds."""
    return (
        query.get(name, value) == value
        and query.get(f"{name}.gte", value) <= value
        and value <= query.get(f"{name}.lte", value)
        and (f"{name}.lt" not in query or value < query[f"{name}.lt"])
    )


def page_of(
    base: str, query: Mapping[str, str], rows: Sequence[Fields], most: int = ROWS_PER_PAGE
) -> Fields:
    """A page of rows, with the address of the next one.

    Args:
        base: The address of the request.
        query: Its fields.
        rows: All of them.
        most: Entries of a page.
    """
    first, count = query.get("cursor", "0"), query.get("limit", str(_USUAL_PAGE))
    begin = int(first) if first.isascii() and first.isdecimal() else 0
    size = min(int(count), most) if count.isascii() and count.isdecimal() else _USUAL_PAGE
    answer: Fields = {
        "status": "OK",
        "request_id": "0" * 32,
        "results": list(rows[begin : begin + size]),
    }
    if begin + size < len(rows):
        more = {name: one for name, one in query.items() if name != "apiKey"}
        answer["next_url"] = f"{base}?{urlencode(more | {'cursor': str(begin + size)})}"
    return answer
