"""The exercises of unit 1: shapes, products, dtypes, masks, broadcasting, and which operation shares memory."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import Text, exercise


@exercise(
    "Lay images flat",
    oracle=lambda images: torch.flatten(images, start_dim=1),
    cases=[
        (torch.arange(24.0).reshape(3, 2, 4),),
        (torch.arange(1568.0).reshape(2, 28, 28),),
        (torch.arange(24.0).reshape(3, 2, 4).transpose(1, 2),),
        (torch.arange(12.0).reshape(1, 3, 4),),
    ],
    hints=[
        "How many rows does the result have? Which number of `images.shape` is that?",
        "Give `reshape` two sizes: the number of images, and -1 for all the rest.",
        "`images.reshape(len(images), ...)`. Or look up `start_dim` in the documentation of `torch.flatten`.",
    ],
    idea="The first dimension counts the examples, and it stays. -1 works out the rest, and `reshape` copies only where it must.",
)
def flatten_images(images: torch.Tensor) -> torch.Tensor:
    """Lay each image end to end: (N, height, width) to (N, height * width)."""
    return images.reshape(len(images), -1)


@flatten_images.mistake(
    "You flattened the images into each other. The first dimension counts the images and must stay: "
    "the result has one row for each image."
)
def all_in_one_row(images):
    return images.flatten()


@flatten_images.mistake(
    "Right for most images, but one test has transposed images. Their rows do not lie one after the other "
    "in memory, and there `view` raises. Which sister of `view` copies where it must?"
)
def view(images):
    return images.view(len(images), -1)


@flatten_images.mistake(
    "The number of images must be the *first* size. You made it the last one, so your rows mix the "
    "pixels of several images."
)
def a_column_for_each_image(images):
    return images.reshape(-1, len(images))


@flatten_images.mistake(
    "The 784 fits images of 28 × 28 only. Let -1 work out the number of pixels, and take the number of "
    "images from the tensor."
)
def number_784_written_as_a_number(images):
    return images.reshape(-1, 784)


@flatten_images.mistake(
    "You kept the last dimension, so each row is one line of pixels. Keep the first dimension: each row "
    "is a whole image."
)
def only_the_last_dimension_kept(images):
    return images.reshape(-1, images.shape[-1])


@exercise(
    "All dot products of the rows",
    oracle=lambda x: torch.einsum("ik,jk->ij", x, x),
    cases=[
        (torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]),),
        (torch.tensor([[1.0, 2.0], [3.0, 5.0]]),),
        (torch.tensor([[2.0, -1.0, 0.5]]),),
    ],
    hints=[
        "N rows, each with each: the result has shape (N, N).",
        "Entry [i, j] of `A @ B` is row i of A times column j of B. The columns of B should be the rows of `x`.",
        "The rows of `x` are the columns of `x.T`.",
    ],
    idea="`x @ x.T` holds the dot product of every row with every row. One matrix product is enough for all pairs.",
)
def similarities(x: torch.Tensor) -> torch.Tensor:
    """Multiply every row with every row: (N, D) to (N, N)."""
    return x @ x.T


@similarities.mistake(
    "`*` multiplies element by element. A dot product also *adds up* the products: that is the matrix product, `@`."
)
def elementwise(x):
    return x * x


@similarities.mistake("`*` needs fitting shapes and does not add up. Which product does?")
def elementwise_with_the_transpose(x):
    return x * x.T


@similarities.mistake(
    "These are the dot products of the *columns*. `@` goes along the rows of its left side: which "
    "matrix must stand there?"
)
def columns(x):
    return x.T @ x


@similarities.mistake(
    "`x @ x` multiplies rows by *columns*, and works for square matrices only. Turn the right side, "
    "so that its columns are the rows of `x`."
)
def not_transposed(x):
    return x @ x


@similarities.mistake(
    "You have each row with itself: the diagonal of the answer. We need every row with every other row as well."
)
def the_diagonal(x):
    return (x * x).sum(dim=1)


@similarities.mistake(
    "`torch.dot` takes two 1-D tensors and gives one number. For all pairs of rows at once, use the matrix product."
)
def dot(x):
    return torch.dot(x, x)


@exercise(
    "float32 data, int64 labels",
    cases=[
        (np.array([[0, 255], [7, 3]], dtype="uint8"), np.array([0.0, 2.0])),
        ([[0.5, 1.5], [2.0, 3.0]], [1, 0]),
        (np.array([[0.25, 1.0]]), np.array([3], dtype="int32")),
    ],
    hints=[
        "`torch.as_tensor` and `torch.tensor` take a list or an array, and the argument `dtype`.",
        "A function returns two things as `return first, second`.",
        "Call the same function twice, each time with another `dtype`. The types are written `torch.float32` and so on.",
    ],
    idea="Say the dtype where data become tensors: float32 for what is measured, int64 for what is counted or named. "
    "It saves you most dtype errors later.",
)
def make_batch(features: list | np.ndarray, labels: list | np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn features into float32 and labels into int64."""
    return torch.as_tensor(features, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.int64)


