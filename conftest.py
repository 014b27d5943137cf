"""How pytest treats the notebooks, how its processes share the work, and what it says at the end about what was not proved."""

import collections
import copy
import functools
import importlib
import os
import queue
import re
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

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
        if not isinstance(item, CellAgain):
            item.user_properties.append(("not proved", "not compared (the real MNIST is not here)"))
    if "cuda" in tags(item.cell) and not isinstance(item, CellAgain):
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


# ---- each notebook once more, in the same kernel, with the solutions

# What unit 7 learns, it learns once: the second time the bundled digits stand in for MNIST.
DIGITS_AGAIN = "07_mnist_comparison"
ON_DIGITS = """import os, pathlib
from course_utils import environment
os.environ["COURSE_OFFLINE"] = "1"
os.environ.pop("COURSE_MNIST", None)
environment.cache_folder = lambda: pathlib.Path("none")
"""


# A cell with this starts processes of its own, which take seconds and leave nothing in the kernel.
STARTS_PROCESSES = "torchrun("


class CellAgain(IPyNbCell):
    """A cell that runs a second time; it must show the same."""


class Summary(CellAgain):
    """The last cell of a notebook, after all exercises were solved."""

    def runtest(self) -> None:
        """Run the cell, then ask whether all solutions were accepted, and how much memory the notebook took."""
        from tools import notebook_files

        super().runtest()
        shown = "".join(o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in self.test_outputs)
        assert "✗ 0 wrong   ○ 0 open" in shown, f"the solutions are not all accepted: {shown}"
        peak = notebook_files.peak(self.parent.kernel.km.provisioner.pid)
        assert peak < notebook_files.MOST_MEMORY, f"{peak:.1f} GB of memory"


def solved(cell: Any, exercises: Any) -> Any:
    """Return a copy of a cell, with the solution in the place of the stub."""
    cell = copy.deepcopy(cell)
    for exercise in exercises:
        if "exercise" in tags(cell) and re.search(rf"^(def |class )?{exercise.name}\b", cell.source, re.M):
            cell.source, cell.outputs = exercise.solution().plain, []
    return cell


def once_more(notebook: IPyNbFile, items: list[IPyNbCell]) -> Iterator[CellAgain]:
    """Give the cells of a notebook again: after the setup, as after a break, its second half, and then its first half.

    The exercises of the first half are solved first: their solutions must not change what later cells show.
    """
    headings = [i for i, cell in enumerate(notebook.nb.cells) if cell.source.startswith("## ")]
    middle = min(headings, key=lambda i: abs(i - len(notebook.nb.cells) / 2))
    half = sum(cell.cell_type == "code" for cell in notebook.nb.cells[:middle])
    setup, *first, summary = [*items[:half], items[-1]]
    second, early = items[half:-1], [item for item in first if "exercise" in tags(item.cell)]
    repeated = [item for item in [*second, *first] if STARTS_PROCESSES not in item.cell.source]
    order = [*[(item, "solved") for item in early], *[(item, "again") for item in repeated]]
    digits = notebook.path.stem == DIGITS_AGAIN
    if digits:  # nothing may take the real MNIST a second time, so the first half comes first
        order = [(item, "again") for item in [*first, *second]]
    exercises = importlib.import_module(f"course_utils.exercises.u{notebook.path.stem}").EXERCISES
    for item, what in [(setup, "again"), *order, (summary, "again")]:
        cell, options = solved(item.cell, exercises), copy.copy(item.options)
        if item is setup and digits:
            cell.source = ON_DIGITS + cell.source
        if {"exercise", "check"} & tags(cell) or item is summary or (digits and "mnist" in tags(cell)):
            options["check"] = False
        kind = Summary if item is summary else CellAgain
        yield kind.from_parent(notebook, name=f"{item.name} {what}", cell_num=item.cell_num, cell=cell, options=options)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Collect the cells of a notebook of the course twice."""
    report = yield
    if isinstance(collector, IPyNbFile) and report.passed and "setup" in tags(report.result[0].cell):
        report.result += once_more(collector, report.result)
    return report


# ---- several processes

# What takes longest begins first, so that all processes end together; and tests that mostly wait for a server or a time limit
# stand beside the browser, which keeps more than one core busy. Only the time of a run depends on this list.
LONGEST = (
    "test_browser", "test_data_faults", "test_abuse", "07_mnist", "test_site", "test_editions", "06_optimizers",
    "test_explorables", "04_dataset", "03_gpu", "test_lab", "notebooks/", "test_answers", "test_colab", "test_study",
    "test_u03", "test_u04", "test_run", "test_session", "test_u06", "test_publish",
)  # fmt: skip


# Both ask all exercises, and what these compute at the first question takes seconds.
SAME_PROCESS = {"tests/test_exercises.py": "tests/test_answers.py"}


def group(nodeid: str) -> str:
    """Name what one process must run in one piece: a notebook, or a file of tests, whose tests share servers and kernels."""
    file = nodeid.partition("::")[0]
    return SAME_PROCESS.get(file, file)


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
