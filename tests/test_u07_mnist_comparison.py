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
OF_THE_PAGE = ("SGD", "Momentum", "Adagrad", "RMSprop", "Adadelta", "Adam")
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
    assert titles == ["1 of 2 say 3" + ("" if d == 3 else f"; label {d}") for d in range(10)], "who wins, and the truth"


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
    assert [text.get_text() for text in ax.texts] == ["62.50 %", "100.00 %"]
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


# ---- results over rates, seeds and epochs


def test_the_sweep_says_which_rates_work():
    errors = {"SGD": {0.001: 30.0, 0.01: 12.0, 0.1: 9.0, 1.0: 90.0}, "Adam": {0.01: 8.0, 0.001: 5.5}}
    working = pictures.draw_sweep(errors, {"SGD": 0.001, "Adam": 0.001}, margin=4)
    assert working == {"SGD": [0.01, 0.1], "Adam": [0.001, 0.01]}
    top, bottom = plt.gcf().axes
    assert list(top.lines[2].get_xdata()) == [0.001, 0.01], "from low to high"
    diamonds = [(line.get_xdata()[0], line.get_ydata()[0]) for line in top.lines if line.get_marker() == "D"]
    assert diamonds == [(0.001, 30.0), (0.001, 5.5)]
    stars = [line.get_xdata()[0] for line in bottom.lines if line.get_marker() == "*"]
    assert stars == [0.1, 0.001] and len(bottom.patches) == 2
    for bar, (low, high) in zip(bottom.patches, [(0.01, 0.1), (0.001, 0.01)], strict=True):
        assert bar.get_x() < low and bar.get_x() + bar.get_width() > high


def test_published_losses_are_crosses_beside_our_line():
    pictures.draw_published({name: [2.0, 1.0] for name in "abcdef"}, {name: [3.0, 2.5] for name in "abcdef"})
    for ax, name in zip(plt.gcf().axes, "abcdef", strict=True):
        line, crosses = ax.lines
        assert (list(line.get_ydata()), list(crosses.get_ydata())) == (
            [2.0, 1.0],
            [3.0, 2.5],
        ) and ax.get_title() == name
        assert list(line.get_xdata()) == list(crosses.get_xdata()) == [1, 2] and crosses.get_marker() == "x"


def test_twins_lie_on_each_other():
    losses = [2.0, 1.5, 1.2, 1.0, 0.9]
    pictures.draw_twins(dict.fromkeys("abcdef", (losses, losses)))
    line, dots = plt.gcf().axes[3].lines
    assert (
        list(line.get_ydata()) == losses and list(dots.get_xdata()) == [0, 3] and list(dots.get_ydata()) == [2.0, 1.0]
    )


def test_differences_have_their_interval():
    ax = pictures.draw_differences({"a": torch.tensor([1.0, 2.0, 3.0])}, {"a": 0.5}, "Adam")
    (bar,) = ax.containers
    ((left, _), (right, _)) = bar.lines[2][0].get_segments()[0]
    assert (left, right) == pytest.approx((1.5, 2.5))
    assert [list(line.get_xdata()) for line in ax.lines if line.get_marker() == "o"] == [[1.0, 2.0, 3.0]]
    assert "Adam" in ax.get_xlabel() and ax.get_title().endswith("0 of 1 contain 0")
    ax = pictures.draw_differences({"a": torch.tensor([-1.0, 2.0]), "b": torch.ones(2)}, {"a": 0.6, "b": 0.1}, "Adam")
    assert ax.get_title().endswith("1 of 2 contain 0")
    heights = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"] and heights == [-0.22, 1 - 0.22]


def test_weights_are_pictures_with_zero_in_the_middle():
    pictures.draw_weights({"start": torch.linspace(-1, 3, 3 * 784).view(3, 784), "end": torch.ones(3, 784)}, columns=2)
    axes = plt.gcf().axes
    assert len(axes) == 4 and [ax.get_ylabel() for ax in axes] == ["start", "", "end", ""]
    for ax in axes:
        low, high = ax.images[0].get_clim()
        assert low == -high and ax.images[0].get_array().shape == (28, 28)
    assert axes[2].images[0].get_clim()[1] == 1
    first = axes[0].images[0].get_array()
    assert first[0, 0] == -1 and first[0, 1] > first[0, 0] and first[27, 27] == first.max()


