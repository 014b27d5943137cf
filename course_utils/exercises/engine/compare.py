"""What a check says: how two outcomes differ, and a value in a few words."""

import math
import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.environment import PACKAGE

HALF = (torch.float16, torch.bfloat16)


@dataclass(frozen=True, eq=False)
class Raised:
    """An answer that raised an error in place of returning a value."""

    error: BaseException

    def reason(self) -> str:
        """Return what went wrong, without the numbers and addresses in it, which differ from one input to another."""
        return re.sub(r"-?\d+", "N", error_text(self.error))


def difference(
    got: Any, wanted: Any, tolerance: float | None = None, name: str = "the result", parts: str | Sequence[str] = ()
) -> str:
    """Say in one sentence how a value differs from the wanted one; an empty string where it does not. It never raises.

    Args:
        got: the value that an answer gave.
        wanted: what it should be: a tensor, array, number, string, bool, None, or a tuple, list or dictionary of such.
        tolerance: relative and absolute tolerance of floating-point values. None leaves it to the dtype: 1e-5, which lets
            float32 sums pass in any order, and 1e-2 for float16 and bfloat16.
        name: what the sentence calls the value.
        parts: what it calls the values in a tuple or list: a name for each, or one text with ``{}`` for their number, from 1.
    """
    try:
        return _difference(got, wanted, tolerance, name, parts)
    except Exception:  # a strange object, for example one whose == raises
        return f"Your answer cannot be compared with the right one. You have {show(got)}."


def _difference(got: Any, wanted: Any, tolerance: float | None, name: str, parts: str | Sequence[str]) -> str:
    what = name[0].upper() + name[1:]
    if isinstance(got, Raised) or isinstance(wanted, Raised):
        if isinstance(got, Raised) and isinstance(wanted, Raised) and type(got.error) is type(wanted.error):
            return ""
        if isinstance(got, Raised):
            return raised(got.error)
        return f"Your answer should raise {type_name(wanted.error)} here. It returned {show(got)}."
    if got is None and wanted is not None:
        return f"{what} is None, and should be {show(wanted)}."
    if isinstance(wanted, Tensor):
        return _tensor_difference(got, wanted, tolerance, what)
    if isinstance(wanted, np.ndarray):
        if not isinstance(got, np.ndarray):
            return f"{what} should be a NumPy array. You have {show(got)}."
        return _tensor_difference(torch.as_tensor(got.copy()), torch.as_tensor(wanted.copy()), tolerance, what)
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return f"{what} should be a dictionary. You have {show(got)}."
        there = [key for key in wanted if key in got]  # what differs in them says more than what is missing
        found = next((d for key in there if (d := difference(got[key], wanted[key], tolerance, str(key)))), "")
        missing = next((str(key) for key in wanted if key not in got), "")
        return found or (f"The key {missing!r} is missing in {name}. You have {show(got)}." if missing else "")
    if isinstance(wanted, tuple | list):
        if not isinstance(got, tuple | list) or len(got) != len(wanted):
            have = f"{len(got)} values, {show(got)}" if isinstance(got, tuple | list) else show(got)
            return f"{what} should be a {type(wanted).__name__} of {len(wanted)} values. You have {have}."
        each = parts or f"value {{}} of {name}"
        names = [each.format(i) for i in range(1, len(wanted) + 1)] if isinstance(each, str) else each
        triples = zip(names, got, wanted, strict=True)
        return next((d for n, g, w in triples if (d := difference(g, w, tolerance, n))), "")
    if isinstance(wanted, float | int) and not isinstance(wanted, bool):
        if isinstance(got, bool) or not isinstance(got, float | int):
            return f"{what} should be a Python number. You have {show(got)}."
        limit = 1e-5 if tolerance is None else tolerance
        if isinstance(got, int) and isinstance(wanted, int):
            same = got == wanted
        else:
            same = math.isclose(got, wanted, rel_tol=limit, abs_tol=limit)
        same = same or (got != got and wanted != wanted)
    else:
        same = type(got) is type(wanted) and got == wanted
    return "" if same else f"{what} should be {{}}. Yours is {{}}.".format(*show_apart(wanted, got))


def raised(error: BaseException) -> str:
    """Say in one sentence what an answer raised, and in which of its lines."""
    text = error_text(error)
    if isinstance(error, MemoryError) or "allocate memory" in text:
        return "Your answer asks for more memory than there is. Look for a size that is far too large."
    line = error_line(error)
    where = f", in the line `{line}`" if line else ""
    return f"Your answer raised {type_name(error)}{': ' + text if text else ''}{where}."


def python_said(got: Sequence[Any]) -> str:
    """Return what Python said in the first case that raised, with the line of the answer."""
    for value in got:
        if isinstance(value, Raised):
            line, text = error_line(value.error), error_text(value.error)
            where = f" in the line `{line}`" if line else ""
            return f"Python raised {type_name(value.error)}{where}{': ' + text if text else ''}."
    return ""


