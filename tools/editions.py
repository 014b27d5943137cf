"""Make the teacher's editions of the notebooks, into build/: ``python -m tools.editions live 02``, ``slides 02``.

live     code-along notebooks: cells tagged ``live`` become one line that says what to type, and no outputs are stored
slides   the same notebooks as reveal.js slides with speaker notes; they need no network once they are built
"""

import ast
import copy
import hashlib
import html
import itertools
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import nbformat
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools import ROOT, lesson_time, notebook_files, tags

BUILD = ROOT / "build"
# the parts of the slides that are not ours: npm package with version and path in it, sha256
PARTS = {
    "reveal.js@4.6.1/dist/reveal.js": "73d4b64d59eded6de6a49500e7b709eb8d92c0d1d88d911319ce551c31341e9f",
    "reveal.js@4.6.1/dist/reveal.css": "fa4713396db8274bc0f1def50767464b6d98e61f4f83d17f4de6417210b25901",
    "reveal.js@4.6.1/plugin/notes/notes.js": "5c49866ac430789657b5b33363d2bf3edb2ef804f91c81ebd19ebc351fb0451a",
    "mathjax@3.2.2/es5/tex-svg.js": "d4295dc33744836935c1399feece5159577b34c5c8ffb9f1c6324cd82e03a882",
}
USUAL = set(
    ".item .tolist .append .items .show .get .endswith .catch_warnings .simplefilter .manual_seed .__init__ "
    "torch.tensor torch.manual_seed torch.equal torch.allclose torch.no_grad torch.Generator".split()
)  # calls that say little about a cell
LONG = 20  # more lines of code and output than this go on two slides


