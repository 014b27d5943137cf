"""Shapes and memory, drawn: reshape, products, sums, joins, how two shapes are broadcast, how a view walks through memory."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.pictures.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_DIMENSIONS, MAX_SIZE = 6, 9999
EXAMPLE = "Write sizes with commas between them, such as 3, 1, 4, or () for a scalar."

# what the memory explorer offers; x is torch.arange(12).reshape(3, 4)
OPERATIONS = {
    "x": lambda x: x,
    "x.reshape(4, 3)": lambda x: x.reshape(4, 3),
    "x.T": lambda x: x.T,
    "x.T.reshape(3, 4)": lambda x: x.T.reshape(3, 4),
    "x.T.contiguous()": lambda x: x.T.contiguous(),
    "x[:, ::2]": lambda x: x[:, ::2],
    "x[1:, 1:]": lambda x: x[1:, 1:],
    "x[:, 1]": lambda x: x[:, 1],
    "x[1:2].expand(3, 4)": lambda x: x[1:2].expand(3, 4),
    "x[[0, 2]]": lambda x: x[[0, 2]],
}
FIRST, SECOND = "#D5E7F3", "#F2BC6E"  # two colours in one picture, apart in grey as well
# how the broadcast picture draws each kind of size
KINDS = {
    "size": {"face": FIRST},
    "stretched": {"face": SECOND},
    "missing": {"face": "white", "linestyle": "--"},
    "failed": {"face": "white", "edge": COLOURS[1], "linewidth": 2.5},
}
NOTES = {"stretched": "size 1, stretched", "missing": "missing, counts as 1", "failed": "does not fit"}
ROWS = (2.4, 1.4, 0.3)  # the heights of a, b and the result

BROADCAST_STATES = (
    {"a": "3, 4", "b": "4"},
    {"a": "3, 4", "b": "3"},
    {"a": "5, 1, 3", "b": "7, 3"},
    {"a": "8, 1, 6, 1", "b": "7, 1, 5"},
)
MEMORY_STATES = tuple(
    {"operation": operation, "element": 5}
    for operation in ("x", "x.reshape(4, 3)", "x.T", "x.T.reshape(3, 4)", "x[:, ::2]", "x[1:2].expand(3, 4)")
)


def parse_shape(text: str) -> tuple[int, ...]:
    """Read a shape that somebody typed.

    Args:
        text: sizes with commas or spaces between them, with or without brackets; ``()`` is the shape of a scalar.

    Returns:
        The sizes, at most 6 of them, each from 0 to 9999.

    Raises:
        ValueError: the text is no such shape. The message is one sentence for the reader, and an example.
    """
    text = " ".join(text.split())  # in one line, for the messages
    inner = text.removeprefix("torch.Size").strip()
    while inner[:1] + inner[-1:] in ("()", "[]"):
        inner = inner[1:-1].strip()
        if not inner:
            return ()
    if not inner:
        raise ValueError(f"The shape is empty. {EXAMPLE}")
    parts = [part.split() for part in inner.removesuffix(",").split(",")]
    if [] in parts:
        raise ValueError(f"A size is missing beside a comma in '{_short(text)}'. {EXAMPLE}")
    words = [word for part in parts for word in part]
    for word in words:
        digits = word.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"'{_short(word)}' is not a whole number. {EXAMPLE}")
        if digits != word:
            raise ValueError(f"A size cannot be negative, and {_short(word)} is. {EXAMPLE}")
        if len(digits.lstrip("0")) > len(str(MAX_SIZE)):
            raise ValueError(f"The size {_short(word)} is too large for this picture. Use sizes up to {MAX_SIZE}.")
    if len(words) > MAX_DIMENSIONS:
        raise ValueError(f"{len(words)} dimensions are too many for this picture. Use at most {MAX_DIMENSIONS}.")
    return tuple(int(word) for word in words)


def align(a: Sequence[int], b: Sequence[int]) -> list[tuple[int | None, int | None, int | None]]:
    """Lay two shapes over each other, aligned at the right, and broadcast each dimension.

    Args:
        a: the sizes of one shape.
        b: the sizes of the other.

    Returns:
        For each dimension of the longer shape, from the left: the size in ``a``, the size in ``b`` (None where the
        shape is too short) and the size of the result (None where the two do not fit).

    Source: the broadcasting rules of NumPy and PyTorch, https://docs.pytorch.org/docs/stable/notes/broadcasting.html
    """
    length = max(len(a), len(b))
    columns = []
    for left, right in zip(_pad(a, length), _pad(b, length), strict=True):
        m, n = 1 if left is None else left, 1 if right is None else right
        columns.append((left, right, n if m == 1 else m if n in (1, m) else None))
    return columns


def broadcast_shape(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    """Return the shape that two shapes broadcast to.

    Args:
        a: the sizes of one shape.
        b: the sizes of the other.

    Returns:
        The sizes of the result.

    Raises:
        ValueError: two sizes differ and neither is 1. The message names the first such dimension from the right.
    """
    columns = align(a, b)
    for back, (m, n, size) in enumerate(reversed(columns), start=1):
        if size is None:
            raise ValueError(f"Dimension -{back} does not fit: {m} and {n} differ, and neither is 1.")
    return tuple(size for _, _, size in columns)


def draw_reshapes(shapes: Sequence[tuple[int, int]]) -> "Figure":
    """Draw the numbers 0 to 11 as one line of memory, and below as tables: ``reshape`` breaks the line at other places.

    Args:
        shapes: the shapes of the tables, each with 12 elements.

    Returns:
        The figure.
    """
    tallest = max(rows for rows, _ in shapes)
    figure, ax = _canvas(0.4 + sum(columns + 1.2 for _, columns in shapes), tallest + 3.6, "the line in memory")
    numbers = torch.arange(12)
    _table(ax, 0.2, tallest + 1.8, numbers.reshape(1, 12))
    left = 0.2
    for shape in shapes:
        ax.text(left, tallest + 0.95, f"reshape{shape}", va="center", fontweight="bold")
        _table(ax, left, tallest - 0.5, numbers.reshape(shape))
        left += shape[1] + 1.2
    return figure


def draw_product(a: Tensor, b: Tensor, row: int, column: int) -> "Figure":
    """Draw a matrix product with B above the result, so that a row of A and a column of B meet in the element they make.

    Args:
        a: the left matrix, whole numbers of shape (N, K).
        b: the right matrix, whole numbers of shape (K, M).
        row: the row of A to frame.
        column: the column of B to frame.

    Returns:
        The figure.
    """
    (n, k), m = a.shape, b.shape[1]
    figure, ax = _canvas(k + m + 9.4, n + k + 2.6, "")
    right, top = k + 2.2, n + k + 1.1
    _table(ax, 0.8, n - 0.3, a, FIRST, {(row, j) for j in range(k)})
    _table(ax, right, top, b, SECOND, {(i, column) for i in range(k)})
    _table(ax, right, n - 0.3, a @ b, "white", {(row, column)})
    ax.text(0.8, n + 1.0, f"A, shape {tuple(a.shape)}", va="center", fontweight="bold")
    ax.text(right + m + 0.4, top + 0.4, f"B, shape {tuple(b.shape)}", va="center", fontweight="bold")
    ax.text(right + m + 0.4, n + 0.1, f"A @ B, shape {(n, m)}", va="center", fontweight="bold")
    terms = " + ".join(f"{p}·{q}" for p, q in zip(a[row].tolist(), b[:, column].tolist(), strict=True))
    ax.text(right + m + 0.4, n - 0.9, f"{terms} = {(a @ b)[row, column]}", va="center", fontsize=12)
    return figure


def draw_dim(x: Tensor) -> "Figure":
    """Draw a matrix with its sums along both dimensions: the dimension that is named disappears, and a vector is a row.

    Args:
        x: whole numbers of shape (N, M).

    Returns:
        The figure.
    """
    n, m = x.shape
    figure, ax = _canvas(m + n + 10.6, n + 4.0, f"x, shape {(n, m)}")
    bottom = 2.8
    _table(ax, 0.3, bottom + n - 1, x, FIRST)
    arrow = {"arrowstyle": "-|>", "lw": 2, "color": "#333333"}
    ax.annotate("", (0.3 + m / 2, 1.35), (0.3 + m / 2, bottom - 0.1), arrowprops=arrow)
    ax.annotate("", (m + 2.2, bottom + n / 2), (m + 0.4, bottom + n / 2), arrowprops=arrow)
    _table(ax, 0.3, 0.3, x.sum(dim=0)[None], SECOND)
    _table(ax, m + 2.4, bottom + n / 2 - 0.5, x.sum(dim=1)[None], SECOND)
    for left, y, dim in ((m + 0.6, 0.75, 0), (m + n + 2.6, bottom + n / 2, 1)):
        text = f"x.sum(dim={dim}), shape {tuple(x.sum(dim=dim).shape)}"
        ax.text(left, y, f"{text}: the {x.shape[dim]} has gone", va="center")
    return figure


def draw_join(p: Tensor, q: Tensor) -> "Figure":
    """Draw two matrices, joined by ``cat`` along both dimensions, and laid on each other by ``stack``, with their numbers.

    Args:
        p: whole numbers of shape (N, M).
        q: whole numbers of the same shape.

    Returns:
        The figure.
    """
    n, m = p.shape
    figure, ax = _canvas(6 * m + 3, 2 * n + 1.9, "")
    top = 2 * n - 0.3
    lefts = (0.3, m + 1.4, 2 * m + 2.5, 4 * m + 3.6)
    joined = (torch.cat([p, q]), torch.cat([p, q], dim=1), torch.stack([p, q]))
    calls = (f"p and q, each {(n, m)}", "cat, dim=0:", "cat, dim=1:", "stack, dim=0:")
    texts = [calls[0], *(f"{call} {tuple(t.shape)}" for call, t in zip(calls[1:], joined, strict=True))]
    for left, text in zip(lefts, texts, strict=True):
        ax.text(left, top + 1.5, text, va="center", fontsize=10, fontweight="bold")
    places = [  # of p and of q: left, height of the first row
        ((lefts[0], top), (lefts[0], top - n - 0.4)),
        ((lefts[1], top), (lefts[1], top - n)),
        ((lefts[2], top), (lefts[2] + m, top)),
        ((lefts[3], top - 1.1), (lefts[3] + 1.15, top)),
    ]
    for of_p, of_q in places:
        _table(ax, *of_q, q, SECOND)
        _table(ax, *of_p, p, FIRST, order=10)  # in front, where they overlap
    for text, (left, height) in (("[0]", (lefts[3], top - n - 0.1)), ("[1]", places[3][1])):  # where no cell stands
        ax.text(left + m + 0.15, height + 0.42, text, va="center", fontsize=10)
    return figure


def draw_broadcast(a: str, b: str) -> "Figure":
    """Draw two shapes aligned at the right, and the shape they broadcast to, or where they do not fit.

    Args:
        a: one shape as text, for example ``"3, 1"``.
        b: the other shape as text.

    Returns:
        The figure.

    Raises:
        ValueError: a text is not a shape; see ``parse_shape``.
    """
    first, second = parse_shape(a), parse_shape(b)
    columns = align(first, second)
    try:
        result = broadcast_shape(first, second)
        title = f"{first} and {second} give {result}" + (": a size is 0, so no elements" if 0 in result else "")
    except ValueError as error:
        title = str(error)
    figure, ax = _canvas(17, 4.6, title)
    for y, name in zip(ROWS, ("a", "b", "result"), strict=True):
        ax.text(1.5, y + 0.42, name, ha="right", va="center")
    seen = set()
    for i, column in enumerate(columns):
        x, result_size = 1.8 + 1.7 * i, column[2]
        ax.text(x + 0.8, 3.5, f"dim {i - len(columns)}", ha="center", va="center", fontsize=9, color="#555555")
        for y, size in zip(ROWS, column, strict=True):
            text, kind = "1" if size is None else f"{size}", "size"
            if result_size is None:
                text, kind = ("✗", "failed") if y == ROWS[2] else (text, "failed")
            elif y != ROWS[2] and size in (None, 1):
                text += f" → {result_size}" if result_size != 1 else ""
                kind = "missing" if size is None else "size" if result_size == 1 else "stretched"
            seen.add(kind)
            _cell(ax, x, y, text, width=1.6, **KINDS[kind])
    left = 2.3 + 1.7 * len(columns)
    for y, (kind, note) in zip(ROWS, ((kind, note) for kind, note in NOTES.items() if kind in seen), strict=False):
        _cell(ax, left, y + 0.22, "", width=0.4, height=0.4, **KINDS[kind])
        ax.text(left + 0.6, y + 0.42, note, va="center", fontsize=10)
    return figure


def draw_memory(operation: str, element: int = 0) -> "Figure":
    """Draw a small tensor beside its memory: equal colours are equal places in the memory of ``x``.

    Args:
        operation: a key of ``OPERATIONS``, applied to ``x = torch.arange(12).reshape(3, 4)``.
        element: which element of the result to follow, counted row by row; the last one where it is too large.

    Returns:
        The figure.

    Raises:
        ValueError: ``operation`` is not in the list.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"'{_short(operation)}' is not in the list. Use one of: {', '.join(OPERATIONS)}.")
    x = torch.arange(12).reshape(3, 4)
    y = OPERATIONS[operation](x)
    shared = y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    memory = y.as_strided((y.untyped_storage().nbytes() // y.element_size(),), (1,), 0).tolist()
    places = torch.arange(len(memory)).as_strided(y.shape, y.stride(), y.storage_offset()).flatten().tolist()
    element = min(max(element, 0), y.numel() - 1)
    index = [int(i) for i in torch.unravel_index(torch.tensor(element), y.shape)]

    title = f"{operation}   shape {tuple(y.shape)}, stride {y.stride()}, "
    title += f"{'contiguous' if y.is_contiguous() else 'not contiguous'}, {'view of x' if shared else 'copy'}"
    figure, ax = _canvas(17.6, 5.4, title)
    columns = y.shape[-1]
    for k, place in enumerate(places):
        frame = {"edge": "black", "linewidth": 2.5, "zorder": 3} if k == element else {}
        _cell(ax, 0.2 + k % columns, 3.3 - k // columns, f"{memory[place]}", face=_colour(memory[place]), **frame)
    ax.text(5.2, 3.72, "memory of x" if shared else "new memory", va="center")
    ax.text(5.1, 2.72, "value", ha="right", va="center", fontsize=8, color="#555555")
    ax.text(5.1, 2.0, "place", ha="right", va="center", fontsize=8, color="#555555")
    for place, value in enumerate(memory):
        frame = {"edge": "black", "linewidth": 2.5, "zorder": 3} if place == places[element] else {}
        _cell(ax, 5.2 + place, 2.3, f"{value}", face=_colour(value) if place in places else "white", **frame)
        ax.text(5.67 + place, 2.0, f"{place}", ha="center", va="center", fontsize=8, color="#555555")
    terms = " + ".join(f"{i} × {step}" for i, step in zip(index, y.stride(), strict=True))
    ax.text(5.2, 1.2, f"place of element {index} = start + index × stride, added up", va="center")
    found = f"= {y.storage_offset()} + {terms} = place {places[element]}, with the value {memory[places[element]]}"
    ax.text(5.2, 0.6, found, va="center", fontweight="bold")
    return figure


def _canvas(width: float, height: float, title: str) -> tuple["Figure", Axes]:
    """Make a figure that is ``width`` by ``height`` cells large, with a title and without axes."""
    figure = plt.figure(figsize=(round(0.44 * width, 1), round(0.44 * height, 1)), layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    ax.text(0.2, height - 0.5, title, va="center", fontweight="bold")
    return figure, ax


def _table(
    ax: Axes,
    left: float,
    top: float,
    numbers: Tensor,
    face: str | None = None,
    framed: AbstractSet[tuple[int, int]] = frozenset(),
    order: float = 1,
) -> None:
    """Draw a matrix, its first row at ``top``; the framed cells have the colour, or all where none is framed."""
    for i, row in enumerate(numbers.tolist()):
        for j, value in enumerate(row):
            style = {"face": _colour(value) if face is None else face, "zorder": order}
            if framed:
                style |= {"edge": "black", "linewidth": 2.5, "zorder": 3} if (i, j) in framed else {"face": "white"}
            _cell(ax, left + j, top - i, f"{value}", **style)


def _cell(
    ax: Axes, x: float, y: float, text: str, *, width: float = 0.94, height: float = 0.84, **style: str | float
) -> None:
    style = {"face": "white", "edge": "#888888", "linestyle": "-"} | style
    style["facecolor"], style["edgecolor"] = style.pop("face"), style.pop("edge")
    ax.add_patch(Rectangle((x, y), width, height, **style))
    size = 9 if len(text) > 7 else 11
    above = style.get("zorder", 1) + 3
    ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", zorder=above, fontsize=size)


def _colour(place: int) -> tuple[float, ...]:
    """Return a pale colour for one of the 12 places in the memory of x."""
    return tuple(0.45 + 0.55 * part for part in plt.get_cmap("viridis")(place / 11)[:3])


def _pad(sizes: Sequence[int], length: int) -> list[int | None]:
    return [None] * (length - len(sizes)) + list(sizes)


def _short(text: str) -> str:
    return text if len(text) <= 20 else text[:20] + "…"
