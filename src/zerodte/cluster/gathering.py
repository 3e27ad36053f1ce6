"""Answers about all symbols, put together from those of parts of them."""

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from zerodte.constants import LEADERS_BOUNDS
from zerodte.wire.envelope import DataAsOf, Envelope
from zerodte.wire.leaderboard import Leaderboard, LeaderboardQuery
from zerodte.wire.listing import (
    SessionEntry,
    SessionList,
    SessionsQuery,
    SymbolList,
    SymbolsQuery,
    TickerList,
    TickersQuery,
)
from zerodte.wire.query import Query
from zerodte.wire.text import first_of

#: Symbols that a sentence names at most.
_MOST_NAMED: Final = 20

#: Joins answers of a type to that of a query; the last argument is the sentence on what is missing.
Join: TypeAlias = Callable[[Sequence[Any], Any, str | None], Envelope]


def part_of(query: Query) -> Query:
    """What to ask the parts for: as many leaders as there can be, since any may be the first."""
    if isinstance(query, LeaderboardQuery):
        return msgspec.structs.replace(query, n=LEADERS_BOUNDS[1])
    return query


def gathered(query: Query, parts: Sequence[Envelope], missing: Collection[str] = ()) -> bytes:
    """The answer to a query about all symbols.

    Args:
        query: One of `LeaderboardQuery`, `SymbolsQuery`, `SessionsQuery` and `TickersQuery`.
        parts: Answers to `part_of` it, from `read_part`; at least one.
        missing: The symbols that no part answers for.
    """
    _, join = _JOINS[type(query)]
    return msgspec.json.encode(join(parts, query, absence(missing)))


def of_symbols(part: Envelope, symbols: Collection[str]) -> Envelope:
    """A part's answer, of some of its symbols alone."""
    if isinstance(part, Leaderboard):
        entries = [entry for entry in part.entries if entry.symbol in symbols]
        return msgspec.structs.replace(part, entries=entries)
    if isinstance(part, SymbolList):
        found = [symbol for symbol in part.symbols if symbol in symbols]
        return msgspec.structs.replace(part, symbols=found)
    return part


def absence(missing: Collection[str]) -> str | None:
    """A sentence on symbols that nobody answers for; None without any."""
    if not missing:
        return None
    return f"no worker answers for {first_of(sorted(missing), _MOST_NAMED)}"


def newest(parts: Sequence[DataAsOf]) -> DataAsOf:
    """When each kind of input last arrived anywhere."""
    if not parts:
        return DataAsOf()
    found: dict[str, Any] = {
        name: max(
            (value for part in parts if (value := getattr(part, name)) is not None), default=None
        )
        for name in DataAsOf.__struct_fields__
    }
    return DataAsOf(**found)


class _Value(msgspec.Struct):
    """The value of a leader, which stays a whole number if it is one."""

    value: int | float


class _Values(msgspec.Struct):
    """The values of a leaderboard's entries."""

    entries: list[_Value]


def read_part(query: Query, body: bytes) -> Envelope:
    """A part's answer to `part_of` a query.

    Raises:
        msgspec.DecodeError: If it is none of this version.
    """
    answer_type, _ = _JOINS[type(query)]
    answer = msgspec.json.decode(body, type=answer_type)
    if isinstance(answer, Leaderboard):
        values = msgspec.json.decode(body, type=_Values).entries
        entries = [
            msgspec.structs.replace(entry, value=each.value)
            for entry, each in zip(answer.entries, values, strict=True)
        ]
        answer = msgspec.structs.replace(answer, entries=entries)
    return answer


def _leaderboard(
    answers: Sequence[Leaderboard], query: LeaderboardQuery, note: str | None
) -> Leaderboard:
    entries = [entry for answer in answers for entry in answer.entries]
    entries.sort(key=lambda entry: (-entry.value, entry.symbol))
    ranked = [
        msgspec.structs.replace(entry, rank=rank)
        for rank, entry in enumerate(entries[: query.n], 1)
    ]
    return msgspec.structs.replace(
        answers[0],
        data_as_of=newest([answer.data_as_of for answer in answers]),
        n=query.n,
        as_of=max(answer.as_of for answer in answers),
        market_open=any(answer.market_open for answer in answers),
        entries=ranked,
        note=note,
    )


def _symbols(answers: Sequence[SymbolList], _: SymbolsQuery, note: str | None) -> SymbolList:
    found = sorted({symbol for answer in answers for symbol in answer.symbols})
    notes = [note, *(answer.note for answer in answers)]
    return msgspec.structs.replace(
        answers[0],
        data_as_of=newest([answer.data_as_of for answer in answers]),
        symbols=found,
        count=len(found),
        note=_together(notes),
        last_updated=max(answer.last_updated for answer in answers),
    )


def _sessions(answers: Sequence[SessionList], _: SessionsQuery, note: str | None) -> SessionList:
    by_date: dict[datetime.date, list[SessionEntry]] = {}
    for answer in answers:
        for entry in answer.sessions:
            by_date.setdefault(entry.date, []).append(entry)
    days = [
        msgspec.structs.replace(
            entries[0], symbols=sorted({symbol for entry in entries for symbol in entry.symbols})
        )
        for entries in by_date.values()
    ]
    today = answers[0].sessions[0].date
    days.sort(key=lambda entry: (entry.date == today, entry.date), reverse=True)
    return msgspec.structs.replace(
        answers[0],
        data_as_of=newest([answer.data_as_of for answer in answers]),
        sessions=days,
        count=len(days),
        note=_together([note, *(answer.note for answer in answers)]),
    )


def _tickers(answers: Sequence[TickerList], _: TickersQuery, __: str | None) -> TickerList:
    found = sorted({ticker for answer in answers for ticker in answer.tickers})
    return msgspec.structs.replace(
        answers[0],
        data_as_of=newest([answer.data_as_of for answer in answers]),
        tickers=found,
        count=len(found),
    )


def _together(notes: Sequence[str | None]) -> str | None:
    """Sentences as one, each once; None without any."""
    return "; ".join(dict.fromkeys(note for note in notes if note)) or None


_JOINS: Final[Mapping[type[Query], tuple[type[Envelope], Join]]] = MappingProxyType(
    {
        LeaderboardQuery: (Leaderboard, _leaderboard),
        SymbolsQuery: (SymbolList, _symbols),
        SessionsQuery: (SessionList, _sessions),
        TickersQuery: (TickerList, _tickers),
    }
)
