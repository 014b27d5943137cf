"""Build the website into build/site: ``python -m tools.site``; with ``--open`` the browser shows it, until Ctrl+C.

The pages are the notebooks with the outputs that they store, and the Markdown files of the course. Nothing comes from the
network. ``site/`` holds the settings, the start page, and what gives the pages their looks.
"""

import contextlib
import functools
import http.server
import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils import explorables
from course_utils.exercises.engine.core import Exercise
from tools import PATHS, ROOT, links, publish, site_films, tags

BUILD = ROOT / "build"
PAGES = ("GLOSSARY.md", "TEACHING.md")  # beside the notebooks
BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)]*\)\]\(([^)]*)\)")  # a picture from the network, with a link
# which explorers the page draws by itself, and as which explorable
EXPLORABLES = {
    "broadcast": "broadcast",
    "memory_order": "memory",
    "backward_steps": "backward",
    "tangent": "tangent",
    "losses": "loss",
    "playground": "playground",
}
SHOW = "Show what happens"
RUN_IT = (  # in the place of the badge; the link that it had is Colab's
    r"On this page, you read. To run the cells and to check your exercises, open it [in Colab](\2) or"
    " [on your own computer](../run.md)."
)
UNFOLD = """\
<p class="unfold" hidden><button type="button" data-show="Open all answers"
data-hide="Close all answers">Open all answers</button></p>"""


def course() -> dict[str, str]:
    """Return the repository and the branch that all links lead to: on GitHub, the students' edition of who publishes."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    return {"repository": repository, "ref": publish.BRANCH} if repository else links.COURSE


def mathjax() -> Path:
    """Return the file that draws the formulas; a package of the extra ``site`` carries it."""
    package = importlib.metadata.distribution("sphinx-mathjax-offline")
    return Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax/tex-svg.js")))


def help_for(exercise: Exercise) -> str:
    """Return the hints and the solution of an exercise as Markdown, each folded inside the one before it."""
    count = len(exercise.hints)
    steps = [(f"Hint {number} of {count}", hint) for number, hint in enumerate(exercise.hints, start=1)]
    steps.append(("Solution", f"{exercise.solution().markdown}\n\n{exercise.idea}"))
    text = ""
    for summary, body in reversed(steps):
        text = f'<details class="help">\n<summary>{summary}</summary>\n\n{body}\n\n{text}</details>\n\n'
    return text


def unit_page(path: Path) -> NotebookNode:
    """Return a notebook as the site shows it: answers folded, explorables marked, hints and solutions below the exercises."""
    module = importlib.import_module(f"course_utils.exercises.u{path.stem}")
    exercises = {exercise.name: exercise for exercise in module.EXERCISES}
    _, notebook = links.update_notebook(path, course())
    notebook.metadata.language_info.pygments_lexer = "ipython3"  # a line may begin with !
    site_films.play(notebook)
    top = BADGE.sub(RUN_IT, here(notebook.cells[0].source, path.parent)).rstrip()
    cells, asked = [], False
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "markdown":
            cell.source = here(without_badges(cell.source), path.parent)
            asked = asked or "**Predict**" in cell.source
            continue
        found, more = tags(cell), set()
        if "setup" in found:
            more = {"hide-input"}
            cell.metadata["mystnb"] = {"code_prompt_show": "Show the cell that prepares this notebook"}
        elif asked and cell.outputs:
            more = {"hide-output", "predict"}
            cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), "code_prompt_show": SHOW}
        called = re.search(r"^explorers\.(\w+)\(\)", cell.source, re.M)
        if called and called[1] in EXPLORABLES and cell.outputs:  # one tries it before one opens the answer
            more = more - {"hide-output"} | {f"explorable-{EXPLORABLES[called[1]]}"}  # site/conf.py puts it there
        cell.metadata["tags"] = sorted(found | more)
        asked = False
        checked = re.findall(r"\bex\.(\w+)\.check\(", cell.source) if "check" in found else []
        if checked or "ex.summary()" in cell.source:  # what they said when nobody had answered
            cell.outputs = [output for output in cell.outputs if "text/markdown" not in output.get("data", {})]
        for name in checked:
            cells.append(nbformat.v4.new_markdown_cell(help_for(exercises[name]), id=f"help-{len(cells)}"))
    cells[0].source = f"{top}\n\n{UNFOLD}"
    notebook.cells = cells
    return notebook


def here(text: str, folder: Path) -> str:
    """Return Markdown whose links lead to the pages of the site, or, for the other files of the course, to the repository."""

    def lead(match: re.Match) -> str:
        target, mark, anchor = match[1].partition("#")
        file = (folder / target).resolve()
        if file in PATHS or file.name in PAGES:
            return match[0]
        address = "https://github.com/{repository}/blob/{ref}/".format(**course())
        return f"]({address}{file.relative_to(ROOT).as_posix()}{mark}{anchor})"

    return re.sub(r"\]\((?!https?:|#|mailto:)([\w./#-]+\.\w+[\w#-]*|LICENSE)\)", lead, text)


def without_badges(text: str) -> str:
    """Return Markdown with words in the place of pictures from the network."""
    return BADGE.sub(r"[\1](\2)", text)


def section(text: str, heading: str) -> str:
    """Return what stands below a heading of the README."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    if not found:
        sys.exit(f"The website takes the section '{heading}' from README.md, and there is none.")
    return here(without_badges(rest.partition("\n## ")[0]), ROOT).strip()


