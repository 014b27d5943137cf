"""The exercises of unit 4: datasets, loaders, collating, reading batches, and a loader of one's own."""

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

from course_utils.data import iris_path
from course_utils.exercises import core
from course_utils.exercises.core import Exercise, Mistake, Text
from course_utils.lessons.u04_dataset_dataloader import COLUMNS, SPECIES, stratified_split

# ---- 4.3 a first dataset


class Squares(Dataset):
    """Item i is the pair i and i², two float32 scalars, for i from 0 to size - 1."""

    def __init__(self, size: int) -> None:
        self.x = torch.arange(size, dtype=torch.float32)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[index], self.x[index] ** 2

    def __len__(self) -> int:
        return len(self.x)


class _Squares(Squares):
    """The squares with one thing changed."""

    def __init__(self, size: int, first: int = 0, dtype: torch.dtype = torch.float32, longer: int = 0) -> None:
        self.x, self.longer = torch.arange(first, first + size, dtype=dtype), longer

    def __len__(self) -> int:
        return len(self.x) + self.longer


class _NoLength(Squares):
    __len__ = None


class _NoEnd(Squares):
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.tensor(float(index)), torch.tensor(float(index**2))


class _OneTensor(Squares):
    def __getitem__(self, index: int) -> Tensor:
        return torch.stack(super().__getitem__(index))


def _end(dataset: Any, index: int) -> str:
    """Return the name of the error at an index that is too large, or "a value"."""
    try:
        dataset[index]
    except NotImplementedError:  # still a stub
        raise
    except Exception as error:
        return type(error).__name__
    return "a value"


def _squares_facts(answer: Callable[[int], Any], size: int) -> dict[str, Any]:
    dataset = answer(size)
    items = [dataset[i] for i in range(size)]
    try:
        length: Any = len(dataset)
    except TypeError:
        length = "none"
    return {
        "a Dataset": isinstance(dataset, Dataset),
        "len": length,
        "values in an item": len(items[0]) if isinstance(items[0], tuple | list) else 1,
        "the first of the items": default_collate(items)[0],
        "the second of the items": default_collate(items)[1],
        "an index that is too large": _end(dataset, size),
    }


_squares_mistakes = [
    Mistake("one tensor", _OneTensor, "Return a pair, not one tensor.", keys=("values in an item",)),
    Mistake(
        "no length",
        _NoLength,
        "`__len__` is missing. Shuffling needs to know how many samples there are.",
        keys=("len",),
    ),
    Mistake(
        "no end",
        _NoEnd,
        "Any index gives an item, even 1000. A `for` loop over such a dataset never ends. Raise `IndexError` when the "
        "index is too large, or read the item from a tensor, which does that for you.",
        keys=("an index that is too large",),
    ),
    Mistake(
        "Python numbers",
        partial(_Squares, dtype=torch.float64),
        "Your numbers are float64, as Python numbers are. Read them from a float32 tensor.",
        keys=("the first of the items", "the second of the items"),
    ),
    Mistake("from one", partial(_Squares, first=1), "Your numbers begin at 1. Item 0 should be 0 and 0²."),
    Mistake(
        "whole numbers", partial(_Squares, dtype=torch.int64), "Your numbers are int64. Ask for `dtype=torch.float32`."
    ),
    Mistake("one too long", partial(_Squares, longer=1), "`len` is one too large: the numbers go from 0 to size − 1."),
    Mistake(
        "not a Dataset",
        lambda size: [(x, x**2) for x in torch.arange(size, dtype=torch.float32)],
        "It works, but it is not a `Dataset`. Write `class Squares(Dataset):`.",
    ),
]
# "Squares", the class, gives its name to the exercise
Squares = Exercise(
    "Squares",
    "A first dataset",
    solution=Squares,
    run=_squares_facts,
    cases=[(3,), (7,)],
    mistakes=_squares_mistakes,
    hints=[
        "Three methods: `__init__` keeps what is needed, `__getitem__` returns one item, `__len__` the number of items.",
        "In `__init__`, make a float32 tensor with `torch.arange(size, dtype=...)`, and keep it as `self.x`.",
        "An item is the pair `self.x[index]` and its square. The length is `len(self.x)`.",
    ],
    idea="A map-style dataset is an object with `__getitem__` and `__len__`. Reading from a tensor gives you the "
    "IndexError at the end for free.",
)

