"""The exercises of unit 4: datasets, loaders, collating, reading batches, and a loader of one's own."""

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

from course_utils.data import iris_path
from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import Text, exercise
from course_utils.lessons.u04_dataset_dataloader import COLUMNS, SPECIES, stratified_split

# ---- 4.3 a first dataset


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


@exercise(
    "A first dataset",
    run=_squares_facts,
    cases=[(3,), (7,)],
    hints=[
        "Three methods: `__init__` keeps what is needed, `__getitem__` returns one item, `__len__` the number of items.",
        "In `__init__`, make a float32 tensor with `torch.arange(size, dtype=...)`, and keep it as `self.x`.",
        "An item is the pair `self.x[index]` and its square. The length is `len(self.x)`.",
    ],
    idea="A map-style dataset is an object with `__getitem__` and `__len__`. Reading from a tensor gives you the "
    "IndexError at the end for free.",
)
class Squares(Dataset):
    """Item i is the pair i and i², two float32 scalars, for i from 0 to size - 1."""

    def __init__(self, size: int) -> None:
        self.x = torch.arange(size, dtype=torch.float32)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[index], self.x[index] ** 2

    def __len__(self) -> int:
        return len(self.x)


class _Squares(Squares.answer):
    """The squares with one thing changed."""

    def __init__(self, size: int, first: int = 0, dtype: torch.dtype = torch.float32, longer: int = 0) -> None:
        self.x, self.longer = torch.arange(first, first + size, dtype=dtype), longer

    def __len__(self) -> int:
        return len(self.x) + self.longer


@Squares.mistake("Return a pair, not one tensor.", keys=("values in an item",))
class OneTensor(Squares.answer):
    def __getitem__(self, index: int) -> Tensor:
        return torch.stack(super().__getitem__(index))


@Squares.mistake("`__len__` is missing. Shuffling needs to know how many samples there are.", keys=("len",))
class NoLength(Squares.answer):
    __len__ = None


@Squares.mistake(
    "Any index gives an item, even 1000. A `for` loop over such a dataset never ends. Raise `IndexError` when the "
    "index is too large, or read the item from a tensor, which does that for you.",
    keys=("an index that is too large",),
)
class NoEnd(Squares.answer):
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return torch.tensor(float(index)), torch.tensor(float(index**2))


@Squares.mistake(
    "Your numbers are float64, as Python numbers are. Read them from a float32 tensor.",
    keys=("the first of the items", "the second of the items"),
)
def python_numbers(size):
    return _Squares(size, dtype=torch.float64)


@Squares.mistake("Your numbers begin at 1. Item 0 should be 0 and 0².")
def from_one(size):
    return _Squares(size, first=1)


@Squares.mistake("Your numbers are int64. Ask for `dtype=torch.float32`.")
def whole_numbers(size):
    return _Squares(size, dtype=torch.int64)


@Squares.mistake("`len` is one too large: the numbers go from 0 to size − 1.")
def one_too_long(size):
    return _Squares(size, longer=1)


@Squares.mistake("It works, but it is not a `Dataset`. Write `class Squares(Dataset):`.")
def not_a_dataset(size):
    return [(x, x**2) for x in torch.arange(size, dtype=torch.float32)]


# ---- 4.4 iris


def _read(path: str | Path) -> tuple[Tensor, Tensor]:
    with open(path, encoding="utf-8", newline="") as file:
        flowers = list(csv.DictReader(file))
    x = torch.tensor([[float(flower[name]) for name in COLUMNS] for flower in flowers])
    return x, torch.tensor([SPECIES.index(flower["species"]) for flower in flowers])


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


