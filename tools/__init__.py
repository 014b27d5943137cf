"""What maintainers run, each with ``python -m tools.NAME``; and what several of these, and the tests, ask of a notebook."""

import os
import shutil
from pathlib import Path

from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def chromium() -> str | None:
    """Return the browser to use: what CHROMIUM names, or Debian's; its shell without windows takes a tenth less time."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")


def tags(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def code_cells(notebook: NotebookNode, tag: str = "") -> list[NotebookNode]:
    """Return the code cells of a notebook; with a tag, only those that have it."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and (not tag or tag in tags(cell))]
