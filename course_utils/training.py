"""Training loops: fit one model, measure it, and compare optimizers on equal terms."""

import copy
import math
import operator
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils import environment
from course_utils.data import TensorBatches

Batches = Iterable[tuple[Tensor, Tensor]]


class SupportsStep(Protocol):
    """What ``fit`` needs of an optimizer: the course's own and those of ``torch.optim`` have it."""

    def step(self) -> object:
        """Change the parameters once."""

    def zero_grad(self) -> None:
        """Forget the gradients."""


@dataclass
class History:
    """What happened in a training run.

    Attributes:
        losses: the loss of each step, in order.
        epoch_losses: the mean loss over the samples of each finished epoch; a short last batch counts for what it holds.
        seconds: the time the run took.
        problem: why the run ended early; empty where it did not.
    """

    losses: list[float] = field(default_factory=list)
    epoch_losses: list[float] = field(default_factory=list)
    seconds: float = 0.0
    problem: str = ""


@dataclass
class Run:
    """One run of :func:`compare`.

    Attributes:
        name, seed: which run it is.
        history: the losses of its steps and epochs.
        model, optimizer: as they are after the last step.
        accuracy: measured on the held-out samples, after the last epoch.
        accuracies: pairs of a step, counted from 1, and the accuracy after it; empty where nobody asked for ``checks``.
    """

    name: str
    seed: int
    history: History
    model: nn.Module
    optimizer: Any
    accuracy: float
    accuracies: list[tuple[int, float]] = field(default_factory=list)

    def steps_to(self, accuracy: float) -> int | None:
        """Return the first of the measured steps after which the accuracy was reached; None where it never was."""
        return next((step for step, measured in self.accuracies if measured >= accuracy), None)


def fit(
    model: nn.Module,
    batches: Batches,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: SupportsStep,
    epochs: int,
    quiet: bool = False,
) -> History:
    """Train a model, in place.

    Each step is the five lines of every PyTorch loop: forget the old gradients, predict, measure the loss, go backward, step.

    Args:
        model: the network.
        batches: gives (inputs, targets) and can be read once per epoch: a DataLoader, a TensorBatches or a list.
        loss_fn: takes the output of the model and the targets, and returns a scalar.
        optimizer: has ``zero_grad()`` and ``step()``, and holds the parameters of this model.
        epochs: how often to go through the batches, at least 1.
        quiet: no progress bar and no message. With ``COURSE_STATIC=1`` there is never a bar.

    Returns:
        The history. Where the loss becomes NaN or infinite, the run ends before that step and says so in one line. The history
        then has all steps up to there, and the reason in ``problem``.

    Raises:
        ValueError: ``epochs`` is not a positive integer, or there are no batches.
    """
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs is {epochs!r}. It must be a whole number from 1 up.")
    history = History()
    model.train()
    start = time.perf_counter()
    for epoch in tqdm(range(epochs), desc="epochs", disable=quiet or environment.is_static()):
        first = len(history.losses)
        sizes = []
        for x, y in batches:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            value = loss.item()
            if not math.isfinite(value):
                step = len(history.losses) - first + 1
                history.problem = (
                    f"The loss became {value} in epoch {epoch + 1}, step {step}, so the run ended there. "
                    "Try a smaller learning rate, and check the inputs for nan."
                )
                break
            loss.backward()
            optimizer.step()
            history.losses.append(value)
            sizes.append(len(x))
        if history.problem:
            if not quiet:
                print(history.problem)
            break
        if len(history.losses) == first:
            raise ValueError(
                "There are no batches. A generator can be read only once: give a DataLoader, a TensorBatches or a list."
            )
        history.epoch_losses.append(math.fsum(map(operator.mul, sizes, history.losses[first:])) / sum(sizes))
    history.seconds = time.perf_counter() - start
    return history


@torch.no_grad()
def evaluate(model: nn.Module, batches: Batches) -> float:
    """Measure the accuracy of a classifier: the share of samples whose largest output is at their label.

    The model is put into evaluation mode for this. Afterwards each of its layers is back in its own mode, also after an error.

    Args:
        model: returns scores of shape (N, classes).
        batches: gives (inputs, labels), labels int64 of shape (N,).

    Returns:
        The accuracy, from 0 to 1.

    Raises:
        ValueError: there are no batches.
    """
    modes = {layer: layer.training for layer in model.modules()}  # a frozen layer may be in another mode than the rest
    model.eval()
    right = total = 0
    try:
        for x, y in batches:
            right += int((model(x).argmax(dim=1) == y).sum())
            total += len(y)
    finally:
        for layer, mode in modes.items():
            layer.training = mode
    if total == 0:
        raise ValueError(
            "There are no batches to measure. Give a DataLoader, a TensorBatches or a list with at least one batch."
        )
    return right / total


