"""The exercises of unit 4: datasets, loaders, collating, reading batches, and a loader of one's own."""

import csv
import inspect
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

from course_utils.data import iris_path
from course_utils.exercises.engine import shown
from course_utils.exercises.engine.core import Text, exercise
from course_utils.lessons.u04_dataset_dataloader import COLUMNS, SPECIES, stratified_split

# ---- what the runs look at, in words, so that a message can say what is there in place of what should be there

NOT_YET = "not looked at"  # a fact that comes after one that is wrong


def _kind(value: Any) -> str:
    """Say what an item or a batch is."""
    if isinstance(value, tuple | list):
        return "a pair" if len(value) == 2 else f"{len(value)} values"
    return "one tensor" if isinstance(value, Tensor) else "None" if value is None else f"a {type(value).__name__}"


def _form(value: Any) -> str:
    """Say which dtype and shape a value has; a loader takes numbers and arrays of NumPy as tensors."""
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biuf":
        value = torch.as_tensor(value)
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')}, shape {tuple(value.shape)}"
    return "None" if value is None else f"a Python {type(value).__name__}"


def _odd_one(found: Iterable[str], wanted: str) -> str:
    """Return the first text that is not the wanted one; the wanted one where there is none."""
    return next((text for text in found if text != wanted), wanted)


