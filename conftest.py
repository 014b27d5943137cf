"""How pytest treats the notebooks, how its processes share the work, and what it says at the end about what was not proved."""

import collections
import functools
import os
import queue
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tools import tags

# for this process, and for the kernels that it starts
os.environ.setdefault("COURSE_STATIC", "1")
os.environ.setdefault("COURSE_DEVICE", "cpu")  # the stored outputs are those of the CPU, also where there is a GPU
# notebooks run side by side, and two threads each would wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("COURSE_WORKERS", "1")  # the other cores have tests of their own


@functools.cache
def have_mnist() -> bool:
    """Say whether the real MNIST is here, in ``COURSE_MNIST``, in the cache or on the network."""
    from course_utils import data

    return len(data.load_mnist(train=False)[1]) == 10_000


@pytest.fixture
def mnist_is_here() -> bool:
    """Say whether the real MNIST is here."""
    return have_mnist()


# ---- the notebooks


def as_long_as_it_lives(kernel: Any) -> Callable[..., Any]:
    """Return a kernel's ``get_message`` that does not wait for a dead kernel; a cell of a living one has time enough."""
    get_message = kernel.get_message

    def while_alive(stream: str, timeout: float) -> Any:
        end = time.monotonic() + timeout
        while True:
            try:
                return get_message(stream=stream, timeout=1)
            except queue.Empty:
                if not kernel.is_alive():
                    raise RuntimeError("The kernel died.") from None
                if time.monotonic() > end:
                    raise

    return while_alive


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
        item.user_properties.append(("not proved", "not compared (the real MNIST is not here)"))
    if "cuda" in tags(item.cell):
        item.user_properties.append(("not proved", "without the part for a GPU (notebooks are tested on the CPU)"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Wait for a cell as long as its kernel lives, also where a busy machine says nothing for more than nbval's 5 seconds."""
    if not hasattr(item, "cell"):
        return
    item.output_timeout = item.config.option.nbval_cell_timeout
    if item.parent.kernel.get_message.__name__ != "while_alive":
        item.parent.kernel.get_message = as_long_as_it_lives(item.parent.kernel)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, None, None]:
    """After an exception, or without a kernel, the rest of that notebook says nothing new."""
    yield
    if hasattr(item, "cell") and call.when == "call" and call.excinfo:
        if "exception" in str(call.excinfo.value) or isinstance(call.excinfo.value, RuntimeError):
            item.parent.broken_at = item.name


# ---- several processes

# What takes longest begins first, so that all processes end together. Only the time of a run depends on this list.
LONGEST = (
    "test_browser", "07_mnist", "test_site", "test_editions", "06_optimizers", "test_explorables", "04_dataset", "03_gpu",
    "test_lab", "notebooks/", "test_run_again",
)  # fmt: skip


def group(nodeid: str) -> str:
    """Name what one process must run in one piece: a notebook, or a file of tests, whose tests share servers and kernels."""
    return nodeid if "test_run_again" in nodeid else nodeid.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the rest stays in its order."""
    items.sort(key=lambda item: next((i for i, name in enumerate(LONGEST) if name in group(item.nodeid)), len(LONGEST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole groups, in the order of the collection, whatever ``--dist`` says."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    config.option.loadscopereorder = False  # else those with most tests come first
    return ByGroup(config, log)


# ---- the last line


def not_proved(stats: dict[str, list[Any]]) -> list[str]:
    """Count what was skipped or not compared, by reason; the most frequent comes first.

    Args:
        stats: the reports of all tests, as pytest's terminal reporter keeps them.
    """
    reasons: collections.Counter[tuple[str, str]] = collections.Counter()
    for report in stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons["test", f"skipped ({reason.removeprefix('Skipped: ')})"] += 1
    for report in [report for reports in stats.values() for report in reports]:
        if getattr(report, "when", None) == "call":
            reasons.update(("cell", reason) for name, reason in report.user_properties if name == "not proved")
    return [f"{n} {noun}{'s' if n > 1 else ''} {reason}" for (noun, reason), n in reasons.most_common()]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Say in the very last line what these tests did not prove on this machine, and why."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or session.config.option.collectonly:  # None in the processes that xdist starts
        return
    missing = not_proved(reporter.stats)
    if missing:
        reporter.write_line("Not proved here: " + "; ".join(missing))
    elif session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line("Proved: everything that was asked for. Nothing was skipped.")