# ---- 4.4 iris


class IrisDataset(Dataset):
    """The training or the test part of the iris file: item i is the normalised features and the class number."""

    def __init__(self, path: str | Path, train: bool) -> None:
        with open(path, encoding="utf-8", newline="") as file:
            flowers = list(csv.DictReader(file))
        x = torch.tensor([[float(flower[name]) for name in COLUMNS] for flower in flowers])
        y = torch.tensor([SPECIES.index(flower["species"]) for flower in flowers])
        train_rows, test_rows = stratified_split(y)
        mean, std = x[train_rows].mean(dim=0), x[train_rows].std(dim=0)
        rows = train_rows if train else test_rows
        self.x, self.y = ((x - mean) / std)[rows], y[rows]

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[index], self.y[index]

    def __len__(self) -> int:
        return len(self.y)


def _read(path: str | Path) -> tuple[Tensor, Tensor]:
    with open(path, encoding="utf-8", newline="") as file:
        flowers = list(csv.DictReader(file))
    x = torch.tensor([[float(flower[name]) for name in COLUMNS] for flower in flowers])
    return x, torch.tensor([SPECIES.index(flower["species"]) for flower in flowers])


class _Iris(IrisDataset):
    """The iris dataset with one thing changed."""

    def __init__(
        self, path: str | Path, train: bool, split: str = "", statistics: str = "", convert: str = "", longer: int = 0
    ) -> None:
        x, y = _read(path)
        everything = torch.arange(len(y))
        parts = stratified_split(y)
        if split == "last rows" or split == "new each time":
            order = everything if split == "last rows" else torch.randperm(len(y))
            parts = order.split(round(0.8 * len(y)))
        elif split:
            parts = {"all is test": (parts[0], everything), "always train": parts[:1] * 2, "swapped": parts[::-1]}[
                split
            ]
        rows = parts[0 if train else 1]
        basis = {"own": rows, "all": everything}.get(statistics, parts[0])
        if statistics == "one":
            x = (x - x[basis].mean()) / x[basis].std()
        elif statistics != "none":
            x = (x - x[basis].mean(dim=0)) / (1 if statistics == "no std" else x[basis].std(dim=0))
        self.x, self.y, self.longer = x[rows], y[rows], longer
        if convert:
            setattr(self, convert, getattr(self, convert).to(torch.float64 if convert == "x" else torch.float32))

    def __len__(self) -> int:
        return len(self.y) + self.longer


class _TextLabels(IrisDataset):
    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        return self.x[index], SPECIES[self.y[index]]


class _FeaturesOnly(IrisDataset):
    def __getitem__(self, index: int) -> Tensor:
        return self.x[index]


class _Stops(IrisDataset):
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index >= len(self.y):
            raise StopIteration
        return self.x[index], self.y[index]


