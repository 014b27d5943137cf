"""Pictures of networks that learn: fits, decision regions, activation functions and losses."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor, nn

from course_utils.pictures.curves import loss_curves
from course_utils.pictures.style import COLOURS, curve_styles

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": nn.functional.softplus,
    "gelu": nn.functional.gelu,
    "softmax of (x, 0, 0), first": lambda x: torch.stack([x, 0 * x, 0 * x], dim=-1).softmax(dim=-1)[..., 0],
}

LOSSES = ("MSELoss", "L1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss")
LOSS_STATES = [
    {"loss": loss, "prediction": 0.02 if loss == "BCELoss" else -5.0, "target": 1}
    for loss in LOSSES
    if loss != "CrossEntropyLoss"  # its section comes after the explorer
]


def draw_log_loss() -> Figure:
    """Draw −ln p and (1 − p)² over the probability p of the right answer, and beside them their slopes.

    Returns:
        The figure.
    """
    p = torch.linspace(0.01, 1, 400, dtype=torch.float64, requires_grad=True)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    for (name, loss), style in zip(
        {"−ln p": -torch.log(p), "(1 − p)²": (1 - p) ** 2}.items(), curve_styles(), strict=False
    ):
        (slope,) = torch.autograd.grad(loss.sum(), p)
        for ax, values in zip(axes, (loss.detach(), slope), strict=True):
            ax.plot(p.detach(), values, label=name, **style)
    for ax, title, limits in zip(axes, ("loss", "slope of the loss"), ((-0.2, 5), (-21, 1)), strict=True):
        ax.set(title=title, xlabel="p, the probability of the right answer", xlim=(0, 1), ylim=limits)
    axes[0].legend()
    return figure


def draw_network(sizes: Sequence[int] = (3, 4, 2), neuron: int = 1) -> Figure:
    """Draw a fully connected network, with one neuron of its first hidden layer picked out.

    Args:
        sizes: how many inputs, how many neurons in each layer after them; two layers at least, of 1 to 8 each.
        neuron: which neuron of the first layer is picked out, from 0.

    Returns:
        The figure.
    """
    figure, ax = plt.subplots(figsize=(8.4, 4.4))
    columns = [[(3.0 * k, (n - 1) / 2 - i) for i in range(n)] for k, n in enumerate(sizes)]
    for k, (left, right) in enumerate(itertools.pairwise(columns)):
        for i, start in enumerate(left):
            for j, end in enumerate(right):
                picked = k == 0 and j == neuron
                look = {"color": COLOURS[1], "linewidth": 2.2} if picked else {"color": "#9A9A9A", "linewidth": 0.9}
                ax.plot(*zip(start, end, strict=True), zorder=2 if picked else 1, linestyle="-", **look)
                if picked:
                    place = [a + 0.36 * (b - a) for a, b in zip(start, end, strict=True)]
                    ax.text(*place, f"$w_{i + 1}$", color=COLOURS[1], ha="center", va="center", fontsize=13,
                            bbox={"facecolor": "#FCFCFC", "edgecolor": "none", "pad": 1.5}, zorder=3)  # fmt: skip
    for k, column in enumerate(columns):
        for i, (x, y) in enumerate(column):
            picked = k == 1 and i == neuron
            look = {"facecolor": "#FCE3D2" if picked else "#DCEAF4", "edgecolor": COLOURS[1] if picked else COLOURS[0],
                    "linewidth": 2.4 if picked else 1.4, "zorder": 4}  # fmt: skip
            ax.add_patch(Circle((x, y), 0.3, **look) if k else Rectangle((x - 0.26, y - 0.26), 0.52, 0.52, **look))
            name = "x" if k == 0 else "z" if k == len(columns) - 1 else "h"
            ax.text(x, y, f"${name}_{i + 1}$", ha="center", va="center", fontsize=13, zorder=5)
        kind = "inputs" if k == 0 else "output layer" if k == len(columns) - 1 else "hidden layer"
        count = f"{len(column)} numbers" if k == 0 else f"{len(column)} neurons"
        ax.text(3.0 * k, max(sizes) / 2 + 0.35, f"{kind}\n{count}", ha="center", va="bottom", fontsize=11)
    terms = " + ".join(f"w_{i + 1} x_{i + 1}" for i in range(sizes[0]))
    ax.text(1.5 * (len(sizes) - 1), -max(sizes) / 2 - 0.35, f"$h_{neuron + 1} = f\\,({terms} + b)$",
            ha="center", va="top", fontsize=13, color=COLOURS[1])  # fmt: skip
    ax.set(xlim=(-1, 3.0 * (len(sizes) - 1) + 1), ylim=(-max(sizes) / 2 - 1, max(sizes) / 2 + 1.2), aspect="equal")
    ax.axis("off")
    return figure


def draw_fit(ax: Axes, x: Tensor, y: Tensor, fitted: Tensor, title: str = "") -> None:
    """Draw data as dots and a fitted curve as a line.

    Args:
        ax: where to draw.
        x: the inputs, N numbers in rising order.
        y: the targets, N numbers.
        fitted: the predictions for x, N numbers.
        title: a short title.
    """
    ax.plot(x.flatten(), y.flatten(), "o", color="#999999", markersize=3, label="data")
    ax.plot(x.flatten(), fitted.flatten(), "-", color=COLOURS[1], linewidth=2.5, label="network")
    margin = 0.15 * (y.max() - y.min()).item()
    ax.set(ylim=(y.min().item() - margin, y.max().item() + margin), title=title, xlabel="x", ylabel="y")


def grid(x: Tensor, points: int = 160) -> Tensor:
    """Return a square grid over the area of two-dimensional data.

    Args:
        x: the data, shape (N, 2).
        points: how many in each direction.

    Returns:
        Shape (points², 2), row by row from the bottom.
    """
    left, right, bottom, top = _area(x)
    second, first = torch.meshgrid(
        torch.linspace(bottom, top, points), torch.linspace(left, right, points), indexing="ij"
    )
    return torch.stack([first.flatten(), second.flatten()], dim=1)


def draw_regions(ax: Axes, x: Tensor, labels: Tensor, regions: Tensor, title: str = "") -> None:
    """Draw points with their class, over the areas where a model says which class, with a thin line at each border.

    Args:
        ax: where to draw.
        x: the points, shape (N, 2).
        labels: their classes, int64 of shape (N,).
        regions: the predicted class at each point of :func:`grid`, int64 of shape (points²,).
        title: a short title.
    """
    side = round(len(regions) ** 0.5)
    classes = int(max(labels.max(), regions.max())) + 1
    ax.imshow(
        regions.view(side, side).numpy(),
        extent=_area(x),
        origin="lower",
        aspect="auto",
        cmap=ListedColormap([COLOURS[i % len(COLOURS)] for i in range(classes)]),
        vmin=0,
        vmax=max(1, classes - 1),
        alpha=0.25,
        interpolation="nearest",
    )
    for i in regions.unique()[1:]:  # in grey print, the pale areas alone would look the same
        inside = (regions == i).view(side, side).float().numpy()
        ax.contour(inside, levels=[0.5], extent=_area(x), origin="lower", colors="#333333", linewidths=0.8)
    for i in range(classes):
        points = x[labels == i]
        ax.plot(
            points[:, 0],
            points[:, 1],
            "o^sDvP*X"[i % 8],
            color=COLOURS[i % len(COLOURS)],
            markersize=4.8,
            markeredgecolor="#FCFCFC",
            markeredgewidth=0.3,
            label=f"class {i}",
        )
    ax.grid(False)
    ax.set(title=title)


def _area(x: Tensor) -> tuple[float, float, float, float]:
    low, high = (x.amin(dim=0) - 0.5).tolist(), (x.amax(dim=0) + 0.5).tolist()
    return low[0], high[0], low[1], high[1]


def activation_curves() -> None:
    """Draw six activation functions, each with its slope, in small panels."""
    _, axes = plt.subplots(2, 3, figsize=(9.6, 5), sharex=True, sharey=True)
    for ax, (name, function) in zip(axes.flat, ACTIVATIONS.items(), strict=True):
        x = torch.linspace(-4, 4, 401, requires_grad=True)
        y = function(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        ax.plot(x.detach(), y.detach(), label="value")
        ax.plot(x.detach(), slope, label="slope")
        ax.set(title=name, ylim=(-1.3, 2.3), xticks=(-4, -2, 0, 2, 4))
    axes.flat[0].legend(fontsize=9, loc="upper left")


def gradient_norms(norms: Mapping[str, Sequence[float]]) -> None:
    """Draw the gradient norm of each layer on a log axis.

    Args:
        norms: for each label, the norms of layers 1, 2, and so on.
    """
    _, ax = plt.subplots(figsize=(7, 3.4))
    for i, (style, (label, values)) in enumerate(zip(curve_styles(), norms.items(), strict=False)):
        ax.plot(range(1, len(values) + 1), values, marker="os^D"[i % 4], label=label, **style)
    ax.set(yscale="log", xlabel="layer (1 is next to the input)", ylabel="gradient norm")
    ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    ax.legend()


def draw_softmax_twice(losses: Mapping[str, Sequence[float]], accuracies: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the loss that each of several runs on ten classes reports, and beside it their accuracies.

    Args:
        losses: for each label, the loss of each step. A dotted line is at the lowest loss that softmax twice can reach.
        accuracies: for each label, the accuracy of each seed.

    Returns:
        The figure.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(1.5, 1))
    loss_curves(losses, left, window=20, title="reported loss, first seed")
    floor = math.log(math.e + 9) - 1
    left.axhline(floor, color="#000000", linestyle=":", linewidth=1.2)
    left.text(max(map(len, losses.values())), 0.94 * floor, f"{floor:.2f}", ha="right", va="top", fontsize=10)
    for i, (style, values) in enumerate(zip(curve_styles(), accuracies.values(), strict=False)):
        right.plot([i] * len(values), values, "os^D"[i % 4], color=style["color"], markersize=8)
        right.text(
            i + 0.12, sum(values) / len(values), f"mean\n{sum(values) / len(values):.2f}", va="center", fontsize=10
        )
    right.set(xticks=range(len(accuracies)), xticklabels=list(accuracies), xlim=(-0.5, len(accuracies) - 0.3))
    right.set(title="accuracy on new digits", ylim=(min(map(min, accuracies.values())) - 0.05, 1))
    return figure


def draw_validation(training: Sequence[float], validation: Sequence[float], lowest: int) -> Figure:
    """Draw the loss on training and validation samples over the steps, with a mark at the lowest validation loss.

    Args:
        training: the loss on the training set before each step.
        validation: the loss on the validation set before each step.
        lowest: the step with the lowest validation loss; the first one is 1.

    Returns:
        The figure.
    """
    figure, ax = plt.subplots(figsize=(7.4, 3.8))
    for style, (label, values) in zip(
        curve_styles(), {"training": training, "validation": validation}.items(), strict=False
    ):
        ax.plot(range(1, len(values) + 1), values, label=label, **style)
    value = validation[lowest - 1]
    ax.plot(lowest, value, "o", color="#000000", markersize=8)
    ax.annotate(f"lowest: {value:.2f}\nat step {lowest}", (lowest, value), xytext=(0, 38),
                textcoords="offset points", ha="center", arrowprops={"arrowstyle": "-", "color": "#555555"})  # fmt: skip
    ax.set(xscale="log", xlabel="step", ylabel="loss", ylim=(0, None))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.legend()
    return figure


def loss_values(loss: str, predictions: Tensor, target: int) -> Tensor:
    """Return the loss of each prediction, measured by PyTorch.

    Args:
        loss: a name in ``LOSSES``.
        predictions: N numbers. For CrossEntropyLoss each one is the score of class 0, beside the scores 0 and 1 of the others.
        target: 0 or 1; for CrossEntropyLoss the class.

    Returns:
        N losses.
    """
    if loss == "CrossEntropyLoss":
        scores = torch.stack([predictions, 0 * predictions, 0 * predictions + 1], dim=1)
        return nn.CrossEntropyLoss(reduction="none")(scores, torch.full((len(predictions),), target))
    return getattr(nn, loss)(reduction="none")(predictions, torch.full_like(predictions, target))


def draw_loss(loss: str, prediction: float, target: int) -> None:
    """Draw a loss and its gradient over the prediction, with a dot at one prediction.

    Args:
        loss: a name in ``LOSSES``.
        prediction: where the dot is.
        target: 0 or 1.

    Raises:
        ValueError: the loss is not known, or the prediction or the target is not possible for it.
    """
    if loss not in LOSSES:
        raise ValueError(f"{loss!r} is not one of {', '.join(LOSSES)}.")
    if target not in (0, 1):
        raise ValueError(f"The target is {target}. Choose 0 or 1.")
    low, high = (0.0, 1.0) if loss == "BCELoss" else (-8.0, 8.0)
    if not low <= prediction <= high:  # also for nan
        kind = "a probability" if loss == "BCELoss" else "a number"
        raise ValueError(f"The prediction is {prediction}. {loss} takes {kind} from {low:g} to {high:g} here.")
    edge = 0.01 if loss == "BCELoss" else 0.0  # the curve ends where it can still be drawn
    x = torch.linspace(low + edge, high - edge, 321, dtype=torch.float64, requires_grad=True)
    dot = torch.tensor([prediction], dtype=torch.float64, requires_grad=True)
    curves, dots = [], []
    for place, found in ((x, curves), (dot, dots)):
        value = loss_values(loss, place, target)
        found += [value.detach(), torch.autograd.grad(value.sum(), place)[0]]
    label = {"BCELoss": "probability", "CrossEntropyLoss": "score of class 0"}.get(loss, "prediction")
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.3))
    for i, (ax, name, style) in enumerate(zip(axes, ("loss", "gradient"), curve_styles(), strict=False)):
        ax.plot(x.detach(), curves[i], **style)
        bottom, top = ax.get_ylim()
        value = dots[i].item()
        ax.plot(prediction, min(max(value, bottom), top), "o", color="#000000", markersize=7, clip_on=False)
        ax.set(xlabel=label, title=f"{name}: {value:.4g}", ylim=(bottom, top))
    figure.suptitle(f"{loss}, target {target}, prediction {prediction:g}", fontsize=11)
