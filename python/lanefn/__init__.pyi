from collections.abc import Callable, Collection, Mapping, Sequence
from types import EllipsisType
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_Casting = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
_Order = Literal["K", "A", "C", "F"]
_Out = NDArray[Any] | tuple[NDArray[Any] | None, ...] | EllipsisType | None
_Signature = str | tuple[DTypeLike | None, ...] | None

__version__: str

class _Methods:
    def reduce(
        self,
        array: ArrayLike,
        axis: int | tuple[int, ...] | None = 0,
        dtype: DTypeLike | None = None,
        out: _Out = None,
        keepdims: bool = False,
        initial: Any = ...,
        where: ArrayLike = True,
    ) -> Any: ...
    def accumulate(
        self, array: ArrayLike, axis: int = 0, dtype: DTypeLike | None = None, out: _Out = None
    ) -> NDArray[Any]: ...
    def reduceat(
        self,
        array: ArrayLike,
        indices: ArrayLike,
        axis: int = 0,
        dtype: DTypeLike | None = None,
        out: _Out = None,
    ) -> NDArray[Any]: ...
    def outer(self, a: ArrayLike, b: ArrayLike, /, **kwargs: Any) -> Any: ...
    def at(self, a: NDArray[Any], indices: Any, b: ArrayLike | None = None, /) -> None: ...
    def as_numpy_ufunc(self) -> np.ufunc: ...

class ufunc(_Methods):
    nin: int
    nout: int
    nargs: int
    ntypes: int
    types: list[str]
    error_bounds: dict[str, float]
    identity: bool | int | float | None
    signature: None
    __name__: str
    __qualname__: str
    def __call__(
        self,
        *inputs: Any,
        out: _Out = None,
        where: ArrayLike = True,
        casting: _Casting = "same_kind",
        order: _Order = "K",
        dtype: DTypeLike | None = None,
        subok: bool = True,
        signature: _Signature = None,
    ) -> Any: ...
    def resolve_dtypes(
        self,
        dtypes: tuple[Any, ...],
        *,
        signature: _Signature = None,
        casting: _Casting | None = None,
        reduction: bool = False,
    ) -> tuple[np.dtype[Any], ...]: ...
    def to_bytes(self) -> bytes: ...

class FallbackWarning(UserWarning): ...

class Refusal(Exception):
    construct: str
    advice: str
    file: str | None
    line: int | None

class vectorize(_Methods):
    pyfunc: Callable[..., Any] | None
    otypes: str | Sequence[Any] | None
    excluded: set[int | str]
    cache: bool
    __name__: str
    @overload
    def __init__(
        self,
        pyfunc: Callable[..., Any],
        otypes: str | Sequence[DTypeLike] | None = None,
        doc: str | None = None,
        excluded: Collection[int | str] | None = None,
        cache: bool = False,
        signature: str | None = None,
        *,
        strict: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        otypes: str | Sequence[DTypeLike] | None = None,
        doc: str | None = None,
        excluded: Collection[int | str] | None = None,
        cache: bool = False,
        signature: str | None = None,
        strict: bool = False,
    ) -> None: ...
    @property
    def nin(self) -> int: ...
    @property
    def nout(self) -> int: ...
    @property
    def nargs(self) -> int: ...
    @property
    def ntypes(self) -> int: ...
    @property
    def types(self) -> list[str]: ...
    @property
    def identity(self) -> None: ...
    @property
    def signature(self) -> str | None: ...
    @property
    def compiled(self) -> bool: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def explain(self) -> str: ...
    def refresh(self) -> None: ...
    def to_bytes(self) -> bytes: ...

def from_bytes(data: bytes) -> vectorize: ...
def compile(text: str) -> ufunc: ...
def evaluate(
    text: str,
    local_dict: Mapping[str, Any] | None = None,
    global_dict: Mapping[str, Any] | None = None,
    out: _Out = None,
    order: _Order = "K",
    casting: _Casting = "safe",
) -> Any: ...
class CacheInfo(NamedTuple):
    hits: int
    misses: int
    maxsize: int
    currsize: int

