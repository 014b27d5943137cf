"""Answers that are no answers: of every kind, and with every bad habit."""

import random
import sys
import warnings

import matplotlib as mpl
import numpy as np
import torch


class Hostile:
    def __eq__(self, other):
        raise RuntimeError("no ==")

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no repr")

    def __bool__(self):
        raise RuntimeError("no truth")


class Plain:
    pass


class HostileError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Silent(torch.nn.Module):
    pass


LINES = f"first line about {object()}\nsecond line\nTraceback"


def raises(*args, **kwargs):
    raise ValueError(LINES)


def raises_without_text(*args, **kwargs):
    raise HostileError


def exits(*args, **kwargs):
    sys.exit("bye")


def stops_generators(*args, **kwargs):
    raise GeneratorExit


def loops(*args, **kwargs):
    while True:
        pass


def recurses(*args, **kwargs):
    return recurses(*args, **kwargs)


def talks(*args, **kwargs):
    print("noise")
    print("noise", file=sys.stderr)
    warnings.warn("noise", stacklevel=1)
    return 3


def spoils_arguments(*args, **kwargs):
    for value in args:
        if isinstance(value, torch.Tensor):
            with torch.no_grad():
                value.mul_(0).add_(7)
        elif isinstance(value, list | dict):
            value.clear()
        elif isinstance(value, np.ndarray):
            value[...] = 7
    return args[0] if args else None


def spoils_the_world(*args, **kwargs):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    mpl.rcParams["lines.linewidth"] = 77
    warnings.simplefilter("error")
    return torch.zeros(2)


def counts():
    yield 1


list_in_itself = []
list_in_itself.append(list_in_itself)

JUNK = {
    "None": None,
    "ellipsis": ...,
    "number": 3,
    "nan": float("nan"),
    "complex": 1j,
    "string": "x",
    "huge string": "x\n" * 100_000,
    "empty list": [],
    "empty dict": {},
    "list": [1.0, [2, "x"], None],
    "list in itself": list_in_itself,
    "dict": {"A": Hostile(), 3: None},
    "array": np.arange(6.0).reshape(2, 3),
    "wrong dtype": torch.arange(6, dtype=torch.int8),
    "meta tensor": torch.empty(2, 3, device="meta"),
    "nan tensor": torch.full((2, 3), torch.nan),
    "sparse tensor": torch.eye(3).to_sparse(),
    "complex tensor": torch.zeros(3, dtype=torch.complex64),
    "class": Plain,
    "module": Silent(),
    "generator": counts(),
    "Python module": torch,
    "hostile object": Hostile(),
    "no arguments": lambda: 3,
    "too many arguments": lambda a, b, c, d, e, f, g, h, i: 3,
    "raises": raises,
    "raises without text": raises_without_text,
    "exits": exits,
    "recurses": recurses,
    "talks": talks,
    "spoils its arguments": spoils_arguments,
    "spoils the world": spoils_the_world,
    "generator function": counts,
    "builtin": len,
    "not implemented, with a text": lambda *a, **k: torch.empty(2, device="meta").item(),
}
for name in list(JUNK):
    if not callable(JUNK[name]) and name != "generator":
        JUNK[f"returns {name}"] = lambda *args, _value=JUNK[name], **kwargs: _value
