"""Pictures of unit 7: digits, results over rates and seeds, weights, mistakes, and the votes of several networks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import ticker
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.lessons.u07_mnist_comparison import votes
from course_utils.optimizers import METHODS
from course_utils.pictures.style import COLOURS, curve_styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def accuracies(
    values: Mapping[str, Sequence[float]], ax: Axes | None = None, title: str = "", label: str = "test accuracy in %"
) -> Axes:
    """Draw accuracies: a dot for each run, a bar from the lowest to the highest, the mean in numbers.

    Args:
        values: for each label, the accuracies of its runs, from 0 to 1.
        ax: where to draw; a new figure where it is None.
        title: a short title.
        label: what stands below the horizontal axis.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots(figsize=(7, 0.5 * len(values) + 1))[1]
    for row, runs in enumerate(values.values()):
        percent = 100 * np.asarray(runs)
        ends = [percent.min(), percent.max()]
        ax.plot(ends, [row, row], "-", color=COLOURS[0], alpha=0.3, linewidth=7, solid_capstyle="round")
        ax.plot(percent, [row] * len(percent), "o", color=COLOURS[0], markersize=5, alpha=0.6)
        ax.annotate(f"{percent.mean():.2f} %", (1.01, row), xycoords=("axes fraction", "data"), va="center")
    ax.set_yticks(range(len(values)), list(values))
    ax.set(xlabel=label, ylim=(len(values) - 0.5, -0.5), title=title)
    return ax


def draw_published(ours: Mapping[str, Sequence[float]], published: Mapping[str, Sequence[float]]) -> None:
    """Draw the losses of each epoch beside published ones, a panel for each method.

    Args:
        ours: for each method the losses of its epochs, drawn as a line.
        published: for each method its published losses, drawn as crosses.
    """
    _, axes = plt.subplots(2, 3, figsize=(9.6, 5.4), sharex=True, sharey=True)
    for ax, (name, losses) in zip(axes.flat, ours.items(), strict=True):
        epochs = range(1, len(losses) + 1)
        ax.plot(epochs, losses, "-", color=COLOURS[0], label="ours")
        ax.plot(epochs, published[name], "x", color=COLOURS[1], markersize=9, markeredgewidth=2, label="published")
        ax.set(title=name, yscale="log", xticks=epochs)
        _plain_log(ax.yaxis)
        ax.label_outer()
    axes[0, 0].legend()
    for ax in axes[1]:
        ax.set_xlabel("epoch")
    for ax in axes[:, 0]:
        ax.set_ylabel("training loss")


def draw_sweep(
    errors: Mapping[str, Mapping[float, float]], defaults: Mapping[str, float], margin: float
) -> dict[str, list[float]]:
    """Draw the error over the learning rate, a curve for each method, and below it for each method the rates that work.

    Args:
        errors: for each method the validation error in % at each of its rates.
        defaults: for each method PyTorch's default rate, which is among its rates; it is drawn as a diamond.
        margin: a rate works where its error is at most so many percentage points above the method's lowest.

    Returns:
        For each method the rates that work, from low to high.
    """
    _, (top, bottom) = plt.subplots(2, 1, figsize=(8.4, 7), height_ratios=(2.4, 1), sharex=True)
    working = {}
    for row, (style, (name, curve)) in enumerate(zip(curve_styles(), errors.items(), strict=False)):
        rates, values = sorted(curve), [curve[rate] for rate in sorted(curve)]
        best = min(curve, key=curve.__getitem__)
        working[name] = [rate for rate in rates if curve[rate] <= curve[best] + margin]
        top.plot(rates, values, label=name, **style)
        top.plot(
            defaults[name], curve[defaults[name]], "D", color=style["color"], markersize=9, markeredgecolor="black"
        )
        low, high = working[name][0] / 10**0.2, working[name][-1] * 10**0.2  # so that one rate alone has a bar too
        bottom.barh(row, high - low, left=low, height=0.62, color=style["color"], alpha=0.35)
        bottom.plot(working[name], [row] * len(working[name]), "o", color=style["color"], markersize=5)
        bottom.plot(best, row, "*", color=style["color"], markersize=15, markeredgecolor="black", markeredgewidth=0.7)
        bottom.plot(defaults[name], row, "D", color=style["color"], markersize=7, markeredgecolor="black")
    top.set(xscale="log", yscale="log", ylabel="validation error in %")
    top.set_title("diamond: the default rate of torch.optim")
    _plain_log(top.yaxis)
    top.legend(ncols=2, fontsize=10)
    tried = [rate for curve in errors.values() for rate in curve]
    bottom.set(xlabel="learning rate", ylim=(len(errors) - 0.4, -0.6), xlim=(min(tried) / 2, max(tried) * 2))
    bottom.set_title(f"rates that work: at most {margin:g} points above the method's best (star)", fontsize=11)
    bottom.set_yticks(range(len(errors)), list(errors))
    bottom.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    return working


def draw_differences(differences: Mapping[str, Tensor], half_widths: Mapping[str, float], reference: str) -> Axes:
    """Draw paired differences to one method: a dot for each seed, and the interval of their mean.

    Args:
        differences: for each other method, float of shape (seeds,): its accuracy minus the reference's, in percentage points.
        half_widths: for each of them half the width of the interval around the mean.
        reference: the method that is the zero line.

    Returns:
        The axes.
    """
    ax = plt.subplots(figsize=(8, 0.55 * len(differences) + 1.2))[1]
    ax.axvline(0, color="black", linewidth=1)
    for row, (name, values) in enumerate(differences.items()):
        mean, half = values.mean().item(), half_widths[name]
        ax.errorbar(mean, row, xerr=half, fmt="|", color=COLOURS[0], markersize=14, capsize=5, linewidth=2)
        ax.plot(values.tolist(), [row - 0.22] * len(values), "o", color=COLOURS[1], markersize=5)
    ax.set_yticks(range(len(differences)), list(differences))
    ax.set(xlabel=f"accuracy minus that of {reference}, in points", ylim=(len(differences) - 0.5, -0.6))
    crossing = sum(values.mean().abs().item() < half_widths[name] for name, values in differences.items())
    title = f"dots: one seed each; bar: mean and its 95 % interval. {crossing} of {len(differences)} contain 0"
    ax.set_title(title, fontsize=11)
    return ax


