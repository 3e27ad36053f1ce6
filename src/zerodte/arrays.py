"""The types of numpy arrays, named by what they hold. Their shapes stand where they are used."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

F64: TypeAlias = npt.NDArray[np.float64]
F32: TypeAlias = npt.NDArray[np.float32]
I64: TypeAlias = npt.NDArray[np.int64]
I32: TypeAlias = npt.NDArray[np.int32]
U64: TypeAlias = npt.NDArray[np.uint64]
U32: TypeAlias = npt.NDArray[np.uint32]
I8: TypeAlias = npt.NDArray[np.int8]
U8: TypeAlias = npt.NDArray[np.uint8]
Bool: TypeAlias = npt.NDArray[np.bool_]
#: Positions that index other arrays.
Index: TypeAlias = npt.NDArray[np.intp]
#: Rows of a structured dtype.
Rows: TypeAlias = npt.NDArray[np.void]
#: One of them in a kernel. The compiler knows its fields, the type checker does not.
Row: TypeAlias = Any
