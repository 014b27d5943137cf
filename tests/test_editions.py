"""The teacher's editions hold what the notebooks hold, and the teacher's page has the right numbers."""

import ast
import functools
import itertools
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from faults import posix
from nbclient import NotebookClient

from tools import PATHS, ROOT, code_cells, editions, lesson_time, passages, slides, tags

TEACHING = (ROOT / "notebooks" / "TEACHING.md").read_text(encoding="utf-8")


def live(notebook):
    return code_cells(notebook, "live")


def printed(cell):
    """What a cell printed and returned, as text; pictures are left out, as in the other comparisons."""
    return "".join(o.get("text", "") + o.get("data", {}).get("text/markdown", "") for o in cell.outputs)


# ---- code-along notebooks


def test_a_unit_has_8_to_16_cells_to_type(notebook):
    assert 8 <= len(live(notebook)) <= 16
    assert all(cell.cell_type == "code" for cell in live(notebook))
    assert not any({"setup", "exercise"} & tags(cell) for cell in live(notebook))


def test_only_the_live_cells_and_the_answers_change(notebook):
    edition, answered = editions.live_notebook(notebook), passages.answers(notebook.cells)
    nbformat.validate(edition)
    for old, new in zip(notebook.cells, edition.cells, strict=True):
        assert (new.id, new.cell_type, new.metadata) == (old.id, old.cell_type, old.metadata)
        assert (new.source == old.source) == ("live" not in tags(old) and old.id not in answered)
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(edition))
    assert any(cell.outputs for cell in code_cells(notebook)), "the notebook itself stays as it is"


def test_each_answer_is_folded_until_the_cell_above_has_run(notebook):
    """What follows a question and its cell is an answer; nothing of it can be read before it is opened."""
    edition = editions.live_notebook(notebook)
    question, run = None, False
    for cell in edition.cells:
        if cell.cell_type == "code":
            run = run or not {"setup", "check"} & tags(cell)
            continue
        if question and run:
            assert re.match(r"<details>\n<summary>.+</summary>\n\n.+?\n\n</details>", cell.source, re.S), (
                f"{cell.id} should begin with the answer to the question of {question}"
            )
        question, run = (cell.id if "**Predict**" in cell.source else None if run else question), False
    whole = [passages.passages(c.source) for c in notebook.cells if c.cell_type == "markdown"]
    again = [passages.passages(c.source) for c in edition.cells if c.cell_type == "markdown"]
    assert [[p for p in parts if "details>" not in p] for parts in again] == whole


def test_a_prompt_says_in_sentences_what_to_type(notebook):
    prompts = [cell.source for cell in live(editions.live_notebook(notebook))]
    assert len(set(prompts)) == len(prompts), "two cells with the same prompt cannot be told apart"
    for text, cell in zip(prompts, live(notebook), strict=True):
        assert all(re.match(r"# \S", line) and len(line) <= 100 for line in text.splitlines()), text
        words = re.sub(r"\n# ", " ", text[2:])
        assert re.match(r"Type (a cell that|the code that answers:|the code for) \S+ \S", words), text
        assert words[-1] in ".?" or "Type the code that answers" in words, text
        for name in re.findall(
            r"\w+", words.partition("Later cells need ")[2].partition(".")[0].replace(" and ", ", ")
        ):
            assert re.search(rf"\b{name}\b", cell.source)


def cells(*pairs):
    make = {"md": nbformat.v4.new_markdown_cell, "py": nbformat.v4.new_code_cell}
    return [make[kind](source, id=f"cell-{number}") for number, (kind, source) in enumerate(pairs)]


def test_the_prompt_names_what_later_cells_need():
    first = "def square(v, w=2):\n    inner = v * w\n    return inner\n\n\nx = square(2)\nunused, again = 1, 2"
    page = cells(
        ("md", "## 1.2 Squares\n\nText."),
        ("py", first),
        ("py", "again = 3\nprint(square(x), again, [unused for unused in (1, 2)])"),
    )
    assert editions.prompt(page, 1).splitlines() == [
        "# Type the code for “1.2 Squares”.",
        "# Define square(v, w=2).",
        "# Later cells need x.",
    ]


