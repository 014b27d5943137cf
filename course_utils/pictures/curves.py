"""Losses over the steps and over the epochs, on a log axis."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import ticker
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.pictures.style import curve_styles


def smooth(values: Sequence[float], window: int) -> Tensor:
    """Return the moving mean of a curve.

    Args:
        values: the N points of the curve.
        window: how many neighbouring points one mean takes, from 1 to N.

    Returns:
        The N − window + 1 means, float64.
    """
    return torch.as_tensor(values, dtype=torch.float64).unfold(0, window, 1).mean(dim=1)


def loss_curves(
    curves: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    window: int = 100,
    epochs: int | None = None,
    title: str = "",
) -> Axes:
    """Draw the loss of each step on a log axis: pale as it is (for up to three curves), and strong as a moving mean.

    Args:
        curves: for each label, the loss of each step.
        ax: where to draw; a new figure where it is None.
        window: how many steps the moving mean takes, at most a tenth of the curve; at 1 only the raw curve is drawn.
        epochs: label the horizontal axis in epochs, this many for the longest curve; None labels it in steps.
        title: a short title.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    longest = max(map(len, curves.values()), default=0)
    for style, (label, losses) in zip(curve_styles(), curves.items(), strict=False):
        w = max(1, min(window, len(losses) // 10))
        scale = epochs / longest if epochs and longest else 1  # a run that ended early has a shorter curve
        # a loss of exactly 0 has no place on a log axis; more than 2,000 points cannot be seen
        raw = np.maximum(losses, 1e-6)[:: max(1, len(losses) // 2000)]
        steps = np.linspace(0, len(losses) * scale, len(raw), endpoint=False)
        if w == 1:
            ax.plot(steps, raw, "-", color=style["color"], linewidth=1, label=label)
            continue
        if len(curves) <= 3:  # the raw curves of more than three would hide each other
            ax.plot(steps, raw, "-", color=style["color"], alpha=0.25, linewidth=0.7)
        mean = smooth(losses, w).numpy()
        ax.plot((np.arange(len(mean)) + (w - 1) / 2) * scale, mean, label=label, **style)
    ax.set(xlabel="epoch" if epochs else "step", title=title)
    return _log_loss(ax)


def epoch_curves(
    curves: Mapping[str, Sequence[float]],
    ax: Axes | None = None,
    marker: str = "o",
    linestyle: str | None = None,
    title: str = "",
) -> Axes:
    """Draw the mean loss of each epoch on a log axis.

    Args:
        curves: for each label, the losses of epochs 1, 2, and so on. A label that begins with ``_`` is not in the legend.
        ax: where to draw; a new figure where it is None.
        marker: matplotlib's marker of each point.
        linestyle: one style for all lines; each its own where it is None, and ``""`` for points alone.
        title: a short title.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    for style, (label, losses) in zip(curve_styles(), curves.items(), strict=False):
        style |= {} if linestyle is None else {"linestyle": linestyle}
        ax.plot(range(1, len(losses) + 1), losses, marker=marker, label=label, **style)
    ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    ax.set(xlabel="epoch", title=title)
    return _log_loss(ax)


def _log_loss(ax: Axes) -> Axes:
    """Give the axes a legend and a log axis with plain numbers, such as 0.2 in place of 2 × 10⁻¹."""
    ax.set(yscale="log", ylabel="training loss")
    ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    if ax.lines:
        ax.legend(fontsize=10)
    return ax
