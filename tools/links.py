"""Keep everything that names the repository in step with ``[tool.course]`` in pyproject.toml.

python -m tools.links write    rewrite the badges and setup cells of the notebooks, and the table, links and picture of the README
python -m tools.links check    the same without writing; the exit status is 1 where something would change
"""

import base64
import re
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import PATHS, ROOT, code_cells

COURSE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
PICTURE = ("07_mnist_comparison", "study-figure")  # the stored figure of this cell is README.png

BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({url})"
COLAB = "https://colab.research.google.com/github/{repository}/blob/{ref}/notebooks/{stem}.ipynb"
ELSEWHERE = """\
To read without Jupyter: [the website](https://{owner}.github.io/{name}/).
Without Colab: [Binder](https://mybinder.org/v2/gh/{repository}/{ref}?urlpath=lab/tree/notebooks) (slow to start),
[Codespaces](https://codespaces.new/{repository}), or a school's JupyterHub with nbgitpuller, by a link like
`https://HUB/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2F{repository}&branch={ref}&urlpath=lab/tree/{name}/notebooks`\
"""
SETUP = """\
import importlib.util, pathlib, shutil, subprocess, sys

if importlib.util.find_spec("course_utils") is None:  # not installed, as in Colab: find the course, or fetch it
    places = [*pathlib.Path.cwd().parents, pathlib.Path("{name}").resolve()]
    course = next((place for place in places if (place / "course_utils").is_dir()), places[-1])
    if not course.is_dir():
        url = "https://github.com/{repository}"
        part = course.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)  # what an interrupted download left behind
        clone = ["git", "clone", "--quiet", "--depth=1", "--branch={ref}", url, part]
        if not shutil.which("git") or subprocess.run(clone, capture_output=True).returncode:
            raise RuntimeError(f"{{url}} could not be fetched. Check the network, then run this cell again.")
        part.rename(course)
    sys.path.insert(0, str(course))

import course_utils

course_utils.setup("{stem}")"""


def badge(stem: str, course: dict[str, str]) -> str:
    """Return the Markdown of a notebook's Colab badge."""
    return BADGE.format(url=COLAB.format(stem=stem, **course))


def update_notebook(path: Path, course: dict[str, str]) -> tuple[str, NotebookNode]:
    """Return the text that the notebook should have, and the notebook."""
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0]
    heading, _, rest = title.source.partition("\n")
    rest = re.sub(r"^\s*\[!\[Open in Colab\].*\n?", "", rest)
    title.source = f"{heading}\n\n{badge(path.stem, course)}\n\n{rest.strip()}"
    (setup,) = code_cells(notebook, "setup")
    setup.source = SETUP.format(stem=path.stem, name=course["repository"].split("/")[1], **course)
    return nbformat.writes(notebook) + "\n", notebook


def units_table(titles: dict[str, NotebookNode], course: dict[str, str]) -> str:
    """Return the README's table of the units, made from the first cell of each notebook."""
    lines = ["| unit | what you learn | time | |", "|---|---|---|---|"]
    for stem, notebook in titles.items():
        heading, text = notebook.cells[0].source.split("\n", 1)
        number, _, title = heading.removeprefix("# ").partition(" · ")
        time = re.search(r"\*\*Time\*\*: (.+?)\.?$", text, re.M)
        learn = re.search(r"\*\*In one sentence\*\*: (.+?)\.?$", text, re.M)
        if not (title and time and learn):
            sys.exit(
                f"The first cell of {stem} needs a heading like '# 7 · Title', and lines with **Time** and **In one sentence**."
            )
        lines.append(
            f"| {number} · [{title}](notebooks/{stem}.ipynb) | {learn[1]} | {time[1]} | {badge(stem, course)} |"
        )
    return "\n".join(lines)


def picture(notebook: NotebookNode) -> bytes:
    """Return the stored picture of the cell that ``PICTURE`` names."""
    cell = next(cell for cell in notebook.cells if cell.id == PICTURE[1])
    data = next(output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {}))
    return base64.b64decode(data)


def wanted(course: dict[str, str] | None = None) -> dict[Path, bytes]:
    """Return what each file that names the repository should hold.

    Args:
        course: the repository and the branch that the links lead to, instead of those of pyproject.toml.

    Returns:
        The content of each file.
    """
    course = course or COURSE
    result, found = {}, {}
    for path in PATHS:
        text, found[path.stem] = update_notebook(path, course)
        result[path] = text.encode()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    owner, name = course["repository"].split("/")
    elsewhere = ELSEWHERE.format(owner=owner, name=name, **course)
    table = f"<!-- units -->\n{units_table(found, course)}\n\n{elsewhere}\n<!-- end of units -->"
    readme = re.sub(r"<!-- units -->.*<!-- end of units -->", lambda _: table, readme, flags=re.S)
    result[ROOT / "README.md"] = readme.encode()
    result[ROOT / "README.png"] = picture(found[PICTURE[0]])
    return result


def main(arguments: list[str]) -> int:
    """Write or check; return the exit status."""
    if arguments not in (["write"], ["check"]):
        print(__doc__)
        return 2
    files = wanted().items()
    stale = {path: content for path, content in files if not path.exists() or path.read_bytes() != content}
    for path, content in stale.items():
        if arguments == ["write"]:
            path.write_bytes(content)
        print(f"{path.relative_to(ROOT)} {'written' if arguments == ['write'] else 'is out of date: run `make links`'}")
    return 1 if stale and arguments == ["check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
