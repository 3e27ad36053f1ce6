"""How a failed request is answered: always the one error shape, never a traceback."""

import logging
from typing import Any, TypeAlias

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from zerodte.server.route import HEADERS, METHODS
from zerodte.wire.errors import ApiError

AnyRequest: TypeAlias = Request[Any, Any, Any]

_REJECTIONS = {
    400: ("bad_request", "This is not a well-formed request."),
    404: ("not_found", "There is nothing at this path; /docs lists what there is."),
    405: ("method_not_allowed", f"This path answers {' and '.join(METHODS)}."),
}

_LOG = logging.getLogger(__name__)


def _refused(_: AnyRequest, error: ApiError) -> Response[bytes]:
    headers = dict(HEADERS["json"])
    if error.status == 405:
        headers["allow"] = ", ".join(METHODS)
    return Response(error.body(), status_code=error.status, headers=headers)


def _rejected(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework refuses before a route is reached."""
    if error.status_code not in _REJECTIONS:
        return _failed(request, error)
    code, message = _REJECTIONS[error.status_code]
    return _refused(request, ApiError(code, message))


def _failed(request: AnyRequest, error: Exception) -> Response[bytes]:
    _LOG.error("failed on %s %r", request.method, request.scope["path"], exc_info=error)
    return _refused(request, ApiError("internal_error", "The server failed; it has logged why."))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    ApiError: _refused,
    HTTPException: _rejected,
    Exception: _failed,
}
