"""What a server answers to keys of two plans, while their store fails."""

from typing import Final

import httpx

from server.keyed import KeyedServer, create_key
from zerodte.access.key_place import KeyPlace

ACCOUNT: Final = "/v1/account"
_OPEN: Final = ("/health", "/metrics", "/openapi.json", "/docs", "/", "/table")


class Door:
    """Keys of a limited and of an unlimited plan, in a store.

    Attributes:
        said: The message of the last 503.
        given: How many answers the two keys have received.
    """

    def __init__(self, place: KeyPlace) -> None:
        self.place = place
        self.limited_id, self.limited = create_key(place, "growth")
        self.unlimited_id, self.unlimited = create_key(place, "alpha")
        self.said = ""
        self.given = {self.limited_id: 0, self.unlimited_id: 0}

    def status(self, url: str, key: str) -> int:
        """The status of an account's answer; a 503 has its shape, and open routes are answered."""
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
            answer = client.get(ACCOUNT, headers={"x-api-key": key})
            for path in _OPEN:
                assert client.get(path).status_code == 200
            if answer.status_code == 503:
                self.said = answer.json()["message"]
                assert answer.json()["error"] == "keys_unavailable"
                assert str(self.place) not in answer.text
                assert int(answer.headers["retry-after"]) >= 1
            if answer.status_code == 200:
                self.given[self.limited_id if key == self.limited else self.unlimited_id] += 1
            return answer.status_code

    def statuses(self, url: str) -> tuple[int, int]:
        """Of the limited, and of the unlimited plan."""
        return self.status(url, self.limited), self.status(url, self.unlimited)


def warnings(server: KeyedServer) -> str:
    """All warnings of a server's health."""
    return " ".join(server.get("/health").json()["warnings"])
