"""Unit 4: more right and wrong answers."""

import csv
import math
from collections import namedtuple

import numpy as np
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, Subset, TensorDataset, default_collate

from course_utils.exercises.u04_dataset_dataloader import predictions
from course_utils.lessons.u04_dataset_dataloader import COLUMNS, SPECIES, stratified_split

# ---- Squares


class ComputedWhenAsked(Dataset):
    def __init__(self, size):
        self.size = size

    def __getitem__(self, index):
        if index < 0 or index >= self.size:
            raise IndexError(f"{index} of {self.size}")
        number = torch.tensor(index, dtype=torch.float32)
        return number, number.square()

    def __len__(self):
        return self.size


class TwoTensors(TensorDataset):
    def __init__(self, size):
        x = torch.linspace(0, size - 1, size)
        super().__init__(x, x * x)


class ListOfPairs(Dataset):
    def __init__(self, size):
        self.items = [(torch.tensor(float(i)), torch.tensor(float(i * i))) for i in range(size)]

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)


class FromNumPy(Dataset):
    def __init__(self, size):
        self.numbers = np.arange(size, dtype=np.float32)

    def __getitem__(self, index):
        return self.numbers[index], self.numbers[index] ** 2

    def __len__(self):
        return self.numbers.shape[0]


class Named(Dataset):
    Item = namedtuple("Item", ["number", "square"])

    def __init__(self, size):
        super().__init__()
        self.table = torch.stack([torch.arange(size).float(), torch.arange(size).float().pow(2)], dim=1)

    def __getitem__(self, index):
        return self.Item(*self.table[index].unbind())

    def __len__(self):
        return self.table.size(0)


class ReturnsAList(Dataset):
    def __init__(self, size):
        self.x = torch.tensor(range(size), dtype=torch.float)

    def __getitem__(self, index):
        x = self.x[index].clone()
        return [x, torch.pow(x, 2)]

    def __len__(self):
        return self.x.numel()


class CubesByMistake(TwoTensors):
    def __getitem__(self, index):
        x, square = super().__getitem__(index)
        return x, square * x


class KeyErrorAtTheEnd(Dataset):
    def __init__(self, size):
        self.items = {i: (torch.tensor(float(i)), torch.tensor(float(i * i))) for i in range(size)}

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)


class NoneAtTheEnd(ComputedWhenAsked):
    def __getitem__(self, index):
        return super().__getitem__(index) if index < self.size else None


class Triples(TwoTensors):
    def __getitem__(self, index):
        return (torch.tensor(index), *super().__getitem__(index))


class AlwaysTen(TwoTensors):
    def __len__(self):
        return 10


class HalfPrecision(TwoTensors):
    def __getitem__(self, index):
        return tuple(value.half() for value in super().__getitem__(index))


class CountsItsReads(ComputedWhenAsked):
    """It ignores the index, and is right only in the first pass."""

    reads = -1

    def __getitem__(self, index):
        self.reads += 1
        return super().__getitem__(index if index >= self.size else self.reads % self.size)


# ---- IrisDataset


class ByHand(Dataset):
    """The file taken apart line by line, lists in place of tensors, normalised when asked."""

    def __init__(self, path, train=True):
        lines = path.read_text(encoding="utf-8").strip().split("\n")[1:]
        rows = [line.strip().split(",") for line in lines]
        features = [[float(v) for v in row[:4]] for row in rows]
        labels = [SPECIES.index(row[4]) for row in rows]
        train_rows, test_rows = stratified_split(torch.tensor(labels))
        chosen = torch.tensor([features[i] for i in train_rows])
        self.mean, self.std = chosen.mean(0), chosen.std(0)
        self.items = [(features[i], labels[i]) for i in (train_rows if train else test_rows)]

    def __getitem__(self, index):
        x, label = self.items[index]
        return (torch.tensor(x) - self.mean) / self.std, torch.tensor(label)

    def __len__(self):
        return len(self.items)