def _names(function: Any, seen: tuple = ()) -> set[str]:
    """Return all names in the code of a function, and of the student's own functions that it calls."""
    function = inspect.unwrap(function)  # a decorator may stand before it
    codes, names = [getattr(function, "__code__", None)], set()
    for code in filter(None, codes):  # it grows on the way, by the functions inside
        names |= set(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    called = [getattr(function, "__globals__", {}).get(name) for name in names]
    own = [f for f in called if isinstance(f, FunctionType) and f.__module__ == function.__module__ and f not in seen]
    return names.union(*(_names(f, (*seen, *own)) for f in own))


def _items(dataset: Any, most: int = 200) -> tuple[list[Any], str]:
    """Read the items of a dataset from the first one on; return them, and the name of the error that comes past the end."""
    items: list[Any] = []
    try:
        while len(items) < most:
            items.append(_copied(dataset[len(items)]))
    except Exception as error:
        if isinstance(error, NotImplementedError) or (not items and _length(dataset) != 0):
            raise  # a stub, or not even the first item can be read
    ends = [_error(dataset, index) for index in (len(items), len(items) + 1, 10**6)]
    if len(items) == most and ends[2] != "no error":
        return items, "an error much later"
    return items, _odd_one(ends, "IndexError")


def _error(dataset: Any, index: int) -> str:
    """Return the name of the error at an index, or "no error"."""
    try:
        dataset[index]
    except Exception as error:
        return type(error).__name__
    return "no error"


def _copied(item: Any) -> Any:
    """Copy the tensors of an item: they may share their memory with the dataset, and change with it."""
    if isinstance(item, tuple | list):
        return [_copied(value) for value in item]
    return item.detach().clone() if isinstance(item, Tensor) else item


def _length(dataset: Any) -> Any:
    return len(dataset) if getattr(dataset, "__len__", None) else "missing"


# ---- 4.3 a first dataset


_SQUARES = (
    "the number of items that can be read", "the error past the end", "an object, when another one is made,", "an item",
    "the type of the first value",
    "the type of the second value", "items at different places", "the first value of each item", "the second value of each item",
    "each item, when it is read again,", "`len(dataset)`", "your class",
)  # fmt: skip


def _squares(answer: Callable[[int], Any], size: int) -> dict[str, Any]:
    dataset = answer(size)
    items, end = _items(dataset)
    answer(2)  # another object, with numbers of its own
    changed = len(_items(dataset)[0]) != len(items)
    facts: dict[str, Any] = dict.fromkeys(_SQUARES, NOT_YET)
    facts["the number of items that can be read"] = len(items)
    facts["the error past the end"] = end
    facts["an object, when another one is made,"] = "another one" if changed else "the same"
    facts["an item"] = _odd_one(map(_kind, items[:size]), "a pair")
    if not items or facts["an item"] != "a pair":
        return facts
    firsts, seconds = zip(*items[:size], strict=True)
    facts["the type of the first value"] = _odd_one(map(_form, firsts), "float32, shape ()")
    facts["the type of the second value"] = _odd_one(map(_form, seconds), "float32, shape ()")
    if not all(isinstance(value, int | float) or _form(value).endswith(" ()") for value in firsts + seconds):
        return facts
    pairs = [(float(a), float(b)) for a, b in zip(firsts, seconds, strict=True)]
    again = [dataset[index] for index in reversed(range(len(pairs)))]
    same = [(float(a), float(b)) for a, b in reversed(again)] == pairs
    return facts | {
        "items at different places": "the same" if len(pairs) > 1 and len(set(pairs)) == 1 else "different",
        "the first value of each item": torch.tensor([first for first, _ in pairs]),
        "the second value of each item": torch.tensor([second for _, second in pairs]),
        "each item, when it is read again,": "the same" if same else "another one",
        "`len(dataset)`": _length(dataset),
        "your class": "a Dataset" if isinstance(dataset, Dataset) else "no Dataset",
    }


@exercise(
    "A first dataset",
    run=_squares,
    cases=[(3,), (7,), (1,)],
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


@Squares.mistake(
    "There is no `__getitem__` that Python finds. Is it inside the class, with two underscores on each side?"
)
class GetitemMisspelt(Dataset):
    def __init__(self, size):
        self.x = torch.arange(size, dtype=torch.float32)

    def _getitem_(self, index):
        return self.x[index], self.x[index] ** 2


@Squares.mistake(
    "Python finds no `__init__` in your class, so `size` does not arrive. Is it inside the class, with two underscores on "
    "each side?",
    error="takes no arguments",
)
class InitMisspelt(Dataset):
    def _init_(self, size):
        self.x = torch.arange(size, dtype=torch.float32)


@Squares.mistake(
    "A method got one value more than it has parameters. Each method begins with `self`; then comes what it is given, "
    "`size` or `index`.",
    error="takes 1 positional argument but 2 were given",
)
class NoSelf(Squares.answer):
    def __getitem__(index):
        return index, index**2


@Squares.mistake(
    "Your object was asked for an attribute that it does not have. What the other methods need, `__init__` keeps with "
    "`self.x = ...`, under exactly that name.",
    error="Squares' object has no attribute",
)
class EmptySquares(Squares.answer):
    def __init__(self, size):
        x = torch.arange(size, dtype=torch.float32)  # noqa: F841 - that is the mistake


@Squares.mistake(
    "Python does not know a name here. A variable of one method is not known in the others: keep it as `self.x`, and read "
    "it as `self.x`.",
    error="is not defined",
)
class NameOnly(Squares.answer):
    def __getitem__(self, index):
        return x[index], x[index] ** 2  # noqa: F821 - that is the mistake


@Squares.mistake(
    "`__init__` returns something. It only keeps values, with `self.x = ...`, and has no `return`.",
    error="__init__() should return None",
)
class InitReturns(Squares.answer):
    def __init__(self, size):
        return torch.arange(size, dtype=torch.float32)


@Squares.mistake("In Python `^` is no power. The square of x is `x ** 2`.", error="bitwise_xor")
class Xor(Squares.answer):
    def __getitem__(self, index):
        return self.x[index], self.x[index] ^ 2


@Squares.mistake(
    "`__getitem__` is a generator, because it has a `yield`. It should `return` one item.", keys=("an item",)
)
class Yields(Squares.answer):
    def __getitem__(self, index):
        yield self.x[index], self.x[index] ** 2


@Squares.mistake("`__getitem__` returns nothing. Is its `return` missing?", keys=("an item",))
class ReturnMissing(Squares.answer):
    def __getitem__(self, index):
        self.x[index], self.x[index] ** 2


@Squares.mistake("An item is one tensor here. Return a pair: two values, with a comma between them.", keys=("an item",))
class OneTensor(Squares.answer):
    def __getitem__(self, index):
        return torch.stack([self.x[index], self.x[index] ** 2])


@Squares.mistake(
    "Each item has all the numbers. `__getitem__` gets an `index`, and returns the values at this index only.",
    keys=("the type of the first value", "the type of the second value"),
)
class IndexIgnored(Squares.answer):
    def __getitem__(self, index):
        return self.x, self.x**2


@Squares.mistake(
    "Your values have the shape (1,): vectors with one number. A scalar has the shape (): no brackets around the number "
    "in `torch.tensor(...)`, no slice.",
    keys=("the type of the first value", "the type of the second value"),
)
class Vectors(Squares.answer):
    def __getitem__(self, index):
        return torch.tensor([float(index)]), torch.tensor([float(index**2)])


@Squares.mistake(
    "Your numbers are int64, as whole numbers are in PyTorch unless you ask for another dtype. Ask for `dtype=torch.float32`.",
    keys=("the type of the first value", "the type of the second value"),
)
class WholeNumbers(Squares.answer):
    def __init__(self, size):
        self.x = torch.arange(size)


@Squares.mistake(
    "Your numbers are Python ints. A loader makes int64 of them. Make a float32 tensor, at best once, in `__init__`.",
    keys=("the type of the first value", "the type of the second value"),
)
class PythonInts(Squares.answer):
    def __getitem__(self, index):
        return index, index**2


@Squares.mistake(
    "Your numbers are Python floats. A loader makes float64 of them. Make a float32 tensor, at best once, in `__init__`.",
    keys=("the type of the first value", "the type of the second value"),
)
class PythonFloats(Squares.answer):
    def __getitem__(self, index):
        return float(index), float(index) ** 2


@Squares.mistake(
    "Your numbers are float64, as numbers of Python and NumPy are. Ask for float32.",
    keys=("the type of the first value", "the type of the second value"),
)
class Double(Squares.answer):
    def __init__(self, size):
        self.x = torch.from_numpy(np.arange(float(size)))


@Squares.mistake(
    "The first value is right, the second one is a Python int. Square the float32 tensor, not the index.",
    keys=("the type of the first value", "the type of the second value"),
)
class IndexSquared(Squares.answer):
    def __getitem__(self, index):
        return self.x[index], index**2


@Squares.mistake(
    "The first value is float32, the second one is int64. Square the first value, not the index.",
    keys=("the type of the first value", "the type of the second value"),
)
class IndexSquaredInATensor(Squares.answer):
    def __getitem__(self, index):
        return self.x[index], torch.tensor(index**2)


@Squares.mistake(
    "All items are the same. `__getitem__` gets an `index`, and returns the values at this index.",
    keys=("items at different places",),
)
class AlwaysTheLast(Squares.answer):
    def __init__(self, size):
        for i in range(size):
            self.x = torch.tensor(float(i))
        self.size = size

    def __getitem__(self, index):
        return self.x, self.x**2

    def __len__(self):
        return self.size


@Squares.mistake("Your numbers begin at 1. Item 0 should be 0 and 0².", keys=("the first value of each item",))
class FromOne(Squares.answer):
    def __init__(self, size):
        self.x = torch.arange(1, size + 1, dtype=torch.float32)


@Squares.mistake(
    "Both values of an item are the square. The first one should be the number itself.",
    keys=("the first value of each item", "the second value of each item"),
)
class SquaredTooSoon(Squares.answer):
    def __getitem__(self, index):
        return self.x[index] ** 2, self.x[index] ** 2


@Squares.mistake(
    "Both values of an item are the same number. The second one should be the square of the first.",
    keys=("the first value of each item", "the second value of each item"),
)
class NotSquared(Squares.answer):
    def __getitem__(self, index):
        return self.x[index], self.x[index]


@Squares.mistake("The second value is 2 · i. The square is i · i.", keys=("the second value of each item",))
class Doubled(Squares.answer):
    def __getitem__(self, index):
        return self.x[index], self.x[index] * 2


@Squares.mistake(
    "The two values of an item are in the wrong order: first the number, then its square.",
    keys=("the first value of each item", "the second value of each item"),
)
class Swapped(Squares.answer):
    def __getitem__(self, index):
        return self.x[index] ** 2, self.x[index]


@Squares.mistake(
    "Read a second time, an item is another one. `self.x[index]` shares its memory with `self.x`, so an operation in place "
    "changes both.",
    keys=("each item, when it is read again,",),
)
class InPlace(Squares.answer):
    def __getitem__(self, index):
        number = self.x[index]
        return number.clone(), number.pow_(2)


@Squares.mistake(
    "Any index gives an item, even one far past the end, so a `for` loop over your dataset never ends. Raise `IndexError` "
    "when the index is too large, or read the item from a tensor, which does that for you.",
    keys=("the number of items that can be read", "the error past the end"),
)
class NoEnd(Squares.answer):
    def __getitem__(self, index):
        return torch.tensor(float(index)), torch.tensor(float(index**2))


@Squares.mistake(
    "One item too much can be read: the index `size` should raise `IndexError`, because the last index is size − 1.",
    keys=("the number of items that can be read", "the error past the end"),
)
class EndsOneTooLate(Squares.answer):
    def __getitem__(self, index):
        if index > len(self):
            raise IndexError(index)
        return torch.tensor(float(index)), torch.tensor(float(index**2))


@Squares.mistake(
    "The index `size` raises an error, but larger ones give an item again. Compare with `>=`.",
    keys=("the number of items that can be read", "the error past the end"),
)
class OnlyOneEnd(Squares.answer):
    def __getitem__(self, index):
        if index == len(self):
            raise IndexError(index)
        return torch.tensor(float(index)), torch.tensor(float(index**2))


@Squares.mistake(
    "An index past the end raises `StopIteration`. That belongs to iterators; `__getitem__` raises `IndexError`.",
    keys=("the error past the end",),
)
class Stops(Squares.answer):
    def __getitem__(self, index):
        if index >= len(self):
            raise StopIteration
        return super().__getitem__(index)


@Squares.mistake(
    "An index past the end raises `ValueError`. Python's error for a place that is not there is `IndexError`.",
    keys=("the error past the end",),
)
class WrongError(Squares.answer):
    def __getitem__(self, index):
        if index >= len(self):
            raise ValueError(index)
        return super().__getitem__(index)


@Squares.mistake(
    "One item too few can be read: the numbers go from 0 to size − 1, and `torch.arange(size)` gives exactly these.",
    keys=("the number of items that can be read",),
)
class OneTooFew(Squares.answer):
    def __init__(self, size):
        self.x = torch.arange(size - 1, dtype=torch.float32)


@Squares.mistake(
    "Making a second object changes the first one: they share what belongs to the class, or to no object at all. Keep what "
    "belongs to one object with `self.x = ...`, in `__init__`.",
    keys=("an object, when another one is made,",),
)
class SharedByAll(Squares.answer):
    def __init__(self, size):
        SharedByAll.x = torch.arange(size, dtype=torch.float32)


@Squares.mistake("`__len__` is missing. Shuffling needs to know how many samples there are.", keys=("`len(dataset)`",))
class NoLength(Squares.answer):
    __len__ = None


@Squares.mistake("`len` is one too large: the numbers go from 0 to size − 1.", keys=("`len(dataset)`",))
class LengthOneTooLarge(Squares.answer):
    def __len__(self):
        return len(self.x) + 1


@Squares.mistake(
    "`len` is one too small. It counts the items, and does not name the last index.", keys=("`len(dataset)`",)
)
class LengthOneTooSmall(Squares.answer):
    def __len__(self):
        return len(self.x) - 1


@Squares.mistake(
    "`None` came where a whole number is needed. Does `__len__` *return* the length?",
    error="'NoneType' object cannot be interpreted as an integer",
)
class LengthNotReturned(Squares.answer):
    def __len__(self):
        print(len(self.x))


@Squares.mistake(
    "Python needs one whole number at a place where it got a tensor of several. `__len__` returns how many there are, "
    "`len(self.x)`.",
    error="only integer tensors of a single element can be converted to an index",
)
class LengthIsATensor(Squares.answer):
    def __len__(self):
        return self.x


@Squares.mistake("It works, but it is no `Dataset`. Write `class Squares(Dataset):`.")
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
_ITEM = ("the features of an item", "the label of an item")
_SIZES = ("the number of items in the training part", "the number of items in the test part")
_LENGTHS = ("`len` of the training part", "`len` of the test part")
_MOVED = (
    "what is subtracted from each column of the training part", "what each column of the training part is divided by",
    "what is subtracted from each column of the test part", "what each column of the test part is divided by",
)  # fmt: skip
_IRIS = (
    "an item", *_ITEM, "the error past the end", "the number of features that are nan", "each item, when it is read again,",
    "the number of test rows that are in the training part too", *_SIZES, *_LENGTHS,
    "the test part, when it is made a second time,", "the label of an item belongs to",
    *(f"the class number of {name}" for name in SPECIES), "the share of each class in both parts", "the rows of both parts",
    *_MOVED, "the features of the training part", "the features of the test part", "your class",
)  # fmt: skip


def _iris(answer: Callable[..., Any], file: str) -> dict[str, Any]:
    """Write the file, build both parts, and look at them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flowers.csv"
        path.write_text(_FILES[file], encoding="utf-8")
        train, test, again = answer(path, train=True), answer(path, train=False), answer(path, train=False)
        (items, end), (test_items, _), (again_items, _) = map(_items, (train, test, again))
        once_more = [test[index] for index in reversed(range(len(test_items)))][::-1]
        raw, y = _read(path)
    sizes = tuple(map(len, stratified_split(y)))
    facts: dict[str, Any] = dict.fromkeys(_IRIS, NOT_YET)
    facts["the error past the end"] = end
    # where any index gives something, the items past the end say nothing
    both = items[: sizes[0]] + test_items[: sizes[1]] if end == "no error" else items + test_items
    facts["an item"] = _odd_one(map(_kind, both), "a pair")
    if facts["an item"] != "a pair":
        return facts
    forms = [tuple(map(_form, item)) for item in both]
    facts[_ITEM[0]] = _odd_one((form for form, _ in forms), "float32, shape (4,)")
    facts[_ITEM[1]] = _odd_one((form for _, form in forms if form != "a Python int"), "int64, shape ()")
    well_formed = facts[_ITEM[0]].endswith("shape (4,)") and facts[_ITEM[1]].endswith(("shape ()", "Python float"))
    if end == "no error" or not well_formed:
        return facts
    features, test_features, again_features, second = map(_features, (items, test_items, again_items, once_more))
    known, rows, again_rows = (set(map(tuple, part.tolist())) for part in (features, test_features, again_features))
    facts |= {
        "the number of features that are nan": int(features.isnan().sum() + test_features.isnan().sum()),
        "each item, when it is read again,": "the same"
        if test_features.allclose(second, equal_nan=True)
        else "another one",
        "the number of test rows that are in the training part too": len(known & rows),
        **dict(zip(_SIZES, (len(items), len(test_items)), strict=True)),
        **dict(zip(_LENGTHS, (_length(train), _length(test)), strict=True)),
        "the test part, when it is made a second time,": "the same" if rows == again_rows else "another one",
    }
    if (len(items), len(test_items)) == sizes:
        facts |= _origin(features, test_features, [int(label) for _, label in both], raw.double(), y)
        facts["your class"] = "a Dataset" if isinstance(train, Dataset) else "no Dataset"
    return facts


def _features(items: list[Any]) -> Tensor:
    return torch.stack([torch.as_tensor(x).double() for x, _ in items]) if items else torch.empty(0, 4)


def _origin(features: Tensor, test_features: Tensor, labels: list[int], raw: Tensor, y: Tensor) -> dict[str, Any]:
    """Find the rows of the file that the items come from, and what was done with each column."""
    wanted, count = torch.cat(stratified_split(y)), len(features)
    rows = _rows(torch.cat([features, test_features]), raw)
    order = wanted if rows is None else rows  # where each part has statistics of its own, for example
    train, test = order[:count], order[count:]
    moved = [_moved(features, raw[train], raw[train], raw), _moved(test_features, raw[test], raw[train], raw)]
    pairs = set(zip(y[order].tolist(), labels, strict=True)) if all(moved) else set()  # with other rows it says nothing
    numbers = [
        " and ".join(str(n) for c, n in sorted(pairs) if c == label) or str(label) for label in range(len(SPECIES))
    ]
    species = labels[count:] if rows is None else y[test].tolist()
    shares = sorted(Counter(species).values()) == sorted(Counter(y[wanted[count:]].tolist()).values())
    same = set(train.tolist()) == set(wanted[:count].tolist())
    right = raw[train].mean(dim=0), raw[train].std(dim=0)
    normal = (raw - raw[wanted[:count]].mean(dim=0)) / raw[wanted[:count]].std(dim=0)
    steps = [step.float() for part in moved for step in part or right]
    return {
        "the label of an item belongs to": "its flower" if len(pairs) <= len(SPECIES) else "another flower",
        **{f"the class number of {name}": number for name, number in zip(SPECIES, numbers, strict=True)},
        "the share of each class in both parts": "the same" if shares else "not the same",
        "the rows of both parts": "those of stratified_split" if same else "others",
        **dict(zip(_MOVED, steps, strict=True)),
        # where each column was moved as a whole, the numbers above say all, in whatever order the rows are
        "the features of the training part": normal[wanted[:count]].float() if moved[0] else features.float(),
        "the features of the test part": normal[wanted[count:]].float() if moved[1] else test_features.float(),
    }


def _rows(features: Tensor, raw: Tensor) -> Tensor | None:
    """Find the row of the file that each item is; None where the columns were not moved and scaled as a whole."""
    scale = (raw.amax(dim=0) - raw.amin(dim=0)) / (features.amax(dim=0) - features.amin(dim=0))
    back = (features - features.amin(dim=0)) * scale + raw.amin(dim=0)
    distance, rows = (back.unsqueeze(1) - raw).abs().amax(dim=2).min(dim=1)
    return rows if (distance < 1e-3).all() and len(rows.unique()) == len(raw) else None


def _moved(features: Tensor, raw: Tensor, train: Tensor, everything: Tensor) -> tuple[Tensor, Tensor] | None:
    """Find what was subtracted from each column of some rows, and by what it was divided; None where that is not all."""
    scale = (raw.amax(dim=0) - raw.amin(dim=0)) / (features.amax(dim=0) - features.amin(dim=0))
    shift = raw.amin(dim=0) - features.amin(dim=0) * scale
    if not torch.allclose((raw - shift) / scale, features, atol=1e-4):
        return None
    for rows in (train, everything, raw):  # the task allows N in place of N - 1, as NumPy has it
        for dim in (0, (0, 1)):
            if torch.allclose(scale, rows.std(dim=dim, correction=0), rtol=1e-4):
                scale = rows.std(dim=dim).expand(4)
    return shift, scale


@exercise(
    "The iris dataset",
    run=_iris,
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

    def __init__(self, path: "str | Path", train: bool) -> None:
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


# Most of its mistakes lie in the numbers of `__init__`, so they are functions, and a TensorDataset does the rest.


def _load(path: str | Path, train: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return features and labels of the whole file, the training rows, and the rows of the part that is asked for."""
    x, y = _read(path)
    train_rows, test_rows = stratified_split(y)
    return x, y, train_rows, train_rows if train else test_rows


@IrisDataset.mistake("There is no file of this name. Open the file at `path`.", error="No such file")
def file_name_typed_in(path, train):
    return TensorDataset(*_read("iris.csv"))


@IrisDataset.mistake(
    "`float` got a text that is no number. That may be the header line, or the name of a species: only the four COLUMNS are "
    "numbers.",
    error="could not convert string to float",
)
def species_as_a_number(path, train):
    with open(path, encoding="utf-8", newline="") as file:
        return torch.tensor([[float(value) for value in flower.values()] for flower in csv.DictReader(file)])


@IrisDataset.mistake(
    "A tensor cannot be made of texts. What comes from a file is text: use `float(...)` for a feature, and "
    "`SPECIES.index(...)` for a name.",
    error="too many dimensions 'str'",
)
def texts_in_a_tensor(path, train):
    with open(path, encoding="utf-8", newline="") as file:
        return torch.tensor([[flower[name] for name in COLUMNS] for flower in csv.DictReader(file)])


@IrisDataset.mistake(
    "The file is closed already. A reader reads only when you ask it for rows: do that inside the `with`, for example with "
    "`list(reader)`.",
    error="closed file",
)
def read_after_the_end(path, train):
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
    return list(reader)


@IrisDataset.mistake(
    "`SPECIES.index` got something that is no species. Where you split lines yourself, the end of a line is still there: "
    "`strip()` it. The header line has no species either.",
    error="tuple.index(x): x not in tuple",
)
def line_not_stripped(path, train):
    with open(path, encoding="utf-8") as file:
        return torch.tensor([SPECIES.index(line.split(",")[4]) for line in list(file)[1:]])


@IrisDataset.mistake(
    "Python does not know a name here. A variable of one method is not known in the others: keep it as `self.x`, and read "
    "it as `self.x`.",
    error="is not defined",
)
class VariableOfAnotherMethod(IrisDataset.answer):
    def __getitem__(self, index):
        return x[index], y[index]  # noqa: F821 - that is the mistake


@IrisDataset.mistake(
    "`stratified_split` got no labels at all. A reader can be read once only, so a second loop over it finds nothing: keep the "
    "rows with `list(reader)`.",
    error="expected a non-empty list of Tensors",
)
def reader_used_twice(path, train):
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        x = torch.tensor([[float(flower[name]) for name in COLUMNS] for flower in reader])
        return x[stratified_split(torch.tensor([SPECIES.index(flower["species"]) for flower in reader]))[0]]


@IrisDataset.mistake(
    "`stratified_split` needs the labels as one tensor: `torch.tensor(...)` of the list.",
    error="has no attribute 'unique'",
)
def list_of_labels_split(path, train):
    return stratified_split(_read(path)[1].tolist())


@IrisDataset.mistake(
    "Python needs one whole number at a place where it got a tensor of several. A list takes no tensor of row numbers: make a "
    "tensor of the list first. And `__len__` returns a number.",
    error="only integer tensors of a single element can be converted to an index",
)
def list_indexed(path, train):
    x, y = _read(path)
    return x.tolist()[stratified_split(y)[0]]


@IrisDataset.mistake(
    "Your object was asked for an attribute that it does not have. What the other methods need, `__init__` keeps with "
    "`self.x = ...`, under exactly that name.",
    error="Dataset' object has no attribute",
)
class EmptyDataset(IrisDataset.answer):
    def __init__(self, path, train):
        x, y = _read(path)  # noqa: RUF059 - that is the mistake


@IrisDataset.mistake(
    "A whole number is needed at a place where something else came. Does `__len__` *return* one, such as `len(self.y)`?",
    error="object cannot be interpreted as an integer",
)
class LengthPrinted(IrisDataset.answer):
    def __len__(self):
        print(len(self.y))


@IrisDataset.mistake("`__getitem__` returns nothing. Is its `return` missing?", keys=("an item",))
class NothingReturned(IrisDataset.answer):
    def __getitem__(self, index):
        self.x[index], self.y[index]


@IrisDataset.mistake(
    "An item is one tensor here. It should be a pair, the features and the label: `return self.x[index], self.y[index]`.",
    keys=("an item",),
)
class FeaturesOnly(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index]


@IrisDataset.mistake(
    "Each item has all rows of its part. `__getitem__` gets an `index`, and returns the row at this index only.",
    keys=("the features of an item",),
)
class WholePart(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x, self.y


@IrisDataset.mistake(
    "Label and features are in the wrong order. An item is (features, label).", keys=("the features of an item",)
)
class LabelFirst(IrisDataset.answer):
    def __getitem__(self, index):
        return self.y[index], self.x[index]


@IrisDataset.mistake(
    "Your features are float64. The layers of a network are float32, and refuse other numbers. Numbers from NumPy "
    "are float64: convert them, or ask for `dtype=torch.float32`.",
    keys=("the features of an item",),
)
class Features64(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index].double(), self.y[index]


@IrisDataset.mistake(
    "Your features are a Python list. Make one float32 tensor of all rows, once, in `__init__`.",
    keys=("the features of an item",),
)
class FeaturesInAList(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index].tolist(), self.y[index]


@IrisDataset.mistake(
    "Your labels are floating-point numbers. A class number is int64: the usual loss for classes asks for it.",
    keys=("the label of an item",),
)
class FloatLabels(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index], self.y[index].float()


@IrisDataset.mistake(
    "Your labels are names. A tensor holds numbers only: use the place of the name in SPECIES.",
    keys=("the label of an item",),
)
class NamesAsLabels(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index], SPECIES[self.y[index]]


@IrisDataset.mistake(
    "Your labels have the shape (1,). The label of one flower is a scalar, of shape (): the labels together have the shape "
    "(N,), not (N, 1).",
    keys=("the label of an item",),
)
class LabelsInAColumn(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index], self.y[index : index + 1]


@IrisDataset.mistake(
    "Your labels are vectors of three numbers. The task asks for the class number alone, 0, 1 or 2.",
    keys=("the label of an item",),
)
class OneHot(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index], torch.eye(3, dtype=torch.int64)[self.y[index]]


@IrisDataset.mistake(
    "`len` is that of the part, but `__getitem__` reads from the whole file. Keep the rows of the part only, `x[rows]` and "
    "`y[rows]`.",
    keys=(*_SIZES, *_LENGTHS),
)
class RowsOnlyCounted(IrisDataset.answer):
    def __init__(self, path, train):
        self.x, self.y, _, self.rows = _load(path, train)

    def __len__(self):
        return len(self.rows)


@IrisDataset.mistake("Both parts are all rows of the file. Split the rows first.", keys=_SIZES)
def not_split(path, train):
    return TensorDataset(*_read(path))


@IrisDataset.mistake("Both parts have the training rows. Did you use the argument `train`?", keys=_SIZES)
def flag_ignored(path, train):
    return IrisDataset.answer(path, True)


@IrisDataset.mistake("Both parts have the test rows. Did you use the argument `train`?", keys=_SIZES)
def always_the_test_part(path, train):
    return IrisDataset.answer(path, False)


@IrisDataset.mistake(
    "All rows of your test part are in the training part too. Does the index count the rows of the part, or those of the whole "
    "file? Keep the rows of the part only, `x[rows]` and `y[rows]`.",
    keys=("the number of test rows that are in the training part too", *_SIZES),
)
class FirstRowsOfTheFile(IrisDataset.answer):
    def __init__(self, path, train):
        x, y, train_rows, rows = _load(path, train)
        x = (x - x[train_rows].mean(dim=0)) / x[train_rows].std(dim=0)
        self.x, self.y = x[: len(rows)], y[: len(rows)]


@IrisDataset.mistake(
    "There are training rows in your test part. The model has seen them, so the test would praise it too much.",
    keys=("the number of test rows that are in the training part too", *_SIZES),
)
def test_part_has_all_rows(path, train):
    x, y, train_rows, _ = _load(path, train)
    x = (x - x[train_rows].mean(dim=0)) / x[train_rows].std(dim=0)
    return TensorDataset(x[train_rows], y[train_rows]) if train else TensorDataset(x, y)


@IrisDataset.mistake("The parts are swapped: `train=True` should give the large one.", keys=_SIZES)
def parts_swapped(path, train):
    return IrisDataset.answer(path, not train)


@IrisDataset.mistake("You read the file of the course, whatever `path` says. Open the file at `path`.", keys=_SIZES)
def path_ignored(path, train):
    return IrisDataset.answer(iris_path(), train)


@IrisDataset.mistake(
    "Your training part is the whole file, and the test part is empty. Did you write 120? Another file has other numbers "
    "of rows: `stratified_split` finds them.",
    keys=_SIZES,
)
def split_at_120(path, train):
    x, y = _read(path)
    return TensorDataset(x[:120], y[:120]) if train else TensorDataset(x[120:], y[120:])


@IrisDataset.mistake("Your `len` is 120 and 30, but this file is shorter. Count the rows of the part.", keys=_LENGTHS)
class LengthTypedIn(IrisDataset.answer):
    def __init__(self, path, train):
        super().__init__(path, train)
        self.length = 120 if train else 30

    def __len__(self):
        return self.length


@IrisDataset.mistake("Your `len` is one too small. A loader would never read the last flower.", keys=_LENGTHS)
class LastRowLost(IrisDataset.answer):
    def __len__(self):
        return len(self.y) - 1


@IrisDataset.mistake(
    "Your `len` is one too large. Did you count the header line of the file? A loader would fail at the end.",
    keys=_LENGTHS,
)
class HeaderCounted(IrisDataset.answer):
    def __len__(self):
        return len(self.y) + 1


@IrisDataset.mistake("`len` counts the whole file. Count the rows of the part that was asked for.", keys=_LENGTHS)
class LengthOfTheFile(IrisDataset.answer):
    def __init__(self, path, train):
        super().__init__(path, train)
        self.length = len(_read(path)[1])

    def __len__(self):
        return self.length


@IrisDataset.mistake("Your `len` is 4: that is the number of columns. Count the rows.", keys=_LENGTHS)
class ColumnsCounted(IrisDataset.answer):
    def __len__(self):
        return self.x.shape[1]


@IrisDataset.mistake("`__len__` is missing. Shuffling needs to know how many samples there are.", keys=_LENGTHS)
class LengthMissing(IrisDataset.answer):
    __len__ = None


@IrisDataset.mistake(
    "There is an index past the end that gives something. Raise `IndexError` at each index that is too large, or read the item "
    "from a tensor, which does that for you.",
    keys=("the error past the end",),
)
class NothingPastTheEnd(IrisDataset.answer):
    def __getitem__(self, index):
        return super().__getitem__(index) if index < len(self.y) else None


@IrisDataset.mistake(
    "When the index is too large, `__getitem__` should raise `IndexError`. `StopIteration` belongs to iterators.",
    keys=("the error past the end",),
)
class StopsTheIteration(IrisDataset.answer):
    def __getitem__(self, index):
        if index >= len(self.y):
            raise StopIteration
        return self.x[index], self.y[index]


@IrisDataset.mistake(
    "Read a second time, an item is another one. Do not normalise in place in `__getitem__`: that changes what you keep.",
    keys=("each item, when it is read again,",),
)
class NormalisedInPlace(IrisDataset.answer):
    def __init__(self, path, train):
        x, y, train_rows, rows = _load(path, train)
        self.mean, self.std = x[train_rows].mean(dim=0), x[train_rows].std(dim=0)
        self.x, self.y = x[rows], y[rows]

    def __getitem__(self, index):
        self.x -= self.mean
        self.x /= self.std
        return self.x[index], self.y[index]


@IrisDataset.mistake(
    "Each call splits the rows anew, so the training part of one call and the test part of the next have rows in "
    "common. Use a seed: `stratified_split` does.",
    keys=("the test part, when it is made a second time,",),
)
def new_split_each_time(path, train):
    x, y = _read(path)
    test_rows, train_rows = torch.randperm(len(y)).split([len(y) // 5, len(y) - len(y) // 5])
    x = (x - x[train_rows].mean(dim=0)) / x[train_rows].std(dim=0)
    rows = train_rows if train else test_rows
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "The features and the label of an item belong to different flowers. Take the same rows of both, `x[rows]` and `y[rows]`.",
    keys=("the label of an item belongs to",),
)
class LabelsOfTheWholeFile(IrisDataset.answer):
    def __init__(self, path, train):
        super().__init__(path, train)
        self.y = _read(path)[1]

    def __len__(self):
        return len(self.x)


@IrisDataset.mistake(
    "Your class numbers begin at 1. SPECIES.index begins at 0, as the loss for classes does.",
    keys=tuple(f"the class number of {name}" for name in SPECIES),
)
class ClassesFromOne(IrisDataset.answer):
    def __getitem__(self, index):
        return self.x[index], self.y[index] + 1


@IrisDataset.mistake(
    "The species have the wrong class numbers: they follow the order in which the file names them, and another file has "
    "another order. Use the place of the name in SPECIES.",
    keys=tuple(f"the class number of {name}" for name in SPECIES),
)
def numbers_in_the_order_of_the_file(path, train):
    x, y = _read(path)
    seen = list(dict.fromkeys(y.tolist()))
    y = torch.tensor([seen.index(number) for number in y.tolist()])
    train_rows, test_rows = stratified_split(y)
    x = (x - x[train_rows].mean(dim=0)) / x[train_rows].std(dim=0)
    rows = train_rows if train else test_rows
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "The classes have not the same share in both parts. The file may be sorted by species: use `stratified_split`.",
    keys=("the share of each class in both parts",),
)
def last_rows_are_the_test(path, train):
    x, y = _read(path)
    count = round(0.8 * len(y))
    x = (x - x[:count].mean(dim=0)) / x[:count].std(dim=0)
    return TensorDataset(x[:count], y[:count]) if train else TensorDataset(x[count:], y[count:])


@IrisDataset.mistake(
    "The rows of your parts are not those that `stratified_split(labels)` returns: first those of the training part, then "
    "those of the test part. Call it with the labels alone.",
    keys=("the rows of both parts",),
)
def another_seed(path, train):
    x, y = _read(path)
    train_rows, test_rows = stratified_split(y, seed=1)
    x = (x - x[train_rows].mean(dim=0)) / x[train_rows].std(dim=0)
    rows = train_rows if train else test_rows
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "The features are as in the file. Subtract the mean of the training rows, and divide by their std.", keys=_MOVED
)
def not_normalised(path, train):
    x, y, _, rows = _load(path, train)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "Each part is normalised with its own mean. The test rows are for the end only: normalise them with the mean "
    "and std of the *training* rows, as you would a single new flower.",
    keys=_MOVED,
)
def own_statistics(path, train):
    x, y, _, rows = _load(path, train)
    x = x[rows]
    return TensorDataset((x - x.mean(dim=0)) / x.std(dim=0), y[rows])


@IrisDataset.mistake(
    "The training part is right, the test part is not normalised. It needs the same: minus the mean of the training rows, "
    "divided by their std.",
    keys=_MOVED,
)
def test_part_as_in_the_file(path, train):
    return IrisDataset.answer(path, True) if train else not_normalised(path, train)


@IrisDataset.mistake(
    "You took the mean and std of all rows. So the test rows have a say in the training. Take the training rows only.",
    keys=_MOVED,
)
def statistics_of_all_rows(path, train):
    x, y, _, rows = _load(path, train)
    return TensorDataset(((x - x.mean(dim=0)) / x.std(dim=0))[rows], y[rows])


@IrisDataset.mistake("The mean and std are those of the test rows. Take those of the training rows.", keys=_MOVED)
def statistics_of_the_test_rows(path, train):
    x, y, _, rows = _load(path, train)
    test_rows = stratified_split(y)[1]
    x = (x - x[test_rows].mean(dim=0)) / x[test_rows].std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "Two tensors are combined whose shapes do not fit. From features of shape (N, 4), subtract a mean of shape (4,): one number "
    "for each column, `mean(dim=0)`. The same for `std`."
)
def one_mean_for_each_flower(path, train):
    x, y, train_rows, rows = _load(path, train)
    return TensorDataset((x[rows] - x[train_rows].mean(dim=1)) / x[train_rows].std(dim=1), y[rows])


