"""The drawing pad: strokes become images as those of MNIST, and every network has its vote."""

import math

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from course_utils import data, explorers
from course_utils.lessons import u07_mnist_comparison as lesson
from course_utils.pictures import u07_mnist_comparison as pictures

ONE = [[(0.5, 0.1 + 0.1 * i) for i in range(9)]]
ZERO = [[(0.5 + 0.2 * math.sin(i / 4), 0.5 - 0.35 * math.cos(i / 4)) for i in range(26)]]
FOUR = [[(0.3, 0.1), (0.2, 0.5), (0.8, 0.5)], [(0.6, 0.2), (0.6, 0.9)]]


class Says(nn.Module):
    """A network that is always sure of one digit."""

    def __init__(self, digit):
        super().__init__()
        self.digit = digit

    def forward(self, x):
        assert x.min() >= -1 and x.max() <= 1 and x.shape[1] == 784
        return torch.nn.functional.one_hot(torch.full((len(x),), self.digit), 10) * 50.0


def centre(image):
    weights, places = image.double(), torch.arange(28) + 0.5
    return [((weights.sum(dim=axis) * places).sum() / weights.sum()).item() for axis in (0, 1)]


@pytest.mark.parametrize("strokes", [ONE, ZERO, FOUR], ids=["one", "zero", "four"])
def test_an_image_is_scaled_and_centred_like_those_of_mnist(strokes):
    image = lesson.to_image(strokes)
    assert image.shape == (28, 28) and image.dtype == torch.uint8 and image.max() == 255
    rows, columns = image.any(dim=1).nonzero(), image.any(dim=0).nonzero()
    height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
    assert 20 <= max(height, width) <= 22, "the box is 20 pixels, with a soft edge"
    assert centre(image) == pytest.approx([14, 14], abs=0.2)


def test_place_and_size_of_the_drawing_do_not_count():
    small = [[(0.1 + 0.3 * x, 0.6 + 0.3 * y) for x, y in stroke] for stroke in FOUR]
    assert (lesson.to_image(small).int() - lesson.to_image(FOUR).int()).abs().max() <= 1


def test_the_lines_are_as_thick_as_those_of_mnist():
    images, labels = data.load_digits(train=False)
    ink = images[labels == 0].double().mean().item()
    assert 0.5 * ink < lesson.to_image(ZERO).double().mean().item() < 1.2 * ink


def test_a_dot_and_an_empty_stroke_are_drawn():
    assert 1 <= (lesson.to_image([[], [(0.9, 0.9)]]) > 0).sum() <= 16


@pytest.mark.parametrize("strokes", [[], [[]], None, 3, "ab", [[(1,)]], [["x"]], [[(0.5, float("nan"))]]], ids=repr)
def test_what_is_no_drawing_gets_one_sentence(strokes):
    with pytest.raises(ValueError, match=r"draw|Draw"):
        lesson.to_image(strokes)


def test_the_votes_are_counted(capsys):
    models = {"a": Says(3), "b": Says(3), "c": Says(5)}
    pictures.draw_votes(models, lesson.to_image(FOUR))
    left, right = plt.gcf().axes
    assert left.images[0].get_array().max() == 255
    assert capsys.readouterr().out == "2 of 3 networks say 3.\n"
    heights = {round(bar.get_x() + 0.4): 0 for bar in right.patches}
    for bar in right.patches:
        heights[round(bar.get_x() + 0.4)] += bar.get_height()
    assert heights[3] == pytest.approx(2, abs=1e-6) and heights[5] == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="no network"):
        pictures.draw_votes({}, lesson.to_image(FOUR))


def test_static_is_a_gallery_of_ten_digits(monkeypatch):
    monkeypatch.setenv("COURSE_STATIC", "1")
    explorers.vote({"a": Says(3), "b": Says(5)}, *data.load_digits(train=False))
    titles = [ax.get_title() for ax in plt.gcf().axes if ax.images]
    assert titles == [f"{int(d in (3, 5))} of 2 say {d}" for d in range(10)]


def test_live_every_stroke_is_put_to_the_vote(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    taken = {}
    monkeypatch.setattr(explorers, "explore", lambda draw, controls, states: taken.update(draw=draw, **controls()))
    explorers.vote({"a": Says(4)}, *data.load_digits(train=False))
    assert taken["strokes"].value == [], "the pad is empty at first"
    with pytest.raises(ValueError, match="Draw a digit"):
        taken["draw"]([])
    taken["draw"](FOUR)
    assert capsys.readouterr().out == "1 of 1 networks say 4.\n"


def test_without_anywidget_the_gallery_stands_in(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    monkeypatch.setattr(explorers.importlib.util, "find_spec", lambda name: None)
    explorers.vote({"a": Says(4)}, *data.load_digits(train=False))
    assert len(plt.gcf().axes) == 20 and "anywidget" in capsys.readouterr().out


# ---- accuracies and mistakes


def test_accuracies_in_percent():
    ax = pictures.accuracies({"a": [0.5, 0.75], "b": [1.0]})
    assert [text.get_text() for text in ax.texts] == ["62.5 %", "100.0 %"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_confusion_matrix_has_true_rows_and_predicted_columns():
    labels, predictions = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 0])
    assert pictures.confusion_matrix(labels, predictions, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    ax = pictures.confusion(labels, predictions, 3)
    shown = {tuple(map(int, text.get_position()[::-1])): text.get_text() for text in ax.texts}
    assert shown == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 0): "1"}


def test_images_fill_a_grid():
    figure = pictures.images(torch.zeros(12, 4, 4), [str(i) for i in range(12)], columns=5)
    assert len(figure.axes) == 15 and figure.axes[11].get_title() == "11" and not figure.axes[14].images