def compare(
    model: nn.Module,
    optimizers: dict[str, Callable[[Iterable[Tensor]], SupportsStep]],
    train: tuple[Tensor, Tensor],
    held_out: tuple[Tensor, Tensor],
    epochs: int = 5,
    batch_size: int = 64,
    seeds: Sequence[int] = (0,),
    loss_fn: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    workers: int | None = None,
    checks: int = 0,
    drop_last: bool = False,
) -> list[Run]:
    """Train the same model with several optimizers on equal terms.

    With one seed all optimizers get the same initial weights and the same batches in the same order. Runs go side by side, each
    in a thread of its own with all it changes; PyTorch computes outside Python's lock, so two of them keep two cores busy.

    Args:
        model: the network. It is not changed: each run trains a copy, with the weights that ``reset_parameters()`` of its layers
            draws after the seed is set.
        optimizers: for each name, a function from parameters to an optimizer, such as ``lambda p: torch.optim.SGD(p, lr=0.1)``.
        train: inputs (N, ...) and labels (N,) to train on.
        held_out: inputs and labels to measure the accuracy on, after the last epoch. While you still choose, give the validation
            set; the test set comes once, at the end.
        epochs: how often each run sees all training samples.
        batch_size: samples in a batch.
        seeds: one run per optimizer and seed.
        loss_fn: takes the output of the model and the targets, and returns a scalar.
        workers: how many runs go side by side; None for 2, or what ``COURSE_WORKERS`` says. Use 1 for a model with random
            layers, such as dropout.
        checks: how often the accuracy is measured within each epoch, for ``Run.accuracies``.
        drop_last: leave out a last batch that is shorter. The gradient of few samples is noisy, and with a constant rate the
            result would be measured just after this step.

    Returns:
        The runs: all optimizers of the first seed in the given order, then those of the next seed.

    Raises:
        ValueError: ``COURSE_WORKERS`` is not a whole number from 1 up.
    """
    jobs = [(name, seed) for seed in seeds for name in optimizers]
    starts = {seed: _fresh(model, seed) for seed in seeds}
    side_by_side = workers or environment.workers()
    stop = threading.Event()
    held_out_batches = TensorBatches(*held_out, batch_size=1000, shuffle=False)

    def run(job: tuple[str, int]) -> Run:
        name, seed = job
        copied = copy.deepcopy(starts[seed])
        generator = torch.Generator().manual_seed(seed)
        batches = TensorBatches(*train, batch_size=batch_size, generator=generator, drop_last=drop_last)
        optimizer = optimizers[name](copied.parameters())
        marks = {round(len(batches) * k / checks) for k in range(1, checks + 1)}
        watched = _Watched(batches, stop, marks, lambda: evaluate(copied, held_out_batches))
        history = fit(copied, watched, loss_fn, optimizer, epochs, quiet=True)
        return Run(name, seed, history, copied, optimizer, evaluate(copied, held_out_batches), watched.accuracies)

    # Two threads that ask for Python's lock all the time do better when they hand it over sooner than every 5 ms. And tiny
    # numbers below 1e-38 (denormals) make a processor slow, and count for nothing here; that setting is each thread's own.
    interval = sys.getswitchinterval()
    runs = []
    sys.setswitchinterval(1e-4)
    try:
        with ThreadPoolExecutor(side_by_side, initializer=torch.set_flush_denormal, initargs=(True,)) as pool:
            try:
                futures = [pool.submit(run, job) for job in jobs]
                for future in tqdm(futures, desc="runs", disable=environment.is_static()):
                    while (
                        not future.done()
                    ):  # an interrupt inside futures.wait could leave a lock behind that no run gets past
                        time.sleep(0.02)
                    runs.append(future.result())
            except BaseException:  # Stop in the notebook too: what runs ends at its next batch, the rest does not begin
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        sys.setswitchinterval(interval)
    for r in runs:
        if r.history.problem:
            print(f"{r.name}, seed {r.seed}: {r.history.problem}")
    return runs


@dataclass
class _Watched:
    """Batches that end with KeyboardInterrupt once ``stop`` is set, and measure after the steps of an epoch in ``marks``."""

    batches: Batches
    stop: threading.Event
    marks: set[int]
    measure: Callable[[], float]
    accuracies: list[tuple[int, float]] = field(default_factory=list)
    steps: int = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for number, batch in enumerate(self.batches, start=1):
            if self.stop.is_set():
                raise KeyboardInterrupt
            yield batch  # the step is made before the next batch is asked for
            self.steps += 1
            if number in self.marks:
                self.accuracies.append((self.steps, self.measure()))


def _fresh(model: nn.Module, seed: int) -> nn.Module:
    """Return a copy of the model with the initial weights of this seed; the global random state stays as it was."""
    device = next(model.parameters()).device
    fresh = copy.deepcopy(model).cpu()  # drawn on the CPU, a seed gives the same weights for every device
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed the GPUs too
        for layer in fresh.modules():
            if callable(getattr(layer, "reset_parameters", None)):
                layer.reset_parameters()
    return fresh.to(device)
