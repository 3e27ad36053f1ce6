"""What whoever runs a server may set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerSettings:
    """Settings of one server.

    Attributes:
        base_url: Where clients reach it, without a trailing slash; shown in pages and OpenAPI.
    """

    base_url: str = "http://127.0.0.1:8017"