@exercise(
    "The iris dataset",
    run=_iris_facts,
    cases=[("sorted flowers",), ("mixed flowers",)],
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


class _Iris(IrisDataset.answer):
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


@IrisDataset.mistake(
    "An item should be a pair. Return the features and the label: `return self.x[index], self.y[index]`.",
    keys=("an item",),
)
class FeaturesOnly(IrisDataset.answer):
    def __getitem__(self, index: int) -> Tensor:
        return self.x[index]


@IrisDataset.mistake(
    "Your features are float64. The layers of a network are float32, and refuse other numbers. Numbers from NumPy "
    "are float64: convert them, or ask for `dtype=torch.float32`.",
    keys=("features",),
)
def float64(path, train):
    return _Iris(path, train, convert="x")


@IrisDataset.mistake(
    "Your labels are floating-point numbers. A class number is int64: the usual loss for classes asks for it.",
    keys=("labels",),
)
def float_labels(path, train):
    return _Iris(path, train, convert="y")


@IrisDataset.mistake(
    "Your labels are names. A tensor holds numbers only: use the place of the name in SPECIES.", keys=("labels",)
)
class TextLabels(IrisDataset.answer):
    def __getitem__(self, index: int) -> tuple[Tensor, str]:
        return self.x[index], SPECIES[self.y[index]]


@IrisDataset.mistake(
    "Both parts have the same rows. Did you use the argument `train`?",
    keys=("test rows that are in the training part too", "len of both parts"),
)
def flag_ignored(path, train):
    return _Iris(path, train, split="always train")


@IrisDataset.mistake(
    "There are training rows in your test part. The model has seen them, so the test would praise it too much.",
    keys=("test rows that are in the training part too",),
)
def test_part_has_all_rows(path, train):
    return _Iris(path, train, split="all is test")


@IrisDataset.mistake(
    "You read the file of the course, whatever `path` says. Open the file at `path`.", keys=("len of both parts",)
)
def path_ignored(path, train):
    return _Iris(iris_path(), train)


@IrisDataset.mistake("The parts are swapped: `train=True` should give the large one.", keys=("len of both parts",))
def parts_swapped(path, train):
    return _Iris(path, train, split="swapped")


@IrisDataset.mistake(
    "Each call splits the rows anew, so the training part of one call and the test part of the next have rows in "
    "common. Use a seed: `stratified_split` does.",
    keys=("the same split each time",),
)
def new_split_each_time(path, train):
    return _Iris(path, train, split="new each time")


@IrisDataset.mistake(
    "The classes have not the same share in both parts. The file may be sorted by species: use `stratified_split`.",
    keys=("test flowers of each class",),
)
def last_rows_are_the_test(path, train):
    return _Iris(path, train, split="last rows")


@IrisDataset.mistake(
    "Each part is normalised with its own mean. The test rows are for the end only: normalise them with the mean "
    "and std of the *training* rows, as you would a single new flower.",
    keys=("normalised with",),
)
def own_statistics(path, train):
    return _Iris(path, train, statistics="own")


@IrisDataset.mistake(
    "You took the mean and std of all rows. So the test rows have a say in the training. Take the training rows only.",
    keys=("normalised with",),
)
def statistics_of_all_rows(path, train):
    return _Iris(path, train, statistics="all")


@IrisDataset.mistake(
    "The features are as in the file. Subtract the mean of the training rows, and divide by their std.",
    keys=("normalised with",),
)
def not_normalised(path, train):
    return _Iris(path, train, statistics="none")


@IrisDataset.mistake("Use `mean(dim=0)`: one mean for each column. The same for `std`.", keys=("normalised with",))
def one_mean(path, train):
    return _Iris(path, train, statistics="one")


@IrisDataset.mistake(
    "Divide by the standard deviation too: each column by its own, `std(dim=0)` of the training rows.",
    keys=("normalised with",),
)
def std_forgotten(path, train):
    return _Iris(path, train, statistics="no std")


@IrisDataset.mistake(
    "Your length is one too small. A loader would never read the last flower.", keys=("len of both parts",)
)
def last_row_lost(path, train):
    return _Iris(path, train, longer=-1)


@IrisDataset.mistake(
    "Your length is one too large. Did you count the header line of the file? A loader would fail at the end.",
    keys=("len of both parts",),
)
def header_counted(path, train):
    return _Iris(path, train, longer=1)


@IrisDataset.mistake(
    "When the index is too large, `__getitem__` should raise `IndexError`. `StopIteration` belongs to iterators.",
    keys=("an index that is too large",),
)
class Stops(IrisDataset.answer):
    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index >= len(self.y):
            raise StopIteration
        return self.x[index], self.y[index]


# ---- 4.5 collating


def _lengths(samples: list[Tensor]) -> Tensor:
    return torch.tensor([len(sample) for sample in samples])


@exercise(
    "A collate function",
    oracle=lambda samples: (pad_sequence(samples, batch_first=True), _lengths(samples)),
    cases=[
        ([torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0]), torch.tensor([5.0, 6.0])],),
        ([torch.tensor([7.0]), torch.tensor([8.0, 9.0])],),
    ],
    hints=[
        "First the lengths, as a tensor. The longest says how wide the batch must be.",
        "Make the batch with `torch.zeros(number of samples, largest length)`.",
        "For each row: `batch[row, : len(sample)] = sample`.",
    ],
    idea="`collate_fn` gets the list of samples and returns the batch. The default one stacks, so it needs equal shapes; "
    "for texts or sounds you write your own.",
)
def pad_batch(samples: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the samples, filled up with zeros at the end, as one tensor, and their lengths."""
    lengths = torch.tensor([len(sample) for sample in samples])
    batch = torch.zeros(len(samples), int(lengths.max()))
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, lengths


@pad_batch.mistake(
    "`stack` needs tensors of one shape. Make a tensor of zeros first, then write each sample into its row."
)
def stack(samples):
    return torch.stack(samples), _lengths(samples)


@pad_batch.mistake("The first sample need not be the longest. Take the largest of all lengths.")
def as_wide_as_the_first(s):
    return torch.stack([torch.cat([t, torch.zeros(len(s[0]) - len(t))]) for t in s]), _lengths(s)


@pad_batch.mistake("You cut all samples to the shortest, and lose data. Fill up to the longest.")
def cut(samples):
    return torch.stack([s[: _lengths(samples).min()] for s in samples]), _lengths(samples)


@pad_batch.mistake("Your zeros are in front. Here they come after the sample.")
def zeros_in_front(samples):
    return pad_sequence(samples, batch_first=True, padding_side="left"), _lengths(samples)


@pad_batch.mistake(
    "Each sample is a column. The batch is the *first* dimension, so each sample is a row: with "
    "`pad_sequence`, pass `batch_first=True`."
)
def samples_in_columns(samples):
    return pad_sequence(samples), _lengths(samples)


@pad_batch.mistake("The batch is right. Return the lengths too: without them nobody can tell a zero that you added.")
def no_lengths(samples):
    return pad_sequence(samples, batch_first=True)


@pad_batch.mistake("The batch is right. The lengths should be a tensor: `torch.tensor([...])`.")
def list_of_lengths(samples):
    return pad_sequence(samples, batch_first=True), [len(s) for s in samples]


# ---- 4.6 reading batches


def _numbered(size: int) -> TensorDataset:
    """Make a dataset whose label tells the place of the sample."""
    return TensorDataset(torch.arange(4.0 * size).view(size, 4), torch.arange(size))


def _read_for(answer: Callable[..., Any], size: int, seed: int) -> Any:
    torch.manual_seed(123)  # so that an answer without the generator is the same each time
    return answer(_numbered(size), torch.Generator().manual_seed(seed))


@exercise(
    "Batches with for",
    run=_read_for,
    cases=[(30, 0), (37, 1)],
    hints=[
        "`DataLoader(dataset, ...)` needs three more arguments here: the batch size, shuffle, and the generator.",
        "`for features, labels in loader:` gives you one batch in each round.",
        "Append `labels` to a list in the loop; return the list after the loop.",
    ],
    idea="`for` asks the loader for a new iterator, and takes batches until there are none left. One such pass is an epoch.",
)
def read_for(dataset: Dataset, generator: torch.Generator) -> list[torch.Tensor]:
    """Return the labels of each batch, in a list."""
    loader = DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)
    found = []
    for _features, labels in loader:
        found.append(labels)
    return found


@read_for.mistake("Each of your batches has one sample, the default. Pass `batch_size=15`.")
def batch_size_1(d, g):
    return [y for _, y in DataLoader(d, shuffle=True, generator=g)]


@read_for.mistake("The samples come in the order of the dataset. Pass `shuffle=True`.")
def not_shuffled(d, g):
    return [y for _, y in DataLoader(d, batch_size=15, generator=g)]


@read_for.mistake("Your order is not that of the generator. Pass `generator=generator`.")
def no_generator(d, g):
    return [y for _, y in DataLoader(d, batch_size=15, shuffle=True)]


@read_for.mistake("You have the first batch only. Is your `return` inside the loop?")
def only_the_first_batch(d, g):
    return [next(iter(DataLoader(d, batch_size=15, shuffle=True, generator=g)))[1]]


@read_for.mistake("These are the features. The labels are the second part of each batch.")
def features(d, g):
    return [x for x, _ in DataLoader(d, batch_size=15, shuffle=True, generator=g)]


@read_for.mistake("You read single samples. Loop over the DataLoader, not over the dataset.")
def dataset_not_loader(d, g):
    return [y for _, y in d]


@read_for.mistake("A last batch that is shorter is missing. Leave `drop_last` at False.")
def drop_last(d, g):
    return [y for _, y in DataLoader(d, batch_size=15, shuffle=True, generator=g, drop_last=True)]


def _read_next(answer: Callable[..., Any], size: int) -> Any:
    return answer(DataLoader(_numbered(size), batch_size=15))


@exercise(
    "Batches with iter and next",
    oracle=lambda loader: [labels for _, labels in loader],
    run=_read_next,
    cases=[(45,), (37,)],
    hints=[
        "`iterator = iter(loader)`, once. Then `next(iterator)` gives one batch in each call.",
        "How often? `len(loader)` times. Or `while True`, until `StopIteration`.",
        "With `while True`: put `next` into a `try`, and return the list in `except StopIteration`.",
    ],
    idea="A `for` loop gives the same list: behind the scenes it calls `iter` once, then `next` until `StopIteration`.",
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


@read_next.mistake(
    "You have the first batch again and again. Each `iter(loader)` starts anew: call it once, before the loop."
)
def always_a_new_iterator(loader):
    return [next(iter(loader))[1] for _ in range(len(loader))]


@read_next.mistake(
    "After the last batch `next` raises `StopIteration`. Catch it with `try` and `except`, or call `next` exactly "
    "`len(loader)` times."
)
def stopiteration_not_handled(loader):
    return [next(batches)[1] for batches in [iter(loader)] for _ in range(99)]


@read_next.mistake("A DataLoader is not an iterator. `iter(loader)` makes one; call `next` on that.")
def next_of_the_loader(loader):
    return [next(loader)[1] for _ in range(len(loader))]


@read_next.mistake("The last batch is missing. There are `len(loader)` batches.")
def one_too_few(loader):
    return [y for _, y in loader][:-1]


@read_next.mistake("You have the first batch only. Call `next` until there are no batches left.")
def only_the_first_batch(loader):
    return [next(iter(loader))[1]]


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


predictions = exercise(
    "How many batches?",
    name="predictions",
    oracle=_predictions,
    cases=[()],
    hints=[
        "Divide 30 by the batch size, and look at the rest.",
        "The rest is a batch of its own, unless `drop_last=True`.",
        "Without `batch_size`, a batch has one sample.",
    ],
    idea="The number of batches is N divided by the batch size, rounded up; with `drop_last=True`, rounded down.",
)(
    {
        "a: batches": 4,
        "a: samples in the last batch": 6,
        "b: batches": 3,
        "b: samples in the last batch": 8,
        "c: batches": 30,
        "c: samples in the last batch": 1,
        "d: batches": 1,
        "d: samples in the last batch": 30,
    }
)

predictions.mistake("a: three batches of 8 are 24 samples. What of the other 6?", name="a: whole batches only")(
    {"a: batches": 3}
)

predictions.mistake("a: four batches of 8 would be 32 samples.", name="a: all full")(
    {"a: samples in the last batch": 8}
)

predictions.mistake("b: `drop_last=True` leaves out a last batch that is shorter.", name="b: kept")({"b: batches": 4})

predictions.mistake("b: the short batch is dropped. How long are the others?", name="b: short")(
    {"b: samples in the last batch": 6}
)

predictions.mistake("c: `batch_size` is 1 where you do not pass it, not all samples.", name="c: one batch")(
    {"c: batches": 1}
)

predictions.mistake("c: the default of `batch_size` is 1.", name="c: all")({"c: samples in the last batch": 30})

predictions.mistake("d: a batch that is shorter than `batch_size` is still a batch.", name="d: none")({"d: batches": 0})

predictions.mistake("d: nothing is filled up: there are only 30 samples.", name="d: filled")(
    {"d: samples in the last batch": 100}
)

# ---- 4.8 the loss of an epoch


def _mse(x: Tensor, y: Tensor) -> Tensor:
    return ((x - y) ** 2).mean()


def _losses(loader: DataLoader, loss_of: Callable[[Tensor, Tensor], Tensor]) -> list[float]:
    return [loss_of(x, y).item() for x, y in loader]


def _epoch_loss(answer: Callable[..., Any], size: int, batch_size: int) -> Any:
    x = torch.arange(float(size))
    return answer(DataLoader(TensorDataset(x, x**2 / 4), batch_size=batch_size), _mse)


@exercise(
    "The loss of an epoch",
    oracle=lambda loader, loss_of: loss_of(*loader.dataset.tensors).item(),
    run=_epoch_loss,
    cases=[(10, 4), (11, 5)],
    hints=[
        "Keep two numbers: the sum of the losses of all samples, and how many samples there were.",
        "A batch of `len(x)` samples with the mean loss m adds `m * len(x)` to the sum.",
        "After the loop, divide the sum by the count.",
    ],
    idea="The mean of batch means is the mean over all samples only where all batches have the same size.",
)
def epoch_loss(loader: DataLoader, loss_of: "Callable[..., torch.Tensor]") -> float:
    """Return the mean loss over all samples; loss_of gives the mean of one batch, a scalar tensor."""
    total, count = 0.0, 0
    for x, y in loader:
        total += loss_of(x, y).item() * len(x)
        count += len(x)
    return total / count


@epoch_loss.mistake(
    "You averaged over the batches. The last batch is shorter, so its samples count too much. Multiply each loss "
    "by the size of its batch, and divide by the number of samples."
)
def mean_of_means(loader, loss_of):
    return sum(_losses(loader, loss_of)) / len(loader)


@epoch_loss.mistake("`len(loader)` is the number of batches. Divide by the number of samples.")
def divided_by_the_batches(loader, loss_of):
    return sum(loss_of(x, y).item() * len(x) for x, y in loader) / len(loader)


@epoch_loss.mistake("This is the sum of the batch losses. It grows with the number of batches: a mean is needed.")
def sum_of_means(loader, loss_of):
    return sum(_losses(loader, loss_of))


@epoch_loss.mistake("This is the sum over the samples. Divide it by their number.")
def not_divided(loader, loss_of):
    return sum(loss_of(x, y).item() * len(x) for x, y in loader)


@epoch_loss.mistake("This is the loss of the last batch. Add the losses up in the loop.")
def last_batch_only(loader, loss_of):
    return _losses(loader, loss_of)[-1]


@epoch_loss.mistake("The value is right, but it is a tensor. `item()` makes it a number.")
def a_tensor(loader, loss_of):
    return sum(loss_of(x, y) * len(x) for x, y in loader) / sum(len(x) for x, _ in loader)


# ---- 4.10 a loader in ten lines


def _loader(n: int, batch_size: int, order: list[int], **kw: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of ``_numbered(n)`` in an order, by PyTorch."""
    return (tuple(b) for b in DataLoader(_numbered(n), batch_size, sampler=order, **kw))


def _pytorch(dataset: Dataset, batch_size: int, shuffle: bool, generator: torch.Generator, **kw: Any) -> list[Any]:
    return [tuple(b) for b in DataLoader(dataset, batch_size, shuffle=shuffle, generator=generator, **kw)]


def _run_batches(answer: Callable[..., Any], n: int, batch_size: int, shuffle: bool, seed: int) -> Any:
    torch.manual_seed(123)  # so that an answer that draws from the global generator is the same each time
    got = answer(_numbered(n), batch_size, shuffle, torch.Generator().manual_seed(seed))
    return [tuple(b) if isinstance(b, list) and len(b) == 2 else b for b in got]


@exercise(
    "A DataLoader in ten lines",
    oracle=_pytorch,
    run=_run_batches,
    cases=[(10, 4, True, 0), (12, 4, True, 1), (7, 3, False, 2), (5, 8, True, 3)],
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


@batches_of.mistake(
    "Nearly. Your batches are right, in another order: PyTorch first draws one number from the generator, the "
    "seed for workers. Draw it before the order."
)
def no_seed_for_workers(dataset, batch_size, shuffle, generator):
    n = len(dataset)
    order = torch.randperm(n, generator=generator).tolist() if shuffle else list(range(n))
    return _loader(n, batch_size, order)


@batches_of.mistake(
    "Your samples are always in the order of the dataset. Where `shuffle` is true, take `torch.randperm`."
)
def never_shuffled(dataset, batch_size, shuffle, generator):
    return _pytorch(dataset, batch_size, False, generator)


@batches_of.mistake("With `shuffle=False` the samples should keep the order of the dataset.")
def always_shuffled(dataset, batch_size, shuffle, generator):
    return _pytorch(dataset, batch_size, True, generator)


@batches_of.mistake(
    "You shuffle with PyTorch's global generator. Pass yours on: `torch.randperm(n, generator=generator)`."
)
def global_generator(dataset, batch_size, shuffle, generator):
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    n = len(dataset)
    return _loader(n, batch_size, torch.randperm(n).tolist() if shuffle else list(range(n)))


@batches_of.mistake(
    "A last batch that is shorter is missing. A slice may reach beyond the end: it is then just shorter."
)
def short_batch_lost(dataset, batch_size, shuffle, generator):
    return _pytorch(dataset, batch_size, shuffle, generator, drop_last=True)


@batches_of.mistake(
    "Each of your batches is a list of samples. Make two tensors of it: all features stacked, all labels stacked."
)
def samples_not_stacked(dataset, batch_size, shuffle, generator):
    return _pytorch(dataset, batch_size, shuffle, generator, collate_fn=list)


@batches_of.mistake("You *return* one batch. Use `yield` in place of `return`: the function then goes on after it.")
def one_batch_returned(*arguments):
    return _pytorch(*arguments)[0]


EXERCISES = (Squares, IrisDataset, pad_batch, read_for, read_next, predictions, epoch_loss, batches_of)


def summary() -> Text:
    """Return one line: how many exercises of this unit are done, wrong and open."""
    return core.summary(EXERCISES)
