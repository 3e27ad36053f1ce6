"""The answers about a caller, as bytes of the wire."""

import msgspec

from zerodte.access.stream_tickets import StreamTicket
from zerodte.access.usage import Usage
from zerodte.constants import SECOND
from zerodte.wire.account import Account
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import DataAsOf
from zerodte.wire.stream_ticket import Ticket


def account(user_id: str | None, plan: str, usage: Usage, data_as_of: DataAsOf) -> bytes:
    """The JSON of a caller's account."""
    answer = Account(
        data_as_of=data_as_of,
        user_id=user_id,
        plan=plan,
        daily_limit=_text(usage.limit),
        usage_today=usage.answers,
        remaining=_text(usage.remaining),
        resets_at=timestamp(usage.reset * SECOND),
    )
    return msgspec.json.encode(answer)


def stream_ticket(ticket: StreamTicket, data_as_of: DataAsOf) -> bytes:
    """The JSON of a new ticket."""
    expires = timestamp(ticket.expires * SECOND)
    return msgspec.json.encode(
        Ticket(data_as_of=data_as_of, ticket=ticket.text, expires_at=expires)
    )


def _text(number: int | None) -> str:
    return "unlimited" if number is None else str(number)