def draw_twins(pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Draw the losses of two runs that should be equal, a panel for each pair.

    Args:
        pairs: for each method the losses of our run (a line), and of the run in ``torch.optim`` (a dot for every third step).
    """
    _, axes = plt.subplots(2, 3, figsize=(9.6, 4.8), sharex=True, sharey=True)
    for ax, (name, (ours, theirs)) in zip(axes.flat, pairs.items(), strict=True):
        ax.plot(ours, "-", color=COLOURS[0], linewidth=1, label="ours")
        ax.plot(range(0, len(theirs), 3), theirs[::3], "o", color=COLOURS[1], markersize=4, label="torch.optim")
        ax.set(title=name, yscale="log")
        _plain_log(ax.yaxis)
        ax.label_outer()
    axes[0, 0].legend()
    for ax in axes[1]:
        ax.set_xlabel("step")
    for ax in axes[:, 0]:
        ax.set_ylabel("training loss")


def draw_weights(rows: Mapping[str, Tensor], columns: int = 8) -> None:
    """Draw the weights of hidden units as pictures, blue below 0 and red above; each row has a scale of its own.

    Args:
        rows: for each label the first weights of a network, float of shape (units, 784); ``columns`` units are drawn.
        columns: how many.
    """
    _, axes = plt.subplots(len(rows), columns, figsize=(1.1 * columns + 0.8, 1.25 * len(rows)), squeeze=False)
    for line, (label, weights) in zip(axes, rows.items(), strict=True):
        shown = weights[:columns].detach().cpu()
        scale = shown.abs().max().item()
        for ax, unit in zip(line, shown, strict=True):
            ax.imshow(unit.view(28, 28).numpy(), cmap="RdBu_r", vmin=-scale, vmax=scale)
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center")


Row = Mapping[str, Any]  # a run of the recorded study


# the six methods of the page first, so that each keeps its colour; then the two that only the study has
_STUDY = ("SGD", "Momentum", "Adagrad", "RMSprop", "Adadelta", "Adam", "Nesterov", "AdamW")


def _panels(rows: Sequence[Row], title: str, share_x: bool | str) -> list[tuple[Axes, list[Row]]]:
    """Make four panels, for two batch sizes and two schedules; return each with its runs."""
    settings = sorted({(row["batch_size"], row["schedule"]) for row in rows})
    _, axes = plt.subplots(2, 2, figsize=(9.6, 7.2), sharex=share_x, sharey=True)
    plt.gcf().suptitle(title)
    found = []
    for ax, (size, schedule) in zip(axes.flat, settings, strict=True):
        ax.set_title(f"batch size {size}, {schedule} rate", fontsize=11)
        found.append((ax, [row for row in rows if (row["batch_size"], row["schedule"]) == (size, schedule)]))
    return found


def draw_study_rates(rows: Sequence[Row]) -> None:
    """Draw the error of the recorded study over the learning rate: a panel for each batch size and schedule.

    Args:
        rows: the runs of the stage "sweep". A run without a result, because its loss became infinite, is left out.
    """
    for ax, here in _panels(rows, "Validation error after five epochs", share_x=True):
        for style, method in zip(curve_styles(), _STUDY, strict=False):
            points = sorted(
                (row["lr"], 100 * (1 - row["validation_accuracy"])) for row in here if row["method"] == method
            )
            kept = [(lr, error) for lr, error in points if error == error]
            ax.plot(*zip(*kept, strict=True), label=method, **style)
        ax.set(xscale="log", yscale="log")
        _plain_log(ax.yaxis)
        ax.xaxis.set_major_locator(ticker.LogLocator(numticks=12))
    figure = plt.gcf()
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    for ax in figure.axes:
        ax.set(xlabel="learning rate", ylabel="validation error in %")
        ax.label_outer()


def draw_study_finals(rows: Sequence[Row]) -> None:
    """Draw the test accuracies of the recorded study: a panel for each batch size and schedule, a dot for each seed.

    Args:
        rows: the runs of the stage "final". The two panels of a batch size have the same scale.
    """
    for ax, here in _panels(rows, "Test accuracy at the chosen rates, ten seeds each", share_x="row"):
        by_method = {m: [row["test_accuracy"] for row in here if row["method"] == m] for m in METHODS}
        accuracies(by_method, ax, ax.get_title())
        ax.title.set_fontsize(11)
        if ax not in plt.gcf().axes[2:]:
            ax.set_xlabel("")


def _plain_log(axis: Any) -> None:
    """Write plain numbers on a log axis, such as 0.2 in place of 2 × 10⁻¹, and no small ticks."""
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(ticker.NullLocator())


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
        winner = int(answers.bincount(minlength=10).argmax())
        picture.imshow(images[first[digit]].numpy(), vmin=0, vmax=255)
        picture.set(xticks=[], yticks=[])
        title = f"{int((answers == winner).sum())} of {len(answers)} say {winner}"
        picture.set_title(title if winner == digit else f"{title}; label {digit}", fontsize=10)
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
