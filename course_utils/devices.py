"""Which device the course computes on, and how long work takes there."""

import time
from collections.abc import Callable
from typing import Any

import torch

from course_utils.environment import wanted_device


def pick_device() -> torch.device:
    """Choose the device to compute on.

    The environment variable ``COURSE_DEVICE`` (for example ``cpu``, ``cuda``, ``cuda:1`` or ``mps``) decides where it is
    set. Otherwise it is the accelerator that PyTorch finds. Where there is none, or where it does not work (one line says so),
    it is the CPU.

    Returns:
        The device. It is known to work: one small tensor was put on it.

    Raises:
        ValueError: ``COURSE_DEVICE`` names no device, or one that this machine does not have.

    Source: https://docs.pytorch.org/docs/stable/accelerator.html
    """
    wanted = wanted_device()
    if wanted:
        if not _works(wanted):
            raise ValueError(
                f"COURSE_DEVICE is {wanted!r}, which PyTorch cannot use on this machine. "
                "Set it to a device that is here, such as cpu, or remove it."
            )
        return torch.device(wanted)
    # is_available() comes first: a CUDA build without a driver still names "cuda" as its accelerator
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if found is not None and not _works(found):
        print(f"PyTorch finds the accelerator {found}, but cannot compute on it, so the course uses the CPU.")
        found = None
    return found or torch.device("cpu")


def _works(device: torch.device | str) -> bool:
    """Put one small tensor on a device, and change it there."""
    try:
        torch.empty(1, device=torch.device(device)).add_(1)
    except (RuntimeError, AssertionError, ImportError, NotImplementedError):
        return False
    return True


def wait(device: torch.device | str) -> None:
    """Wait until the device has done all work that was launched on it. The CPU of PyTorch has always done it.

    Args:
        device: for example ``torch.device("cuda")`` or ``"cpu"``.
    """
    device = torch.device(device)
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def seconds(work: Callable[[], Any], device: torch.device | str = "cpu", passes: int = 5) -> float:
    """Measure honestly how long work takes on a device.

    One pass warms up and is not counted. Then each pass is timed from an idle device to an idle device. The shortest one is
    the answer, because whatever else runs on the machine can only make a pass longer.

    Args:
        work: a function without arguments that launches the work.
        device: where the work runs.
        passes: how many passes are timed, at least 1.

    Returns:
        The shortest time, in seconds.

    Raises:
        ValueError: ``passes`` is not a positive integer.
    """
    if not isinstance(passes, int) or passes < 1:
        raise ValueError(f"passes is {passes!r}. It must be a whole number from 1 up.")
    work()
    wait(device)
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        work()
        wait(device)
        times.append(time.perf_counter() - start)
    return min(times)
