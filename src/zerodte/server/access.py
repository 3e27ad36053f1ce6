"""Access control: every request passes here before anything is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from zerodte.server.asgi import Headers
from zerodte.server.route import Route


@dataclass(frozen=True, slots=True)
class Admission:
    """The result of admitting a request.

    Attributes:
        who: A name for the caller, never a key.
        plan: The caller's plan.
        headers: Added to whatever this caller receives, including errors, cached answers and 304:
            rate limits, allowed origins.
    """

    who: str
    plan: str
    headers: Headers


class Access(Protocol):
    """Admits requests, on the event loop."""

    def admit(self, route: Route, query: Mapping[str, str], headers: Headers) -> Admission:
        """Admit or refuse a request.

        Args:
            route: The route; it names the required plan.
            query: The raw parameters of the query string and the path, by name.
            headers: The request's headers, names in lower case.

        Raises:
            ApiError: The request is refused.
        """
        ...


_EVERYBODY: Final = Admission("anonymous", "enterprise", [])


class OpenAccess:
    """Admits everybody to everything."""

    def admit(self, route: Route, query: Mapping[str, str], headers: Headers) -> Admission:
        """Admit the caller as anonymous, on the highest plan."""
        del route, query, headers
        return _EVERYBODY
