"""Pictures show the data that they are given (more in the tests of each unit); each control of an explorer changes one."""

import inspect
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_utils import explorers
from course_utils.pictures import curves, films, style, u03_gpu, u05_losses, u07_mnist_comparison

EXPLORERS = [
    name
    for name, function in inspect.getmembers(explorers, inspect.isfunction)
    if function.__module__ == explorers.__name__ and not name.startswith("_") and name != "explore"
    if not inspect.signature(function).parameters
]


class Leans(torch.nn.Module):
    """A network whose scores are the first ten pixels of its input."""

    def forward(self, x):
        return x[:, :10] * 5


# ---- what all units share


def test_curves_are_the_losses():
    losses = [8.0, 4.0, 2.0, 1.0]
    for ax, first in ((curves.epoch_curves({"a": losses}), 1), (curves.loss_curves({"a": losses}), 0)):
        assert ax.lines[0].get_xydata().tolist() == [[float(i), v] for i, v in enumerate(losses, first)]
    falling = [2.0**-i for i in range(40)]
    raw, mean = curves.loss_curves({"a": falling}, window=3).lines
    assert raw.get_ydata() == pytest.approx(np.maximum(falling, 1e-6))
    assert mean.get_xydata()[:2].tolist() == [[1.0, 1.75 / 3], [2.0, 0.875 / 3]]


def test_a_film_shows_its_frames(monkeypatch):
    monkeypatch.setenv("COURSE_STATIC", "1")
    films.animate(lambda ax, frame: ax.plot([0, frame]), [3, 5, 7])
    assert [list(ax.lines[0].get_ydata()) for ax in plt.gcf().axes] == [[0, 3], [0, 5], [0, 7]]
    page = films.player(lambda ax, frame: ax.plot([0, frame]), [3, 5], interval=100).strip()
    assert page.endswith("</script>") and page.count("data:image/png") == 2


def test_the_style_is_set():
    with plt.rc_context():
        plt.rcdefaults()
        before = dict(plt.rcParams)
        style.use_style()
        changed = {name for name, value in plt.rcParams.items() if before[name] != value}
        assert {"figure.facecolor", "savefig.facecolor", "axes.prop_cycle", "axes.grid", "image.cmap"} <= changed
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(style.COLOURS)
    looks = style.curve_styles()
    first = [next(looks) for _ in range(9)]
    assert [look["color"] for look in first] == [*style.COLOURS, style.COLOURS[0]]


# ---- unit 3


def test_each_part_of_a_chip_carries_its_own_name():
    for ax in u03_gpu.chips().axes:
        assert ax.texts
        for text in ax.texts:
            x, y = text.get_position()
            (block,) = [p for p in ax.patches if p.contains_point(ax.transData.transform((x, y)), radius=0)]
            look = next((n for n, part in u03_gpu.PARTS.items() if part.get("hatch") == block.get_hatch()), None)
            word = text.get_text().split(",")[0]
            assert word == "memory" or look.startswith(word), f"{word} stands on {look}"


# ---- unit 5


def test_activation_curves_are_the_functions():
    u05_losses.activation_curves()
    for ax in plt.gcf().axes:
        x = torch.tensor(ax.lines[0].get_xdata(), requires_grad=True)
        y = u05_losses.ACTIVATIONS[ax.get_title()](x)
        (slope,) = torch.autograd.grad(y.sum(), x)
        for line, wanted in zip(ax.lines, (y.detach(), slope), strict=True):
            assert torch.allclose(torch.tensor(line.get_ydata()), wanted)


def test_each_layer_has_its_own_norm():
    norms = {"a": [1.0, 0.1, 0.5], "b": [3.0, 1e-6, 2.0]}
    u05_losses.gradient_norms(norms)
    shown = {line.get_label(): line.get_xydata().tolist() for line in plt.gca().lines}
    assert shown == {label: [[float(i), v] for i, v in enumerate(values, 1)] for label, values in norms.items()}


