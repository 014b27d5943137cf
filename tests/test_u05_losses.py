"""The pictures of unit 5: what they show, what they refuse, and how large a film may be."""

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


def test_static_explorer_shows_every_loss_once(monkeypatch):
    monkeypatch.setenv("COURSE_STATIC", "1")
    explorers.losses()
    titles = [plt.figure(n).get_suptitle() for n in plt.get_fignums()]
    assert [title.split(",")[0] for title in titles] == list(pictures.LOSSES)


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