@IrisDataset.mistake("Use `mean(dim=0)`: one mean for each column. The same for `std`.", keys=_MOVED)
def one_mean(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].mean()) / x[train_rows].std()
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake("Each column has its own std now, but all share one mean. Use `mean(dim=0)` too.", keys=_MOVED)
def one_mean_but_four_stds(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].mean()) / x[train_rows].std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake("Each column has its own mean now, but all share one std. Use `std(dim=0)` too.", keys=_MOVED)
def one_std(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].mean(dim=0)) / x[train_rows].std()
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake("Mean and std are in each other's place: subtract the mean, divide by the std.", keys=_MOVED)
def mean_and_std_swapped(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].std(dim=0)) / x[train_rows].mean(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "The mean is right, but the std is that of all rows. Take it from the training rows too.", keys=_MOVED
)
def std_of_all_rows(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].mean(dim=0)) / x.std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "The mean is subtracted. Divide by the standard deviation too: each column by its own, that of the training rows.",
    keys=_MOVED,
)
def std_forgotten(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = x - x[train_rows].mean(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "You add the mean. Subtract it: then each column of the training part has the mean 0.", keys=_MOVED
)
def mean_added(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x + x[train_rows].mean(dim=0)) / x[train_rows].std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "You multiply by the std. Divide by it: then each column of the training part has the std 1.", keys=_MOVED
)
def multiplied_by_the_std(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].mean(dim=0)) * x[train_rows].std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake("You divide by the std. Before that, subtract the mean of each column.", keys=_MOVED)
def mean_forgotten(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = x / x[train_rows].std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "Python divides before it subtracts, so `x - mean / std` subtracts `mean / std`. Put the difference in parentheses.",
    keys=_MOVED,
)
def no_parentheses(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = x - x[train_rows].mean(dim=0) / x[train_rows].std(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake("You divide by the variance. The standard deviation is its root, `std`.", keys=_MOVED)
def variance(path, train):
    x, y, train_rows, rows = _load(path, train)
    x = (x - x[train_rows].mean(dim=0)) / x[train_rows].var(dim=0)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "You move each column between its smallest and largest value. That is another normalisation: here it is minus the mean, "
    "divided by the std.",
    keys=_MOVED,
)
def smallest_and_largest(path, train):
    x, y, train_rows, rows = _load(path, train)
    low, high = x[train_rows].amin(dim=0), x[train_rows].amax(dim=0)
    x = (x - low) / (high - low)
    return TensorDataset(x[rows], y[rows])


@IrisDataset.mistake(
    "You normalise each flower by its own four numbers. Mean and std belong to a column: `dim=0` goes over the flowers.",
    keys=("the features of the training part", "the features of the test part"),
)
def each_flower_alone(path, train):
    x, y, _, rows = _load(path, train)
    return TensorDataset(((x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True))[rows], y[rows])


@IrisDataset.mistake("It works, but it is no `Dataset`. Write `class IrisDataset(Dataset):`.")
def plain_list(path, train):
    return list(IrisDataset.answer(path, train))


# ---- 4.5 collating


def _lengths(samples: list[Tensor]) -> Tensor:
    return torch.tensor([len(sample) for sample in samples])


def _pad(answer: Callable[[list[Tensor]], Any], samples: list[Tensor]) -> dict[str, Any]:
    torch.set_deterministic_debug_mode("warn")  # fills `torch.empty` with nan, so that it shows
    got = answer(samples)
    batch, lengths = got if _kind(got) == "a pair" else (NOT_YET, NOT_YET)
    return {"what your function returns": _kind(got), "the batch": batch, "the lengths": lengths}


@exercise(
    "A collate function",
    run=_pad,
    oracle=lambda samples: (pad_sequence(samples, batch_first=True), _lengths(samples)),
    cases=[
        ([torch.tensor([1.0, 2.0]), torch.tensor([3.0]), torch.tensor([4.0, -5.0, 6.0]), torch.tensor([7.0])],),
        ([torch.tensor([7.0]), torch.tensor([8.0, 9.0, 10.0, 11.0])],),
        ([torch.arange(8.0)[::2], torch.tensor([]), torch.tensor([5.0, 0.0])],),
        ([torch.tensor([1.5, 2.5, 0.0])],),
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
    longest = int(lengths.max())
    batch = torch.zeros(len(samples), longest)
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, lengths


@pad_batch.mistake(
    "`stack` needs tensors of one shape. Make a tensor of zeros first, then write each sample into its row.",
    keys=("the batch",),
    error="stack expects each tensor to be equal size",
)
def stack(samples):
    return torch.stack(samples), _lengths(samples)


@pad_batch.mistake(
    "A tensor cannot be made of a list of tensors with different lengths. Make a tensor of zeros first, then write each "
    "sample into its row.",
    keys=("the batch",),
    error="only one element tensors can be converted",
)
def tensor_of_tensors(samples):
    return torch.tensor(samples), _lengths(samples)


@pad_batch.mistake(
    "Python does not know a name here. Is the line missing that gives it a value, or is it spelt in another way there?",
    error="is not defined",
)
def lengths_not_kept(samples):
    return pad_sequence(samples, batch_first=True), lengths  # noqa: F821 - that is the mistake


@pad_batch.mistake(
    "A list has no `max()` of its own. Write `max(lengths)`, or make a tensor of the list first.",
    error="'list' object has no attribute 'max'",
)
def max_of_a_list(samples):
    lengths = [len(s) for s in samples]
    return torch.zeros(len(samples), lengths.max()), torch.tensor(lengths)


@pad_batch.mistake(
    "A loop with two names over `samples` takes each sample apart. `enumerate(samples)` gives the number of the row and the "
    "sample."
)
def enumerate_forgotten(samples):
    batch = torch.zeros(len(samples), int(_lengths(samples).max()))
    for row, sample in samples:
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake("Your function returns nothing. Is the `return` missing?", keys=("what your function returns",))
def printed(samples):
    print(pad_sequence(samples, batch_first=True), _lengths(samples))


@pad_batch.mistake(
    "Your function gives a generator, because it has a `yield`. It should `return` the batch and the lengths.",
    keys=("what your function returns",),
)
def yielded(samples):
    yield pad_sequence(samples, batch_first=True), _lengths(samples)


@pad_batch.mistake(
    "The rows come back in a list, and no lengths. Stack the rows, and return the lengths as the second value."
)
def rows_alone(samples):
    return list(pad_sequence(samples, batch_first=True))


@pad_batch.mistake(
    "One tensor comes back. Return two, the batch and the lengths: without the lengths nobody can tell a zero that you added.",
    keys=("what your function returns",),
)
def no_lengths(samples):
    return pad_sequence(samples, batch_first=True)


@pad_batch.mistake(
    "The two values are in the wrong order: first the batch, then the lengths.", keys=("the batch", "the lengths")
)
def lengths_first(samples):
    return _lengths(samples), pad_sequence(samples, batch_first=True)


@pad_batch.mistake("Only the first row is filled. Does your function return inside its loop?", keys=("the batch",))
def returned_in_the_loop(samples):
    batch = torch.zeros(len(samples), int(_lengths(samples).max()))
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
        return batch, _lengths(samples)


@pad_batch.mistake("The batch has only zeros. Write each sample into its row.", keys=("the batch",))
def only_zeros(samples):
    return torch.zeros(len(samples), int(_lengths(samples).max())), _lengths(samples)


@pad_batch.mistake("The first sample need not be the longest. Take the largest of all lengths.", keys=("the batch",))
def as_wide_as_the_first(samples):
    batch = torch.zeros(len(samples), len(samples[0]))
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake(
    "The first sample need not be the longest: a longer one would need a negative number of zeros. Take the largest of all "
    "lengths.",
    keys=("the batch",),
    error="negative",
)
def filled_to_the_first(samples):
    rows = [torch.cat([sample, torch.zeros(len(samples[0]) - len(sample))]) for sample in samples]
    return torch.stack(rows), _lengths(samples)


@pad_batch.mistake(
    "The last sample need not be the longest: a longer one would need a negative number of zeros. Take the largest of all "
    "lengths.",
    keys=("the batch",),
    error="negative",
)
def filled_to_the_last(samples):
    rows = [torch.cat([sample, torch.zeros(len(samples[-1]) - len(sample))]) for sample in samples]
    return torch.stack(rows), _lengths(samples)


@pad_batch.mistake(
    "Your batch has three columns, whatever the samples are. Take the largest of their lengths.", keys=("the batch",)
)
def always_three_columns(samples):
    batch = torch.zeros(len(samples), 3)
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake(
    "A sample fills only a part of its row: the first `len(sample)` places, `batch[row, : len(sample)]`.",
    keys=("the batch",),
)
def whole_row_assigned(samples):
    batch = torch.zeros(len(samples), int(_lengths(samples).max()))
    for row, sample in enumerate(samples):
        batch[row] = sample
    return batch, _lengths(samples)


@pad_batch.mistake(
    "The tensor of zeros has its sizes in the wrong order: the number of samples comes first, then the largest length.",
    keys=("the batch",),
)
def sizes_swapped(samples):
    batch = torch.zeros(int(_lengths(samples).max()), len(samples))
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake("You cut all samples to the shortest, and lose data. Fill up to the longest.", keys=("the batch",))
def cut(samples):
    return torch.stack([s[: _lengths(samples).min()] for s in samples]), _lengths(samples)


@pad_batch.mistake("Your zeros are in front. Here they come after the sample.", keys=("the batch",))
def zeros_in_front(samples):
    return pad_sequence(samples, batch_first=True, padding_side="left"), _lengths(samples)


@pad_batch.mistake(
    "Each sample is a column. The batch is the *first* dimension, so each sample is a row: with "
    "`pad_sequence`, pass `batch_first=True`.",
    keys=("the batch",),
)
def samples_in_columns(samples):
    return pad_sequence(samples), _lengths(samples)


@pad_batch.mistake(
    "What stands after a sample is no zero, but nan or whatever was in the memory, as in `torch.empty`. Begin with zeros.",
    keys=("the batch",),
)
def empty_in_place_of_zeros(samples):
    batch = torch.empty(len(samples), int(_lengths(samples).max()))
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake("You fill up with ones. The task asks for zeros.", keys=("the batch",))
def filled_with_ones(samples):
    return pad_sequence(samples, batch_first=True, padding_value=1.0), _lengths(samples)


@pad_batch.mistake("You fill up with −1. The task asks for zeros.", keys=("the batch",))
def filled_with_minus_one(samples):
    return pad_sequence(samples, batch_first=True, padding_value=-1.0), _lengths(samples)


@pad_batch.mistake("The batch is one column too wide. It ends where the longest sample ends.", keys=("the batch",))
def one_column_too_wide(samples):
    batch = torch.zeros(len(samples), int(_lengths(samples).max()) + 1)
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake(
    "The samples stand one after the other in one long tensor. Each needs a row of its own.", keys=("the batch",)
)
def one_long_tensor(samples):
    return torch.cat(samples), _lengths(samples)


@pad_batch.mistake("The first value is a list. Make one tensor of its rows, with `torch.stack`.", keys=("the batch",))
def list_of_rows(samples):
    return list(pad_sequence(samples, batch_first=True)), _lengths(samples)


@pad_batch.mistake("Your batch is float64. The task asks for float32, as the samples are.", keys=("the batch",))
def double_batch(samples):
    return pad_sequence(samples, batch_first=True).double(), _lengths(samples)


@pad_batch.mistake(
    "Your batch has ten columns, whatever the samples are. Take the largest of their lengths.", keys=("the batch",)
)
def always_ten_columns(samples):
    batch = torch.zeros(len(samples), 10)
    for row, sample in enumerate(samples):
        batch[row, : len(sample)] = sample
    return batch, _lengths(samples)


@pad_batch.mistake(
    "Your batch has whole numbers, and cuts off what stands after the point. It should be float32.", keys=("the batch",)
)
def whole_numbers(samples):
    return pad_sequence(samples, batch_first=True).long(), _lengths(samples)


@pad_batch.mistake(
    "The rows are in another order, from the longest to the shortest. Leave the samples in the order of the list.",
    keys=("the batch",),
)
def sorted_by_length(samples):
    samples = sorted(samples, key=len, reverse=True)
    return pad_sequence(samples, batch_first=True), _lengths(samples)


@pad_batch.mistake(
    "The rows are in another order, from the shortest to the longest. Leave the samples in the order of the list.",
    keys=("the batch",),
)
def shortest_first(samples):
    samples = sorted(samples, key=len)
    return pad_sequence(samples, batch_first=True), _lengths(samples)


@pad_batch.mistake("The lengths should be a tensor, not a list: `torch.tensor([...])`.", keys=("the lengths",))
def list_of_lengths(samples):
    return pad_sequence(samples, batch_first=True), [len(s) for s in samples]


@pad_batch.mistake(
    "The lengths are all the same: that is the length of the rows after filling. Measure the samples.",
    keys=("the lengths",),
)
def lengths_after_filling(samples):
    batch = pad_sequence(samples, batch_first=True)
    return batch, torch.tensor([len(row) for row in batch])


@pad_batch.mistake(
    "These are the numbers of zeros that you added. The lengths are those of the samples.", keys=("the lengths",)
)
def zeros_counted(samples):
    batch = pad_sequence(samples, batch_first=True)
    return batch, batch.shape[1] - _lengths(samples)


@pad_batch.mistake("The lengths are sorted. Leave them in the order of the samples.", keys=("the lengths",))
def lengths_sorted(samples):
    return pad_sequence(samples, batch_first=True), _lengths(samples).sort().values


@pad_batch.mistake(
    "This is one length for all samples together. Return one for each sample, in a tensor.", keys=("the lengths",)
)
def total_length(samples):
    return pad_sequence(samples, batch_first=True), sum(len(s) for s in samples)


@pad_batch.mistake(
    "A zero may belong to a sample, so do not count what is not zero. Take `len(sample)`.", keys=("the lengths",)
)
def zeros_not_counted(samples):
    batch = pad_sequence(samples, batch_first=True)
    return batch, (batch != 0).sum(dim=1)


@pad_batch.mistake(
    "The lengths are floating-point numbers. `torch.tensor([...])` of whole numbers gives int64; `torch.Tensor` and "
    "`torch.zeros` give float32.",
    keys=("the lengths",),
)
def float_lengths(samples):
    return pad_sequence(samples, batch_first=True), torch.Tensor([len(s) for s in samples])


@pad_batch.mistake("You return the largest length. Return the length of each sample.", keys=("the lengths",))
def only_the_largest(samples):
    return pad_sequence(samples, batch_first=True), _lengths(samples).max()


# ---- 4.6 reading batches


def _numbered(size: int) -> TensorDataset:
    """Make a dataset whose label tells the place of the sample."""
    return TensorDataset(torch.arange(3.0 * size).view(size, 3), torch.arange(size))


def _loader(size: int, generator: torch.Generator) -> DataLoader:
    return DataLoader(_numbered(size), batch_size=15, shuffle=True, generator=generator)


def _look_at_list(got: Any, right: list[Tensor]) -> dict[str, Any]:
    """Look at a list of labels, one tensor for each batch; the right one tells where an order comes from."""
    names = [f"the labels of batch {i}" for i in range(1, len(right) + 1)]
    keys = ("what your function returns", "what the list holds", "the number of batches", *names, "the order")
    facts: dict[str, Any] = dict.fromkeys(keys, NOT_YET)
    facts["what your function returns"] = "a list" if isinstance(got, list | tuple) else _kind(got)
    if facts["what your function returns"] != "a list":
        return facts
    kinds = {0: "single numbers", 1: "vectors of labels", 2: "rows of numbers"}
    held = [kinds.get(v.dim(), "other tensors") if isinstance(v, Tensor) else _kind(v) for v in got]
    facts |= {"what the list holds": _odd_one(held, "vectors of labels"), "the number of batches": len(got)}
    if not set(held) <= {"single numbers", "vectors of labels"}:
        return facts
    facts["the order"] = _order([number for v in got for number in v.flatten().tolist()], right)
    return facts | dict(zip(names, got, strict=False))


def _order(numbers: list[int], right: list[Tensor]) -> str:
    """Say where the order of the samples comes from."""
    if sorted(numbers) != list(range(sum(map(len, right)))):
        return "some samples are missing, or come twice"
    if numbers == torch.cat(right).tolist():
        return "that of PyTorch with this generator"
    return "that of the dataset" if numbers == sorted(numbers) else "another one"


def _read_for(answer: Callable[..., Any], size: int, seed: int) -> dict[str, Any]:
    torch.manual_seed(123)  # so that an answer without the generator is the same each time
    got = answer(_numbered(size), torch.Generator().manual_seed(seed))
    right = [labels for _, labels in _loader(size, torch.Generator().manual_seed(seed))]
    how = "`next`" if _names(answer) & {"next", "__next__"} else "`for`"
    return _look_at_list(got, right) | {"what you read the loader with": how}


@exercise(
    "Batches with for",
    run=_read_for,
    cases=[(30, 11), (37, 12), (10, 13)],
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


@read_for.mistake(
    "A DataLoader is not an iterator, so `next` does not take it. A `for` loop over the loader is enough here.",
    error="'DataLoader' object is not an iterator",
)
def next_of_the_loader(dataset, generator):
    return next(DataLoader(dataset, batch_size=15, shuffle=True, generator=generator))


@read_for.mistake(
    "A DataLoader has no index: its batches come one after the other. Loop over it with `for`.",
    error="'DataLoader' object is not subscriptable",
)
def batch_by_index(dataset, generator):
    return DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)[0]


@read_for.mistake(
    "`shuffle=True` makes a sampler, so no other one can be given. The fourth argument is `sampler`: pass the generator by its "
    "name, `generator=generator`.",
    error="sampler option is mutually exclusive with shuffle",
)
def generator_in_the_fourth_place(dataset, generator):
    return [y for _x, y in DataLoader(dataset, 15, True, generator)]


@read_for.mistake("`append` changes the list and returns None. Write `found.append(labels)` alone, without `found =`.")
def append_assigned(dataset, generator):
    found = []
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        found = found.append(y)
    return found


@read_for.mistake(
    "Python does not know a name here. Is the line missing that gives it a value, or is it spelt in another way there?",
    error="is not defined",
)
def loader_not_made(dataset, generator):
    return [y for _x, y in loader]  # noqa: F821 - that is the mistake


@read_for.mistake(
    "Your function returns nothing. Is the `return` missing after the loop?", keys=("what your function returns",)
)
def printed_labels(dataset, generator):
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        print(y)


@read_for.mistake(
    "One tensor comes back. Append the labels of each batch to a list, and return the list after the loop.",
    keys=("what your function returns",),
)
def returned_without_a_list(dataset, generator):
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        return y


@read_for.mistake(
    "Your function gives a generator, by a `yield` or a loop in round brackets. Here a list should come back: append in the "
    "loop, return after it.",
    keys=("what your function returns",),
)
def yields_labels(dataset, generator):
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        yield y


@read_for.mistake(
    "You return the loader itself. Loop over it, and return a list.", keys=("what your function returns",)
)
def loader_returned(dataset, generator):
    return DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)


@read_for.mistake(
    "Your list has matrices, as the features are. The labels are the second part of each batch, vectors.",
    keys=("what the list holds",),
)
def features(dataset, generator):
    return [x for x, _y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)]


@read_for.mistake(
    "Your list has pairs of features and labels. A batch is such a pair; take its second part only.",
    keys=("what the list holds",),
)
def whole_batches(dataset, generator):
    return list(DataLoader(dataset, batch_size=15, shuffle=True, generator=generator))


@read_for.mistake(
    "Your list has Python numbers, not tensors. Append the labels of a batch as they are.",
    keys=("what the list holds",),
)
def numbers_in_the_list(dataset, generator):
    found = []
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        found.extend(y.tolist())
    return found


@read_for.mistake(
    "Your batches are lists. Append the labels of a batch as they are: one tensor.",
    keys=("what the list holds",),
)
def lists_in_the_list(dataset, generator):
    return [y.tolist() for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)]


