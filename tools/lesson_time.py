"""How long a unit takes, counted from its cells: ``python -m tools.lesson_time 02`` prints a line for each section.

Text, code and printed output are read at 200 words a minute, and what is typed is typed at 40 words of five characters. A
**Predict** and a figure take half a minute of thought each, an exercise five minutes. The first cell of each section says whether
it is for everyone: its tag is ``core`` or ``optional``.
"""

import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode

from tools import PATHS, tags

READ, TYPE = 200, 40 * 5  # words a minute, characters a minute
THINK, EXERCISE = 0.5, 5.0  # minutes


@dataclass(frozen=True)
class Section:
    """A section of a notebook: its number, such as "2.4", or "" for the beginning and the end; its minutes; its exercises."""

    number: str
    title: str
    optional: bool
    cells: list[NotebookNode]

    @property
    def minutes(self) -> float:
        """How long it takes, without its exercises."""
        cells = [c for c in self.cells if not {"check", "setup"} & tags(c)]
        outputs = [o for c in cells if c.cell_type == "code" for o in c.outputs]
        printed = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in outputs]
        text = " ".join([*(c.source for c in cells), *printed])
        typed = sum(len(re.sub(r"\s+", " ", c.source)) for c in cells if "live" in tags(c))
        figures = sum("image/png" in o.get("data", {}) for o in outputs)
        return len(re.findall(r"\w+", text)) / READ + typed / TYPE + THINK * (figures + text.count("**Predict**"))

    @property
    def exercises(self) -> int:
        """How many exercises it has."""
        return sum("exercise" in tags(cell) for cell in self.cells)


def sections(notebook: NotebookNode) -> list[Section]:
    """Return the sections of a notebook; one begins at each ``##`` heading, and the first one holds the title."""
    groups: list[list[NotebookNode]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            groups.append([])
        groups[-1].append(cell)
    found = []
    for cells in groups:
        heading = re.search(r"^##? (?:(\d\.\d+) )?(.+)", cells[0].source, re.M)
        found.append(Section(heading[1] or "", heading[2], "optional" in tags(cells[0]), cells))
    return found


def unit_minutes(notebook: NotebookNode) -> tuple[int, int]:
    """Return the minutes of what everyone does and of what is optional, each rounded up to five."""
    total = {True: 0.0, False: 0.0}
    for section in sections(notebook):
        total[section.optional] += section.minutes + EXERCISE * section.exercises
    return math.ceil(total[False] / 5) * 5, math.ceil(total[True] / 5) * 5


def main(arguments: Sequence[str]) -> int:
    """Print the sections of the named units, or of all, with their minutes."""
    for path in PATHS:
        if not arguments or path.name[:2] in arguments:
            notebook = nbformat.read(path, as_version=4)
            print(f"{path.stem}: {unit_minutes(notebook)[0]} minutes, and {unit_minutes(notebook)[1]} optional")
            for s in sections(notebook):
                live = sum("live" in tags(cell) for cell in s.cells)
                extra = f"+ {s.exercises} exercises" if s.exercises else ""
                kind = "optional" if s.optional else ""
                print(f"  {s.number:5} {s.title[:44]:44} {s.minutes:5.1f} min {extra:13} {live} typed {kind}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
