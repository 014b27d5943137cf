"""What happens at the start of each notebook: seed, threads, plot style, and a report of the machine."""

import importlib
import importlib.metadata
import os
import platform
from types import ModuleType

import torch

LANGUAGES = ("en",)


def setup(unit: str, lang: str = "en", seed: int = 0) -> None:
    """Prepare a notebook, and print one line that says so.

    It seeds PyTorch, gives PyTorch one thread and sets the plot style of the course. One thread is enough for the small
    networks of this course. On a shared machine it is also faster, because two threads wait for each other.

    Args:
        unit: the name of the notebook without its ending, for example ``"02_autograd"``.
        lang: the language of the helpers' messages. Today there is ``"en"``.
        seed: the seed of PyTorch's global random generator.

    Raises:
        ValueError: ``lang`` is not a language of the course.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"The course does not speak {lang!r} yet. Use one of: {', '.join(LANGUAGES)}.")
    from course_utils import plots  # matplotlib is slow to import, and only notebooks need it

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    plots.use_style()
    print(f"{unit} is ready: seed {seed}, one thread.")


def is_static() -> bool:
    """Say whether pictures stand in for widgets, players and progress bars (``COURSE_STATIC=1``)."""
    return os.environ.get("COURSE_STATIC") == "1"


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
            f"torch {torch.__version__} and torchvision {_version('torchvision')} do not fit together "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}). Install both again, in one command "
            "and from one place: pip install --upgrade --force-reinstall torch torchvision"
        ) from None


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
        *(f"{name} {_version(name)}" for name in packages),
        f"cores {os.cpu_count()}, threads {torch.get_num_threads()}, accelerator {accelerator}",
    ]
    return "\n".join(lines)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
