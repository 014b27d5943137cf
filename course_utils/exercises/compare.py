"""How an answer is compared with the wanted value, and how a value is described in a few words."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Raised:
    """An answer that raised an error in place of returning a value."""

    error: Exception


def difference(got: Any, wanted: Any, tolerance: float = 1e-5) -> str:
    """Say in one sentence how a value differs from the wanted one; an empty string where it does not.

    Args:
        got: the value that an answer gave.
        wanted: what it should be: a tensor, number, string, bool, None, or a tuple, list or dictionary of such.
        tolerance: relative and absolute tolerance of floating-point values.
    """
    if isinstance(got, Raised) or isinstance(wanted, Raised):
        if isinstance(got, Raised) and isinstance(wanted, Raised) and type(got.error) is type(wanted.error):
            return ""
        if isinstance(got, Raised):
            text = str(got.error).strip().splitlines()
            return f"Your answer raised {type(got.error).__name__}{': ' + text[0] if text else ''}."
        return "Your answer returned a value where it should have raised an error."
    if got is None and wanted is not None:
        return "Your answer is None. Does your function return something?"
    if isinstance(wanted, Tensor):
        return _tensor_difference(got, wanted, tolerance)
    if isinstance(wanted, dict):
        if not isinstance(got, dict) or set(got) != set(wanted):
            return f"A dictionary with the keys {', '.join(map(str, wanted))} is needed. You have {show(got)}."
        for key in wanted:
            if got[key] is None or got[key] is ...:
                return f"{key}: still open."
            if difference(got[key], wanted[key], tolerance):
                return f"{key}: not {show(got[key])}. Try it in a cell of your own, then change your answer."
        return ""
    if isinstance(wanted, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(wanted):
            return f"{len(wanted)} values are needed, as a {type(wanted).__name__}. You have {show(got)}."
        pairs = enumerate(zip(got, wanted, strict=True), start=1)
        return next((f"Value {i}: {d}" for i, (g, w) in pairs if (d := difference(g, w, tolerance))), "")
    if isinstance(wanted, float | int) and not isinstance(wanted, bool):
        if isinstance(got, bool) or not isinstance(got, float | int):
            return f"A Python number is needed. You have {show(got)}."
        exact = isinstance(got, int) and isinstance(wanted, int)
        same = got == wanted if exact else math.isclose(got, wanted, rel_tol=tolerance, abs_tol=tolerance)
        return "" if same or (got != got and wanted != wanted) else f"Expected {show(wanted)}, got {show(got)}."
    same = type(got) is type(wanted) and got == wanted
    return "" if same else f"Expected {show(wanted)}, got {show(got)}."


def show(value: Any) -> str:
    """Describe a value in a few words that are the same on every machine."""
    if isinstance(value, Tensor):
        if value.numel() <= 8 and value.device.type == "cpu":
            numbers = [round(v, 4) if isinstance(v, float) else v for v in value.flatten().tolist()]
            return f"{numbers} of shape {tuple(value.shape)}"
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, bool | int | str | float | type(None) | torch.dtype | torch.device):
        return f"{value:.4g}" if isinstance(value, float) else repr(value)[:60]
    if isinstance(value, tuple | list) and len(value) <= 6:
        return f"({', '.join(map(show, value))})"
    return f"an object of type {type(value).__name__}"


def _tensor_difference(got: Any, wanted: Tensor, tolerance: float) -> str:
    if not isinstance(got, Tensor):
        return f"A tensor is needed. You have {show(got)}."
    if got.shape != wanted.shape:
        return f"The shape should be {tuple(wanted.shape)}. Yours is {tuple(got.shape)}."
    if got.dtype != wanted.dtype:
        return f"The dtype should be {wanted.dtype}. Yours is {got.dtype}."
    if got.device != wanted.device:
        return f"The tensor should be on {wanted.device}. Yours is on {got.device}."
    if got.device.type == "meta":
        return ""
    got, wanted = got.detach(), wanted.detach()
    if got.isnan().any() and not wanted.isnan().any():
        return "Your tensor has nan in it: somewhere there is 0/0, the logarithm of a negative number, or inf - inf."
    if torch.allclose(got.double(), wanted.double(), tolerance, tolerance, equal_nan=True):
        return ""
    return f"Expected {show(wanted)}, got {show(got)}." if wanted.numel() <= 8 else "The values differ from PyTorch's."
