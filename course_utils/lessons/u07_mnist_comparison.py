"""What unit 7 needs beside its notebook: its network, its inputs, drawn digits, and the votes of several networks."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

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
        Probabilities, float32 of shape (networks, N, 10).

    Raises:
        ValueError: there is no network.
    """
    if not models:
        raise ValueError("There is no network to vote. Give a dictionary such as {'Adam': model}.")
    x = prepare(images)
    return torch.stack([model(x).softmax(dim=1) for model in models.values()])