@make_batch.mistake(
    "Without a dtype, the tensor takes what the data happen to have: uint8, float64, int32 … Name both types."
)
def dtype_left_to_pytorch(features, labels):
    return torch.tensor(features), torch.tensor(labels)


@make_batch.mistake("The features are right. The labels still have the type that they came with: name theirs as well.")
def only_the_features(features, labels):
    return torch.as_tensor(features, dtype=torch.float32), torch.tensor(labels)


@make_batch.mistake("The labels are right. The features still have the type that they came with: name theirs as well.")
def only_the_labels(features, labels):
    return torch.tensor(features), torch.as_tensor(labels, dtype=torch.int64)


@make_batch.mistake("The features are right. Return the labels too, as a second tensor: `return first, second`.")
def one_tensor_only(features, labels):
    return torch.as_tensor(features, dtype=torch.float32)


@make_batch.mistake("Only tensors have `.float()` and `.long()`. You get lists or arrays: make tensors of them first.")
def a_method_of_tensors(features, labels):
    return features.float(), labels.long()


@make_batch.mistake("`from_numpy` takes arrays only, and one test gives lists. Which function takes both?")
def from_numpy(features, labels):
    return torch.from_numpy(features).float(), torch.from_numpy(labels).long()


@make_batch.mistake(
    "The labels are right. The features are float64, as in NumPy; a network's weights are float32, and "
    "the two do not mix."
)
def float64_data(features, labels):
    return (
        torch.as_tensor(features, dtype=torch.float64),
        torch.as_tensor(labels, dtype=torch.int64),
    )


@make_batch.mistake(
    "The features are right. A class label is a whole number, the index of a class: int64, which is also called long."
)
def float_labels(features, labels):
    return (
        torch.as_tensor(features, dtype=torch.float32),
        torch.as_tensor(labels, dtype=torch.float32),
    )


@make_batch.mistake(
    "The features are right. The labels are whole numbers, but int32 is too short: PyTorch's own whole "
    "numbers are int64."
)
def int32_labels(features, labels):
    return (
        torch.as_tensor(features, dtype=torch.float32),
        torch.as_tensor(labels, dtype=torch.int32),
    )


@make_batch.mistake("Both types are right, but the order is not: return the features first, then the labels.")
def swapped(features, labels):
    return (
        torch.as_tensor(labels, dtype=torch.int64),
        torch.as_tensor(features, dtype=torch.float32),
    )


_POINTS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])


@exercise(
    "The rows of one class",
    oracle=lambda x, labels, k: x.index_select(0, torch.where(labels == k)[0]),
    cases=[
        (_POINTS, torch.tensor([0, 1, 0, 2]), 0),
        (_POINTS, torch.tensor([1, 1, 3, 1]), 1),
        (_POINTS, torch.tensor([0, 1, 0, 2]), 3),
        (_POINTS, torch.tensor([0, 1, 0, 2]), 2),
    ],
    hints=[
        "`labels == k` compares all labels at once. Print it: what do you get?",
        "A mask in square brackets keeps the rows where it is True.",
        "Two steps: make the mask from `labels`, then index `x` with it. No loop is needed.",
    ],
    idea="A comparison gives a mask, and a mask in square brackets selects. "
    "If nothing fits, the result has 0 rows, and that is no error.",
)
def select_class(x: torch.Tensor, labels: torch.Tensor, k: int) -> torch.Tensor:
    """Return the rows of x (N, D) whose label is k."""
    return x[labels == k]


@select_class.mistake(
    "`x[labels]` reads the labels as row numbers. Compare first: `labels == k` is a mask, True where a "
    "row belongs to the class."
)
def labels_as_row_numbers(x, labels, k):
    return x[labels]


@select_class.mistake(
    "`x[k]` is row number k. The class of a row stands in `labels`: compare it with k, and use the answer as a mask."
)
def row_number_k(x, labels, k):
    return x[k]


@select_class.mistake(
    "The right rows, with one dimension too many: `nonzero()` gives a column of positions. The mask itself is enough."
)
def nonzero(x, labels, k):
    return x[(labels == k).nonzero()]


@select_class.mistake("`squeeze` removed the row dimension. One row must still have shape (1, D).")
def squeeze(x, labels, k):
    return x[labels == k].squeeze()


