"""Make the slides of the units, with notes for the teacher, into build/slides: ``python -m tools.slides 02``.

A section is a row of blocks: text, code, output, a figure. ``slides.js`` measures each block in the browser, and fills slide
after slide. A block never shrinks: where it has no room, it goes to the next slide, or is continued there. Once they are built,
the slides need no network.
"""

import hashlib
import html
import itertools
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import nbformat
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course_utils.pictures import films
from tools import ROOT, lesson_time, notebook_files, site_films, tags
from tools.passages import HEADING, PREDICT, TASK, answers, passages

FOLDER = ROOT / "tools"
BUILD = ROOT / "build" / "slides"
# the parts of the slides that are not ours: npm package with version and path in it, sha256
PARTS = {
    "reveal.js@4.6.1/dist/reveal.js": "73d4b64d59eded6de6a49500e7b709eb8d92c0d1d88d911319ce551c31341e9f",
    "reveal.js@4.6.1/dist/reveal.css": "fa4713396db8274bc0f1def50767464b6d98e61f4f83d17f4de6417210b25901",
    "reveal.js@4.6.1/plugin/notes/notes.js": "5c49866ac430789657b5b33363d2bf3edb2ef804f91c81ebd19ebc351fb0451a",
    "mathjax@3.2.2/es5/tex-svg.js": "d4295dc33744836935c1399feece5159577b34c5c8ffb9f1c6324cd82e03a882",
}
LARGE = (76, 13)  # code and output with at most so many characters in a line and so many lines are written larger


@dataclass(frozen=True)
class Block:
    """A piece of a section that slides show.

    ``kind`` is one of text, predict, task, code, again, stub, output, figure and film; an "again" is code that is shown a second
    time, above its output, where both have room. ``label`` says at the side of the heading what the slide is for. With ``fresh``
    the block begins a slide; with ``keep`` it stands on one slide with the next block where both have room. ``note`` is for the
    teacher.
    """

    kind: str
    cell: str
    body: str
    label: str = ""
    fresh: bool = False
    keep: bool = False
    note: str = ""

    def html(self) -> str:
        """Return the block as HTML."""
        marks = "".join(f" data-{name}" for name in ("fresh", "keep") if getattr(self, name))
        words = {"kind": self.kind, "cell": self.cell, "label": self.label, "note": self.note}
        data = "".join(f' data-{name}="{html.escape(word)}"' for name, word in words.items() if word)
        return f'<div class="block {self.kind}"{data}{marks}>{self.body}</div>\n'


