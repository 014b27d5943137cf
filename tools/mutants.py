"""Do the tests notice? ``python -m tools.mutants`` breaks one thing at a time, and runs the tests that should turn red.

Broken are each function of ``pictures`` (it draws nothing, it draws other data, it returns something else), each control of an
explorer (it has no effect), each part of the state of an explorable (the picture, the hand or Python has no part in it), and each
bad answer or file of ``tests/faults.py`` (it is good). ``python -m tools.mutants u06`` takes only those whose name has this word.
Nothing is written: each break lives in a forked process. It needs Linux or macOS, and for the explorables chromium.
"""

import contextlib
import functools
import importlib
import inspect
import io
import json
import os
import pkgutil
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import explorables, explorers, pictures
from tools import ROOT, chromium

DIED, SURVIVED, NOT_CALLED, NO_EFFECT = "died", "survived", "survived, as no test calls it", "no effect"
PATIENCE = 600  # seconds; a mutant whose tests take longer makes them hang, and that is noticed too


@dataclass
class Mutant:
    """Something to break.

    Attributes:
        name: what is broken, and how.
        tests: the files whose tests should notice.
        about: says of a test's name whether it is about this thing; None for tests that call ``owner.function``.
        owner: the module to change.
        function: the name of the function in it.
        breaks: takes that function and a list, and returns a wrong one, which puts something into the list when it has an effect.
    """

    name: str
    tests: list[Path]
    owner: Any
    function: str
    breaks: Callable[[Any, list[bool]], Any]
    about: Callable[[str], bool] | None = None


# ---- pictures


