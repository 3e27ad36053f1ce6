"""zerodte: an open, self-hosted server for live 0DTE options flow.

`open_tape`, `replay` and `samples` are the Python API; docs/python.md describes it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zerodte.python_api import open_tape, replay, samples

__all__ = ["__version__", "open_tape", "replay", "samples"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the Python API on first use, so that `import zerodte` stays cheap."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from zerodte import python_api  # noqa: PLC0415

    return getattr(python_api, name)
