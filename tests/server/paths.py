"""Where the server answers, and what every refusal has in common."""

import json
from typing import Any, Final

from zerodte.wire.errors import STATUS

#: These want a symbol behind them.
SNAPSHOT: Final = "/v1/flow/zero-dte/snapshot/"
EXPOSURE: Final = "/v1/exposure/zero-dte/"
GEX: Final = "/v1/exposure/gex/"
STREAM: Final = "/v1/flow/zero-dte/stream/"
SERIES: Final = "/v1/flow/zero-dte/series/"
HEDGE_FLOW: Final = "/v1/flow/zero-dte/hedge-flow/"
HEATMAP: Final = "/v1/flow/zero-dte/heatmap/"
STRIKE_FLOW: Final = "/v1/flow/zero-dte/strike-flow/"

LEADERBOARD: Final = "/v1/flow/zero-dte/leaderboard"


def asked(path: str) -> str:
    """What a client asks of a route: SPX, of the stream of several symbols too."""
    return path.replace("{symbol}", "SPX") + ("?symbols=SPX" if path.endswith("/stream") else "")


def assert_error(answer: Any, code: str, hint: str = "") -> None:
    """The one error shape, its status, its headers, and a message that says something."""
    body = json.loads(answer.content)
    assert body.keys() == {"status", "error", "message"}
    assert (body["status"], body["error"]) == ("ERROR", code)
    assert hint in body["message"]
    assert len(body["message"].split()) > 3
    assert answer.status_code == STATUS[code]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