def _flowers(sizes: Sequence[int], seed: int, mixed: bool) -> str:
    """Make the text of a small file like iris: that many flowers of each species, each with numbers of its own."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for label, size in enumerate(sizes):
        values = 10 + 5 * label + (1 + label) * torch.randn(size, 4, generator=generator)
        rows += [",".join(f"{v:.3f}" for v in row) + f",{SPECIES[label]}" for row in values.tolist()]
    if mixed:
        rows = [rows[i] for i in torch.randperm(len(rows), generator=generator).tolist()]
    return "\n".join([",".join((*COLUMNS, "species")), *rows]) + "\n"


_FILES = {
    "sorted flowers": _flowers((10, 10, 10), 0, mixed=False),
    "mixed flowers": _flowers((20, 10, 5), 1, mixed=True),
}


def _iris_facts(answer: Callable[..., Any], file: str) -> dict[str, Any]:
    """Write the file, build both parts, and look at them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flowers.csv"
        path.write_text(_FILES[file], encoding="utf-8")
        train, test, again = answer(path, train=True), answer(path, train=False), answer(path, train=False)
        x, y = _read(path)
    facts: dict[str, Any] = {"len of both parts": [len(train), len(test)]}
    items, test_items, again_items = ([part[i] for i in range(_count(part))] for part in (train, test, again))
    if not isinstance(items[0], tuple | list) or len(items[0]) != 2:
        return facts | {"an item": "not a pair"}
    if not isinstance(items[0][0], Tensor) or items[0][0].shape != (4,):
        return facts | {"an item": "a pair that does not begin with four features"}
    (features, labels), (test_features, test_labels), (again_features, _) = map(
        default_collate, (items, test_items, again_items)
    )
    numbers = isinstance(labels, Tensor)
    rows = {tuple(row) for row in features.tolist()}
    return facts | {
        "an item": "a pair",
        "a Dataset": isinstance(train, Dataset),
        "features": str(features.dtype),
        "labels": str(labels.dtype) if numbers else "text",
        "test rows that are in the training part too": sum(tuple(row) in rows for row in test_features.tolist()),
        "the same split each time": torch.equal(test_features, again_features),
        "test flowers of each class": sorted(Counter(test_labels.tolist() if numbers else test_labels).values()),
        "normalised with": _normalised(features.double(), test_features.double(), x, x[stratified_split(y)[0]]),
        "an index that is too large": _end(test, _count(test)),
        "all training features": features.float().sort(dim=0).values,
        "all training labels": sorted(labels.tolist()) if numbers else "text",
    }


def _count(part: Any) -> int:
    """Count the items that can be read."""
    part[0]  # where even this fails, its error is the message
    return next((i for i in range(len(part) + 2) if _end(part, i) != "a value"), len(part))


def _normalised(features: Tensor, test_features: Tensor, raw: Tensor, raw_train: Tensor) -> str:
    def centred(t: Tensor) -> bool:
        return bool((t.mean(dim=0).abs() < 1e-3).all())

    if centred(features):
        if not torch.allclose(features.std(dim=0), torch.ones(4, dtype=torch.float64), atol=0.1):
            return "no std"  # the tolerance is for another kind of std
        return "its own statistics in each part" if centred(test_features) else "the training statistics"
    if centred(torch.cat([features, test_features])):
        return "the statistics of all rows"
    if (features.mean(dim=0) * raw_train.std(dim=0) / features.std(dim=0)).mean().abs() < 1e-3:
        return "one mean for all columns"
    lowest = torch.cat([features, test_features]).amin(dim=0)
    return "nothing" if torch.allclose(lowest, raw.double().amin(dim=0)) else "something else"


