"""Pictures of networks that learn: fits, decision regions, activation functions and losses."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor, nn

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
    {"loss": loss, "prediction": 0.02 if loss == "BCELoss" else -5.0, "target": int(loss != "CrossEntropyLoss")}
    for loss in LOSSES
]


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
    ax.set(ylim=(y.min().item() - margin, y.max().item() + margin), title=title)


def grid(x: Tensor, points: int = 80) -> Tensor:
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
    """Draw points with their class, over the areas where a model says which class.

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
    for i in range(classes):
        points = x[labels == i]
        ax.plot(
            points[:, 0],
            points[:, 1],
            "o^sDvP*X"[i % 8],
            color=COLOURS[i % len(COLOURS)],
            markersize=3.5,
            label=f"class {i}",
        )
    ax.grid(False)
    ax.set(title=title)


def _area(x: Tensor) -> tuple[float, float, float, float]:
    low, high = (x.amin(dim=0) - 0.5).tolist(), (x.amax(dim=0) + 0.5).tolist()
    return low[0], high[0], low[1], high[1]


def activation_curves() -> None:
    """Draw six activation functions, each with its gradient, in small panels."""
    _, axes = plt.subplots(2, 3, figsize=(9.6, 5), sharex=True, sharey=True)
    for ax, (name, function) in zip(axes.flat, ACTIVATIONS.items(), strict=True):
        x = torch.linspace(-4, 4, 401, requires_grad=True)
        y = function(x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        ax.plot(x.detach(), y.detach(), label="value")
        ax.plot(x.detach(), slope, label="gradient")
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
