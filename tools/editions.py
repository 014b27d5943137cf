"""Make the code-along notebooks of the teacher, into build/live: ``python -m tools.editions live 02``.

Cells tagged ``live`` become a few lines that say what to type, the answers to the questions are folded until the class wants
them, and no outputs are stored. The slides are made by ``tools/slides.py``.
"""

import ast
import copy
import re
import sys
import textwrap
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from tools import ROOT, notebook_files, tags
from tools.passages import HEADING, PREDICT, answers, passages

BUILD = ROOT / "build" / "live"
USUAL = set(
    ".item .tolist .append .items .show .get .endswith .catch_warnings .simplefilter .manual_seed .__init__ "
    "torch.tensor torch.manual_seed torch.equal torch.allclose torch.no_grad torch.Generator".split()
)  # calls that say little about a cell


def live_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return the code-along edition: prompts in place of the live cells, folded answers, and no outputs."""
    edition, answered = copy.deepcopy(notebook), answers(notebook.cells)
    for number, cell in enumerate(edition.cells):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if "live" in tags(cell):
                cell.source = prompt(notebook.cells, number)
        elif cell.id in answered:
            cell.source = folded(cell.source, answered[cell.id])
    return edition


def folded(source: str, length: int) -> str:
    """Return a Markdown text whose first ``length`` passages are shown only when the reader opens them."""
    parts = passages(source)
    answer = ["<details>\n<summary>Answer: run the cell above, then open</summary>", *parts[:length], "</details>"]
    return "\n\n".join([*answer, *parts[length:]])


def prompt(cells: list[NotebookNode], number: int) -> str:
    """Return comments that tell the teacher what to type into a cell: what it is for, what it makes, and what it calls."""
    tree = parse(cells[number])
    needed = names_needed(cells[number + 1 :])
    defined = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    sentences = [f"Type {purpose(cells, number)}"]
    if defined:
        sentences.append(f"Define {listed(map(signature, defined.values()))}.")
    if kept := [name for name in names_made(tree) if name in needed and name not in defined]:
        sentences.append(f"Later cells need {listed(kept)}.")
    if found := calls(tree)[:4]:
        sentences.append(f"Call {listed(found)}.")
    return "\n".join(textwrap.fill(line, 100, initial_indent="# ", subsequent_indent="# ") for line in sentences)


def purpose(cells: list[NotebookNode], number: int) -> str:
    """Return what a cell is for, from the text before it: what this says of the cell, else its question, else its section."""
    start = number
    while start and cells[start - 1].cell_type == "markdown":
        start -= 1
    text = "\n\n".join(cell.source for cell in cells[start:number])
    if said := re.search(r"(?:^|(?<=[.?!] ))The cell (?!above|below|also)(.+?[.:])(?=\s|$)", text, re.M):
        return f"a cell that {plain(said[1])[:-1]}."
    if asked := [PREDICT.split(part)[-1] for part in passages(text) if PREDICT.search(part)]:
        return f"the code that answers: {plain(asked[-1])}"
    headings = [part for cell in cells[:number] if cell.cell_type == "markdown" for part in passages(cell.source)]
    heading = next(part for part in reversed(headings) if HEADING.match(part))
    return f"the code for “{plain(HEADING.sub('', heading))}”."


def plain(text: str) -> str:
    """Return a sentence without the marks of Markdown."""
    return re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", re.sub(r"\*\*|[`$]|(?<!\w)\*|\*(?!\w)", "", text)).replace("\n", " ")


def listed(names: Iterable[str]) -> str:
    """Return names in a row, with "and" before the last."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return how a function is called, or that a class is one."""
    return f"the class {node.name}" if isinstance(node, ast.ClassDef) else f"{node.name}({ast.unparse(node.args)})"


def parse(cell: NotebookNode) -> ast.Module:
    """Return the syntax tree of a code cell, without the lines that are for IPython."""
    return ast.parse(re.sub(r"^( *)[!%].*", r"\1pass", cell.source, flags=re.M))


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


def main(arguments: list[str]) -> int:
    """Build the code-along notebooks; return the exit status."""
    if len(arguments) not in (1, 2) or arguments[0] != "live":
        print(__doc__)
        return 2
    BUILD.mkdir(parents=True, exist_ok=True)
    for path in notebook_files.notebooks(*arguments[1:]):
        target = BUILD / path.name
        nbformat.write(live_notebook(nbformat.read(path, as_version=4)), target)
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
