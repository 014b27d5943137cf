"""One way to animate for the whole course."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import HTMLWriter
from matplotlib.axes import Axes

from course_utils.environment import is_static

# matplotlib's buttons have pictures from the network; these signs need none
_ICONS = "minus,fast-backward,step-backward,play fa-flip-horizontal,pause,play,step-forward,fast-forward,plus".split(
    ","
)
_SIGNS = "−,|◀,◀|,◀,❚❚,▶,|▶,▶|,+".split(",")
MAX_FRAMES = 60
MAX_BYTES = 1_500_000  # of a player: the notebook stays small, and Colab shows it


def animate(draw_frame: Callable[[Axes, Any], None], frames: Sequence[Any], interval: int = 120) -> None:
    """Show a film: live a player in the page, with ``COURSE_STATIC=1`` a strip of six of its frames.

    The player is HTML with the pictures in it, so it needs no ffmpeg. Where it would be larger than 1.5 MB, every second frame
    is left out.

    Args:
        draw_frame: draws one frame on empty axes.
        frames: what ``draw_frame`` gets, one item for each frame, 1 to 60 of them.
        interval: milliseconds between two frames, 20 to 2000.

    Raises:
        ValueError: there are no frames or more than 60, or the interval is out of its bounds.
    """
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise ValueError(f"There are {len(frames)} frames. A film has 1 to {MAX_FRAMES}: keep every k-th step.")
    if not 20 <= interval <= 2000:
        raise ValueError(f"The interval is {interval} ms. Choose one from 20 to 2000.")
    if is_static():
        _strip(draw_frame, frames)
        return
    from IPython.display import HTML, display

    page = player(draw_frame, frames, interval)
    while len(page) > MAX_BYTES and len(frames) > 2:
        frames = [*frames[:-1][::2], frames[-1]]
        page = player(draw_frame, frames, interval)
    display(HTML(page))


def player(draw_frame: Callable[[Axes, Any], None], frames: Sequence[Any], interval: int) -> str:
    """Return the HTML of a player with play, pause, step and a slider; see :func:`animate`."""
    figure, ax = plt.subplots(figsize=(5.6, 3.8), dpi=72)

    writer = HTMLWriter(fps=1000 / interval, embed_frames=True, default_mode="once")
    dpi = plt.rcParams["savefig.dpi"]  # slides ask for more than the page does
    dpi = figure.dpi if dpi == "figure" else dpi
    with tempfile.TemporaryDirectory() as folder, plt.rc_context({"animation.embed_limit": 20}):
        path = Path(folder) / "film.html"
        with writer.saving(figure, path, dpi):  # FuncAnimation draws all frames twice
            for frame in frames:
                ax.clear()
                draw_frame(ax, frame)
                writer.grab_frame()
        page = path.read_text(encoding="utf-8")
    plt.close(figure)
    for icon, sign in zip(_ICONS, _SIGNS, strict=True):
        page = page.replace(f'<i class="fa fa-{icon}"></i>', sign)
    return re.sub(r"<link[^>]*font-awesome[^>]*>", "", page)


def _strip(draw_frame: Callable[[Axes, Any], None], frames: Sequence[Any]) -> None:
    """Draw six frames, from the first to the last, in one figure."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, 6).round().astype(int))
    rows, columns = -(-len(chosen) // 3), min(3, len(chosen))
    _, axes = plt.subplots(rows, columns, figsize=(3.1 * columns, 2.5 * rows), squeeze=False)
    for ax in axes.flat[len(chosen) :]:
        ax.axis("off")
    for ax, i in zip(axes.flat, chosen, strict=False):
        draw_frame(ax, frames[i])
    plt.show()
