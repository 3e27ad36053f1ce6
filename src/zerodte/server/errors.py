"""How failed requests are answered: always with the one error shape, never with a traceback."""

import logging
from secrets import token_hex

from zerodte.server.asgi import Scope, Send, begin, body, encoded
from zerodte.server.route import HTTP_METHODS, headers_of_errors
from zerodte.wire.errors import ApiError

#: Characters of a path that are logged.
_LOGGED_PATH = 200

_REJECTIONS = {
    400: ("bad_request", "This is not a well-formed request."),
    404: ("not_found", "There is nothing at this path; /docs lists what there is."),
    405: ("method_not_allowed", f"This path answers {', '.join(HTTP_METHODS)}."),
}

_LOG = logging.getLogger(__name__)


def rejection(status: int) -> ApiError:
    """The error of a request that no route can answer: 400, 404 or 405."""
    return ApiError(*_REJECTIONS[status])


def failure(scope: Scope, error: BaseException) -> ApiError:
    """Log a defect under an id and tell the client only the id."""
    number = token_hex(6)
    fields = {"id": number, "method": scope["method"], "path": scope["path"][:_LOGGED_PATH]}
    _LOG.error("failed", exc_info=error, extra={"fields": fields})
    return ApiError(
        "internal_error", f"The server failed; its log says why, under the id {number}."
    )


async def refuse(error: ApiError, send: Send, allow: str | None = None) -> None:
    """Answer with an error.

    Args:
        error: The error.
        send: The connection's ASGI callable.
        allow: The methods that the path answers, if they are not those of all others.
    """
    content = error.body()
    headers = headers_of_errors(error.status) | {"content-length": str(len(content))}
    if allow is not None:
        headers["allow"] = allow
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    await send(begin(error.status, encoded(headers)))
    await send(body(content))
