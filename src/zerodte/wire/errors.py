"""The one error shape, and the table of every code with its HTTP status."""

from typing import Annotated, Literal

import msgspec
from msgspec import Struct

from zerodte.errors import ZerodteError
from zerodte.wire.base import about

#: Every `error` code and its HTTP status.
STATUS: dict[str, int] = {
    "bad_request": 400,
    "bar_unavailable": 400,
    "invalid_at": 400,
    "invalid_bar": 400,
    "invalid_expiry": 400,
    "invalid_metric": 400,
    "invalid_min_oi": 400,
    "invalid_minutes": 400,
    "invalid_mode": 400,
    "invalid_n": 400,
    "invalid_side": 400,
    "invalid_strike_range": 400,
    "no_strike_data_for_window": 400,
    "not_found": 404,
    "no_data": 404,
    "symbol_not_found": 404,
    "expiry_not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "request_timeout": 408,
    "uri_too_long": 414,
    "misdirected_request": 421,
    "headers_too_large": 431,
    "internal_error": 500,
    "session_unreadable": 500,
    "history_unavailable": 503,
    "warming_up": 503,
}


class ErrorBody(Struct, frozen=True, kw_only=True, gc=False):
    """The one error shape. Some codes add fields of their own."""

    status: Annotated[Literal["ERROR"], about("Always ERROR.")] = "ERROR"
    error: Annotated[str, about("A code for programs.")]
    message: Annotated[str, about("What was wrong and what is allowed, for people.")]


class ApiError(ZerodteError):
    """Ends a request with an error answer.

    Args:
        code: One of `STATUS`.
        message: What was wrong and what is allowed.
        extra: More fields of the body.
    """

    def __init__(self, code: str, message: str, **extra: str | int | None) -> None:
        super().__init__(message)
        self.code = code
        self.status = STATUS[code]
        self.message = message
        self.extra = extra

    def body(self) -> bytes:
        """The JSON of the error shape."""
        shape = ErrorBody(error=self.code, message=self.message)
        return msgspec.json.encode(msgspec.structs.asdict(shape) | self.extra)
