"""Draw a digit, and let trained networks vote on it: the pad, the picture of the votes, and ten test digits as examples."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from course_utils.plots import COLOURS

Stroke = Sequence[Sequence[float]]  # points (x, y) from 0 to 1, y downwards
PEN = 1.1  # half the width of a line, in pixels of the 28x28 image: MNIST's lines are 2 to 3 pixels wide

# Runs in the page. A pointer is a mouse, a pen or a finger. After each stroke all strokes go to Python as `value`.
_PAGE = """
export default { render({ model, el }) {
  const pad = document.createElement("canvas"), clear = document.createElement("button"), size = 224;
  pad.width = pad.height = size;
  pad.style.cssText = "border: 1px solid #888; background: #000; cursor: crosshair; touch-action: none; display: block";
  pad.setAttribute("aria-label", "Draw a digit here");
  clear.textContent = "Clear";
  clear.className = "jupyter-button widget-button";
  el.append(pad, clear);
  const ink = pad.getContext("2d");
  let strokes = [], current = null;
  const redraw = () => {
    ink.clearRect(0, 0, size, size);
    ink.strokeStyle = "#fff"; ink.lineWidth = 14; ink.lineCap = ink.lineJoin = "round";
    for (const stroke of [...strokes, ...(current ? [current] : [])]) {
      ink.beginPath();
      ink.moveTo(stroke[0][0] * size, stroke[0][1] * size);
      for (const [x, y] of stroke) ink.lineTo(x * size, y * size);
      ink.stroke();
    }
  };
  const point = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const send = () => { model.set("value", strokes); model.save_changes(); };
  pad.onpointerdown = (event) => { pad.setPointerCapture(event.pointerId); current = [point(event)]; redraw(); };
  pad.onpointermove = (event) => { if (current) { current.push(point(event)); redraw(); } };
  pad.onpointerup = pad.onpointercancel = () => {
    if (current) { strokes = [...strokes, current]; current = null; redraw(); send(); }
  };
  clear.onclick = () => { strokes = []; current = null; redraw(); send(); };
  model.on("change:value", () => { strokes = model.get("value"); redraw(); });
  strokes = model.get("value");
  redraw();
} };
"""


def pad() -> Any:
    """Make a widget to draw on. Its ``value`` is the list of strokes; it changes at the end of each stroke.

    Source: https://anywidget.dev/en/getting-started/
    """
    import anywidget
    import traitlets

    class Pad(anywidget.AnyWidget):
        _esm = _PAGE
        value = traitlets.List([]).tag(sync=True)

    return Pad()


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
    x = images.float().flatten(1) / 127.5 - 1
    return torch.stack([model(x).softmax(dim=1) for model in models.values()])


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