def error_text(error: BaseException) -> str:
    """Return the first line of an error's text, without addresses, which differ from run to run."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:
        return ""
    text = re.sub(r"( object)? at 0x[0-9a-fA-F]+|0x[0-9a-fA-F]+", "", lines[0] if lines else "").strip().rstrip(".")
    return text if len(text) <= 200 else text[:197] + "..."


def error_line(error: BaseException) -> str:
    """Return the student's own line that raised: the last one that stands neither in this package nor in a library."""
    try:
        frames = traceback.extract_tb(error.__traceback__)
    except Exception:
        return ""
    for frame in reversed(frames):
        path = Path(frame.filename)
        if frame.line and not path.is_relative_to(PACKAGE) and not path.is_relative_to(_PYTHON):
            if "site-packages" not in path.parts and not frame.filename.startswith("<frozen"):
                return " ".join(frame.line.split()).replace("`", "'")[:100]
    return ""


_PYTHON = Path(re.__file__).parents[1]  # the standard library


def is_open(answer: Any) -> bool:
    """Say whether an answer is still empty: None, ..., or a collection of nothing else."""
    if isinstance(answer, dict):
        answer = tuple(answer.values())
    if isinstance(answer, tuple | list):
        return all(is_open(value) for value in answer)
    return answer is None or answer is ...


def show(value: Any, digits: int = 4) -> str:
    """Describe a value in a few words that are the same on every machine. It never raises.

    Args:
        value: anything.
        digits: how many significant digits a floating-point number gets.
    """
    try:
        text = _show(value, digits)
    except Exception:  # for example an int with so many digits that Python refuses to print it
        text = f"an object of type {type_name(value)}"
    return text if len(text) <= 200 else text[:197] + "..."


def show_apart(*values: Any) -> list[str]:
    """Describe values that differ, with as many digits as it takes to see the difference."""
    for digits in (4, 6, 9, 17):
        texts = [show(value, digits) for value in values]
        if len(set(texts)) == len(texts):
            break
    return texts


def type_name(value: Any) -> str:
    """Return the name of an object's type, in one line."""
    try:
        return " ".join(type(value).__name__.split())[:60]
    except Exception:  # a metaclass can do anything
        return "unknown"


def _show(value: Any, digits: int) -> str:
    if isinstance(value, Tensor):
        if 0 < value.numel() <= 8 and value.device.type == "cpu" and value.layout is torch.strided:
            return f"tensor({_numbers(value.tolist(), digits)})"
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, torch.Size):
        value = tuple(value)
    if isinstance(value, bool | int | str | float | complex | type(None) | torch.dtype | torch.device):
        return f"{value:.{digits}g}" if isinstance(value, float | complex) else repr(value)[:60]
    if isinstance(value, tuple | list) and len(value) <= 6:
        texts = ", ".join(show(v, digits) for v in value)
        return f"[{texts}]" if isinstance(value, list) else f"({texts}{',' if len(value) == 1 else ''})"
    if isinstance(value, tuple | list):
        return f"a {type_name(value)} of {len(value)} values"
    if isinstance(value, dict):
        return f"a dictionary with the keys {', '.join(map(repr, list(value)[:6]))}" if value else "an empty dictionary"
    if callable(value) and not isinstance(value, type | torch.nn.Module):
        return f"the function {value.__name__}" if getattr(value, "__name__", "<")[0] != "<" else "a function"
    return f"an object of type {type_name(value)}"


def _numbers(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_numbers(v, digits) for v in value)}]"
    return f"{value:.{digits}g}" if isinstance(value, float | complex) else repr(value)


def _tensor_difference(got: Any, wanted: Tensor, tolerance: float | None, what: str) -> str:
    if not isinstance(got, Tensor):
        return f"{what} should be a tensor. You have {show(got)}."
    for fact, g, w in (
        ("have the shape", tuple(got.shape), tuple(wanted.shape)),
        ("have the dtype", got.dtype, wanted.dtype),
        ("be on the device", got.device, wanted.device),
    ):
        if g != w:
            return f"{what} should {fact} {w}. Yours {'is on' if 'device' in fact else 'has'} {g}."
    if got.device.type == "meta":
        return ""
    got, wanted = got.detach(), wanted.detach()
    if not (got.is_floating_point() or got.is_complex()):
        wrong = got != wanted
    else:
        limit = tolerance if tolerance is not None else 1e-2 if wanted.dtype in HALF else 1e-5
        if got.isnan().any() and not wanted.isnan().any():
            return f"{what} has nan in it: somewhere there is 0/0, inf - inf, or the root or logarithm of a negative number."
        wide = torch.complex128 if got.is_complex() else torch.float64
        wrong = ~torch.isclose(got.to(wide), wanted.to(wide), limit, limit, equal_nan=True)
    if not wrong.any():
        return ""
    if wanted.numel() <= 8:
        return f"{what} should be {{}}. Yours is {{}}.".format(*show_apart(wanted, got))
    place = tuple(wrong.nonzero()[0].tolist())
    texts = show_apart(wanted[place].item(), got[place].item())
    count = f"{int(wrong.sum())} of {wrong.numel()} values differ" if wrong.sum() > 1 else "the other values are right"
    return f"{what} should have {texts[0]} at [{', '.join(map(str, place))}]. Yours has {texts[1]} there, and {count}."
