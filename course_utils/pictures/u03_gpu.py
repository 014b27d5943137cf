"""Pictures of unit 3: what a chip is made of, how fast work can go, and how long it took."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.lessons.u03_gpu import SHEETS
from course_utils.pictures.style import COLOURS, curve_styles

PARTS = {"cores (calculate)": COLOURS[2], "control": COLOURS[5], "cache": COLOURS[1]}


def chips() -> Figure:
    """Draw what the area of a CPU and of a GPU is used for: cores, control and cache.

    Returns:
        The figure. It is a sketch: the areas are not to scale.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2))
    cores, control, cache = PARTS.values()
    for x, y in ((0, 5), (5, 5), (0, 2.9), (5, 2.9)):
        _block(axes[0], x, y, 1.5, 1.8, control)
        _block(axes[0], x + 3.2, y, 1.5, 1.8, cache)
        _block(axes[0], x + 1.6, y, 1.5, 1.8, cores)
    _block(axes[0], 0, 0.9, 9.7, 1.8, cache)
    for row in range(8):
        y = 0.95 + row * 0.735
        _block(axes[1], 0, y + 0.33, 0.6, 0.27, control)
        _block(axes[1], 0, y, 0.6, 0.27, cache)
        for column in range(18):
            _block(axes[1], 0.7 + column * 0.5, y, 0.44, 0.6, cores)
    for ax, title in zip(axes, ("CPU: a few strong cores", "GPU: thousands of simple cores"), strict=True):
        _block(ax, 0, 0, 9.7, 0.7, "#BBBBBB")
        ax.text(4.85, 0.33, "memory", ha="center", va="center", fontsize=11)
        ax.set(xlim=(-0.1, 9.8), ylim=(-0.1, 7), title=title)
        ax.axis("off")
    patches = [Rectangle((0, 0), 1, 1, color=colour) for colour in PARTS.values()]
    figure.legend(patches, PARTS, loc="outside lower center", ncols=3)
    return figure


def roofline(work: Mapping[str, float], measured: Mapping[str, tuple[float, float]] | None = None) -> Axes:
    """Draw for each sheet of :data:`SHEETS` the fastest that work can go, over its arithmetic intensity.

    Args:
        work: for each name, the arithmetic intensity of that work, in operations per byte; drawn as vertical lines.
        measured: for each name, an intensity and a speed in TFLOP/s that somebody measured; drawn as points.

    Returns:
        The axes.

    Source: S. Williams, A. Waterman and D. Patterson (2009), Roofline, Communications of the ACM 52(4), 65-76.
    """
    ax = plt.subplots(figsize=(7.5, 4.4))[1]
    intensity = np.logspace(-2, 3, 200)
    for style, sheet in zip(curve_styles(), SHEETS, strict=False):
        speed = np.minimum(sheet.tflops, intensity * sheet.bandwidth / 1000)
        ax.plot(intensity, speed, label=f"{sheet.name}, {sheet.kind}", **style)
    for name, at in work.items():
        ax.axvline(at, color="#777777", linewidth=1, linestyle=":")
        ax.text(at * 0.93, 1.3e-3, name, rotation=90, ha="right", va="bottom", fontsize=10, color="#555555")
    for i, (name, (at, speed)) in enumerate((measured or {}).items()):
        ax.plot(at, speed, "o^sD"[i % 4], color=COLOURS[6], label=f"{name} (measured)")
    ax.set(xscale="log", yscale="log", xlabel="operations per byte", ylabel="TFLOP/s", ylim=(1e-3, 1000))
    ax.set_title("lines: data sheets; points: measured here" if measured else "peaks from data sheets, not measured")
    ax.legend(fontsize=10, loc="upper left")
    return ax


def times(sizes: Sequence[int], seconds: Mapping[str, Sequence[float]], title: str, ax: Axes | None = None) -> Axes:
    """Draw how long work takes over its size, both axes logarithmic.

    Args:
        sizes: the N sizes.
        seconds: for each label, N times in seconds. Labels that begin with "data sheet" get thin lines without dots.
        title: a short title.
        ax: where to draw; a new figure where it is None.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    for style, (label, values) in zip(curve_styles(), seconds.items(), strict=False):
        dots = {"linewidth": 1.2} if label.startswith("data sheet") else {"marker": "o", "markersize": 5}
        ax.plot(sizes, [v * 1e3 for v in values], label=label, **dots, **style)
    ax.set(xscale="log", yscale="log", xlabel="n, for n x n values", ylabel="milliseconds", title=title)
    ax.set_xticks(sizes, [str(n) for n in sizes])
    ax.minorticks_off()
    ax.legend(fontsize=9)
    return ax


def _block(ax: Axes, x: float, y: float, width: float, height: float, colour: Any) -> None:
    ax.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor="white"))
