"""The messages that say what a published session is, and which of its ticks are complete."""

from typing import Final

import msgspec

from zerodte.feeds.feed import FeedError
from zerodte.tape.feed_manifest import FeedManifest

SESSION_VERSION: Final = 1
#: The header of records that names the attempt at a tick which they belong to.
PUBLISHER: Final = "Zerodte-Publisher"
#: The header of a session's description that says how many parts it has.
PART_COUNT: Final = "Zerodte-Parts"


class PublishedSession(msgspec.Struct, frozen=True):
    """A session, in MessagePack, cut into parts.

    Attributes:
        version: Of these messages.
        manifest: What its feed describes.
        speed: Seconds of the session's clock per second of the wall clock.
    """

    version: int
    manifest: FeedManifest
    speed: float


class TickCommit(msgspec.Struct, frozen=True):
    """Complete ticks: the records that their publisher sent for them count from now on.

    Attributes:
        publisher: Who sent them; those of another attempt at the same ticks do not count.
        now: The clock of the publisher's feed, UTC ns.
        gaps: Why records may be missing, by the end of each tick, UTC ns, a whole second; empty if
            none is. One tick while the publisher keeps up, several while it catches up.
    """

    publisher: str
    now: int
    gaps: dict[int, str]

    @property
    def end(self) -> int:
        """The end of the last one."""
        return max(self.gaps)


_SESSION = msgspec.msgpack.Decoder(PublishedSession)
_TICK = msgspec.msgpack.Decoder(TickCommit)


def decode_session(content: bytes) -> PublishedSession:
    """A session's description.

    Raises:
        FeedError: If it is none, or of another version.
    """
    try:
        found = _SESSION.decode(content)
    except msgspec.DecodeError as error:
        raise FeedError(f"invalid description of a session: {error}") from error
    if found.version != SESSION_VERSION:
        raise FeedError(
            f"its publisher speaks version {found.version}; expected: version {SESSION_VERSION}"
        )
    return found


def decode_tick(content: bytes) -> TickCommit:
    """The end of a tick.

    Raises:
        FeedError: If it is none.
    """
    try:
        found = _TICK.decode(content)
    except msgspec.DecodeError as error:
        raise FeedError(f"invalid end of a tick: {error}") from error
    if not found.gaps:
        raise FeedError("the end of no tick")
    return found
