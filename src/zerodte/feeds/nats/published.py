"""What is published on a server: its newest session, that session's symbols and newest tick."""

import datetime
from collections.abc import Iterator

from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from zerodte.feeds.feed import FeedError
from zerodte.feeds.nats.link import NatsLink, stream_infos
from zerodte.feeds.nats.session_messages import PART_COUNT, PublishedSession, decode_session
from zerodte.feeds.nats.subjects import UNKNOWN, SessionSubjects, session_of, suffix_of
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.folder import kind_of


def newest_session(
    link: NatsLink, known: datetime.date | None = None
) -> tuple[datetime.date, PublishedSession] | None:
    """The newest session that is stored and can be followed, and what it is; None without any.

    Args:
        link: The server.
        known: A session that need not be told again; None where no other is newer.

    Raises:
        FeedError: If there are some, but none says what it is in words of this version; or the
            server does not answer.
    """
    infos = link.call(lambda: stream_infos(link.stream))
    dates = [
        date
        for info in infos
        if info.state.messages and (date := session_of(info.config.name or ""))
    ]
    problem: FeedError | None = None
    for date in sorted(dates, reverse=True):
        if date == known:
            return None
        try:
            return date, _description(link, SessionSubjects(date))
        except FeedError as error:
            link.check()
            problem = problem or error
    if problem is not None:
        raise problem
    return None


def newest_tick(link: NatsLink, date: datetime.date) -> RawStreamMsg | None:
    """The message that ends the newest tick of a session; None without one."""
    stream, subjects = link.stream, SessionSubjects(date)

    async def newest() -> RawStreamMsg | None:
        try:
            return await stream.get_last_msg(subjects.stream, subjects.tick("*"))
        except NotFoundError:
            return None

    return link.call(newest)


def _description(link: NatsLink, subjects: SessionSubjects) -> PublishedSession:
    """What a session is; FeedError if its publisher has not said so, or not in our words."""
    stream = link.stream

    async def parts() -> list[bytes]:
        try:
            first = await stream.get_last_msg(subjects.stream, subjects.manifest(0))
        except NotFoundError:
            raise FeedError("its session is not described yet") from None
        rest = [
            await stream.get_last_msg(subjects.stream, subjects.manifest(number))
            for number in range(1, _part_count(first))
        ]
        return [message.data or b"" for message in (first, *rest)]

    return decode_session(b"".join(link.call(parts)))


def _part_count(first: RawStreamMsg) -> int:
    text = (first.headers or {}).get(PART_COUNT, "1")
    if not text.isascii() or not text.isdecimal():
        raise FeedError(f"a session of {text!r} parts")
    return int(text)


def published_symbols(manifest: FeedManifest) -> list[str]:
    """The underlyings whose records have a subject of their own, sorted."""
    return sorted({suffix.partition(".")[2] for suffix in _markets(manifest)})


def _markets(manifest: FeedManifest) -> Iterator[str]:
    for dataset, names in manifest.symbols.items():
        kind = kind_of(dataset, names)
        for raw in names.values():
            suffix = suffix_of(kind, raw)
            if suffix.startswith("market.") and suffix != UNKNOWN:
                yield suffix
