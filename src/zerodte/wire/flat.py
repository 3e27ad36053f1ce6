"""Answers about one chain as they travel: the head, the blocks beside it, the blocks as `body`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from zerodte.wire.exposure import ExposureBlocks, Head
from zerodte.wire.snapshot import NoZeroDte, SessionClosed, SnapshotBlocks


@dataclass(frozen=True)
class FlatBody:
    """An answer whose blocks appear beside its head and again under `body`."""

    name: str
    head: type
    blocks: type


if TYPE_CHECKING:

    class Snapshot(Head, SnapshotBlocks, frozen=True, kw_only=True):
        """A snapshot of a chain during the session; docs/http.md describes its fields."""

    class Exposure(Head, ExposureBlocks, frozen=True, kw_only=True):
        """The same on settled open interest."""

else:

    def _flat(name: str, *parts: type[msgspec.Struct]) -> type[msgspec.Struct]:
        """A Struct with the fields of all parts, which cannot share one by inheritance."""
        fields = [
            (field.name, field.type) if field.required else (field.name, field.type, field.default)
            for part in parts
            for field in msgspec.structs.fields(part)
        ]
        return msgspec.defstruct(name, fields, frozen=True, kw_only=True, gc=False, module=__name__)

    Snapshot = _flat("Snapshot", Head, SnapshotBlocks)
    Exposure = _flat("Exposure", Head, ExposureBlocks)


class _Form(msgspec.Struct):
    """The fields that tell the degraded forms of an answer."""

    no_zero_dte: bool | None = False
    session_closed: bool | None = False


def degraded_form(content: bytes) -> type[NoZeroDte | SessionClosed] | None:
    """The shape of an answer without a chain; None if it has one.

    Raises:
        msgspec.MsgspecError: It is not a JSON object.
    """
    form = msgspec.json.decode(content, type=_Form)
    if form.no_zero_dte:
        return NoZeroDte
    return SessionClosed if form.session_closed else None
