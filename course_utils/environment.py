"""Everything that comes from outside: the settings ``COURSE_*``, the folders, and the versions of what is installed.

All settings are optional. They are read when they are needed, so a change counts from the next call on.
"""

import importlib
import importlib.metadata
import os
import platform
from pathlib import Path
from types import ModuleType

import torch

PACKAGE = Path(__file__).resolve().parent
# a checkout has the data beside the package; an installed package carries a copy of it
IS_CHECKOUT = (PACKAGE.parent / "pyproject.toml").is_file()
DATA = PACKAGE.parent / "data" if IS_CHECKOUT else PACKAGE / "bundled"


def is_static() -> bool:
    """Say whether pictures stand in for widgets, players and progress bars (``COURSE_STATIC=1``)."""
    return os.environ.get("COURSE_STATIC") == "1"


def is_offline() -> bool:
    """Say whether the network must not be touched (``COURSE_OFFLINE=1``)."""
    return os.environ.get("COURSE_OFFLINE") == "1"


def wanted_device() -> str:
    """Return the device that ``COURSE_DEVICE`` names, such as ``"cuda:1"``; an empty text where it names none."""
    return os.environ.get("COURSE_DEVICE", "").strip()


def workers() -> int:
    """Return how many training runs go side by side: what ``COURSE_WORKERS`` says, or 2.

    Raises:
        ValueError: ``COURSE_WORKERS`` is not a whole number from 1 up.
    """
    wanted = os.environ.get("COURSE_WORKERS", "").strip() or "2"
    if not wanted.isascii() or not wanted.isdigit() or int(wanted) < 1:
        raise ValueError(f"COURSE_WORKERS is {wanted!r}. It must be a whole number from 1 up. Unset it for 2.")
    return int(wanted)


def mnist_folder() -> Path | None:
    """Return the folder that ``COURSE_MNIST`` names, for the four ``.gz`` files of MNIST; None where it names none."""
    named = os.environ.get("COURSE_MNIST")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Return where fetched files are kept: ``data/mnist`` of a checkout, else a folder of the user's cache."""
    if IS_CHECKOUT:
        return DATA / "mnist"
    import pooch  # slow to import

    return Path(pooch.os_cache("pytorch-fundamentals")) / "mnist"


def import_torchvision() -> ModuleType:
    """Import torchvision, and explain in one sentence what is wrong where its build does not fit PyTorch's.

    Returns:
        The module ``torchvision``, with ``torchvision.datasets`` loaded.

    Raises:
        ImportError: torchvision is missing, or was built for another PyTorch.
    """
    try:
        importlib.import_module("torchvision.datasets")
        return importlib.import_module("torchvision")
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise ImportError(
            f"torch {torch.__version__} and torchvision {version('torchvision')} do not fit together "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}). Install both again, in one command "
            "and from one place: pip install --upgrade --force-reinstall torch torchvision"
        ) from None


def version(package: str) -> str:
    """Return the version of an installed package, or "not installed"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def report() -> str:
    """Describe the machine and the versions, for a question or a bug report.

    Returns:
        One line per fact: Python, packages, cores, threads and accelerator.

    Raises:
        ImportError: torch and torchvision do not fit together.
    """
    import_torchvision()
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "none"
    packages = ("torch", "torchvision", "numpy", "matplotlib", "ipywidgets", "pooch", "tqdm")
    lines = [
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        *(f"{name} {version(name)}" for name in packages),
        f"cores {os.cpu_count()}, threads {torch.get_num_threads()}, accelerator {accelerator}",
    ]
    return "\n".join(lines)
