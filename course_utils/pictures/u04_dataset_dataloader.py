"""Pictures of unit 4: three ways to descend, a sample on its way through a DataLoader, batches, and workers over time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.utils.data import DataLoader

from course_utils.pictures.style import COLOURS

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
    box = min(0.34, 3.6 / width)  # inches
    size = max(2 * width * box + 2.2, 4.6), 1.0 + max(rows * box, 0.4)
    figure, axes = plt.subplots(1, 2, figsize=size)
    chosen = ["shuffle"] * shuffle + ["drop_last"] * drop_last
    figure.suptitle(", ".join([f"{samples} samples", f"batch size {batch_size}", *chosen]), fontsize=12)
    for epoch, (ax, batches) in enumerate(zip(axes, plan, strict=True), start=1):
        seen = {number for batch in batches for number in batch}
        lost = [number for number in range(samples) if number not in seen]
        for row, batch in enumerate(batches):
            _row(ax, row, batch, samples, 1.0)
        labels = [f"step {(epoch - 1) * len(batches) + row + 1}" for row in range(len(batches))]
        if lost:
            _row(ax, len(batches), lost, samples, 0.4)
            labels.append("left out")
        ax.set_yticks(range(len(labels)), labels, fontsize=9)
        ax.set(xlim=(-0.6, max(width, len(lost)) - 0.4), ylim=(max(len(labels), 1) - 0.45, -0.55), xticks=[])
        ax.set_title(f"epoch {epoch}: {len(batches)} step{'' if len(batches) == 1 else 's'}", fontsize=11)
        ax.set_aspect("equal", anchor="N")
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    return figure


def draw_descents(paths: Mapping[str, Sequence[tuple[float, float]]], x: Tensor, y: Tensor) -> "Figure":
    """Draw paths of (w, b) over contours of the mean squared error of the line w x + b on all samples, and its lowest point.

    Args:
        paths: for each name the places (w, b), from the start on; at most three paths.
        x: float64 of shape (N,).
        y: float64 of shape (N,).

    Returns:
        The figure.
    """
    columns = torch.stack([x, torch.ones_like(x)], dim=1)
    best = torch.linalg.lstsq(columns, y.unsqueeze(1)).solution.flatten().tolist()
    ws, bs = torch.meshgrid(torch.linspace(-0.05, 1.2, 60), torch.linspace(-0.05, 0.9, 60), indexing="ij")
    losses = ((ws[..., None] * x + bs[..., None] - y) ** 2).mean(dim=-1)
    figure, ax = plt.subplots(figsize=(8, 4.8))
    levels = [0.05, 0.07, 0.1, 0.2, 0.5, 1, 2]
    ax.contour(ws.numpy(), bs.numpy(), losses.numpy(), levels, colors="#999999", linewidths=1)
    # the white edges keep the second path apart from the third one in print without colours
    looks = ("o", 7, 1.0, 1.6, COLOURS[0]), ("s", 6, 1.0, 0.8, "white"), (".", 2, 0.25, 0.8, COLOURS[2])
    for i, (name, path) in reversed(list(enumerate(paths.items()))):  # the path with the most steps lies lowest
        marker, size, alpha, width, edge = looks[i]
        look = {"ms": size, "mec": edge, "mew": 0.6, "color": COLOURS[i], "lw": width, "alpha": alpha}
        ax.plot(*zip(*path, strict=True), marker, ls="-", label=name, **look)
    ax.plot(*best, "k*", markersize=17, mec="white", label="best line")
    ax.set(xlabel="w", ylabel="b", title="ten epochs, learning rate 0.05 for all")
    for handle in ax.legend(loc="lower right", frameon=True, edgecolor="none", framealpha=1).legend_handles:
        handle.set_alpha(1)
    return figure


def draw_loader(samples: int = 6, batch_size: int = 2) -> "Figure":
    """Draw the way of the samples through a shuffling DataLoader: dataset, order of the sampler, batches.

    Args:
        samples: how many samples the dataset has.
        batch_size: samples in a batch.

    Returns:
        The figure.
    """
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(range(samples), batch_size, shuffle=True, generator=generator)
    batches = [batch.tolist() for batch in loader]
    figure, ax = plt.subplots(figsize=(8, 1.0 + 0.5 * samples))
    gap = 0.35  # between the groups
    top = gap * (len(batches) - 1) / 2  # puts the dataset at half height
    for number in range(samples):
        _box(ax, 0, number + top, number, samples)
    row = 0.0
    for batch in batches:
        middle = row + (len(batch) - 1) / 2
        for place, number in enumerate(batch):
            line = {"arrowstyle": "-|>", "color": "#555555", "lw": 1}
            ax.annotate("", (4.45, row), (0.55, number + top), arrowprops=line)
            _box(ax, 5, row, number, samples)
            ax.annotate("", (9.3, middle), (5.55, row), arrowprops=line)
            _box(ax, 10 + place, middle, number, samples)
            row += 1
        corner = (9.38, middle - 0.62)
        ax.add_patch(Rectangle(corner, len(batch) + 0.24, 1.24, fill=False, edgecolor="black", lw=2))
        row += gap
    places = (
        (0, "dataset"),
        (5, f"sampler: an order,\ncut by batch_size={batch_size}"),
        (9.5 + batch_size / 2, "collate: batches"),
    )
    for x, text in places:
        ax.text(x, -1.0, text, ha="center", va="bottom", fontsize=11)
    ax.set(xlim=(-2, 12 + batch_size / 2), ylim=(row - gap - 0.4, -2.2), aspect="equal")
    ax.axis("off")
    return figure


class Work(NamedTuple):
    """One batch is read or trained by a process, from ``start`` to ``end``; ``process`` is -1 for the main one, else a worker."""

    process: int
    kind: str
    batch: int
    start: float
    end: float


def worker_schedule(batches: int, read: float, train: float, workers: int) -> list[Work]:
    """Return when each batch is read and trained on, where workers read in turn and at most two batches each ahead.

    Args:
        batches: how many batches there are.
        read: how long it takes to read a batch.
        train: how long it takes to train on a batch.
        workers: how many processes read; with 0 the main process does.

    Returns:
        For each batch, its reading and its training.
    """
    free = [0.0] * max(workers, 1)  # when each reader can begin its next batch
    begun: list[float] = []  # when the training on each batch began
    main, works = 0.0, []
    for batch in range(batches):
        reader = batch % len(free)
        asked = begun[batch - 2 * workers] if 0 < 2 * workers <= batch else 0.0  # PyTorch's prefetch_factor is 2
        start = max(free[reader], asked) if workers else main
        free[reader] = start + read
        works.append(Work(reader if workers else -1, "read", batch, start, start + read))
        begun.append(max(main, start + read))
        main = begun[-1] + train
        works.append(Work(-1, "train", batch, begun[-1], main))
    return works


def draw_workers(batches: int = 6, read: float = 2, train: float = 1, workers: int = 2) -> "Figure":
    """Draw reading and training over time, without workers and with some; the times are set, not measured.

    Args:
        batches: how many batches there are.
        read: how long it takes to read a batch.
        train: how long it takes to train on a batch.
        workers: how many workers the lower part has.

    Returns:
        The figure.
    """
    figure, axes = plt.subplots(2, 1, figsize=(8, 2.4 + 0.4 * workers), sharex=True, height_ratios=[1.4, workers + 1.4])
    looks = {"read": ("#D6E6F2", "black"), "train": (COLOURS[0], "white")}
    for ax, count in zip(axes, (0, workers), strict=True):
        works = worker_schedule(batches, read, train, count)
        for work in works:
            row = count if work.process < 0 else work.process
            face, text = looks[work.kind]
            label = work.kind if work.batch == 0 and not count else None
            width = work.end - work.start
            ax.barh(row, width, 0.8, left=work.start, color=face, edgecolor="black", lw=0.8, label=label)
            ax.text(work.start + width / 2, row, str(work.batch), ha="center", va="center", color=text, fontsize=10)
        end = works[-1].end
        ax.axvline(end, color="black", lw=1.2, ls="--")
        ax.text(end + 0.15, 0, f"end: {end:g}", va="center", fontsize=10)
        ax.set_yticks(range(count + 1), [f"worker {i}" for i in range(count)] + ["your process"])
        ax.set(ylim=(count + 0.6, -0.6), title=f"num_workers={count}")
        ax.grid(False, axis="y")
    axes[1].set(xlabel="time", xlim=(0, 1.12 * batches * (read + train)))
    axes[1].xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
    return figure


def draw_times(milliseconds: Mapping[str, float]) -> "Figure":
    """Draw one bar for each measured time.

    Args:
        milliseconds: the time of each name.

    Returns:
        The figure.
    """
    figure, ax = plt.subplots(figsize=(8, 0.8 + 0.45 * len(milliseconds)))
    bars = ax.barh(list(milliseconds), list(milliseconds.values()), color=COLOURS[0])
    ax.bar_label(bars, fmt=" %.0f ms")
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.set(xlabel="milliseconds for one pass", title="reading in batches of 64")
    return figure


def _row(ax: Axes, row: int, batch: list[int], samples: int, alpha: float) -> None:
    """Draw one batch, a box for each sample."""
    for column, number in enumerate(batch):
        _box(ax, column, row, number, samples, alpha)


def _box(ax: Axes, x: float, y: float, number: int, samples: int, alpha: float = 1.0) -> None:
    """Draw one sample. Its colour tells its place in the dataset, from dark to light."""
    share = number / max(samples - 1, 1)
    colour = plt.get_cmap("viridis")(share)
    ax.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, facecolor=colour, alpha=alpha))
    text = "white" if share < 0.6 and alpha == 1.0 else "black"
    ax.text(x, y, str(number), ha="center", va="center", fontsize=8, color=text)
