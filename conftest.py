"""How pytest treats the notebooks: static pictures, one thread a process, and nothing passed over in silence."""

import functools
import os
from collections.abc import Generator

import pytest

from tools import tags

# for this process, and for the kernels that it starts
os.environ.setdefault("COURSE_STATIC", "1")
os.environ.setdefault("COURSE_DEVICE", "cpu")  # the stored outputs are those of the CPU, also where there is a GPU
os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # notebooks run side by side, and two threads each would wait for each other


@functools.cache
def have_mnist() -> bool:
    """Say whether the real MNIST is here, in ``COURSE_MNIST``, in the cache or on the network."""
    from course_utils import data

    return len(data.load_mnist(train=False)[1]) == 10_000


@pytest.fixture
def mnist_is_here() -> bool:
    """Say whether the real MNIST is here."""
    return have_mnist()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a cell that nbval would pass over; without MNIST, run the cells tagged ``mnist`` but do not compare them."""
    if not hasattr(item, "cell"):
        return
    if getattr(item.parent, "broken_at", None):
        pytest.skip(f"{item.parent.broken_at} failed before it")
    if item.cell.source.strip() and item.cell.execution_count is None and "nbval-skip" not in tags(item.cell):
        pytest.fail("this cell was never executed, so nbval would compare nothing: run `make run`", pytrace=False)
    if "mnist" in tags(item.cell) and not have_mnist():
        item.options["check"] = False


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, None, None]:
    """After an exception the rest of that notebook says nothing new."""
    yield
    if hasattr(item, "cell") and call.when == "call" and call.excinfo and "exception" in str(call.excinfo.value):
        item.parent.broken_at = item.name
