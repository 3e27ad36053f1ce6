"""The sale conditions of Massive, by their numbers, as the letters of OPRA that they stand for.

Source: the vendor's list of conditions of options (`/v3/reference/conditions`), as two programs
that read it have it: 201 to 210 and 219 by name, 227 to 248 by the names of the letters a to v.
The numbers between are not on it.
"""

from typing import Final

from zerodte.records.condition import Condition
from zerodte.records.opra_conditions import OpraConditionReader, letter_of

#: The letter of each number.
MASSIVE_LETTERS: Final[dict[int, str]] = {
    # CANC, OSEQ, CNCL, LATE, CNCO, OPEN, CNOL, OPNL, AUTO, REOP.
    **dict(zip(range(201, 211), "ABCDEFGHIJ", strict=True)),
    # ISOI.
    219: "S",
    # SLAN, SLAI, SLCN, SLCI, SLFT; MLET, MLAT, MLCT, MLFT, MESL; TLAT; MASL, MFSL; TLET, TLCT,
    # TLFT, TESL, TASL, TFSL; CBMO, MCTP, EXHT.
    **dict(zip(range(227, 249), "abcdefghijklmnopqrstuv", strict=True)),
}
_NUMBERS: Final = {letter: number for number, letter in MASSIVE_LETTERS.items()}


def numbers_of(condition: int) -> list[int]:
    """The numbers of a condition, for whoever serves a tape as the vendor would; perhaps none."""
    number = _NUMBERS.get(letter_of(condition))
    return [] if number is None else [number]


class MassiveConditionReader:
    """Reads the numbers of trades, and counts those that are not in the table."""

    def __init__(self) -> None:
        self._letters = OpraConditionReader()
        self._unknown: dict[int, int] = {}

    def read(self, numbers: list[int]) -> Condition:
        """The condition of a trade.

        Args:
            numbers: As the vendor gives them: mostly one. Of several, the first that is not
                regular decides.
        """
        known, has_unknown = "", False
        for number in numbers:
            if number in MASSIVE_LETTERS:
                known += MASSIVE_LETTERS[number]
            else:
                self._unknown[number] = self._unknown.get(number, 0) + 1
                has_unknown = True
        found = self._letters.read(known)
        return Condition.UNKNOWN if has_unknown and found == Condition.REGULAR else found

    def sentences(self) -> list[str]:
        """What could not be read, in words, by number; none if everything could."""
        return [
            f"{count:,} trades with the unknown sale condition {number}"
            for number, count in sorted(dict(self._unknown).items())
        ]
