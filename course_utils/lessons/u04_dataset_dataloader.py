"""What unit 4 needs beside its notebook: a split of the iris rows, a careful reader, datasets for worker processes, and timing.

A worker process that is not forked starts empty and imports the dataset's class. It can do so only from a module, like this one.
"""

import csv
import os
import pickle
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, StackDataset, get_worker_info

# the columns of the iris file, and its species in the order of their class numbers 0, 1, 2
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")


def stratified_split(labels: Tensor, test_share: float = 0.2, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Split rows into a training and a test part, with the same share of each class in both.

    Args:
        labels: the class number of each row, int64 of shape (N,).
        test_share: the share of the rows of each class that becomes test rows.
        seed: the same seed gives the same split.

    Returns:
        The numbers of the training rows and of the test rows, both int64 and in increasing order.
    """
    generator = torch.Generator().manual_seed(seed)
    train, test = [], []
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        rows = rows[torch.randperm(len(rows), generator=generator)]
        count = round(test_share * len(rows))
        test.append(rows[:count])
        train.append(rows[count:])
    return torch.cat(train).sort().values, torch.cat(test).sort().values


def read_table(path: Path, columns: Sequence[str]) -> Tensor:
    """Read columns of numbers from a .csv file whose first line holds the names of the columns.

    Args:
        path: the file, UTF-8 text.
        columns: the names of the columns to read.

    Returns:
        The numbers, float32 of shape (rows, columns).

    Raises:
        ValueError: the file has a mistake; the message names the file, the line and the mistake.
    """
    rows, line, what = [], 1, "no rows"
    try:
        reader = csv.DictReader(path.read_bytes().decode("utf-8").splitlines())
        for row in reader:
            rows.append([float(row[c]) for c in columns])
        if rows:
            return torch.tensor(rows)
    except UnicodeDecodeError as error:
        line, what = error.object[: error.start].count(b"\n") + 1, "not UTF-8 text"
    except KeyError as error:
        what = f"no column {error.args[0]}"
    except (TypeError, ValueError):
        line, what = reader.line_num, "not all numbers"
    raise ValueError(f"{path.name}, line {line}: {what}")


class Counted(Dataset):
    """A dataset inside, and ``reads``, the count of how often it was asked for something, a sample or several at once.

    Args:
        dataset: the dataset that answers.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset, self.reads = dataset, 0

    def __getitem__(self, index: Any) -> Any:
        self.reads += 1
        return self.dataset[index]

    def __len__(self) -> int:
        return len(self.dataset)


class InMemory(Dataset):
    """Samples that need no work: sample i is the number i, as a tensor.

    Args:
        size: how many samples there are.
    """

    def __init__(self, size: int) -> None:
        self.numbers = torch.arange(size, dtype=torch.float32)

    def __getitem__(self, index: int) -> Tensor:
        return self.numbers[index]

    def __len__(self) -> int:
        return len(self.numbers)


class Slow(InMemory):
    """The same samples, but each takes a while, as if it came from a slow disk.

    Args:
        size: how many samples there are.
        seconds: how long one sample takes.
    """

    def __init__(self, size: int, seconds: float) -> None:
        super().__init__(size)
        self.seconds = seconds

    def __getitem__(self, index: int) -> Tensor:
        time.sleep(self.seconds)
        return super().__getitem__(index)


class WhoReads(Dataset):
    """Sample i is the id of the process that reads it. ``reads`` counts the calls of ``__getitem__``.

    Args:
        size: how many samples there are.
    """

    def __init__(self, size: int) -> None:
        self.size, self.reads = size, 0

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError(index)
        self.reads += 1
        return os.getpid()

    def __len__(self) -> int:
        return self.size


class WhichWorker(Dataset):
    """Each sample is the number of the worker that reads it, 0, 1 and so on; -1 where there are no workers.

    Args:
        size: how many samples there are.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError(index)
        worker = get_worker_info()
        return -1 if worker is None else worker.id

    def __len__(self) -> int:
        return self.size


class Stream(IterableDataset):
    """The numbers 0, 1, 2 and so on, one after the other, without an index.

    Args:
        size: how many numbers there are.
        share: let each of several workers take its own part.
    """

    def __init__(self, size: int, share: bool) -> None:
        self.size, self.share = size, share

    def __iter__(self) -> Iterator[int]:
        worker = get_worker_info()  # None in the main process
        if self.share and worker is not None:
            return iter(range(worker.id, self.size, worker.num_workers))
        return iter(range(self.size))


def seconds(loader: Iterable[Any], rounds: int = 3) -> float:
    """Return how long one pass over a loader takes: the shortest of some passes, after a first one that is not counted."""
    durations = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns where there are fewer cores than workers
        for _ in range(rounds + 1):
            start = time.perf_counter()
            for _ in loader:
                pass
            durations.append(time.perf_counter() - start)
    return min(durations[1:])


def sent_to_a_new_process(thing: Any) -> str:
    """Pickle an object and unpickle it in a fresh Python, as a spawned worker does; return "arrived", or the error's name."""
    code = "import pickle, sys\nsys.path[:] = pickle.load(sys.stdin.buffer)\npickle.load(sys.stdin.buffer)"
    content = pickle.dumps(sys.path) + pickle.dumps(thing)
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, timeout=60, check=False)  # noqa: S603
    if done.returncode == 0:
        return "arrived"
    return done.stderr.decode(errors="replace").strip().splitlines()[-1].split(":")[0]


def worker_facts(method: str) -> dict[str, Any]:
    """Return what unit 4 claims about two workers that are started in one way.

    Args:
        method: ``"fork"``, ``"forkserver"`` or ``"spawn"``.
    """
    workers = {"num_workers": 2, "multiprocessing_context": method}
    who = WhoReads(80)
    read = list(DataLoader(StackDataset(who, InMemory(80)), batch_size=4, **workers))
    ids = torch.cat([processes for processes, _ in read]).tolist()
    stream = torch.cat(list(DataLoader(Stream(6, share=True), batch_size=2, **workers))).tolist()
    pairs = zip(DataLoader(InMemory(80), 4), [values for _, values in read], strict=True)
    return {
        "processes": len(set(ids)),
        "main reads": os.getpid() in ids,
        "reads counted in the main process": who.reads,
        "same batches": all(torch.equal(a, b) for a, b in pairs),
        "shared stream": sorted(stream),
    }