@pytest.mark.parametrize("loss", u05_losses.LOSSES)
def test_a_loss_is_drawn_over_the_prediction(loss):
    u05_losses.draw_loss(loss, 0.25, 1)
    x = torch.tensor(plt.gcf().axes[0].lines[0].get_xdata(), requires_grad=True)
    at = torch.tensor([0.25], dtype=torch.float64, requires_grad=True)
    for place, number in ((x, 0), (at, 1)):
        value = u05_losses.loss_values(loss, place, 1)
        (slope,) = torch.autograd.grad(value.sum(), place)
        for ax, wanted in zip(plt.gcf().axes, (value.detach(), slope), strict=True):
            assert torch.allclose(torch.tensor(np.asarray(ax.lines[number].get_ydata(), dtype=float)), wanted)
    assert [list(ax.lines[1].get_xdata()) for ax in plt.gcf().axes] == [[0.25], [0.25]]


# ---- unit 7


def test_the_colour_of_a_confusion_shows_the_mistakes():
    labels, predictions = torch.tensor([0, 0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 1, 2, 0])
    ax = u07_mnist_comparison.confusion(labels, predictions, 3)
    assert ax.images[0].get_array().tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_images_stand_in_their_order():
    pictures = torch.arange(3 * 4).view(3, 2, 2)
    figure = u07_mnist_comparison.images(pictures, "abc", columns=2)
    for ax, picture, title in zip(figure.axes, pictures, "abc", strict=False):
        assert np.array_equal(ax.images[0].get_array(), picture) and ax.get_title() == title


def drawing(digit):
    """An image whose first row says a digit to the network above."""
    image = torch.zeros(28, 28, dtype=torch.uint8)
    image[0, digit], image[5, 3] = 255, 200
    return image


def probabilities(digit):
    """What the network above says to that image."""
    scores = torch.full((10,), -5.0)
    scores[digit] = 5.0
    return scores.softmax(dim=0)


def test_a_vote_shows_the_image_and_each_probability(capsys):
    u07_mnist_comparison.draw_votes({"a": Leans(), "b": Leans()}, drawing(7))
    left, right = plt.gcf().axes
    assert np.array_equal(left.images[0].get_array(), drawing(7))
    assert [bars.get_label() for bars in right.containers] == ["a", "b"]
    for k, bars in enumerate(right.containers):
        heights = torch.tensor([bar.get_height() for bar in bars])
        assert torch.allclose(heights.float(), probabilities(7), atol=1e-6)
        bottoms = torch.tensor([bar.get_y() for bar in bars])
        assert torch.allclose(bottoms.float(), k * probabilities(7), atol=1e-6)
        assert [round(bar.get_x() + bar.get_width() / 2) for bar in bars] == list(range(10))
    assert capsys.readouterr().out == "2 of 2 networks say 7.\n"


def test_a_gallery_has_each_digit_above_its_votes():
    labels = torch.tensor([*range(9, -1, -1), 3])
    images = torch.stack([drawing(digit) for digit in labels.tolist()])
    u07_mnist_comparison.gallery({"a": Leans()}, images, labels)
    axes = plt.gcf().axes
    for digit in range(10):
        row, column = divmod(digit, 5)
        picture, bars = axes[10 * row + column], axes[10 * row + 5 + column]
        assert np.array_equal(picture.images[0].get_array(), drawing(digit))
        assert picture.get_title() == f"1 of 1 say {digit}"
        heights = torch.tensor([bar.get_height() for bar in bars.containers[0]])
        assert torch.allclose(heights.float(), probabilities(digit), atol=1e-6)


# ---- the explorers


def other_value(control):
    """A value that a control does not have now."""
    match type(control).__name__:
        case "Checkbox":
            return not control.value
        case "Text":
            return "5, 1"
        case "Dropdown" | "SelectionSlider":
            return next(option for option in control.options if option != control.value)
        case "FloatText":
            return control.value + 1
    return control.min if control.value != control.min else control.max


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_changes_the_picture_that_the_explorer_opens_with(name, monkeypatch):
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    monkeypatch.setattr("course_utils.explorables.is_possible", lambda: False)
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    number, count = 0, 1
    while number < count:
        getattr(explorers, name)()
        *controls, output = shown.pop().children
        first, count = re.search(r'src="([^"]+)"', output.value)[1], len(controls)
        controls[number].value = other_value(controls[number])
        second = re.search(r'src="([^"]+)"', output.value)[1]
        assert second != first, f"{controls[number].description} has no effect"
        number += 1
    assert count > 1
