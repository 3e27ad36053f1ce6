"""How a kernel is compiled: the one place where numba's options stand.

Every kernel runs serially, without the GIL, and is cached beside its source (or in
`NUMBA_CACHE_DIR`), so that only the first run on a machine pays for the compiler.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

#: What LLVM may change in vector code: it may fuse a product into a sum, and nothing else. Order
#: is kept, so a result does not depend on the width of the machine's vectors, nor NaN on luck.
_VECTOR_MATH = {"contract"}


def kernel(function: F) -> F:
    """Compile `function` on first use, with IEEE arithmetic, the same on every machine."""
    return cast("F", njit(nogil=True, cache=True, error_model="numpy")(function))


def vector_kernel(function: F) -> F:
    """Compile `function`, whose loops go element by element without branches, to vector code."""
    compile_ = njit(nogil=True, cache=True, error_model="numpy", fastmath=_VECTOR_MATH)
    return cast("F", compile_(function))


def inline(function: F) -> F:
    """Compile a helper of vector kernels, which must melt into their loops."""
    compile_ = njit(forceinline=True, cache=True, error_model="numpy", fastmath=_VECTOR_MATH)
    return cast("F", compile_(function))