class WithNumPy(Dataset):
    """NumPy's std has N in place of N - 1."""

    def __init__(self, path, train):
        table = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=range(4))
        names = np.genfromtxt(path, delimiter=",", skip_header=1, usecols=4, dtype=str)
        labels = np.array([SPECIES.index(name) for name in names])
        parts = [rows.numpy() for rows in stratified_split(torch.from_numpy(labels))]
        table = (table - table[parts[0]].mean(axis=0)) / table[parts[0]].std(axis=0)
        rows = parts[0] if train else parts[1]
        self.features, self.labels = table[rows].astype(np.float32), labels[rows]

    def __getitem__(self, index):
        return torch.from_numpy(self.features[index]), int(self.labels[index])

    def __len__(self):
        return len(self.features)


class AsATensorDataset(TensorDataset):
    def __init__(self, path, train):
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            next(reader)
            table = [([float(v) for v in row[:-1]], SPECIES.index(row[-1])) for row in reader]
        x, y = (torch.tensor(column) for column in zip(*table, strict=True))
        train_rows, test_rows = stratified_split(y)
        std, mean = torch.std_mean(x[train_rows], dim=0)
        chosen = train_rows if train else test_rows
        super().__init__(x[chosen].sub(mean).div(std + 1e-8), y[chosen])


class ReadWhenAsked(Dataset):
    """Each item opens the file again: slow, but right."""

    def __init__(self, path, train):
        self.path = path
        labels = torch.tensor([SPECIES.index(name) for *_, name in self.lines()])
        self.train_rows, test_rows = stratified_split(labels)
        self.rows = self.train_rows if train else test_rows

    def lines(self):
        with open(str(self.path), encoding="utf-8") as file:
            return [line.rstrip().split(",") for line in file][1:]

    def __getitem__(self, index):
        lines = self.lines()
        x = torch.tensor([[float(v) for v in line[:4]] for line in lines], dtype=torch.float64)
        known, row = x[self.train_rows], self.rows[index]
        return ((x[row] - known.mean(0)) / known.std(0)).to(torch.float32), SPECIES.index(lines[row][4])

    def __len__(self):
        return self.rows.shape[0]


class ColumnByColumn(Dataset):
    def __init__(self, path, train):
        with open(path, encoding="utf-8") as file:
            flowers = [*csv.DictReader(file)]
        self.y = torch.as_tensor(
            [dict(zip(SPECIES, range(3), strict=True))[f["species"]] for f in flowers], dtype=torch.long
        )
        rows, test = (part.tolist() for part in stratified_split(self.y))
        columns = []
        for name in COLUMNS:
            column = [float(f[name]) for f in flowers]
            known = [column[i] for i in rows]
            mean = sum(known) / len(known)
            std = math.sqrt(sum((v - mean) ** 2 for v in known) / (len(known) - 1))
            columns.append([(v - mean) / std for v in column])
        self.x = torch.tensor(columns).T
        self.rows = rows if train else test[::-1]  # the order within a part is free

    def __getitem__(self, index):
        return self.x[self.rows[index]], self.y[self.rows[index]]

    def __len__(self):
        return len(self.rows)


class OwnStatisticsLikeNumPy(WithNumPy):
    """Each part by its own mean, and N in place of N - 1."""

    def __init__(self, path, train):
        super().__init__(path, train)
        self.features = (self.features - self.features.mean(axis=0)) / self.features.std(axis=0)


