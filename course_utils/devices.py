"""Which device the course computes on, and how long work takes there."""

import os
import time
from collections.abc import Callable
from typing import Any

import torch


def pick_device() -> torch.device:
    """Choose the device to compute on.

    The environment variable ``COURSE_DEVICE`` (for example ``cpu``, ``cuda``, ``cuda:1`` or ``mps``) decides where it is
    set. Otherwise it is the accelerator that PyTorch finds, and the CPU where there is none.

    Returns:
        The device. It is known to work: one small tensor was put on it.

    Raises:
        ValueError: ``COURSE_DEVICE`` names no device, or one that this machine does not have.

    Source: https://docs.pytorch.org/docs/stable/accelerator.html
    """
    wanted = os.environ.get("COURSE_DEVICE", "").strip()
    if wanted:
        try:
            device = torch.device(wanted)
            torch.empty(1, device=device).add_(1)
        except (RuntimeError, AssertionError, ImportError, NotImplementedError):
            raise ValueError(
                f"COURSE_DEVICE is {wanted!r}, which PyTorch cannot use on this machine. "
                "Set it to a device that is here, such as cpu, or remove it."
            ) from None
        return device
    # is_available() comes first: a CUDA build without a driver still names "cuda" as its accelerator
    if torch.accelerator.is_available():
        return torch.accelerator.current_accelerator() or torch.device("cpu")
    return torch.device("cpu")


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


class PretendGPU:
    """A model of an asynchronous device, on a clock of its own that only the model moves. It computes nothing.

    ``launch`` puts one piece of work into the device's queue and returns at once; ``synchronize`` waits until the queue is empty.
    The first launch also sets the device up, as with a real GPU. All times are in milliseconds.

    Args:
        work: how long the device needs for one piece of work.
        launch: how long the host needs to put it into the queue.
        set_up: how much longer the first launch takes.
    """

    def __init__(self, work: float = 5.0, launch: float = 0.01, set_up: float = 300.0) -> None:
        self._work, self._launch, self._set_up = work, launch, set_up
        self._now = 1000.0  # what the clock shows; not 0, so that only a difference of two readings is a time
        self._idle_at = 0.0  # when the device will have emptied its queue

    def clock(self) -> float:
        """Return what the clock of the host shows, in milliseconds."""
        return self._now

    def launch(self) -> None:
        """Put one piece of work into the queue, and return before it is done."""
        self._now += self._launch + self._set_up
        self._set_up = 0.0
        self._idle_at = max(self._idle_at, self._now) + self._work

    def synchronize(self) -> None:
        """Wait until the queue is empty."""
        self._now = max(self._now, self._idle_at)
