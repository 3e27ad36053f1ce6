"""Errors of the client: a class for every error code of the wire, by kind."""

from typing import Final

import msgspec

from zerodte.errors import ZerodteError

_LONGEST_TEXT: Final = 300


class ClientError(ZerodteError):
    """The base of every error of the client."""


class SettingError(ClientError, ValueError):
    """The client cannot be made from these settings."""


class TransportError(ClientError, OSError):
    """The server was not reached, or did not answer in time."""


class ShapeError(ClientError, ValueError):
    """An answer that is not of the contract's shape; what answers may be no such server."""


class LibraryError(ClientError, ImportError):
    """A library of frames is not installed."""


#: The classes of codes; each enters itself.
BY_CODE: Final[dict[str, "type[AnswerError]"]] = {}


class AnswerError(ClientError):
    """The server answered with an error.

    Attributes:
        code: The error's code, such as `symbol_not_found`; of a server that gives none, "".
        status: The HTTP status.
        message: What was wrong and what is allowed.
        retry_after: Seconds after which it is worth asking again; None if the server did not say.
    """

    def __init__(
        self, code: str, status: int, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self.retry_after = retry_after

    def __init_subclass__(cls, code: str = "") -> None:
        """Take the class for the errors of a code."""
        super().__init_subclass__()
        if code:
            BY_CODE[code] = cls


class RefusalError(AnswerError):
    """The request is wrong, and will be refused again."""


class BadRequestError(RefusalError, code="bad_request"):
    """bad_request."""


class BarUnavailableError(RefusalError, code="bar_unavailable"):
    """bar_unavailable."""


class InvalidAtError(RefusalError, code="invalid_at"):
    """invalid_at."""


class InvalidBarError(RefusalError, code="invalid_bar"):
    """invalid_bar."""


class InvalidDigitsError(RefusalError, code="invalid_digits"):
    """invalid_digits."""


class InvalidExpiryError(RefusalError, code="invalid_expiry"):
    """invalid_expiry."""


class InvalidInventoryError(RefusalError, code="invalid_inventory"):
    """invalid_inventory."""


class InvalidMetricError(RefusalError, code="invalid_metric"):
    """invalid_metric."""


class InvalidMinOiError(RefusalError, code="invalid_min_oi"):
    """invalid_min_oi."""


class InvalidMinutesError(RefusalError, code="invalid_minutes"):
    """invalid_minutes."""


class InvalidModeError(RefusalError, code="invalid_mode"):
    """invalid_mode."""


class InvalidNError(RefusalError, code="invalid_n"):
    """invalid_n."""


class InvalidSymbolsError(RefusalError, code="invalid_symbols"):
    """invalid_symbols."""


class InvalidTicksError(RefusalError, code="invalid_ticks"):
    """invalid_ticks."""


class InvalidSideError(RefusalError, code="invalid_side"):
    """invalid_side."""


class InvalidStrikeRangeError(RefusalError, code="invalid_strike_range"):
    """invalid_strike_range."""


class InvalidStrikesError(RefusalError, code="invalid_strikes"):
    """invalid_strikes."""


class NoStrikeDataForWindowError(RefusalError, code="no_strike_data_for_window"):
    """no_strike_data_for_window."""


class MethodNotAllowedError(RefusalError, code="method_not_allowed"):
    """method_not_allowed."""


class NotAcceptableError(RefusalError, code="not_acceptable"):
    """not_acceptable."""


class OriginRefusedError(RefusalError, code="origin_refused"):
    """origin_refused."""


class BodyTooLargeError(RefusalError, code="body_too_large"):
    """body_too_large."""


class UriTooLongError(RefusalError, code="uri_too_long"):
    """uri_too_long."""


class MisdirectedRequestError(RefusalError, code="misdirected_request"):
    """misdirected_request."""


class HeadersTooLargeError(RefusalError, code="headers_too_large"):
    """headers_too_large."""


class AbsenceError(AnswerError):
    """What is asked about is not there."""


class NotFoundError(AbsenceError, code="not_found"):
    """not_found: the path."""


class NoDataError(AbsenceError, code="no_data"):
    """no_data: no stored samples of that day."""


class SymbolNotFoundError(AbsenceError, code="symbol_not_found"):
    """symbol_not_found."""


class ExpiryNotFoundError(AbsenceError, code="expiry_not_found"):
    """expiry_not_found."""


class KeyRefusalError(AnswerError):
    """The key does not allow it."""


class UnauthorizedError(KeyRefusalError, code="unauthorized"):
    """unauthorized: no key, or not a valid one."""


class TierRestrictedError(KeyRefusalError, code="tier_restricted"):
    """tier_restricted.

    Attributes:
        current_plan: Display name of the key's plan; None if not given.
        required_plan: Display name of the lowest plan that will do; None if not given.
    """

    current_plan: str | None = None
    required_plan: str | None = None


class QuotaExceededError(KeyRefusalError, code="quota_exceeded"):
    """quota_exceeded: the day's answers are used up, or requests come too fast."""


class ServerSideError(AnswerError):
    """The server cannot answer; the same request may succeed later."""


class RequestTimeoutError(ServerSideError, code="request_timeout"):
    """request_timeout."""


class InternalError(ServerSideError, code="internal_error"):
    """internal_error."""


class SessionUnreadableError(ServerSideError, code="session_unreadable"):
    """session_unreadable: a stored session is damaged."""


class HistoryUnavailableError(ServerSideError, code="history_unavailable"):
    """history_unavailable: the store of past sessions does not respond."""


class KeysUnavailableError(ServerSideError, code="keys_unavailable"):
    """keys_unavailable."""


class WarmingUpError(ServerSideError, code="warming_up"):
    """warming_up: not enough has been received yet."""


#: The code of a status, for servers that give none of ours.
_CODE_OF_STATUS: Final = {
    401: "unauthorized",
    403: "tier_restricted",
    404: "not_found",
    408: "request_timeout",
    429: "quota_exceeded",
    431: "headers_too_large",
}


class _ErrorText(msgspec.Struct):
    """What an error's body may tell."""

    error: str | None = None
    message: str | None = None
    detail: str | None = None
    current_plan: str | None = None
    required_plan: str | None = None


def error_of(status: int, content: bytes, retry_after: float | None) -> AnswerError:
    """The error of an answer with an HTTP status that is not a success."""
    try:
        body = msgspec.json.decode(content, type=_ErrorText)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        body = _ErrorText(
            message=content[:_LONGEST_TEXT].decode("utf-8", "replace").strip() or None
        )
    code = body.error if body.error in BY_CODE else _CODE_OF_STATUS.get(status, body.error or "")
    fallback = RefusalError if status < 500 else ServerSideError
    message = body.message or body.detail or f"the server answered {status} without a reason"
    error = BY_CODE.get(code, fallback)(code, status, message, retry_after)
    if isinstance(error, TierRestrictedError):
        error.current_plan, error.required_plan = body.current_plan, body.required_plan
    return error