class FirstRowsOfEachClass(Dataset):
    def __init__(self, path, train):
        parts = [ByHand(path, True), ByHand(path, False)]
        items = sorted((item for part in parts for item in part.items), key=lambda item: item[1])
        test, rest = [], []
        for label in range(3):
            own = [item for item in items if item[1] == label]
            test += own[: len(own) // 5]
            rest += own[len(own) // 5 :]
        x = torch.tensor([features for features, _ in rest])
        self.mean, self.std, self.items = x.mean(0), x.std(0), rest if train else test

    __getitem__, __len__ = ByHand.__getitem__, ByHand.__len__


class DividedByTheMean(ByHand):
    def __getitem__(self, index):
        x, label = self.items[index]
        return (torch.tensor(x) - self.mean) / self.mean, label


class OneTestRowLost(ByHand):
    def __init__(self, path, train):
        super().__init__(path, train)
        self.items = self.items if train else self.items[1:]


class LabelsMixedUp(ByHand):
    def __getitem__(self, index):
        x, _ = super().__getitem__(index)
        return x, self.items[index - 1][1]


# ---- pad_batch


def rows_with_zeros_behind(samples):
    longest = max(len(s) for s in samples)
    rows = [torch.cat((s, torch.zeros(longest - len(s)))) for s in samples]
    return torch.stack(rows), torch.tensor([len(s) for s in samples])


def with_functional_pad(samples):
    lengths = torch.as_tensor([s.shape[0] for s in samples])
    return torch.stack([nn.functional.pad(s, (0, lengths.max() - s.numel())) for s in samples]), lengths


def with_pad_sequence(samples):
    return nn.utils.rnn.pad_sequence(samples, True, 0.0), torch.LongTensor(list(map(len, samples)))


def with_two_loops(samples):
    width = sorted(len(s) for s in samples)[-1]
    batch = torch.zeros((len(samples), width), dtype=torch.float32)
    sizes = torch.zeros(len(samples), dtype=torch.int64)
    for i in range(len(samples)):
        for j in range(len(samples[i])):
            batch[i][j] = samples[i][j]
            sizes[i] += 1
    return [batch, sizes]


def lists_of_numbers(samples):
    lengths = [s.numel() for s in samples]
    return torch.tensor([s.tolist() + [0.0] * (max(lengths) - len(s)) for s in samples]), torch.tensor(lengths)


def with_a_mask(samples):
    lengths = torch.tensor([s.size(0) for s in samples])
    mask = torch.arange(lengths.max())[None] < lengths[:, None]
    batch = torch.empty(mask.shape).fill_(0)
    batch[mask] = torch.cat(samples)
    return batch, lengths


def with_nested_tensors(samples):
    nested = torch.nested.nested_tensor(samples)
    return nested.to_padded_tensor(0.0), torch.tensor([len(s) for s in samples])


def filled_with_the_last_value(samples):
    longest = max(map(len, samples))
    rows = [torch.cat([s, (s[-1:] if len(s) else torch.zeros(1)).expand(longest - len(s))]) for s in samples]
    return torch.stack(rows), torch.tensor([len(s) for s in samples])


def five_columns(samples):
    batch, lengths = with_two_loops(samples)
    return torch.cat([batch, torch.zeros(len(batch), 5 - batch.shape[1])], dim=1), lengths


def half_batch(samples):
    batch, lengths = rows_with_zeros_behind(samples)
    return batch.half(), lengths


def lengths_in_a_column(samples):
    batch, lengths = rows_with_zeros_behind(samples)
    return batch, lengths[:, None]


def list_sorted_in_place(samples):
    samples.sort(key=len)
    return rows_with_zeros_behind(samples)


# ---- read_for and read_next


def as_a_comprehension(dataset, generator):
    return [y for _, y in DataLoader(dataset, 15, True, generator=generator)]


def by_index_of_the_batch(dataset, generator):
    found = []
    for number, batch in enumerate(DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)):
        assert number == len(found)
        found += [batch[1]]
    return found


def with_a_sampler(dataset, generator):
    sampler = torch.utils.data.RandomSampler(dataset, generator=generator)
    labels = []
    for _, y in DataLoader(dataset, batch_size=15, sampler=sampler, generator=generator):
        labels.append(y.clone())
    return labels


def unzipped(dataset, generator):
    batches = list(DataLoader(dataset, batch_size=15, shuffle=True, generator=generator))
    _, labels = zip(*batches, strict=True)
    return list(labels)


def batches_of_ten(dataset, generator):
    return [y for _, y in DataLoader(dataset, batch_size=10, shuffle=True, generator=generator)]


def seeded_anew(dataset, generator):
    own = torch.Generator().manual_seed(0)
    return [y for _, y in DataLoader(dataset, batch_size=7, shuffle=True, generator=own)]


def two_epochs(dataset, generator):
    loader = DataLoader(dataset, batch_size=15, shuffle=True, generator=generator)
    return [y for _ in range(2) for _, y in loader]


def last_labels_as_a_set(dataset, generator):
    return set(as_a_comprehension(dataset, generator))


def counted(loader):
    iterator = iter(loader)
    return [next(iterator)[1] for _ in range(len(loader))]


def until_none(loader):
    iterator, found = loader.__iter__(), []
    while (batch := next(iterator, None)) is not None:
        found.append(batch[1])
    return found


def dunder_methods(loader):
    found, iterator = [], loader.__iter__()
    try:
        while True:
            found.append(iterator.__next__()[-1])
    except StopIteration:
        pass
    return found


def one_more(iterator):
    _, y = next(iterator)
    return y


def with_a_helper(loader):
    iterator, labels = iter(loader), []
    while len(labels) < len(loader):
        labels.append(one_more(iterator))
    return labels


def recursive(loader):
    def rest(iterator):
        try:
            return [next(iterator)[1], *rest(iterator)]
        except StopIteration:
            return []

    return rest(iter(loader))


def for_over_the_iterator(loader):
    return [y for _, y in iter(loader)]


def labels_joined(loader):
    return torch.cat(counted(loader))


def without_the_loader(loader):
    return list(loader.dataset.tensors[1].split(loader.batch_size))


def three_batches(loader):
    iterator = iter(loader)
    return [next(iterator)[1], next(iterator)[1], next(iterator)[1]]


def endless_with_any_error(loader):
    found = []
    while True:
        try:
            found.append(next(iter(loader))[1])
        except Exception:
            return found


# ---- epoch_loss


def weighted_by_numpy(loader, loss_of):
    losses, sizes = [], []
    for x, y in loader:
        losses.append(float(loss_of(x, y)))
        sizes.append(x.shape[0])
    return np.average(losses, weights=sizes)


def all_at_once(loader, loss_of):
    xs, ys = zip(*loader, strict=True)
    return loss_of(torch.cat(xs), torch.cat(ys)).item()


def sum_as_a_tensor(loader, loss_of):
    total = torch.zeros(())
    with torch.no_grad():
        for x, y in loader:
            total += loss_of(x, y) * y.size(0)
    return (total / len(loader.dataset)).item()


def running_mean(loader, loss_of):
    mean = seen = 0
    for x, y in loader:
        seen += len(y)
        mean += (loss_of(x, y).item() - mean) * len(y) / seen
    return mean


def share_of_each_batch(loader, loss_of):
    n = len(loader.dataset)
    return sum(loss_of(x, y).item() * (len(y) / n) for x, y in loader)


def sample_by_sample(loader, loss_of):
    losses = [loss_of(x, y).tolist() for x, y in DataLoader(loader.dataset)]
    return math.fsum(losses) / len(losses)


def rounded(loader, loss_of):
    return round(running_mean(loader, loss_of), 2)


def arguments_swapped(loader, loss_of):
    return running_mean(loader, lambda x, y: loss_of(y, x))


def own_loss(loader, loss_of):
    return running_mean(loader, nn.functional.mse_loss)


def weighted_mean_of_means_as_a_tensor(loader, loss_of):
    return torch.stack([loss_of(x, y) for x, y in loader]).mean()


def root_of_the_loss(loader, loss_of):
    return math.sqrt(running_mean(loader, loss_of))


# ---- batches_of


def seed_for_workers(generator):
    return torch.empty((), dtype=torch.int64).random_(generator=generator).item()


def stacked_in_comprehensions(dataset, batch_size, shuffle, generator):
    order = list(range(len(dataset)))
    if shuffle:
        seed_for_workers(generator)
        order = torch.randperm(len(dataset), generator=generator)
    while len(order):
        chosen, order = order[:batch_size], order[batch_size:]
        yield torch.stack([dataset[i][0] for i in chosen]), torch.stack([dataset[i][1] for i in chosen])


def split_then_collate(dataset, batch_size, shuffle, generator):
    n = len(dataset)
    torch.empty((), dtype=torch.int64).random_(generator=generator)
    order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
    for indices in torch.split(order, batch_size):
        yield default_collate([dataset[i] for i in indices.tolist()])


def collected(dataset, batch_size, shuffle, generator):
    """A batch is full, or the last one."""
    seed_for_workers(generator)
    xs, ys = [], []
    for i in torch.randperm(len(dataset), generator=generator) if shuffle else range(len(dataset)):
        x, y = dataset[int(i)]
        xs.append(x)
        ys.append(y)
        if len(xs) == batch_size:
            yield torch.stack(xs), torch.stack(ys)
            xs, ys = [], []
    if xs:
        yield torch.stack(xs), torch.stack(ys)


def indexed_as_a_whole(dataset, batch_size, shuffle, generator):
    """A TensorDataset takes a tensor of indices; the third draw is there too."""
    n = len(dataset)
    if shuffle:
        seed_for_workers(generator)
    order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
    for number in range(math.ceil(n / batch_size)):
        yield dataset[order[number * batch_size : (number + 1) * batch_size]]
    torch.randperm(n, generator=generator)


def generator_expression(dataset, batch_size, shuffle, generator):
    seed_for_workers(generator)
    order = torch.randperm(len(dataset), generator=generator).tolist() if shuffle else range(len(dataset))
    parts = BatchSampler(order, batch_size, drop_last=False)
    return ([torch.stack(t) for t in zip(*(dataset[i] for i in part), strict=True)] for part in parts)


def loader_over_a_subset(dataset, batch_size, shuffle, generator):
    seed_for_workers(generator)
    order = torch.randperm(len(dataset), generator=generator).tolist() if shuffle else range(len(dataset))
    yield from DataLoader(Subset(dataset, order), batch_size)


def loader_in_a_helper(dataset, batch_size, shuffle, generator):
    yield from as_batches(dataset, batch_size, shuffle, generator)


def as_batches(dataset, batch_size, shuffle, generator):
    return DataLoader(dataset, batch_size, shuffle, generator=generator)


def all_in_a_list(dataset, batch_size, shuffle, generator):
    return list(collected(dataset, batch_size, shuffle, generator))


def order_for_each_batch(dataset, batch_size, shuffle, generator):
    seed_for_workers(generator)
    for _ in range(0, len(dataset), batch_size):
        order = torch.randperm(len(dataset), generator=generator) if shuffle else torch.arange(len(dataset))
        yield dataset[order[:batch_size]]


def sorted_within_a_batch(dataset, batch_size, shuffle, generator):
    for _, y in collected(dataset, batch_size, shuffle, generator):
        yield dataset[y.sort().values]


def batches_reversed(dataset, batch_size, shuffle, generator):
    yield from list(collected(dataset, batch_size, shuffle, generator))[::-1]


RIGHT = {
    "Squares": [ComputedWhenAsked, TwoTensors, ListOfPairs, FromNumPy, Named, ReturnsAList],
    "IrisDataset": [ByHand, WithNumPy, AsATensorDataset, ReadWhenAsked, ColumnByColumn],
    "pad_batch": [
        rows_with_zeros_behind, with_functional_pad, with_pad_sequence, with_two_loops, lists_of_numbers, with_a_mask,
        with_nested_tensors,
    ],
    "read_for": [as_a_comprehension, by_index_of_the_batch, with_a_sampler, unzipped],
    "read_next": [counted, until_none, dunder_methods, with_a_helper, recursive],
    "epoch_loss": [weighted_by_numpy, all_at_once, sum_as_a_tensor, running_mean, share_of_each_batch, sample_by_sample],
    "batches_of": [stacked_in_comprehensions, split_then_collate, collected, indexed_as_a_whole, generator_expression],
}  # fmt: skip
QUIZ = predictions.answer
WRONG = {
    "Squares": [
        (CubesByMistake, "The second value of each item should be tensor([0, 1, 4]). Yours is tensor([0, 1, 8])"),
        (KeyErrorAtTheEnd, "The error past the end should be 'IndexError'. Yours is 'KeyError'"),
        (NoneAtTheEnd, "Any index gives an item"),
        (Triples, "An item should be 'a pair'. Yours is '3 values'"),
        (AlwaysTen, "`len(dataset)` should be 3. Yours is 10"),
        (HalfPrecision, "The type of the first value should be 'float32, shape ()'. Yours is 'float16, shape ()'"),
        (CountsItsReads, "Read a second time, an item is another one"),
    ],
    "IrisDataset": [
        (OwnStatisticsLikeNumPy, "Each part is normalised with its own mean"),
        (FirstRowsOfEachClass, "not those that `stratified_split(labels)` returns"),
        (DividedByTheMean, "What each column of the training part is divided by should be"),
        (OneTestRowLost, "The number of items in the test part should be 6. Yours is 5"),
        (LabelsMixedUp, "belong to different flowers"),
    ],
    "pad_batch": [
        (filled_with_the_last_value, "The batch should have 0 at [0, 2]. Yours has 2 there"),
        (five_columns, "The batch should have the shape (4, 3). Yours has (4, 5)"),
        (half_batch, "The batch should have the dtype torch.float32"),
        (lengths_in_a_column, "The lengths should have the shape (4,). Yours has (4, 1)"),
        (list_sorted_in_place, "Your answer changes `samples`"),
    ],
    "read_for": [
        (batches_of_ten, "The number of batches should be 2. Yours is 3"),
        (seeded_anew, "not in the first order that your generator gives"),
        (two_epochs, "The number of batches should be 2. Yours is 4"),
        (last_labels_as_a_set, "What your function returns should be 'a list'. Yours is 'a set'"),
    ],
    "read_next": [
        (for_over_the_iterator, "made without `next`"),
        (labels_joined, "One tensor comes back"),
        (without_the_loader, "made without `next`"),
        (three_batches, "Your answer raised StopIteration, in the line `return [next(iterator)[1], next(iterator)[1]"),
        (endless_with_any_error, "The number of batches should be 3. Yours is 50"),
    ],
    "predictions": [
        ({**QUIZ, "b: batches": 7}, "b: batches: not 7. Look again"),
        ({**QUIZ, "d: batches": "1"}, "A number in quotes is a text"),
    ],
    "epoch_loss": [
        (rounded, "The loss of the epoch should be"),
        (arguments_swapped, "`loss_of` gets the first part of a batch first"),
        (own_loss, "You compute a loss of your own"),
        (weighted_mean_of_means_as_a_tensor, "You averaged over the batches"),
        (root_of_the_loss, "The loss of the epoch should be"),
    ],
    "batches_of": [
        (loader_over_a_subset, "a `DataLoader` made them"),
        (loader_in_a_helper, "a `DataLoader` made them"),
        (all_in_a_list, "You return a list of all batches"),
        (order_for_each_batch, "The features of batch 2 should have"),
        (sorted_within_a_batch, "The features of batch 1 should have"),
        (batches_reversed, "The features of batch 1 should"),
    ],
}
FILE = "the course's files have no letters beyond ASCII, and no line breaks inside a value"
EQUIVALENT = {
    "IrisDataset": {"no encoding= in": FILE, "no newline= in": FILE},
    "pad_batch": {"no call in `longest = int(lengths.max())`": "a tensor of one number may be a size"},
    "batches_of": {
        "no tolist() in": "a tensor of row numbers gives each of them as an index",
        "no strict= in": "all items are pairs",
        "the other truth in `x, y = zip(": "all items are pairs",
    },
}
