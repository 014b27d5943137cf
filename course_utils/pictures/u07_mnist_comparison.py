"""Pictures of unit 7: digits, accuracies, mistakes, and the votes of several networks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.lessons.u07_mnist_comparison import votes
from course_utils.pictures.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
            [percent.min(), percent.max()],
            [row, row],
            "-",
            color=COLOURS[0],
            alpha=0.4,
            linewidth=6,
            solid_capstyle="round",
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


def draw_votes(models: Mapping[str, nn.Module], image: Tensor) -> None:
    """Print who wins the vote; draw what the networks see, and the probability that each gives to each digit, stacked.

    Args:
        models: as for :func:`votes`.
        image: uint8 of shape (28, 28).
    """
    probabilities = votes(models, image.unsqueeze(0))[:, 0]
    answers = probabilities.argmax(dim=1)
    winner = int(answers.bincount(minlength=10).argmax())
    _, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3), width_ratios=(1, 2.2))
    left.imshow(image.numpy(), vmin=0, vmax=255)
    left.set(xticks=[], yticks=[], title="what they see")
    _stack(right, models, probabilities)
    right.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    right.set(xlabel="digit", ylabel="sum of probabilities")
    print(f"{int((answers == winner).sum())} of {len(answers)} networks say {winner}.")


def gallery(models: Mapping[str, nn.Module], images: Tensor, labels: Tensor) -> None:
    """Draw the first test image of each digit, with the votes under it.

    Args:
        models: as for :func:`votes`.
        images: uint8 of shape (N, 28, 28).
        labels: int64 of shape (N,); each of the ten digits is among them.
    """
    first = torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(10)])
    probabilities = votes(models, images[first])
    figure, axes = plt.subplots(4, 5, figsize=(9.6, 5.6), height_ratios=(1.5, 1, 1.5, 1))
    for digit in range(10):
        row, column = divmod(digit, 5)
        picture, bars = axes[2 * row, column], axes[2 * row + 1, column]
        answers = probabilities[:, digit].argmax(dim=1)
        picture.imshow(images[first[digit]].numpy(), vmin=0, vmax=255)
        picture.set(xticks=[], yticks=[])
        picture.set_title(f"{int((answers == digit).sum())} of {len(answers)} say {digit}", fontsize=10)
        _stack(bars, models, probabilities[:, digit])
        bars.set(yticks=[])
        bars.tick_params(labelsize=8)
    handles, names = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=9)


def _stack(ax: plt.Axes, models: Mapping[str, nn.Module], probabilities: Tensor) -> None:
    below = torch.zeros(10)
    for i, (name, row) in enumerate(zip(models, probabilities, strict=True)):
        ax.bar(range(10), row.tolist(), bottom=below.tolist(), color=COLOURS[i % len(COLOURS)], width=0.8, label=name)
        below = below + row
    ax.set(xticks=range(10), ylim=(0, len(models)))
    ax.grid(False)
