"""Save a training run and resume it: the file is whole or not there, and loading it runs no code.

The file is what ``torch.save`` writes, and one last line with the sha256 of all bytes before that line. Readers of zip files pass
over that line, so ``torch.load(path, weights_only=True)["model"]`` gives the weights where the course is not installed.
"""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import optimizers
from course_utils.files import write_whole

MARK = b"\ncourse checkpoint, sha256 "
FIELDS = {"model", "layers", "optimizer", "generator", "random", "random_cuda", "extra"}
UNTOUCHED = "Nothing was changed."
LAST_LINE_LENGTH = len(MARK) + 64 + len(b"\n")
PLAIN = (bool, int, float, str, type(None))
AnyOptimizer = torch.optim.Optimizer | optimizers.Optimizer


def save(
    path: str | os.PathLike,
    model: nn.Module,
    optimizer: AnyOptimizer | None = None,
    generator: torch.Generator | None = None,
    **extra: Any,
) -> None:
    """Save a run: weights, optimizer, random states, and what else you name. The earlier file stays until the new one is whole.

    Args:
        path: the file to write, for example ``"run.pt"``. Its folder must exist.
        model: its ``state_dict()`` is saved. Every tensor in the file is a copy on the CPU with only its own elements.
        optimizer: one of ``torch.optim``, or one of the course.
        generator: the random generator of the loader.
        extra: numbers, strings, None, tensors, and lists, tuples and dictionaries of these: ``epoch=2, losses=history.losses``.
            A number of NumPy becomes a number of Python.

    Raises:
        ValueError: something in ``extra``, or in the state of the model or the optimizer, is of another type.
        OSError: the file cannot be written. An earlier file is as it was.

    Source: https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html
    """
    run = None
    if optimizer is not None:
        run = {"kind": _kind(optimizer), "shapes": _shapes(optimizer), "state": _optimizer_state(optimizer)}
    state = {
        "model": model.state_dict(),
        "layers": _layers(model),
        "optimizer": run,
        "generator": None if generator is None else generator.get_state(),
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "extra": extra,
    }
    buffer = io.BytesIO()
    torch.save({name: _plain(value, name) for name, value in state.items()}, buffer)
    content = buffer.getvalue()
    path = Path(path).expanduser().resolve()
    try:
        write_whole(path, content + _last_line(content))
    except OSError as error:
        raise OSError(f"{path.name} could not be written: {error.strerror}. An earlier file is as it was.") from None


