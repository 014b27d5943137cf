"""Measure speed, as ratios of runs made in turn on this machine: ``python -m tools.bench [--full] [PART ...]``.

The parts are import, explorers, explorables, data, loops, comparison and notebooks; all of them where none is named. One table
stands at the end. --full adds two long parts: batch size 1 on all of MNIST, beside the published losses; and the whole of
``make test``.
"""

import csv
import gzip
import inspect
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course_utils import data, explorers, optimizers, training
from course_utils.lessons.u07_mnist_comparison import network, prepare
from course_utils.pictures import style
from tools import PATHS, ROOT, code_cells, explorables, notebook_files

LR = 0.01
TABLE: list[tuple[str, str, str]] = []  # what was measured, the figure, the target


def lecture_epoch(make_optimizer: Callable) -> None:
    """Train one epoch as the lecture does: a DataLoader, and a transform that is called for every image."""

    def transform(image: object) -> Tensor:
        pixels = (np.array(image, dtype="float32") / 255 - 0.5) / 0.5
        return torch.from_numpy(pixels.reshape((-1,)))

    loader = DataLoader(data.MNIST(train=True, transform=transform), batch_size=64, shuffle=True)
    net, loss_fn, total = network(), nn.CrossEntropyLoss(), 0
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
    net = network()
    batches = data.TensorBatches(x, y, batch_size=64)
    training.fit(
        net, batches, nn.functional.cross_entropy, optimizers.SGD(net.parameters(), lr=LR), epochs=1, quiet=True
    )


@torch.no_grad()
def floor_epoch(x: Tensor, y: Tensor) -> None:
    """Train one epoch with gradients derived by hand, no autograd, on tensors that are already shuffled."""
    net = network()
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


