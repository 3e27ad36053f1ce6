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
        origins: The origins of web pages that may read answers, such as `https://desk.example`;
            see `AllowedOrigins`.
        has_keys: Whether answers need a key, so that pages without one show none.
    """

    base_url: str = "http://127.0.0.1:8017"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    has_keys: bool = False
