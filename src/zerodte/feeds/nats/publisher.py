"""Publishes a recording to NATS JetStream as it grows.

The recording is what was received; the stream follows it and holds up nobody. A stream has one
publisher: the end of a tick names the end of the one before it, so a second publisher is refused.
Whoever begins again asks the stream how far it has come and goes on from there.
"""

import asyncio
import datetime
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec
from nats.js.api import Header, PubAck, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError

from zerodte.feeds.feed import FeedError
from zerodte.feeds.feed_clock import FeedClock
from zerodte.feeds.nats.link import NatsLink, shown_url, stream_infos
from zerodte.feeds.nats.session_messages import (
    PART_COUNT,
    PUBLISHER,
    SESSION_VERSION,
    PublishedSession,
    TickCommit,
    decode_tick,
)
from zerodte.feeds.nats.splitter import Message, TickSplitter
from zerodte.feeds.nats.subjects import SessionSubjects, session_of
from zerodte.logs import log
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.follower import RecordingFollower
from zerodte.tape.tick_assembler import ClosedTick

#: The header that says of which subjects the last message is expected to be known.
_OF_SUBJECTS: Final = "Nats-Expected-Last-Subject-Sequence-Subject"
#: How long a session is kept, seconds.
_RETENTION: Final = 3 * 86_400
_PART_SIZE: Final = 1 << 19
#: Ticks and bytes that one message ends, and seconds in which they have to be stored.
_MOST_TICKS: Final = 64
_MOST_BYTES: Final = 1 << 22
_PATIENCE: Final = 60.0
#: Seconds between two looks at the recording.
_POLL: Final = 0.05
#: The first and the longest wait before a lost server is asked again, seconds.
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 5.0


class PublishedElsewhereError(FeedError):
    """Another one publishes the session."""