@select_class.mistake(
    "Right while the class has rows. One test has a class without rows, and `stack` needs at least one tensor. "
    "A mask in square brackets gives 0 rows there."
)
def a_loop_and_stack(x, labels, k):
    return torch.stack([row for row, label in zip(x, labels, strict=True) if label == k])


@select_class.mistake(
    "You set the other rows to 0, but they are still there. Put the mask in square brackets, and they are left out."
)
def zeros_in_place_of_nothing(x, labels, k):
    return x * (labels == k).unsqueeze(1)


@select_class.mistake("Just the other way round: these are the rows of all *other* classes.")
def the_other_classes(x, labels, k):
    return x[labels != k]


@exercise(
    "Standardize the columns",
    oracle=lambda x: torch.stack([(column - column.mean()) / column.std() for column in x.unbind(dim=1)], dim=1),
    cases=[
        (torch.tensor([[1.0, 10.0], [2.0, 30.0], [4.0, 20.0], [9.0, 60.0]]),),
        (torch.tensor([[1.0, 5.0, 2.0], [3.0, 4.0, 8.0], [8.0, 0.0, 5.0]]),),
    ],
    hints=[
        "What shape does `x.mean(dim=0)` have for an `x` of shape (N, D)?",
        "(N, D) and (D,) broadcast: aligned at the right, each row gets the same D numbers. No keepdim is needed here.",
        "Mean and standard deviation need the same `dim`. The subtraction comes first: it needs parentheses.",
    ],
    idea="dim=0 removes the rows and leaves one number for each column; broadcasting lays these under every row.",
)
def standardize(x: torch.Tensor) -> torch.Tensor:
    """Give each column of x (N, D) the mean 0 and the standard deviation 1."""
    return (x - x.mean(dim=0)) / x.std(dim=0)


@standardize.mistake(
    "You standardized the rows. `dim` names the dimension that *disappears*: to get one mean for each "
    "column, remove the rows, dim 0."
)
def rows(x):
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)


@standardize.mistake(
    "`mean(dim=1)` is one number for each *row*, and without keepdim it is laid along the columns. "
    "You need one for each column: dim 0."
)
def rows_without_keepdim(x):
    return (x - x.mean(dim=1)) / x.std(dim=1)


@standardize.mistake(
    "Without `dim`, mean and std are one number for the whole tensor. Each column has its own unit, so "
    "it needs its own two."
)
def one_mean_for_all(x):
    return (x - x.mean()) / x.std()


@standardize.mistake(
    "Nearly: you divide by N. The standard deviation of a sample divides by N − 1, and `x.std` does so "
    "if you leave `correction` alone."
)
def n_in_place_of_n_1(x):
    return (x - x.mean(dim=0)) / x.std(dim=0, correction=0)


@standardize.mistake("You divided by the variance. Its unit is squared: take the root, the standard deviation `std`.")
def variance(x):
    return (x - x.mean(dim=0)) / x.var(dim=0)


@standardize.mistake("`/` is done before `-`, so here only the mean was divided. Put the subtraction in parentheses.")
def no_parentheses(x):
    return x - x.mean(dim=0) / x.std(dim=0)


@standardize.mistake("The means are 0 now. The second half is missing: divide each column by its standard deviation.")
def mean_only(x):
    return x - x.mean(dim=0)


