"""The test run itself: nothing in it is random, a notebook stays in one process, and the last line says what was not proved."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import faults
import matplotlib.pyplot as plt
import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import explorables
from tools import ROOT, fuzz, mutants

# ---- nothing random


def tried(strategy):
    """Return the examples that a property test tries."""
    found = []

    @given(example=strategy)
    def collect(example):
        found.append(example)

    collect()
    return found


@pytest.mark.skipif(settings().max_examples == 1000, reason="make fuzz is random")
def test_the_examples_are_the_same_in_every_run(tmp_path, monkeypatch):
    assert settings().derandomize and settings().deadline is None and settings().database is None
    before = tried(st.integers() | st.text())
    # hypothesis would try these constants as well, as soon as the module is loaded
    (tmp_path / "with_constants.py").write_text(
        "\n".join(f"x{i} = {i * 7919**2}" for i in range(500)), encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    __import__("with_constants")
    assert tried(st.integers() | st.text()) == before
    assert len(before) == 100


# ---- several processes, and the last line

TEST = """
import os
import pytest
def test_workers():
    assert os.environ["COURSE_WORKERS"] == "1"
@pytest.mark.parametrize("n", range(3))
def test_skipped(n):
    pytest.skip("there is no toaster here")
"""

spec = importlib.util.spec_from_file_location("rules", ROOT / "conftest.py")
rules = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rules)


def page(*sources, **tags):
    """A notebook whose cells were executed; ``tags`` gives the tags of a cell by its number, as in ``_1=["mnist"]``."""
    cells = [
        nbformat.v4.new_code_cell(source, execution_count=n, metadata={"tags": tags.get(f"_{n}", [])})
        for n, source in enumerate(sources, 1)
    ]
    return nbformat.v4.new_notebook(cells=cells)


def again():
    """A notebook that does not show the same when it runs again with the solutions: a counter goes on from the first time."""
    name = importlib.import_module("course_utils.exercises.u01_tensors").EXERCISES[0].name
    cells = {
        "seen = ['setup']\nimport torch": "",
        f"{name} = None": "",
        f"print('✗ 0 wrong   ○ 0 open' if {name} else 'open')": "open",
        "seen += ['first']\nprint('the same')": "the same",
        "assert 'once' not in globals() or torchrun(2)\nonce = True": "",
        "seen += ['second']\nprint(len(seen))": "3",
        f"print('✗ 0 wrong   ○ 0 open' if {name} else 'open') ": "open",
    }
    notebook = page(*cells, _1=["setup"], _2=["exercise"], _3=["check"])
    for cell, text in zip(notebook.cells, cells.values(), strict=True):
        cell.outputs = [nbformat.v4.new_output("stream", text=f"{text}\n")] if text else []
    notebook.cells.insert(4, nbformat.v4.new_markdown_cell("## 1.2 The second half"))
    return notebook


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What pytest shows, with two processes, of a small project with the course's conftest.py, and without MNIST."""
    project = tmp_path_factory.mktemp("project")
    for name in ("tools", "course_utils", "tests", "notebooks"):
        (project / name).mkdir()
    shutil.copy(ROOT / "conftest.py", project)
    shutil.copy(ROOT / "tools" / "__init__.py", project / "tools")
    options = "-p nbval.plugin -p xdist --nbval --nbval-current-env --nbval-cell-timeout=1000 -p no:cacheprovider"
    files = {
        "course_utils/data.py": "def load_mnist(train):\n    return None, range(359)\n",
        "tools/notebook_files.py": "MOST_MEMORY = 1\npeak = lambda pid: 0.5\n",
        "tests/test_a.py": TEST,
        "pytest.ini": f"[pytest]\naddopts = {options}\n",
    }
    for name, text in files.items():
        (project / name).write_text(text, encoding="utf-8")
    cells = ["x = 1", *["x += 1"] * 5, "assert x == 6", "print(x, 'is not what is stored')", "x"]
    good = page(*cells, _8=["mnist"], _9=["cuda", "mnist"])
    bad = page("x = 1", "import os; os._exit(1)", "x")
    bad.cells[0].execution_count = None
    notebooks = {"01_tensors": again(), "02_autograd": bad, "05_losses": good, "07_mnist_comparison": good}
    for name, content in notebooks.items():
        nbformat.write(content, project / "notebooks" / f"{name}.ipynb")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COURSE"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # others of this machine cost seconds
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "load", "notebooks", "tests"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def outcomes(shown, notebook):
    """Return what became of each cell of a notebook, in order."""
    return re.findall(rf"\] (PASSED|FAILED|ERROR|SKIPPED) \S*{notebook}\S*::(Cell .+?) *$", shown, re.M)


def test_a_notebook_stays_in_one_process(shown):
    places = {}
    for process, file in re.findall(r"\[(gw\d)\] \[ *\d+%\] \w+ (\S+?)(?:\.ipynb)?::", shown):
        places.setdefault(file, set()).add(process)
    assert [len(places[file]) for file in places] == [1] * 5, places
    for name in ("05_losses", "07_mnist"):
        assert outcomes(shown, name) == [("PASSED", f"Cell {n}") for n in range(9)]


def test_the_last_line_says_what_was_not_proved(shown):
    assert shown.splitlines()[-1] == (
        "Not proved here: 4 cells not compared (the real MNIST is not here); 3 tests skipped (there is no toaster here); "
        "2 cells without the part for a GPU (notebooks are tested on the CPU); 1 test skipped (Cell 1 failed before it)"
    )