class StreamPublisher:
    """Publishes a recording in a thread of its own.

    Args:
        url: Of the server, as for `NatsLink`.
        folder: The recording, whose files exist.
        manifest: What its feed describes.
        clock: The feed's clock; None while it is unknown.
        is_over: Whether nothing is added to the recording any more.

    Attributes:
        url: Without what may be secret in it.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        manifest: FeedManifest,
        *,
        clock: Callable[[], FeedClock | None],
        is_over: Callable[[], bool],
    ) -> None:
        self.url = shown_url(url)
        self._address, self._manifest, self._clock = url, manifest, clock
        self._folder, self._is_over = folder, is_over
        self._subjects = SessionSubjects(manifest.date)
        self._reader: _MessageReader | None = None
        self._link: NatsLink | None = None
        self._problem, self._is_whole = "", False
        self._wait = _FIRST_WAIT
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is recorded and not published yet is published by the next start."""
        self._stopped.set()
        if self._link is not None:
            self._link.interrupt()
        self._thread.join()

    def join(self, timeout: float) -> bool:
        """Wait until a recording that is over is published whole; whether it is."""
        self._thread.join(timeout)
        return self._is_whole

    def warnings(self) -> list[str]:
        """Why the stream may be behind the recording."""
        return [f"not published to {self.url}: {self._problem}"] if self._problem else []

    def _run(self) -> None:
        while not self._stopped.is_set() and self._clock() is None and not self._is_over():
            self._stopped.wait(_POLL)
        try:
            while not self._stopped.is_set() and not self._is_whole:
                self._attempt()
        # Whatever ends this thread has to be said: it is nobody's to notice.
        except Exception as error:
            self._say(f"{str(error) or type(error).__name__}; restart the server to go on")
        finally:
            self._forget()

    def _attempt(self) -> None:
        """Publish until the recording is over, we are stopped or the server is lost."""
        try:
            self._publish()
        except PublishedElsewhereError:
            raise
        except FeedError as error:
            if not self._stopped.is_set():
                self._say(f"{error}; it is tried again")
                self._stopped.wait(self._wait)
                self._wait = min(2.0 * self._wait, _LONGEST_WAIT)

    def _say(self, problem: str) -> None:
        if not self._problem:
            log("unpublished", logging.WARNING, url=self.url, problem=problem)
        self._problem = problem

    def _forget(self) -> None:
        """Begin again with the recording's first tick."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def _publish(self) -> None:
        """Publish until the recording is over or we are stopped.

        Raises:
            FeedError: If the server is lost, or another publishes this session.
            TapeError: If the recording is damaged.
        """
        self._link = link = NatsLink(self._address)
        try:
            last, sequence = self._prepare(link)
            # What an attempt that failed has sent of a tick does not count.
            name = uuid4().hex[:12]
            if self._reader is None or last < self._reader.published:
                # The server has come back with less than it had.
                self._forget()
                self._reader = _MessageReader(self._folder, self._manifest)
            reader = self._reader
            while not self._stopped.is_set():
                was_over = self._is_over()
                reader.read()
                if not reader.waiting:
                    # Who began in the middle was told of all that there is.
                    if was_over:
                        link.call(lambda: link.stream.publish(self._subjects.end))
                        self._is_whole, self._problem = True, ""
                        return
                    self._stopped.wait(_POLL)
                last, sequence = self._send(link, reader, name, last, sequence)
        finally:
            self._link = None
            link.close()

    def _prepare(self, link: NatsLink) -> tuple[int, int]:
        """Make the stream if there is none, and sweep those that are too old.

        Returns:
            The end of its last complete tick, UTC ns, and that message's number; 0 without one.
        """
        subjects, stream = self._subjects, link.stream
        oldest = self._manifest.date - datetime.timedelta(seconds=_RETENTION)
        config = StreamConfig(
            name=subjects.stream,
            subjects=[subjects.all],
            max_age=float(_RETENTION),
            num_replicas=link.replicas,
        )

        async def made() -> tuple[int, int]:
            names = [info.config.name or "" for info in await stream_infos(stream)]
            for name in names:
                if (date := session_of(name)) and date < oldest:
                    await stream.delete_stream(name)
            if subjects.stream not in names:
                await stream.add_stream(config)
            try:
                await stream.get_last_msg(subjects.stream, subjects.manifest(0))
            except NotFoundError:
                await self._describe(link)
            # An end that is none any more would end its readers.
            await stream.purge_stream(subjects.stream, subject=subjects.end)
            try:
                found = await stream.get_last_msg(subjects.stream, subjects.tick("*"))
            except NotFoundError:
                return 0, 0
            return decode_tick(found.data or b"").end, found.seq or 0

        return link.call(made)

    async def _describe(self, link: NatsLink) -> None:
        clock = self._clock()
        speed = 1.0 if clock is None else clock.speed
        content = msgspec.msgpack.encode(PublishedSession(SESSION_VERSION, self._manifest, speed))
        parts = [content[at : at + _PART_SIZE] for at in range(0, len(content), _PART_SIZE)]
        headers = {PART_COUNT: str(len(parts))}
        # The first one comes last: with it the description is whole.
        for number in reversed(range(len(parts))):
            subject = self._subjects.manifest(number)
            await link.stream.publish(subject, parts[number], headers=headers)

    def _send(
        self, link: NatsLink, reader: "_MessageReader", name: str, last: int, previous: int
    ) -> tuple[int, int]:
        """Publish what waits: records, and once all of them are stored, the ends of their ticks.

        Args:
            link: The connection.
            reader: Of the recording.
            name: This attempt's.
            last: The end of the last published tick, UTC ns; what is not later is there already.
            previous: The number of the message that ended it.

        Returns:
            The same two of what was published.
        """
        ticks = [waiting for waiting in reader.waiting if waiting[0].end > last]
        if ticks:
            clock = self._clock()
            now = ticks[-1][0].end if clock is None else clock.now()
            commit = TickCommit(name, now, {tick.end: tick.gap for tick, _ in ticks})
            guard = {
                Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(previous),
                _OF_SUBJECTS: self._subjects.tick("*"),
            }

            async def sent() -> PubAck:
                stored = [
                    await link.stream.publish_async(
                        self._subjects.full(suffix), payload, headers={PUBLISHER: name}
                    )
                    for _, messages in ticks
                    for suffix, payload in messages
                ]
                await asyncio.gather(*stored)
                return await link.stream.publish(
                    self._subjects.tick(commit.end), msgspec.msgpack.encode(commit), headers=guard
                )

            try:
                last, previous = commit.end, link.call(sent, _PATIENCE).seq
            except FeedError as error:
                if isinstance(error.__cause__, BadRequestError):
                    raise PublishedElsewhereError(
                        f"another one publishes this session ({error})"
                    ) from error
                raise
            self._problem, self._wait = "", _FIRST_WAIT
        reader.publish(last)
        return last, previous


class _MessageReader:
    """The messages of a recording's ticks, in their order.

    Attributes:
        waiting: Ticks that are not published yet, with their messages.
        published: The end of the last tick that is, UTC ns; 0 without one.
    """

    def __init__(self, folder: Path, manifest: FeedManifest) -> None:
        self._follower = RecordingFollower(folder, manifest.streams)
        self._splitter = TickSplitter(manifest)
        self.waiting: list[tuple[ClosedTick, list[Message]]] = []
        self.published = 0

    def read(self) -> None:
        """Read on while little waits."""
        size = sum(len(payload) for _, messages in self.waiting for _, payload in messages)
        while len(self.waiting) < _MOST_TICKS and size < _MOST_BYTES:
            ticks = self._follower.ticks(1)
            if not ticks:
                break
            messages = self._splitter.split(ticks[0])
            size += sum(len(payload) for _, payload in messages)
            self.waiting.append((ticks[0], messages))

    def publish(self, end: int) -> None:
        """Take note that all that waits is published, up to a tick."""
        self.waiting.clear()
        self.published = end

    def close(self) -> None:
        """Close the recording's files."""
        self._follower.close()
