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


@pytest.fixture
def project(tmp_path):
    """A small project with the course's conftest.py, and without MNIST."""
    for name in ("tools", "course_utils", "tests", "notebooks"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copy(ROOT / "tools" / "__init__.py", tmp_path / "tools")
    (tmp_path / "course_utils" / "data.py").write_text(
        "def load_mnist(train):\n    return None, range(359)\n", encoding="utf-8"
    )
    options = "-p nbval.plugin -p xdist --nbval --nbval-current-env -p no:cacheprovider"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {options}\n", encoding="utf-8")
    return tmp_path


def run(project, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COURSE"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # others of this machine cost seconds
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout + done.stderr


def test_a_notebook_stays_in_one_process_and_the_last_line_says_what_was_not_proved(project):
    (project / "tests" / "test_a.py").write_text(TEST, encoding="utf-8")
    for name in ("07_mnist_comparison", "01_tensors"):
        cells = ["x = 1", *["x += 1"] * 5, "assert x == 6", "print(x, 'is not what is stored')", "x"]
        nbformat.write(page(*cells, _8=["mnist"], _9=["cuda", "mnist"]), project / "notebooks" / f"{name}.ipynb")
    status, shown = run(project, "-v", "-n", "2", "--dist", "load", "notebooks", "tests")
    assert status == 0, shown
    places = {}
    for process, file in re.findall(r"\[(gw\d)\] \[ *\d+%\] (?:PASSED|SKIPPED) (\S+?)::", shown):
        places.setdefault(file, set()).add(process)
    assert {len(places[file]) for file in places} == {1}, places
    last_line = shown.splitlines()[-1]
    assert last_line == (
        "Not proved here: 4 cells not compared (the real MNIST is not here); 3 tests skipped (there is no toaster here); "
        "2 cells without the part for a GPU (notebooks are tested on the CPU)"
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


def test_what_is_wrong_in_a_notebook_is_noticed(project):
    """A notebook runs again with the solutions, and must show the same: here, a counter goes on from the first time.

    In another one a cell was never executed, so there is nothing to compare, and then its kernel dies: nobody waits for it.
    """
    (project / "tools" / "notebook_files.py").write_text("MOST_MEMORY = 1\npeak = lambda pid: 0.5\n", encoding="utf-8")
    name = importlib.import_module("course_utils.exercises.u01_tensors").EXERCISES[0].name
    cells = {
        "seen = ['setup']\nimport torch": "",
        f"{name} = None": "",
        f"print('✗ 0 wrong   ○ 0 open' if {name} else 'open')": "open",
        "seen += ['first']\nprint('the same')": "the same",
        "seen += ['second']\nprint(len(seen))": "3",
        f"print('✗ 0 wrong   ○ 0 open' if {name} else 'open') ": "open",
    }
    notebook = page(*cells, _1=["setup"], _2=["exercise"], _3=["check"])
    for cell, text in zip(notebook.cells, cells.values(), strict=True):
        cell.outputs = [nbformat.v4.new_output("stream", text=f"{text}\n")] if text else []
    notebook.cells.insert(4, nbformat.v4.new_markdown_cell("## 1.2 The second half"))
    nbformat.write(notebook, project / "notebooks" / "01_tensors.ipynb")
    bad = page("x = 1", "import os; os._exit(1)", "x")
    bad.cells[0].execution_count = None
    nbformat.write(bad, project / "notebooks" / "02_autograd.ipynb")
    status, shown = run(project, "notebooks", "-v", "--nbval-cell-timeout=1000")
    assert "this cell was never executed" in shown and "The kernel died." in shown
    assert shown.splitlines()[-1] == "Not proved here: 1 test skipped (Cell 1 failed before it)"
    done = re.findall(r"01_tensors\W+ipynb::(Cell .+?) (PASSED|FAILED)", shown)
    assert done[6:] == [
        ("Cell 0 again", "PASSED"), ("Cell 1 solved", "PASSED"), ("Cell 4 again", "FAILED"), ("Cell 1 again", "PASSED"),
        ("Cell 2 again", "PASSED"), ("Cell 3 again", "PASSED"), ("Cell 5 again", "PASSED"),
    ], shown  # fmt: skip
    assert status == 1 and {outcome for _, outcome in done[:6]} == {"PASSED"}


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


def test_there_is_a_mutant_for_each_picture_each_control_and_each_fault():
    assert {m.function for m in mutants.picture_mutants()} >= {"draw_memory", "parse_shape", "loss_curves", "draw_race"}
    controls = {m.name for m in mutants.explorer_mutants()}
    assert {"explorers.losses ignores target", "explorers.playground ignores momentum"} <= controls
    assert len(list(mutants.fault_mutants())) == len(faults.BAD_ANSWERS) + len(faults.BAD_FILES)
    assert mutants.main(["--help"]) == mutants.main(["a", "b"]) == 2
