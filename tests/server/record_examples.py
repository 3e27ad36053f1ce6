"""Records the examples of the OpenAPI document, from a simulated market and a real port.

`python -m server.record_examples` in `tests` writes `src/zerodte/server/examples.json` anew. Lists
are cut to two items from their middle, so that lists beside each other stay aligned.
"""

import datetime
import json
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from runtime.local_market import ready
from server.keyed import create_key, keyed_server
from server.paths import asked
from server.ports import served
from zerodte.constants import HOUR, SECOND
from zerodte.feeds.simulator.names import NAMES
from zerodte.feeds.simulator.output import write_tape
from zerodte.feeds.simulator.simulation import Simulation
from zerodte.market.calendar import calendar
from zerodte.runtime.replay import replay
from zerodte.runtime.replay_runner import ReplayRunner
from zerodte.server.app import ROUTES, create_app
from zerodte.server.settings import ServerSettings
from zerodte.service.stage import Stage
from zerodte.tape.folder import Tape, open_tape
from zerodte.views.snapshot import snapshot
from zerodte.wire.errors import ApiError
from zerodte.wire.flat import FlatBody
from zerodte.wire.snapshot import SnapshotQuery

FILE: Final = Path(__file__).parents[2] / "src" / "zerodte" / "server" / "examples.json"
#: A Monday, on which SPX has a chain and TSLA has none.
_DAY: Final = datetime.date(2025, 6, 2)
_MINUTES: Final = 35
_FLOW: Final = "/v1/flow/zero-dte"
#: Requests that are refused, with the code of each.
_REFUSED: Final = {
    "bar_unavailable": f"{_FLOW}/heatmap/SPX?bar=30s",
    "invalid_at": f"{_FLOW}/snapshot/SPX?at=noon",
    "invalid_bar": f"{_FLOW}/series/SPX?bar=2m",
    "invalid_digits": f"{_FLOW}/heatmap/SPX?digits=few",
    "invalid_expiry": f"{_FLOW}/snapshot/SPX?expiry=tomorrow",
    "invalid_inventory": f"{_FLOW}/snapshot/SPX?inventory=yes",
    "invalid_min_oi": "/v1/exposure/gex/SPX?min_oi=many",
    "invalid_metric": f"{_FLOW}/heatmap/SPX?metric=speed",
    "invalid_minutes": f"{_FLOW}/series/SPX?minutes=many",
    "invalid_mode": f"{_FLOW}/heatmap/SPX?mode=log",
    "invalid_n": f"{_FLOW}/leaderboard?n=many",
    "invalid_symbols": f"{_FLOW}/stream?symbols=",
    "invalid_ticks": f"{_FLOW}/stream?symbols=SPX&ticks=2",
    "invalid_side": f"{_FLOW}/hedge-flow/SPX?side=both",
    "invalid_strikes": f"{_FLOW}/heatmap/SPX?strikes=5700-5500",
    "invalid_strike_range": f"{_FLOW}/snapshot/SPX?strike_range=wide",
    "not_found": "/v2",
    "no_data": f"{_FLOW}/snapshot/SPX?at=2025-05-30",
    "symbol_not_found": f"{_FLOW}/snapshot/XYZ",
    "expiry_not_found": f"{_FLOW}/snapshot/SPX?expiry=2025-06-07",
    "uri_too_long": "/" + "x" * 10_000,
}
_CLOSE: Final = b"\r\nConnection: close\r\n\r\n"
#: Requests that no client library sends.
_RAW: Final = {
    "bad_request": b"GET /health HTTP/1.1" + _CLOSE,
    "method_not_allowed": b"POST /health HTTP/1.1\r\nHost: localhost" + _CLOSE,
    "misdirected_request": b"GET /health HTTP/1.1\r\nHost: other.example" + _CLOSE,
    "headers_too_large": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000,
    "not_acceptable": f"GET {_FLOW}/snapshot/SPX HTTP/1.1\r\nHost: localhost\r\n"
    "Accept-Encoding: *;q=0".encode()
    + _CLOSE,
    "request_timeout": b"GET /health HTTP/1.1\r\n",
}
#: The time of requests with keys.
_NOW: Final = 1_748_873_100.0
#: What only a broken server says.
_BROKEN: Final = {
    "keys_unavailable": "The server cannot use its key store: the disk is full. Ask again in a "
    "moment, or its operator.",
    "internal_error": "The server failed; its log says why, under the id 5e0f6a91c2d4.",
    "session_unreadable": "the stored session of SPX on 2025-05-30 cannot be read; see the "
    "server's log",
    "history_unavailable": "the session of SPX on 2025-05-30 is stored, if at all, where nothing "
    "can be read now: the store does not respond; retry later",
    "no_strike_data_for_window": "no sample of SPX in these 60 minutes has figures by strike: "
    "no quote of the chain could be used; ask for more minutes or for another instant",
}


