"""Every figure of the course, in one readable style."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import ticker
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.films import animate as animate  # one name for all pictures: plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# eight colours that stay apart for colour-blind readers, in print too (M. Okabe and K. Ito, 2008; yellow made darker)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D00")
# and eight line styles, so that no line is told by colour alone
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))


def use_style() -> None:
    """Set matplotlib's defaults for the course. The background is opaque, so the text is readable on a dark page as well."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 4.0),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "#FCFCFC",
            "savefig.facecolor": "#FCFCFC",
            "axes.facecolor": "#FCFCFC",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "font.size": 11,
            "image.cmap": "gray",
        }
    )


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
        epochs: label the horizontal axis in epochs, this many for each whole curve; None labels it in steps.
        title: a short title.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots()[1]
    for i, (label, losses) in enumerate(curves.items()):
        colour, line = COLOURS[i % len(COLOURS)], LINES[i % len(LINES)]
        w = max(1, min(window, len(losses) // 10))
        scale = epochs / len(losses) if epochs else 1
        # a loss of exactly 0 has no place on a log axis; more than 2,000 points cannot be seen
        raw = np.maximum(losses, 1e-6)[:: max(1, len(losses) // 2000)]
        steps = np.linspace(0, len(losses) * scale, len(raw), endpoint=False)
        if w == 1:
            ax.plot(steps, raw, color=colour, linewidth=1, label=label)
            continue
        if len(curves) <= 3:  # the raw curves of more than three would hide each other
            ax.plot(steps, raw, color=colour, alpha=0.25, linewidth=0.7)
        mean = smooth(losses, w).numpy()
        ax.plot((np.arange(len(mean)) + (w - 1) / 2) * scale, mean, color=colour, linestyle=line, label=label)
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
    for i, (label, losses) in enumerate(curves.items()):
        style = LINES[i % len(LINES)] if linestyle is None else linestyle
        ax.plot(
            range(1, len(losses) + 1),
            losses,
            marker=marker,
            linestyle=style,
            color=COLOURS[i % len(COLOURS)],
            label=label,
        )
    ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    ax.set(xlabel="epoch", title=title)
    return _log_loss(ax)


def accuracies(values: Mapping[str, Sequence[float]], ax: Axes | None = None, title: str = "") -> Axes:
    """Draw test accuracies: a dot for each run, a bar from the lowest to the highest, the mean in numbers.

    Args:
        values: for each label, the accuracies of its runs, from 0 to 1.
        ax: where to draw; a new figure where it is None.
        title: a short title.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots(figsize=(7, 0.5 * len(values) + 1))[1]
    for row, runs in enumerate(values.values()):
        percent = 100 * np.asarray(runs)
        ax.plot(
            [percent.min(), percent.max()], [row, row], color=COLOURS[0], alpha=0.4, linewidth=6, solid_capstyle="round"
        )
        ax.plot(percent, [row] * len(percent), "o", color=COLOURS[0], markersize=5)
        ax.annotate(f"{percent.mean():.1f} %", (1.01, row), xycoords=("axes fraction", "data"), va="center")
    ax.set_yticks(range(len(values)), list(values))
    ax.set(xlabel="test accuracy in %", ylim=(len(values) - 0.5, -0.5), title=title)
    return ax


def images(pictures: Tensor, titles: Sequence[str], columns: int = 10) -> "Figure":
    """Draw small grey pictures in a grid, each with a short title.

    Args:
        pictures: shape (N, height, width), N at least 1.
        titles: N titles.
        columns: pictures in a row.

    Returns:
        The figure.
    """
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(0.9 * columns, 1.15 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, picture, title in zip(axes.flat, pictures, titles, strict=False):
        ax.imshow(picture.numpy())
        ax.set_title(title, fontsize=10)
    return figure


def confusion(labels: Tensor, predictions: Tensor, classes: int = 10, ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix: rows are the true classes, columns the predicted ones, numbers are counts.

    The colour shows the mistakes only: the diagonal, where all is right, would outshine them.

    Args:
        labels: the true classes, int64 of shape (N,).
        predictions: the predicted classes, int64 of shape (N,).
        classes: how many classes there are.
        ax: where to draw; a new figure where it is None.

    Returns:
        The axes.
    """
    counts = confusion_matrix(labels, predictions, classes)
    mistakes = counts.clone().fill_diagonal_(0)
    ax = ax or plt.subplots(figsize=(6, 5.4))[1]
    ax.imshow(mistakes.numpy(), cmap="Blues")
    limit = mistakes.max().item() / 2
    for i in range(classes):
        for j in range(classes):
            colour = "#777777" if i == j else ("white" if mistakes[i, j] > limit else "black")
            if counts[i, j]:
                ax.text(j, i, str(counts[i, j].item()), ha="center", va="center", color=colour, fontsize=9)
    ax.set(xlabel="predicted digit", ylabel="true digit", xticks=range(classes), yticks=range(classes))
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return ax


def confusion_matrix(labels: Tensor, predictions: Tensor, classes: int = 10) -> Tensor:
    """Count how often each true class (row) got each prediction (column).

    Args:
        labels: the true classes, int64 of shape (N,).
        predictions: the predicted classes, int64 of shape (N,).
        classes: how many classes there are.

    Returns:
        The counts, int64 of shape (classes, classes).
    """
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(classes, classes)


def _log_loss(ax: Axes) -> Axes:
    """Give the axes a legend and a log axis with plain numbers, such as 0.2 in place of 2 × 10⁻¹."""
    ax.set(yscale="log", ylabel="training loss")
    ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    ax.legend(fontsize=10)
    return ax
