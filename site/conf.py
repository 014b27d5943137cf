"""Settings of the website. ``tools.site`` writes the pages that it is made of, and names the repository."""

import html
import itertools
import re

from docutils import nodes
from myst_nb.sphinx_ext import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

project = "PyTorch fundamentals"
author = "the authors of PyTorch fundamentals"
copyright = "2026, the authors of PyTorch fundamentals. Text and figures: CC BY 4.0. Code: MIT"
language = "en"

extensions = ["myst_nb", "sphinx_copybutton"]
nb_execution_mode = "off"  # the outputs are those that the notebooks store
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 2
copybutton_selector = "div.cell_input pre, div.highlight-bash pre, div.highlight-python pre"

# one file beside the pages; its menu would look for parts of MathJax that are not there
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_theme = "sphinx_book_theme"
html_title = project
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["course.css"]
# tools.site puts the explorables there, when the pages are written
html_js_files = ["course.js", ("explorables/page.js", {"type": "module"})]
html_show_sphinx = html_show_sourcelink = html_copy_source = html_use_index = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_repository_button": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "launch_buttons": {
        "notebook_interface": "jupyterlab",
        "binderhub_url": "https://mybinder.org",
        "colab_url": "https://colab.research.google.com",
    },
    "navbar_persistent": [],  # otherwise there are two places to search
    "show_toc_level": 2,
    "article_footer_items": ["report.html"],
}
GAP = re.compile(r" {2,}(?=\S)")  # between two columns of a printed table


def place_explorables(app: Sphinx, document: nodes.document) -> None:
    """Put the stored pictures of an explorer where its explorable replaces them, as soon as its module is loaded."""
    for cell in document.findall(nodes.container):
        for name in cell["classes"]:
            if name.startswith("tag_explorable-"):
                name = html.escape(name.removeprefix("tag_explorable-"))
                cell[-1].insert(0, nodes.raw("", f'<div data-explorable="{name}">', format="html"))
                cell[-1].append(nodes.raw("", "</div>", format="html"))


def fold_answers(app: Sphinx, document: nodes.document) -> None:
    """Put the paragraph after a folded output, which answers the question before it, behind the same fold.

    An explorable is open, so its answer gets a fold of its own.
    """
    for cell in list(document.findall(nodes.container)):
        if "tag_predict" not in cell["classes"] or cell[-1].get("nb_element") != "cell_code_output":
            continue
        place = cell.parent.index(cell) + 1
        answer = cell.parent[place] if place < len(cell.parent) else None
        # a paragraph that begins in bold is the next question, or an exercise
        if isinstance(answer, nodes.paragraph) and not isinstance(answer[0], nodes.strong):
            cell.parent.remove(answer)
            answer["classes"].append("answer")
            if "tag_hide-output" in cell["classes"]:
                cell[-1].append(answer)
            else:
                cell.append(HideCodeCellNode("", answer, prompt_show="Show the answer"))


def tables(text: str) -> list[tuple[bool, str]]:
    """Cut a printed text into its tables and what stands between them; True for a table.

    Each line of a table has a wide gap, and two lines at least have more than one.
    """
    found: list[tuple[bool, str]] = []
    for gap, group in itertools.groupby(text.splitlines(), lambda line: bool(GAP.search(line))):
        lines = list(group)
        table = gap and sum(len(GAP.findall(line)) > 1 for line in lines) > 1
        if found and not table and (not found[-1][0] or not any(lines)):  # what is empty ends what is above it
            table, above = found.pop()
            lines.insert(0, above)
        found.append((table, "\n".join(lines)))
    return found


def keep_tables(app: Sphinx, document: nodes.document) -> None:
    """Mark the printed tables. They scroll; of any other output, a line that is too long goes on below."""
    for output in list(document.findall(nodes.literal_block)):
        if "output" in output["classes"]:
            parts = []
            for table, text in tables(output.astext()):
                parts.append(nodes.literal_block(text, text, **output.attributes))
                parts[-1]["classes"] = [*output["classes"], "part", *(["in-columns"] if table else [])]
            output.replace_self(parts)


def open_fold(writer: HTML5Translator, fold: HideCodeCellNode) -> None:
    """Begin a fold with words that one reads and hears alike."""
    writer.body.append(f'<details class="fold">\n<summary>{html.escape(fold["prompt_show"])}</summary>\n')


def close_fold(writer: HTML5Translator, fold: HideCodeCellNode) -> None:
    """End a fold."""
    writer.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Place the explorables, fold the answers and mark the tables as soon as a page is read."""
    app.connect("doctree-read", place_explorables)  # first, because an answer stands below the explorable
    app.connect("doctree-read", fold_answers)
    app.connect("doctree-read", keep_tables)
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))
