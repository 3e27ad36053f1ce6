"""The shape of `/health`."""

from typing import Annotated, Literal

from msgspec import Struct

from zerodte.wire.base import about


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the server can answer, and if not, why."""

    status: Annotated[Literal["Healthy", "Unhealthy"], about("Unhealthy comes with HTTP 503.")]
    reasons: Annotated[tuple[str, ...], about("Why it is unhealthy; absent when healthy.")] = ()
    warnings: Annotated[
        tuple[str, ...],
        about("Problems that affect no answer but need attention; absent when there are none."),
    ] = ()

    @classmethod
    def of(cls, *reasons: str, warnings: tuple[str, ...] = ()) -> "Health":
        """Healthy without reasons, unhealthy for the reasons given."""
        return cls(status="Unhealthy" if reasons else "Healthy", reasons=reasons, warnings=warnings)
