"""How a notebook tells its story: every question is answered, words are explained, pictures are described, times are honest."""

import itertools
import re

import nbformat

from tools import PATHS, ROOT, code_cells, lesson_time, tags

GLOSSARY = ROOT / "notebooks" / "GLOSSARY.md"
# words in bold that are no terms
NO_TERMS = re.compile(r"Predict|Time|You will be able to|In one sentence|Exercise \d+.*|Run|Runtime.*|optional", re.I)


def markdown(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def numbered(notebook):
    return [section for section in lesson_time.sections(notebook) if section.number]


def test_every_question_is_answered_in_the_next_text(notebook):
    """People check that it is the answer; this checks that there is a place for it."""
    for cell, after in itertools.pairwise(markdown(notebook)):
        if "**Predict**" in cell.source:
            assert cell.source.count("**Predict**") == 1, f"{cell.id} asks twice"
            assert not re.match(r"#|\*\*(Exercise|Predict)|\|", after.source), f"{after.id} does not answer {cell.id}"
    assert "**Predict**" not in markdown(notebook)[-1].source


def test_a_question_stands_before_a_cell_that_shows_its_answer(notebook):
    for cell, after in itertools.pairwise(notebook.cells):
        if "**Predict**" in cell.source and cell.cell_type == "markdown":
            assert after.cell_type == "code" and not {"exercise", "check"} & tags(after), cell.id


def test_each_section_is_for_everyone_or_says_that_it_is_not(notebook):
    for section in numbered(notebook):
        first = section.cells[0]
        assert len({"core", "optional"} & tags(first)) == 1, section.number
        assert section.title.endswith("*(optional)*") == section.optional, section.number
    marked = [cell.id for cell in notebook.cells if {"core", "optional"} & tags(cell)]
    assert marked == [section.cells[0].id for section in numbered(notebook)]


def test_the_stated_time_is_that_of_the_cells(notebook):
    core, more = lesson_time.unit_minutes(notebook)
    stated = f"**Time**: {core} minutes" + (f", and {more} for the optional sections." if more else ".")
    assert stated in notebook.cells[0].source


def test_two_errors_or_more_are_shown_as_python_shows_them(notebook):
    shown = [c.id for c in code_cells(notebook) if "Traceback (most recent" in str(c.outputs)]
    assert len(shown) >= 2, shown


def test_each_section_points_to_the_page_that_goes_on(notebook):
    for section in numbered(notebook):
        text = " ".join(cell.source for cell in section.cells if cell.cell_type == "markdown")
        assert len(re.findall(r"\]\(https://docs\.pytorch\.org/[\w./#-]+\)", text)) >= 1, section.number


def test_every_figure_has_a_description_for_who_does_not_see_it(notebook):
    for cell in code_cells(notebook):
        drawn = any("image/png" in output.get("data", {}) for output in cell.outputs)
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        assert bool(alt) == drawn, cell.id
        assert not drawn or (40 <= len(alt) <= 400 and alt.strip() == alt and "\n" not in alt), cell.id


def glossary():
    """Return the unit of each term of the glossary."""
    rows = re.findall(r"^\| \*?\*?([^|*]+?)\*?\*? \| ([^|]+) \| (\d) \|$", GLOSSARY.read_text(encoding="utf-8"), re.M)
    return {term: (sentence, int(unit)) for term, sentence, unit in rows}


def test_every_word_that_is_explained_stands_in_the_glossary(notebook, path):
    """A word in bold is a term, explained where it stands."""
    for cell in markdown(notebook):
        for term in re.findall(r"\*\*([^*]+?)\*\*", re.sub(r"`[^`]*`", " ", cell.source)):
            if not NO_TERMS.fullmatch(term.strip(":. ")):
                assert term.lower() in {known.lower() for known in glossary()}, f"{cell.id}: {term}"


def test_the_glossary_is_in_order_and_each_word_occurs_in_its_unit():
    words = glossary()
    assert list(words) == sorted(words, key=str.lower) and len(words) >= 15 * len(PATHS)
    texts = {int(p.stem[:2]): nbformat.read(p, as_version=4) for p in PATHS}
    for term, (sentence, unit) in words.items():
        text = " ".join(cell.source for cell in markdown(texts[unit])).lower()
        assert term.lower() in text, f"{term} does not occur in unit {unit}"
        assert sentence[0].isupper() and sentence.endswith("."), term