def cache_info() -> CacheInfo: ...
class num_threads:
    def __init__(self, n: int) -> None: ...
    def __enter__(self) -> num_threads: ...
    def __exit__(self, *_: object) -> None: ...

def get_num_threads() -> int: ...
def set_num_threads(n: int) -> None: ...
def can_cast(from_: DTypeLike, to: DTypeLike, casting: _Casting = "safe") -> bool: ...
def promote_types(type1: DTypeLike, type2: DTypeLike) -> np.dtype[Any]: ...
def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]: ...

problem: ufunc
wind_power: ufunc
ten_branches: ufunc
leaky_relu: ufunc
mandelbrot: ufunc
beaufort: ufunc
gaussian_bump: ufunc
srgb_to_linear: ufunc
linear_to_srgb: ufunc
haversine: ufunc
wind_direction: ufunc
gelu: ufunc
black_scholes: ufunc
add: ufunc
subtract: ufunc
multiply: ufunc
divide: ufunc
true_divide: ufunc
negative: ufunc
positive: ufunc
conjugate: ufunc
conj: ufunc
fabs: ufunc
less: ufunc
less_equal: ufunc
greater: ufunc
greater_equal: ufunc
equal: ufunc
not_equal: ufunc
logical_and: ufunc
logical_or: ufunc
logical_xor: ufunc
logical_not: ufunc
exp: ufunc
exp2: ufunc
exp10: ufunc
expm1: ufunc
log: ufunc
log2: ufunc
log10: ufunc
log1p: ufunc
pow: ufunc
power: ufunc
float_power: ufunc
cbrt: ufunc
rsqrt: ufunc
sqrt: ufunc
hypot: ufunc
sigmoid: ufunc
logit: ufunc
softplus: ufunc
logaddexp: ufunc
logaddexp2: ufunc
xlogy: ufunc
sin: ufunc
cos: ufunc
tan: ufunc
sincos: ufunc
sinpi: ufunc
cospi: ufunc
tanpi: ufunc
asin: ufunc
arcsin: ufunc
acos: ufunc
arccos: ufunc
atan: ufunc
arctan: ufunc
atan2: ufunc
arctan2: ufunc
tanh: ufunc
sinh: ufunc
cosh: ufunc
asinh: ufunc
arcsinh: ufunc
acosh: ufunc
arccosh: ufunc
atanh: ufunc
arctanh: ufunc
erf: ufunc
erfc: ufunc
gamma: ufunc
lgamma: ufunc
fmod: ufunc
remainder: ufunc
mod: ufunc
floor_divide: ufunc
divmod: ufunc
gcd: ufunc
lcm: ufunc
left_shift: ufunc
bitwise_left_shift: ufunc
right_shift: ufunc
bitwise_right_shift: ufunc
bit_count: ufunc
bitwise_count: ufunc
invert: ufunc
bitwise_not: ufunc
bitwise_invert: ufunc
bitwise_and: ufunc
bitwise_or: ufunc
bitwise_xor: ufunc
maximum: ufunc
minimum: ufunc
fmax: ufunc
fmin: ufunc
clip: ufunc
heaviside: ufunc
abs: ufunc
absolute: ufunc
sign: ufunc
square: ufunc
reciprocal: ufunc
deg2rad: ufunc
radians: ufunc
rad2deg: ufunc
degrees: ufunc
floor: ufunc
ceil: ufunc
trunc: ufunc
rint: ufunc
round: ufunc
modf: ufunc
copysign: ufunc
nextafter: ufunc
spacing: ufunc
ldexp: ufunc
frexp: ufunc
signbit: ufunc
isnan: ufunc
isinf: ufunc
isfinite: ufunc
