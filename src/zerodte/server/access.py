"""Who may ask what: the one place that every request passes before anything is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from zerodte.server.asgi import Headers
from zerodte.server.route import Route


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may be answered.

    Attributes:
        who: A name for the caller, never a key.
        plan: The caller's plan.
        headers: Added to this caller's answer, errors, cached answers and 304 included: rate
            limits, allowed origins.
    """

    who: str
    plan: str
    headers: Headers


class Access(Protocol):
    """Admits requests, on the event loop."""

    def admit(self, route: Route, texts: Mapping[str, str], headers: Headers) -> Admission:
        """Admit a request, or refuse it.

        Args:
            route: What is asked; it names the plan that is needed.
            texts: The query string and the path's parameter, by name.
            headers: Of the request, names in lower case.

        Raises:
            ApiError: The request is refused.
        """
        ...


_EVERYBODY: Final = Admission("anonymous", "enterprise", [])


class OpenAccess:
    """Admits everybody to everything."""

    def admit(self, route: Route, texts: Mapping[str, str], headers: Headers) -> Admission:
        """Everybody."""
        del route, texts, headers
        return _EVERYBODY