def test_lines_for_ipython_are_no_obstacle():
    page = cells(("md", "## 1.2 The GPU"), ("py", "!nvidia-smi\nx = 1"), ("py", "%matplotlib inline\nif x:\n    !ls"))
    assert editions.prompt(page, 1) == "# Type the code for “1.2 The GPU”.\n# Later cells need x."


def test_what_a_cell_is_for():
    page = cells(
        ("md", "## 1.2 Squares\n\nMore. The cell multiplies `x` with *itself*. The rest.\n\n**Predict**: what is it?"),
        ("py", "x * x"),
        ("md", "**Predict**: which of the [two](https://example.org)\nis $x$?"),
        ("py", "torch.ones(2).sum()"),
        ("md", "The cell above did it.\n\n### Roots"),
        ("py", "class Root: pass"),
    )
    assert editions.prompt(page, 1) == "# Type a cell that multiplies x with itself."
    assert (
        editions.prompt(page, 3) == "# Type the code that answers: which of the two is x?\n# Call torch.ones and .sum."
    )
    assert editions.prompt(page, 5) == "# Type the code for “Roots”.\n# Define the class Root."


def refilled(notebook):
    """The edition after class: each live cell typed as in the full notebook."""
    edition = editions.live_notebook(notebook)
    for cell, full in zip(live(edition), live(notebook), strict=True):
        cell.source = full.source
    return edition


