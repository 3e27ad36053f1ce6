"""The letters of OPRA's sale conditions, held against what its specification calls them."""

import pytest

from zerodte.records.condition import Condition
from zerodte.records.opra_conditions import OPRA_CONDITIONS, OpraConditionReader

#: Letter, message name, and what it has to count as.
PUBLISHED = """
A CANC cancel
B OSEQ late
C CNCL cancel
D LATE late
E CNCO cancel
F OPEN opening
G CNOL cancel
H OPNL opening
I AUTO regular
J REOP regular
S ISOI regular
a SLAN auction
b SLAI auction
c SLCN cross
d SLCI cross
e SLFT cross
f MLET multi_leg
g MLAT multi_leg
h MLCT multi_leg
i MLFT multi_leg
j MESL multi_leg
k TLAT stock_option
l MASL multi_leg
m MFSL multi_leg
n TLET stock_option
o TLCT stock_option
p TLFT stock_option
q TESL stock_option
r TASL stock_option
s TFSL stock_option
t CBMO multi_leg
u MCTP multi_leg
v EXHT regular
"""
ROWS = [line.split() for line in PUBLISHED.strip().splitlines()]


@pytest.mark.parametrize(("letter", "name", "kind"), ROWS, ids=[row[1] for row in ROWS])
def test_each_letter_is_what_it_is_published_as(letter: str, name: str, kind: str) -> None:
    reader = OpraConditionReader()
    assert reader.read(letter) is Condition[kind.upper()]
    assert not reader.sentences()


def test_the_table_has_no_other_letter() -> None:
    assert OPRA_CONDITIONS.keys() == {row[0] for row in ROWS}


@pytest.mark.parametrize(
    ("letters", "condition"),
    [
        ("", Condition.REGULAR),
        ("    ", Condition.REGULAR),
        (" f  ", Condition.MULTI_LEG),
        ("Ig", Condition.MULTI_LEG),
        ("?f", Condition.MULTI_LEG),
        ("I?", Condition.UNKNOWN),
    ],
)
def test_blanks_and_several_letters(letters: str, condition: Condition) -> None:
    assert OpraConditionReader().read(letters) is condition


def test_unknown_letters_are_counted_and_said_by_letter() -> None:
    reader = OpraConditionReader()
    for letters in ("z", "I", "z", "Y"):
        reader.read(letters)
    assert reader.sentences() == [
        "1 trades with the unknown sale condition 'Y'",
        "2 trades with the unknown sale condition 'z'",
    ]
