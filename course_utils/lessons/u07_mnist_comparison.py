"""What unit 7 needs beside its notebook: its network and inputs, the published and the recorded results, drawn digits, votes."""

import csv
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from course_utils import data

Stroke = Sequence[Sequence[float]]  # points (x, y) from 0 to 1, y downwards
PEN = 1.1  # half the width of a line, in pixels of the 28x28 image: MNIST's lines are 2 to 3 pixels wide


def network(seed: int = 0) -> nn.Sequential:
    """Make the network of the units 3 and 7: 784 inputs, 200 ReLUs, 10 scores.

    Args:
        seed: seeds PyTorch's global generator, from which the weights are drawn.
    """
    torch.default_generator.manual_seed(seed)  # that of the CPU, and no other
    return nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10))


def prepare(images: Tensor) -> Tensor:
    """Turn images, uint8 of shape (N, 28, 28), into inputs from -1 to 1, float32 of shape (N, 784)."""
    return ((images.float() / 255 - 0.5) / 0.5).flatten(start_dim=1)


# how the published file writes the six settings: optimizer, learning rate
_PUBLISHED = {
    "SGD": ("sgd", "0.01"),
    "Momentum": ("momentum 0.9", "0.01"),
    "Adagrad": ("adagrad", "0.01"),
    "RMSprop": ("rmsprop alpha=0.9", "0.001"),
    "Adadelta": ("adadelta rho=0.9", ""),
    "Adam": ("adam", "0.001"),
}


def published() -> dict[str, list[float]]:
    """Return the losses of five epochs that the lecture published for each of six methods, one run each, batches of 64.

    Raises:
        ValueError: the file is missing or was changed.
    """
    with open(data.published_path(), encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["implementation"] == "hand-written" and r["batch_size"] == "64"]
    table = {(r["optimizer"], r["lr"]): [float(r[f"epoch{e}"]) for e in range(1, 6)] for r in rows}
    return {name: table[key] for name, key in _PUBLISHED.items()}


def study() -> list[dict[str, str | int | float]]:
    """Return the runs of the recorded study, as ``make study`` wrote them.

    Returns:
        One dictionary for each run: ``stage`` ("sweep", judged on validation, or "final", also tested), ``method``, ``lr``,
        ``batch_size``, ``schedule``, ``seed``, ``epochs``; ``train_loss``, ``train_accuracy``, ``validation_loss``,
        ``validation_accuracy`` and ``test_accuracy``, nan where there is none; ``goal_step``; ``seconds``; and what it ran on.

    Raises:
        ValueError: the file is missing or was changed.
    """
    with open(data.bundled("optimizer_study.csv"), encoding="utf-8", newline="") as file:
        return [{name: _number(text) for name, text in row.items()} for row in csv.DictReader(file)]


def _number(text: str) -> str | int | float:
    """Return the number that a text is, or the text where it is none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def to_image(strokes: Sequence[Stroke]) -> Tensor:
    """Turn strokes into an image as those of MNIST: scaled to a box of 20x20, with its centre of mass in the middle of 28x28.

    Args:
        strokes: lists of points (x, y) from 0 to 1, y downwards.

    Returns:
        uint8 of shape (28, 28), white lines (255) on black (0).

    Raises:
        ValueError: there is no stroke, or a point is not a pair of numbers.
    """
    try:
        lines = [torch.tensor(stroke, dtype=torch.float32).reshape(-1, 2) for stroke in strokes if len(stroke)]
        points = torch.cat(lines)
    except (RuntimeError, TypeError, ValueError):
        raise ValueError("Draw a digit in the black square: one stroke or more.") from None
    if not points.isfinite().all():
        raise ValueError("A point of a stroke is not a number. Clear the square, and draw again.")
    low, high = points.amin(dim=0), points.amax(dim=0)
    room = 20 - 2 * PEN  # a line is half a pen wider than its points, on each side
    scale = room / (high - low).max().clamp(min=0.05)  # a dot stays a dot
    lines = [(line - (low + high) / 2) * scale + 14 for line in lines]
    image = _ink(lines)
    grid = torch.arange(28) + 0.5
    centre = torch.stack([(image.sum(dim=0) * grid).sum(), (image.sum(dim=1) * grid).sum()]) / image.sum()
    shift = (14 - centre).clamp(-4, 4)  # the box stays inside the image
    return (_ink([line + shift for line in lines]) * 255).round().to(torch.uint8)


def _ink(lines: Sequence[Tensor]) -> Tensor:
    """Return how much of each pixel the lines cover, from 0 to 1, by its distance from the nearest piece of a line."""
    second, first = torch.meshgrid(torch.arange(28) + 0.5, torch.arange(28) + 0.5, indexing="ij")
    pixels = torch.stack([first, second], dim=-1).reshape(-1, 1, 2)
    starts = torch.cat([line[: max(1, len(line) - 1)] for line in lines])
    ends = torch.cat([line[min(1, len(line) - 1) :] for line in lines])
    along = ends - starts
    t = ((pixels - starts) * along).sum(dim=-1) / (along**2).sum(dim=-1).clamp(min=1e-12)
    nearest = starts + t.clamp(0, 1).unsqueeze(-1) * along
    distance = (pixels - nearest).norm(dim=-1).amin(dim=1)
    return (PEN + 0.5 - distance).clamp(0, 1).reshape(28, 28)


@torch.no_grad()
def votes(models: Mapping[str, nn.Module], images: Tensor) -> Tensor:
    """Ask each network for its probabilities.

    Args:
        models: networks that take float32 rows (N, 784) from −1 to 1 and return scores (N, 10), each with its name.
        images: uint8 of shape (N, 28, 28).

    Returns:
        Probabilities, float32 of shape (networks, N, 10), on the CPU, wherever the networks are.

    Raises:
        ValueError: there is no network.
    """
    if not models:
        raise ValueError("There is no network to vote. Give a dictionary such as {'Adam': model}.")
    x = prepare(images)
    places = [next(model.parameters(), x).device for model in models.values()]
    return torch.stack(
        [model(x.to(place)).softmax(dim=1).cpu() for model, place in zip(models.values(), places, strict=True)]
    )