def load(
    path: str | os.PathLike,
    model: nn.Module,
    optimizer: AnyOptimizer | None = None,
    generator: torch.Generator | None = None,
) -> dict[str, Any]:
    """Load what :func:`save` wrote into new objects of the same kind, so that the run goes on as if it had not stopped.

    Where anything does not fit, nothing is changed at all. Use a file from others only with this function, or with
    ``weights_only=True``: the sha256 finds damage, but it does not say who wrote the file.

    Args:
        path: the file.
        model: gets the weights, in place and on its own device. Its layers must be of the same types and sizes.
        optimizer: gets the memory and the settings, such as ``lr``. It must be of the same class and hold the same parameters.
            With an optimizer, PyTorch's global random state is restored too; without one it stays as it is.
        generator: gets the state of the loader's generator.

    Returns:
        What was saved as ``extra``, with tensors on the CPU.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is damaged, is no checkpoint of this course, or does not fit.
    """
    path = Path(path).expanduser()
    state = _read(path)
    mine, saved = _parts(_layers(model), model.state_dict()), _parts(state["layers"], state["model"])
    for name in [*mine, *saved]:
        if mine.get(name) != saved.get(name):
            here, there = mine.get(name, "nothing"), saved.get(name, "nothing")
            raise ValueError(
                f"{path.name} is of another architecture: at {name!r} it has {there}, and your model has {here}. {UNTOUCHED}"
            )
    if optimizer is not None:
        held = state["optimizer"] or {"kind": "no optimizer"}
        if held["kind"] != _kind(optimizer):
            raise ValueError(f"{path.name} holds {held['kind']}, and your optimizer is {_kind(optimizer)}. {UNTOUCHED}")
        if held["shapes"] != _shapes(optimizer):
            raise ValueError(f"The optimizer in {path.name} was made for other parameters than yours. {UNTOUCHED}")
    if generator is not None and state["generator"] is None:
        raise ValueError(f"{path.name} holds no generator, and you gave one to restore. {UNTOUCHED}")
    model.load_state_dict(state["model"])
    if optimizer is not None:
        _restore(optimizer, state["optimizer"]["state"])
        torch.set_rng_state(state["random"])
        if torch.cuda.is_available() and len(state["random_cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["random_cuda"])
    if generator is not None:
        generator.set_state(state["generator"])
    return state["extra"]


def _read(path: Path) -> dict[str, Any]:
    try:
        file = path.read_bytes()
    except OSError as error:
        raise OSError(f"{path.name} could not be read: {error.strerror}.") from None
    content, last_line = file[:-LAST_LINE_LENGTH], file[-LAST_LINE_LENGTH:]
    if not last_line.startswith(MARK):
        raise ValueError(f"{path.name} is cut off, or checkpoints.save did not write it. {UNTOUCHED}")
    if last_line != _last_line(content):
        raise ValueError(f"{path.name} is damaged: its sha256 is not the one in its last line. {UNTOUCHED}")
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        complete = set(state) == FIELDS
    except Exception:  # whatever such a file makes torch.load say
        complete = False
    if not complete:
        raise ValueError(
            f"{path.name} holds something other than a checkpoint of tensors and numbers. No code of it was run. {UNTOUCHED}"
        )
    return state


def _last_line(content: bytes) -> bytes:
    return MARK + hashlib.sha256(content).hexdigest().encode() + b"\n"


def _plain(value: Any, name: str) -> Any:
    """Return a copy made of Python's own types and of tensors that own just their elements."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in PLAIN:
        return value
    if isinstance(value, Tensor):
        return value.detach().cpu().as_subclass(Tensor).clone()  # without clone, one row brings its whole tensor along
    if isinstance(value, dict):
        return {_plain(key, name): _plain(item, f"{name}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    raise ValueError(
        f"{name} is of the type {type(value).__name__}. A checkpoint holds numbers, strings, None, tensors, and lists, tuples "
        "and dictionaries of these. Nothing was saved."
    )


def _layers(model: nn.Module) -> dict[str, str]:
    return {name: type(layer).__name__ for name, layer in model.named_modules() if name}


def _parts(layers: dict[str, str], tensors: dict[str, Any]) -> dict[str, str]:
    sizes = {k: f"{tuple(t.shape)} of {t.dtype}" for k, t in tensors.items() if isinstance(t, Tensor)}
    return layers | sizes


def _kind(optimizer: AnyOptimizer) -> str:
    if isinstance(optimizer, torch.optim.Optimizer):
        return f"torch.optim.{type(optimizer).__name__}"
    if isinstance(optimizer, optimizers.Optimizer):
        return f"the course's {type(optimizer).__name__}"
    raise ValueError(
        f"optimizer is of the type {type(optimizer).__name__}. Give one of torch.optim or of course_utils.optimizers."
    )


def _shapes(optimizer: AnyOptimizer) -> list[list[list[int]]]:
    """Return the shapes of the parameters, group by group; the optimizers of the course have one group."""
    ours = isinstance(optimizer, optimizers.Optimizer)
    groups = [optimizer.params] if ours else [group["params"] for group in optimizer.param_groups]
    return [[list(p.shape) for p in group] for group in groups]


def _optimizer_state(optimizer: AnyOptimizer) -> dict[str, Any]:
    if isinstance(optimizer, torch.optim.Optimizer):
        return optimizer.state_dict()
    settings = {name: value for name, value in vars(optimizer).items() if name not in ("params", "state")}
    return {"settings": settings, "memory": optimizer.state}


def _restore(optimizer: AnyOptimizer, state: dict[str, Any]) -> None:
    if isinstance(optimizer, torch.optim.Optimizer):
        optimizer.load_state_dict(state)
        return
    vars(optimizer).update(state["settings"])
    for p, mine, saved in zip(optimizer.params, optimizer.state, state["memory"], strict=True):
        mine.clear()
        mine.update({name: value.to(p.device) if isinstance(value, Tensor) else value for name, value in saved.items()})