def in_turn(*functions: Callable, rounds: int = 3) -> list[float]:
    """Call functions in turn, several times; return the median time of each."""
    times = [[seconds(function) for function in functions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def row(name: str, value: str, target: str = "") -> None:
    """Keep one line for the table, and say that something was measured."""
    TABLE.append((name, value, target))
    print(f"measured: {name}", file=sys.stderr, flush=True)


def bench_loops(x: Tensor, y: Tensor) -> None:
    """Compare the loops, one epoch each, three times in turn."""
    order = torch.randperm(len(x))
    shuffled = x[order], y[order]
    lecture, fit, floor = in_turn(
        lambda: lecture_epoch(lambda p: LectureSGD(p, LR)), lambda: fit_epoch(x, y), lambda: floor_epoch(*shuffled)
    )
    row("one epoch: lecture's loop, fit, floor without autograd", f"{lecture:.2f}, {fit:.2f}, {floor:.2f} s")
    row("fit is faster than the lecture's loop", f"{lecture / fit:.1f} x", "at least 3.5 x")
    row("fit takes, of the floor", f"{fit / floor:.2f} x", "at most 1.6 x")


def lecture_settings() -> dict[str, Callable]:
    """Return the dictionary ``lecture`` of notebook 07: six methods with the learning rates of the lecture."""
    notebook = nbformat.read(ROOT / "notebooks" / "07_mnist_comparison.ipynb", as_version=4)
    (source,) = [cell.source for cell in notebook.cells if cell.id == "race-figure"]
    names = {"optimizers": optimizers}
    exec(source.partition("\nrace = ")[0], names)  # noqa: S102 - it is our own notebook
    return names["lecture"]


def bench_notebook(x: Tensor, y: Tensor) -> None:
    """Compare the lecture's six runs as notebook 07 makes them with the lecture's code (one of five epochs measured)."""
    test_images, test_labels = data.load_mnist(train=False)
    lecture = lecture_settings()
    ours = seconds(training.compare, network(), lecture, (x, y), (prepare(test_images), test_labels), 5, 64)
    theirs = 5 * sum(seconds(lecture_epoch, make) for make in lecture.values())
    row("six training runs of notebook 07, two side by side", f"{ours:.0f} s")
    row("the same runs in the lecture's code, from one epoch each", f"{theirs:.0f} s")
    row("the notebook's runs are faster", f"{theirs / ours:.1f} x", "at least 5 x")


def bench_run_all() -> None:
    """Execute a copy of each notebook, beside a kernel that only starts and runs the setup cell."""
    for path in PATHS:
        notebook, folder = nbformat.read(path, as_version=4), path.parent
        (setup,) = code_cells(notebook, "setup")
        start = seconds(notebook_files.run, nbformat.v4.new_notebook(cells=[setup]), folder)
        whole = seconds(notebook_files.run, notebook, folder)
        row(f"{path.stem}: Run All, of the setup cell alone", f"{whole:.0f} s, {whole / start:.0f} x", "at most 150 s")


def bench_explorers() -> None:
    """Measure how long each explorer takes to draw its picture again, beside an empty figure; rendered as a notebook shows it."""

    def redraw(draw: Callable, state: dict) -> None:
        draw(**state)
        plt.gcf().savefig(io.BytesIO(), format="png")
        plt.close("all")

    style.use_style()
    empty = statistics.median(seconds(redraw, lambda: plt.subplots(), {}) for _ in range(9))
    row("an empty figure", f"{1000 * empty:.0f} ms")
    public = {name: f for name, f in vars(explorers).items() if inspect.isfunction(f) and not name.startswith("_")}
    for name, explorer in public.items():
        # `explore` itself is none, and one that needs arguments, such as trained networks, cannot be called here
        if explorer.__module__ != explorers.__name__ or inspect.signature(explorer).parameters:
            continue
        with mock.patch.object(explorers, "explore") as explore:
            explorer()
        draw, _, states = explore.call_args.args
        # the first round loads fonts and modules, so it does not count for the longest
        times = [seconds(redraw, draw, state) for _ in range(5) for state in states]
        typical, longest = statistics.median(times), max(times[len(states) :])
        value = f"{1000 * typical:.0f}, {1000 * longest:.0f} ms, {typical / empty:.1f} x"
        row(f"explorer {name}: redraw, median and longest, of an empty figure", value, "at most 150 ms")


def bench_data() -> None:
    """Compare load_mnist with the floor, which only unpacks the files, and with torchvision's reading of the unpacked files."""
    from torchvision.datasets import MNIST

    packed = {name: data._read_mnist(name) for name in data.MNIST_FILES}
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name, content in packed.items():
            (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress(content))

        def floor() -> None:
            for content in packed.values():
                np.frombuffer(gzip.decompress(content), dtype=np.uint8)

        ours, least, torchvision = in_turn(lambda: data.load_mnist(True), floor, lambda: MNIST(folder), rounds=5)
    row("60,000 images: load_mnist, floor, torchvision", f"{ours:.2f}, {least:.2f}, {torchvision:.2f} s")
    row("load_mnist takes, of unpacking alone", f"{ours / least:.2f} x", "at most 2 x")


def bench_explorables() -> None:
    """Measure how soon the explorables follow the hand, in chromium."""
    for name, times in explorables.measure().items():
        figures = "; ".join(f"{t:.0f} ms" for t in times)
        row(f"{name}: first picture; hand to picture, median and 95 %", figures, "at most 200; 16; 33 ms")


def bench_import() -> None:
    """Measure what ``import course_utils`` adds to ``import torch``."""
    commands = ([sys.executable, "-c", f"import {names}"] for names in ("torch", "torch, course_utils"))
    torch_alone, both = in_turn(*(partial(subprocess.run, c, cwd=ROOT, check=True) for c in commands), rounds=5)
    row("import torch", f"{torch_alone:.2f} s")
    added = both - torch_alone
    row("import course_utils adds, of import torch", f"{added:.2f} s, {added / torch_alone:.2f} x", "at most 0.3 s")


def bench_single_images(x: Tensor, y: Tensor) -> None:
    """Train with batch size 1 on everything, five epochs, and compare with the published losses."""
    net = network()
    batches, optimizer = data.TensorBatches(x, y, 1), optimizers.SGD(net.parameters(), lr=LR)
    history = training.fit(net, batches, nn.functional.cross_entropy, optimizer, 5, quiet=True)
    with data.published_path().open(encoding="utf-8", newline="") as file:
        published = next(r for r in csv.DictReader(file) if r["batch_size"] == "1")
    ours, theirs = history.epoch_losses, [float(published[f"epoch{e}"]) for e in range(1, 6)]
    row("batch size 1 on 60,000 images, five epochs", f"{history.seconds:.0f} s")
    row("its epoch losses, and the published ones", *(", ".join(f"{loss:.3f}" for loss in v) for v in (ours, theirs)))


def bench_tests() -> None:
    """Measure the whole of `make test`, beside the checks that come before the tests."""
    check, test = in_turn(
        *(partial(subprocess.run, ["make", goal], cwd=ROOT, check=True) for goal in ("check", "test")), rounds=1
    )
    row("make check, make test", f"{check:.0f}, {test:.0f} s", "at most 15 minutes")


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parts = {
        "import": bench_import, "explorers": bench_explorers, "explorables": bench_explorables,
        "data": bench_data, "loops": lambda: bench_loops(x, y),
        "comparison": lambda: bench_notebook(x, y), "notebooks": bench_run_all,
    }  # fmt: skip
    full, chosen = "--full" in arguments, [a for a in arguments if a != "--full"]
    if not set(chosen) <= set(parts):
        print(__doc__)
        return 2
    os.environ.update(COURSE_STATIC="1", COURSE_DEVICE="cpu")  # no progress bars; the same device everywhere
    torch.set_num_threads(1)
    images, y = data.load_mnist(train=True)
    if len(y) != 60_000:
        sys.exit("The benchmark needs the real MNIST. Go online, or set COURSE_MNIST, and try again.")
    x = prepare(images)
    for name in chosen or parts:
        parts[name]()
    if full:
        bench_single_images(x, y)
        bench_tests()
    for name, value, target in TABLE:
        print(f"{name:68} {value:>24}   {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