_iris_mistakes = [
    Mistake(
        "features only",
        _FeaturesOnly,
        "An item should be a pair. Return the features and the label: `return self.x[index], self.y[index]`.",
        keys=("an item",),
    ),
    Mistake(
        "float64",
        partial(_Iris, convert="x"),
        "Your features are float64. The layers of a network are float32, and refuse other numbers. Numbers from NumPy "
        "are float64: convert them, or ask for `dtype=torch.float32`.",
        keys=("features",),
    ),
    Mistake(
        "float labels",
        partial(_Iris, convert="y"),
        "Your labels are floating-point numbers. A class number is int64: the usual loss for classes asks for it.",
        keys=("labels",),
    ),
    Mistake(
        "text labels",
        _TextLabels,
        "Your labels are names. A tensor holds numbers only: use the place of the name in SPECIES.",
        keys=("labels",),
    ),
    Mistake(
        "flag ignored",
        partial(_Iris, split="always train"),
        "Both parts have the same rows. Did you use the argument `train`?",
        keys=("test rows that are in the training part too", "len of both parts"),
    ),
    Mistake(
        "test part has all rows",
        partial(_Iris, split="all is test"),
        "There are training rows in your test part. The model has seen them, so the test would praise it too much.",
        keys=("test rows that are in the training part too",),
    ),
    Mistake(
        "path ignored",
        lambda path, train: _Iris(iris_path(), train),
        "You read the file of the course, whatever `path` says. Open the file at `path`.",
        keys=("len of both parts",),
    ),
    Mistake(
        "parts swapped",
        partial(_Iris, split="swapped"),
        "The parts are swapped: `train=True` should give the large one.",
        keys=("len of both parts",),
    ),
    Mistake(
        "new split each time",
        partial(_Iris, split="new each time"),
        "Each call splits the rows anew, so the training part of one call and the test part of the next have rows in "
        "common. Use a seed: `stratified_split` does.",
        keys=("the same split each time",),
    ),
    Mistake(
        "last rows are the test",
        partial(_Iris, split="last rows"),
        "The classes have not the same share in both parts. The file may be sorted by species: use `stratified_split`.",
        keys=("test flowers of each class",),
    ),
    Mistake(
        "own statistics",
        partial(_Iris, statistics="own"),
        "Each part is normalised with its own mean. The test rows are for the end only: normalise them with the mean "
        "and std of the *training* rows, as you would a single new flower.",
        keys=("normalised with",),
    ),
    Mistake(
        "statistics of all rows",
        partial(_Iris, statistics="all"),
        "You took the mean and std of all rows. So the test rows have a say in the training. Take the training rows only.",
        keys=("normalised with",),
    ),
    Mistake(
        "not normalised",
        partial(_Iris, statistics="none"),
        "The features are as in the file. Subtract the mean of the training rows, and divide by their std.",
        keys=("normalised with",),
    ),
    Mistake(
        "one mean",
        partial(_Iris, statistics="one"),
        "Use `mean(dim=0)`: one mean for each column. The same for `std`.",
        keys=("normalised with",),
    ),
    Mistake(
        "std forgotten",
        partial(_Iris, statistics="no std"),
        "Divide by the standard deviation too: each column by its own, `std(dim=0)` of the training rows.",
        keys=("normalised with",),
    ),
    Mistake(
        "last row lost",
        partial(_Iris, longer=-1),
        "Your length is one too small. A loader would never read the last flower.",
        keys=("len of both parts",),
    ),
    Mistake(
        "header counted",
        partial(_Iris, longer=1),
        "Your length is one too large. Did you count the header line of the file? A loader would fail at the end.",
        keys=("len of both parts",),
    ),
    Mistake(
        "StopIteration",
        _Stops,
        "When the index is too large, `__getitem__` should raise `IndexError`. `StopIteration` belongs to iterators.",
        keys=("an index that is too large",),
    ),
]
IrisDataset = Exercise(
    "IrisDataset",
    "The iris dataset",
    solution=IrisDataset,
    run=_iris_facts,
    cases=[("sorted flowers",), ("mixed flowers",)],
    mistakes=_iris_mistakes,
    hints=[
        "Begin with the file: `csv.DictReader` gives one dictionary for each row. Make a float32 tensor of the four "
        "columns, and an int64 tensor of the class numbers, `SPECIES.index(name)`.",
        "`train_rows, test_rows = stratified_split(y)` gives row numbers. `x[train_rows]` are the training features.",
        "The mean and std are those of `x[train_rows]` with `dim=0`, for both parts. Then keep the rows of the part "
        "that was asked for as `self.x` and `self.y`.",
        "`__getitem__` returns `self.x[index], self.y[index]`, and `__len__` returns `len(self.y)`.",
    ],
    idea="All work is done once, in `__init__`. The test rows have no say in anything: not in the training, and not in "
    "the mean and std either.",
)

# ---- 4.5 collating


