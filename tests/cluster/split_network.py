"""Network namespaces for the processes of a test, on a network that splits."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pytest

#: Bridges: of all, of those that are cut off, and of the test's own way to everybody.
_WHOLE, _APART, _FRONT = "zdwhole", "zdapart", "zdfront"
_WHOLE_NET: Final = "10.213.0"
_FRONT_NET: Final = "10.213.1"
_HOST: Final = 254


@dataclass(frozen=True)
class Namespace:
    """One of them.

    Attributes:
        name: Its name.
        address: On the network that splits.
        front: Where the test reaches it, whatever is split.
    """

    name: str
    address: str
    front: str

    @property
    def within(self) -> tuple[str, ...]:
        """What a command begins with to run there."""
        return ("ip", "netns", "exec", self.name)


class SplitNetwork:
    """Namespaces of which some can be cut off together.

    What is cut off keeps its links and addresses: packets to the others vanish, and no connection
    is told.

    Args:
        count: How many namespaces; at most 200.
    """

    def __init__(self, count: int) -> None:
        self.namespaces = [
            Namespace(f"zd{n}", f"{_WHOLE_NET}.{n + 1}", f"{_FRONT_NET}.{n + 1}")
            for n in range(count)
        ]

    def set_up(self) -> None:
        """Make bridges, namespaces and links.

        Raises:
            subprocess.CalledProcessError: If that is not allowed here.
        """
        for bridge in (_WHOLE, _APART, _FRONT):
            _ip("link", "add", bridge, "type", "bridge")
            _ip("link", "set", bridge, "up")
        for bridge, net in ((_WHOLE, _WHOLE_NET), (_FRONT, _FRONT_NET)):
            _ip("addr", "add", f"{net}.{_HOST}/24", "dev", bridge)
        for one in self.namespaces:
            _ip("netns", "add", one.name)
            _ip("-n", one.name, "link", "set", "lo", "up")
            for bridge, address in ((_WHOLE, one.address), (_FRONT, one.front)):
                port = _port(one, bridge)
                _ip("link", "add", port, "type", "veth", "peer", bridge, "netns", one.name)
                _ip("link", "set", port, "master", bridge, "up")
                _ip("-n", one.name, "addr", "add", f"{address}/24", "dev", bridge)
                _ip("-n", one.name, "link", "set", bridge, "up")

    def tear_down(self) -> None:
        """Remove all that is there."""
        for one in self.namespaces:
            # A namespace goes some time after it is deleted, and with it its links.
            for bridge in (_WHOLE, _FRONT):
                _ip("link", "del", _port(one, bridge), is_checked=False)
            _ip("netns", "del", one.name, is_checked=False)
        for bridge in (_WHOLE, _APART, _FRONT):
            _ip("link", "del", bridge, is_checked=False)

    def split(self, apart: Sequence[Namespace]) -> None:
        """Cut some off from the others and from the test's machine; they reach each other."""
        for one in self.namespaces:
            bridge = _APART if one in apart else _WHOLE
            _ip("link", "set", _port(one, _WHOLE), "master", bridge)

    def heal(self) -> None:
        """Bring all together again."""
        self.split(())


@contextlib.contextmanager
def split_network(count: int) -> Iterator[SplitNetwork]:
    """A network for as long as the context lasts; the test is skipped where none is allowed."""
    network = SplitNetwork(count)
    if shutil.which("ip") is None:
        pytest.skip("no program ip here, which makes network namespaces")
    network.tear_down()
    try:
        network.set_up()
    except subprocess.CalledProcessError as error:
        network.tear_down()
        pytest.skip(f"no network namespaces here: {error.stderr.strip()}")
    try:
        yield network
    finally:
        network.tear_down()


def _port(one: Namespace, bridge: str) -> str:
    return f"{one.name}{bridge.removeprefix('zd')}"


def _ip(*words: str, is_checked: bool = True) -> None:
    subprocess.run(["ip", *words], check=is_checked, capture_output=True, text=True)
