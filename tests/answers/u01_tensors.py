"""Unit 1: more right and wrong answers."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.exercises.u01_tensors import predictions

# ---- flatten_images


def flatten(images):
    return images.flatten(1)


def flatten_with_both_ends(images):
    return torch.flatten(images, start_dim=-2, end_dim=-1)


def product_of_the_sizes(images):
    n, height, width = images.shape
    return torch.reshape(images, (n, height * width))


def contiguous_then_view(images):
    return images.contiguous().view(images.size(0), -1)


def stacked_images(images):
    return torch.stack([image.flatten() for image in images])


def filled_with_loops(images):
    n, height, width = images.shape
    result = torch.zeros(n, height * width)
    for i in range(n):
        for j in range(height):
            result[i, j * width : (j + 1) * width] = images[i, j]
    return result


def lines_side_by_side(images):
    return torch.cat(images.unbind(dim=1), dim=1)


def module(images):
    return torch.nn.Flatten()(images)


def through_numpy(images):
    return torch.from_numpy(images.numpy().reshape(images.shape[0], -1))


def through_a_list(images):
    return torch.tensor([[number for line in image for number in line] for image in images.tolist()])


def half_flat(images):
    return images.reshape(len(images), -1, 2)


def pixels_added(images):
    return images.sum(dim=2)


def bfloat16_images(images):
    return images.reshape(len(images), -1).bfloat16()


# ---- similarities


def einsum(x):
    return torch.einsum("nd,md->nm", x, x)


def inner(x):
    return torch.inner(x, x)


def matmul_of_the_transposed(x):
    return torch.matmul(x, torch.transpose(x, 0, 1))


def linear(x):
    return F.linear(x, x)


def broadcast_then_sum(x):
    return (x.unsqueeze(1) * x.unsqueeze(0)).sum(-1)


def two_loops(x):
    n = len(x)
    result = torch.empty((n, n))
    for i in range(n):
        for j in range(n):
            result[i, j] = torch.dot(x[i], x[j])
    return result


def plain_python(x):
    rows = x.tolist()
    return torch.tensor([[sum(p * q for p, q in zip(r, s, strict=True)) for s in rows] for r in rows])


def one_matrix_times_vector_each(x):
    return torch.stack([x @ row for row in x])


def one_half_mirrored(x):
    upper = torch.triu(x @ x.T)
    return upper + torch.triu(upper, diagonal=1).T


def twice(x):
    return 2 * x @ x.T


def rounded(x):
    return (x @ x.T).round()


def lengths(x):
    return x.norm(dim=1)


# ---- make_batch


def tensor_then_methods(features, labels):
    features = torch.tensor(features).float()
    labels = torch.tensor(labels).long()
    return features, labels


def to(features, labels):
    return [torch.as_tensor(features).to(torch.float), torch.as_tensor(labels).to(dtype=torch.long)]


def arrays_first(features, labels):
    x = np.asarray(features, dtype=np.float32)
    y = np.array(labels).astype("int64")
    return torch.from_numpy(x), torch.from_numpy(y)


def old_constructors(features, labels):
    return torch.FloatTensor(features), torch.LongTensor(labels)


def asarray(features, labels):
    types = {"x": torch.float32, "y": torch.int64}
    return torch.asarray(features, dtype=types["x"]), torch.asarray(labels, dtype=types["y"])


def typed(features, labels):
    x, y = torch.tensor(np.array(features)), torch.tensor(np.array(labels))
    return x.type(torch.FloatTensor), y.type("torch.LongTensor")


def depends_on_the_kind(features, labels):
    made = []
    for data, dtype in ((features, torch.float32), (labels, torch.int64)):
        made.append((torch.from_numpy(data) if isinstance(data, np.ndarray) else torch.tensor(data)).to(dtype))
    return tuple(made)


def bfloat16_features(features, labels):
    return torch.tensor(features).bfloat16(), torch.tensor(labels).long()


def three_values(features, labels):
    return torch.tensor(features).float(), torch.tensor(labels).long(), len(labels)


# ---- select_class


def index_select(x, labels, k):
    return torch.index_select(x, 0, torch.nonzero(labels == k).flatten())


def where(x, labels, k):
    return x[torch.where(labels == k)]


def all_columns(x, labels, k):
    mask = labels.eq(k)
    return x[mask, :]


def compressed(x, labels, k):
    return x[~(labels != k)].reshape(-1, x.shape[1])


def list_of_positions(x, labels, k):
    positions = []
    for i in range(len(labels)):
        if labels[i].item() == k:
            positions.append(i)
    return x[positions]


def loop_with_a_start(x, labels, k):
    result = x[:0]
    for row, label in zip(x, labels, strict=True):
        if label == k:
            result = torch.cat([result, row.unsqueeze(0)])
    return result


def masked_select(x, labels, k):
    mask = (labels == k).unsqueeze(1).expand_as(x)
    return torch.masked_select(x, mask).view(-1, x.size(1))


def sorted_rows(x, labels, k):
    return x[labels == k].sort(dim=0, descending=True).values


def without_duplicates(x, labels, k):
    return torch.unique(x[labels == k], dim=0)


def up_to_k(x, labels, k):
    return x[labels <= k]


# ---- standardize


def keepdim(x):
    mean = x.mean(axis=0, keepdim=True)
    std = torch.std(x, dim=0, keepdim=True)
    return torch.div(torch.sub(x, mean), std)


def by_hand(x):
    n = x.shape[0]
    mean = x.sum(0) / n
    var = ((x - mean) ** 2).sum(0) / (n - 1)
    return (x - mean) / var**0.5


def std_mean(x):
    std, mean = torch.std_mean(x, dim=-2)
    return (x - mean) * std.reciprocal()


def column_by_column(x):
    result = torch.zeros(x.shape)
    for i in range(x.shape[1]):
        result[:, i] = (x[:, i] - x[:, i].mean()) / x[:, i].std()
    return result


def turned(x):
    return ((x.T - x.T.mean(1, keepdim=True)) / x.T.std(1, keepdim=True)).T


def copy_in_place(x):
    result = x.clone()
    result -= result.mean(0)
    result /= x.std(0)
    return result


def with_a_small_number(x):
    return (x - torch.mean(x, 0)) / (torch.std(x, 0) + 1e-8)


def numpy_standardize(x):
    a = x.numpy()
    return torch.from_numpy((a - a.mean(axis=0)) / a.std(axis=0, ddof=1))


def number_by_number(x):
    columns = [list(column) for column in zip(*x.tolist(), strict=True)]
    for column in columns:
        mean = sum(column) / len(column)
        std = math.sqrt(sum((v - mean) ** 2 for v in column) / (len(column) - 1))
        column[:] = [(v - mean) / std for v in column]
    return torch.tensor(columns).T


def in_place(x):
    x -= x.mean(0)
    return x / x.std(0)


def two_columns_only(x):
    result = torch.zeros(x.shape)
    for i in range(2):
        result[:, i] = (x[:, i] - x[:, i].mean()) / x[:, i].std()
    return result


# ---- distances


def cdist(a, b):
    return torch.cdist(a, b)


def norm_over_the_last(a, b):
    return torch.norm(a.unsqueeze(1) - b.unsqueeze(0), dim=-1)


def expanded_square(a, b):
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T
    return squares.clamp(min=0).sqrt()


def double_loop(a, b):
    result = torch.zeros(a.shape[0], b.shape[0])
    for i, p in enumerate(a):
        for j, q in enumerate(b):
            result[i, j] = torch.sqrt(torch.sum((p - q) ** 2))
    return result


def math_dist(a, b):
    return torch.tensor([[math.dist(p, q) for q in b.tolist()] for p in a.tolist()])


def one_row_at_a_time(a, b):
    return torch.stack([((p - b) ** 2).sum(dim=1) ** 0.5 for p in a])


def coordinate_by_coordinate(a, b):
    total = torch.zeros(len(a), len(b))
    for d in range(a.shape[1]):
        total += (a[:, d].reshape(-1, 1) - b[:, d]).pow(2)
    return total.sqrt()


def pairwise(a, b):
    return F.pairwise_distance(a[:, None], b[None])


def repeated(a, b):
    n, m = len(a), len(b)
    gaps = a.repeat_interleave(m, dim=0) - b.repeat(n, 1)
    return torch.linalg.vector_norm(gaps, dim=1).view(n, m)


def cube_root(a, b):
    return (a[:, None] - b).square().sum(2) ** (1 / 3)


def in_float16(a, b):
    return torch.cdist(a, b).half()


def among_b(a, b):
    return torch.cdist(b, b)


# ---- channels_first


def movedim(images):
    return images.movedim(3, 1)


def two_swaps(images):
    return images.transpose(1, 3).transpose(2, 3)


def contiguous(images):
    return torch.permute(images, [0, 3, 1, 2]).contiguous()


def each_image(images):
    return torch.stack([image.permute(2, 0, 1) for image in images])


def each_channel(images):
    return torch.stack([images[..., c] for c in range(images.shape[-1])], dim=1)


def einsum_letters(images):
    return torch.einsum("nhwc->nchw", images)


def numpy_transpose(images):
    return torch.from_numpy(np.transpose(images.numpy(), (0, 3, 1, 2)).copy())


def four_loops(images):
    n, height, width, channels = images.shape
    result = torch.zeros(n, channels, height, width)
    for i in range(height):
        for j in range(width):
            result[:, :, i, j] = images[:, i, j, :]
    return result


def rows_as_columns(images):
    n, height, width, channels = images.shape
    return images.reshape(n, height * width, channels).mT.reshape(n, channels, height, width)


def images_turned_round(images):
    return images.permute(0, 3, 1, 2).flip(2)


def one_channel(images):
    return images[..., 0].unsqueeze(1)


RIGHT = {
    "flatten_images": [
        flatten, flatten_with_both_ends, product_of_the_sizes, contiguous_then_view, stacked_images, filled_with_loops,
        lines_side_by_side, module, through_numpy, through_a_list,
    ],
    "similarities": [
        einsum, inner, matmul_of_the_transposed, linear, broadcast_then_sum, two_loops, plain_python,
        one_matrix_times_vector_each, one_half_mirrored,
    ],
    "make_batch": [
        tensor_then_methods, to, arrays_first, old_constructors, asarray, typed, depends_on_the_kind,
    ],
    "select_class": [
        index_select, where, all_columns, compressed, list_of_positions, loop_with_a_start, masked_select,
    ],
    "standardize": [
        keepdim, by_hand, std_mean, column_by_column, turned, copy_in_place, with_a_small_number, numpy_standardize,
        number_by_number,
    ],
    "distances": [
        cdist, norm_over_the_last, expanded_square, double_loop, math_dist, one_row_at_a_time, coordinate_by_coordinate,
        pairwise, repeated,
    ],
    "channels_first": [
        movedim, two_swaps, contiguous, each_image, each_channel, einsum_letters, numpy_transpose, four_loops,
        rows_as_columns,
    ],
}  # fmt: skip

WRONG = {
    "flatten_images": [
        (half_flat, "should have the shape (3, 8). Yours has (3, 4, 2)"),
        (pixels_added, "should have the shape (3, 8). Yours has (3, 2)"),
        (bfloat16_images, "should have the dtype torch.float32. Yours has torch.bfloat16"),
        (lambda images: images.resize_(len(images), images[0].numel()), "changes `images`"),
    ],
    "similarities": [
        (twice, "should be tensor([[5, 2], [2, 2]]). Yours is tensor([[10, 4], [4, 4]])"),
        (rounded, "should be tensor([[5.25]]). Yours is tensor([[5]])"),
        (lengths, "one number for each row"),
    ],
    "make_batch": [
        (bfloat16_features, "The features should have the dtype torch.float32. Yours has torch.bfloat16"),
        (three_values, "should be a tuple of 2 values. You have 3 values"),
    ],
    "select_class": [
        (sorted_rows, "should be tensor([[1, 2], [5, 6]]). Yours is tensor([[5, 6], [1, 2]])"),
        (without_duplicates, "should have the shape (3, 1). Yours has (2, 1)"),
        (up_to_k, "should have the shape (0, 2). Yours has (4, 2). (tried with"),
    ],
    "standardize": [
        (in_place, "changes `x`"),
        (two_columns_only, "at [0, 2]. Yours has 0 there"),
    ],
    "distances": [
        (cube_root, "should be"),
        (in_float16, "should have the dtype torch.float32. Yours has torch.float16"),
        (among_b, "should have the shape (3, 2). Yours has (2, 2)"),
    ],
    "channels_first": [
        (images_turned_round, "not at their places"),
        (one_channel, "should have the shape (1, 3, 2, 1). Yours has (1, 1, 2, 1)"),
    ],
    "predictions": [
        (predictions.answer | {"x.T": "view"}, "another word"),
        (predictions.answer | {"(x / 2).dtype": float}, "one of PyTorch's dtypes"),
        (predictions.answer | {"(x / 2).dtype": torch.float16}, "(x / 2).dtype: not torch.float16. Look again"),
        (predictions.answer | {"x.T": None}, "x.T: still open"),
        (list(predictions.answer.values()), "should be a dictionary"),
    ],
}

_NO_GRAPH = {"cut off from the graph": "unit 1 has no gradients yet, and an answer may go through NumPy"}
EQUIVALENT = dict.fromkeys(
    ("flatten_images", "similarities", "select_class", "standardize", "distances", "channels_first"), _NO_GRAPH
)
