"""The shape of `/health`."""

from typing import Annotated, Literal

from msgspec import Struct

from zerodte.wire.base import about
from zerodte.wire.envelope import DataAsOf


class Health(Struct, frozen=True, kw_only=True, gc=False):
    """Whether the server can answer, and if not, why."""

    endpoint_version: Annotated[str, about("Version of this endpoint's shape.")] = "1"
    data_as_of: Annotated[DataAsOf, about("When each kind of input last arrived.")] = DataAsOf()
    status: Annotated[Literal["Healthy", "Unhealthy"], about("Unhealthy comes with HTTP 503.")]
    reasons: Annotated[tuple[str, ...], about("Why it is unhealthy; empty when healthy.")] = ()
    warnings: Annotated[
        tuple[str, ...],
        about("Problems that affect no answer but need attention; often empty."),
    ] = ()

    @classmethod
    def of(
        cls,
        *reasons: str,
        warnings: tuple[str, ...] = (),
        data_as_of: DataAsOf = DataAsOf(),  # noqa: B008  # frozen
    ) -> "Health":
        """Healthy without reasons, unhealthy for the reasons given."""
        status: Literal["Healthy", "Unhealthy"] = "Unhealthy" if reasons else "Healthy"
        return cls(status=status, reasons=reasons, warnings=warnings, data_as_of=data_as_of)
