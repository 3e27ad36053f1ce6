"""The query and the answer of `/v1/account`: a caller's plan and what is left of its day."""

from typing import Annotated

from msgspec import Struct

from zerodte.wire.base import Timestamp, about
from zerodte.wire.envelope import DataAsOf
from zerodte.wire.query import Query


class Account(Struct, frozen=True, kw_only=True, gc=False):
    """A caller's plan and usage. Limits are texts, because they may be `unlimited`."""

    endpoint_version: Annotated[str, about("Version of this endpoint's shape.")] = "1"
    data_as_of: Annotated[DataAsOf, about("When each kind of input last arrived.")]
    user_id: Annotated[str | None, about("The id of the key; null without keys.")]
    email: Annotated[str | None, about("Always null: no addresses are stored.")] = None
    plan: Annotated[str, about("The name of the plan; `enterprise` without keys.")]
    daily_limit: Annotated[str, about("Answers per UTC day, a number as text, or `unlimited`.")]
    usage_today: Annotated[int, about("Answers of this UTC day, this one included.")]
    remaining: Annotated[str, about("Answers left today, a number as text, or `unlimited`.")]
    resets_at: Annotated[Timestamp, about("When the next UTC day begins.")]


class AccountQuery(Query, frozen=True, kw_only=True, gc=False):
    """Asks for the caller's own plan and usage."""
