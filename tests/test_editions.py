"""The teacher's editions hold what the notebooks hold, and the teacher's page has the right numbers."""

import ast
import html
import itertools
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from faults import posix
from nbclient import NotebookClient

from tools import PATHS, ROOT, code_cells, editions, lesson_time, tags

TEACHING = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")


def live(notebook):
    return code_cells(notebook, "live")


def printed(cell):
    """What a cell printed and returned, as text; pictures are left out, as in the other comparisons."""
    return "".join(o.get("text", "") + o.get("data", {}).get("text/markdown", "") for o in cell.outputs)


# ---- code-along notebooks


def test_a_unit_has_10_to_25_cells_to_type(notebook):
    assert 10 <= len(live(notebook)) <= 25
    assert all(cell.cell_type == "code" for cell in live(notebook))
    assert not any({"setup", "exercise"} & tags(cell) for cell in live(notebook))


def test_only_the_live_cells_change(notebook):
    edition = editions.live_notebook(notebook)
    nbformat.validate(edition)
    for old, new in zip(notebook.cells, edition.cells, strict=True):
        assert (new.id, new.cell_type, new.metadata) == (old.id, old.cell_type, old.metadata)
        assert (new.source == old.source) == ("live" not in tags(old))
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(edition))
    assert any(cell.outputs for cell in code_cells(notebook)), "the notebook itself stays as it is"


def test_a_prompt_is_one_comment_that_says_what_to_type(notebook):
    prompts = [cell.source for cell in live(editions.live_notebook(notebook))]
    assert len(set(prompts)) == len(prompts), "two cells with the same prompt cannot be told apart"
    for text, cell in zip(prompts, live(notebook), strict=True):
        assert re.fullmatch(r"# Type: \S.{3,112}", text), text
        for name in re.findall(r"\w+", text.partition("; keep ")[2].partition(";")[0]):
            assert re.search(rf"\b{name}\b", cell.source)


