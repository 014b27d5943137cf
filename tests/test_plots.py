"""Each figure shows what it was given."""

import inspect

import pytest
import torch

from course_utils import explorers, plots

EXPLORERS = [n for n, f in vars(explorers).items() if inspect.isfunction(f) and f.__module__ == explorers.__name__]
# `vote` takes trained networks: see test_drawing.py
EXPLORERS = [n for n in EXPLORERS if not n.startswith("_") and n not in ("explore", "vote")]


def test_smooth_is_the_moving_mean():
    assert plots.smooth([1.0, 2.0, 6.0, 4.0], 2).tolist() == [1.5, 4.0, 5.0]


def test_loss_curves_label_each_curve_once():
    ax = plots.loss_curves({"a": [1.0] * 500, "b": [0.5, 0.0] * 100}, window=50, epochs=5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch"
    assert max(line.get_xdata().max() for line in ax.lines) <= 5
    raw = plots.loss_curves({"short": [3.0, 2.0]}, window=50)
    assert raw.lines[0].get_ydata().tolist() == [3.0, 2.0] and raw.get_xlabel() == "step"


def test_epoch_curves_hide_labels_that_begin_with_an_underscore():
    ax = plots.epoch_curves({"a": [3.0, 2.0], "_b": [2.0, 1.0]})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a"]
    assert ax.lines[1].get_xdata().tolist() == [1, 2]


def test_accuracies_in_percent():
    ax = plots.accuracies({"a": [0.5, 0.75], "b": [1.0]})
    assert [text.get_text() for text in ax.texts] == ["62.5 %", "100.0 %"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_confusion_matrix_has_true_rows_and_predicted_columns():
    labels, predictions = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 0])
    assert plots.confusion_matrix(labels, predictions, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    ax = plots.confusion(labels, predictions, 3)
    shown = {tuple(map(int, text.get_position()[::-1])): text.get_text() for text in ax.texts}
    assert shown == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 0): "1"}


def test_images_fill_a_grid():
    figure = plots.images(torch.zeros(12, 4, 4), [str(i) for i in range(12)], columns=5)
    assert len(figure.axes) == 15 and figure.axes[11].get_title() == "11" and not figure.axes[14].images


def test_colours_and_lines_tell_eight_curves_apart():
    assert len(set(plots.COLOURS)) == len(set(map(str, plots.LINES))) == 8


def test_an_explorer_shows_its_states_and_a_sentence_for_bad_input(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STATIC", "1")
    drawn = []

    def draw(value):
        if value < 0:
            raise ValueError("value is negative. Use 0 or more.")
        drawn.append(value)

    explorers.explore(draw, dict, [{"value": 1}, {"value": -1}, {"value": 2}])
    assert drawn == [1, 2] and capsys.readouterr().out == "value is negative. Use 0 or more.\n"


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_control_of_an_explorer_works_live(name, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_STATIC")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    getattr(explorers, name)()
    (box,) = shown
    *controls, output = box.children
    assert controls and type(output).__name__ == "Output"
    for control in controls:
        other = {"Text": "3, a", "Dropdown": getattr(control, "options", ("",))[-1], "FloatText": 1e9}
        control.value = other.get(type(control).__name__, getattr(control, "max", 0))
    bad = {"broadcast", "backward_steps"}
    said = capsys.readouterr().out
    assert "Traceback" not in said and (name not in bad or said.count("\n") >= 1), "bad input gets a sentence"
