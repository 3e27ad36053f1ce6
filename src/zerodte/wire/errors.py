"""The one error shape, and the table of every code with its HTTP status."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from zerodte.errors import ZerodteError
from zerodte.wire.base import Timestamp, about

#: Every `error` code and its HTTP status.
STATUS: dict[str, int] = {
    "bad_request": 400,
    "bar_unavailable": 400,
    "invalid_at": 400,
    "invalid_bar": 400,
    "invalid_digits": 400,
    "invalid_expiry": 400,
    "invalid_inventory": 400,
    "invalid_metric": 400,
    "invalid_min_oi": 400,
    "invalid_minutes": 400,
    "invalid_mode": 400,
    "invalid_n": 400,
    "invalid_symbols": 400,
    "invalid_ticks": 400,
    "invalid_side": 400,
    "invalid_strike_range": 400,
    "invalid_strikes": 400,
    "no_strike_data_for_window": 400,
    "unauthorized": 401,
    "tier_restricted": 403,
    "origin_refused": 403,
    "not_found": 404,
    "no_data": 404,
    "symbol_not_found": 404,
    "expiry_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "request_timeout": 408,
    "body_too_large": 413,
    "uri_too_long": 414,
    "misdirected_request": 421,
    "quota_exceeded": 429,
    "headers_too_large": 431,
    "internal_error": 500,
    "session_unreadable": 500,
    "history_unavailable": 503,
    "keys_unavailable": 503,
    "warming_up": 503,
}


class ErrorBody(Struct, frozen=True, kw_only=True, gc=False):
    """The one error shape. Some codes add fields of their own."""

    status: Annotated[Literal["ERROR"], about("Always ERROR.")] = "ERROR"
    error: Annotated[str, about("A code for programs.")]
    message: Annotated[str, about("What was wrong and what is allowed, for people.")]


class UnauthorizedBody(Struct, frozen=True, kw_only=True, gc=False):
    """The body of a 401. Its `status` is a number, as clients of the published API expect."""

    status: Annotated[Literal[401], about("The HTTP status.")] = 401
    title: Annotated[Literal["Unauthorized"], about("Always Unauthorized.")] = "Unauthorized"
    detail: Annotated[str, about("What is wrong with the key.")]
    error: Annotated[Literal["unauthorized"], about("A code for programs.")] = "unauthorized"
    message: Annotated[str, about("What was wrong and what is allowed, for people.")]


class TierBody(Struct, frozen=True, kw_only=True, gc=False):
    """The body of a 403: the plan is too low."""

    status: Annotated[Literal["ERROR"], about("Always ERROR.")] = "ERROR"
    error: Annotated[Literal["tier_restricted"], about("A code for programs.")] = "tier_restricted"
    message: Annotated[str, about("What was wrong and what is allowed, for people.")]
    current_plan: Annotated[str, about("Display name of the key's plan, such as Basic.")]
    required_plan: Annotated[str, about("Display name of the lowest plan that will do.")]


class QuotaBody(Struct, frozen=True, kw_only=True, gc=False):
    """The body of a 429: the day's answers are used up."""

    status: Annotated[Literal["ERROR"], about("Always ERROR.")] = "ERROR"
    error: Annotated[Literal["Quota exceeded"], about("A text, not a code.")] = "Quota exceeded"
    message: Annotated[str, about("What was wrong and what is allowed, for people.")]
    current_plan: Annotated[str, about("Display name of the key's plan, such as Free.")]
    limit: Annotated[int, about("Answers per UTC day.")]
    upgrade_to: Annotated[
        str | UnsetType,
        about("Display name of the next plan with more answers; absent if there is none."),
    ] = UNSET
    reset_at: Annotated[Timestamp, about("When the next UTC day begins.")]


#: The shapes of the codes that do not have the one shape, each alone under its HTTP status.
OWN_SHAPES: dict[str, type[Struct]] = {
    "unauthorized": UnauthorizedBody,
    "tier_restricted": TierBody,
    "quota_exceeded": QuotaBody,
}


class ApiError(ZerodteError):
    """Ends a request with an error answer.

    Args:
        code: One of `STATUS`.
        message: What was wrong and what is allowed.
        body: The body, if it has a shape of its own; see `OWN_SHAPES`.
        retry_after: Seconds after which it is worth asking again; None if unknown.
        extra: More fields of the one shape.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        body: Struct | None = None,
        retry_after: int | None = None,
        **extra: str | int | None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUS[code]
        self.message = message
        self.retry_after = retry_after
        self.extra = extra
        self._body = body

    def body(self) -> bytes:
        """The JSON of the error's shape."""
        if self._body is not None:
            return msgspec.json.encode(self._body)
        shape = ErrorBody(error=self.code, message=self.message)
        return msgspec.json.encode(msgspec.structs.asdict(shape) | self.extra)