def cells(*pairs):
    make = {"md": nbformat.v4.new_markdown_cell, "py": nbformat.v4.new_code_cell}
    return [make[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(pairs)]


def test_the_prompt_names_what_later_cells_need():
    first = "def square(v):\n    inner = v * v\n    return inner\n\n\nx = square(2)\nunused, again = 1, 2"
    page = cells(
        ("md", "## 1.2 Squares\n\nText."),
        ("py", first),
        ("py", "again = 3\nprint(square(x), again, [unused for unused in (1, 2)])"),
    )
    assert editions.prompt(page, 1) == "# Type: Squares; keep square, x"


def test_lines_for_ipython_are_no_obstacle():
    page = cells(("md", "## 1.2 The GPU"), ("py", "!nvidia-smi\nx = 1"), ("py", "%matplotlib inline\nif x:\n    !ls"))
    assert editions.prompt(page, 1) == "# Type: The GPU; keep x"


def test_the_title_of_a_prompt():
    page = cells(
        ("md", "## 1.2 Squares"),
        ("py", "# the area by hand\ny = 2"),
        ("md", "More text."),
        ("py", "torch.ones(2).sum()"),
        ("md", "### Roots"),
        ("py", "pass"),
    )
    assert editions.prompt(page, 1) == "# Type: the area by hand"
    assert editions.prompt(page, 3) == "# Type: Squares - cell 3; with torch.ones, .sum"
    assert editions.prompt(page, 5) == "# Type: Roots"


def refilled(notebook):
    """The edition after class: each live cell typed as in the full notebook."""
    edition = editions.live_notebook(notebook)
    for cell, full in zip(live(edition), live(notebook), strict=True):
        cell.source = full.source
    return edition


@pytest.mark.parametrize("stem", ["01_tensors", "02_autograd"])
def test_typed_again_it_prints_what_the_notebook_prints(stem, tmp_path, monkeypatch):
    """Two units are run for themselves, in a folder away from the notebooks, as ``build/live`` is."""
    monkeypatch.setenv("COURSE_STATIC", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    edition = refilled(notebook)
    NotebookClient(edition, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    for old, new in zip(code_cells(notebook), code_cells(edition), strict=True):
        assert printed(new) == printed(old), old.id


# ---- slides


def test_every_section_is_a_column_and_the_minutes_add_up(notebook):
    sections, minutes = lesson_time.sections(notebook), editions.minutes(notebook)
    assert [cell for section in sections for cell in section.cells] == notebook.cells
    assert len(sections) == len(minutes) and minutes[0][0] == 0
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(minutes))
    assert all(re.search(r"^## ", section.cells[0].source, re.M) for section in sections[1:])


def test_slides_hold_the_notebook_and_ask_its_questions(notebook):
    page = editions.slides(notebook)
    shown = set(re.findall(r'data-cell="([^"]+)"', page))
    assert {cell.id for cell in notebook.cells if cell.cell_type == "markdown"} <= shown
    assert {cell.id for cell in live(notebook)} <= shown
    notes = html.unescape(" ".join(re.findall(r'<aside class="notes">(.*?)</aside>', page, re.S)))
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (ask := re.search(r"\*\*Predict\*\*[:,]? *([^\n]+)", cell.source)):
            assert ask[1].replace("**", "") in notes, cell.id
    assert notes.count("Minute ") == page.count('class="slide"')
    pictures = sum("image/png" in o.get("data", {}) for cell in code_cells(notebook) for o in cell.outputs)
    assert page.count("data:image/png") == pictures > 0
    assert "Open in Colab" not in page and "@SLIDES@" not in page


def test_slides_load_nothing_from_outside(notebook):
    page = editions.slides(notebook)
    loaded = re.findall(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)", page)
    local = {f"lib/{Path(part).name}" for part in editions.PARTS}
    assert {address for address in loaded if not address.startswith("data:")} == local
    assert not re.search(r"@import|url\(", page)


@pytest.mark.parametrize(
    ("script", "sentence"),
    [(None, "Install Node.js"), pytest.param("#!/bin/sh\nexit 1\n", "Check the network", marks=posix)],
    ids=["none", "fails"],
)
def test_without_npm_one_sentence_says_what_to_do(script, sentence, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    if script:
        (tmp_path / "npm").write_text(script, encoding="utf-8")
        (tmp_path / "npm").chmod(0o755)
    with pytest.raises(SystemExit, match=sentence):
        editions.fetch_parts(tmp_path / "lib")
    assert not list((tmp_path / "lib").glob("*"))


@pytest.fixture(scope="module")
def built(chromium, tmp_path_factory):
    """The slides as ``make slides`` builds them."""
    folder = tmp_path_factory.mktemp("slides")
    try:
        editions.fetch_parts(folder / "lib")
    except SystemExit as error:
        pytest.skip(f"reveal.js is not here: {error}")
    return folder


def test_no_slide_overflows(path, notebook, chromium, built):
    page = built / f"{path.stem}.html"
    page.write_text(editions.slides(notebook), encoding="utf-8")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=30000", "--dump-dom"]
    result = subprocess.run([chromium, *arguments, page.as_uri()], capture_output=True, encoding="utf-8", timeout=120)
    body = re.search(r"<body[^>]*>", result.stdout)[0]
    assert 'data-overflowing=""' in body, body
    assert float(re.search(r'data-smallest="([\d.]+)"', body)[1]) >= 0.6, "a slide is too small to read"
    formulas = any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert ("<mjx-container" in result.stdout) == formulas, "a formula is not drawn"
    assert "data-mjx-error" not in result.stdout and "reveal-viewport" in body


def test_both_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(editions, "BUILD", tmp_path)
    monkeypatch.setattr(editions, "fetch_parts", lambda folder: None)
    for edition, ending in (("live", "ipynb"), ("slides", "html")):
        assert editions.main([edition, "02"]) == 0
        assert [p.name for p in (tmp_path / edition).iterdir()] == [f"02_autograd.{ending}"]
    assert editions.main(["print"]) == 2 and "python -m tools.editions" in capsys.readouterr().out


# ---- the teacher's page


def row(number):
    """The line of a unit in the table of the teacher's page: minutes, cells to type, exercises."""
    match = re.search(rf"^\| {number} · .*?\| (\d+)(?: \+ (\d+))? \| (\d+) \| (\d+) \|", TEACHING, re.M)
    assert match, f"TEACHING.md has no line for unit {number}"
    return tuple(int(part or 0) for part in match.groups())


def test_the_table_of_units_agrees_with_the_notebooks(path, notebook):
    core, optional, *counts = row(int(path.stem[:2]))
    stated = f"**Time**: {core} minutes" + (f", and {optional} for the optional sections" if optional else "")
    assert f"{stated}." in notebook.cells[0].source
    assert editions.minutes(notebook)[-1][1] == core + optional
    exercises = sum("exercise" in tags(cell) for cell in notebook.cells)
    assert counts == [len(live(notebook)), exercises]


def test_every_unit_has_its_plan(path, notebook):
    number, title = int(path.stem[:2]), notebook.cells[0].source.partition("\n")[0].partition(" · ")[2]
    assert f"## Unit {number} · {title}\n" in TEACHING
    plan = TEACHING.partition(f"## Unit {number} · ")[2].partition("\n## ")[0]
    sections = {
        m[1]
        for c in notebook.cells
        if c.cell_type == "markdown" and (m := re.search(r"^## (\d\.\d+) ", c.source, re.M))
    }
    rows = re.findall(r"^\| ([\d., ]+?) \| (\d+) \| (\d+) \| (\d+) \|", plan, re.M)
    assert {section for group, *_ in rows for section in group.split(", ")} == sections, "each section has its place"
    core, optional, *counts = row(number)
    assert [sum(int(row[k]) for row in rows) for k in (2, 3)] == counts, "the rows add up to the unit"
    assert abs(sum(int(row[1]) for row in rows) - core - optional) <= 5, "the unit's minutes are rounded"
    assert plan.count("\n- **") >= 3, "three stumbling blocks"


def numbers(text):
    """The sections that a cell such as "1.2 to 1.4, 2.1" names."""
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        unit, start = first.split(".")
        yield from (f"{unit}.{n}" for n in range(int(start), int((last or first).split(".")[1]) + 1))


@pytest.mark.parametrize(("plan", "limit"), [("One day", 55), ("Three days", 310), ("Ten weeks", 80)])
def test_the_minutes_of_the_plans_are_those_of_the_sections(plan, limit):
    found = {s.number: s for p in PATHS for s in lesson_time.sections(nbformat.read(p, as_version=4)) if s.number}
    text = TEACHING.partition(f"## {plan}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| \d+ \| ([^|]+) \| ([^|]+) \| (\d+) \| [^|]+ \|$", text, re.M)
    assert {number[0] for cells in rows for number in numbers(cells[0])} >= set("123456")
    for sections, exercises, stated in rows:
        minutes = sum(found[number].minutes for number in numbers(sections))
        for unit, listed in re.findall(r"unit (\d): ([\d, ]+)", exercises):
            assert all(int(n) <= row(unit)[3] for n in listed.split(", "))
            minutes += lesson_time.EXERCISE * len(listed.split(", "))
        assert round(minutes) == int(stated) <= limit, f"{plan}: {sections} takes {minutes:.1f} minutes"


def test_commands_of_the_page_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", TEACHING):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for snippet in re.findall(r"```python\n(.*?)```", TEACHING, re.S):
        ast.parse(snippet)
