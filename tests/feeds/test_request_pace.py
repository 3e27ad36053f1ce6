"""A pace of requests: none is refused, and none begins too early."""

import threading
import time

from zerodte.feeds.feed import FeedError
from zerodte.feeds.request_pace import RequestPace


def test_no_span_has_more_requests_than_are_allowed() -> None:
    pace = RequestPace(3, 0.2)

    def ask() -> None:
        for _ in range(4):
            pace.wait()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert time.monotonic() - begin >= 0.4, "eight requests are three spans"


def test_a_wait_is_interrupted() -> None:
    pace, said = RequestPace(1, 3_600.0), list[str]()
    pace.wait()

    def ask() -> None:
        try:
            pace.wait()
        except FeedError as error:
            said.append(str(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    pace.interrupt()
    thread.join(20)
    assert said == ["no request is begun any more: the feed is ended"]
