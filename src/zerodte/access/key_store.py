"""Where keys and their usage are stored: what a file and a bucket have in common."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from zerodte.access.error import AccessError, KeyStoreError
from zerodte.access.key import KeyRecord, check_name, digest_of, is_like_key, new_id, new_key

#: Makes the record to store from all records, by digest.
Decide: TypeAlias = Callable[[Mapping[bytes, KeyRecord]], KeyRecord]


@dataclass(frozen=True, slots=True)
class Addition:
    """Answers to add to those of a key and a day.

    Attributes:
        key: The key's id.
        day: The UTC day, yyyy-MM-dd.
        answers: How many.
        limit: As many as the day may have; None for any number.
    """

    key: str
    day: str
    answers: int
    limit: int | None = None


class KeyStore(ABC):
    """An open store of keys. It belongs to the thread that opened it.

    Every method raises KeyStoreError if the store cannot be used.

    Args:
        place: The file or the server, as its operator may read it.
    """

    def __init__(self, place: object) -> None:
        self.place = place

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def create(self, plan: str, name: str = "") -> tuple[KeyRecord, str]:
        """Create a key; its text is returned here and stored nowhere.

        Raises:
            AccessError: The name cannot be used, or a valid key has it already.
        """
        name, key = check_name(name), new_key()
        new = KeyRecord(new_id(), name, plan, digest_of(key.encode()), int(time.time()))

        def decide(records: Mapping[bytes, KeyRecord]) -> KeyRecord:
            if name and any(r.name == name and not r.revoked for r in records.values()):
                raise AccessError(f"there is a key named {name!r} already; choose another name")
            return new

        return self.change(decide), key

    def rotate(self, which: str) -> tuple[KeyRecord, str]:
        """Replace a key by a new one with the same id, name, plan and usage.

        Raises:
            AccessError: As `revoke` does.
        """
        key = new_key()
        digest = digest_of(key.encode())
        return self.change(lambda records: replace(_valid(records, which), digest=digest)), key

    def revoke(self, which: str) -> KeyRecord:
        """Revoke a key for good.

        Args:
            which: Its id, or its name.

        Raises:
            AccessError: No valid key has that id or name.
        """
        now = int(time.time())
        return self.change(lambda records: replace(_valid(records, which), revoked=now))

    @abstractmethod
    def change(self, decide: Decide) -> KeyRecord:
        """Store a record, new or under the id of an old one, that is decided from all of them.

        No other change comes between the two. An error that `decide` raises changes nothing.
        """

    @abstractmethod
    def records(self) -> dict[bytes, KeyRecord]:
        """All keys by digest, oldest first."""

    @property
    @abstractmethod
    def revision(self) -> object:
        """Something that is never again equal once the keys have changed."""

    @abstractmethod
    def is_current(self) -> bool:
        """Whether it can be read on; if not, it has to be opened anew."""

    @abstractmethod
    def usage(self, day: str) -> dict[str, int]:
        """Answers of a UTC day, yyyy-MM-dd, by key id."""

    @abstractmethod
    def add(self, additions: Sequence[Addition]) -> list[int | KeyStoreError]:
        """Add answers, each addition up to its limit, and commit them.

        Returns:
            How many answers the day had before each, limit or not; an error in place of those that
            may or may not be added, because nothing is known of them.
        """

    @abstractmethod
    def close(self) -> None:
        """Close it."""


def _valid(records: Mapping[bytes, KeyRecord], which: str) -> KeyRecord:
    if is_like_key(which):
        raise AccessError(
            "that is a key itself; give its id or name, as `zerodte keys list` shows them, and "
            "rotate the key, because commands are recorded by shells"
        )
    found = [r for r in records.values() if which in (r.id, r.name)]
    if valid := [record for record in found if not record.revoked]:
        return valid[0]
    if found:
        raise AccessError(f"the key {which!r} is revoked already")
    raise AccessError(f"there is no key {which!r}; `zerodte keys list` lists ids and names")


def missing(place: object, reason: str = "it does not exist") -> KeyStoreError:
    """The error of a store that is not there."""
    hint = "`zerodte keys create --plan growth` makes one"
    return KeyStoreError(place, reason, hint=hint, is_unreadable=True)