@read_for.mistake(
    "Your list has single labels, in the order of the dataset. Do you loop over the dataset? Loop over the DataLoader, and "
    "append the labels of a whole batch.",
    keys=("what the list holds", "the order"),
)
def dataset_not_loader(dataset, generator):
    return [y for _x, y in dataset]


@read_for.mistake(
    "Your list has single labels. `append` the labels of a batch as one tensor; `extend` takes it apart.",
    keys=("what the list holds", "the number of batches"),
)
def taken_apart(dataset, generator):
    found = []
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        found.extend(y)
    return found


@read_for.mistake(
    "Each of your batches has one sample, the default. Pass `batch_size=15`.",
    keys=("what the list holds", "the number of batches"),
)
def batch_size_1(dataset, generator):
    return [y for _x, y in DataLoader(dataset, shuffle=True, generator=generator)]


@read_for.mistake(
    "All samples are in one batch. Pass `batch_size=15`.",
    keys=("what the list holds", "the number of batches", "the order"),
)
def one_batch(dataset, generator):
    loader = DataLoader(dataset, batch_size=len(dataset), shuffle=True, generator=generator)
    return [y for _x, y in loader]


@read_for.mistake("You have the first batch only. Is your `return` inside the loop?")
def only_the_first_batch(dataset, generator):
    found = []
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        found.append(y)
        return found