def test_accuracies_of_the_study_stand_in_their_panels():
    rows = [row for row in lesson.study() if row["stage"] == "final"]
    pictures.draw_study_finals(rows)
    titles = ["batch size 64, constant rate", "batch size 64, cosine rate"]
    titles += ["batch size 512, constant rate", "batch size 512, cosine rate"]
    axes = plt.gcf().axes
    assert [ax.get_title() for ax in axes] == titles
    wanted = sorted(
        100 * row["test_accuracy"]
        for row in rows
        if (row["method"], row["batch_size"], row["schedule"]) == ("Adam", 512, "constant")
    )
    place = [label.get_text() for label in axes[2].get_yticklabels()].index("Adam")
    dots = [line for line in axes[2].lines if line.get_marker() == "o" and line.get_ydata()[0] == place]
    assert sorted(dots[0].get_xdata()) == pytest.approx(wanted) and len(wanted) == 10
    means = {text.xy[1]: text.get_text() for text in axes[2].texts}
    assert means[place] == f"{sum(wanted) / 10:.2f} %"
    assert axes[0].get_xlim() == axes[1].get_xlim() != axes[2].get_xlim() == axes[3].get_xlim()


def test_rates_of_the_study_stand_in_their_panels():
    rows = [row for row in lesson.study() if row["stage"] == "sweep"]
    lost = {**rows[0], "lr": 30.0, "validation_accuracy": math.nan}
    pictures.draw_study_rates([*rows, lost])
    ax = plt.gcf().axes[1]
    (curve,) = [line for line in ax.lines if line.get_label() == "Adam"]
    wanted = sorted(
        (row["lr"], 100 * (1 - row["validation_accuracy"]))
        for row in rows
        if (row["method"], row["batch_size"], row["schedule"]) == ("Adam", 64, "cosine")
    )
    assert list(zip(curve.get_xdata(), curve.get_ydata(), strict=True)) == wanted
    assert max(max(line.get_xdata()) for ax in plt.gcf().axes for line in ax.lines) == 10, (
        "what has no result is left out"
    )
    colours = {line.get_label(): line.get_color() for line in ax.lines}
    pictures.draw_sweep({m: {0.001: 5.0} for m in OF_THE_PAGE}, dict.fromkeys(OF_THE_PAGE, 0.001), margin=3)
    on_the_page = {line.get_label(): line.get_color() for line in plt.gcf().axes[0].lines[::2]}
    assert list(on_the_page) == list(OF_THE_PAGE) and on_the_page.items() <= colours.items(), "each keeps its colour"


# ---- what is read from files


def test_the_published_losses_are_those_of_the_lecture():
    published = lesson.published()
    assert list(published) == ["SGD", "Momentum", "Adagrad", "RMSprop", "Adadelta", "Adam"]
    assert all(len(losses) == 5 and losses[0] > losses[-1] > 0 for losses in published.values())
    assert published["SGD"][0] == 0.735301 and published["RMSprop"][4] == 0.085934


def test_the_study_is_whole():
    rows = lesson.study()
    finals = [row for row in rows if row["stage"] == "final"]
    assert len(finals) == 8 * 2 * 2 * 10 and {row["seed"] for row in finals} == set(range(1, 11))
    assert all(isinstance(row["lr"], float | int) and 0 < row["test_accuracy"] < 1 for row in finals)
    assert all(math.isnan(row["test_accuracy"]) and row["seed"] == 0 for row in rows if row["stage"] == "sweep")
    for row in finals:
        tried = [
            r
            for r in rows
            if r["stage"] == "sweep" and all(r[k] == row[k] for k in ("method", "batch_size", "schedule"))
        ]
        assert row["lr"] == max(tried, key=lambda r: (r["validation_accuracy"], -r["validation_loss"]))["lr"]
