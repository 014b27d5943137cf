"""The films of the website. A notebook stores six pictures of each; here the player is made again, from the film's own cells.

A player takes the place of the pictures only where the cells that were run draw the same six pictures.
"""

import base64
import contextlib
import html
import io
import os
import re
from typing import Any
from unittest import mock

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from IPython.core.pylabtools import print_figure
from nbformat import NotebookNode
from PIL import Image

from course_utils.pictures import films
from tools import code_cells, editions

MOST_FRAMES = 30  # so that a phone loads a page soon; the film lasts as long as in the notebook
SAME = 3e-4  # the part of the pixels that may differ, for the last digit of a title on another machine; a line has more


def play(notebook: NotebookNode) -> list[str]:
    """Put a player in the place of the six pictures of each film.

    Args:
        notebook: a notebook with its stored outputs; it is changed.

    Returns:
        The ids of the cells whose film was not made, because its cells alone draw something else than the notebook.
    """
    left = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and "films.animate(" in cell.source:
            stored = next((output for output in cell.outputs if "image/png" in output.get("data", {})), None)
            calls = film_calls(notebook, number) if stored else []
            if len(calls) != 1 or not alike(strip(*calls[0][:2]), stored.data["image/png"]):
                left.append(cell.id)
                continue
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "A film.")
            stored.data = NotebookNode({"text/html": player(calls[0], alt)})
    return left


def needed(cells: list[NotebookNode], number: int) -> list[NotebookNode]:
    """Return the code cells without which a cell cannot run, in order, and the cell itself at the end."""
    chosen, names = [cells[number]], editions.names_needed([cells[number]])
    for cell in reversed(cells[:number]):
        if cell.cell_type == "code" and (made := set(editions.names_made(editions.parse(cell)))) & names:
            chosen.insert(0, cell)
            names = (names - made) | editions.names_needed([cell])
    return chosen


def film_calls(notebook: NotebookNode, number: int) -> list[tuple[Any, ...]]:
    """Run the cells of a film, and return with what the film was called."""
    calls: list[tuple[Any, ...]] = []
    values: dict[str, Any] = {"__name__": "__main__"}
    cells = needed(notebook.cells, number)
    (first,) = code_cells(notebook, "setup")
    cells = [first, *(cell for cell in cells if cell is not first)]

    def note(draw_frame: Any, frames: Any, interval: int = 120) -> None:
        calls.append((draw_frame, frames, interval))

    with (
        mock.patch.dict(os.environ, COURSE_STATIC="1", COURSE_DEVICE="cpu"),
        mock.patch.object(films, "animate", note),
        mock.patch.object(plt, "show", lambda: plt.close("all")),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for cell in cells:
            calls.clear()
            exec(compile(editions.parse(cell), cell.id, "exec"), values)  # noqa: S102
    return calls


def strip(draw_frame: Any, frames: Any) -> bytes:
    """Return the six pictures of a film as the notebook stores them."""
    with mock.patch.object(plt, "show", lambda: None):
        films._strip(draw_frame, frames)
    picture = print_figure(plt.gcf(), "png", base64=False)
    plt.close("all")
    return picture


def alike(picture: bytes, stored: str) -> bool:
    """Say whether a picture is the stored one, but for the rounding of another machine."""
    a, b = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        for data in (picture, base64.b64decode(stored))
    )
    return a.shape == b.shape and (np.abs(a - b).max(axis=2) > 32).mean() < SAME


def player(call: tuple[Any, ...], alt: str) -> str:
    """Return the HTML of a film, with names for those who do not see it."""
    draw_frame, frames, interval = call
    while len(frames) > MOST_FRAMES:
        frames, interval = [*frames[:-1][::2], frames[-1]], min(2 * interval, 2000)
    with (
        mock.patch.object(films, "is_static", lambda: False),
        mock.patch("IPython.display.display") as display,
    ):
        films.animate(draw_frame, frames, interval)
    page = display.call_args.args[0].data
    page = re.sub(r'(<img id="_anim_img[^"]*")', rf'\1 alt="{html.escape(alt)}"', page, count=1)
    return re.sub(r'(<input id="_anim_slider[^"]*")', r'\1 aria-label="picture of the film"', page, count=1)