@read_for.mistake(
    "You have the last batch only. The empty list is made once, before the loop, and `append` stands in the loop."
)
def list_emptied_in_the_loop(dataset, generator):
    for _x, y in DataLoader(dataset, batch_size=15, shuffle=True, generator=generator):
        found = []
        found.append(y)
    return found


@read_for.mistake(
    "Each `iter(loader)` starts a new epoch, in a new order. Loop over the loader with `for`: it calls `iter` once."
)
def iter_for_each_batch(dataset, generator):
    loader = DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)
    return [next(iter(loader))[1] for _ in range(len(loader))]


@read_for.mistake("Your list is empty. Append the labels of each batch in the loop.", keys=("the number of batches",))
def nothing_appended(dataset, generator):
    return []


@read_for.mistake(
    "A last batch that is shorter is missing. It counts too, so `drop_last` stays False.",
    keys=("the number of batches",),
)
def drop_last(dataset, generator):
    loader = DataLoader(dataset, batch_size=15, shuffle=True, generator=generator, drop_last=True)
    return [y for _x, y in loader]


@read_for.mistake("The samples come in the order of the dataset. Pass `shuffle=True`.", keys=("the order",))
def not_shuffled(dataset, generator):
    return [y for _x, y in DataLoader(dataset, batch_size=15, generator=generator)]


