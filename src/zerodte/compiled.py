"""How a kernel is compiled: the one place where numba's options stand.

Every kernel runs serially, without the GIL, and is cached beside its source (or in
`NUMBA_CACHE_DIR`), so that only the first run on a machine pays for the compiler.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

#: What may be reordered for vector code. NaN and infinity keep their meaning: unknown is NaN.
_VECTOR_MATH = {"nsz", "contract", "arcp", "reassoc"}


def kernel(function: F) -> F:
    """Compile `function` on first use with IEEE arithmetic; results do not depend on the machine."""
    return cast("F", njit(nogil=True, cache=True, error_model="numpy")(function))


def vector_kernel(function: F) -> F:
    """Compile `function` so that LLVM may reorder sums and vectorise its loops."""
    options = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": _VECTOR_MATH}
    return cast("F", njit(**options)(function))


def inline(function: F) -> F:
    """Compile a helper that kernels call and that must melt into their loops."""
    return cast("F", njit(inline="always", cache=True, error_model="numpy")(function))
