"""The exercises of unit 1: shapes, products, dtypes, masks, broadcasting, and which operation shares memory."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.engine import shown
from course_utils.exercises.engine.core import Text, exercise

# Some mistakes are told by one fact alone, whatever the numbers are: such as the shape, or that there is no tensor.
_KIND, _SHAPE, _DTYPE, _NAN = "its kind", "its shape", "its dtype", "nan is in it"
_NUMBERS = "its numbers are those of the images"
_MEAN_0, _STD_1 = "its columns have the mean 0", "its columns have the standard deviation 1"


def _described(answer: Any, *arguments: Any) -> dict[str, Any]:
    """Return the result, its kind, shape and dtype, and whether it has nan in it."""
    result = answer(*arguments)
    if not isinstance(result, Tensor):
        return {"the result": result, _KIND: type(result).__name__, _SHAPE: None, _DTYPE: None, _NAN: False}
    nan = result.dtype is torch.float32 and _is_like(result, torch.zeros(())) and bool(result.isnan().any())
    return {"the result": result, _KIND: "tensor", _SHAPE: tuple(result.shape), _DTYPE: result.dtype, _NAN: nan}


def _is_like(result: Any, wanted: Tensor) -> bool:
    """Say whether a result is a tensor that can be compared with another one, number by number."""
    return isinstance(result, Tensor) and all(
        getattr(result, name) == getattr(wanted, name) for name in ("dtype", "device", "layout")
    )


def _ordinary_first(*ordinary: Tensor) -> Callable[..., dict[str, Any]]:
    """Return a run that calls an answer with ordinary arguments before those with a length of 1.

    A length of 1 fits any other, and so hides some errors. A mistake that raises should raise in every case.
    """

    def run(answer: Any, *arguments: Any) -> dict[str, Any]:
        if any(1 in argument.shape for argument in arguments if isinstance(argument, Tensor)):
            answer(*copy.deepcopy(ordinary))
        return _described(answer, *arguments)

    return run


def _rearranged(answer: Any, images: Tensor) -> dict[str, Any]:
    """Say in addition whether the result has the numbers of the images, at whatever places."""
    facts = _described(answer, images)
    result = facts["the result"]
    same = _is_like(result, images) and result.numel() == images.numel()
    return facts | {_NUMBERS: same and torch.equal(result.flatten().sort().values, images.flatten().sort().values)}


_IMAGES = torch.arange(24.0).reshape(3, 2, 4)


@exercise(
    "Lay images flat",
    oracle=lambda images: torch.flatten(images, start_dim=1),
    run=_rearranged,
    cases=[
        (_IMAGES,),
        (torch.arange(1568.0).reshape(2, 28, 28),),
        (_IMAGES.transpose(1, 2),),
        (torch.arange(12.0).reshape(1, 3, 4),),
        (torch.arange(-20.0, 25.0).reshape(5, 3, 3),),
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
    "the result has one row for each image.",
    keys=[_SHAPE],
)
def all_in_one_row(images):
    return images.flatten()


@flatten_images.mistake(
    "You flattened the images into each other, and `view` raises for transposed images. The first dimension counts "
    "the images and must stay."
)
def all_in_one_row_with_view(images):
    return images.view(-1)


@flatten_images.mistake(
    "Your result has a single row, with the pixels of all images in it. The number of rows is the number of images.",
    keys=[_SHAPE],
)
def one_row_with_all_images(images):
    return images.reshape(1, -1)


@flatten_images.mistake(
    "Your result has a single row for all images, and `view` raises for transposed images. The number of rows is the "
    "number of images."
)
def one_row_with_view(images):
    return images.view(1, -1)


@flatten_images.mistake(
    "Right for most images, but one test has transposed images. Their rows do not lie one after the other "
    "in memory, and there `view` raises. Which relative of `view` copies where it must?"
)
def view(images):
    return images.view(len(images), -1)


@flatten_images.mistake(
    "Each image is a *column* of your result. Each should be a row: the number of images comes first."
)
def a_column_for_each_image(images):
    return images.flatten(start_dim=1).T


@flatten_images.mistake(
    "The number of images must be the *first* size. You made it the last one, so your rows mix the "
    "pixels of several images."
)
def the_number_of_images_last(images):
    return images.reshape(-1, len(images))


@flatten_images.mistake(
    "Your result is right for images of 28 × 28, and only for them. Let -1 work out the number of pixels, or "
    "take it from the shape.",
    error="is invalid for input of size",
)
def number_784_written_as_a_number(images):
    return images.reshape(-1, 784)


@flatten_images.mistake(
    "The sizes that you ask for do not multiply to the number of elements. Each row has height · width of them.",
    error="is invalid for input of size",
)
def too_few_places(images):
    return images.reshape(images.shape[0], images.shape[1])


@flatten_images.mistake(
    "You kept the last dimension, so each row is one line of pixels. Keep the first dimension: each row "
    "is a whole image."
)
def only_the_last_dimension_kept(images):
    return images.reshape(-1, images.shape[-1])


@flatten_images.mistake(
    "`images` comes back as it was. Which dimensions have to become one? And `reshape` and `flatten` return "
    "a *new* tensor: use what they return."
)
def unchanged(images):
    images.reshape(len(images), -1)
    return images


@flatten_images.mistake("You return the first image only. Every image becomes a row.")
def the_first_image(images):
    for image in images:
        return image.reshape(-1)


@flatten_images.mistake(
    "You return the last image only: the loop forgets the rows before it. Every image becomes a row."
)
def the_last_image(images):
    for image in images:
        row = image.reshape(-1)
    return row


@flatten_images.mistake("You return a row for the first image only. Every image becomes a row.")
def the_first_image_as_a_row(images):
    return images[0].reshape(1, -1)


@flatten_images.mistake(
    "`nn.Flatten` makes an object, and you return that one. Make it first, `nn.Flatten()`, then call it with the images.",
    keys=[_KIND],
)
def the_module_itself(images):
    return torch.nn.Flatten(images)


@flatten_images.mistake(
    "Your rows go down the columns of each image. Leave the dimensions in their order: the lines of an image "
    "follow one another."
)
def column_by_column(images):
    return images.transpose(1, 2).reshape(len(images), -1)


@flatten_images.mistake(
    "All the numbers of `images` are there, but not at their places. Row n of the result holds image n, line by line.",
    keys=[_NUMBERS, _SHAPE],
)
def images_mixed(images):
    return images.permute(1, 2, 0).reshape(len(images), -1)


@flatten_images.mistake(
    "All the numbers of `images` are there, but in another shape than (N, height · width): one row for each image.",
    keys=[_NUMBERS],
)
def another_shape(images):
    return images.reshape(len(images), 1, -1)


_ROWS = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
_HALVES = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0], [-1.5, 2.0, 2.0], [1.0, 1.0, -4.0]])


@exercise(
    "All dot products of the rows",
    oracle=lambda x: torch.einsum("ik,jk->ij", x, x),
    run=_ordinary_first(_ROWS),
    cases=[
        (_ROWS,),
        (torch.tensor([[2.0, -1.0, 0.5]]),),
        (torch.tensor([[3.0], [-20.0], [100.0]]),),
        (_HALVES,),
        (_HALVES.T,),
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
    "These are products, element by element. A dot product also *adds up* the products: that is the matrix product, `@`."
)
def elementwise(x):
    return x * x


@similarities.mistake(
    "Two shapes do not fit: what goes element by element, as `*` does, wants equal shapes, and adds nothing up. The dot "
    "products of all pairs come from the matrix product.",
    error="must match the size",
)
def elementwise_with_the_transpose(x):
    return x * x.T


@similarities.mistake(
    "These are the dot products of the *columns*. `@` goes along the rows of its left side: which "
    "matrix must stand there?"
)
def columns(x):
    return x.T @ x


@similarities.mistake(
    "The matrix product takes the rows of its left side and the *columns* of its right side. They are not equally long "
    "here: which side has to be turned, so that its columns are the rows of `x`?",
    error="cannot be multiplied",
)
def not_transposed(x):
    return x @ x


@similarities.mistake(
    "The right side has a shape that fits, but its columns are not the rows of `x`: `reshape` and `view` cut the numbers "
    "anew in their old order. You need the transpose."
)
def reshape_in_place_of_the_transpose(x):
    return x @ x.reshape(x.shape[1], x.shape[0])


@similarities.mistake(
    "`view` gives the right side a shape that fits, but its columns are not the rows of `x`, and it raises for a "
    "tensor that is not contiguous. You need the transpose."
)
def view_in_place_of_the_transpose(x):
    return x @ x.view(x.shape[1], x.shape[0])


@similarities.mistake(
    "You have each row with itself: the diagonal of the answer. We need every row with every other row as well."
)
def the_diagonal(x):
    return (x * x).sum(dim=1)


@similarities.mistake("These are the dot products of the *first* row only. Every row has a turn at this.")
def the_first_row_only(x):
    for row in x:
        return torch.stack([row @ other for other in x])


@similarities.mistake(
    "Your result has one number for each row. Every row with every row makes N · N numbers, a matrix of shape (N, N).",
    keys=[_SHAPE],
)
def one_number_for_each_row(x):
    return x.sum(dim=1)


@similarities.mistake(
    "Your result has one number for each *column* of `x`. There is one dot product for each pair of rows.",
    keys=[_SHAPE],
)
def one_number_for_each_column(x):
    return (x * x).sum(dim=0)


@similarities.mistake(
    "Your result has a single column, one number for each row. Every row with every row needs N columns.",
    keys=[_SHAPE],
)
def a_column_of_numbers(x):
    return (x * x).sum(dim=1, keepdim=True)


@similarities.mistake("Your result is a single number. There is one dot product for each pair of rows.", keys=[_SHAPE])
def a_single_number(x):
    return (x * x).sum()


@similarities.mistake(
    "`dot` takes two 1-D tensors and gives one number. For all pairs of rows at once, use the matrix product."
)
def dot(x):
    return torch.dot(x, x)


@similarities.mistake(
    "`transpose` wants the two dimensions that change places, as in `x.transpose(0, 1)`. For a matrix there is also `x.T`.",
    error="transpose() missing",
)
def transpose_without_dimensions(x):
    return x @ x.transpose()


@similarities.mistake(
    "This is the cosine: you divided by the lengths of the rows. The dot product itself also grows with the lengths, "
    "and that is what the task asks for."
)
def cosine(x):
    rows = x / x.norm(dim=1, keepdim=True)
    return rows @ rows.T


@similarities.mistake("You took the mean of the products. A dot product is their *sum*.")
def mean_of_the_products(x):
    return x @ x.T / x.shape[1]


@similarities.mistake(
    "You have the products of all pairs, and they are not added up yet: sum over the D features.", keys=[_SHAPE]
)
def products_not_summed(x):
    return x[:, None] * x[None, :]


@similarities.mistake(
    "You summed the products over the rows. The sum of a dot product runs over the D features, the last dimension."
)
def summed_over_the_rows(x):
    return (x[:, None] * x[None, :]).sum(dim=1)


@similarities.mistake("One half of the pairs is missing: row j with row i belongs into the matrix as well as i with j.")
def the_upper_half(x):
    return torch.triu(x @ x.T)


@similarities.mistake(
    "The pairs above the diagonal are missing: row i with row j belongs there, also where j is larger."
)
def the_lower_half(x):
    return torch.tril(x @ x.T)


@similarities.mistake(
    "You have each pair once, and no row with itself. The matrix holds them all: row j with row i, and row i with itself."
)
def above_the_diagonal(x):
    result = torch.zeros(len(x), len(x))
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            result[i, j] = x[i] @ x[j]
    return result


@similarities.mistake(
    "Row times row, element by element, is still a row. One entry of the matrix is a single number: add the products up.",
    error="number of sizes provided",
)
def a_row_for_an_entry(x):
    result = torch.zeros(len(x), len(x))
    for i in range(len(x)):
        for j in range(len(x)):
            result[i, j] = x[i] * x[j]
    return result


@similarities.mistake("Only the first row of your matrix is filled. Is there a `return` inside the loop?")
def returned_after_the_first_row(x):
    result = torch.zeros(len(x), len(x))
    for i in range(len(x)):
        for j in range(len(x)):
            result[i, j] = x[i] @ x[j]
        return result


@similarities.mistake(
    "You have the pairs below the diagonal only. The matrix holds them all: those above it too, and row i with itself."
)
def below_the_diagonal(x):
    result = torch.zeros(len(x), len(x))
    for i in range(len(x)):
        for j in range(i):
            result[i, j] = x[i] @ x[j]
    return result


@similarities.mistake("The last row of `x` is missing in your pairs. (`range(n - 1)` ends at n - 2.)")
def the_last_row_left_out(x):
    n = len(x)
    result = torch.zeros(n, n)
    for i in range(n - 1):
        for j in range(n - 1):
            result[i, j] = x[i] @ x[j]
    return result


@similarities.mistake(
    "You added up each row before you multiplied. A dot product multiplies number by number first, and then adds up."
)
def product_of_the_sums(x):
    sums = x.sum(dim=1)
    return sums[:, None] * sums


@similarities.mistake("The diagonal is missing: every row with every row includes each row with itself.")
def no_row_with_itself(x):
    return (x @ x.T).fill_diagonal_(0)


@similarities.mistake(
    "The numbers stand in one long row. Give them the shape (N, N): a row for each row of `x`.", keys=[_SHAPE]
)
def in_one_long_row(x):
    return torch.stack([a @ b for a in x for b in x])


@similarities.mistake(
    "Your result still has the shape of `x`. The dot products of every row with every row have the shape (N, N).",
    keys=[_SHAPE, _DTYPE],
)
def the_shape_of_x(x):
    return x


@similarities.mistake(
    "Your result has a row and a column for each *column* of `x`. It should have them for each row.", keys=[_SHAPE]
)
def a_row_for_each_column(x):
    return x.T @ x / len(x)


_PAIR, _FEATURES, _LABELS = "the result", "the features", "the labels"


def _kind(value: Any) -> str:
    return "tensor" if isinstance(value, Tensor) else type(value).__name__


def _batch(answer: Any, features: Any, labels: Any) -> dict[str, Any]:
    """Return the two tensors, each with its name; where there are not two, what was returned."""
    result = answer(features, labels)
    two = isinstance(result, tuple | list) and len(result) == 2
    first, second = result if two else (None, None)
    kinds = (_kind(first), _kind(second)) if two else _kind(result)
    return {_PAIR: ("features", "labels") if two else result, _FEATURES: first, _LABELS: second, _KIND: kinds}


@exercise(
    "float32 data, int64 labels",
    run=_batch,
    cases=[
        (np.array([[0, 255], [7, 3]], dtype="uint8"), np.array([0.0, 2.0])),
        ([[0.1, 1.5], [2000.25, -3.0]], [1, 0]),
        (np.array([[0.25, 1.0]]), np.array([300], dtype="int32")),
        ([[1, 2, 3], [4, 5, 6]], [3.0, 1.0]),
        (np.arange(6.0).reshape(2, 3).T, [0, 1, 1]),
        ([[0.5], [1.0]], np.array([True, False])),
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
    "Both tensors have the type that the data happened to have: uint8, float64, int32 … Name both types. "
    "(If you call `to` or `float`, use the new tensor that it returns.)"
)
def dtype_left_to_pytorch(features, labels):
    return torch.tensor(features), torch.tensor(labels)


@make_batch.mistake(
    "Both tensors have the type of the NumPy arrays that you made, which is float64 for numbers with a point. Name both types."
)
def dtype_left_to_numpy(features, labels):
    return torch.from_numpy(np.array(features)), torch.from_numpy(np.array(labels))


@make_batch.mistake("Both types are right, but the order is not: return the features first, then the labels.")
def swapped(features, labels):
    return torch.as_tensor(labels, dtype=torch.int64), torch.as_tensor(features, dtype=torch.float32)


@make_batch.mistake(
    "The two types are the wrong way round: features are measured, so they are floats; labels are whole numbers."
)
def types_swapped(features, labels):
    return torch.as_tensor(features, dtype=torch.int64), torch.as_tensor(labels, dtype=torch.float32)


@make_batch.mistake(
    "Return the features first, then the labels. And the features are floats, the labels whole numbers."
)
def order_and_types_swapped(features, labels):
    return torch.tensor(labels).float(), torch.tensor(features).long()


@make_batch.mistake(
    "The features still have the type that they came with: uint8, float64 … Name theirs.", keys=[_FEATURES]
)
def only_the_labels(features, labels):
    return torch.tensor(features), torch.as_tensor(labels, dtype=torch.int64)


@make_batch.mistake(
    "The features are float64, as in NumPy, and as with Python's own `float` for a dtype. A network's weights are "
    "float32, and the two do not mix.",
    keys=[_FEATURES],
)
def float64_features(features, labels):
    return torch.as_tensor(features, dtype=torch.float64), torch.as_tensor(labels, dtype=torch.int64)


@make_batch.mistake(
    "The features are float16, which keeps only about three digits. The habit is float32.", keys=[_FEATURES]
)
def float16_features(features, labels):
    return torch.tensor(features).half(), torch.tensor(labels).long()


@make_batch.mistake(
    "The features are int32, so everything behind the point is lost. Features are float32.", keys=[_FEATURES]
)
def int32_features(features, labels):
    return torch.tensor(features).int(), torch.tensor(labels).long()


@make_batch.mistake(
    "The features are whole numbers, so everything behind the point is lost. Features are float32.", keys=[_FEATURES]
)
def whole_features(features, labels):
    return torch.tensor(features).long(), torch.tensor(labels).long()


@make_batch.mistake(
    "The features have one dimension too many: they stand in one more pair of square brackets.", keys=[_FEATURES]
)
def features_in_more_brackets(features, labels):
    return torch.tensor([features], dtype=torch.float32), torch.tensor(labels, dtype=torch.int64)


@make_batch.mistake(
    "The features are right. The labels still have the type that they came with: name theirs as well.",
)
def only_the_features(features, labels):
    return torch.as_tensor(features, dtype=torch.float32), torch.tensor(labels)


@make_batch.mistake(
    "The features are right. A class label is a whole number, the index of a class: int64, which is also called long."
)
def float_labels(features, labels):
    return torch.as_tensor(features, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.float32)


@make_batch.mistake(
    "The features are right. The labels are float64 now; a class label is a whole number, the index of a class."
)
def float64_labels(features, labels):
    return torch.as_tensor(features, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.float64)


@make_batch.mistake(
    "The features are right. The labels are whole numbers, but int32 is too short (`.int()` means int32): "
    "PyTorch's own whole numbers are int64."
)
def int32_labels(features, labels):
    return torch.as_tensor(features, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.int32)


@make_batch.mistake(
    "The features are right. The labels are uint8: one byte, which holds 0 to 255 only. Labels are int64.",
)
def uint8_labels(features, labels):
    return torch.tensor(features).float(), torch.tensor(labels).byte()


@make_batch.mistake(
    "The features are right. The labels are int16, two bytes. Labels are int64, which is also called long."
)
def int16_labels(features, labels):
    return torch.tensor(features).float(), torch.tensor(labels).short()


@make_batch.mistake(
    "The features are right. The labels stand in one more pair of square brackets: they are one vector."
)
def labels_in_more_brackets(features, labels):
    return torch.tensor(features, dtype=torch.float32), torch.tensor([labels]).long()


@make_batch.mistake(
    "The features are right. The labels have one dimension too many: one number for each example is a vector."
)
def labels_in_a_column(features, labels):
    return torch.tensor(features).float(), torch.tensor(labels).long().unsqueeze(1)


@make_batch.mistake("You return the features only. Return the labels too, as a second tensor: `return first, second`.")
def the_features_alone(features, labels):
    return torch.as_tensor(features, dtype=torch.float32)


@make_batch.mistake("You return one tensor. Two are asked for: `return first, second`.", keys=[_KIND])
def one_tensor(features, labels):
    return torch.tensor(labels).long()


@make_batch.mistake("You return what you were given. Make a tensor of each.")
def nothing_made(features, labels):
    return features, labels


@make_batch.mistake("The features are right. The labels are still what you were given: make a tensor of them too.")
def labels_as_given(features, labels):
    return torch.tensor(features).float(), labels


@make_batch.mistake("Your labels are a NumPy array. Make a tensor of them, as of the features.", keys=[_KIND])
def labels_in_an_array(features, labels):
    return torch.tensor(features).float(), np.array(labels, dtype=np.int64)


@make_batch.mistake("You return lists. One tensor holds all the features, another one all the labels.", keys=[_KIND])
def lists_of_tensors(features, labels):
    return [torch.tensor(row).float() for row in features], [torch.tensor(label).long() for label in labels]


@make_batch.mistake(
    "You return a dictionary. Return the two tensors one after the other: `return first, second`.", keys=[_KIND]
)
def a_dictionary(features, labels):
    return {"features": torch.tensor(features).float(), "labels": torch.tensor(labels).long()}


@make_batch.mistake(
    "You return NumPy arrays. Make tensors of them, with `torch.as_tensor` or `torch.from_numpy`.", keys=[_KIND]
)
def arrays(features, labels):
    return np.asarray(features, dtype=np.float32), np.asarray(labels, dtype=np.int64)


@make_batch.mistake("Only tensors have `.float()` and `.long()`. You get lists or arrays: make tensors of them first.")
def methods_of_tensors(features, labels):
    return features.float(), labels.long()


@make_batch.mistake("Only tensors have `.to(...)`. You get lists or arrays: make tensors of them first.")
def to_is_a_method_of_tensors(features, labels):
    return features.to(torch.float32), labels.to(torch.int64)


@make_batch.mistake("`from_numpy` takes arrays only, and some tests give lists. Which function takes both?")
def from_numpy(features, labels):
    return torch.from_numpy(features).float(), torch.from_numpy(labels).long()


@make_batch.mistake(
    "`from_numpy` takes arrays only, and some tests give a list of features. Which function takes both?"
)
def features_from_numpy(features, labels):
    return torch.from_numpy(features).float(), torch.tensor(labels).long()


@make_batch.mistake("`from_numpy` takes arrays only, and some tests give a list of labels. Which function takes both?")
def labels_from_numpy(features, labels):
    return torch.tensor(features).float(), torch.from_numpy(labels).long()


@make_batch.mistake("Only arrays have `astype`, and some tests give lists. Make tensors first, or arrays of the lists.")
def astype(features, labels):
    return torch.from_numpy(features.astype(np.float32)), torch.from_numpy(labels.astype(np.int64))


@make_batch.mistake(
    "Only arrays have `astype`, some tests give lists, and what you return are arrays. Make tensors of them."
)
def astype_only(features, labels):
    return features.astype(np.float32), labels.astype(np.int64)


@make_batch.mistake("Only arrays have `tolist`, and some tests give lists. `torch.tensor` takes both as they are.")
def tolist(features, labels):
    return torch.tensor(features.tolist(), dtype=torch.float32), torch.tensor(labels.tolist(), dtype=torch.int64)


@make_batch.mistake("`torch.float32` is the name of a type, not a function. Hand it to `torch.tensor` as its `dtype`.")
def the_type_called(features, labels):
    return torch.float32(features), torch.int64(labels)


@make_batch.mistake(
    "The type needs its name: write `dtype=...`, not only the type as the second argument.",
    error="takes 1 positional argument but 2 were given",
)
def dtype_without_its_name(features, labels):
    return torch.tensor(features, torch.float32), torch.tensor(labels, torch.int64)


@make_batch.mistake(
    "One of the names before `=` is no argument of this function. The type is called `dtype`.",
    error="unexpected keyword argument",
)
def another_name_for_dtype(features, labels):
    return torch.tensor(features, type=torch.float32), torch.tensor(labels, type=torch.int64)


@make_batch.mistake(
    "The dtype of a tensor cannot be set: a tensor of another type is a *new* one, such as `to` returns.",
    error="is not writable",
)
def dtype_set(features, labels):
    features = torch.tensor(features)
    features.dtype = torch.float32
    return features, torch.tensor(labels).long()


@make_batch.mistake(
    "A tensor has nothing of this name. For another type there are `to(torch.float32)`, `float()` and `long()`.",
    error="'Tensor' object has no attribute",
)
def methods_that_are_not_there(features, labels):
    return torch.tensor(features).float32(), torch.tensor(labels).int64()


@make_batch.mistake(
    "PyTorch has nothing of this name. The types are `torch.float32` and `torch.int64`, functions are `torch.tensor` and "
    "`torch.as_tensor`.",
    error="module 'torch' has no attribute",
)
def types_that_are_not_there(features, labels):
    return torch.tensor(features, dtype=torch.float_32), torch.tensor(labels, dtype=torch.int_64)


@make_batch.mistake(
    "PyTorch has types of its own. Write them with `torch.` before the name, without quotes, and not those of NumPy.",
    error="must be torch.dtype",
)
def a_foreign_dtype(features, labels):
    return torch.tensor(features, dtype="float32"), torch.tensor(labels, dtype="int64")


@make_batch.mistake(
    "`to` reads a text in quotes as the name of a device. Write a type without quotes: `torch.float32`.",
    error="Invalid device string",
)
def to_with_a_text(features, labels):
    return torch.tensor(features).to("float32"), torch.tensor(labels).to("int64")


@make_batch.mistake(
    "A name is not known. The types and functions of PyTorch need `torch.` before them, those of NumPy `np.`.",
    error="is not defined",
)
def types_without_torch(features, labels):
    return torch.tensor(features, dtype=float32), torch.tensor(labels, dtype=int64)  # noqa: F821 - the mistake


@make_batch.mistake(
    "`.float` and `.long` are methods, and you did not call them: parentheses are missing.", keys=[_KIND]
)
def methods_without_parentheses(features, labels):
    return torch.tensor(features).float, torch.tensor(labels).long


_POINTS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
_CLASSES = torch.tensor([0, 1, 0, 2])


@exercise(
    "The rows of one class",
    oracle=lambda x, labels, k: x.index_select(0, torch.where(labels == k)[0]),
    run=_ordinary_first(_POINTS, _CLASSES, 0),
    cases=[
        (_POINTS, _CLASSES, 0),
        (_POINTS, torch.tensor([1, 1, 3, 1]), 1),
        (_POINTS, _CLASSES, 3),
        (_POINTS, _CLASSES, 2),
        (torch.tensor([[5.0], [-1.0], [5.0], [2.0], [0.0]]), torch.tensor([2, 0, 2, 2, 1]), 2),
        (_POINTS.T, torch.tensor([-1, 0]), -1),
        (torch.tensor([[9.0, -9.0, 9.0]]), torch.tensor([0]), 0),
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
    "Your mask became whole numbers. 0 and 1 in square brackets mean row 0 and row 1, one for each label. "
    "Leave the mask as it is: True and False."
)
def a_mask_of_whole_numbers(x, labels, k):
    return x[(labels == k).long()]


@select_class.mistake(
    "What you put in square brackets is a tensor of floats. It must be the mask itself, of True and False, or "
    "whole numbers.",
    error="used as indices",
)
def a_mask_of_floats(x, labels, k):
    return x[(labels == k).float()]


@select_class.mistake(
    "Right while the class has rows. Without rows your list is empty, and a tensor of an empty list holds floats, "
    "which select nothing. The mask itself works there too.",
    error="used as indices",
)
def positions_from_a_list(x, labels, k):
    return x[torch.tensor([i for i, label in enumerate(labels) if label == k])]


@select_class.mistake(
    "The mask stands in the place of the columns. It has one truth for each *row*, the first dimension.",
    error="of the mask",
)
def the_mask_for_the_columns(x, labels, k):
    return x[:, labels == k]


@select_class.mistake(
    "The right rows, with one dimension too many: you select with a *column* of positions, as `nonzero()` gives it. The mask "
    "itself is enough."
)
def nonzero(x, labels, k):
    return x[(labels == k).nonzero()]


@select_class.mistake(
    "`squeeze` removes *every* dimension of length 1. Also a single row, or a single column, is a matrix: (1, D) or (N, 1)."
)
def squeeze(x, labels, k):
    return x[labels == k].squeeze()


@select_class.mistake(
    "One row comes out as a vector: a dimension of length 1 was squeezed away. Its shape must be (1, D). The mask itself "
    "in square brackets is enough."
)
def positions_squeezed(x, labels, k):
    return x[(labels == k).nonzero().squeeze()]


@select_class.mistake(
    "Right while the class has rows. One test has a class without rows, and `stack` needs at least one tensor. "
    "A mask in square brackets gives 0 rows there.",
    error="non-empty TensorList",
)
def a_loop_and_stack(x, labels, k):
    return torch.stack([row for row, label in zip(x, labels, strict=True) if label == k])


@select_class.mistake(
    "Right while the class has rows. One test has a class without rows, and `cat` needs at least one tensor. "
    "A mask in square brackets gives 0 rows there.",
    error="non-empty list",
)
def a_loop_and_cat(x, labels, k):
    return torch.cat([x[i : i + 1] for i in range(len(x)) if labels[i] == k])


@select_class.mistake(
    "`cat` lays your rows end to end, in one vector, and it fails for a class without rows. A mask in square "
    "brackets does neither.",
    error="non-empty list",
)
def rows_end_to_end(x, labels, k):
    return torch.cat([row for row, label in zip(x, labels, strict=True) if label == k])


@select_class.mistake(
    "Right while the class has rows. Without rows your result has the shape (0,); it should be (0, D), a matrix "
    "with no row."
)
def empty_without_columns(x, labels, k):
    rows = [row for row, label in zip(x, labels, strict=True) if label == k]
    return torch.stack(rows) if rows else torch.tensor([])


@select_class.mistake(
    "Right while the class has rows. Without rows you return None; it should be a matrix with no row, (0, D)."
)
def none_for_no_rows(x, labels, k):
    rows = [row for row, label in zip(x, labels, strict=True) if label == k]
    if rows:
        return torch.stack(rows)


@select_class.mistake(
    "Right while the class has rows. Without rows you return a list; it should be a matrix with no row, (0, D)."
)
def a_list_for_no_rows(x, labels, k):
    rows = [row for row, label in zip(x, labels, strict=True) if label == k]
    return torch.stack(rows) if rows else rows


@select_class.mistake(
    "A list of tensors is no input for `torch.tensor`: it takes numbers. A mask in square brackets needs no list at all.",
    error="one element tensors",
)
def a_tensor_of_a_list_of_rows(x, labels, k):
    return torch.tensor([row for row, label in zip(x, labels, strict=True) if label == k])


@select_class.mistake(
    "You set the other rows to 0, but they are still there. Put the mask in square brackets, and they are left out."
)
def zeros_in_place_of_nothing(x, labels, k):
    return x * (labels == k).unsqueeze(1)


@select_class.mistake(
    "`labels` and its mask have the shape (N,), which does not broadcast with (N, D). And no calculation takes a row "
    "away: put the mask in square brackets.",
    error="must match the size",
)
def times_the_mask(x, labels, k):
    return x * (labels == k)


@select_class.mistake("Just the other way round: these are the rows of all *other* classes.")
def the_other_classes(x, labels, k):
    return x[labels != k]


@select_class.mistake("You return the mask. Use it: in square brackets behind `x` it selects the rows.")
def the_mask(x, labels, k):
    return labels == k


@select_class.mistake("These are the positions of the rows. Use them, or the mask, in square brackets behind `x`.")
def the_positions(x, labels, k):
    return torch.where(labels == k)[0]


@select_class.mistake(
    "These are the positions of the rows, as a column. Use the mask `labels == k` in square brackets behind `x`."
)
def the_positions_as_a_column(x, labels, k):
    return (labels == k).nonzero()


@select_class.mistake("You selected from `labels`. The mask comes from `labels`, and the rows from `x`.")
def labels_of_the_class(x, labels, k):
    return labels[labels == k]


@select_class.mistake("You compare the numbers in `x` with k. The class of a row stands in `labels`.")
def numbers_equal_to_k(x, labels, k):
    return x[x == k]


@select_class.mistake(
    "Your result is one long vector, in which the rows have fallen apart. Select whole rows: the mask has one truth "
    "for each row.",
    keys=[_SHAPE],
)
def flat(x, labels, k):
    return x[labels == k].flatten()


@select_class.mistake("You take one row only, and there may be several, or none. Which index keeps all of them?")
def the_first_row_of_the_class(x, labels, k):
    return x[labels == k][0]


@select_class.mistake(
    "Your function returns at the first row of the class. The others follow, and there may also be none."
)
def returned_at_the_first_row(x, labels, k):
    for row, label in zip(x, labels, strict=True):
        if label == k:
            return row


@select_class.mistake(
    "Your function returns as soon as it has found one row. Put `return` behind the loop; and there may also be no row."
)
def returned_with_one_row(x, labels, k):
    rows = []
    for row, label in zip(x, labels, strict=True):
        if label == k:
            rows.append(row)
            return torch.stack(rows)


@select_class.mistake(
    "You keep the last row of the class only: each one takes the place of the row before it. And there may be none.",
    error="local variable",
)
def the_last_row_of_the_class(x, labels, k):
    for row, label in zip(x, labels, strict=True):
        if label == k:
            result = row
    return result


@select_class.mistake(
    "You keep the last row of the class only, each one takes the place of the row before it; and without rows you "
    "return None."
)
def the_last_row_or_none(x, labels, k):
    result = None
    for row, label in zip(x, labels, strict=True):
        if label == k:
            result = row
    return result


@select_class.mistake("`index` finds only the first position, and fails where there is none. A mask finds all of them.")
def position_from_index(x, labels, k):
    return x[labels.tolist().index(k)]


@select_class.mistake(
    "Your result is a single vector of length D. A class has several rows, or one, or none: the result is a matrix (n, D).",
    keys=[_SHAPE],
)
def one_vector(x, labels, k):
    return x[labels == k].mean(dim=0)


@select_class.mistake(
    "Your result has one dimension too many, of length 1 in front. It should be a matrix (n, D).", keys=[_SHAPE]
)
def one_dimension_too_many(x, labels, k):
    return x[labels == k].unsqueeze(0)


@select_class.mistake("You always select class 0. The class is the argument `k`.")
def always_class_0(x, labels, k):
    return x[labels == 0]


@select_class.mistake("You always select class 1. The class is the argument `k`.")
def always_class_1(x, labels, k):
    return x[labels == 1]


@select_class.mistake(
    "`if`, `while`, `and`, `or` and `not` need a single True or False, and `labels == k` has one for each label. Use it "
    "as a mask, in square brackets, or compare one label at a time.",
    error="ambiguous",
)
def if_with_a_mask(x, labels, k):
    rows = []
    for row in x:
        if labels == k:
            rows.append(row)
    return torch.stack(rows)


@select_class.mistake(
    "Your comparison gives a single False in place of one truth for each label: so do `is`, and `==` with a text or a list. "
    "Compare `labels` with the number k, by `==`."
)
def is_in_place_of_equals(x, labels, k):
    return x[labels is k]


@select_class.mistake("All rows come back. Only those whose label is `k` should.")
def all_rows(x, labels, k):
    return x


_TABLE = torch.tensor([[-3.0, 200.0, 0.5], [5.0, 100.0, 3.0], [1.0, -400.0, 7.5], [-9.0, 250.0, 4.0]])


def _standardized(answer: Any, x: Tensor) -> dict[str, Any]:
    """Say in addition whether the columns of the result have the mean 0 and the standard deviation 1."""
    facts = _ordinary_first(_TABLE)(answer, x) | {_MEAN_0: None, _STD_1: None}
    result = facts["the result"]
    if facts[_NAN] or not _is_like(result, x) or result.shape != x.shape:
        return facts
    mean, std = result.mean(dim=0), result.std(dim=0)
    near = {_MEAN_0: torch.allclose(mean, torch.zeros_like(mean), atol=1e-3)}
    return facts | near | {_STD_1: torch.allclose(std, torch.ones_like(std), atol=1e-3)}


@exercise(
    "Standardize the columns",
    oracle=lambda x: torch.stack([(column - column.mean()) / column.std() for column in x.unbind(dim=1)], dim=1),
    run=_standardized,
    cases=[
        (torch.tensor([[1.0, 10.0], [2.0, 30.0], [4.0, 20.0], [9.0, 60.0]]),),
        (_TABLE,),
        (_TABLE.T,),
        (torch.tensor([[4.0], [-2.0], [7.0]]),),
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
    "Two shapes do not fit. Aligned at the right, (N, D) fits (D,), one number for each column, and not (N,), one for "
    "each row. `dim` names the dimension that *disappears*.",
    error="must match the size",
)
def rows_without_keepdim(x):
    return (x - x.mean(dim=1)) / x.std(dim=1)


@standardize.mistake(
    "Your mean and your standard deviation are one number each, for the whole tensor. Each column has its own unit, so it "
    "needs its own two: name the `dim`."
)
def one_mean_for_all(x):
    return (x - x.mean()) / x.std()


@standardize.mistake("Your standard deviation has its `dim`, but your mean is one number for the whole tensor.")
def one_mean_for_all_only(x):
    return (x - x.mean()) / x.std(dim=0)


@standardize.mistake("Your mean has its `dim`, but your standard deviation is one number for the whole tensor.")
def one_std_for_all_only(x):
    return (x - x.mean(dim=0)) / x.std()


@standardize.mistake("The mean is that of the columns, but you divide by the standard deviation of each *row*.")
def std_of_the_rows(x):
    return (x - x.mean(dim=0)) / x.std(dim=1, keepdim=True)


@standardize.mistake("The standard deviation is that of the columns, but you subtract the mean of each *row*.")
def mean_of_the_rows(x):
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=0)


@standardize.mistake(
    "Nearly: you divide by N. The standard deviation of a sample divides by N − 1, and `x.std` does so "
    "if you leave `correction` alone."
)
def n_in_place_of_n_1(x):
    return (x - x.mean(dim=0)) / x.std(dim=0, correction=0)


@standardize.mistake(
    "You divided by the root of the sum of squares. For the standard deviation, this sum is divided by N − 1 "
    "before the root."
)
def not_divided_by_n_1(x):
    gaps = x - x.mean(dim=0)
    return gaps / gaps.square().sum(dim=0).sqrt()


@standardize.mistake("You took the root before you divided by N − 1. The division comes first, then the root.")
def root_before_the_division(x):
    gaps = x - x.mean(dim=0)
    return gaps / (gaps.square().sum(dim=0).sqrt() / (len(x) - 1))


@standardize.mistake("`/ n - 1` divides by n, and then subtracts 1. To divide by n - 1, write parentheses.")
def minus_1_after_the_division(x):
    n = len(x)
    return (x - x.mean(dim=0)) / ((x - x.mean(dim=0)).square().sum(dim=0) / n - 1).sqrt()


@standardize.mistake("You divided by the variance. Its unit is squared: take the root, the standard deviation `std`.")
def variance(x):
    return (x - x.mean(dim=0)) / x.var(dim=0)


@standardize.mistake(
    "You divided by half of the variance. For the root, write `v ** 0.5` or `v.sqrt()`: `v ** 1 / 2` only divides, because "
    "`**` is done before `/`."
)
def half_in_place_of_the_root(x):
    return (x - x.mean(dim=0)) / (x.var(dim=0) ** 1 / 2)


@standardize.mistake("`/` is done before `-`, so here only the mean was divided. Put the subtraction in parentheses.")
def no_parentheses(x):
    return x - x.mean(dim=0) / x.std(dim=0)


@standardize.mistake("The means are 0 now. The second half is missing: divide each column by its standard deviation.")
def mean_only(x):
    return x - x.mean(dim=0)


@standardize.mistake("The standard deviations are 1 now, but the means are not 0: subtract them before you divide.")
def std_only(x):
    return x / x.std(dim=0)


@standardize.mistake("Each number has the wrong sign: subtract the mean from `x`, not `x` from the mean.")
def the_wrong_sign(x):
    return (x.mean(dim=0) - x) / x.std(dim=0)


@standardize.mistake("You multiplied by the standard deviation. To make it 1, divide by it.")
def multiplied(x):
    return (x - x.mean(dim=0)) * x.std(dim=0)


@standardize.mistake(
    "Mean and standard deviation have changed places: subtract the mean, divide by the standard deviation. "
    "(`torch.std_mean` returns the standard deviation first.)"
)
def swapped_std_mean(x):
    mean, std = torch.std_mean(x, dim=0)
    return (x - mean) / std


@standardize.mistake(
    "You scaled each column to the range from 0 to 1. Standardizing is something else: mean 0, standard deviation 1."
)
def from_0_to_1(x):
    smallest, largest = x.min(dim=0).values, x.max(dim=0).values
    return (x - smallest) / (largest - smallest)


@standardize.mistake(
    "Your result has the shape (D, N): each column of `x` became a row. (`stack` puts its tensors along dimension 0, "
    "unless you name another.)",
    keys=[_SHAPE],
)
def columns_stacked_as_rows(x):
    return torch.stack([(column - column.mean()) / column.std() for column in x.T])


@standardize.mistake("You return the first column only. (A `return` inside a loop ends it.)")
def the_first_column_only(x):
    for i in range(x.shape[1]):
        return (x[:, i] - x[:, i].mean()) / x[:, i].std()


@standardize.mistake("You return the last column only: the loop forgets the columns before it.")
def the_last_column_only(x):
    for i in range(x.shape[1]):
        column = (x[:, i] - x[:, i].mean()) / x[:, i].std()
    return column


@standardize.mistake(
    "Your result is one long vector. It should have the shape of `x`. (`cat` joins end to end, `stack` makes a new dimension.)",
    keys=[_SHAPE],
)
def one_long_vector(x):
    return torch.cat([(column - column.mean()) / column.std() for column in x.T])


@standardize.mistake(
    "You return one number for each column. The result has the shape of `x`: every number of it, standardized.",
    keys=[_SHAPE],
)
def one_number_for_each_column(x):
    return x.std(dim=0)


@standardize.mistake(
    "`item()` takes a tensor with one element. The mean of each column has D of them: leave it a tensor.",
    error="cannot be converted to Scalar",
)
def item(x):
    return (x - x.mean(dim=0).item()) / x.std(dim=0).item()


@standardize.mistake("`x` comes back as it was. A calculation gives a *new* tensor: return that one.")
def x_itself(x):
    (x - x.mean(dim=0)) / x.std(dim=0)
    return x


@standardize.mistake(
    "Your result has nan in it: the root of a negative number, or 0 / 0. A variance is a mean of squares, and never "
    "negative.",
    keys=[_NAN],
)
def root_of_a_negative_number(x):
    mean = x.mean(dim=0)
    return (x - mean) / (mean.square() - x.square().mean(dim=0)).sqrt()


@standardize.mistake(
    "The columns of your result have the mean 0, as they should. Their standard deviation is not 1: what do you divide by?",
    keys=[_SHAPE, _DTYPE, _MEAN_0, _STD_1],
)
def another_scale(x):
    return (x - x.mean(dim=0)) / x.std(dim=0).max() / 2


@standardize.mistake(
    "The columns of your result have the standard deviation 1, as they should. Their mean is not 0: what do you subtract?",
    keys=[_SHAPE, _DTYPE, _MEAN_0, _STD_1],
)
def another_mean(x):
    return (x - x.min(dim=0).values) / x.std(dim=0)


@standardize.mistake(
    "The columns of your result have neither the mean 0 nor the standard deviation 1. Print both, with `dim=0`, after "
    "each step: which step fails?",
    keys=[_SHAPE, _DTYPE, _MEAN_0, _STD_1],
)
def another_mean_and_scale(x):
    return torch.softmax(x, dim=0)


_CORNERS = torch.tensor([[0.0, 0.0, 2.0], [-1.0, 4.0, 1.0], [10.0, -2.0, 5.0], [3.0, 3.0, -300.0]])


@exercise(
    "Distances of all pairs",
    oracle=lambda a, b: torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist"),
    run=_ordinary_first(_CORNERS, -_CORNERS[:2]),
    cases=[
        (torch.tensor([[0.0, 0, 0], [1, 2, 2], [0, 3, 0]]), torch.tensor([[0.0, 3, 4], [2, 4, 4]])),
        (torch.tensor([[0.0, 0.0], [3.0, 4.0], [1.0, 1.0]]), torch.tensor([[6.0, 8.0], [3.0, 0.0]])),
        (_CORNERS, torch.tensor([[1.0, -1.0, 1.0], [5.0, 2.0, 1.0], [0.0, 7.0, 0.0]])),
        (_CORNERS.T, torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, -1.0, 0.0]])),
        (torch.tensor([[2.0]]), torch.tensor([[5.0], [-1.0], [40.0]])),
        (_CORNERS, torch.tensor([[1.0, -1.0, 1.0]])),
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
    "Two shapes do not fit together. `a - b` would pair row 0 with row 0, row 1 with row 1. For *every* pair, give each "
    "of them a dimension of its own: (N, 1, D) and (1, M, D).",
    error="must match the size",
)
def row_by_row(a, b):
    return (a - b).square().sum(dim=1).sqrt()


@distances.mistake(
    "Your result has one number for each row that both have: row 0 met row 0, row 1 met row 1, as `zip` pairs them. *Every* "
    "point of `a` meets every point of `b`.",
    keys=[_SHAPE],
)
def zipped(a, b):
    return torch.stack([(p - q).norm() for p, q in zip(a, b)])  # noqa: B905 - the mistake


@distances.mistake("These are the squared distances. Take the square root at the end.")
def no_root(a, b):
    return (a[:, None] - b).square().sum(dim=2)


@distances.mistake(
    "These are half of the squared distances. For the root, write `s ** 0.5` or `s.sqrt()`: `s ** 1 / 2` only divides, "
    "because `**` is done before `/`."
)
def half_in_place_of_a_root(a, b):
    return (a[:, None] - b).square().sum(dim=2) ** 1 / 2


@distances.mistake(
    "You added the absolute differences, as in a city of blocks. The straight distance is the root of "
    "the sum of *squares*: first the sum, then the root."
)
def absolute_differences(a, b):
    return (a[:, None] - b).abs().sum(dim=2)


@distances.mistake("You added the differences of the coordinates first, so they cancel. Square each of them, then add.")
def summed_before_squared(a, b):
    return (a[:, None] - b).sum(dim=2).square().sqrt()


@distances.mistake(
    "You added the differences of the coordinates first, so they cancel; and the root is missing at the end."
)
def summed_before_squared_without_root(a, b):
    return (a[:, None] - b).sum(dim=2).square()


@distances.mistake("You added the differences with their signs, so they cancel. Square them first.")
def not_squared(a, b):
    return (a[:, None] - b).sum(dim=2)


@distances.mistake("The root of a negative number is nan: the differences are not squared before you add them.")
def root_without_squares(a, b):
    return (a[:, None] - b).sum(dim=2).sqrt()


@distances.mistake("The root of a negative number is nan: square the differences, add them, and take the root last.")
def root_of_each_difference(a, b):
    return (a[:, None] - b).sqrt().sum(dim=2)


@distances.mistake(
    "Your result has nan in it: the root of a negative number. A sum of squares is never negative: is a difference not "
    "squared, or a square subtracted?",
    keys=[_NAN],
)
def difference_of_the_squares(a, b):
    return (a.square()[:, None] - b.square()).sum(dim=2).sqrt()


@distances.mistake(
    "The differences have shape (N, M, D). You summed over the M points of `b`; sum over the D "
    "coordinates, dimension 2."
)
def sum_over_the_points_of_b(a, b):
    return (a[:, None] - b).square().sum(dim=1).sqrt()


@distances.mistake(
    "The differences have shape (N, M, D). You summed over the N points of `a`; sum over the D "
    "coordinates, dimension 2."
)
def sum_over_the_points_of_a(a, b):
    return (a[:, None] - b).square().sum(dim=0).sqrt()


@distances.mistake(
    "Your result is a single number, and each of the N · M pairs has a distance of its own. (`sum` without `dim` adds "
    "up everything, and `return` ends a loop.)",
    keys=[_SHAPE],
)
def one_sum_of_everything(a, b):
    return (a[:, None] - b).square().sum().sqrt()


@distances.mistake("You took the mean of the squares. The formula has their *sum*.")
def mean_of_the_squares(a, b):
    return (a[:, None] - b).square().mean(dim=2).sqrt()


@distances.mistake("You took the mean of the squares, and no root. The formula has the root of their *sum*.")
def mean_without_root(a, b):
    return (a[:, None] - b).square().mean(dim=2)


@distances.mistake("You took the largest difference of each pair. The formula adds up the squares of all of them.")
def largest_difference(a, b):
    return (a[:, None] - b).abs().max(dim=2).values


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


@distances.mistake(
    "Your result has one number for each *coordinate* of each pair, (N, M, D). Sum over the coordinates, dimension 2.",
    keys=[_SHAPE],
)
def not_summed(a, b):
    return (a[:, None] - b).square().sqrt()


@distances.mistake("These are dot products. A distance comes from the *differences* of the coordinates.")
def products(a, b):
    return a @ b.T


@distances.mistake("You added the points. A distance comes from their *differences*.")
def sums_of_the_points(a, b):
    return (a[:, None] + b).square().sum(dim=2).sqrt()


@distances.mistake(
    "The numbers stand in one long row. Give them the shape (N, M): a row for each point of `a`.", keys=[_SHAPE]
)
def one_long_row(a, b):
    return torch.stack([(p - q).norm() for p in a for q in b])


@distances.mistake("These are the distances of the *first* point of `a` only. Every point of `a` has a row of its own.")
def the_first_point_only(a, b):
    for p in a:
        return torch.stack([(p - q).norm() for q in b])


@distances.mistake("Only the first row of your matrix is filled. Is there a `return` inside the loop?")
def returned_after_the_first_row_of_a(a, b):
    result = torch.zeros(len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            result[i, j] = (a[i] - b[j]).norm()
        return result


@distances.mistake(
    "The square of a difference of two points is still a row. One entry of the matrix is a single number: sum over the "
    "coordinates.",
    error="number of sizes provided",
)
def a_row_for_a_distance(a, b):
    result = torch.zeros(len(a), len(b))
    for i in range(len(a)):
        for j in range(len(b)):
            result[i, j] = (a[i] - b[j]) ** 2
    return result


@distances.mistake(
    "Your result has one number for each point of `a`. Each needs M of them, one for every point of `b`.", keys=[_SHAPE]
)
def one_for_each_point_of_a(a, b):
    return torch.cdist(a, b).min(dim=1).values


@distances.mistake(
    "Your result has one number for each point of `b`. Every point of `a` needs a row of such numbers.", keys=[_SHAPE]
)
def one_for_each_point_of_b(a, b):
    return torch.cdist(a, b).min(dim=0).values


@distances.mistake("These are the distances of the points of `a` among themselves. The columns belong to `b`.")
def without_b(a, b):
    return torch.cdist(a, a)


@distances.mistake(
    "An index is too large. The first index of the result counts the N points of `a`, the second the M points of `b`: "
    "do the loops, `a[i]` and `b[j]` agree with that?",
    error="is out of bounds",
)
def loops_swapped(a, b):
    result = torch.zeros(len(a), len(b))
    for i in range(len(b)):
        for j in range(len(a)):
            result[i, j] = (a[i] - b[j]).norm()
    return result


@distances.mistake(
    "Your result has one dimension too many, of length 1 at the end. The coordinates should be gone: is there a `keepdim`?",
    keys=[_SHAPE],
)
def keepdim(a, b):
    return (a[:, None] - b).square().sum(dim=2, keepdim=True).sqrt()


@exercise(
    "Channels first",
    oracle=lambda images: torch.movedim(images, -1, 1),
    run=_rearranged,
    cases=[
        (torch.arange(6.0).reshape(1, 2, 1, 3),),
        (torch.arange(48.0).reshape(2, 2, 4, 3),),
        (torch.arange(-7.0, 20.0).reshape(1, 3, 3, 3),),
        (torch.arange(20.0).reshape(2, 5, 2, 1),),
        (torch.arange(48.0).reshape(2, 4, 2, 3).transpose(1, 2),),
        (torch.arange(120.0).reshape(3, 2, 5, 4),),
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
    "The shape is right and the picture is lost. `reshape` and `view` keep the order in memory and cut it anew, so the "
    "colours mix. You want to *swap* dimensions."
)
def reshape(images):
    return images.reshape(images.shape[0], images.shape[3], images.shape[1], images.shape[2])


@channels_first.mistake(
    "`view` keeps the order in memory and cuts it anew, so the colours mix, and it raises for transposed images. "
    "You want to *swap* dimensions."
)
def view_in_place_of_permute(images):
    return images.view(images.shape[0], images.shape[3], images.shape[1], images.shape[2])


@channels_first.mistake(
    "You swapped the channels with the *height*, so that every image lies on its side: width stands before height. "
    "With square images the shape does not tell."
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
    "The batch has four dimensions, and `permute` wants all four of them, in their new order. Images stay first.",
    error="number of dimensions",
)
def one_image(images):
    return images.permute(2, 0, 1)


@channels_first.mistake(
    "One dimension stands twice in your order, so another is missing. Each of 0, 1, 2 and 3 stands in it once.",
    error="duplicate dims",
)
def one_dimension_twice(images):
    return images.permute(0, 3, 1, 1)


@channels_first.mistake("`transpose` swaps just two dimensions. For a new order of all four, there is `permute`.")
def transpose_with_four(images):
    return images.transpose(0, 3, 1, 2)


@channels_first.mistake(
    "`transpose` takes two dimensions, each a number of its own, and swaps them. For a new order of all four, there is "
    "`permute`.",
    error="must be int, not tuple",
)
def transpose_with_a_tuple(images):
    return torch.transpose(images, (0, 3, 1, 2))


@channels_first.mistake(
    "Now the channels come before everything. The first dimension still counts the images: only the "
    "other three change places."
)
def channels_before_the_images(images):
    return images.permute(3, 0, 1, 2)


@channels_first.mistake(
    "You turned the order of all four dimensions round. Images stay first, and height before width."
)
def all_turned_round(images):
    return images.permute(3, 2, 1, 0)


@channels_first.mistake(
    "The channels come third here, between height and width. They should come second, before the height."
)
def channels_third(images):
    return images.transpose(2, 3)


@channels_first.mistake("You swapped height and width, and the channels are still last. The *channels* should move.")
def channels_still_last(images):
    return images.transpose(1, 2)


@channels_first.mistake("You swapped the images with the channels. The first dimension still counts the images.")
def images_last(images):
    return images.transpose(0, 3)


@channels_first.mistake("`images` comes back as it was. `permute` returns a *new* tensor: return that one.")
def images_unchanged(images):
    images.permute(0, 3, 1, 2)
    return images


@channels_first.mistake(
    "The channels of all images stand in one dimension. The images need one of their own: `stack` makes it, `cat` does not."
)
def joined_with_cat(images):
    return torch.cat([image.permute(2, 0, 1) for image in images])


@channels_first.mistake("You return the first image only. Turn the whole batch.")
def the_first_image_only(images):
    for image in images:
        return image.permute(2, 0, 1)


@channels_first.mistake("You return the last image only: the loop forgets the images before it. Turn the whole batch.")
def the_last_image_only(images):
    for image in images:
        result = image.permute(2, 0, 1)
    return result


@channels_first.mistake("You return a batch with the first image only: `return` stands inside the loop and ends it.")
def a_batch_of_the_first_image(images):
    result = []
    for image in images:
        result.append(image.permute(2, 0, 1))
        return torch.stack(result)


@channels_first.mistake(
    "Square brackets pick elements by their positions. They do not change the order of the dimensions."
)
def picked(images):
    return images[:, 3, 1, 2]


@channels_first.mistake(
    "`reshape` cuts the numbers anew in their old order, so the colours mix, and the 3 fits images with three channels "
    "only. You want to *swap* dimensions."
)
def three_channels_written_as_a_number(images):
    return images.reshape(-1, 3, images.shape[1], images.shape[2])


@channels_first.mistake(
    "`reshape` cuts the numbers anew in their old order, so the colours mix, and the 3 fits images with three channels "
    "only: one test has another number. You want to *swap* dimensions."
)
def three_channels_written_with_all_sizes(images):
    return images.reshape(images.shape[0], 3, images.shape[1], images.shape[2])


@channels_first.mistake(
    "`reshape` and `view` take the new *sizes*, not the numbers of the dimensions, and they keep the order in memory. "
    "Which function takes the dimensions in a new order?",
    error="is invalid for input of size",
)
def reshape_with_the_order(images):
    return images.reshape(0, 3, 1, 2)


@channels_first.mistake(
    "`torch.permute` takes the new order as *one* tuple; the method `images.permute` also takes it as four numbers."
)
def order_without_a_tuple(images):
    return torch.permute(images, 0, 3, 1, 2)


@channels_first.mistake(
    "You take three channels, and one test has one only, another four. The last number of the shape says how many.",
    error="is out of bounds",
)
def three_channels_picked(images):
    return torch.stack([images[..., 0], images[..., 1], images[..., 2]], dim=1)


@channels_first.mistake(
    "All the numbers of `images` are there, but not at their places: number [n, c, i, j] of the result is number "
    "[n, i, j, c] of `images`.",
    keys=[_NUMBERS],
)
def another_order(images):
    return images.transpose(1, 3).reshape(len(images), images.shape[3], images.shape[1], images.shape[2])


def _in_each(message: str, **settings: Any) -> Callable[[Any], Any]:
    """Add a mistake that can happen wherever the answer is one tensor: to all exercises above but one."""

    def add(answer: Any) -> Any:
        for each in (flatten_images, similarities, select_class, standardize, distances, channels_first):
            each.mistake(message, **settings)(answer)
        return answer

    return add


@make_batch.mistake("Your function returns None. Give both tensors back with `return`; `print` only shows them.")
@_in_each("Your function returns None. Give the result back with `return`; `print` only shows it.", keys=[_KIND])
def nothing_returned(first, *others):
    print(first)


@_in_each("You return a NumPy array. The result should be a tensor: `torch.from_numpy` makes one of it.", keys=[_KIND])
def a_numpy_array(first, *others):
    return first.numpy()


@_in_each(
    "You return a Python list. The result should be one tensor: `torch.stack` makes it of a list of tensors, "
    "`torch.tensor` of a list of numbers.",
    keys=[_KIND],
)
def a_list(first, *others):
    return list(first)


@_in_each("You return a tuple, with one or more values in it. The result should be one tensor.", keys=[_KIND])
def several_values(first, *others):
    return first, first.shape


@_in_each("You return a single Python number. The result should be a tensor.", keys=[_KIND])
def a_python_number(first, *others):
    return first.sum().item()


@_in_each("You return a function or method itself. Call it: parentheses behind its name are missing.", keys=[_KIND])
def a_method_itself(first, *others):
    return first.flatten


@_in_each("Your result is float64. It should keep the dtype of what you are given, float32.", keys=[_DTYPE])
def made_float64(first, *others):
    return first.double()


@_in_each(
    "Your result is int32. It should keep the dtype of what you are given, float32: a whole number loses what is behind "
    "the point.",
    keys=[_DTYPE],
)
def made_int32(first, *others):
    return first.int()


@_in_each(
    "Your result is int64. It should keep the dtype of what you are given, float32: a whole number loses what is behind "
    "the point.",
    keys=[_DTYPE],
)
def made_int64(first, *others):
    return first.long()


@_in_each(
    "A tensor with several elements stands where one number is needed. `torch.stack` makes a tensor of a list of "
    "tensors, and `math.sqrt` or `float` take one number only.",
    error="one element tensors",
)
def a_tensor_of_a_list_of_tensors(first, *others):
    return torch.tensor(list(first))


@_in_each(
    "A method stands there without being called: `x.mean` is the method itself, `x.mean()` calls it.",
    error="and 'builtin_function_or_method'",
)
def calculates_with_a_method(first, *others):
    return first - first.mean


@_in_each(
    "`shape` is not a function. Take a number out of it with square brackets: `shape[0]`.",
    error="'torch.Size' object is not callable",
)
def shape_called(first, *others):
    return first.reshape(first.shape(0), -1)


@_in_each(
    "A method is called with parentheses, as in `x.size(0)`. You wrote square brackets behind it.",
    error="'builtin_function_or_method' object is not subscriptable",
)
def brackets_behind_a_method(first, *others):
    return first.reshape(first.size[0], -1)


@_in_each(
    "Left of `=` stands another number of names than there are values. How many dimensions does a shape have here?",
    error="values to unpack",
)
def unpacked_into_too_many_names(first, *others):
    n, channels, depth, height, width = first.shape
    return first.reshape(n, channels * depth * height * width)


@_in_each(
    "You named a dimension that is not there. Dimensions count from 0, so the last of three has number 2.",
    error="Dimension out of range",
)
def a_dimension_that_is_not_there(first, *others):
    return first.sum(dim=first.ndim)


@_in_each(
    "You wrote parentheses behind a tensor, as if it were a function. (`x.T` is a tensor, without parentheses.)",
    error="'Tensor' object is not callable",
)
def a_tensor_called(first, *others):
    return first.T()


@_in_each(
    "You use a name that your function does not know. It knows its arguments, what you make inside it, and what an "
    "earlier cell made: is the name spelled right, and was that cell run?",
    error="is not defined",
)
def a_name_that_is_not_there(first, *others):
    return first.reshape(N, -1)  # noqa: F821 - the mistake


@_in_each(
    "A tensor has nothing of this name. Is it spelled right, and is it not a function of `torch`?",
    error="'Tensor' object has no attribute",
)
def a_method_that_is_not_there(first, *others):
    return first.reshpe(len(first), -1)


@_in_each(
    "`torch` has nothing of this name. Is it spelled right, and is it not a method of tensors?",
    error="module 'torch' has no attribute",
)
def a_function_that_is_not_there(first, *others):
    return torch.reshpe(first, (len(first), -1))


_WRITTEN = "how it is written"


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
    """Return the table, and whether each line has a word or a dtype where one belongs."""
    answer = answer() if answer is _measured else answer
    if not isinstance(answer, dict):
        return answer
    table = {key: value.strip().lower() if isinstance(value, str) else value for key, value in answer.items()}
    written = "as asked"
    for key in predictions.answer:
        value = table.get(key)
        if value is None or value is ...:
            continue
        if key.endswith(".dtype"):
            written = written if isinstance(value, torch.dtype) else "not a dtype"
        elif not isinstance(value, str) or value not in ("share", "copy"):
            written = "another word"
    return table | {_WRITTEN: written}


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
    idea="Only what can be read in equal steps along each dimension can be a view; the rest must be copied. "
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

predictions.mistake(
    'In the first nine lines, write exactly `"share"` or `"copy"`. One of yours is another word.',
    name="another word",
    keys=[_WRITTEN],
)({"torch.tensor(a)": "shared"})

predictions.mistake(
    "In the last three lines, write one of PyTorch's dtypes, without quotes and with `torch.` before it: `torch.int32`.",
    name="a dtype in quotes",
    keys=[_WRITTEN],
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
    ("x.T", "copy", "a transpose moves no number. It reads the same memory, in equal steps along each dimension."),
    (
        "x.T.reshape(6)",
        "share",
        "row by row, `x.T` reads the memory 0, 3, 1, 4, 2, 5. These steps are not equal, so `reshape` has to copy.",
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
    (
        "torch.tensor([1, 2.5]).dtype",
        torch.int64,
        "a list is judged by all that stands in it, and 2.5 is no whole number.",
    ),
    ("torch.tensor(a).dtype", torch.int64, "the numbers in `a` are written with a point, so NumPy makes them floats."),
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
    return shown.summary(EXERCISES)