@read_for.mistake(
    "The samples are shuffled, but not in the first order that your generator gives. Pass it on as it is, "
    "`generator=generator`, and read the loader once.",
    keys=("the order",),
)
def no_generator(dataset, generator):
    return [y for _x, y in DataLoader(dataset, batch_size=15, shuffle=True)]


@read_for.mistake("The list is right, but you read the loader with `next`. This exercise asks for a `for` loop.")
def read_with_next(dataset, generator):
    loader = DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)
    iterator = iter(loader)
    return [next(iterator)[1] for _ in range(len(loader))]


class _Loader(DataLoader):
    """A loader that does not let a loop start anew for ever."""

    started = 0

    def __iter__(self) -> Iterator[Any]:
        self.started += 1
        if self.started > 50:
            raise RuntimeError("iter(loader) was called more than 50 times")
        return super().__iter__()


_Loader.__name__ = "DataLoader"  # the text of an error names it


def _read_next(answer: Callable[..., Any], size: int, batch_size: int) -> dict[str, Any]:
    got = answer(_Loader(_numbered(size), batch_size=batch_size))
    uses_next = not hasattr(answer, "__code__") or bool(_names(answer) & {"next", "__next__"})
    return _look_at_list(got, [torch.arange(size)]) | {
        "what you read the loader with": "`next`" if uses_next else "`for`"
    }


def _by_next(loader: DataLoader) -> list[Tensor]:
    batches = iter(loader)
    return [next(batches)[1] for _ in range(len(loader))]