def live_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return the code-along edition: prompts in place of the live cells, and no outputs."""
    edition = copy.deepcopy(notebook)
    for number, cell in enumerate(edition.cells):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if "live" in tags(cell):
                cell.source = prompt(notebook.cells, number)
    return edition


def prompt(cells: list[NotebookNode], number: int) -> str:
    """Return one line that tells the teacher what to type into a cell: its title, its calls, the names to keep."""
    tree = parse(cells[number])
    needed = names_needed(cells[number + 1 :])
    line = f"# Type: {title(cells, number)}"
    for start, found in (("keep", [name for name in names_made(tree) if name in needed]), ("with", calls(tree)[:4])):
        if found and len(line) + len(", ".join(found)) < 112:
            line += f"; {start} {', '.join(found)}"
    return line


def parse(cell: NotebookNode) -> ast.Module:
    """Return the syntax tree of a code cell, without the lines that are for IPython."""
    return ast.parse(re.sub(r"^( *)[!%].*", r"\1pass", cell.source, flags=re.M))


def title(cells: list[NotebookNode], number: int) -> str:
    """Return the title of a code cell: its own first comment, else the heading before it, with its id if not just before."""
    if comment := re.match(r"#+ *(.+)", cells[number].source):
        return comment[1]
    headings = [re.search(r"^#{2,3} (?:\d+\.\d+ )?(.+)$", cell.source, re.M) for cell in cells[:number]]
    heading = next(match[1] for match in reversed(headings) if match)
    return heading if headings[-1] else f"{heading} - {cells[number].id.replace('-', ' ')}"


def calls(tree: ast.Module) -> list[str]:
    """Return what the code calls, in order, without what every cell calls."""
    found = {}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in sorted(nodes, key=lambda node: (node.func.end_lineno, node.func.end_col_offset)):
        text = ast.unparse(node.func)
        if re.fullmatch(r"(torch|nn|np|data|graph|training|optimizers)(\.\w+)+|[A-Z]\w+", text):
            found[text] = None
        elif isinstance(node.func, ast.Attribute):
            found["." + node.func.attr] = None
    return [text for text in found if text not in USUAL]


def names_made(tree: ast.Module) -> list[str]:
    """Return the names that the code assigns, imports or defines, outside of functions and classes."""
    found, open_nodes = {}, list(tree.body)
    while open_nodes:
        node = open_nodes.pop(0)
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                found[node.name] = None
            case ast.Import() | ast.ImportFrom():
                found |= {alias.asname or alias.name: None for alias in node.names}
            case ast.Assign():
                names = [n for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
                found |= {n.id: None for n in names if isinstance(n.ctx, ast.Store)}
            case ast.stmt():
                open_nodes += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return list(found)


def names_needed(cells: list[NotebookNode]) -> set[str]:
    """Return the names that these cells read before one of them makes them."""
    needed, made = set(), set()
    for cell in cells:
        if cell.cell_type != "code":
            continue
        nodes = list(ast.walk(parse(cell)))
        targets = [node.target for node in nodes if isinstance(node, ast.comprehension)]
        local = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        local |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        local |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler)}
        names = [node for node in nodes if isinstance(node, ast.Name) and node.id not in local | made]
        names.sort(key=lambda node: -node.lineno)
        stored = {node.id: node.lineno for node in names if isinstance(node.ctx, ast.Store)}  # the first line wins
        needed |= {n.id for n in names if isinstance(n.ctx, ast.Load) and n.lineno <= stored.get(n.id, n.lineno)}
        made |= set(stored)
    return needed


def minutes(notebook: NotebookNode) -> list[tuple[int, int]]:
    """Return from which to which minute each section lasts, within the stated time of the unit."""
    stated = re.search(r"\*\*Time\*\*: (\d+) minutes(?:, and (\d+) )?", notebook.cells[0].source)
    total = sum(int(part or 0) for part in stated.groups())
    counted = [s.minutes + lesson_time.EXERCISE * s.exercises for s in lesson_time.sections(notebook)]
    done = itertools.accumulate(counted, initial=0.0)
    return list(itertools.pairwise(round(total * minute / sum(counted)) for minute in done))


def slides(notebook: NotebookNode) -> str:
    """Return the notebook as one HTML page of slides: a column for each section, in it a slide for each cell."""
    columns = []
    for section, (start, end) in zip(lesson_time.sections(notebook), minutes(notebook), strict=True):
        timing = f"Minute {start} to {end} ({end - start} minutes)."
        pages = [page for cell in section.cells for page in cell_slides(cell)]
        column = "".join(
            f'<section><div class="slide" data-cell="{cell}">{body}</div>'
            f'<aside class="notes"><p>{timing}</p>{notes}</aside></section>\n'
            for cell, body, notes in pages
        )
        columns.append(f"<section>\n{column}</section>\n")
    page = (ROOT / "tools" / "slides.html").read_text(encoding="utf-8")
    page = page.replace("@TITLE@", html.escape(notebook.cells[0].source.partition("\n")[0].removeprefix("# ")))
    page = page.replace("@PYGMENTS@", HtmlFormatter(style="friendly").get_style_defs(".code"))
    return page.replace("@SLIDES@", "".join(columns))


def cell_slides(cell: NotebookNode) -> list[tuple[str, str, str]]:
    """Return the slides of a cell: its id, the HTML, and the speaker notes."""
    if cell.cell_type == "markdown":
        source = re.sub(r"^\[!\[Open in Colab\].*\n", "", cell.source, flags=re.M)
        ask = re.search(r"\*\*Predict\*\*[:,]? *(.*?)(?=\n\n|\Z)", source, re.S)
        notes = f"<p>Ask the class: {html.escape(ask[1].replace('**', ''))}</p>" if ask else ""
        if "**Exercise" in source:
            notes += "<p>The class works in the notebook. Walk around; give the hints one at a time.</p>"
        return [(cell.id, markdown2html(source), notes)]
    if {"setup", "check"} & tags(cell) and "live" not in tags(cell) and not pictures(cell):
        return []
    notes, shown = "<p>Type this one.</p>" if "live" in tags(cell) else "", pictures(cell)
    code = highlight(cell.source, PythonLexer(), HtmlFormatter(cssclass="code"))
    text = "".join(o.text for o in cell.outputs if o.output_type == "stream").rstrip()
    output = f'<div class="output"><pre>{html.escape(text)}</pre></div>' if text else ""
    images = "".join(f'<img alt="figure of the cell {cell.id}" src="{src}">' for src in shown)
    if shown:
        output += f'<div class="output pictures{" many" * (len(shown) > 1)}">{images}</div>'
    if not output:
        return [(cell.id, code, notes)]
    if shown or len(f"{cell.source}\n{text}".splitlines()) > LONG:
        return [(cell.id, code, notes), (f"{cell.id}-output", output, "")]
    # the output comes with the next key, after the class has said what it expects
    return [(cell.id, f'{code}<div class="fragment">{output}</div>', notes)]


def pictures(cell: NotebookNode) -> list[str]:
    """Return the stored figures of a code cell as data addresses."""
    found = (o.get("data", {}).get("image/png", "").replace("\n", "") for o in cell.outputs)
    return [f"data:image/png;base64,{data}" for data in found if data]


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
    """Build one of the editions; return the exit status."""
    if len(arguments) not in (1, 2) or arguments[0] not in ("live", "slides"):
        print(__doc__)
        return 2
    edition, *units = arguments
    folder = BUILD / edition
    folder.mkdir(parents=True, exist_ok=True)
    if edition == "slides":
        fetch_parts(folder / "lib")
    for path in notebook_files.notebooks(*units):
        notebook = nbformat.read(path, as_version=4)
        if edition == "live":
            target, text = folder / path.name, nbformat.writes(live_notebook(notebook)) + "\n"
        else:
            target, text = folder / f"{path.stem}.html", slides(notebook)
        target.write_text(text, encoding="utf-8")
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
