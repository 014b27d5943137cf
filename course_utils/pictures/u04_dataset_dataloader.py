"""Pictures of unit 4: what each step of a DataLoader sees."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch.utils.data import DataLoader

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_SAMPLES, MAX_BATCH = 24, 24
BATCH_STATES = (
    {"samples": 10, "batch_size": 4, "shuffle": False, "drop_last": False},
    {"samples": 10, "batch_size": 4, "shuffle": True, "drop_last": False},
    {"samples": 10, "batch_size": 4, "shuffle": True, "drop_last": True},
    {"samples": 5, "batch_size": 1, "shuffle": True, "drop_last": False},
    {"samples": 12, "batch_size": 12, "shuffle": True, "drop_last": False},
)


def batch_plan(samples: int, batch_size: int, shuffle: bool, drop_last: bool, epochs: int = 2) -> list[list[list[int]]]:
    """Return the sample numbers of each batch of each epoch, as a DataLoader yields them.

    Args:
        samples: how many samples the dataset has, from 1 to 24.
        batch_size: samples in a batch, from 1 to 24.
        shuffle: a new order in each epoch.
        drop_last: leave out a last batch that is shorter.
        epochs: how often all samples are read.

    Raises:
        ValueError: a number is outside its range.
    """
    for name, number, most in (("samples", samples, MAX_SAMPLES), ("batch_size", batch_size, MAX_BATCH)):
        if not isinstance(number, int) or not 1 <= number <= most:
            raise ValueError(f"{name} is {number!r}. Choose a whole number from 1 to {most}.")
    generator = torch.Generator().manual_seed(1)
    numbers = torch.arange(samples)
    loader = DataLoader(numbers, batch_size, shuffle=shuffle, drop_last=drop_last, generator=generator)
    return [[batch.tolist() for batch in loader] for _ in range(epochs)]


def draw_batches(samples: int, batch_size: int, shuffle: bool, drop_last: bool) -> "Figure":
    """Draw what each step of two epochs sees: one row of numbered samples for each batch.

    Args:
        samples: as for :func:`batch_plan`, as are the others.
        batch_size: samples in a batch.
        shuffle: a new order in each epoch.
        drop_last: leave out a last batch that is shorter.

    Returns:
        The figure.

    Raises:
        ValueError: a number is outside its range.
    """
    plan = batch_plan(samples, batch_size, shuffle, drop_last)
    rows = max(len(plan[0]), 1) + bool(drop_last and samples % batch_size)
    width = min(batch_size, samples)
    figure, axes = plt.subplots(1, 2, figsize=(9, 1.0 + max(rows * min(0.34, 3.6 / width), 0.4)))
    chosen = ["shuffle"] * shuffle + ["drop_last"] * drop_last
    figure.suptitle(", ".join([f"{samples} samples", f"batch size {batch_size}", *chosen]), fontsize=12)
    for epoch, (ax, batches) in enumerate(zip(axes, plan, strict=True), start=1):
        seen = {number for batch in batches for number in batch}
        lost = [number for number in range(samples) if number not in seen]
        for row, batch in enumerate(batches):
            _row(ax, row, batch, samples, 1.0)
        labels = [f"step {(epoch - 1) * len(batches) + row + 1}" for row in range(len(batches))]
        if lost:
            _row(ax, len(batches), lost, samples, 0.25)
            labels.append("left out")
        ax.set_yticks(range(len(labels)), labels, fontsize=9)
        ax.set(xlim=(-0.6, max(width, len(lost)) - 0.4), ylim=(max(len(labels), 1) - 0.45, -0.55), xticks=[])
        ax.set_title(f"epoch {epoch}: {len(batches)} step{'' if len(batches) == 1 else 's'}", fontsize=11)
        ax.set_aspect("equal", anchor="NW")
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    return figure


def _row(ax: Axes, row: int, batch: list[int], samples: int, alpha: float) -> None:
    """Draw one batch. The colour of a sample tells its place in the dataset, from dark to light."""
    for column, number in enumerate(batch):
        share = number / max(samples - 1, 1)
        colour = plt.get_cmap("viridis")(share)
        ax.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor=colour, alpha=alpha))
        text = "white" if share < 0.6 and alpha == 1.0 else "black"
        ax.text(column, row, str(number), ha="center", va="center", fontsize=8, color=text)
