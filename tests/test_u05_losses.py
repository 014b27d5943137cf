"""The pictures of unit 5: what they show, what they refuse, and how large a film may be."""

import itertools

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from course_utils import explorers
from course_utils.pictures import u05_losses as pictures

# ---- fits and regions


def test_the_grid_covers_the_data_row_by_row():
    x = torch.tensor([[0.0, 10.0], [1.0, 14.0]])
    area = pictures.grid(x, points=3)
    assert area.shape == (9, 2)
    assert area[0].tolist() == [-0.5, 9.5] and area[1].tolist() == [0.5, 9.5] and area[-1].tolist() == [1.5, 14.5]


def test_regions_are_drawn_where_they_belong():
    x = torch.tensor([[0.0, 10.0], [1.0, 14.0]])
    regions = (pictures.grid(x, points=5)[:, 1] > 12.1).long()
    ax = plt.subplots()[1]
    pictures.draw_regions(ax, x, torch.tensor([0, 1]), regions, title="t")
    picture = ax.images[0]
    assert picture.get_array().tolist()[0] == [0] * 5 and picture.get_array().tolist()[-1] == [1] * 5
    assert picture.origin == "lower" and list(picture.get_extent()) == [-0.5, 1.5, 9.5, 14.5]
    assert [line.get_label() for line in ax.lines] == ["class 0", "class 1"]


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_a_line_is_drawn_between_two_regions_and_none_inside_of_one(classes):
    x = torch.tensor([[0.0, 10.0], [1.0, 14.0]])
    area = pictures.grid(x, points=30)
    ax = plt.subplots()[1]
    pictures.draw_regions(ax, x, torch.tensor([0, 1]), ((area[:, 1] - 9.5) / 5 * classes).long().clamp(max=classes - 1))
    drawn = [y for line in ax.collections for path in line.get_paths() for y in path.vertices[:, 1]]
    borders = [9.5 + 5 * k / classes for k in range(1, classes)]
    assert all(min(abs(y - border) for border in borders) < 0.2 for y in drawn)
    assert all(any(abs(y - border) < 0.2 for y in drawn) for border in borders)
    assert bool(drawn) == (classes > 1)


def test_a_fit_has_data_and_curve():
    ax = plt.subplots()[1]
    x = torch.linspace(0, 1, 5).unsqueeze(1)
    pictures.draw_fit(ax, x, x**2, x, title="t")
    assert [line.get_label() for line in ax.lines] == ["data", "network"]
    assert ax.lines[1].get_ydata().tolist() == x.flatten().tolist()


def test_activation_curves_have_a_value_and_a_gradient():
    pictures.activation_curves()
    panels = {ax.get_title(): ax for ax in plt.gcf().axes}
    assert set(panels) == set(pictures.ACTIVATIONS)
    value, gradient = panels["sigmoid"].lines
    assert max(value.get_ydata()) < 1 and max(gradient.get_ydata()) == pytest.approx(0.25)


def test_the_logarithm_is_drawn_beside_the_square_with_their_slopes():
    left, right = pictures.draw_log_loss().axes
    p = torch.tensor(left.lines[0].get_xdata())
    drawn = [torch.tensor(line.get_ydata()) for ax in (left, right) for line in ax.lines]
    for got, wanted in zip(drawn, (-p.log(), (1 - p) ** 2, -1 / p, -2 * (1 - p)), strict=True):
        assert torch.allclose(got, wanted)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["−ln p", "(1 − p)²"]


@pytest.mark.parametrize(("sizes", "neuron"), [((3, 4, 2), 1), ((2, 5, 3, 1), 0), ((1, 8), 7)])
def test_a_network_has_a_line_for_each_weight_and_a_circle_for_each_neuron(sizes, neuron):
    ax = pictures.draw_network(sizes, neuron).axes[0]
    assert len(ax.lines) == sum(a * b for a, b in itertools.pairwise(sizes))
    shapes = [type(patch).__name__ for patch in ax.patches]
    assert shapes == ["Rectangle"] * sizes[0] + ["Circle"] * sum(sizes[1:])
    picked = [line.get_xydata() for line in ax.lines if line.get_color() == pictures.COLOURS[1]]
    (circle,) = [p for p in ax.patches if p.get_linewidth() > 2]
    assert len(picked) == sizes[0] and all(tuple(line[1]) == circle.center for line in picked)
    words = [text.get_text() for text in ax.texts]
    assert words[-1].startswith(f"$h_{neuron + 1} =") and words[-1].count("w_") == sizes[0]
    assert f"inputs\n{sizes[0]} numbers" in words and f"output layer\n{sizes[-1]} neurons" in words