def main() -> None:
    """Record, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        tape = _tape(Path(folder) / "tape")
        recorded = _on_a_port(tape)
        recorded["errors"] |= _to_keys(Path(folder) / "keys.db")
        snapshots = recorded["answers"][f"{_FLOW}/snapshot/{{symbol}}"]
        snapshots["SessionClosed"] = _after_the_close(tape)
        recorded["errors"]["warming_up"] = _before_the_first_quote(tape)
    FILE.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")


def shortened(value: Any) -> Any:
    """A body with its lists cut to two items from their middle."""
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        middle = max(len(value) // 2 - 1, 0)
        return [shortened(item) for item in value[middle : middle + 2]]
    return value


def shape_of(body: Any, shapes: list[str]) -> str:
    """Which of a route's shapes a body has."""
    for field, name in (("no_zero_dte", "NoZeroDte"), ("session_closed", "SessionClosed")):
        if body.get(field):
            return name
    return shapes[0]


def _tape(folder: Path) -> Tape:
    session = calendar().session(_DAY)
    assert session is not None
    names = (NAMES["SPX"], NAMES["TSLA"])
    write_tape(Simulation(session, names, 1, minutes=_MINUTES), folder, lambda *_: None)
    return open_tape(folder)


def _on_a_port(tape: Tape) -> dict[str, Any]:
    """What a server says of a tape: answers by path and shape, texts by path, errors by code."""
    with (
        ready(ReplayRunner(Stage(), [tape])) as market,
        served(create_app(market.service, ServerSettings())) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=120) as client,
    ):
        errors = {code: client.get(path).json() for code, path in _REFUSED.items()}
        errors |= {code: _raw(url, request) for code, request in _RAW.items()}
        errors |= {
            code: json.loads(ApiError(code, message).body()) for code, message in _BROKEN.items()
        }
        return {
            "answers": dict(_answers(client)),
            "texts": dict(_texts(client)),
            "errors": dict(sorted(errors.items())),
        }


def _to_keys(path: Path) -> dict[str, Any]:
    """What a key, or none, is refused with."""
    _, key = create_key(path, "free")
    account = "/v1/account"
    with keyed_server(path, now=lambda: _NOW) as server:
        answers = {
            "unauthorized": server.get(account),
            "tier_restricted": server.get(f"{_FLOW}/snapshot/SPX", key),
        }
        while (answer := server.get(account, key)).status_code == httpx.codes.OK:
            pass
    answers["quota_exceeded"] = answer
    return {code: answer.json() for code, answer in answers.items()}


def _answers(client: httpx.Client) -> Iterator[tuple[str, dict[str, Any]]]:
    for route in ROUTES:
        if not route.endpoint.answers:
            continue
        shapes = [
            shape.name if isinstance(shape, FlatBody) else shape.__name__
            for shape in route.endpoint.answers
        ]
        found: dict[str, Any] = {}
        for symbol in ("SPX", "TSLA"):
            body = client.get(re.sub(r"\{\w+\}", symbol, route.path)).json()
            found.setdefault(shape_of(body, shapes), shortened(body))
        yield route.path, found


def _texts(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """The first bar of each stream, and the first lines of the metrics."""
    for route in ROUTES:
        if route.media == "events":
            yield route.path, _first_bar(client, asked(route.path))
    yield "/metrics", "".join(client.get("/metrics").text.splitlines(keepends=True)[:12])


def _first_bar(client: httpx.Client, path: str) -> str:
    with client.stream("GET", path) as answer:
        lines: list[str] = []
        for line in answer.iter_lines():
            lines.append(line)
            if not line and any(each.startswith("data:") for each in lines):
                break
    return "\n".join(lines) + "\n"


def _after_the_close(tape: Tape) -> Any:
    session = replay(tape)
    session.advance(tape.session.close + HOUR)
    return json.loads(snapshot(session, "simulated", SnapshotQuery(symbol="SPX")))


def _before_the_first_quote(tape: Tape) -> Any:
    session = replay(tape, tape.session.open - HOUR)
    session.advance(tape.session.open + SECOND)
    try:
        snapshot(session, "simulated", SnapshotQuery(symbol="SPX"))
    except ApiError as error:
        return json.loads(error.body())
    raise AssertionError("there was a quote")


def _raw(url: str, request: bytes) -> Any:
    """The JSON that answers bytes."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 120) as raw:
        raw.sendall(request)
        answer = raw.makefile("rb").read()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


if __name__ == "__main__":
    main()
