"""The settings of a server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServerSettings:
    """Settings of one server.

    Attributes:
        base_url: The URL at which clients reach it, without a trailing slash; shown in pages and in
            OpenAPI.
        hosts: The Host names that are answered, besides loopback ones and that of `base_url`; see
            `AllowedHosts`.
    """

    base_url: str = "http://127.0.0.1:8017"
    hosts: tuple[str, ...] = ()
