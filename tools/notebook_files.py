"""Keep the notebooks in order: ``python -m tools.notebook_files run 07``, ``format``, ``check``.

run      execute the notebooks of the named units (all where none is named) and store their outputs; on Linux it fails where one
         takes too much memory
format   put metadata, cell ids and code into the one form of the course
check    the same without writing; the exit status is 1 where something would change
"""

import copy
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tools import PATHS, ROOT, code_cells, tags

MOST_MEMORY = 2.5  # GB at the peak of a notebook's process: the free machines of students have little
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks(unit: str = "") -> list[Path]:
    """Return the notebooks whose name begins with ``unit``, such as ``"07"``, in order."""
    found = [path for path in PATHS if path.name.startswith(unit)]
    if not found:
        sys.exit(f"There is no notebook {unit}*. These are here: {', '.join(p.stem for p in notebooks())}.")
    return found


def tidy(notebook: NotebookNode) -> None:
    """Keep only the metadata that is needed: kernel, language, and of each cell its tags and the alt text of its picture."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        kept = {"tags": sorted(tags(cell)), "mystnb": cell.metadata.get("mystnb")}
        cell.metadata = nbformat.from_dict({name: value for name, value in kept.items() if value})
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip().splitlines())


def peak(pid: int) -> float:
    """Return the most memory that a process held so far, in GB; 0 where the system does not tell, as on macOS."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"), re.M) if status.exists() else None
    return int(found[1]) * 1024 / 1e9 if found else 0.0


def run(notebook: NotebookNode, folder: Path, timeout: int = 600) -> float:
    """Execute a notebook in a new kernel; its cells get their outputs.

    Args:
        notebook: the notebook.
        folder: the working directory of the kernel.
        timeout: the seconds that one cell may take.

    Returns:
        The most memory that the kernel's own process held, in GB; 0 where the system does not tell, as on macOS.
    """
    peaks = [0.0]

    def watch(**_: Any) -> None:
        peaks.append(peak(client.km.provisioner.pid))

    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3", record_timing=False, coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}}, on_cell_executed=watch,
    )  # fmt: skip
    client.execute()
    return max(peaks)


def execute(path: Path, timeout: int = 600) -> None:
    """Execute one notebook on the CPU with static pictures and the real MNIST, and store its outputs in place."""
    from course_utils import data  # PyTorch takes seconds, and the other commands do without

    os.environ.update(COURSE_STATIC="1", COURSE_DEVICE="cpu")
    if len(data.load_mnist(train=False)[1]) != 10_000:
        sys.exit("Stored outputs come from the real MNIST. Go online, or set COURSE_MNIST, and try again.")
    notebook = nbformat.read(path, as_version=4)
    before = {cell.id: copy.deepcopy(cell.get("outputs", [])) for cell in notebook.cells}
    start = time.perf_counter()
    held = run(notebook, path.parent, timeout)
    if held > MOST_MEMORY:
        sys.exit(
            f"{path.name} takes {held:.1f} GB of memory, and {MOST_MEMORY} GB are the limit. Make its data or its models smaller."
        )
    ignored = code_cells(notebook, "nbval-ignore-output")
    compared = [cell for cell in code_cells(notebook) if cell not in ignored]
    # timings differ from run to run: where nothing else has changed, they stay as they were, and the diff is empty
    if all(before[cell.id] == cell.outputs for cell in compared) and all(before[cell.id] for cell in ignored):
        for cell in ignored:
            cell.outputs = before[cell.id]
    tidy(notebook)
    nbformat.write(notebook, path)
    print(f"{path.name}: {time.perf_counter() - start:.0f} s, {held:.2f} GB of memory at the peak")


def tidy_files(write: bool) -> int:
    """Tidy every notebook; return how many were not in order."""
    changed = 0
    for path in notebooks():
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        tidy(notebook)
        if nbformat.writes(notebook) + "\n" != text:
            changed += 1
            print(f"{path.name} is not in order")
            if write:
                nbformat.write(notebook, path)
    return changed


def main(arguments: list[str]) -> int:
    """Run one of the commands; return the exit status."""
    match arguments:
        case ["run", *units]:
            for unit in units or [""]:
                for path in notebooks(unit):
                    execute(path)
            return 0
        case ["format"]:
            subprocess.run(["ruff", "check", "--fix", "--quiet", "."], cwd=ROOT, check=False)
            subprocess.run(["ruff", "format", "--quiet", "."], cwd=ROOT, check=True)
            tidy_files(write=True)
            return 0
        case ["check"]:
            return 1 if tidy_files(write=False) else 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
