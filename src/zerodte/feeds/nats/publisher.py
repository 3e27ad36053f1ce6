"""Publishes a recording to NATS JetStream as it grows.

The recording is what was received; the stream follows it and holds up nobody. A stream has one
publisher: the end of a tick names the end of the one before it, so a second publisher is refused.
Whoever begins again asks the stream how far it has come and goes on from there.
"""

import asyncio
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
from zerodte.feeds.nats.link import NatsLink, shown_url
from zerodte.feeds.nats.session_messages import (
    PART_COUNT,
    PUBLISHER,
    SESSION_VERSION,
    PublishedSession,
    TickCommit,
    decode_tick,
)
from zerodte.feeds.nats.splitter import Message, TickSplitter
from zerodte.feeds.nats.subjects import SessionSubjects
from zerodte.logs import log
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest
from zerodte.tape.follower import RecordingFollower
from zerodte.tape.tick_assembler import ClosedTick

#: The header that says of which subjects the last message is expected to be known.
_OF_SUBJECTS: Final = "Nats-Expected-Last-Subject-Sequence-Subject"
#: How long a session is kept, seconds.
_RETENTION: Final = 3 * 86_400.0
_PART_SIZE: Final = 1 << 19
#: Ticks that are read at once, and the wait for more, seconds.
_MOST_TICKS: Final = 64
_POLL: Final = 0.05
#: The first and the longest wait before a lost server is asked again, seconds.
_FIRST_WAIT: Final = 0.25
_LONGEST_WAIT: Final = 5.0


class StreamPublisher:
    """Publishes a recording in a thread of its own.

    Args:
        url: Of the server, as for `NatsLink`.
        folder: The recording, whose files exist.
        manifest: What its feed describes.
        speed: Seconds of the session's clock per second of the wall clock; 0 while it is unknown.
        is_over: Whether nothing is added to it any more.

    Attributes:
        url: Without what may be secret in it.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        manifest: FeedManifest,
        *,
        speed: Callable[[], float],
        is_over: Callable[[], bool],
    ) -> None:
        self.url = shown_url(url)
        self._address, self._manifest, self._speed = url, manifest, speed
        self._folder, self._is_over = folder, is_over
        self._subjects = SessionSubjects(manifest.date)
        self._splitter = TickSplitter(manifest)
        self._waiting: list[tuple[ClosedTick, list[Message]]] = []
        self._problem, self._is_connected = "", False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is recorded and not published yet is published by the next start."""
        self._stopped.set()
        self._thread.join()

    def join(self, timeout: float) -> bool:
        """Wait until a recording that is over is published whole; whether it is."""
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self._problem

    def warnings(self) -> list[str]:
        """Why the stream may be behind the recording."""
        return [f"not published to {self.url}: {self._problem}"] if self._problem else []

    def _run(self) -> None:
        wait = _FIRST_WAIT
        try:
            follower = RecordingFollower(self._folder, self._manifest.streams)
        except OSError as error:
            self._problem = str(error)
            return
        while not self._speed() and not self._stopped.wait(_POLL):
            pass
        while not self._stopped.is_set():
            try:
                self._publish(follower)
                break
            except FeedError as error:
                if not self._problem:
                    log("unpublished", logging.WARNING, url=self.url, problem=str(error))
                self._problem = f"{error}; it is tried again"
                wait = _FIRST_WAIT if self._is_connected else min(2.0 * wait, _LONGEST_WAIT)
                self._stopped.wait(wait)
            except TapeError as error:
                self._problem = str(error)
                break
        follower.close()

    def _publish(self, follower: RecordingFollower) -> None:
        """Publish until the recording is over or we are stopped.

        Raises:
            FeedError: If the server is lost, or another publishes this session.
            TapeError: If the recording is damaged.
        """
        self._is_connected = False
        link = NatsLink(self._address)
        try:
            last, sequence = self._prepare(link)
            # What an attempt that failed has sent of a tick does not count.
            name = uuid4().hex[:12]
            self._is_connected, self._problem = True, ""
            while not self._stopped.is_set():
                was_over = self._is_over()
                if not self._waiting:
                    self._read(follower)
                if not self._waiting:
                    if was_over:
                        link.call(lambda: link.stream.publish(self._subjects.end))
                        return
                    self._stopped.wait(_POLL)
                last, sequence = self._send(link, name, last, sequence)
        finally:
            link.close()

    def _read(self, follower: RecordingFollower) -> None:
        for tick in follower.ticks(_MOST_TICKS):
            self._waiting.append((tick, self._splitter.split(tick)))

    def _prepare(self, link: NatsLink) -> tuple[int, int]:
        """Make the stream if there is none.

        Returns:
            The end of its last complete tick, UTC ns, and that message's number; 0 without one.
        """
        subjects, stream = self._subjects, link.stream
        config = StreamConfig(
            name=subjects.stream,
            subjects=[subjects.all],
            max_age=_RETENTION,
            duplicate_window=120.0,
        )

        async def made() -> tuple[int, int]:
            try:
                await stream.stream_info(subjects.stream)
            except NotFoundError:
                await stream.add_stream(config)
            try:
                await stream.get_last_msg(subjects.stream, subjects.manifest(0))
            except NotFoundError:
                await self._describe(link)
            try:
                found = await stream.get_last_msg(subjects.stream, subjects.tick("*"))
            except NotFoundError:
                return 0, 0
            return decode_tick(found.data or b"").end, found.seq or 0

        return link.call(made)

    async def _describe(self, link: NatsLink) -> None:
        content = msgspec.msgpack.encode(
            PublishedSession(SESSION_VERSION, self._manifest, self._speed())
        )
        parts = [content[at : at + _PART_SIZE] for at in range(0, len(content), _PART_SIZE)]
        headers = {PART_COUNT: str(len(parts))}
        # The first one comes last: with it the description is whole.
        for number in reversed(range(len(parts))):
            subject = self._subjects.manifest(number)
            await link.stream.publish(subject, parts[number], headers=headers)

    def _send(self, link: NatsLink, name: str, last: int, previous: int) -> tuple[int, int]:
        """Publish what waits: records, and once all of them are stored, the ends of their ticks.

        Args:
            link: The connection.
            name: This attempt's.
            last: The end of the last published tick, UTC ns; what is not later is there already.
            previous: The number of the message that ended it.

        Returns:
            The same two of what was published.
        """
        ticks = [waiting for waiting in self._waiting if waiting[0].end > last]
        if not ticks:
            self._waiting.clear()
            return last, previous
        commit = TickCommit(name, {tick.end: tick.gap for tick, _ in ticks})
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
            sequence = link.call(sent).seq
        except FeedError as error:
            if isinstance(error.__cause__, BadRequestError):
                raise FeedError(f"another one publishes this session ({error})") from error
            raise
        self._waiting.clear()
        return commit.end, sequence
