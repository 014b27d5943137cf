"""What a ``run`` may look at besides the value that an answer returns."""

from typing import Any

import torch
from torch import Tensor

CUT_OFF = "cut off: backward() does not reach it"


def with_gradients(name: str, value: Any, **inputs: Tensor) -> dict[str, Any]:
    """Return a value and its gradients, each with a name, so that a check sees whether ``backward()`` can start from it.

    Args:
        name: what messages call the value, such as "the loss".
        value: what an answer returned.
        **inputs: the tracked tensors that it was computed from.

    Returns:
        The value under its name, and for each input the gradient of the value's sum, or a few words where there is none.
    """
    tracked = isinstance(value, Tensor) and value.requires_grad
    gradients = (
        torch.autograd.grad(value.sum(), list(inputs.values()), allow_unused=True) if tracked else [None] * len(inputs)
    )
    named = zip(inputs, gradients, strict=True)
    return {name: value} | {f"the gradient for `{k}`": CUT_OFF if g is None else g for k, g in named}
