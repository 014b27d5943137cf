"""What a check says: compare two outcomes, and describe a value in a few words."""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Raised:
    """An answer that raised an error in place of returning a value."""

    error: BaseException


def difference(got: Any, wanted: Any, tolerance: float = 1e-5) -> str:
    """Say in one sentence how a value differs from the wanted one; an empty string where it does not. It never raises.

    Args:
        got: the value that an answer gave.
        wanted: what it should be: a tensor, array, number, string, bool, None, or a tuple, list or dictionary of such.
        tolerance: relative and absolute tolerance of floating-point values.
    """
    try:
        return _difference(got, wanted, tolerance)
    except Exception:  # a strange object, for example one whose == raises
        return f"Your answer cannot be compared with the right one. You have {show(got)}."


def _difference(got: Any, wanted: Any, tolerance: float) -> str:
    if isinstance(got, Raised) or isinstance(wanted, Raised):
        if isinstance(got, Raised) and isinstance(wanted, Raised) and type(got.error) is type(wanted.error):
            return ""
        if isinstance(got, Raised):
            text = _first_line(got.error)
            if isinstance(got.error, MemoryError) or "allocate memory" in text:
                return "Your answer asks for more memory than there is. Look for a size that is far too large."
            return f"Your answer raised {type_name(got.error)}{': ' + text if text else ''}."
        return "Your answer returned a value where it should have raised an error."
    if got is None and wanted is not None:
        return "Your answer is None. Does your function return something?"
    if isinstance(wanted, Tensor):
        return _tensor_difference(got, wanted, tolerance)
    if isinstance(wanted, np.ndarray):
        if not isinstance(got, np.ndarray):
            return f"A NumPy array is needed. You have {show(got)}."
        return _tensor_difference(torch.as_tensor(got.copy()), torch.as_tensor(wanted.copy()), tolerance)
    if isinstance(wanted, dict):
        if not isinstance(got, dict) or set(got) != set(wanted):
            names = ", ".join(map(str, list(wanted)[:4])) + (", ..." if len(wanted) > 4 else "")
            return f"A dictionary with the keys {names} is needed, as in the stub. You have {show(got)}."
        for key in wanted:
            if got[key] is None or got[key] is ...:
                return f"{key}: still open."
            if problem := difference(got[key], wanted[key], tolerance):
                # a quiz would be over if the wanted value were named; a tensor cannot be guessed
                again = f"not {show(got[key])}. Look again, or try it in a cell of your own, then change your answer."
                return f"{key}: {problem if isinstance(wanted[key], Tensor) else again}"
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


def part(value: Any, keys: Collection[str]) -> Any:
    """Return only these keys of a dictionary, where it has them all; any other value as it is."""
    if keys and isinstance(value, dict) and set(keys) <= set(value):
        return {key: value[key] for key in keys}
    return value


def is_open(answer: Any) -> bool:
    """Say whether an answer is still empty: None, ..., or a collection of nothing else."""
    if isinstance(answer, dict):
        answer = tuple(answer.values())
    if isinstance(answer, tuple | list):
        return all(is_open(value) for value in answer)
    return answer is None or answer is ...


def show(value: Any) -> str:
    """Describe a value in a few words that are the same on every machine. It never raises."""
    try:
        text = _show(value)
    except Exception:  # for example an int with so many digits that Python refuses to print it
        text = f"an object of type {type_name(value)}"
    return text if len(text) <= 200 else text[:197] + "..."


def type_name(value: Any) -> str:
    """Return the name of an object's type, in one line."""
    try:
        return " ".join(type(value).__name__.split())[:60]
    except Exception:  # a metaclass can do anything
        return "unknown"


def _show(value: Any) -> str:
    if isinstance(value, Tensor):
        if value.numel() <= 8 and value.device.type == "cpu" and value.layout is torch.strided:
            numbers = [round(v, 4) if isinstance(v, float) else v for v in value.flatten().tolist()]
            return f"{numbers} of shape {tuple(value.shape)}"
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, bool | int | str | float | type(None) | torch.dtype | torch.device):
        return f"{value:.4g}" if isinstance(value, float) else repr(value)[:60]
    if isinstance(value, tuple | list) and len(value) <= 6:
        return f"({', '.join(map(show, value))})"
    return f"an object of type {type_name(value)}"


def _first_line(error: BaseException) -> str:
    """Return the first line of an error's text, without addresses, which differ from run to run."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:
        return ""
    text = re.sub(r"( object)? at 0x[0-9a-fA-F]+|0x[0-9a-fA-F]+", "", lines[0] if lines else "").strip().rstrip(".")
    return text if len(text) <= 200 else text[:197] + "..."


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
