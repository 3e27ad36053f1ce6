"""The Host names that are answered.

A page of any site can point its own name at a loopback address and then read a server there as if
it were its own (DNS rebinding). Its requests still carry that name, so only known names are
answered.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from zerodte.errors import ZerodteError

#: A host and perhaps a port (RFC 3986, section 3.2); the host has no brackets in the second form.
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z!$&'()*+,;=._~%-]*))(?::[0-9]*)?")
_NAME = re.compile(r"[0-9A-Za-z_](?:[0-9A-Za-z._-]*[0-9A-Za-z_])?")
_EVERY = "*"


class HostError(ZerodteError, ValueError):
    """A text that is not the name of a host."""


def host_of(header: bytes) -> str | None:
    """The name or address in a Host header, in lower case; None if it is malformed."""
    match = _HOST.fullmatch(header.decode("latin-1"))
    if match is None:
        return None
    return (match[1] or match[2]).removesuffix(".").lower()


class AllowedHosts:
    """Decides which names are answered: loopback ones always.

    Args:
        base_url: The server's own URL, whose host is allowed.
        names: More names or addresses; another spelling of an address is the same. A wildcard
            address stands for every address, because no page of another site is addressed by one,
            and for the machine's own name; `*` for every name.

    Raises:
        HostError: A name is malformed.
    """

    def __init__(self, base_url: str, names: Iterable[str] = ()) -> None:
        own = urlsplit(base_url).hostname
        self._names = {"localhost", *((_spelling(own),) if own else ())}
        self._has_every_name = self._has_every_address = False
        for name in names:
            self._add(name)

    def allows(self, host: str) -> bool:
        """Whether requests for a host, in lower case, are answered."""
        if self._has_every_name or _spelling(host) in self._names:
            return True
        address = _address(host)
        return address is not None and (address.is_loopback or self._has_every_address)

    def _add(self, name: str) -> None:
        name = name.strip("[]").removesuffix(".").lower()
        address = _address(name)
        if name == _EVERY:
            self._has_every_name = True
        elif address is not None and address.is_unspecified:
            self._has_every_address = True
            machine = socket.gethostname().removesuffix(".").lower()
            self._names |= {machine, machine.partition(".")[0]}
        elif address is not None or _NAME.fullmatch(name):
            self._names.add(_spelling(name))
        else:
            raise HostError(
                f"{name!r} is not the name of a host; write a name such as market.example, without "
                "http:// and port, or * for every name"
            )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _spelling(host: str) -> str:
    """The usual spelling of an address; a name as it is."""
    address = _address(host)
    return host if address is None else str(address)
