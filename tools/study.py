"""Compare eight optimizers at a scale that a student cannot wait for: ``make study``.

Every method gets the same budget: nine learning rates, one seed, five epochs on 50,000 images of MNIST, for two batch sizes and
two schedules. Where the best rate lies at the edge of the grid, the grid grows. The best rate on 10,000 validation images is
trained again from ten fresh seeds, and only then is the test set used, once for each of these runs.

Each run is a row of ``data/optimizer_study.csv``, written as soon as it is there; what is in the file is not run again. The runs
go to a cluster of dask, by default one of this machine. A worker that dies costs only its run.

Source: https://distributed.dask.org/en/stable/api.html
"""

import argparse
import contextlib
import csv
import datetime
import functools
import itertools
import logging
import math
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path

import torch
from torch import Tensor, nn

from course_utils import data, optimizers
from course_utils.environment import DATA
from course_utils.lessons.u07_mnist_comparison import network, prepare

FILE = DATA / "optimizer_study.csv"
RATES = tuple(float(f"{10 ** (k / 2):.1e}") for k in range(-8, 1))  # half a decade apart, from 0.0001 to 1
GROW = 4  # at most so many more rates at an edge of the grid
BATCH_SIZES, SCHEDULES, EPOCHS, SEEDS = (64, 512), ("constant", "cosine"), 5, tuple(range(1, 11))
APART = 0.02  # by how much the validation accuracy of a repeated run may differ on another machine
# Other vector units round differently: all workers use the same 256 bits, so one reason for other digits is gone.
SAME_ROUNDING = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "OMP_NUM_THREADS": "1"}
GOAL = 0.97  # the validation accuracy whose first step is noted


@dataclass(frozen=True)
class Job:
    """One run. ``stage`` is "sweep", which is judged on validation, or "final", which is also tested."""

    stage: str
    method: str
    lr: float
    batch_size: int
    schedule: str
    seed: int
    epochs: int = EPOCHS


@dataclass(frozen=True)
class Row(Job):
    """What came out of a run: losses and accuracies after the last epoch, and where it was computed.

    ``train_loss`` is the mean over the last epoch. ``goal_step`` is the first step after which the validation accuracy, measured
    four times an epoch, was at least 97 %, and 0 where that never happened. A run whose loss became infinite has nan everywhere.
    """

    train_loss: float = math.nan
    train_accuracy: float = math.nan
    validation_loss: float = math.nan
    validation_accuracy: float = math.nan
    test_accuracy: float = math.nan
    goal_step: int = 0
    seconds: float = 0.0
    torch: str = field(default_factory=lambda: torch.__version__)
    machine: str = field(default_factory=platform.machine)
    date: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date().isoformat())

    @property
    def job(self) -> Job:
        """The run whose result this is."""
        return Job(*(getattr(self, f.name) for f in fields(Job)))


@functools.cache
def images() -> dict[str, tuple[Tensor, Tensor]]:
    """Return the three parts: "train" (50,000 images of MNIST), "validation" (10,000) and "test" (10,000), as rows from -1 to 1.

    Without MNIST, the bundled digits are split in the same proportions.
    """
    x, y = data.load_mnist(train=True)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    x, y, cut = prepare(x)[order], y[order], len(y) * 5 // 6
    test = data.load_mnist(train=False)
    return {"train": (x[:cut], y[:cut]), "validation": (x[cut:], y[cut:]), "test": (prepare(test[0]), test[1])}


@torch.no_grad()
def measure(model: nn.Module, part: str) -> tuple[float, float]:
    """Return the mean loss and the accuracy of a model on one of the three parts."""
    x, y = images()[part]
    scores = model(x)
    return nn.functional.cross_entropy(scores, y).item(), (scores.argmax(dim=1) == y).float().mean().item()


@contextlib.contextmanager
def without_denormals() -> Iterator[None]:
    """Take numbers below 1e-38 for 0, as they make a processor slow; other code in this thread may need them afterwards."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@without_denormals()
def train(job: Job) -> Row:
    """Do one run, on one thread; the same run gives the same numbers."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    model = network(job.seed)
    optimizer = getattr(optimizers, job.method)(model.parameters(), lr=job.lr)
    generator = torch.Generator().manual_seed(job.seed)
    # without the short last batch: its noisy step would be the last one before the model is measured
    batches = data.TensorBatches(*images()["train"], batch_size=job.batch_size, generator=generator, drop_last=True)
    total, checks = job.epochs * len(batches), {round(len(batches) * k / 4) for k in (1, 2, 3, 4)}
    step = goal_step = 0
    for _ in range(job.epochs):
        seen, losses = 0, 0.0
        for number, (x, y) in enumerate(batches, start=1):
            if job.schedule == "cosine":
                optimizer.lr = job.lr * (1 + math.cos(math.pi * step / total)) / 2
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            value = loss.item()
            if not math.isfinite(value):
                return Row(**asdict(job), seconds=round(time.perf_counter() - start, 2))
            loss.backward()
            optimizer.step()
            step, seen, losses = step + 1, seen + len(y), losses + value * len(y)
            if number in checks and not goal_step and measure(model, "validation")[1] >= GOAL:
                goal_step = step
    validation_loss, validation_accuracy = measure(model, "validation")
    return Row(
        **asdict(job),
        train_loss=losses / seen,
        train_accuracy=measure(model, "train")[1],
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
        test_accuracy=measure(model, "test")[1] if job.stage == "final" else math.nan,
        goal_step=goal_step,
        seconds=round(time.perf_counter() - start, 2),
    )


