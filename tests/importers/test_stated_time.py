"""The time that a download of Cboe's website states, in every language and zone."""

from pathlib import Path

import pytest

from importers.test_cboe_chain import ABOVE, chain_file, line
from zerodte.importers.cboe_chain import import_chain
from zerodte.tape.error import TapeError


@pytest.mark.parametrize(
    ("stated", "at", "is_later"),
    [
        ("23 de marzo de 2022, 10:11 GMT-4", "2022-03-23T10:11", False),
        ("23 de marzo de 2022, 10:11 GMT-4", "2022-03-23T10:12", True),
        ("23 de marzo de 2022, 15:11 GMT+1", "2022-03-23T10:12", True),
        ("March 23, 2022 at 10:11 AM EDT", "2022-03-23T09:31", False),
        ("March 23, 2022 at 10:11 AM EDT", "2022-03-24T09:31", True),
        ("March 23, 2022 at 1:11 PM EDT", "2022-03-23T13:11", False),
        ("March 23, 2022 at 12:11 PM EDT", "2022-03-23T12:12", True),
        ("March 23, 2022", "2022-03-24T09:31", False),
        ("2022-02-30, 10:11 GMT", "2022-03-24T09:31", False),
        ("February 28, 2022 at 8:35 PM EST", "2022-03-01T10:45", True),
        ("Feb 28, 2022 at 8:35 PM EST", "2022-03-01T10:45", True),
        ("Monday, February 28, 2022 at 8:35 PM EST", "2022-03-21T10:45", True),
        ("28 February 2022 20:35 GMT-5", "2022-03-01T10:45", True),
        ("April 1, 2022 at 9:11 AM EDT", "2022-03-31T16:00", False),
        ("28. Februar 2022 um 20:35 GMT-5", "2022-03-01T10:45", True),
        ("1 avril 2022 à 09:11 EDT", "2022-03-31T16:00", False),
        ("mar 1 mar 2022, 10:11 GMT-5", "2022-03-01T10:12", True),
        ("mar 1 feb 2022, 10:11 GMT-5", "2022-02-01T10:12", True),
        ("31 décembre 2021 à 16:11 EST", "2022-01-03T10:45", True),
        ("March 23, 2022 at 9:11 AM CDT", "2022-03-23T10:11", False),
        ("March 23, 2022 at 9:11 AM CDT", "2022-03-23T10:12", True),
        ("March 23, 2022 at 9:11 AM CT", "2022-03-23T10:12", True),
        ("March 23, 2022 at 8:11 AM MDT", "2022-03-23T10:11", False),
        ("March 23, 2022 at 8:11 AM MT", "2022-03-23T10:12", True),
        ("March 23, 2022 at 7:11 AM PDT", "2022-03-23T10:11", False),
        ("March 23, 2022 at 7:11 AM PT", "2022-03-23T10:12", True),
        ("February 1, 2022 at 7:11 AM PST", "2022-02-01T10:12", True),
        ("23 March 2022 at 14:11 GMT", "2022-03-23T10:11", False),
        ("23 March 2022 at 14:11 GMT", "2022-03-23T10:12", True),
        ("30 March 2022 at 15:11 BST", "2022-03-30T10:11", False),
        ("30 March 2022 at 15:11 BST", "2022-03-30T10:12", True),
    ],
)
def test_quotes_are_no_later_than_their_download(
    tmp_path: Path, stated: str, at: str, *, is_later: bool
) -> None:
    above = ABOVE.replace("Date: x", f"Date: {stated}")
    file = chain_file(tmp_path, line("SPY220414C00400000"), above=above)
    if is_later:
        with pytest.raises(TapeError, match="later than that of its download: "):
            import_chain(file, at, tmp_path / "tape")
    else:
        assert import_chain(file, at, tmp_path / "tape").contracts == 2