def test_softmax_twice_has_its_floor_and_each_seed():
    accuracies = {"a": [0.9, 0.95], "b": [0.8, 0.7]}
    left, right = pictures.draw_softmax_twice({"a": [2.0] * 50, "b": [1.6] * 50}, accuracies).axes
    best = nn.CrossEntropyLoss()(torch.eye(10), torch.arange(10)).item()  # the second softmax gets 1 and nine zeros
    assert left.lines[-1].get_ydata()[0] == pytest.approx(best, abs=1e-6)
    assert left.texts[0].get_text() == f"{best:.2f}"
    assert [list(line.get_ydata()) for line in right.lines] == list(accuracies.values())
    assert [text.get_text() for text in right.texts] == ["mean\n0.93", "mean\n0.75"]
    low, high = right.get_ylim()
    assert low < 0.7 and high >= 0.95


def test_the_lowest_validation_loss_is_marked():
    training, validation = [3.0, 2.0, 1.0, 0.5], [3.0, 2.0, 1.5, 2.5]
    ax = pictures.draw_validation(training, validation, lowest=3).axes[0]
    assert [line.get_xydata().tolist() for line in ax.lines[:2]] == [
        [[float(i), v] for i, v in enumerate(values, 1)] for values in (training, validation)
    ]
    assert ax.lines[2].get_xydata().tolist() == [[3.0, 1.5]]
    assert ax.texts[0].get_text() == "lowest: 1.50\nat step 3" and ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]


def test_nine_classes_and_nine_labels_are_drawn():
    x, labels = torch.randn(18, 2), torch.arange(18) % 9
    pictures.draw_regions(plt.subplots()[1], x, labels, torch.arange(9))
    pictures.gradient_norms({str(i): [1.0, 0.1] for i in range(9)})
    assert len(plt.gca().lines) == 9


def test_gradient_norms_use_a_log_axis():
    pictures.gradient_norms({"a": [1.0, 0.1], "b": [1.0, 1e-6]})
    ax = plt.gca()
    assert ax.get_yscale() == "log" and [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]


# ---- the explorer


def test_losses_are_those_of_pytorch():
    x = torch.tensor([0.2, 0.7])
    for loss in pictures.LOSSES[:-1]:
        assert torch.allclose(pictures.loss_values(loss, x, 1).mean(), getattr(nn, loss)()(x, torch.ones(2)))
    scores = torch.tensor([[0.2, 0.0, 1.0]])
    assert torch.allclose(
        pictures.loss_values("CrossEntropyLoss", x, 1)[0], nn.CrossEntropyLoss()(scores, torch.tensor([1]))
    )


@pytest.mark.parametrize("loss", pictures.LOSSES)
@pytest.mark.parametrize("target", [0, 1])
def test_every_loss_is_drawn_at_every_place(loss, target):
    for prediction in (0.0, 0.3, 1.0) if loss == "BCELoss" else (-8.0, 0.0, 8.0):
        pictures.draw_loss(loss, prediction, target)
        left, right = plt.gcf().axes
        assert left.get_title().startswith("loss: ") and right.get_title().startswith("gradient: ")
        assert all("nan" not in ax.get_title() for ax in (left, right))
        plt.close("all")


def test_the_gradient_is_the_slope_of_the_loss():
    pictures.draw_loss("MSELoss", -5.0, 1)
    assert [ax.get_title() for ax in plt.gcf().axes] == ["loss: 36", "gradient: -12"]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (("MSE", 0.0, 1), "not one of"),
        (("MSELoss", 0.0, 2), "target"),
        (("MSELoss", float("nan"), 1), "from -8 to 8"),
        (("BCELoss", 1.5, 1), "a probability from 0 to 1"),
    ],
)
def test_impossible_states_are_named(state, word):
    with pytest.raises(ValueError, match=word):
        pictures.draw_loss(*state)


def test_static_explorer_shows_every_loss_that_is_known_there_once(monkeypatch):
    monkeypatch.setenv("COURSE_STATIC", "1")
    explorers.losses()
    titles = [plt.figure(n).get_suptitle() for n in plt.get_fignums()]
    assert [title.split(",")[0] for title in titles] == list(pictures.LOSSES[:-1])


def test_live_explorer_keeps_the_prediction_possible(monkeypatch):
    pytest.importorskip("ipywidgets")
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    kept = {}
    monkeypatch.setattr(explorers, "explore", lambda draw, controls, states: kept.update(controls=controls()))
    explorers.losses()
    loss, prediction, target = (kept["controls"][name] for name in ("loss", "prediction", "target"))
    for name in (*pictures.LOSSES, "BCELoss", "MSELoss"):
        loss.value = name
        pictures.draw_loss(loss.value, prediction.value, target.value)
    assert (prediction.min, prediction.max) == (-8.0, 8.0)
