"""The shapes that the explorers of unit 1 draw are PyTorch's, and bad input gets one sentence."""

import os
import re
import time

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import explorers
from course_utils.pictures import u01_tensors as pictures

sizes = st.lists(st.sampled_from([0, 1, 1, 2, 3, 5]), max_size=6).map(tuple)


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@settings(deadline=None)
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


@settings(deadline=None)
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


@settings(deadline=None)
@given(st.text(max_size=30))
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


def test_drawing_is_fast():
    """The fastest of a few counts, in CPU time: another program on the same machine is not the picture's fault."""
    times = []
    for state in pictures.MEMORY_STATES:
        start = time.process_time()
        pictures.draw_memory(**state).canvas.draw()
        times.append(time.process_time() - start)
    assert min(times) < 0.15


@pytest.mark.parametrize("states", [pictures.BROADCAST_STATES, pictures.MEMORY_STATES])
def test_static_states_are_few_and_one_broadcast_fails(states):
    assert 4 <= len(states) <= 6
    draw = pictures.draw_broadcast if states is pictures.BROADCAST_STATES else pictures.draw_memory
    titles = [draw(**state).axes[0].texts[0].get_text() for state in states]
    assert any("does not fit" in title for title in titles) is (draw is pictures.draw_broadcast)


@pytest.mark.parametrize("explorer", [explorers.broadcast, explorers.memory_order])
@pytest.mark.parametrize("static", ["1", "0"])
def test_explorers_run(explorer, static, monkeypatch, capsys):
    monkeypatch.setitem(os.environ, "COURSE_STATIC", static)
    monkeypatch.setattr(plt, "show", lambda: None)
    explorer()
    assert "Error" not in capsys.readouterr().out
