"""fastgd trains linear models by gradient descent: torch's names and torch's loop, on compiled kernels."""

from math import e, inf, nan, pi
from typing import TYPE_CHECKING

from . import _later, ops
from ._tensor import Tensor, get_default_dtype, is_grad_enabled
from ._types import (
    Size,
    bfloat16,
    bool_ as bool,
    contiguous_format,
    device,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    memory_format,
    preserve_format,
    strided,
    uint8,
)
from .creation import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    range,
    scalar_tensor,
    set_default_dtype,
    tensor,
    tril_indices,
    triu_indices,
    vander,
    zeros,
    zeros_like,
)
from .legacy import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    set_default_tensor_type,
)
from .methods import is_complex, is_floating_point, is_nonzero, is_tensor, numel
from .ops import *
from .factorisations import _LinAlgError  # torch._C has it
from .linalg import (
    cholesky_inverse,
    cholesky_solve,
    cross,
    det,
    inv as inverse,
    logdet,
    matrix_power,
    old_cholesky as cholesky,
    old_qr as qr,
    old_svd as svd,
    pinv as pinverse,
    slogdet,
)
from .printing import get_printoptions, set_printoptions
from . import autograd, linalg, random
from .autograd import enable_grad, inference_mode, is_inference_mode_enabled, no_grad, set_grad_enabled
from .random import *
from .settings import (
    are_deterministic_algorithms_enabled,
    get_default_device,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    set_default_device,
    set_flush_denormal,
    set_float32_matmul_precision,
    set_num_interop_threads,
    set_num_threads,
    show_config,
    typename,
    use_deterministic_algorithms,
)

float, double, half = float32, float64, float16
long, int, short = int64, int32, int16
newaxis = None

if TYPE_CHECKING:
    from . import accelerator, amp, backends, cuda, distributions, mps, nn, optim, special, testing, utils, version, xpu
    from .amp import GradScaler, autocast, is_autocast_enabled
    from .diagnosis import diagnose
    from .history import DivergenceError, History
    from .serialization import load, save
    from .standin import install_as_torch
    from .statistics import Statistics
    from .trainer import Trainer
    from .version import __version__

__getattr__, __dir__, _names = _later.attributes(
    __name__,
    "accelerator amp backends cuda distributions mps nn optim special testing utils version xpu",
    amp="GradScaler autocast is_autocast_enabled",
    diagnosis="diagnose",
    history="DivergenceError History",
    serialization="load save",
    standin="install_as_torch",
    statistics="Statistics",
    trainer="Trainer",
    version="__version__",
)