@exercise(
    "Batches with iter and next",
    oracle=_by_next,
    run=_read_next,
    cases=[(45, 15), (37, 15), (7, 3), (6, 10), (4, 1)],
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


@read_next.mistake("The list is right, but it is made without `next`. Call `iter` once, then `next` for each batch.")
def with_for(loader):
    return [y for _x, y in loader]


@read_next.mistake(
    "Your loop never ends: each `iter(loader)` starts a new pass, so `next` never comes to the end. Call `iter` once, before "
    "the loop.",
    error="iter(loader) was called more than 50 times",
)
def never_at_the_end(loader):
    found = []
    while True:
        try:
            found.append(next(iter(loader))[1])
        except StopIteration:
            return found


@read_next.mistake(
    "You have the first batch again and again. Call `iter` once, before the loop, and `next` once in each round."
)
def always_a_new_iterator(loader):
    return [next(iter(loader))[1] for _ in range(len(loader))]


@read_next.mistake(
    "After the last batch `next` raises `StopIteration`. Catch it with `try` and `except`, or call `next` exactly "
    "`len(loader)` times."
)
def stopiteration_not_handled(loader):
    iterator, found = iter(loader), []
    while True:
        found.append(next(iterator)[1])


@read_next.mistake(
    "A DataLoader is not an iterator. `iter(loader)` makes one; call `next` on that.", error="is not an iterator"
)
def next_of_a_loader(loader):
    return [next(loader)[1] for _ in range(len(loader))]


@read_next.mistake(
    "An iterator has no method `next`. Python 3 writes `next(iterator)`.", error="has no attribute 'next'"
)
def next_as_a_method(loader):
    iterator = iter(loader)
    return [iterator.next()[1] for _ in range(len(loader))]


@read_next.mistake(
    "You loop `len(loader.dataset)` times, once for each sample. `len(loader)` is the number of batches.",
)
def one_round_for_each_sample(loader):
    iterator = iter(loader)
    return [next(iterator)[1] for _ in range(len(loader.dataset))]


@read_next.mistake("`append` changes the list and returns None. Write `found.append(labels)` alone, without `found =`.")
def result_of_append(loader):
    iterator, found = iter(loader), []
    for _ in range(len(loader)):
        found = found.append(next(iterator)[1])
    return found


@read_next.mistake(
    "Python does not know a name here. Is the line missing that gives it a value, or is it spelt in another way there?",
    error="is not defined",
)
def iterator_not_made(loader):
    return [next(iterator)[1] for _ in range(len(loader))]  # noqa: F821 - that is the mistake


@read_next.mistake("Your list is empty. Append the labels of each batch.", keys=("the number of batches",))
def never_appended(loader):
    iterator = iter(loader)
    for _ in range(len(loader)):
        next(iterator)
    return []


@read_next.mistake("Your function returns nothing. Is the `return` missing?", keys=("what your function returns",))
def nothing_comes_back(loader):
    iterator = iter(loader)
    for _ in range(len(loader)):
        print(next(iterator)[1])


@read_next.mistake(
    "One tensor comes back. Append the labels of each batch to a list, and return the list at the end.",
    keys=("what your function returns",),
)
def one_tensor_comes_back(loader):
    return next(iter(loader))[1]


@read_next.mistake(
    "Your function gives a generator, by a `yield` or a loop in round brackets. Here a list should come back: append, and return "
    "at the end.",
    keys=("what your function returns",),
)
def yields_the_labels(loader):
    iterator = iter(loader)
    for _ in range(len(loader)):
        yield next(iterator)[1]


@read_next.mistake(
    "Your list has matrices, as the features are. The labels are the second part of each batch, vectors.",
    keys=("what the list holds",),
)
def the_features(loader):
    iterator = iter(loader)
    return [next(iterator)[0] for _ in range(len(loader))]


@read_next.mistake(
    "Your list has pairs of features and labels. A batch is such a pair; take its second part only.",
    keys=("what the list holds",),
)
def the_whole_batches(loader):
    iterator = iter(loader)
    return [next(iterator) for _ in range(len(loader))]


@read_next.mistake(
    "Your batches are lists. Append the labels of a batch as they are: one tensor.",
    keys=("what the list holds",),
)
def the_numbers(loader):
    iterator = iter(loader)
    return [next(iterator)[1].tolist() for _ in range(len(loader))]


@read_next.mistake(
    "Your list has single labels. A batch comes from the loader, and its labels are one tensor: `append` it. `extend` takes it "
    "apart, and `loader.dataset` has single samples.",
    keys=("what the list holds", "the number of batches"),
)
def the_single_labels(loader):
    iterator, found = iter(loader), []
    for _ in range(len(loader)):
        found.extend(next(iterator)[1])
    return found


@read_next.mistake(
    "A last batch that is shorter is missing: `//` rounds down. `len(loader)` is the number of all batches.",
    keys=("the number of batches",),
)
def rounded_down(loader):
    iterator = iter(loader)
    return [next(iterator)[1] for _ in range(len(loader.dataset) // loader.batch_size)]


@read_next.mistake("The last batch is missing. There are `len(loader)` batches.")
def one_too_few(loader):
    iterator = iter(loader)
    return [next(iterator)[1] for _ in range(len(loader) - 1)]


@read_next.mistake(
    "The first batch is missing. Where you call `next` before the loop, keep that batch too.",
)
def first_one_lost(loader):
    iterator = iter(loader)
    next(iterator)
    return [next(iterator)[1] for _ in range(len(loader) - 1)]


@read_next.mistake("You have the first batch only. Call `next` until there are no batches left.")
def the_first_only(loader):
    return [next(iter(loader))[1]]


@read_next.mistake(
    "Your list has the last batch only. The empty list is made once, before the loop, and `append` stands in the loop."
)
def the_last_only(loader):
    iterator = iter(loader)
    for _ in range(len(loader)):
        found = [next(iterator)[1]]
    return found


@read_next.mistake("Only every second batch is there. Each `next` moves on, so call it once in a round.")
def two_steps_in_a_round(loader):
    iterator, found = iter(loader), []
    while True:
        try:
            next(iterator)
            found.append(next(iterator)[1])
        except StopIteration:
            return found


@read_next.mistake(
    "Each call of `next` moves on, also in a condition, and so does `for`. Call `next` once in each round, and keep the batch."
)
def moved_on_in_the_condition(loader):
    iterator, found = iter(loader), []
    while next(iterator, None) is not None:
        found.append(next(iterator)[1])
    return found


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


def _quiz(answer: Any) -> Any:
    """Take the answers as they are, and note numbers in quotes."""
    found = answer() if answer is _predictions else answer
    texts = isinstance(found, dict) and any(isinstance(value, str) for value in found.values())
    return {**found, "in quotes": True} if texts else found


predictions = exercise(
    "How many batches?",
    name="predictions",
    oracle=_predictions,
    run=_quiz,
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

predictions.mistake("A number in quotes is a text. Write it without quotes.", name="quotes", keys=["in quotes"])(
    {"a: batches": "4"}
)
predictions.mistake("a: three batches of 8 are 24 samples. What of the other 6?", name="a: whole batches only")(
    {"a: batches": 3}
)
predictions.mistake(
    "a: 30 / 8 is 3.75, but a number of batches is whole. What of the samples that fill no whole batch?",
    name="a: not rounded",
)({"a: batches": 30 / 8})
predictions.mistake(
    "a: 8 is the size of a batch. How many such batches do 30 samples need?", name="a: size for number"
)({"a: batches": 8})
predictions.mistake(
    "a: 30 is the number of samples. How many batches of 8 do they need?", name="a: samples for batches"
)({"a: batches": 30})
predictions.mistake("a: 5 batches are one too many: with four there is room for 32 samples.", name="a: one too many")(
    {"a: batches": 5}
)
predictions.mistake("a: four full batches would be 32 samples.", name="a: all full")(
    {"a: samples in the last batch": 8}
)
predictions.mistake("a: 2 are missing to a full batch. How many are in it?", name="a: what is missing")(
    {"a: samples in the last batch": 2}
)
predictions.mistake("a: the last batch is not empty: it has the samples that fill no whole batch.", name="a: empty")(
    {"a: samples in the last batch": 0}
)
predictions.mistake("b: `drop_last=True` leaves out a last batch that is shorter.", name="b: kept")({"b: batches": 4})
predictions.mistake("b: only the short batch is left out. Count the full ones.", name="b: a full one left out")(
    {"b: batches": 2}
)
predictions.mistake(
    "b: 30 / 8 is 3.75, but a number of batches is whole. Which part of a batch does `drop_last` leave?",
    name="b: not rounded",
)({"b: batches": 30 / 8})
predictions.mistake("b: the short batch is dropped. How long are the others?", name="b: short")(
    {"b: samples in the last batch": 6}
)
predictions.mistake(
    "b: the dropped batch is not there at all. The last batch that is there has some samples.", name="b: empty"
)({"b: samples in the last batch": 0})
predictions.mistake("c: `batch_size` is 1 where you do not pass it, not all samples.", name="c: one batch")(
    {"c: batches": 1}
)
predictions.mistake("c: a DataLoader without `batch_size` still makes batches: it has a default.", name="c: none")(
    {"c: batches": 0}
)
predictions.mistake(
    "c: these are other settings than those of a. What is the default of `batch_size`?", name="c: like a"
)({"c: batches": 4})
predictions.mistake("c: the default of `batch_size` is 1.", name="c: all")({"c: samples in the last batch": 30})
predictions.mistake("c: a batch is never empty. What is the default of `batch_size`?", name="c: empty")(
    {"c: samples in the last batch": 0}
)
predictions.mistake("c: 6 is what batches of 8 leave. What is the default of `batch_size`?", name="c: last like a")(
    {"c: samples in the last batch": 6}
)
predictions.mistake("d: a batch that is shorter than `batch_size` is still a batch.", name="d: none")({"d: batches": 0})
predictions.mistake(
    "d: 30 is the number of samples. They fit into fewer batches, because one takes up to 100.",
    name="d: samples for batches",
)({"d: batches": 30})
predictions.mistake("d: 30 / 100 is 0.3, but a number of batches is whole.", name="d: not rounded")(
    {"d: batches": 30 / 100}
)
predictions.mistake("d: 100 is the batch size. How many such batches do 30 samples need?", name="d: size for number")(
    {"d: batches": 100}
)
predictions.mistake("d: nothing is filled up: there are only 30 samples.", name="d: filled")(
    {"d: samples in the last batch": 100}
)
predictions.mistake("d: 70 are missing to a full batch. How many are in it?", name="d: what is missing")(
    {"d: samples in the last batch": 70}
)
predictions.mistake("d: a batch is never empty. `drop_last` is False here.", name="d: empty")(
    {"d: samples in the last batch": 0}
)


# ---- 4.8 the loss of an epoch


def _mean_square(x: Tensor, y: Tensor) -> Tensor:
    return ((x.sum(dim=1) - y) ** 2).mean()


def _too_high_counts_three_times(x: Tensor, y: Tensor) -> Tensor:
    return torch.where(x > y, 3 * (x - y), y - x).mean()


def _epoch_loss(answer: Callable[..., Any], size: int, batch_size: int, columns: int) -> dict[str, Any]:
    """Ask for a mean square where x has columns, and for a loss that is not symmetrical where it has none."""
    x = torch.arange(float(size)) if not columns else torch.arange(float(size * columns)).view(size, columns) / columns
    y = torch.arange(float(size)) ** 2 / 4 + 1
    got = answer(
        DataLoader(TensorDataset(x, y), batch_size=batch_size),
        _mean_square if columns else _too_high_counts_three_times,
    )
    one = isinstance(got, Tensor) and got.numel() == 1
    kind = "a Python number" if isinstance(got, float | int) and not isinstance(got, bool) else _kind(got)
    return {"the loss of the epoch": float(got) if one else got, "what your function returns": kind}


def _loss_of_all(loader: DataLoader, loss_of: Callable[..., Tensor]) -> float:
    return loss_of(*loader.dataset.tensors).item()


@exercise(
    "The loss of an epoch",
    oracle=_loss_of_all,
    run=_epoch_loss,
    cases=[(10, 4, 2), (11, 5, 0), (3, 8, 3), (5, 1, 0), (12, 6, 2)],
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


@epoch_loss.mistake("Your function returns nothing. Is the `return` missing?")
def loss_printed(loader, loss_of):
    print(_loss_of_all(loader, loss_of))


@epoch_loss.mistake(
    "A DataLoader has no `x` and `y` of its own, and `loss_of` needs tensors. Loop over the loader: each batch is a pair.",
    error="'DataLoader' object",
)
def loss_of_the_loader(loader, loss_of):
    return loss_of(loader[0], loader[1])


@epoch_loss.mistake(
    "A method is named, but not called: `item` needs parentheses, `item()`.", error="'builtin_function_or_method'"
)
def item_not_called(loader, loss_of):
    return sum(loss_of(x, y).item * len(x) for x, y in loader) / len(loader.dataset)


@epoch_loss.mistake(
    "You loop over the dataset. There x is one sample, without a batch dimension, and `loss_of` needs a batch. Loop over the "
    "loader."
)
def dataset_in_place_of_loader(loader, loss_of):
    return sum(loss_of(x, y).item() for x, y in loader.dataset) / len(loader.dataset)


@epoch_loss.mistake(
    "A function got one value less than it needs. `loss_of` takes two, the x and the y of one batch.",
    error="missing 1 required positional argument",
)
def loss_of_one_thing(loader, loss_of):
    return loss_of(loader.dataset)


@epoch_loss.mistake(
    "You averaged over the batches. The last batch is shorter, so its samples count too much. Multiply each loss "
    "by the size of its batch, and divide by the number of samples.",
    keys=("the loss of the epoch",),
)
def mean_of_means(loader, loss_of):
    losses = [loss_of(x, y).item() for x, y in loader]
    return sum(losses) / len(losses)


@epoch_loss.mistake(
    "The sum over all samples is divided by the number of batches, `len(loader)`. Divide it by the number of samples.",
    keys=("the loss of the epoch",),
)
def divided_by_the_batches(loader, loss_of):
    return sum(loss_of(x, y).item() * len(x) for x, y in loader) / len(loader)


@epoch_loss.mistake(
    "This is the sum of the batch losses. It grows with the number of batches: a mean is needed.",
    keys=("the loss of the epoch",),
)
def sum_of_means(loader, loss_of):
    return sum(loss_of(x, y).item() for x, y in loader)


@epoch_loss.mistake(
    "The batch losses are added as they are, then divided by the number of samples. Each is a mean already: multiply it by "
    "the size of its batch first.",
    keys=("the loss of the epoch",),
)
def sum_of_means_divided_by_the_samples(loader, loss_of):
    return sum(loss_of(x, y).item() for x, y in loader) / len(loader.dataset)


@epoch_loss.mistake("This is the sum over the samples. Divide it by their number.", keys=("the loss of the epoch",))
def not_divided(loader, loss_of):
    return sum(loss_of(x, y).item() * len(x) for x, y in loader)


@epoch_loss.mistake(
    "Every batch counts with `batch_size` samples, but the last one has fewer. `len(x)` is the true size of a batch.",
    keys=("the loss of the epoch",),
)
def full_size_for_each_batch(loader, loss_of):
    return sum(loss_of(x, y).item() * loader.batch_size for x, y in loader) / len(loader.dataset)


@epoch_loss.mistake(
    "Each loss is divided by the size of its batch. It is a mean already, so multiply: that gives the sum of the batch.",
    keys=("the loss of the epoch",),
)
def divided_by_the_size(loader, loss_of):
    return sum(loss_of(x, y).item() / len(x) for x, y in loader)


@epoch_loss.mistake(
    "You divide by `len(loader) * batch_size`. That is too much, because the last batch is shorter. Count the samples.",
    keys=("the loss of the epoch",),
)
def all_batches_counted_as_full(loader, loss_of):
    return sum(loss_of(x, y).item() * len(x) for x, y in loader) / (len(loader) * loader.batch_size)


@epoch_loss.mistake(
    "`x.numel()` counts all numbers in x. A sample may have several: `len(x)` counts the samples.",
    keys=("the loss of the epoch",),
)
def numbers_counted(loader, loss_of):
    return sum(loss_of(x, y).item() * x.numel() for x, y in loader) / len(loader.dataset)


@epoch_loss.mistake("A last batch that is shorter is left out. Its samples count too.", keys=("the loss of the epoch",))
def short_batch_left_out(loader, loss_of):
    full = [loss_of(x, y).item() for x, y in loader if len(x) == loader.batch_size]
    return sum(full) / max(len(full), 1)


@epoch_loss.mistake(
    "`len(batch)` is 2, because a batch is a pair. The number of its samples is the length of x.",
    keys=("the loss of the epoch",),
)
def length_of_the_pair(loader, loss_of):
    return sum(loss_of(*batch).item() * len(batch) for batch in loader) / len(loader.dataset)


@epoch_loss.mistake(
    "This is the loss of the last batch. Add the losses up in the loop.", keys=("the loss of the epoch",)
)
def last_batch_only(loader, loss_of):
    for x, y in loader:
        loss = loss_of(x, y).item()
    return loss


@epoch_loss.mistake(
    "Only the last batch is in the sum, though you divide by all samples. Set the sum to 0 before the loop, and add with `+=`.",
    keys=("the loss of the epoch",),
)
def not_added_up(loader, loss_of):
    for x, y in loader:
        total = loss_of(x, y).item() * len(x)
    return total / len(loader.dataset)


@epoch_loss.mistake(
    "This is the loss of the first batch. Is your `return` inside the loop?", keys=("the loss of the epoch",)
)
def returned_in_the_first_round(loader, loss_of):
    total, count = 0.0, 0
    for x, y in loader:
        total += loss_of(x, y).item() * len(x)
        count += len(x)
        return total / count


@epoch_loss.mistake(
    "Only the first batch is in the sum, though you divide by all samples. Is your `return` inside the loop?",
    keys=("the loss of the epoch",),
)
def first_batch_over_all(loader, loss_of):
    for x, y in loader:
        return loss_of(x, y).item() * len(x) / len(loader.dataset)


@epoch_loss.mistake(
    "Your result is a list of losses, one for each batch. One number is needed.",
    keys=("what your function returns",),
)
def list_of_losses(loader, loss_of):
    return [loss_of(x, y).item() for x, y in loader]


@epoch_loss.mistake(
    "The fraction is cut off: `//` and `int` keep whole numbers only. Divide with `/`.", keys=("the loss of the epoch",)
)
def whole_number(loader, loss_of):
    return sum(loss_of(x, y).item() * len(x) for x, y in loader) // len(loader.dataset)


@epoch_loss.mistake(
    "The sum is divided by the size of the last batch. Add up the sizes of all batches, in the loop.",
    keys=("the loss of the epoch",),
)
def divided_by_the_last_size(loader, loss_of):
    total = 0.0
    for x, y in loader:
        total += loss_of(x, y).item() * len(x)
    return total / len(x)


@epoch_loss.mistake("You divide by zero: does the number of samples grow in the loop?", error="division by zero")
def never_counted(loader, loss_of):
    total, count = 0.0, 0
    for x, y in loader:
        total += loss_of(x, y).item() * len(x)
    return total / count


@epoch_loss.mistake(
    "A variable is used before it has a value. Set the sum and the number of samples to 0 before the loop.",
    error="is not associated with a value",
)
def no_start(loader, loss_of):
    for x, y in loader:
        total += loss_of(x, y).item() * len(x)  # noqa: F821 - that is the mistake
    return total / len(loader.dataset)


@epoch_loss.mistake(
    "Your result is 0, whatever the losses are. Add them up in the loop.", keys=("the loss of the epoch",)
)
def nothing_added(loader, loss_of):
    total, count = 0.0, 0
    for x, _y in loader:
        count += len(x)
    return total / count


@epoch_loss.mistake("`loss_of` gets the first part of a batch first: `loss_of(x, y)`.")
def arguments_swapped(loader, loss_of):
    return sum(loss_of(y, x).item() * len(x) for x, y in loader) / len(loader.dataset)


@epoch_loss.mistake("You compute a loss of your own. `loss_of(x, y)` gives the loss of a batch, whichever loss it is.")
def own_loss(loader, loss_of):
    return sum(((x - y) ** 2).mean().item() * len(x) for x, y in loader) / len(loader.dataset)


@epoch_loss.mistake("The value is right, but it is a tensor. `item()` makes it a number.")
def a_tensor(loader, loss_of):
    return sum(loss_of(x, y) * len(x) for x, y in loader) / sum(len(x) for x, _y in loader)


# ---- 4.10 a loader in ten lines


def _by_pytorch(dataset: Dataset, batch_size: int, shuffle: bool, generator: torch.Generator) -> Iterator[list[Tensor]]:
    return iter(DataLoader(dataset, batch_size, shuffle=shuffle, generator=generator))


def _batches(answer: Callable[..., Any], n: int, batch_size: int, shuffle: bool, seed: int) -> dict[str, Any]:
    torch.manual_seed(123)  # so that an answer that draws from the global generator is the same each time
    random.seed(123)
    got = answer(_numbered(n), batch_size, shuffle, torch.Generator().manual_seed(seed))
    right = [y for _, y in _by_pytorch(_numbered(n), batch_size, shuffle, torch.Generator().manual_seed(seed))]
    names = [(f"the features of batch {i}", f"the labels of batch {i}") for i in range(1, len(right) + 1)]
    keys = ("what your function returns", "a batch", "the number of batches", "what a batch is made of", *chain(*names))
    facts: dict[str, Any] = dict.fromkeys(
        (*keys, "the features and labels of a batch", "the order", "how the batches are made"), NOT_YET
    )
    if not isinstance(got, Iterator):
        one = isinstance(got, tuple | list) and all(isinstance(value, Tensor) for value in got)
        several = "a list" if isinstance(got, tuple | list) else _kind(got)
        return facts | {"what your function returns": "one batch" if one else several}
    batches = list(islice(got, 100))
    facts["what your function returns"] = "an iterator"
    facts["a batch"] = _odd_one(map(_kind, batches), "a pair")
    facts["the number of batches"] = len(batches)
    if facts["a batch"] != "a pair":
        return facts
    facts["what a batch is made of"] = _odd_one(
        (" and ".join(map(_built, b)) for b in batches), "a matrix and a vector"
    )
    if facts["what a batch is made of"] != "a matrix and a vector":
        return facts
    facts |= dict(zip(chain(*names), chain(*batches), strict=False))
    facts["the features and labels of a batch"] = "of the same samples"
    for x, y in batches:
        if x.shape[1:] == (3,) and x.tolist() != [[3.0 * n, 3.0 * n + 1, 3.0 * n + 2] for n in y.tolist()]:
            return facts | {"the features and labels of a batch": "of different samples"}
    facts["the order"] = _order([number for _, y in batches for number in y.tolist()], right)
    made_by_pytorch = answer is not _by_pytorch and "DataLoader" in _names(answer)
    return facts | {"how the batches are made": "by a DataLoader" if made_by_pytorch else "by hand"}


def _built(value: Any) -> str:
    if isinstance(value, Tensor):
        return {0: "a scalar", 1: "a vector", 2: "a matrix"}.get(value.dim(), "a tensor")
    return f"a {type(value).__name__}"


@exercise(
    "A DataLoader in ten lines",
    oracle=_by_pytorch,
    run=_batches,
    cases=[
        (10, 4, True, 11),
        (12, 4, True, 12),
        (7, 3, False, 13),
        (5, 8, True, 14),
        (3, 1, True, 15),
        (8, 2, False, 16),
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


def _drawn(dataset: Dataset, shuffle: bool, generator: torch.Generator) -> list[int]:
    """Draw the order of an epoch, as PyTorch does."""
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    return torch.randperm(len(dataset), generator=generator).tolist() if shuffle else list(range(len(dataset)))


def _cut(dataset: TensorDataset, order: list[int], size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of an order."""
    for start in range(0, len(order), size):
        yield dataset[order[start : start + size]]


@batches_of.mistake(
    "The batches are right, but a `DataLoader` made them. Write it without one: an order, cut into pieces."
)
def with_a_dataloader(dataset, batch_size, shuffle, generator):
    yield from DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, generator=generator)


@batches_of.mistake(
    "Python does not know a name here. Is the line missing that gives it a value, or is it spelt in another way there?",
    error="is not defined",
)
def order_not_made(dataset, batch_size, shuffle, generator):
    for start in range(0, len(dataset), batch_size):
        yield dataset[order[start : start + batch_size]]  # noqa: F821 - that is the mistake


@batches_of.mistake(
    "Your function returns nothing. `yield` each batch, in the loop.", keys=("what your function returns",)
)
def nothing_yielded(dataset, batch_size, shuffle, generator):
    list(_cut(dataset, _drawn(dataset, shuffle, generator), batch_size))


@batches_of.mistake(
    "You *return* one batch. Use `yield` in place of `return`: the function then goes on after it.",
    keys=("what your function returns",),
)
def one_batch_returned(dataset, batch_size, shuffle, generator):
    for batch in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        return batch


@batches_of.mistake(
    "You return PyTorch's DataLoader. Write your own: an order, cut into pieces, and `yield` in the loop.",
    keys=("what your function returns",),
)
def dataloader_returned(dataset, batch_size, shuffle, generator):
    return DataLoader(dataset, batch_size=batch_size, shuffle=shuffle, generator=generator)


@batches_of.mistake(
    "You return a list of all batches. `yield` each one in the loop, so that the caller gets it before the next is made.",
    keys=("what your function returns",),
)
def list_returned(dataset, batch_size, shuffle, generator):
    return list(_cut(dataset, _drawn(dataset, shuffle, generator), batch_size))


@batches_of.mistake(
    "Each of your batches is a list of samples. Make two tensors of it: all features stacked, all labels stacked.",
    keys=("a batch", "the number of batches"),
)
def samples_not_stacked(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        yield [dataset[i] for i in order[start : start + batch_size]]


@batches_of.mistake(
    "`torch.stack` takes tensors, and a sample is a pair. `zip(*samples)` gives the features and the labels: stack each of them.",
    error="expected Tensor as element 0",
)
def pairs_stacked(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        yield torch.stack([dataset[i] for i in order[start : start + batch_size]])


@batches_of.mistake(
    "A batch without samples: your slice ends at `batch_size` each time. It should end at `start + batch_size`.",
)
def slice_without_the_start(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        x, y = zip(*[dataset[i] for i in order[start:batch_size]], strict=True)
        yield torch.stack(x), torch.stack(y)


@batches_of.mistake(
    "You yield single samples. Collect `batch_size` of them, stack them, and yield the batch.",
    keys=("what a batch is made of", "the number of batches"),
)
def single_samples(dataset, batch_size, shuffle, generator):
    for i in _drawn(dataset, shuffle, generator):
        yield dataset[i]


@batches_of.mistake(
    "You yield one tensor. A batch is a pair: the stacked features, and the stacked labels.", keys=("a batch",)
)
def features_alone(dataset, batch_size, shuffle, generator):
    for x, _y in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        yield x


@batches_of.mistake(
    "The labels of a batch are not a tensor. Stack them, as the features.", keys=("what a batch is made of",)
)
def labels_not_stacked(dataset, batch_size, shuffle, generator):
    for x, y in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        yield x, list(y)


@batches_of.mistake(
    "The features and the labels of a batch are tuples: `zip(*samples)` gives that. Stack both.",
    keys=("what a batch is made of",),
)
def zipped_only(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        x, y = zip(*[dataset[i] for i in order[start : start + batch_size]], strict=True)
        yield x, y


@batches_of.mistake(
    "The features and the labels of a batch are lists. Stack both with `torch.stack`.",
    keys=("what a batch is made of",),
)
def two_lists(dataset, batch_size, shuffle, generator):
    for x, y in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        yield list(x), list(y)


@batches_of.mistake("The pair is in the wrong order: features first, then labels.", keys=("what a batch is made of",))
def labels_first(dataset, batch_size, shuffle, generator):
    for x, y in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        yield y, x


@batches_of.mistake(
    "The features of a batch stand end to end in one vector, as `torch.cat` joins them. `torch.stack` gives each sample a row of "
    "its own.",
    keys=("what a batch is made of",),
)
def features_end_to_end(dataset, batch_size, shuffle, generator):
    for x, y in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        yield torch.cat(list(x)), y


@batches_of.mistake(
    "The labels are scalars, and `torch.cat` cannot join those. `torch.stack` makes one tensor of them.",
    error="zero-dimensional tensor",
)
def labels_concatenated(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        x, y = zip(*[dataset[i] for i in order[start : start + batch_size]], strict=True)
        yield torch.stack(x), torch.cat(y)


@batches_of.mistake(
    "The features and labels of a batch belong to different samples. Read both at the same indices.",
    keys=("the features and labels of a batch",),
)
def labels_not_shuffled(dataset, batch_size, shuffle, generator):
    labels = dataset.tensors[1].split(batch_size)
    for (x, _y), y in zip(_cut(dataset, _drawn(dataset, shuffle, generator), batch_size), labels, strict=True):
        yield x, y


@batches_of.mistake(
    "A tensor cannot be made of pairs. `zip(*samples)` gives the features and the labels: stack each of them.",
    error="only one element tensors can be converted",
)
def tensor_of_pairs(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        yield torch.tensor([dataset[i] for i in order[start : start + batch_size]])


@batches_of.mistake(
    "Python should take two values apart, and there are more or less of them. `zip(*samples)`, with the star, makes two groups "
    "of a list of pairs."
)
def zip_without_star(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        x, y = zip([dataset[i] for i in order[start : start + batch_size]], strict=True)
        yield torch.stack(x), torch.stack(y)


@batches_of.mistake("A batch without samples: where the last batch is full, there is no shorter one after it.")
def empty_rest(dataset, batch_size, shuffle, generator):
    samples = []
    for i in _drawn(dataset, shuffle, generator):
        samples.append(dataset[i])
        if len(samples) == batch_size:
            yield default_collate(samples)
            samples = []
    x, y = zip(*samples, strict=True)
    yield torch.stack(x), torch.stack(y)


@batches_of.mistake("You have the first batch only. Is there a `return` or `break` in your loop?")
def first_batch_only(dataset, batch_size, shuffle, generator):
    for batch in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        yield batch
        return


@batches_of.mistake("You have the last batch only. The `yield` belongs into the loop.")
def yield_after_the_loop(dataset, batch_size, shuffle, generator):
    for batch in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        last = batch
    yield last


@batches_of.mistake(
    "A last batch that is shorter is missing. Yield it too; a slice that reaches beyond the end is just shorter.",
    keys=("the number of batches",),
)
def short_batch_lost(dataset, batch_size, shuffle, generator):
    for batch in _cut(dataset, _drawn(dataset, shuffle, generator), batch_size):
        if len(batch[1]) == batch_size:
            yield batch


@batches_of.mistake("Your batches grow: each one has all samples so far. Begin a new list after each `yield`.")
def lists_not_emptied(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        yield dataset[order[: start + batch_size]]


@batches_of.mistake("Some samples come twice: each batch begins one place after the one before. Go on by `batch_size`.")
def step_of_one(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(len(order)):
        yield dataset[order[start : start + batch_size]]


@batches_of.mistake(
    "Your batches have one sample too much, and the next batch begins with it again. A slice does not include its end."
)
def one_sample_too_much(dataset, batch_size, shuffle, generator):
    order = _drawn(dataset, shuffle, generator)
    for start in range(0, len(order), batch_size):
        yield dataset[order[start : start + batch_size + 1]]


@batches_of.mistake(
    "Nearly. Your batches are right, in another order: PyTorch first draws one number from the generator, the "
    "seed for workers. Draw it before the order."
)
def no_seed_for_workers(dataset, batch_size, shuffle, generator):
    order = torch.randperm(len(dataset), generator=generator) if shuffle else torch.arange(len(dataset))
    return _cut(dataset, order.tolist(), batch_size)


@batches_of.mistake(
    "Your samples are always in the order of the dataset. Where `shuffle` is true, take `torch.randperm`.",
    keys=("the order",),
)
def never_shuffled(dataset, batch_size, shuffle, generator):
    return _cut(dataset, list(range(len(dataset))), batch_size)


@batches_of.mistake("With `shuffle=False` the samples should keep the order of the dataset.", keys=("the order",))
def always_shuffled(dataset, batch_size, shuffle, generator):
    return _cut(dataset, _drawn(dataset, True, generator), batch_size)


@batches_of.mistake(
    "`shuffle` works the wrong way round: the samples are shuffled where it is False, and in the order of the dataset where it "
    "is True.",
    keys=("the order",),
)
def shuffle_turned_round(dataset, batch_size, shuffle, generator):
    return _cut(dataset, _drawn(dataset, not shuffle, generator), batch_size)


@batches_of.mistake(
    "The samples are shuffled, but not as PyTorch does it with this generator. First draw the seed for workers, then "
    "`torch.randperm`, once each, and both with `generator=generator`.",
    keys=("the order",),
)
def global_generator(dataset, batch_size, shuffle, generator):
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    order = torch.randperm(len(dataset)) if shuffle else torch.arange(len(dataset))
    return _cut(dataset, order.tolist(), batch_size)


@batches_of.mistake(
    "The samples are shuffled also where `shuffle` is False, and not as PyTorch does it with this generator. Look at both.",
    keys=("the order",),
)
def always_by_the_global_generator(dataset, batch_size, shuffle, generator):
    return _cut(dataset, torch.randperm(len(dataset)).tolist(), batch_size)


EXERCISES = (Squares, IrisDataset, pad_batch, read_for, read_next, predictions, epoch_loss, batches_of)


def summary() -> Text:
    """Return one line: how many exercises of this unit are done, wrong and open."""
    return shown.summary(EXERCISES)
