"""Measure speed, as ratios of runs made in turn on this machine: ``python tools/bench.py [--full]``.

--full    train with batch size 1 on all of MNIST as well, and set it beside the published losses
"""

import contextlib
import csv
import io
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

import notebooks
from course_utils import data, explorers, optimizers, plots, training

ROOT = Path(__file__).resolve().parents[1]
LR = 0.01


def new_net() -> nn.Sequential:
    """Return the network of unit 7 with the weights of seed 0."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10))


def prepare(images: Tensor) -> Tensor:
    """Turn uint8 images (N, 28, 28) into float32 rows from -1 to 1."""
    return ((images.float() / 255 - 0.5) / 0.5).flatten(start_dim=1)


def lecture_epoch(make_optimizer: Callable) -> None:
    """Train one epoch as the lecture does: a DataLoader, and a transform that is called for every image."""

    def transform(image: object) -> Tensor:
        pixels = (np.array(image, dtype="float32") / 255 - 0.5) / 0.5
        return torch.from_numpy(pixels.reshape((-1,)))

    loader = DataLoader(data.MNIST(train=True, transform=transform), batch_size=64, shuffle=True)
    net, loss_fn, total = new_net(), nn.CrossEntropyLoss(), 0
    optimizer = make_optimizer(net.parameters())
    for x, y in loader:
        loss = loss_fn(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.data


class LectureSGD(optimizers.SGD):
    """Gradient descent as the lecture writes it: a new tensor takes the place of ``.data``."""

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do θ ← θ − η g."""
        p.data = p.data - self.lr * g.data


def fit_epoch(x: Tensor, y: Tensor) -> None:
    """Train one epoch with the course's loop, loader and optimizer."""
    net = new_net()
    batches = data.TensorBatches(x, y, batch_size=64)
    training.fit(
        net, batches, nn.functional.cross_entropy, optimizers.SGD(net.parameters(), lr=LR), epochs=1, quiet=True
    )


@torch.no_grad()
def floor_epoch(x: Tensor, y: Tensor) -> None:
    """Train one epoch with gradients derived by hand, no autograd, on tensors that are already shuffled."""
    net = new_net()
    w1, b1, w2, b2 = net.parameters()
    for bx, by in zip(x.split(64), y.split(64), strict=True):
        before = torch.addmm(b1, bx, w1.T)
        hidden = before.clamp(min=0)
        log_p = torch.addmm(b2, hidden, w2.T).log_softmax(dim=1)
        (-log_p[torch.arange(len(by)), by].mean()).item()
        g = log_p.exp()
        g[torch.arange(len(by)), by] -= 1
        g /= len(by)
        g_hidden = (g @ w2) * (before > 0)
        for p, grad in ((w2, g.T @ hidden), (b2, g.sum(dim=0)), (w1, g_hidden.T @ bx), (b1, g_hidden.sum(dim=0))):
            p.sub_(grad, alpha=LR)


def seconds(function: Callable, *arguments: object) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def row(name: str, value: str, target: str) -> None:
    """Print one line of the table."""
    print(f"{name:66} {value:>22}   {target}", flush=True)


def bench_loops(x: Tensor, y: Tensor) -> None:
    """Compare the loops, one epoch each, three times in turn."""
    order = torch.randperm(len(x))
    shuffled = x[order], y[order]
    times = [
        (
            seconds(lecture_epoch, lambda p: LectureSGD(p, LR)),
            seconds(fit_epoch, x, y),
            seconds(floor_epoch, *shuffled),
        )
        for _ in range(3)
    ]
    lecture, fit, floor = (statistics.median(column) for column in zip(*times, strict=True))
    row("one epoch: lecture's loop, fit, floor without autograd", f"{lecture:.2f}, {fit:.2f}, {floor:.2f} s", "")
    row("fit is faster than the lecture's loop", f"{lecture / fit:.1f} x", "at least 3.5 x")
    row("fit takes, of the floor", f"{fit / floor:.2f} x", "at most 1.6 x")


def notebook_rules() -> dict:
    """Return the names that notebook 07 defines in the cells with its optimizers, such as ``by_hand`` and ``built_in``."""
    notebook = nbformat.read(ROOT / "notebooks" / "07_mnist_comparison.ipynb", as_version=4)
    names = {"torch": torch, "nn": nn, "data": data, "training": training, "optimizers": optimizers}
    for cell in notebook.cells:
        if cell.id in ("by-hand", "momentum", "adagrad-rmsprop", "adam", "adadelta", "exact", "in-place"):
            source = cell.source.split("\nfor ")[0]  # the definitions, without what the cell shows
            with contextlib.redirect_stdout(io.StringIO()):
                exec(source, names)  # noqa: S102 - it is our own notebook
    return names