def unit_lists(table: str) -> tuple[str, str]:
    """Return the README's table of the units as two lists, which a phone can show: to read, and to open in Colab."""
    read, run = [], []
    for number, title, page, learn, time in re.findall(
        r"^\| (\d) · \[(.+?)\]\((.+?)\) \| (.+?) \| (.+?) \|", table, re.M
    ):
        read.append(f"{number}. [{title}]({page}), {time}.\\\n   {learn[0].upper()}{learn[1:]}.")
        run.append(f"{number}. [{title}]({links.COLAB.format(stem=Path(page).stem, **course())})")
    return "\n".join(read), "\n".join(run)


def pages() -> Iterator[tuple[str, str]]:
    """Give the name and the text of each page."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in PATHS}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    owner, name = course()["repository"].split("/")
    to_read, to_run = unit_lists(links.units_table(notebooks, course()))
    start = {
        "colab": links.COLAB.format(stem=PATHS[0].stem, **course()),
        "units": to_read,
        "picture": re.search(r"!\[[^\]]*\]\(README\.png\)", readme)[0],
        "pages": "\n".join(f"notebooks/{stem}" for stem in notebooks),
    }
    run = {
        "repository": course()["repository"],
        "start": section(readme, "Start"),
        "units": to_run,
        "elsewhere": links.ELSEWHERE.format(owner=owner, name=name, **course()),
        "settings": section(readme, "Data, and settings"),
    }
    for name, parts in (("index.md", start), ("run.md", run)):
        yield name, (ROOT / "site" / name).read_text(encoding="utf-8").format(**parts)
    for path in PATHS:
        yield f"notebooks/{path.name}", nbformat.writes(unit_page(path))
    for name in PAGES:
        text = here((ROOT / "notebooks" / name).read_text(encoding="utf-8"), ROOT / "notebooks")
        if name == "GLOSSARY.md":  # from the number of a unit to its page
            text = re.sub(r"\| (\d) \|$", lambda m: f"| [{m[1]}]({PATHS[int(m[1]) - 1].name}) |", text, flags=re.M)
        yield f"notebooks/{name}", text


def build(folder: Path) -> None:
    """Build the website.

    Args:
        folder: where the site goes; what is there is replaced. The pages that it is made of go beside it, into ``*-pages``.

    Raises:
        SystemExit: a package is missing, or Sphinx has warned.
    """
    if not all(importlib.util.find_spec(name) for name in ("sphinx", "myst_nb", "sphinx_book_theme")):
        sys.exit("The website needs the packages of the extra 'site'. Run `make setup`, then try again.")
    source = folder.with_name(f"{folder.name}-pages")
    texts = dict(pages())
    for old in (folder, source):
        shutil.rmtree(old, ignore_errors=True)
    for name, text in texts.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "README.png", source)
    repository, ref = course()["repository"], links.COLAB.format(stem="", **course())
    settings = {
        "html_context.repository": repository,
        "html_theme_options.repository_url": f"https://github.com/{repository}",
        # the theme's buttons open what the badges open
        "html_theme_options.repository_branch": re.search(r"/blob/(.+)/notebooks/", ref)[1],
    }
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-j", "2"]
    command += ["-c", ROOT / "site", "-d", source / ".doctrees", source, folder]
    for name, value in settings.items():
        command += ["-D", f"{name}={value}"]
    # Sphinx gives up where the locale is not installed, as it happens over ssh
    if subprocess.run(command, cwd=ROOT, env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "1"}).returncode:
        sys.exit("The website was not built: see the lines above.")
    shutil.copy(mathjax(), folder / "_static")
    explorables.write_pages(folder / "_static" / "explorables")


def serve(folder: Path) -> None:
    """Show a site in the browser, until Ctrl+C. A browser loads no JavaScript module from a file, so a server gives it."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/index.html"
        print(f"{address} (Ctrl+C ends it)", flush=True)
        webbrowser.open(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def main(arguments: list[str]) -> int:
    """Build the site; return the exit status."""
    if arguments not in ([], ["--open"]):
        print(__doc__)
        return 2
    build(BUILD / "site")
    print(BUILD / "site" / "index.html")
    if arguments:
        serve(BUILD / "site")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
