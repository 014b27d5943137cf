"""What nbval does not see: the style of the notebooks."""

import itertools
import json
import re

import nbformat

from tools import PATHS, tags
from tools import code_cells as code

STEMS = [
    "01_tensors", "02_autograd", "03_gpu", "04_dataset_dataloader", "05_losses", "06_optimizers", "07_mnist_comparison",
]  # fmt: skip
TAGS = {
    "setup", "exercise", "check", "live", "mnist", "cuda", "core", "optional",
    "nbval-ignore-output", "raises-exception", "nbval-skip",
}  # fmt: skip
# how many rows of the course's plan each unit has
ROWS = {"01": 12, "02": 14, "03": 12, "04": 14, "05": 14, "06": 15, "07": 14}


def test_there_are_notebooks_and_their_names_are_known():
    assert PATHS and {path.stem for path in PATHS} <= set(STEMS)


def test_valid_and_identified(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i) and not re.fullmatch(r"[0-9a-f]{8}", i) for i in ids)


def test_metadata_is_only_what_is_needed(notebook):
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "mystnb"}  # the second holds the alt text of a figure
        known = {t for t in tags(cell) if t in TAGS or re.fullmatch(r"row-\d\.\d+", t)}
        assert tags(cell) == known, f"unknown tags in {cell.id}"


def test_the_first_code_cell_is_the_setup(notebook, path):
    first = code(notebook)[0]
    assert "setup" in tags(first) and f'course_utils.setup("{path.stem}")' in first.source
    assert sum("setup" in tags(cell) for cell in notebook.cells) == 1
    for cell in code(notebook):
        assert not re.search(r"^\s*[!%]\s*pip|pip install", cell.source, re.M), "nothing is installed"
        assert not re.search(r"import \*", cell.source)


def test_every_code_cell_was_executed_in_order(notebook):
    counts = [cell.execution_count for cell in code(notebook) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1)), (
        "run `make run`: nbval does not compare a cell that was never executed"
    )


def test_every_row_has_its_first_cell(notebook, path):
    shown = [t for cell in notebook.cells for t in tags(cell) if t.startswith("row-")]
    unit = path.stem[:2]
    assert sorted(shown) == sorted(f"row-{int(unit)}.{k}" for k in range(1, ROWS[unit] + 1))
    assert all(cell.cell_type == "code" for cell in notebook.cells if any(t.startswith("row-") for t in tags(cell)))


def test_cells_are_small(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            # formulas, addresses, code and tables are not read word by word
            no_words = r"\$\$.*?\$\$|\$[^$]+\$|\]\([^)]*\)|```.*?```|^\|.*?\|$"
            text = re.sub(no_words, " ", cell.source, flags=re.S | re.M)
            assert len(re.findall(r"\w+", text)) <= 120, f"{cell.id} is a wall of text"
        else:
            lines = [line for line in cell.source.splitlines() if line.strip()]
            limit = 30 if "class " in cell.source or "setup" in tags(cell) else 15
            assert len(lines) <= limit, f"{cell.id} is long"


def test_few_cells_are_not_compared(notebook):
    ignored = [cell.id for cell in code(notebook) if {"nbval-ignore-output", "nbval-skip"} & tags(cell)]
    assert len(ignored) <= len(code(notebook)) / 10, ignored


def test_outputs_are_clean(notebook):
    for cell in code(notebook):
        for output in cell.outputs:
            # the letters of a picture are chance
            text = json.dumps({**output, "data": {m: v for m, v in output.get("data", {}).items() if m != "image/png"}})
            assert output.get("name") != "stderr", f"{cell.id} prints to stderr"
            assert output.output_type != "error" or "raises-exception" in tags(cell), f"{cell.id} fails"
            assert not re.search(
                r"0x[0-9a-f]{6,}|/home/|/root/|/tmp/|site-packages|<script|<iframe|javascript", text
            ), cell.id
            if output.output_type in ("execute_result", "display_data"):
                assert not set(output.data) & {
                    "text/html",
                    "application/javascript",
                    "application/vnd.jupyter.widget-view+json",
                }


def test_pictures_in_the_text_have_a_description(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")", cell.source), cell.id


def test_figures_are_announced(notebook):
    """Before a cell that draws, a Markdown cell says what it shows."""
    cells = notebook.cells
    for before, cell in itertools.pairwise(cells):
        if cell.cell_type == "code" and any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert before.cell_type == "markdown", f"no sentence announces the figure of {cell.id}"


def test_sections_are_numbered_as_planned(notebook, path):
    unit = str(int(path.stem[:2]))
    headings = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    numbers = [int(m[1]) for line in headings if (m := re.match(rf"## {unit}\.(\d+) ", line))]
    assert numbers == sorted(numbers) and numbers, "sections are in the order of the plan"
    assert headings[0].startswith(f"# {unit} · ")


def test_the_tidied_form_is_stable(path):
    """What `make fmt` would write is what is there."""
    text = path.read_text(encoding="utf-8")
    assert nbformat.writes(nbformat.reads(text, as_version=4)) + "\n" == text


def test_claims_are_made_only_of_mnist(notebook):
    """A cell that draws on MNIST results and is compared carries the tag, so that it is not compared without MNIST."""
    for cell in code(notebook):
        if (
            re.search(r"\bclaim\(|\bx_test\b|\btrain_images\b", cell.source)
            and cell.outputs
            and "row-7.9" not in tags(cell)
        ):
            assert "mnist" in tags(cell), cell.id