def spoiled(value: Any) -> Any:
    """Return something else of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float | torch.Tensor):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list | tuple):
        return value[:-1] if value else value
    return None


def all_axes(arguments: tuple[Any, ...], result: Any) -> list[Axes]:
    """Return the axes that a function drew on: those it was given, those it returned, those of the current figure."""
    figures = [result] if isinstance(result, Figure) else []
    figures += [plt.figure(plt.get_fignums()[-1])] if plt.get_fignums() else []
    found = [a for a in (*arguments, result) if isinstance(a, Axes)] + [ax for f in figures for ax in f.axes]
    return list(dict.fromkeys([*found, *(child for ax in found for child in ax.child_axes)]))


def draw_nothing(axes: list[Axes]) -> bool:
    """Take everything off the axes; return whether there was anything."""
    before = sum(len(ax.get_children()) for ax in axes)
    for ax in axes:
        ax.clear()
    return sum(len(ax.get_children()) for ax in axes) < before


def draw_other_data(axes: list[Axes]) -> bool:
    """Turn the data of all lines, bars, points, images and texts around; return whether that changed anything."""
    pairs = []
    for ax in axes:
        for line in ax.lines:
            x, y = np.asarray(line.get_xdata(), dtype=object), np.asarray(line.get_ydata(), dtype=object)
            if sorted(zip(x, y, strict=True)) != sorted(zip(x, y[::-1], strict=True)):  # else it looks the same
                pairs.append((y, line.set_ydata, y[::-1]))
        for image in ax.images:
            pairs.append((image.get_array(), image.set_data, image.get_array()[::-1, ::-1]))
        for points in ax.collections:
            if len(points.get_offsets()) > 1:
                pairs.append((points.get_offsets(), points.set_offsets, points.get_offsets()[::-1]))
        bars = [patch for patch in ax.patches if hasattr(patch, "get_bbox") and hasattr(patch, "set_bounds")]
        for bar, other in zip(bars, bars[::-1], strict=True):
            pairs.append((bar.get_bbox().bounds, bar.set_bounds, other.get_bbox().bounds))
        words = [text.get_text() for text in ax.texts]
        for text, other in zip(ax.texts, words[1:] + words[:1], strict=True):
            pairs.append((text.get_text(), text.set_text, other))
    changed = [(change, new) for old, change, new in pairs if not np.array_equal(old, new)]
    for change, new in changed:
        change(new)
    return bool(changed)


def broken(how: str, function: Callable[..., Any], effect: list[bool]) -> Callable[..., Any]:
    """Return a function that does the same, but wrong."""

    @functools.wraps(function)
    def wrong(*arguments: Any, **named: Any) -> Any:
        if how == "does nothing":
            effect.append(True)
            return None
        result = function(*arguments, **named)
        if how == "returns something else":
            if spoiled(result) is not result:
                effect.append(True)
            return spoiled(result)
        spoil = draw_nothing if how == "draws nothing" else draw_other_data
        if spoil(all_axes((*arguments, *named.values()), result)):
            effect.append(True)
        return result

    return wrong


def picture_mutants() -> Iterator[Mutant]:
    """Break each public function of each module of pictures."""
    for info in pkgutil.iter_modules(pictures.__path__):
        module = importlib.import_module(f"course_utils.pictures.{info.name}")
        unit = re.match(r"u\d\d", info.name)
        own = [f"test_{unit[0]}*.py"] if unit else ["test_curves.py", "test_films.py"]
        tests = [path for name in (*own, "test_pictures.py") for path in sorted((ROOT / "tests").glob(name))]
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("_") or function.__module__ != module.__name__:
                continue
            returned = str(inspect.signature(function).return_annotation)
            if "Axes" in returned or "Figure" in returned:
                ways = ["draws nothing", "draws other data"]
            else:
                ways = ["does nothing", "draws other data"] if returned == "None" else ["returns something else"]
            for how in ways:
                yield Mutant(f"{info.name}.{name} {how}", tests, module, name, functools.partial(broken, how))


# ---- explorers


def parts(explorer: Callable[[], None]) -> tuple[Any, Any, Any]:
    """Return what an explorer passes on: its drawing function, its controls, its typical states."""
    with mock.patch.object(explorers, "explore") as explore:
        explorer()
    return explore.call_args.args


def deaf(control: str, explorer: Callable[[], None], effect: list[bool]) -> Callable[[], None]:
    """Return an explorer that draws as if one control stood where it stands in the first typical state."""

    @functools.wraps(explorer)
    def wrong() -> None:
        whole = explorers.explore

        def explore(draw: Callable[..., Any], controls: Any, states: Any) -> Any:
            def draw_deaf(**settings: Any) -> Any:
                if settings[control] != states[0][control]:
                    effect.append(True)
                return draw(**{**settings, control: states[0][control]})

            return whole(draw_deaf, controls, states)

        with mock.patch.object(explorers, "explore", explore):
            explorer()

    return wrong


def explorer_mutants() -> Iterator[Mutant]:
    """Make each control of each explorer deaf."""
    names = ("test_u*.py", "test_curves.py", "test_pictures.py")  # the browser would take minutes
    files = [path for name in names for path in sorted((ROOT / "tests").glob(name))]
    tests = [path for path in files if "explorers" in path.read_text(encoding="utf-8")]
    for name, explorer in inspect.getmembers(explorers, inspect.isfunction):
        if name.startswith("_") or name == "explore" or explorer.__module__ != explorers.__name__:
            continue
        if inspect.signature(explorer).parameters:  # vote needs trained networks, and has one control
            continue
        for control in parts(explorer)[2][0]:
            yield Mutant(
                f"explorers.{name} ignores {control}", tests, explorers, name, functools.partial(deaf, control)
            )


# ---- explorables

# in shared.js, through which every state goes: what is there, and what leaves one part of it out
DEAF = {
    "the picture ignores": (
        "draw(page.state, page)",
        "draw({{ ...page.state, {0}: clean(structuredClone(FACTS.start)).{0} }}, page)",
    ),
    "the hand cannot change": (
        "Object.assign(page.state, change);",
        "Object.assign(page.state, {{ ...change, {0}: page.state.{0} }});",
    ),
    "Python cannot set": ("...FACTS.start, ...given }", "...FACTS.start, ...given, {0}: FACTS.start.{0} }}"),
}


def explorable_mutants() -> Iterator[Mutant]:
    """Leave out each part of the state of each explorable, in three places."""
    path = ROOT / "tests" / "test_explorables.py"
    in_page = re.findall(r"^def (test_\w+)\((?:.*, )?page\b", path.read_text(encoding="utf-8"), re.M)

    def without(
        name: str, old: str, new: str, source: Callable[[str], str], effect: list[bool]
    ) -> Callable[[str], str]:
        def wrong(asked: str) -> str:
            text = source(asked)
            if asked != name:
                return text
            assert text.count(old) == 1, f"shared.js says {old!r} no more"
            effect.append(True)
            return text.replace(old, new)

        return wrong

    for name in explorables.NAMES:

        def about(test: str, name: str = name) -> bool:
            title, _, case = test.partition("::")[2].partition("[")
            return title in in_page and (name in case or not any(other in case for other in explorables.NAMES))

        for key in explorables.facts()[name]["start"]:
            for how, (old, new) in DEAF.items():
                breaks = functools.partial(without, name, old, new.format(key))
                yield Mutant(f"explorables.{name}: {how} {key}", [path], explorables, "source", breaks, about)


# ---- bad servers and files


def fault_mutants() -> Iterator[Mutant]:
    """Make each bad answer and each bad file a good one."""
    sys.path.insert(0, str(ROOT / "tests"))
    faults = importlib.import_module("faults")
    tests = [ROOT / "tests" / "test_data_faults.py"]

    def good_answer(name: str, answers: dict[str, Any], effect: list[bool]) -> dict[str, Any]:
        effect.append(True)
        return {**answers, name: (faults.reply, answers[name][1])}

    def good_file(name: str, files: dict[str, Any], effect: list[bool]) -> dict[str, Any]:
        effect.append(True)
        return {**files, name: lambda good: good}

    for table, make in (("BAD_ANSWERS", good_answer), ("BAD_FILES", good_file)):
        for name in getattr(faults, table):

            def about(test: str, name: str = name) -> bool:
                return name in re.split(r"[\[\]]|-(?=cache|COURSE)", test)

            yield Mutant(f"faults.{table}: {name}", tests, faults, table, functools.partial(make, name), about)


# ---- run


class Chosen:
    """A plugin for pytest: it keeps the tests that are wanted, and knows which one runs."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.wanted, self.now, self.red = wanted, "", []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the wanted ones."""
        items[:] = [item for item in items if self.wanted(item.nodeid)]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note which test begins."""
        self.now = nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note which tests are red."""
        if report.failed:
            self.red.append(report.nodeid)