def test_the_longest_begins_first():
    names = ("tests/test_a.py::b", "tests/test_a.py::a", "notebooks/01_tensors.ipynb::2", "notebooks/07_mnist.ipynb::1")
    items = [SimpleNamespace(nodeid=name) for name in names]
    rules.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [names[i] for i in (3, 2, 0, 1)]


@pytest.mark.parametrize(
    ("status", "said"), [(0, ["Proved: everything that was asked for. Nothing was skipped."]), (1, [])]
)
def test_the_last_line_where_nothing_was_skipped(status, said):
    lines = []
    reporter = SimpleNamespace(stats={}, write_line=lines.append)
    config = SimpleNamespace(
        pluginmanager=SimpleNamespace(get_plugin=lambda name: reporter), option=SimpleNamespace(collectonly=False)
    )
    finish = rules.pytest_sessionfinish(SimpleNamespace(config=config, exitstatus=status))
    next(finish)
    assert lines == [], "pytest's own last words come first"
    assert next(finish, "the end") == "the end" and lines == said


def test_a_notebook_runs_again_with_the_solutions_and_must_show_the_same(shown):
    done = outcomes(shown, "01_tensors")
    assert done[:7] == [("PASSED", f"Cell {n}") for n in range(7)]
    assert done[7:] == [
        ("PASSED", "Cell 0 again"), ("PASSED", "Cell 1 solved"), ("FAILED", "Cell 5 again"), ("PASSED", "Cell 1 again"),
        ("PASSED", "Cell 2 again"), ("PASSED", "Cell 3 again"), ("PASSED", "Cell 6 again"),
    ], shown  # fmt: skip


def test_a_cell_that_was_never_executed_and_a_dead_kernel_are_noticed(shown):
    """Without the first, there is nothing to compare; and nobody waits for the second."""
    assert [outcome for outcome, _ in outcomes(shown, "02_autograd")] == ["ERROR", "FAILED", "SKIPPED"]
    assert "this cell was never executed" in shown and "The kernel died." in shown


# ---- the search for counterexamples, and for tests that cannot fail

SHOWN = """
____________________________________ test_a[1] ____________________________________
E   Failing test case: test_a(
E       k=1,
E       text=',\\n)',
E       n=0,  # or any other generated value
E   )
E
E   You can reproduce this test case by temporarily adding @reproduce_failure('6.170.15', b'AIEKQQA=') as a decorator
____________________________________ test_b _______________________________________
E               Failing test case: test_b(
E                   data=data(...),
E               )
E               Draw 1: 1000
E   You can reproduce this test case by temporarily adding @reproduce_failure('6.170.15', b'AEID6A==') as a decorator
"""
PROPERTIES = """
@settings(max_examples=5)
@given(st.text(), st.integers())
def test_a(k, text, n): ...
@given(data=st.data())
def test_b(data, tmp_path): ...
def test_c(): ...
"""


def test_a_counterexample_is_printed_as_a_line_to_paste():
    names = fuzz.given_names(PROPERTIES)
    assert names == {"test_a": {"text", "n"}, "test_b": {"data"}}
    assert list(fuzz.counterexamples(SHOWN, names)) == [
        ("test_a", "@example(text=',\\n)', n=0)"),
        ("test_b", "@reproduce_failure('6.170.15', b'AEID6A==')"),
    ]


def test_make_fuzz_finds_every_property_test():
    tests = {name for path in (ROOT / "tests").glob("test_*.py") for name in fuzz.given_names(path.read_text("utf-8"))}
    assert {"test_no_text_gives_another_error", "test_a_damaged_checkpoint", "test_agrees_with_torch"} <= tests
    assert fuzz.main(["ten"]) == fuzz.main(["1", "2"]) == 2


def test_a_mutant_draws_something_else():
    def draw(ax):
        ax.plot([1, 2, 3])
        ax.bar([0, 1], [5, 6])
        ax.text(0, 0, "a")
        ax.text(0, 0, "b")

    effect = []
    for how in ("does nothing", "draws nothing", "draws other data"):
        ax = plt.subplots()[1]
        mutants.broken(how, draw, effect)(ax)
        assert len(effect) == 1 and effect.pop()
        shown = [list(line.get_ydata()) for line in ax.lines], [bar.get_height() for bar in ax.patches]
        assert shown == (([[3, 2, 1]], [6, 5]) if how == "draws other data" else ([], []))
        assert [text.get_text() for text in ax.texts] == (["b", "a"] if how == "draws other data" else [])
    assert mutants.broken("returns something else", lambda: (1, 2), effect)() == (1,) and effect


def test_there_is_a_mutant_for_each_picture_each_control_each_part_of_a_state_and_each_fault():
    assert {m.function for m in mutants.picture_mutants()} >= {"draw_memory", "parse_shape", "loss_curves", "draw_race"}
    controls = {m.name for m in mutants.explorer_mutants()}
    assert {"explorers.losses ignores target", "explorers.playground ignores momentum"} <= controls
    states = list(mutants.explorable_mutants())
    assert len(states) == 3 * sum(len(explorables.facts()[name]["start"]) for name in explorables.NAMES)
    for mutant in states:
        name = re.match(r"explorables\.(\w+): ", mutant.name)[1]
        assert mutant.breaks(explorables.source, [])(name) != explorables.source(name)
    assert len(list(mutants.fault_mutants())) == len(faults.BAD_ANSWERS) + len(faults.BAD_FILES)
    assert mutants.main(["--help"]) == mutants.main(["a", "b"]) == 2