def read(path: Path) -> list[Row]:
    """Return the rows of a file; none where it does not exist. A last line that is cut off is removed from the file."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8", newline="")
    kinds = {f.name: f.type for f in fields(Row)}
    return [Row(**{k: kinds[k](v) for k, v in row.items()}) for row in csv.DictReader(whole.splitlines())]


def append(path: Path, row: Row) -> None:
    """Write a row at the end of a file, which gets its heading first where it is new."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow([f.name for f in fields(Row)])
        writer.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in astuple(row)])


def better(rows: Iterable[Row]) -> Row:
    """Return the best of some rows on validation: the highest accuracy, and of equal ones the lowest loss."""
    finite = [row for row in rows if row.validation_loss == row.validation_loss]
    return max(finite, key=lambda row: (row.validation_accuracy, -row.validation_loss))


def wanted(rows: Sequence[Row], settings: argparse.Namespace) -> list[Job]:
    """Return the runs that should come next, after these rows: first the grid, then what grows at its edges, then the final."""
    jobs = []
    for method, size, schedule in itertools.product(settings.methods, settings.batch_sizes, settings.schedules):
        done = [r for r in rows if (r.stage, r.method, r.batch_size, r.schedule) == ("sweep", method, size, schedule)]
        rates = {r.lr for r in done}
        if missing := [lr for lr in settings.rates if lr not in rates]:
            jobs += [Job("sweep", method, lr, size, schedule, 0, settings.epochs) for lr in missing]
            continue
        best, grown = better(done), len(rates) - len(settings.rates)
        if best.lr in (min(rates), max(rates)) and grown < GROW:
            beyond = best.lr * 10 ** (0.5 if best.lr == max(rates) else -0.5)
            jobs.append(Job("sweep", method, float(f"{beyond:.1e}"), size, schedule, 0, settings.epochs))
            continue
        jobs += [Job("final", method, best.lr, size, schedule, seed, settings.epochs) for seed in settings.seeds]
    have = {row.job for row in rows}
    return [job for job in jobs if job not in have]


@contextlib.contextmanager
def cluster(scheduler: str, workers: int | None) -> Iterator[Callable[[Sequence[Job]], Iterator[Row]]]:
    """Open a cluster, and give a function that does runs on it and yields each row as soon as it is there.

    Args:
        scheduler: the address of a cluster, such as ``tcp://10.0.0.1:8786``, or "" for one of this machine.
        workers: how many processes that one gets; None for one for each core.
    """
    from dask.distributed import Client, LocalCluster, as_completed
    from tqdm import tqdm

    of_this_machine = functools.partial(
        LocalCluster, n_workers=workers, threads_per_worker=1, silence_logs=logging.ERROR
    )
    with contextlib.nullcontext(scheduler) if scheduler else of_this_machine() as address, Client(address) as client:
        print(f"Watch the runs at {client.dashboard_link}", flush=True)

        def run(jobs: Sequence[Job]) -> Iterator[Row]:
            futures = client.map(train, jobs, pure=False)
            for future in tqdm(as_completed(futures), total=len(jobs), desc="runs"):
                yield future.result()

        yield run


def check(rows: Sequence[Row], share: float, run: Callable[[Sequence[Job]], Iterable[Row]]) -> int:
    """Repeat a random share of the rows; print how many came out the same, and return how many came out differently.

    The same processor and version of PyTorch give the same numbers. Others round differently, and hundreds of steps make that
    larger, so a run counts as different where its validation accuracy moved by more than :data:`APART`. Of a run that ended
    below 90 % only that is asked again: at a rate that does not work, chance decides how bad it is.
    """
    chosen = random.sample(list(rows), max(1, round(share * len(rows))))
    before = {row.job: row for row in chosen}
    same = different = 0
    for row in run([row.job for row in chosen]):
        old = before[row.job]
        pairs = [(row.train_loss, old.train_loss), (row.validation_accuracy, old.validation_accuracy)]
        same += all(math.isclose(a, b, rel_tol=1e-5) or (a != a and b != b) for a, b in pairs)
        now, then = (0.0 if accuracy != accuracy else accuracy for accuracy in pairs[1])
        if abs(now - then) > APART and max(now, then) >= 0.9:
            different += 1
            print(f"{row.job} ended at a validation accuracy of {now:.4f}; the file has {then:.4f}.")
    print(f"Of {len(chosen)} runs, {same} gave the same numbers to five digits, and {different} came out differently.")
    return different


def main(arguments: Sequence[str]) -> int:
    """Run what is missing in the file, or check it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.study", description="Compare eight optimizers on MNIST.")
    parser.add_argument("--scheduler", default="", help="the address of a dask cluster; one of this machine without it")
    parser.add_argument("--workers", type=int, help="how many processes on this machine; one for each core without it")
    parser.add_argument("--check", action="store_true", help="repeat a random 2 % of the rows, and compare")
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--methods", nargs="+", default=list(optimizers.METHODS), choices=optimizers.METHODS)
    parser.add_argument("--rates", nargs="+", type=float, default=list(RATES))
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=list(BATCH_SIZES))
    parser.add_argument("--schedules", nargs="+", default=list(SCHEDULES), choices=SCHEDULES)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    settings = parser.parse_args(arguments)
    os.environ.update(SAME_ROUNDING)  # before the workers start, which read it
    if settings.check or wanted(read(settings.file), settings):
        with cluster(settings.scheduler, settings.workers) as run:
            if settings.check:
                return 1 if check(read(settings.file), 0.02, run) else 0
            while jobs := wanted(read(settings.file), settings):
                for row in run(jobs):
                    append(settings.file, row)
    print(f"{settings.file.name} is complete: {len(read(settings.file))} runs.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
