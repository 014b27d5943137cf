"""What the pictures of unit 1 show is what PyTorch computes, and bad input gets one sentence."""

import itertools
import re

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from course_utils import explorers
from course_utils.pictures import u01_tensors as pictures

sizes = st.lists(st.sampled_from([0, 1, 1, 2, 3, 5]), max_size=6).map(tuple)


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@given(sizes, sizes)
def test_broadcast_shape_is_pytorchs(a, b):
    try:
        wanted = tuple(torch.broadcast_shapes(a, b))
    except RuntimeError:
        wanted = None
    try:
        got = pictures.broadcast_shape(a, b)
    except ValueError as error:
        assert wanted is None
        back = int(str(error).split()[1])
        assert {a[back], b[back]} == {int(word) for word in str(error).split() if word.isdigit()}
        pictures.broadcast_shape(a[back + 1 :] if back < -1 else (), b[back + 1 :] if back < -1 else ())
    else:
        assert got == wanted


@given(sizes)
def test_every_spelling_of_a_shape_is_read(shape):
    spellings = [str(shape), str(list(shape)), str(torch.Size(shape)), f"  {shape} "]
    if shape:
        spellings += [", ".join(map(str, shape)), " ".join(map(str, shape)), ",".join(map(str, shape)) + ","]
    for text in spellings:
        assert pictures.parse_shape(text) == shape


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("3,a", "'a' is not a whole number"),
        ("3.5", "'3.5' is not a whole number"),
        ("3x4", "'3x4' is not a whole number"),
        ("(3, 4", "'(3' is not a whole number"),
        ("(3, -1)", "cannot be negative"),
        ("-", "not a whole number"),
        ("--3", "not a whole number"),
        ("³", "not a whole number"),
        ("3,,4", "missing beside a comma"),
        (",3", "missing beside a comma"),
        (",", "missing beside a comma"),
        (",\n", "missing beside a comma"),
        ("3\n,,4", "missing beside a comma"),
        ("10000", "too large"),
        ("9" * 5000, "too large"),
        ("1, 1, 1, 1, 1, 1, 1", "7 dimensions are too many"),
        ("a" * 5000, "not a whole number"),
    ],
)
def test_bad_shapes_get_a_sentence(text, part):
    with pytest.raises(ValueError, match=r"^[^\n]{20,160}$") as error:
        pictures.parse_shape(text)
    assert part in str(error.value)
    with pytest.raises(ValueError, match=r"\.|scalar"):
        pictures.draw_broadcast("3, 4", text)


@given(text=st.text(max_size=30))
@example(text=",\n")
def test_no_text_gives_another_error(text):
    try:
        assert all(0 <= size <= pictures.MAX_SIZE for size in pictures.parse_shape(text))
    except ValueError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("element", [0, 5, 11, 99])
