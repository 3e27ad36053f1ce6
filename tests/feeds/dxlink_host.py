"""A websocket that speaks DXLink by script, and notes what it is told."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from zerodte.feeds.tastytrade.account import QuoteToken
from zerodte.feeds.vendor_key import VendorKey

TOKEN = "quotes-0123456789"  # noqa: S105  of a test
Message = dict[str, Any]


class DXLinkScript:
    """Answers to what a client says, by its type; `heard` is all that it said.

    By default everything is as it should be, and data is in the order of the fields asked for.
    """

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.size = 0
        self.answers: dict[str, Callable[[Message], list[Message | str | bytes]]] = {
            "SETUP": lambda _: [
                {"type": "SETUP", "channel": 0, "version": "1.0", "keepaliveTimeout": 60},
                {"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"},
            ],
            "AUTH": lambda said: [
                {
                    "type": "AUTH_STATE",
                    "channel": 0,
                    "state": "AUTHORIZED" if said["token"] == TOKEN else "UNAUTHORIZED",
                }
            ],
            "CHANNEL_REQUEST": lambda said: [
                {"type": "CHANNEL_OPENED", "channel": said["channel"], "service": "FEED"}
            ],
            "FEED_SETUP": lambda said: [
                {
                    "type": "FEED_CONFIG",
                    "channel": said["channel"],
                    "dataFormat": "COMPACT",
                    "eventFields": said["acceptEventFields"],
                }
            ],
        }

    def types(self) -> list[str]:
        """The types of what was said, without keepalives."""
        return [said["type"] for said in self.heard if said["type"] != "KEEPALIVE"]


@contextlib.contextmanager
def speaking(script: DXLinkScript) -> Iterator[QuoteToken]:
    """The websocket for as long as the context lasts, and the right to it."""

    def talk(client: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for text in client:
                script.size = max(script.size, len(text))
                said = json.loads(text)
                script.heard.append(said)
                answer_to = script.answers.get(said["type"])
                for answer in answer_to(said) if answer_to else ():
                    client.send(json.dumps(answer) if isinstance(answer, dict) else answer)

    with serve(talk, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.socket.getsockname()[:2]
        try:
            yield QuoteToken(VendorKey(TOKEN), f"ws://{host}:{port}/", "api")
        finally:
            server.shutdown()
            thread.join(10)
