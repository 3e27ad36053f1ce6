"""Shapes of the wire that tolerate another server's answers.

A server may be newer than the client, or another implementation of the published contract. Fields
that it does not send are None, fields that the wire does not have are ignored, and words that the
wire does not know are taken as they come. Each shape is a subclass of the wire's.
"""

import functools
import types
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from msgspec import UNSET, Struct, UnsetType, defstruct
from msgspec.structs import fields

S = TypeVar("S", bound=Struct)


@functools.cache
def tolerant(shape: type[S]) -> type[S]:
    """A subclass of a shape whose every field may be missing, and whose words are open."""
    known = fields(shape)
    names = {field.name: field.encode_name for field in known}
    columns = [(field.name, _open(field.type), _default(field.type)) for field in known]
    made = defstruct(
        shape.__name__,
        columns,
        bases=(shape,),
        frozen=True,
        gc=False,
        rename={name: wire for name, wire in names.items() if name != wire} or None,
        kw_only=True,
        module=shape.__module__,
    )
    return cast("type[S]", made)


def _default(kind: Any) -> Any:
    return UNSET if UnsetType in get_args(_bare(kind)) else None


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _open(kind: Any) -> Any:
    """A type that also takes null and unknown words."""
    return Union[_within(kind), None]  # noqa: UP007  # made at run time


def _within(kind: Any) -> Any:
    """The same without null."""
    if get_origin(kind) is Annotated:
        inner, *metas = get_args(kind)
        # Only times keep their condition: one without a zone has no meaning.
        keeps = any(getattr(meta, "tz", None) for meta in metas)
        return Annotated[(inner, *metas)] if keeps else _within(inner)
    origin = get_origin(kind)
    if origin is Literal:
        return type(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(_within(choice) for choice in get_args(kind))]  # noqa: UP007
    if origin is list:
        return list[_open(get_args(kind)[0])]  # type: ignore[misc]
    if kind is int:
        return int | float  # others may send counts as 5.0
    if isinstance(kind, type) and issubclass(kind, Struct):
        return tolerant(kind)
    return kind
