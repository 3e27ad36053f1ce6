"""The sale conditions of OPRA, by the letter of each trade message.

Source: OPRA's output specification (Pillar), trade message types. An execution on a floor has no
aggressor, as a cross.
"""

from collections import Counter
from typing import Final

from zerodte.records.condition import Condition

_BY_CONDITION: Final[dict[Condition, str]] = {
    # AUTO, REOP (after a halt), ISOI (intermarket sweep), EXHT (extended hours). A message without
    # a letter is a regular trade too.
    Condition.REGULAR: "IJSv",
    # MLET, MLAT, MLCT, MLFT: legs of a package, electronic, by auction, crossed, on a floor; MESL,
    # MASL, MFSL: against single legs; CBMO, MCTP: of proprietary products, compression.
    Condition.MULTI_LEG: "fghijlmtu",
    # TLAT, TLET, TLCT, TLFT, TESL, TASL, TFSL: the same with stock.
    Condition.STOCK_OPTION: "knopqrs",
    # SLCN, SLCI: crosses of single legs; SLFT: single legs on a floor.
    Condition.CROSS: "cde",
    # SLAN, SLAI: auctions of single legs.
    Condition.AUCTION: "ab",
    # OSEQ: out of sequence; LATE.
    Condition.LATE: "BD",
    # OPEN, OPNL: the opening trade, in time and late.
    Condition.OPENING: "FH",
    # CANC, CNCL, CNCO, CNOL: of any other trade, of the last, of the opening, of the only one.
    Condition.CANCEL: "ACEG",
}

#: The condition of each letter.
OPRA_CONDITIONS: Final[dict[str, Condition]] = {
    letter: condition for condition, letters in _BY_CONDITION.items() for letter in letters
}

#: A letter of each condition; a trade whose condition is unknown is said to be a regular one.
_LETTERS: Final[dict[int, str]] = {
    Condition.REGULAR: "I",
    Condition.MULTI_LEG: "f",
    Condition.STOCK_OPTION: "n",
    Condition.CROSS: "c",
    Condition.AUCTION: "a",
    Condition.LATE: "D",
    Condition.OPENING: "F",
    Condition.CANCEL: "A",
}


def letter_of(condition: int) -> str:
    """A letter of a condition, for whoever serves a tape as a vendor would."""
    return _LETTERS.get(condition, " ")


class OpraConditionReader:
    """Reads the letters of trades, and counts those that are not in the table.

    Attributes:
        unknown: How often each unknown letter came.
    """

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()

    def read(self, letters: str) -> Condition:
        """The condition of a trade.

        Args:
            letters: As a vendor gives them: mostly one, blank for a regular trade. Of several, the
                first that is not regular decides.
        """
        found = Condition.REGULAR
        for letter in letters.replace(" ", ""):
            condition = OPRA_CONDITIONS.get(letter)
            if condition is None:
                self.unknown[letter] += 1
                condition = Condition.UNKNOWN
            if found in (Condition.REGULAR, Condition.UNKNOWN) and condition != Condition.REGULAR:
                found = condition
        return found

    def sentences(self) -> list[str]:
        """What could not be read, in words, by letter; none if everything could."""
        return [
            f"{count:,} trades with the unknown sale condition {letter!r}"
            for letter, count in sorted(dict(self.unknown).items())
        ]
