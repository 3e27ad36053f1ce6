"""Examination of the port: is it free, or who answers there."""

import http.client
from contextlib import closing

import msgspec

from zerodte.cli.configuration.configuration import Configuration
from zerodte.cli.doctor.data import options_of
from zerodte.cli.doctor.finding import Finding
from zerodte.server.run import Listener, ServerError
from zerodte.wire.health import Health

_PATIENCE_S = 5.0
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_MOST_BYTES = 1 << 20


def examine_port(configuration: Configuration) -> Finding:
    """Whether a server could listen at its address, or one does already."""
    about = "port"
    options = options_of(configuration)
    host, port = options.host, options.port
    try:
        listener = Listener(host, port)
        with closing(listener.socket):
            if not (options.has_keys or options.open or listener.is_private):
                return Finding.problem(
                    about,
                    f"other machines reach {host}, and answers need no key",
                    'set server.auth = "keys", or server.open = true',
                )
            return Finding.ok(about, f"{host}:{port} is free")
    except ServerError as error:
        health = _health(_LOCAL.get(host, host), port)
        if health is None:
            return Finding.problem(about, str(error), "set server.host and server.port")
    if health.status != "Healthy":
        return Finding.problem(
            about,
            f"a server answers at {host}:{port} and is unhealthy: {'; '.join(health.reasons)}",
            "mend that; docs/recording.md says what each reason means for a recording",
        )
    return Finding.ok(about, f"a healthy server answers at {host}:{port}")


def _health(host: str, port: int) -> Health | None:
    """What `/health` says there; None if nothing of this kind answers."""
    with closing(http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)) as connection:
        try:
            connection.request("GET", "/health")
            body = connection.getresponse().read(_MOST_BYTES)
            return msgspec.json.decode(body, type=Health)
        except (OSError, http.client.HTTPException, msgspec.MsgspecError):
            return None
