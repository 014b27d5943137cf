"""Look for what must not be in a public course: ``python -m tools.audit``. The exit status is 1 where something is found.

Secrets; scripts and remote pictures in notebooks; files that are loaded or saved as a program; shell commands outside the cells
that teach them. (zizmor looks after the workflows.)
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat

from tools import ROOT, tags

# the one place for what is allowed, each by the stem of its notebook and the id of its cell, because the lesson is about it
DEMONSTRATION = ("07_mnist_comparison", "save-module")
SHELL = {("03_gpu", "nvidia-smi"): "nvidia-smi", ("03_gpu", "torchrun"): "torch.distributed.run"}

SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{60,}|glpat-[\w-]{20}|hf_[0-9A-Za-z]{34}"
    r"|sk-(?:ant-|proj-)?[\w-]{32,}|xox[abpr]-[\w-]{10,}|pypi-AgE[\w-]{50,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|(?i:password|api_?key|secret|token)\s*[:=]\s*\\?[\"'][^\s\"'\\]{12,}\\?[\"']|://[^\s/:@]+:[^\s/@{]+@"
)
ACTIVE = re.compile(r"<\s*(?:script|iframe|object|embed)\b|javascript\s*:|\bon(?:load|error|click)\s*=", re.I)
REMOTE = re.compile(r"\bsrc\s*=\s*\\?[\"']?\s*(?:https?:)?//|url\(\s*[\"']?(?:https?:)?//", re.I)
MAGIC_SHELL = re.compile(r"^\s*(?:!|%%?(?:bash|sh|script|system|sx|cmd)\b)|^\s*\w+\s*=\s*!", re.M)
CALL_SHELL = re.compile(
    r"\bsubprocess\b|\bos\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*)\b|get_ipython\(\)\.(?:system|getoutput)"
)
EVERYWHERE = ((ACTIVE, "a script"), (REMOTE, "a source from the network"), (SECRETS, "a secret"))
OUTPUTS = {"text/plain", "text/markdown", "image/png"}  # mime types that nothing can run in


def code_problems(text: str) -> Iterator[str]:
    """Find ``weights_only`` switched off, and ``torch.save`` of what may be a whole module."""
    try:
        tree = ast.parse(re.sub(r"^(\s*)[!%].*", r"\1pass", text, flags=re.M))
    except SyntaxError as error:
        return (yield f"cannot be read as Python ({error.msg})")
    plain = {  # names that are bound to a dictionary or a state_dict
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_plain(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "weights_only" and ast.unparse(node.value) != "True":
            yield f"line {node.lineno}: weights_only is not True, so loading a file could run a program"
        save = isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.save"
        if save and not (node.args and _is_plain(node.args[0], plain)):
            yield f"line {node.lineno}: torch.save of something that is neither a dictionary nor a state_dict()"


def _is_plain(node: ast.AST, names: set[str]) -> bool:
    call = isinstance(node, ast.Call) and re.search(r"(^dict|\.state_dict)$", ast.unparse(node.func))
    return bool(call) or isinstance(node, ast.Dict | ast.DictComp) or (isinstance(node, ast.Name) and node.id in names)


def notebook_problems(stem: str, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Find what a notebook must not hold."""
    for cell in notebook.cells:
        code, place = cell.cell_type == "code", (stem, cell.id)
        outputs = cell.outputs if code else []
        data = [item for output in outputs for item in output.get("data", {}).items()]
        shown = [str(o.get("text")) for o in outputs] + [str(v) for k, v in data if k != "image/png"]
        text = "\n".join([cell.source, *shown])
        found = [f"an output of the type {mime}" for mime, _ in data if mime not in OUTPUTS]
        found += [f"something like {what}" for pattern, what in EVERYWHERE if pattern.search(text)]
        if code and place != DEMONSTRATION:
            found += code_problems(cell.source)
        shell = code and (MAGIC_SHELL.search(cell.source) or CALL_SHELL.search(cell.source))
        if shell and "setup" not in tags(cell) and SHELL.get(place, "\0") not in cell.source:
            found.append("a shell command")
        yield from (f"cell {cell.id}: {problem}" for problem in found)


def files() -> list[Path]:
    """Return the files of the repository: what git knows or would take, or everything where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False).stdout.split("\0")[
        :-1
    ]
    paths = [ROOT / name for name in names] or [p for p in ROOT.rglob("*") if ".venv" not in p.parts]
    return sorted(filter(Path.is_file, paths))


def problems(path: Path) -> Iterator[str]:
    """Find what is wrong in one file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:  # a picture or compressed data
        return
    if path.suffix == ".ipynb":
        yield from notebook_problems(path.stem, nbformat.reads(text, as_version=4))
        return
    lines = enumerate(text.splitlines(), start=1)
    yield from (f"line {number}: something like a secret" for number, line in lines if SECRETS.search(line))
    if path.suffix == ".py" and path.parent.name != "tests":  # a test may make a dangerous file, to see it refused
        yield from code_problems(text)


def main(arguments: list[str]) -> int:
    """Look at every file; print what is found, and return the exit status."""
    if arguments:
        print(__doc__)
        return 2
    found = [f"{path.relative_to(ROOT)}: {problem}" for path in files() for problem in problems(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