def pad_batch(samples: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the samples, filled up with zeros at the end, as one tensor, and their lengths."""
    lengths = torch.tensor([len(sample) for sample in samples])
    batch = torch.zeros(len(samples), int(lengths.max()))
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, lengths


def _lengths(samples: list[Tensor]) -> Tensor:
    return torch.tensor([len(sample) for sample in samples])


pad_batch = Exercise(
    "pad_batch",
    "A collate function",
    solution=pad_batch,
    oracle=lambda samples: (pad_sequence(samples, batch_first=True), _lengths(samples)),
    cases=[
        ([torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0]), torch.tensor([5.0, 6.0])],),
        ([torch.tensor([7.0]), torch.tensor([8.0, 9.0])],),
    ],
    mistakes=[
        Mistake(
            "stack",
            lambda samples: (torch.stack(samples), _lengths(samples)),
            "`stack` needs tensors of one shape. Make a tensor of zeros first, then write each sample into its row.",
        ),
        Mistake(
            "as wide as the first",
            lambda s: (torch.stack([torch.cat([t, torch.zeros(len(s[0]) - len(t))]) for t in s]), _lengths(s)),
            "The first sample need not be the longest. Take the largest of all lengths.",
        ),
        Mistake(
            "cut",
            lambda samples: (torch.stack([s[: _lengths(samples).min()] for s in samples]), _lengths(samples)),
            "You cut all samples to the shortest, and lose data. Fill up to the longest.",
        ),
        Mistake(
            "zeros in front",
            lambda samples: (pad_sequence(samples, batch_first=True, padding_side="left"), _lengths(samples)),
            "Your zeros are in front. Here they come after the sample.",
        ),
        Mistake(
            "samples in columns",
            lambda samples: (pad_sequence(samples), _lengths(samples)),
            "Each sample is a column. The batch is the *first* dimension, so each sample is a row: with "
            "`pad_sequence`, pass `batch_first=True`.",
        ),
        Mistake(
            "no lengths",
            lambda samples: pad_sequence(samples, batch_first=True),
            "The batch is right. Return the lengths too: without them nobody can tell a zero that you added.",
        ),
        Mistake(
            "list of lengths",
            lambda samples: (pad_sequence(samples, batch_first=True), [len(s) for s in samples]),
            "The batch is right. The lengths should be a tensor: `torch.tensor([...])`.",
        ),
    ],
    hints=[
        "First the lengths, as a tensor. The longest says how wide the batch must be.",
        "Make the batch with `torch.zeros(number of samples, largest length)`.",
        "For each row: `batch[row, : len(sample)] = sample`.",
    ],
    idea="`collate_fn` gets the list of samples and returns the batch. The default one stacks, so it needs equal shapes; "
    "for texts or sounds you write your own.",
)

# ---- 4.6 reading batches


def read_for(dataset: Dataset, generator: torch.Generator) -> list[torch.Tensor]:
    """Return the labels of each batch, in a list."""
    loader = DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)
    found = []
    for _features, labels in loader:
        found.append(labels)
    return found


def _numbered(size: int) -> TensorDataset:
    """Make a dataset whose label tells the place of the sample."""
    return TensorDataset(torch.arange(4.0 * size).view(size, 4), torch.arange(size))


def _read_for(answer: Callable[..., Any], size: int, seed: int) -> Any:
    torch.manual_seed(123)  # so that an answer without the generator is the same each time
    return answer(_numbered(size), torch.Generator().manual_seed(seed))


read_for = Exercise(
    "read_for",
    "Batches with for",
    solution=read_for,
    run=_read_for,
    cases=[(30, 0), (37, 1)],
    mistakes=[
        Mistake(
            "batch_size 1",
            lambda d, g: [y for _, y in DataLoader(d, shuffle=True, generator=g)],
            "Each of your batches has one sample, the default. Pass `batch_size=15`.",
        ),
        Mistake(
            "not shuffled",
            lambda d, g: [y for _, y in DataLoader(d, batch_size=15, generator=g)],
            "The samples come in the order of the dataset. Pass `shuffle=True`.",
        ),
        Mistake(
            "no generator",
            lambda d, g: [y for _, y in DataLoader(d, batch_size=15, shuffle=True)],
            "Your order is not that of the generator. Pass `generator=generator`.",
        ),
        Mistake(
            "only the first batch",
            lambda d, g: [next(iter(DataLoader(d, batch_size=15, shuffle=True, generator=g)))[1]],
            "You have the first batch only. Is your `return` inside the loop?",
        ),
        Mistake(
            "features",
            lambda d, g: [x for x, _ in DataLoader(d, batch_size=15, shuffle=True, generator=g)],
            "These are the features. The labels are the second part of each batch.",
        ),
        Mistake(
            "dataset, not loader",
            lambda d, g: [y for _, y in d],
            "You read single samples. Loop over the DataLoader, not over the dataset.",
        ),
        Mistake(
            "drop_last",
            lambda d, g: [y for _, y in DataLoader(d, batch_size=15, shuffle=True, generator=g, drop_last=True)],
            "A last batch that is shorter is missing. Leave `drop_last` at False.",
        ),
    ],
    hints=[
        "`DataLoader(dataset, ...)` needs three more arguments here: the batch size, shuffle, and the generator.",
        "`for features, labels in loader:` gives you one batch in each round.",
        "Append `labels` to a list in the loop; return the list after the loop.",
    ],
    idea="`for` asks the loader for a new iterator, and takes batches until there are none left. One such pass is an epoch.",
)


def read_next(loader: DataLoader) -> list[torch.Tensor]:
    """Return the labels of each batch, in a list, with iter and next."""
    iterator = iter(loader)
    found = []
    while True:
        try:
            _features, labels = next(iterator)
        except StopIteration:
            return found
        found.append(labels)


def _read_next(answer: Callable[..., Any], size: int) -> Any:
    return answer(DataLoader(_numbered(size), batch_size=15))


read_next = Exercise(
    "read_next",
    "Batches with iter and next",
    solution=read_next,
    oracle=lambda loader: [labels for _, labels in loader],
    run=_read_next,
    cases=[(45,), (37,)],
    mistakes=[
        Mistake(
            "always a new iterator",
            lambda loader: [next(iter(loader))[1] for _ in range(len(loader))],
            "You have the first batch again and again. Each `iter(loader)` starts anew: call it once, before the loop.",
        ),
        Mistake(
            "StopIteration not handled",
            lambda loader: [next(batches)[1] for batches in [iter(loader)] for _ in range(99)],
            "After the last batch `next` raises `StopIteration`. Catch it with `try` and `except`, or call `next` exactly "
            "`len(loader)` times.",
        ),
        Mistake(
            "next of the loader",
            lambda loader: [next(loader)[1] for _ in range(len(loader))],
            "A DataLoader is not an iterator. `iter(loader)` makes one; call `next` on that.",
        ),
        Mistake(
            "one too few",
            lambda loader: [y for _, y in loader][:-1],
            "The last batch is missing. There are `len(loader)` batches.",
        ),
        Mistake(
            "only the first batch",
            lambda loader: [next(iter(loader))[1]],
            "You have the first batch only. Call `next` until there are no batches left.",
        ),
    ],
    hints=[
        "`iterator = iter(loader)`, once. Then `next(iterator)` gives one batch in each call.",
        "How often? `len(loader)` times. Or `while True`, until `StopIteration`.",
        "With `while True`: put `next` into a `try`, and return the list in `except StopIteration`.",
    ],
    idea="A `for` loop gives the same list: behind the scenes it calls `iter` once, then `next` until `StopIteration`.",
)

# ---- 4.7 sizes


def _sizes(samples: int, **settings: Any) -> tuple[int, int]:
    loader = DataLoader(torch.arange(samples), **settings)
    return len(loader), len(list(loader)[-1])


def _predictions() -> dict[str, int]:
    """Build the loaders of the exercise, and look."""
    found = {}
    for key, settings in {"a": {"batch_size": 8}, "b": {"batch_size": 8, "drop_last": True}, "c": {}}.items():
        found[f"{key}: batches"], found[f"{key}: samples in the last batch"] = _sizes(30, **settings)
    found["d: batches"], found["d: samples in the last batch"] = _sizes(30, batch_size=100)
    return found


predictions = Exercise(
    "predictions",
    "How many batches?",
    solution={
        "a: batches": 4,
        "a: samples in the last batch": 6,
        "b: batches": 3,
        "b: samples in the last batch": 8,
        "c: batches": 30,
        "c: samples in the last batch": 1,
        "d: batches": 1,
        "d: samples in the last batch": 30,
    },
    oracle=_predictions,
    cases=[()],
    mistakes=[
        Mistake(
            "a: whole batches only", {"a: batches": 3}, "a: three batches of 8 are 24 samples. What of the other 6?"
        ),
        Mistake("a: all full", {"a: samples in the last batch": 8}, "a: four batches of 8 would be 32 samples."),
        Mistake("b: kept", {"b: batches": 4}, "b: `drop_last=True` leaves out a last batch that is shorter."),
        Mistake(
            "b: short", {"b: samples in the last batch": 6}, "b: the short batch is dropped. How long are the others?"
        ),
        Mistake("c: one batch", {"c: batches": 1}, "c: `batch_size` is 1 where you do not pass it, not all samples."),
        Mistake("c: all", {"c: samples in the last batch": 30}, "c: the default of `batch_size` is 1."),
        Mistake("d: none", {"d: batches": 0}, "d: a batch that is shorter than `batch_size` is still a batch."),
        Mistake(
            "d: filled", {"d: samples in the last batch": 100}, "d: nothing is filled up: there are only 30 samples."
        ),
    ],
    hints=[
        "Divide 30 by the batch size, and look at the rest.",
        "The rest is a batch of its own, unless `drop_last=True`.",
        "Without `batch_size`, a batch has one sample.",
    ],
    idea="The number of batches is N divided by the batch size, rounded up; with `drop_last=True`, rounded down.",
)

# ---- 4.8 the loss of an epoch


def epoch_loss(loader: DataLoader, loss_of: "Callable[..., torch.Tensor]") -> float:
    """Return the mean loss over all samples; loss_of gives the mean of one batch, a scalar tensor."""
    total, count = 0.0, 0
    for x, y in loader:
        total += loss_of(x, y).item() * len(x)
        count += len(x)
    return total / count


def _mse(x: Tensor, y: Tensor) -> Tensor:
    return ((x - y) ** 2).mean()


def _losses(loader: DataLoader, loss_of: Callable[[Tensor, Tensor], Tensor]) -> list[float]:
    return [loss_of(x, y).item() for x, y in loader]


def _as_tensor(loader: DataLoader, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    return sum(loss_of(x, y) * len(x) for x, y in loader) / sum(len(x) for x, _ in loader)


def _epoch_loss(answer: Callable[..., Any], size: int, batch_size: int) -> Any:
    x = torch.arange(float(size))
    return answer(DataLoader(TensorDataset(x, x**2 / 4), batch_size=batch_size), _mse)


epoch_loss = Exercise(
    "epoch_loss",
    "The loss of an epoch",
    solution=epoch_loss,
    oracle=lambda loader, loss_of: loss_of(*loader.dataset.tensors).item(),
    run=_epoch_loss,
    cases=[(10, 4), (11, 5)],
    mistakes=[
        Mistake(
            "mean of means",
            lambda loader, loss_of: sum(_losses(loader, loss_of)) / len(loader),
            "You averaged over the batches. The last batch is shorter, so its samples count too much. Multiply each loss "
            "by the size of its batch, and divide by the number of samples.",
        ),
        Mistake(
            "divided by the batches",
            lambda loader, loss_of: sum(loss_of(x, y).item() * len(x) for x, y in loader) / len(loader),
            "`len(loader)` is the number of batches. Divide by the number of samples.",
        ),
        Mistake(
            "sum of means",
            lambda loader, loss_of: sum(_losses(loader, loss_of)),
            "This is the sum of the batch losses. It grows with the number of batches: a mean is needed.",
        ),
        Mistake(
            "not divided",
            lambda loader, loss_of: sum(loss_of(x, y).item() * len(x) for x, y in loader),
            "This is the sum over the samples. Divide it by their number.",
        ),
        Mistake(
            "last batch only",
            lambda loader, loss_of: _losses(loader, loss_of)[-1],
            "This is the loss of the last batch. Add the losses up in the loop.",
        ),
        Mistake("a tensor", _as_tensor, "The value is right, but it is a tensor. `item()` makes it a number."),
    ],
    hints=[
        "Keep two numbers: the sum of the losses of all samples, and how many samples there were.",
        "A batch of `len(x)` samples with the mean loss m adds `m * len(x)` to the sum.",
        "After the loop, divide the sum by the count.",
    ],
    idea="The mean of batch means is the mean over all samples only where all batches have the same size.",
)

# ---- 4.10 a loader in ten lines


def batches_of(
    dataset: Dataset, batch_size: int, shuffle: bool, generator: torch.Generator
) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
    """Yield the batches of one epoch, as PyTorch's DataLoader does."""
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    n = len(dataset)
    order = torch.randperm(n, generator=generator).tolist() if shuffle else range(n)
    for start in range(0, n, batch_size):
        samples = [dataset[i] for i in order[start : start + batch_size]]
        x, y = zip(*samples, strict=True)
        yield torch.stack(x), torch.stack(y)


def _loader(n: int, batch_size: int, order: list[int], **kw: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of ``_numbered(n)`` in an order, by PyTorch."""
    return (tuple(b) for b in DataLoader(_numbered(n), batch_size, sampler=order, **kw))


def _no_worker_seed(dataset: Dataset, batch_size: int, shuffle: bool, generator: torch.Generator) -> Any:
    n = len(dataset)
    order = torch.randperm(n, generator=generator).tolist() if shuffle else list(range(n))
    return _loader(n, batch_size, order)


def _pytorch(dataset: Dataset, batch_size: int, shuffle: bool, generator: torch.Generator, **kw: Any) -> list[Any]:
    return [tuple(b) for b in DataLoader(dataset, batch_size, shuffle=shuffle, generator=generator, **kw)]


def _own_generator(dataset: Dataset, batch_size: int, shuffle: bool, generator: torch.Generator) -> Any:
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    n = len(dataset)
    return _loader(n, batch_size, torch.randperm(n).tolist() if shuffle else list(range(n)))


def _run_batches(answer: Callable[..., Any], n: int, batch_size: int, shuffle: bool, seed: int) -> Any:
    torch.manual_seed(123)  # so that an answer that draws from the global generator is the same each time
    got = answer(_numbered(n), batch_size, shuffle, torch.Generator().manual_seed(seed))
    return [tuple(b) if isinstance(b, list) and len(b) == 2 else b for b in got]


batches_of = Exercise(
    "batches_of",
    "A DataLoader in ten lines",
    solution=batches_of,
    oracle=_pytorch,
    run=_run_batches,
    cases=[(10, 4, True, 0), (12, 4, True, 1), (7, 3, False, 2), (5, 8, True, 3)],
    mistakes=[
        Mistake(
            "no seed for workers",
            _no_worker_seed,
            "Nearly. Your batches are right, in another order: PyTorch first draws one number from the generator, the "
            "seed for workers. Draw it before the order.",
        ),
        Mistake(
            "never shuffled",
            lambda dataset, batch_size, shuffle, generator: _pytorch(dataset, batch_size, False, generator),
            "Your samples are always in the order of the dataset. Where `shuffle` is true, take `torch.randperm`.",
        ),
        Mistake(
            "always shuffled",
            lambda dataset, batch_size, shuffle, generator: _pytorch(dataset, batch_size, True, generator),
            "With `shuffle=False` the samples should keep the order of the dataset.",
        ),
        Mistake(
            "global generator",
            _own_generator,
            "You shuffle with PyTorch's global generator. Pass yours on: `torch.randperm(n, generator=generator)`.",
        ),
        Mistake(
            "short batch lost",
            partial(_pytorch, drop_last=True),
            "A last batch that is shorter is missing. A slice may reach beyond the end: it is then just shorter.",
        ),
        Mistake(
            "samples not stacked",
            partial(_pytorch, collate_fn=list),
            "Each of your batches is a list of samples. Make two tensors of it: all features stacked, all labels stacked.",
        ),
        Mistake(
            "one batch returned",
            lambda *arguments: _pytorch(*arguments)[0],
            "You *return* one batch. Use `yield` in place of `return`: the function then goes on after it.",
        ),
    ],
    hints=[
        "First the order of all sample numbers. Then cut it into pieces of `batch_size`.",
        "The order is `torch.randperm(n, generator=generator).tolist()` or `range(n)`. Before it, draw the number for the "
        "workers, as in the cell above.",
        "For each `start` in `range(0, n, batch_size)`: the samples are `dataset[i]` for i in `order[start : start + "
        "batch_size]`.",
        "`zip(*samples)` gives the features and the labels. Stack both with `torch.stack`, and `yield` the pair.",
    ],
    idea="That is all a DataLoader is: an order, cut into pieces, each piece read and stacked. The rest of it is speed.",
)

EXERCISES = (Squares, IrisDataset, pad_batch, read_for, read_next, predictions, epoch_loss, batches_of)


def summary() -> Text:
    """Return one line: how many exercises of this unit are done, wrong and open."""
    return core.summary(EXERCISES)
