"""A pace of requests: none is refused, and none begins too early."""

import threading
import time

from zerodte.feeds.request_pace import RequestPace


def test_no_span_has_more_requests_than_are_allowed() -> None:
    pace, begun = RequestPace(3, 0.2), list[float]()

    def ask() -> None:
        for _ in range(4):
            pace.wait()
            begun.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    begun.sort()
    assert len(begun) == 8
    # A thread may note its time a little later than it began.
    assert begun[7] - begun[0] > 0.3, "eight requests are three spans"
