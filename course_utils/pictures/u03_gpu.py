"""Pictures of unit 3: what a chip is made of, how fast work can go, how long it took, and the queue of a device."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils.lessons.u03_gpu import ONE_CORE, SHEETS, PretendGPU
from course_utils.pictures.style import COLOURS, curve_styles

# a pale fill with dark text on it, and a pattern, so that no part is told by its colour alone
PARTS: dict[str, dict[str, Any]] = {
    "core (calculates, in its ALU)": {"facecolor": "#8CD1BA"},
    "control": {"facecolor": "#F3CE80", "hatch": ".."},
    "cache": {"facecolor": "#EFAE80", "hatch": "//"},
}


def chips() -> Figure:
    """Draw what the area of a CPU and of a GPU is used for: cores, control and cache.

    Returns:
        The figure. It is a sketch: the areas are not to scale.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.4))
    core, control, cache = PARTS.values()
    for x, y in ((0, 5), (5, 5), (0, 2.9), (5, 2.9)):
        _block(axes[0], x, y, 1.5, 1.8, control, "control")
        _block(axes[0], x + 1.6, y, 1.5, 1.8, core, "core")
        _block(axes[0], x + 3.2, y, 1.5, 1.8, cache, "cache")
    _block(axes[0], 0, 0.9, 9.7, 1.8, cache, "cache, shared by all cores")
    for row in range(8):
        y = 1.75 + row * 0.635
        _block(axes[1], 0, y + 0.28, 0.6, 0.25, control)
        _block(axes[1], 0, y, 0.6, 0.25, cache)
        for column in range(18):
            _block(axes[1], 0.7 + column * 0.5, y, 0.44, 0.53, core)
    _block(axes[1], 0, 0.9, 9.7, 0.7, cache, "cache, shared by all cores")
    for ax, title in zip(axes, ("CPU: a few strong cores", "GPU: thousands of simple cores"), strict=True):
        _block(ax, 0, 0, 9.7, 0.7, {"facecolor": "#D5D5D5"}, "memory")
        ax.set(xlim=(-0.1, 9.8), ylim=(-0.1, 7), title=title)
        ax.axis("off")
    patches = [Rectangle((0, 0), 1, 1, edgecolor="#555555", **look) for look in PARTS.values()]
    figure.legend(patches, PARTS, loc="outside lower center", ncols=3)
    return figure


def roofline(work: Mapping[str, float], measured: Mapping[str, tuple[float, float]] | None = None) -> Axes:
    """Draw for each sheet of :data:`SHEETS` the fastest that work can go, over its arithmetic intensity.

    Args:
        work: for each name, the arithmetic intensity of that work, in operations per byte; drawn as vertical lines.
        measured: for each name, an intensity and a speed in TFLOP/s that somebody measured with one core; drawn as points, with
            the roof of :data:`ONE_CORE` as a thin line.

    Returns:
        The axes.

    Source: S. Williams, A. Waterman and D. Patterson (2009), Roofline, Communications of the ACM 52(4), 65-76.
    """
    ax = plt.subplots(figsize=(7.5, 4.9))[1]
    intensity = np.logspace(-2, 3, 200)
    for style, sheet in zip(curve_styles(), SHEETS, strict=False):
        speed = np.minimum(sheet.tflops, intensity * sheet.bandwidth / 1000)
        ax.plot(intensity, speed, label=f"{sheet.name}, {sheet.kind}", **style)
    if measured:
        speed = np.minimum(ONE_CORE.tflops, intensity * ONE_CORE.bandwidth / 1000)
        ax.plot(intensity, speed, color=COLOURS[0], linewidth=1, label=f"one core of the {ONE_CORE.name}")
    for name, at in work.items():
        ax.axvline(at, color="#777777", linewidth=1, linestyle=":")
        ax.text(at * 0.93, 1.3e-3, name, rotation=90, ha="right", va="bottom", fontsize=10, color="#555555")
    for i, (name, (at, speed)) in enumerate((measured or {}).items()):
        ax.plot(at, speed, "o^sD"[i % 4], color=COLOURS[6], label=f"{name} (measured)")
    ax.set(xscale="log", yscale="log", xlabel="operations per byte", ylabel="TFLOP/s", ylim=(1e-3, 1000))
    ax.set_title("lines: data sheets; points: measured here" if measured else "peaks from data sheets, not measured")
    ax.figure.legend(fontsize=10, loc="outside lower center", ncols=3)
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


def queue(pieces: int = 3, work: float = 5.0, launch: float = 1.0) -> Axes:
    """Draw over time what Python does and what the device does, while Python launches work and then waits for it.

    The times are those of :class:`PretendGPU`, already set up.

    Args:
        pieces: how many pieces of work are launched, one after the other.
        work: how long the device needs for one piece, in milliseconds.
        launch: how long Python needs to put one piece into the queue, in milliseconds.

    Returns:
        The axes: the upper row is Python, the lower row the device; two lines mark where a timer may stop.
    """
    gpu = PretendGPU(work, launch, set_up=0.0)
    begin, free = gpu.clock(), 0.0
    ax = plt.subplots(figsize=(9, 3.2))[1]
    for piece in range(1, pieces + 1):
        now = gpu.clock() - begin
        gpu.launch()
        start = max(free, now + launch)  # a piece waits until the device is free
        free = start + work
        _block(ax, now, 1.1, launch, 0.6, {"facecolor": "#F3CE80", "hatch": ".."})
        _block(ax, start, 0.1, work, 0.6, {"facecolor": "#8CD1BA"})
        ax.text(start + 0.65 * work, 0.4, f"work {piece}", ha="center", va="center", fontsize=10)
    launched = gpu.clock() - begin
    gpu.synchronize()
    done = gpu.clock() - begin
    _block(ax, launched, 1.1, done - launched, 0.6, {"facecolor": "#F2F2F2", "hatch": "//"}, "waits in synchronize()")
    ax.text(launched / 2, 1.77, "launches", ha="center", fontsize=10)
    marks = {f"stop without waiting: {launched:g} ms": launched, f"stop after synchronize: {done:g} ms": done}
    for (text, at), colour, line in zip(marks.items(), (COLOURS[1], COLOURS[0]), ("--", "-"), strict=True):
        ax.axvline(at, color=colour, linestyle=line, label=text)
    ax.set(xlim=(-0.2, done * 1.04), ylim=(0, 2.1), xlabel="milliseconds", yticks=[0.4, 1.4])
    ax.set_yticklabels(["GPU", "Python"], fontsize=12)
    ax.grid(axis="y", visible=False)
    ax.figure.legend(loc="outside upper center", ncols=2)
    return ax


def _block(ax: Axes, x: float, y: float, width: float, height: float, look: Mapping[str, Any], text: str = "") -> None:
    """Draw a block in a look of its own, with a text on a plain ground in its middle."""
    ax.add_patch(Rectangle((x, y), width, height, edgecolor="#555555", linewidth=0.6, **look))
    ground = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1.5}
    if text:
        ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=10, bbox=ground)
