"""What the terminal's websocket says of a request or of the vendor, and what that means.

What it says of the vendor's hanging up is not documented for the websocket: it is looked for in
every text of a message's header.
"""

from typing import Final

from zerodte.feeds.feed import FeedError, FeedRefusalError
from zerodte.feeds.patience import VendorBusyError
from zerodte.feeds.thetadata.events import EventHeader, StreamAnswer, TerminalState

#: Characters of the terminal's words.
MOST_TEXT: Final = 200
#: Seconds for which the vendor wants to be left alone when it has had too many requests.
_TOO_MANY_WAIT: Final = 130.0
#: What the vendor hangs up with, as letters only, and what it means; these are final.
_FINAL_REASONS: Final = {
    "alreadyconnected": "another program is connected with this login; stop it",
    "invalidcredentials": "the terminal's login is not accepted; look at its window",
    "invalidlogin": "the terminal's login is not accepted; look at its window",
    "unverified": "the terminal's login is not accepted; look at its window",
    "invalidperms": "the subscription does not have live data; docs/feeds.md says which has",
}
_STATES: Final = (TerminalState.CONNECTED, TerminalState.DISCONNECTED)
_TOO_MANY: Final = "toomanyrequests"


class ThetaStreamLimitError(FeedError):
    """More streams than the subscription may have.

    Args:
        text: What was answered.
        accepted: Contracts that have both of their streams.
    """

    def __init__(self, text: str, accepted: int) -> None:
        super().__init__(text)
        self.accepted = accepted


def said_answer(answer: EventHeader) -> str:
    """An answer in the terminal's words."""
    text = answer.response[:MOST_TEXT]
    return f"{text}: {answer.error[:MOST_TEXT]}" if answer.error else text


def check_reason(header: EventHeader, speed: float) -> None:
    """Find out why the vendor hung up.

    Args:
        header: Of a message.
        speed: Of the feed's clock, which the vendor's wishes follow.

    Raises:
        FeedRefusalError: If it is final.
        VendorBusyError: If the vendor wants to be left alone.
    """
    if header.status in _STATES and not header.reason and not header.error:
        return
    said = " ".join(text for text in (header.status, header.reason, header.error) if text)
    letters = "".join(filter(str.isalpha, said.lower()))
    if _TOO_MANY in letters:
        text = f"it says {said[:MOST_TEXT]}; it wants {_TOO_MANY_WAIT:g} seconds"
        raise VendorBusyError(text, _TOO_MANY_WAIT / speed)
    for reason, advice in _FINAL_REASONS.items():
        if reason in letters:
            raise FeedRefusalError(f"it says {said[:MOST_TEXT]}: {advice}")


def refused_answer(answer: EventHeader) -> FeedError:
    """The error of a request that was not accepted; see `said_answer`."""
    if answer.response == StreamAnswer.INVALID_PERMS:
        return FeedRefusalError(
            f"it says {answer.response}: live quotes and trades need the options plan Standard or "
            "Pro"
        )
    return FeedError(f"it answers a request with {said_answer(answer)}")
