"""Each notebook can be solved, and can be run again in the same kernel: it shows what it showed before."""

import copy
import importlib
import re

import nbformat

from course_utils import data
from tools import ROOT, notebook_files, tags

# the cells that show something else when they are run again in the same kernel, and why
DIFFERENT = {}
# nbval has drawn the same pictures already
NO_PICTURES = "%matplotlib inline\n%config InlineBackend.figure_formats = set()"


def shown(cell):
    """What a cell shows that nbval would compare, without the sentence that is said once in a session."""
    texts = [(o.get("text") or o.get("data", {}).get("text/plain", "")).splitlines() for o in cell.outputs]
    return [line for lines in texts for line in lines if not line.startswith(data.NO_MNIST[:30])]


def with_solutions(cells, stem):
    """Copy the cells, with the solutions in the place of the stubs."""
    exercises = importlib.import_module(f"course_utils.exercises.u{stem}").EXERCISES
    cells = copy.deepcopy(cells)
    for cell in cells:
        for exercise in exercises:
            if "exercise" in tags(cell) and re.search(rf"^(def |class )?{exercise.name}\b", cell.source, re.M):
                cell.source = exercise.solution().plain
    return cells


def test_with_all_solutions_then_from_the_middle_in_the_same_kernel(notebook, path, monkeypatch):
    """First with all solutions. Then with the stubs: the setup and the second half, as after a break, then the first half."""
    for name, value in {"COURSE_OFFLINE": "1", "COURSE_STATIC": "1", "OMP_NUM_THREADS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COURSE_MNIST", raising=False)  # the bundled digits are enough here, and quick
    cells = notebook.cells
    sections = [i for i, cell in enumerate(cells) if cell.cell_type == "markdown" and cell.source.startswith("## ")]
    middle = min(sections, key=lambda i: abs(i - len(cells) / 2))
    first, second = with_solutions(cells, path.stem), copy.deepcopy(cells)
    setup = copy.deepcopy([cell for cell in cells if "setup" in tags(cell)])
    order = [nbformat.v4.new_code_cell(NO_PICTURES), *first, *setup, *second[middle:], *second[:middle]]
    for number, cell in enumerate(order):
        cell.id = f"{number}-{cell.id}"[:64]  # a cell that stands there twice needs two ids
    peak = notebook_files.run(nbformat.v4.new_notebook(cells=order), ROOT / "notebooks")
    assert peak < notebook_files.MOST_MEMORY, "GB of memory"
    free = {"exercise", "check", "nbval-ignore-output", "nbval-skip"}
    differs = {
        a.id.partition("-")[2]
        for a, b in zip(first, second, strict=True)
        if a.cell_type == "code" and not free & tags(a) and "ex.summary()" not in a.source and shown(a) != shown(b)
    }
    assert differs == DIFFERENT.get(path.stem, set())
    (summary,) = [cell for cell in first if "ex.summary()" in cell.source]
    assert "✗ 0 wrong   ○ 0 open" in "".join(shown(summary)), "the solutions are not all accepted"