def test_typed_again_it_prints_what_the_notebook_prints(tmp_path, monkeypatch):
    """One unit is run for itself, in a folder away from the notebooks, as ``build/live`` is."""
    monkeypatch.setenv("COURSE_STATIC", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(PATHS[0], as_version=4)
    edition = refilled(notebook)
    NotebookClient(edition, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    for old, new in zip(code_cells(notebook), code_cells(edition), strict=True):
        assert printed(new) == printed(old), old.id


# ---- slides


def test_every_section_is_a_column_and_the_minutes_add_up(notebook):
    sections, minutes = lesson_time.sections(notebook), slides.minutes(notebook)
    assert [cell for section in sections for cell in section.cells] == notebook.cells
    assert len(sections) == len(minutes) and minutes[0][0] == 0
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(minutes))
    assert all(re.search(r"^## ", section.cells[0].source, re.M) for section in sections[1:])


def test_slides_load_nothing_from_outside(notebook):
    page = slides.page(notebook)
    loaded = re.findall(r"<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)", page)
    local = {f"lib/{Path(part).name}" for part in slides.PARTS}
    assert {address for address in loaded if not address.startswith("data:")} == local
    assert not re.search(r"@import|url\(|@(title|css|slides|js)@", page)


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
        slides.fetch_parts(tmp_path / "lib")
    assert not list((tmp_path / "lib").glob("*"))


# goes to every slide, and says what is on it and how large
MEASURE = """() => [...document.querySelectorAll(".slides > section > section")].map(page => {
    const { h, v } = Reveal.getIndices(page);
    Reveal.slide(h, v, 99);
    const slide = page.querySelector(".slide"), blocks = [...slide.querySelectorAll(".block")];
    const sizes = { pre: [], text: [] }, outside = [], texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const parent = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || parent.closest("mjx-container, script, style")) continue;
        sizes[parent.closest("pre") ? "pre" : "text"].push(parseFloat(getComputedStyle(parent).fontSize));
    }
    for (const part of slide.querySelectorAll("*")) {
        const box = part.getBoundingClientRect();
        if (part.closest("svg, mjx-assistive-mml, script, style") && part.tagName !== "svg") continue;
        if (box.left < 0 || box.right > 1280 || box.top < 0 || box.bottom > 720 - 44) outside.push(part.outerHTML.slice(0, 80));
    }
    const bars = [...document.querySelectorAll(".slide-number, .controls button")].map(bar => bar.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const heading = slide.querySelector("h1, h2"), image = slide.querySelector("img")?.getBoundingClientRect();
    return {
        column: h, heading: heading.innerText.trim(), part: slide.querySelector(".part").innerText,
        heading_size: parseFloat(getComputedStyle(heading).fontSize), sizes, outside,
        covered: bars.some((a, n) => bars.some((b, m) => n < m && meet(a, b))) || bars.some(bar => bar.top < 720 - 44),
        blocks: blocks.map(b => ({ kind: b.dataset.kind, cell: b.dataset.cell, label: b.dataset.label ?? "", text: b.innerText,
            height: b.getBoundingClientRect().height,
            lines: [...b.querySelectorAll(".line")].map(line => line.textContent) })),
        images: [...slide.querySelectorAll("img")].filter(i => i.complete && i.naturalWidth).length,
        image: image ? [image.width, image.height] : null, half: slide.querySelector("img")?.style.objectPosition,
        notes: page.querySelector(".notes").textContent,
        formulas: slide.querySelectorAll("mjx-container").length, errors: slide.querySelectorAll("[data-mjx-error]").length };
})"""
# the pairs of colours in which text stands on its ground, with the contrast of each (WCAG 2.2, 1.4.3)
CONTRAST = """() => { const found = {};
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => numbers(colour).slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const ground = e => { const c = getComputedStyle(e).backgroundColor;
        return numbers(c)[3] === 0 ? ground(e.parentElement) : c };
    for (const e of document.querySelectorAll(".slide :is(h1, h2, .part, p, li, td, th, a, code, pre, .line, .line span)")) {
        const pair = [getComputedStyle(e).color, ground(e)], lights = pair.map(light);
        found[pair] = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    }
    return found }"""


@pytest.fixture(scope="module")
def browser(chromium):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def show(browser, tmp_path_factory):
    """A function that opens the slides of a notebook, as ``make slides`` builds them, at the size of a beamer."""
    folder = tmp_path_factory.mktemp("slides")
    try:
        slides.fetch_parts(slides.BUILD / "lib")
    except SystemExit as error:
        pytest.skip(f"reveal.js is not here: {error}")
    shutil.copytree(slides.BUILD / "lib", folder / "lib")

    def show(name, notebook, scheme="light"):
        (folder / f"{name}.html").write_text(slides.page(notebook), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and page.problems.append(m.text))
        page.goto((folder / f"{name}.html").as_uri())
        page.wait_for_function("() => window.Reveal?.isReady()", timeout=60_000)
        return page

    return show


@pytest.fixture(scope="module")
def decks(show):
    """A function that gives the slides of a notebook, measured once, and their contrasts on a dark and on a light page."""

    @functools.cache
    def measure(path):
        page, contrasts = show(path.stem, nbformat.read(path, as_version=4), scheme="dark"), {}
        for scheme in ("dark", "light"):
            assert page.evaluate("() => getComputedStyle(document.body).colorScheme") == scheme
            contrasts[scheme] = page.evaluate(CONTRAST)
            page.keyboard.press("d")
        found = page.evaluate(MEASURE)
        assert not page.problems
        page.close()
        return found, contrasts

    return measure


def name(slide):
    return f"{slide['heading']} | {slide['part']} | {[(b['kind'], b['cell']) for b in slide['blocks']]}"


def test_slides_can_be_read_from_the_back_row(path, decks):
    for slide in decks(path)[0]:
        assert slide["heading"] and slide["heading_size"] >= 36, name(slide)
        assert min(slide["sizes"]["pre"] or [22]) >= 22, name(slide)
        assert min(slide["sizes"]["text"]) >= 22, name(slide)
        assert not slide["outside"], name(slide)
        assert not slide["covered"], "the arrows, the number and the text keep apart"


def test_slides_hold_the_notebook_in_its_order(path, notebook, decks):
    shown = [b for slide in decks(path)[0] for b in slide["blocks"]]
    order = list(dict.fromkeys(b["cell"] for b in shown))
    assert order == [cell.id for cell in notebook.cells if cell.id in order]
    missing = [cell for cell in notebook.cells if cell.id not in order]
    assert all(
        {"setup", "check"} & tags(c) or (c.cell_type == "markdown" and re.fullmatch(r"#+ .*", c.source))
        for c in missing
    )
    for cell in notebook.cells:
        mine = [b for b in shown if b["cell"] == cell.id]
        if mine and cell.cell_type == "code":
            code = "\n".join(line for b in mine if b["kind"] in ("code", "stub") for line in b["lines"])
            assert code == cell.source, "whatever was cut is whole"
            printed = "".join(o.text for o in cell.outputs if o.output_type == "stream").rstrip()
            assert "\n".join(line for b in mine if b["kind"] == "output" for line in b["lines"]) == printed
        elif mine:
            text = re.sub(
                r"\$\$[^$]*\$\$|```python|\$[^$]*\$|\]\([^)]*\)|^#+ .*|^\[!\[.*", " ", cell.source, flags=re.M
            )
            here = " ".join(b["text"] for b in mine)
            missing = [word for word in re.findall(r"\w{4,}", text) if word not in here]
            assert not missing, f"{cell.id} lacks {missing}"


def test_a_question_and_its_answer_are_on_two_slides(path, notebook, decks):
    deck, _ = decks(path)
    sections = {cell.id: n for n, s in enumerate(lesson_time.sections(notebook)) for cell in s.cells}
    for slide in deck:
        kinds = {b["kind"] for b in slide["blocks"]}
        assert not ("predict" in kinds and kinds & {"output", "figure", "film", "again"}), name(slide)
        assert not ("predict" in kinds and any(b["label"] == "Answer" for b in slide["blocks"])), name(slide)
        assert all(sections[b["cell"]] == slide["column"] for b in slide["blocks"]), name(slide)
    notes = " ".join(slide["notes"] for slide in deck)
    assert notes.count("Minute ") == len(deck)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for question in passages.PREDICT.split(cell.source)[1:]:
                assert question.partition("\n\n")[0].replace("**", "") in notes, cell.id


def test_a_task_and_its_stub_are_on_one_slide_where_they_have_room(path, notebook, decks):
    deck, room = decks(path)[0], 540
    stubs = {cell.id for cell in code_cells(notebook, "exercise")}
    assert stubs == {b["cell"] for slide in deck for b in slide["blocks"] if b["kind"] == "stub"}
    for slide in deck:
        if "stub" in {b["kind"] for b in slide["blocks"]} and slide["blocks"][0]["kind"] != "task":
            part = slide["part"].removesuffix(" … continued")
            whole = [b for s in deck if s["part"].removesuffix(" … continued") == part for b in s["blocks"]]
            assert part.startswith("Exercise") and sum(b["height"] + 14 for b in whole) > room, name(slide)


def test_a_figure_has_a_slide_of_its_own(path, notebook, decks):
    figures = [slide for slide in decks(path)[0] if slide["image"]]
    whole = [slide for slide in figures if not slide["half"].endswith("bottom")]  # a tall one is shown in two halves
    assert len(whole) == sum(len(slides.pictures(cell)) for cell in code_cells(notebook)) > 0
    for slide in figures:
        assert [b["kind"] for b in slide["blocks"]] == ["figure"] and slide["images"] == 1, name(slide)
        assert slide["image"][0] >= 1000 or slide["image"][1] >= 500, name(slide)


def test_formulas_of_slides_are_drawn(path, notebook, decks):
    deck, _ = decks(path)
    formulas = any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert any(slide["formulas"] for slide in deck) == formulas
    assert not any(slide["errors"] for slide in deck)


def test_slides_have_contrast_on_a_light_and_on_a_dark_page(path, decks):
    for scheme, pairs in decks(path)[1].items():
        assert len(pairs) > 6 and min(pairs.values()) >= 4.5, (scheme, pairs)


def test_films_play_while_their_slide_is_shown(show):
    """Those of one unit: that the films of all units are made again, tests/test_site.py shows."""
    path = next(path for path in PATHS if path.stem == "02_autograd")
    notebook = nbformat.read(path, as_version=4)
    shown = [cell for cell in code_cells(notebook) if "films.animate(" in cell.source and slides.pictures(cell)]
    assert shown
    assert slides.with_films(notebook) == []
    page = show(path.stem, notebook)
    for cell in shown:
        here = f'.film[data-cell="{cell.id}"]'
        image = page.locator(f"{here} img")
        assert page.locator(here).count() == 1
        page.evaluate(
            """here => { const image = document.querySelector(here + " img"); window.seen = new Set();
            new MutationObserver(() => seen.add(image.src)).observe(image, {attributes: true});
            const {h, v} = Reveal.getIndices(image.closest("section")); Reveal.slide(h, v) }""",
            here,
        )
        page.wait_for_function("() => seen.size > 3")
        box = image.bounding_box()
        assert box["height"] >= 480, "a film is large enough"
        film = image.get_attribute("id").replace("_anim_img", "anim")
        page.evaluate("() => Reveal.slide(0, 0)")
        assert page.evaluate(f"() => {film}.timer") is None, "the film rests when its slide has gone"
        assert page.evaluate(f"() => {film}.frames[0].naturalWidth") >= 800, "and it is sharp"
    assert not page.problems
    page.close()


def test_a_film_that_cannot_be_made_leaves_its_pictures(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(slides, "BUILD", tmp_path)
    monkeypatch.setattr(slides, "fetch_parts", lambda folder: None)
    monkeypatch.setattr(slides.site_films, "play", lambda notebook: ["step-down"])
    assert slides.main(["02"]) == 0
    assert "film of step-down was not made" in capsys.readouterr().out
    assert "data:image/png" in (tmp_path / "02_autograd.html").read_text(encoding="utf-8")


def test_both_commands(tmp_path, monkeypatch, capsys):
    for tool, arguments, ending in ((editions, ["live"], "ipynb"), (slides, [], "html")):
        monkeypatch.setattr(tool, "BUILD", tmp_path / ending)
        (tmp_path / ending).mkdir()
        monkeypatch.setattr(slides, "fetch_parts", lambda folder: None)
        assert tool.main([*arguments, "03"]) == 0
        assert [p.name for p in (tmp_path / ending).iterdir()] == [f"03_gpu.{ending}"]
        assert tool.main(["print", "more"]) == 2 and f"python -m {tool.__name__}" in capsys.readouterr().out


# ---- how slides are cut, on pages made for it


CODE = "\n".join(f"def number_{n}():\n    return {n}\n" for n in range(9))


def page_of(*cells, outputs=()):
    """A notebook with one section of these cells, and a title."""
    first = nbformat.v4.new_markdown_cell("# 9 · A test\n\n**Time**: 10 minutes.", id="title")
    notebook = nbformat.v4.new_notebook(cells=[first, *cells])
    for number, text in outputs:
        notebook.cells[number + 1].outputs = [nbformat.v4.new_output("stream", text=text)]
    return notebook


def cut(show, *pairs, outputs=()):
    page = show("cut", page_of(*cells(("md", "## 9.1 Cutting"), *pairs), outputs=outputs))
    found = [slide for slide in page.evaluate(MEASURE) if slide["heading"] == "9.1 Cutting"]
    page.close()
    assert not any(slide["outside"] for slide in found)
    assert all(min(slide["sizes"]["pre"] or [22]) >= 22 for slide in found)
    return found


def test_long_code_is_cut_where_a_statement_begins(show):
    found = cut(show, ("py", CODE))
    assert [slide["part"] for slide in found] == ["", "… continued"]
    lines = [slide["blocks"][0]["lines"] for slide in found]
    assert [line for part in lines for line in part] == CODE.splitlines() and lines[1][0].startswith("def ")


def test_long_output_a_long_table_and_a_long_list_are_cut(show):
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | row |" for n in range(30))
    found = cut(
        show, ("py", "print()"), ("md", table), ("md", "\n".join(f"{n + 1}. item" for n in range(30))),
        outputs=[(1, "\n".join(f"line {n}" for n in range(40)))],
    )  # fmt: skip
    text = " ".join("\n".join(b["lines"]) or b["text"] for slide in found for b in slide["blocks"])
    assert all(text.count(f"line {n}") >= 1 for n in range(40))
    assert text.count("row") == text.count("item") == 30 and text.count("a\tb") > 1, "the table has its head again"


def test_a_line_that_is_too_long_goes_on_to_the_right(show):
    (slide,) = cut(show, ("py", f"x = {' + '.join(['one_name'] * 30)}"))
    assert slide["blocks"][0]["height"] > 80


def test_the_answer_comes_on_the_next_slide_with_its_code(show):
    found = cut(
        show, ("md", "**Predict**: what?"), ("py", "print(6)"), ("md", "Six.\n\nAnd more.\n\n**Predict**: why?"),
        ("py", CODE), ("md", "So."), outputs=[(2, "6"), (4, "\n".join("ab"))],
    )  # fmt: skip
    kinds = [[block["kind"] for block in slide["blocks"]] for slide in found]
    assert kinds[:3] == [["predict", "code"], ["again", "output", "text"], ["text", "predict", "code"]]
    assert kinds[3:] == [["code"], ["output", "text"]], "code that has no room is not shown again"
    assert [slide["part"] for slide in found[:3]] == ["Predict", "Answer", "Predict"]


def test_a_task_that_is_too_long_is_continued_with_its_stub(show):
    stub = nbformat.v4.new_code_cell(
        "def f():\n    raise NotImplementedError", id="stub", metadata={"tags": ["exercise"]}
    )
    task = "\n\n".join(["**Exercise 1.** Do it.", *["Many words. " * 30] * 4])
    page = show("cut", page_of(*cells(("md", "## 9.1 Cutting"), ("md", task)), stub))
    found = [slide for slide in page.evaluate(MEASURE) if slide["heading"] == "9.1 Cutting"]
    page.close()
    assert [slide["part"] for slide in found] == ["Exercise 1", "Exercise 1 … continued"]
    assert [block["kind"] for block in found[-1]["blocks"]][-1] == "stub"


def test_passages_of_a_cell():
    text = "One.\n\n- a\n\n- b\n\n```python\nx = 1\n\ny = 2\n```\n\n| t |\n|---|\n\nLast."
    assert passages.passages(text) == ["One.", "- a\n\n- b", "```python\nx = 1\n\ny = 2\n```", "| t |\n|---|", "Last."]


@pytest.mark.parametrize(
    ("parts", "length"),
    [
        (["Yes.", "More."], 2),
        (["Yes.", "New.", "**Predict**: what?"], 1),
        (["Yes.", "More.", "New:", "| a table |", "**Predict**: what?"], 2),
        (["Yes.", "**Predict**: what?"], 1),
        (["Yes.", "More.", "**Exercise 2.** Do it."], 2),
        (["## 1.2 New", "Yes."], 0),
    ],
)
def test_which_passages_are_the_answer(parts, length):
    assert passages.answer_length(parts) == length


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
    assert slides.minutes(notebook)[-1][1] == core + optional
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
    assert 0 <= core + optional - sum(int(row[1]) for row in rows) < 10, (
        "both of the unit's times are rounded up to five"
    )
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