def bench_notebook(x: Tensor, y: Tensor) -> None:
    """Compare the training runs of notebook 07 with the lecture's code for the same runs (one of five epochs measured)."""
    rules = notebook_rules()
    by_hand, built_in = rules["by_hand"], rules["built_in"]
    alphas = {str(a): lambda p, a=a: rules["ByHand"](p, rules["rmsprop"], lr=0.001, alpha=a) for a in (0.99, 0.999)}
    single = {"SGD": lambda p: rules["ByHand"](p, rules["sgd"], lr=1.0)}
    test_images, test_labels = data.load_mnist(train=False)
    test = prepare(test_images), test_labels
    lecture = ours = 0.0
    for choices, seeds in (
        (by_hand, (0,)),
        (built_in, (0,)),
        (rules["in_place"], (1, 2)),
        (single, (0,)),
        (alphas, (0,)),
    ):
        ours += seconds(training.compare, new_net(), choices, (x, y), test, 5, 64, seeds)
        lecture += 5 * len(seeds) * sum(seconds(lecture_epoch, make) for make in choices.values())
    row("27 training runs of notebook 07, two side by side", f"{ours:.0f} s", "")
    row("the same runs in the lecture's code, from one epoch each", f"{lecture:.0f} s", "")
    row("the notebook's runs are faster", f"{lecture / ours:.1f} x", "at least 5 x")


def bench_run_all() -> None:
    """Execute a copy of each notebook."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        copy = path.with_name("bench_" + path.name)
        shutil.copy(path, copy)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                duration = seconds(notebooks.execute, copy)
        finally:
            copy.unlink()
        row(f"{path.stem}, executed whole", f"{duration:.0f} s", "at most 150 s")


def bench_explorers() -> None:
    """Measure how long each explorer takes to draw its picture again, rendered as a notebook shows it."""

    def redraw(draw: Callable, state: dict) -> None:
        draw(**state)
        plt.gcf().savefig(io.BytesIO(), format="png")
        plt.close("all")

    plots.use_style()
    for name in ("broadcast", "memory_order", "backward_steps", "batches", "losses"):
        with mock.patch.object(explorers, "explore") as explore:
            getattr(explorers, name)()
        draw, _, states = explore.call_args.args
        # the first round loads fonts and modules, so it does not count for the longest
        times = [seconds(redraw, draw, state) for _ in range(5) for state in states]
        row(
            f"explorer {name}: redraw, median and longest",
            f"{1000 * statistics.median(times):.0f}, {1000 * max(times[len(states) :]):.0f} ms",
            "at most 150 ms",
        )


def bench_import() -> None:
    """Measure what ``import course_utils`` adds to ``import torch``."""
    times = {code: [] for code in ("import torch", "import torch, course_utils")}
    for _ in range(6):
        for code, found in times.items():
            found.append(seconds(lambda code=code: subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)))
    torch_alone, both = (statistics.median(found[1:]) for found in times.values())
    row("import torch", f"{torch_alone:.2f} s", "")
    row("import course_utils adds", f"{both - torch_alone:.2f} s", "at most 0.3 s")


def bench_single_images(x: Tensor, y: Tensor) -> None:
    """Train with batch size 1 on everything, five epochs, and compare with the published losses."""
    net = new_net()
    history = training.fit(
        net,
        data.TensorBatches(x, y, 1),
        nn.functional.cross_entropy,
        optimizers.SGD(net.parameters(), lr=LR),
        5,
        quiet=True,
    )
    with (data.FOLDER / "published_mnist_losses.csv").open(newline="") as file:
        published = next(r for r in csv.DictReader(file) if r["batch_size"] == "1")
    ours = ", ".join(f"{loss:.3f}" for loss in history.epoch_losses)
    row("batch size 1 on 60,000 images, five epochs", f"{history.seconds:.0f} s", "")
    row(
        "its epoch losses", ours, "published: " + ", ".join(f"{float(published[f'epoch{e}']):.3f}" for e in range(1, 6))
    )


def main(arguments: list[str]) -> int:
    """Print the table; return the exit status."""
    if arguments not in ([], ["--full"]):
        print(__doc__)
        return 2
    os.environ["COURSE_STATIC"] = "1"  # no progress bars between the rows
    torch.set_num_threads(1)
    images, y = data.load_mnist(train=True)
    if len(y) != 60_000:
        sys.exit("The benchmark needs the real MNIST. Go online, or set COURSE_MNIST, and try again.")
    x = prepare(images)
    bench_import()
    bench_explorers()
    bench_loops(x, y)
    bench_notebook(x, y)
    bench_run_all()
    if arguments:
        bench_single_images(x, y)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