def in_a_child(work: Callable[[], int], patience: int = PATIENCE) -> int:
    """Do the work in a forked process; return its result, a small number, or -1 where the process had to be ended."""
    child = os.fork()
    if child == 0:
        status = 100
        try:
            signal.alarm(patience)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                status = work()
        finally:
            os._exit(status)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 100:
        sys.exit("The tests could not be run. Try one of them with pytest.")
    return max(code, -1)


def run_tests(tests: list[Path], plugin: Chosen) -> int:
    """Run tests up to the first that fails; return 0 where all are green, 1 where one is red."""
    code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *map(str, tests)], [plugin])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return 0
    return {pytest.ExitCode.OK: 0, pytest.ExitCode.TESTS_FAILED: 1, pytest.ExitCode.INTERRUPTED: 1}.get(code, 100)


def callers(mutants: list[Mutant]) -> dict[str, list[str]]:
    """Run all tests with nothing broken; return for each function the tests that call it.

    Raises:
        SystemExit: a test is red already.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "callers.json"

        def work() -> int:
            plugin, found = Chosen(lambda test: True), {}

            def noting(function: Callable[..., Any], key: str) -> Callable[..., Any]:
                @functools.wraps(function)
                def same(*arguments: Any, **named: Any) -> Any:
                    found.setdefault(key, {})[plugin.now] = True
                    return function(*arguments, **named)

                return same

            for key, mutant in {f"{m.owner.__name__}.{m.function}": m for m in mutants}.items():
                if mutant.about is None:
                    setattr(mutant.owner, mutant.function, noting(getattr(mutant.owner, mutant.function), key))
            red = run_tests(list(dict.fromkeys(path for mutant in mutants for path in mutant.tests)), plugin)
            names = {"red": plugin.red, **{key: list(tests) for key, tests in found.items()}}
            path.write_text(json.dumps(names), encoding="utf-8")
            return red

        code = in_a_child(work, 10 * PATIENCE)
        found = json.loads(path.read_text(encoding="utf-8")) if code >= 0 else {"red": ["a test that does not end"]}
        if code != 0:
            sys.exit(f"With nothing broken, this is red already: {', '.join(found['red'])}")
        return found


def outcome(mutant: Mutant, calling: list[str]) -> str:
    """Run the tests that are about a mutant; say whether one turned red."""

    def work() -> int:
        effect: list[bool] = []
        setattr(mutant.owner, mutant.function, mutant.breaks(getattr(mutant.owner, mutant.function), effect))
        red = run_tests(mutant.tests, Chosen(mutant.about or calling.__contains__))
        return red if red else 2 if effect else 3

    return {2: SURVIVED, 3: NO_EFFECT}.get(in_a_child(work), DIED)


def main(arguments: list[str]) -> int:
    """Try all mutants, or those whose name has the given word; return 1 where one survived."""
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print(__doc__)
        return 2
    os.chdir(ROOT)
    os.environ.update(COURSE_STATIC="1", COURSE_DEVICE="cpu", COURSE_WORKERS="1")
    matplotlib.use("agg")
    mutants = [*picture_mutants(), *explorer_mutants(), *fault_mutants()]
    if chromium():
        mutants += explorable_mutants()
    else:
        print("There is no chromium here, so the explorables are left out.")
    chosen = [mutant for mutant in mutants if not arguments or arguments[0] in mutant.name]
    calling, results = callers(chosen), []
    for mutant in chosen:
        tests = calling.get(f"{mutant.owner.__name__}.{mutant.function}", [])
        results.append(outcome(mutant, tests) if tests or mutant.about else NOT_CALLED)
        if results[-1] != DIED:
            print(f"{results[-1]}: {mutant.name}", flush=True)
    died, silent = results.count(DIED), results.count(NO_EFFECT)
    print(f"{died} of {len(results) - silent} mutants died; {silent} more had no effect in any test.")
    return 0 if died == len(results) - silent else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