@pytest.mark.parametrize("operation", pictures.OPERATIONS)
def test_memory_is_drawn_as_it_is(operation, element):
    figure = pictures.draw_memory(operation, element)
    y = pictures.OPERATIONS[operation](torch.arange(12).reshape(3, 4))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert f"shape {tuple(y.shape)}, stride {y.stride()}" in texts[0]
    assert ("not contiguous" in texts[0]) is not y.is_contiguous()
    # the cells of the tensor come first, row by row
    assert texts[1 : 1 + y.numel()] == [str(value) for value in y.flatten().tolist()]
    place, value = map(int, re.search(r" = place (\d+), with the value (\d+)$", texts[-1]).groups())
    memory = y.as_strided((y.untyped_storage().nbytes() // 8,), (1,), 0)
    assert value == memory[place] == y.flatten()[min(element, y.numel() - 1)]


def test_memory_operation_that_is_not_offered():
    with pytest.raises(ValueError, match="not in the list"):
        pictures.draw_memory("x.cube()")


def test_a_picture_has_few_parts():
    """So that it follows a slider; ``make bench`` measures the time, which depends on the machine."""
    for state in pictures.MEMORY_STATES:
        assert 100 < len(pictures.draw_memory(**state).findobj()) < 250


@pytest.mark.parametrize("states", [pictures.BROADCAST_STATES, pictures.MEMORY_STATES])
def test_static_states_are_few_and_one_broadcast_fails(states):
    assert 4 <= len(states) <= 6
    draw = pictures.draw_broadcast if states is pictures.BROADCAST_STATES else pictures.draw_memory
    titles = [draw(**state).axes[0].texts[0].get_text() for state in states]
    assert any("does not fit" in title for title in titles) is (draw is pictures.draw_broadcast)


@pytest.mark.parametrize(
    ("explorer", "states"),
    [(explorers.broadcast, pictures.BROADCAST_STATES), (explorers.memory_order, pictures.MEMORY_STATES)],
)
def test_a_static_explorer_shows_a_picture_of_each_state(explorer, states, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STATIC", "1")
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    explorer()
    assert len(set(shown)) == len(states) and capsys.readouterr().out == ""


# ---- the pictures without controls


def cells(figure):
    """Return what a picture shows in its cells, as (left, bottom, colour, is framed) by text; each text stands there once."""
    (ax,) = figure.axes
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    found = []
    for box in ax.patches:
        if isinstance(box, Rectangle):
            left, bottom = box.get_xy()
            text = texts[left + box.get_width() / 2, bottom + box.get_height() / 2]
            found.append((text, left, bottom, box.get_facecolor(), box.get_linewidth() > 2))
    return found


def tables(figure, columns):
    """Return the numbers of the tables, cut into rows of the given lengths in the order in which they were drawn."""
    numbers = iter(int(text) for text, *_ in cells(figure))
    rows = [[next(numbers) for _ in range(length)] for length in columns]
    assert next(numbers, None) is None
    return rows


def words(figure):
    return " | ".join(text.get_text() for text in figure.axes[0].texts)


@pytest.mark.parametrize("shapes", [[(3, 4), (2, 6), (4, 3)], [(1, 12), (12, 1)]])
def test_every_shape_holds_the_line_in_its_order(shapes):
    figure = pictures.draw_reshapes(shapes)
    wanted = [row for shape in [(1, 12), *shapes] for row in torch.arange(12).reshape(shape).tolist()]
    assert tables(figure, [len(row) for row in wanted]) == wanted
    assert all(f"reshape{shape}" in words(figure) for shape in shapes)
    colours = {}
    for text, _, _, colour, _ in cells(figure):
        assert colours.setdefault(text, colour) == colour, "a number keeps its colour"


@pytest.mark.parametrize(("row", "column"), [(0, 0), (1, 1), (1, 2)])
def test_the_framed_row_and_column_make_the_framed_element(row, column):
    a, b = torch.tensor([[1, 2, 3, 0], [4, 5, 6, -1]]), torch.tensor([[1, 3, 7], [0, 1, 8], [2, 1, 9], [5, 5, 5]])
    figure = pictures.draw_product(a, b, row, column)
    shown = cells(figure)
    assert [int(text) for text, *_ in shown] == [*a.flatten(), *b.flatten(), *(a @ b).flatten()]
    framed = [cell for cell in shown if cell[-1]]
    assert [int(text) for text, *_ in framed] == [*a[row], *b[:, column], (a @ b)[row, column]]
    element = framed[-1]
    assert {cell[2] for cell in framed[:4]} == {element[2]}, "the row of A is level with the element"
    assert {cell[1] for cell in framed[4:8]} == {element[1]}, "the column of B is above the element"
    assert f"= {(a @ b)[row, column]}" in words(figure) and "A @ B, shape (2, 3)" in words(figure)


def test_the_dimension_of_a_sum_disappears():
    x = torch.tensor([[1, 3, 0, 2], [4, 4, 8, 1]])
    figure = pictures.draw_dim(x)
    assert tables(figure, [4, 4, 4, 2]) == [*x.tolist(), x.sum(dim=0).tolist(), x.sum(dim=1).tolist()]
    shown = cells(figure)
    assert [cell[1] for cell in shown[8:12]] == [cell[1] for cell in shown[:4]], "a sum stands below its column"
    first, second = shown[12:]
    assert first[2] == second[2] and second[1] - first[1] == 1, "the sums of the rows are a vector, drawn as a row"
    assert first[1] > shown[3][1] + 1 and shown[4][2] < first[2] < shown[0][2], "which stands beside the table"
    for dim, gone in ((0, 2), (1, 4)):
        assert f"x.sum(dim={dim}), shape {tuple(x.sum(dim=dim).shape)}: the {gone} has gone" in words(figure)


def test_cat_lays_beside_and_stack_lays_on_top():
    p, q = torch.arange(6).reshape(2, 3), torch.arange(10, 16).reshape(2, 3)
    figure = pictures.draw_join(p, q)
    joined = {"cat, dim=0": torch.cat([p, q]), "cat, dim=1": torch.cat([p, q], 1), "stack, dim=0": torch.stack([p, q])}
    assert all(f"{call}: {tuple(t.shape)}" in words(figure) for call, t in joined.items())
    shown = cells(figure)
    assert [int(text) for text, *_ in shown] == 4 * [*q.flatten(), *p.flatten()]
    below, beside, behind = ((shown[12 * k + 6], shown[12 * k]) for k in (1, 2, 3))  # the first cells of p and of q
    assert below[0][1] == below[1][1] and below[0][2] - below[1][2] == 2
    assert beside[0][2] == beside[1][2] and beside[1][1] - beside[0][1] == 3
    assert 1 < behind[1][1] - behind[0][1] < 2 and 1 < behind[1][2] - behind[0][2] < 2
    front, back = (next(t for t in figure.axes[0].texts if t.get_text() == f"[{k}]").get_position() for k in (0, 1))
    assert 0 < front[0] - (behind[0][1] + 3) < 0.5 and front[1] < behind[0][2], "[0] stands at the right end of p"
    assert 0 < back[0] - (behind[1][1] + 3) < 0.5 and back[1] > behind[1][2], "[1] stands at the right end of q"
    boxes = [box.get_zorder() for box in figure.axes[0].patches]
    assert min(boxes[42:]) > max(boxes[36:42]), "p is in front of q"
    assert len({cell[3] for cell in shown}) == 2


@pytest.mark.parametrize("figure", ["reshapes", "product", "dim", "join"])
def test_nothing_is_cut_off_and_no_words_overlap(figure):
    x = torch.arange(6).reshape(2, 3)
    draw = {
        "reshapes": lambda: pictures.draw_reshapes([(3, 4), (2, 6), (4, 3)]),
        "product": lambda: pictures.draw_product(x, x.T, 1, 0),
        "dim": lambda: pictures.draw_dim(x),
        "join": lambda: pictures.draw_join(x, x + 10),
    }
    drawn = draw[figure]()
    drawn.canvas.draw()
    width, height = drawn.canvas.get_width_height()
    ax = drawn.axes[0]
    for artist in [*ax.texts, *ax.patches]:
        box = artist.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, artist
    long = [text.get_window_extent() for text in ax.texts if len(text.get_text()) > 3]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(long, 2))
