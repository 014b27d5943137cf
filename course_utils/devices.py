"""Which device the course computes on."""

import os

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
