"""Access control: every request passes here before anything is answered."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from zerodte.access.stream_tickets import StreamTicket, StreamTickets
from zerodte.access.usage import Usage, next_day
from zerodte.server.asgi import Headers
from zerodte.wire.errors import ApiError

if TYPE_CHECKING:
    from zerodte.server.route import Route

#: Whoever asks without keys has the highest plan.
_HIGHEST: Final = "enterprise"


@dataclass(slots=True)
class Admission:
    """The result of admitting a request.

    Attributes:
        caller: A name for the caller, never a key; None for anybody.
        plan: The name of the caller's plan.
        headers: Added to whatever this caller receives, including errors, cached answers and 304:
            rate limits.
        refusal: Why the request is refused, of a caller that is known.
    """

    caller: str | None
    plan: str
    headers: Headers
    refusal: ApiError | None

    @property
    def usage(self) -> Usage:
        """What the caller has used of the day."""
        return Usage(0, None, next_day(time.time()))

    def settle(self) -> Awaitable[None] | None:
        """Count a 200 or 304, once, before anything of it is sent; `headers` change accordingly.

        Returns:
            What to wait for, if it cannot be counted at once. It raises ApiError if something else
            is to be answered.
        """

    def is_valid(self) -> bool:
        """Whether a stream may go on."""
        return True


class Access(Protocol):
    """Admits requests, on the event loop."""

    def admit(self, route: "Route", query: Mapping[str, str], headers: Headers) -> Admission:
        """Admit or refuse a request.

        Args:
            route: The route; it names the required plan.
            query: The raw parameters of the query string and the path, by name.
            headers: The request's headers, names in lower case.

        Returns:
            The admission, with a refusal if the caller is known but may not ask.

        Raises:
            ApiError: The request is refused, and nothing is known of its caller.
        """
        ...

    def ticket(self, admission: Admission) -> StreamTicket:
        """A ticket that opens one stream for the caller."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """Problems for the operator, shown by `/health`."""
        ...


class OpenAccess:
    """Admits everybody to everything."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._tickets = StreamTickets(now)

    def admit(self, route: "Route", query: Mapping[str, str], headers: Headers) -> Admission:
        """Admit the caller as anybody, on the highest plan."""
        del route, query, headers
        return _EVERYBODY

    def ticket(self, admission: Admission) -> StreamTicket:
        """A ticket, so that programs for servers with keys work here too; nobody checks it."""
        del admission
        return self._tickets.issue(b"")

    def warnings(self) -> tuple[str, ...]:
        """None."""
        return ()


_EVERYBODY: Final = Admission(None, _HIGHEST, [], None)
