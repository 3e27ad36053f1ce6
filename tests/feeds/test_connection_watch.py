"""What a recording is told of a connection's end."""

import pytest

from zerodte.feeds.connection_watch import EndWatch
from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.tape.tick_assembler import Arrival

SECOND = 10**9
NOW = 1_750_000_000 * SECOND


def ended_by(watch: EndWatch, error: FeedError) -> Arrival:
    """The last arrival of a connection that ends with an error, which is raised after it."""

    def take(_: float) -> list[Arrival]:
        raise error

    (last,) = watch.receive(take, 0.0)
    with pytest.raises(type(error)) as raised:
        watch.receive(take, 0.0)
    assert raised.value is error
    return last


def begun() -> EndWatch:
    """A watch of a connection from which something came."""
    watch = EndWatch()
    arrivals = [Arrival(NOW)]
    assert watch.receive(lambda _: arrivals, 0.0) is arrivals
    return watch


def test_the_last_arrival_says_why_a_connection_ended() -> None:
    last = ended_by(begun(), FeedRefusalError("it says auth_failed: check the key"))
    assert last.lost == "the connection ended: it says auth_failed: check the key"
    assert (last.clock, last.lost_since) == (NOW, NOW - 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("it closed\n  the connection\x1b[31m", r"it closed the connection\x1b[31m"),
        ("no key massive-0123456789abcdefghijklmn, sorry", "no key ..., sorry"),
        ("token=ey0/AbC+dEf0123456789== is old", "... is old"),
        ("it says ACCOUNT_ALREADY_CONNECTED", "it says ACCOUNT_ALREADY_CONNECTED"),
        ("stream.data.alpaca.markets:443 broke", "stream.data.alpaca.markets:443 broke"),
        ("a b " * 100, f"{'a b ' * 50}..."),
    ],
)
def test_the_words_are_a_short_line_without_keys(words: str, told: str) -> None:
    assert ended_by(begun(), FeedError(words)).lost == f"the connection ended: {told}"


def test_an_end_before_any_arrival_is_raised_at_once() -> None:
    """The waits between such connections grow, which an arrival would end."""

    def take(_: float) -> list[Arrival]:
        raise FeedError("it closed the connection")

    with pytest.raises(FeedError, match="it closed"):
        EndWatch().receive(take, 0.0)