def page(notebook: NotebookNode) -> str:
    """Return the slides of a notebook, with its stored outputs, as one HTML page: a column for each section."""
    answered, columns = answers(notebook.cells), []
    for section, (start, end) in zip(lesson_time.sections(notebook), minutes(notebook), strict=True):
        heading = next(p for cell in section.cells for p in passages(cell.source) if HEADING.match(p))
        timing = f"Minute {start} to {end} ({end - start} minutes)."
        shown = "".join(block.html() for block in blocks(section.cells, answered))
        columns.append(f'<section data-timing="{timing}">{markdown2html(heading)}\n{shown}</section>\n')
    text = (FOLDER / "slides.html").read_text(encoding="utf-8")
    parts = {name: (FOLDER / f"slides.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    parts["title"] = html.escape(notebook.cells[0].source.partition("\n")[0].removeprefix("# "))
    parts["slides"] = "".join(columns)
    return re.sub(r"@(title|css|slides|js)@", lambda match: parts[match[1]], text)


def minutes(notebook: NotebookNode) -> list[tuple[int, int]]:
    """Return from which to which minute each section lasts, within the stated time of the unit."""
    stated = re.search(r"\*\*Time\*\*: (\d+) minutes(?:, and (\d+) )?", notebook.cells[0].source)
    total = sum(int(part or 0) for part in stated.groups())
    counted = [s.minutes + lesson_time.EXERCISE * s.exercises for s in lesson_time.sections(notebook)]
    done = itertools.accumulate(counted, initial=0.0)
    return list(itertools.pairwise(round(total * minute / sum(counted)) for minute in done))


def blocks(cells: list[NotebookNode], answered: dict[str, int]) -> list[Block]:
    """Return the blocks of a section; ``answered`` is what :func:`tools.passages.answers` returns.

    Where something stands between a task and its stub, the task is shown again above the stub.
    """
    found: list[Block] = []
    task: list[Block] = []
    asked = False  # the code that comes answers a question
    for cell in cells:
        if cell.cell_type == "markdown":
            new = text_blocks(cell, answered.get(cell.id, 0))
            task = [block for block in new if block.kind == "task"] or task
            asked = bool(PREDICT.search(cell.source))
        else:
            new = code_blocks(cell, asked)
        if found and new and new[0].kind == "stub":
            far = found[-1].kind not in ("task", "predict")
            new = [*(task if far else []), *(replace(block, label=task[-1].label if task else "") for block in new)]
            task = []
        elif found and new:
            last, label = found[-1], new[0].label
            over = last.kind in ("stub", "figure", "film") or (last.label != label and "Answer" in (last.label, label))
            new[0] = replace(new[0], fresh=new[0].fresh or over)
        found += new
    return found


def text_blocks(cell: NotebookNode, answer: int) -> list[Block]:
    """Return the blocks of a Markdown cell, without its heading; its first ``answer`` passages answer a question."""
    found: list[Block] = []
    label, kind = "", "text"
    for number, part in enumerate(passages(re.sub(r"^\[!\[Open in Colab\].*\n", "", cell.source, flags=re.M))):
        if re.match(r"##? ", part):
            continue
        note, fresh, keep = "", number == answer > 0, part.endswith(":") or bool(HEADING.match(part))
        if task := TASK.match(part):
            kind, label, fresh = "task", task[1], True
            note = "The class works in the notebook. Walk around; give the hints one at a time."
        elif PREDICT.search(part):
            note = f"Ask the class: {PREDICT.split(part, maxsplit=1)[1].replace('**', '')}"
            found.append(Block("predict", cell.id, markdown2html(part), "Predict", fresh, True, note))
            continue
        named = label or ("Answer" if number < answer else "")
        keep = keep or kind == "task" or number < answer - 1  # the words of an answer stay together
        found.append(Block(kind, cell.id, markdown2html(part), named, fresh, keep, note))
    return found


def code_blocks(cell: NotebookNode, asked: bool) -> list[Block]:
    """Return the blocks of a code cell; where a question was ``asked``, the output comes on a slide after the code."""
    shown = pictures(cell)
    if {"setup", "check"} & tags(cell) and "live" not in tags(cell) and not shown:
        return []
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream").rstrip()
    lines = [*cell.source.splitlines(), *printed.splitlines()]
    size = " large" if max(map(len, lines)) <= LARGE[0] and len(lines) <= LARGE[1] else ""
    code = f'<pre class="code{size}">{code_lines(cell.source)}</pre>'
    if "exercise" in tags(cell):
        return [Block("stub", cell.id, code)]
    note = "Type this one." if "live" in tags(cell) else ""
    label = "Answer" if asked else ""
    found = [Block("code", cell.id, code, "Predict" if asked else "", keep=bool(printed) and not asked, note=note)]
    if printed:
        output = f'<pre class="printed{size}">{text_lines(printed)}</pre>'
        found += [Block("again", cell.id, code, label, fresh=True, keep=True)] if asked else []
        found.append(Block("output", cell.id, output, label))
    players = [o.data["text/html"] for o in cell.outputs if "text/html" in o.get("data", {})]
    found += [Block("film", cell.id, player, label) for player in players]
    alt = html.escape(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", f"figure of the cell {cell.id}"))
    return found + [Block("figure", cell.id, f'<img alt="{alt}" src="{address}">', label) for address in shown]


def pictures(cell: NotebookNode) -> list[str]:
    """Return the stored figures of a code cell as data addresses."""
    found = (o.get("data", {}).get("image/png", "").replace("\n", "") for o in cell.outputs)
    return [f"data:image/png;base64,{data}" for data in found if data]


def code_lines(source: str) -> str:
    """Return code in colours, each line on its own; where a statement begins, the code may be cut."""
    lines = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).splitlines()
    plain = source.splitlines()
    starts = [
        bool(re.match(r"[^\s)\]}#]", line)) and not re.match("(else|elif|except|finally)\\b", line) for line in plain
    ]
    starts = [start and not (n and plain[n - 1].startswith("@")) for n, start in enumerate(starts)]
    indents = [len(line) - len(line.lstrip()) for line in plain]
    return "".join(map(_line, lines, indents, starts))


def text_lines(text: str) -> str:
    """Return output as HTML, each line on its own."""
    return "".join(_line(html.escape(line), 0, False) for line in text.splitlines())


def _line(content: str, indent: int, start: bool) -> str:
    """Return one line of code or output; a long one is broken, and goes on further to the right."""
    return f'<span class="line" style="--in: {indent}ch"{" data-start" * start}>{content}</span>'


# ---- building


def fetch_parts(folder: Path) -> None:
    """Put reveal.js and MathJax into a folder, from npm, unless they are there."""

    def right(part: str, content: bytes) -> bool:
        return hashlib.sha256(content).hexdigest() == PARTS[part]

    files = {part: folder / Path(part).name for part in PARTS}
    if all(file.exists() and right(part, file.read_bytes()) for part, file in files.items()):
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not (npm := shutil.which("npm")):
        sys.exit("The slides need npm, which fetches reveal.js and MathJax. Install Node.js, then try again.")
    packages = sorted({part.partition("/")[0] for part in PARTS})
    with tempfile.TemporaryDirectory() as scratch:
        if subprocess.run([npm, "pack", "--silent", *packages], cwd=scratch, stdout=subprocess.DEVNULL).returncode:
            sys.exit("npm could not fetch reveal.js and MathJax. Check the network, then try again.")
        for part, file in files.items():
            package, _, path = part.partition("/")
            with tarfile.open(Path(scratch) / f"{package.replace('@', '-')}.tgz") as archive:
                content = archive.extractfile(f"package/{path}").read()
            if not right(part, content):
                sys.exit(f"{part} is not the file that the course was tested with.")
            file.write_bytes(content)


def main(arguments: list[str]) -> int:
    """Build the slides of a unit, or of all; return the exit status."""
    if len(arguments) > 1 or not all(re.match(r"\d", unit) for unit in arguments):
        print(__doc__)
        return 2
    fetch_parts(BUILD / "lib")
    for path in notebook_files.notebooks(*arguments):
        notebook = nbformat.read(path, as_version=4)
        for cell in with_films(notebook):
            print(f"The film of {cell} was not made again, so its slide shows six pictures of it.")
        target = BUILD / f"{path.stem}.html"
        target.write_text(page(notebook), encoding="utf-8")
        print(target)
    return 0


def with_films(notebook: NotebookNode) -> list[str]:
    """Put players in the place of the pictures of films, with enough pixels for a slide; return the cells that have none."""
    with plt.rc_context({"savefig.dpi": 150}), mock.patch.object(films, "MAX_BYTES", 8_000_000):
        return site_films.play(notebook)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