@exercise(
    "Distances of all pairs",
    oracle=lambda a, b: torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist"),
    cases=[
        (torch.tensor([[0.0, 0.0], [3.0, 4.0], [1.0, 1.0]]), torch.tensor([[6.0, 8.0], [3.0, 0.0]])),
        (torch.tensor([[0.0, 0.0, 1.0], [1.0, 2.0, 0.0]]), torch.tensor([[3.0, 4.0, 2.0], [5.0, 2.0, 1.0]])),
    ],
    hints=[
        "First the differences of all pairs, of shape (N, M, D). Which two shapes broadcast to that?",
        "(N, 1, D) and (1, M, D). `a` gets its new dimension in the middle; where does `b` get one?",
        "Then square, sum over dimension 2, and take the root with `.sqrt()`.",
    ],
    idea="A new dimension of length 1 says 'pair me with everything there'. (N, 1, D) and (1, M, D) broadcast to all pairs, "
    "(N, M, D), and no loop is needed.",
)
def distances(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the distance of each row of a (N, D) to each row of b (M, D): (N, M)."""
    gaps = a[:, None, :] - b[None, :, :]  # (N, 1, D) and (1, M, D) give (N, M, D)
    return gaps.square().sum(dim=2).sqrt()


@distances.mistake(
    "`a - b` pairs row 0 with row 0, row 1 with row 1. For *every* pair, give each of them a dimension "
    "of its own: (N, 1, D) and (1, M, D)."
)
def row_by_row(a, b):
    return (a - b).square().sum(dim=1).sqrt()


@distances.mistake("These are the squared distances. Take the square root at the end.")
def no_root(a, b):
    return (a[:, None] - b).square().sum(dim=2)


@distances.mistake(
    "You added the absolute differences, as in a city of blocks. The straight distance is the root of "
    "the sum of *squares*."
)
def absolute_differences(a, b):
    return (a[:, None] - b).abs().sum(dim=2)


@distances.mistake(
    "The differences have shape (N, M, D). You summed over the M points of `b`; sum over the D "
    "coordinates, dimension 2."
)
def sum_over_the_wrong_dimension(a, b):
    return (a[:, None] - b).square().sum(dim=1).sqrt()


@distances.mistake(
    "Without `dim`, `sum` adds up everything to one number. Sum over the D coordinates only, dimension 2."
)
def one_sum_of_everything(a, b):
    return (a[:, None] - b).square().sum().sqrt()


@distances.mistake(
    "All distances are there, but turned round: the rows should belong to `a`, the columns to `b`. "
    "Insert the new dimensions the other way."
)
def turned_round(a, b):
    return (b[:, None] - a).square().sum(dim=2).sqrt()


@distances.mistake(
    "These are the differences, of shape (N, M, D). Good! Now square them, sum over the coordinates, and take the root."
)
def the_differences(a, b):
    return a[:, None] - b


@exercise(
    "Channels first",
    oracle=lambda images: torch.movedim(images, -1, 1),
    cases=[
        (torch.arange(6.0).reshape(1, 2, 1, 3),),
        (torch.arange(48.0).reshape(2, 2, 4, 3),),
        (torch.arange(27.0).reshape(1, 3, 3, 3),),
    ],
    hints=[
        "Number the old dimensions: 0 images, 1 height, 2 width, 3 channels. In which order do you want them?",
        "`permute` takes the old numbers in the new order.",
        "Images stay first, channels come next, then height and width: 0, 3, …",
    ],
    idea="`permute` swaps dimensions, `reshape` cuts the same memory order anew. Equal shapes do not mean equal tensors.",
)
def channels_first(images: torch.Tensor) -> torch.Tensor:
    """Turn (N, height, width, channels) into (N, channels, height, width)."""
    return images.permute(0, 3, 1, 2)


@channels_first.mistake(
    "The shape is right and the picture is lost. `reshape` keeps the order in memory and cuts it anew, "
    "so the colours mix. "
    "You want to *swap* dimensions."
)
def reshape(images):
    return images.reshape(images.shape[0], images.shape[3], images.shape[1], images.shape[2])


@channels_first.mistake(
    "`transpose(1, 3)` swaps the channels with the *height*, so that every image lies on its side. "
    "With square images the shape does not tell. You need a new order of all four."
)
def height_and_width_swapped(images):
    return images.transpose(1, 3)


@channels_first.mistake(
    "You used the order that leads back. In `permute`, place k says which *old* dimension comes there: "
    "place 1 needs the old dimension 3."
)
def the_other_direction(images):
    return images.permute(0, 2, 3, 1)


@channels_first.mistake(
    "That is the order for one image. The batch has four dimensions. Name all four; images stay first."
)
def one_image(images):
    return images.permute(2, 0, 1)


@channels_first.mistake(
    "Now the channels come before everything. The first dimension still counts the images: only the "
    "other three change places."
)
def channels_before_the_images(images):
    return images.permute(3, 0, 1, 2)


def _measured() -> dict[str, str | torch.dtype]:
    """Ask NumPy and PyTorch for every row of the table."""
    a, x = np.array([1.0, 2.0]), torch.arange(6).reshape(2, 3)

    def memory(result: Tensor | np.ndarray, source: Tensor | np.ndarray) -> str:
        return "share" if np.shares_memory(np.asarray(result), np.asarray(source)) else "copy"

    return {
        "torch.tensor(a)": memory(torch.tensor(a), a),
        "torch.as_tensor(a)": memory(torch.as_tensor(a), a),
        "torch.as_tensor(a, dtype=torch.float32)": memory(torch.as_tensor(a, dtype=torch.float32), a),
        "x.reshape(3, 2)": memory(x.reshape(3, 2), x),
        "x.T": memory(x.T, x),
        "x.T.reshape(6)": memory(x.T.reshape(6), x),
        "x[:, 1]": memory(x[:, 1], x),
        "x[[0]]": memory(x[[0]], x),
        "x[x > 2]": memory(x[x > 2], x),
        "torch.tensor([1, 2.5]).dtype": torch.tensor([1, 2.5]).dtype,
        "torch.tensor(a).dtype": torch.tensor(a).dtype,
        "(x / 2).dtype": (x / 2).dtype,
    }


def _read(answer: Any) -> Any:
    """Return the table, or one line that says which word in it is of the wrong kind."""
    for key, value in answer.items() if isinstance(answer, dict) else ():
        if value is None or value is ...:
            continue
        if str(key).endswith(".dtype"):
            if not isinstance(value, torch.dtype):
                return "not a dtype"
        elif value not in ("share", "copy"):
            return "another word"
    return answer() if callable(answer) else answer


predictions = exercise(
    "Predict, then run",
    name="predictions",
    oracle=_measured,
    run=_read,
    cases=[()],
    hints=[
        "Does any number have to move, or to change its number of bytes? If not, the memory can be shared.",
        "A regular walk through memory can be a view. Which lines walk regularly, and which may pick any position?",
        "Try it: `shares_memory(x.T, x)`, with the function from section 1.5. Or set `x[0, 0] = 99`, and look at the result.",
    ],
    idea="Only what a start, sizes and strides describe can be a view; the rest must be copied. "
    "Lists of floats become float32, arrays keep their dtype.",
)(
    {
        "torch.tensor(a)": "copy",
        "torch.as_tensor(a)": "share",
        "torch.as_tensor(a, dtype=torch.float32)": "copy",
        "x.reshape(3, 2)": "share",
        "x.T": "share",
        "x.T.reshape(6)": "copy",
        "x[:, 1]": "share",
        "x[[0]]": "copy",
        "x[x > 2]": "copy",
        "torch.tensor([1, 2.5]).dtype": torch.float32,
        "torch.tensor(a).dtype": torch.float64,
        "(x / 2).dtype": torch.float32,
    }
)

predictions.mistake("In the first nine lines, write exactly `share` or `copy`.", name="another word")(
    {"torch.tensor(a)": "shared"}
)

predictions.mistake(
    "In the last three lines, write a dtype without quotes, with `torch.` before it: `torch.int32`.",
    name="a dtype in quotes",
)({"(x / 2).dtype": "float32"})

# for each line the word or dtype that is often guessed, and why it is another
_GUESSES = (
    ("torch.tensor(a)", "share", "`torch.tensor` always copies. `from_numpy` and `as_tensor` share."),
    ("torch.as_tensor(a)", "copy", "`as_tensor` takes the array's memory as it is, as long as nothing must change."),
    (
        "torch.as_tensor(a, dtype=torch.float32)",
        "share",
        "`a` is float64. Other numbers of bytes per element need other memory, so this is a copy.",
    ),
    (
        "x.reshape(3, 2)",
        "copy",
        "`x` lies in memory in reading order, so a new shape is enough: no number has to move.",
    ),
    ("x.T", "copy", "a transpose only swaps sizes and strides. It reads the same memory in other steps."),
    (
        "x.T.reshape(6)",
        "share",
        "row by row, `x.T` reads the memory 0, 3, 1, 4, 2, 5. No single stride gives this order, so "
        "`reshape` has to copy.",
    ),
    ("x[:, 1]", "copy", "a slice, or a single index, is a regular walk through the same memory: a view."),
    (
        "x[[0]]",
        "share",
        "a *list* of positions need not be regular, so indexing with a list always copies. `x[0]` would share.",
    ),
    ("x[x > 2]", "share", "a mask selects irregular positions, so the result is a copy."),
    (
        "torch.tensor([1, 2.5]).dtype",
        torch.float64,
        "a list with a Python float becomes PyTorch's default type, float32, not NumPy's float64.",
    ),
    ("torch.tensor(a).dtype", torch.float32, "an array brings its dtype along, and NumPy's default is float64."),
    (
        "(x / 2).dtype",
        torch.int64,
        "`/` is the true division: of whole numbers it gives float32. `//` would stay int64.",
    ),
    ("(x / 2).dtype", torch.float64, "NumPy gives float64; PyTorch's default is float32."),
)
for _key, _guess, _why in _GUESSES:
    predictions.mistake(f"`{_key}`: {_why}", name=f"{_key} is {_guess}")({_key: _guess})

EXERCISES = (
    flatten_images,
    similarities,
    make_batch,
    select_class,
    standardize,
    distances,
    channels_first,
    predictions,
)


def summary() -> Text:
    """Return one line about this unit's exercises: how many are done, wrong and open."""
    return core.summary(EXERCISES)
