"""Each figure shows what it was given."""

import inspect

import pytest

from course_utils import explorers
from course_utils.pictures import curves, style

EXPLORERS = [n for n, f in vars(explorers).items() if inspect.isfunction(f) and f.__module__ == explorers.__name__]
# `vote` takes trained networks: see test_u07_mnist_comparison.py
EXPLORERS = [n for n in EXPLORERS if not n.startswith("_") and n not in ("explore", "vote")]


def test_smooth_is_the_moving_mean():
    assert curves.smooth([1.0, 2.0, 6.0, 4.0], 2).tolist() == [1.5, 4.0, 5.0]


def test_loss_curves_label_each_curve_once():
    ax = curves.loss_curves({"a": [1.0] * 500, "b": [0.5, 0.0] * 100}, window=50, epochs=5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch"
    assert max(line.get_xdata().max() for line in ax.lines) <= 5
    raw = curves.loss_curves({"short": [3.0, 2.0]}, window=50)
    assert raw.lines[0].get_ydata().tolist() == [3.0, 2.0] and raw.get_xlabel() == "step"


def test_a_run_that_ended_early_keeps_its_place_on_the_axis():
    ax = curves.loss_curves({"whole": [1.0] * 500, "died": [1.0] * 100, "empty": []}, epochs=5)
    ends = {line.get_label(): line.get_xdata() for line in ax.lines if not line.get_label().startswith("_")}
    assert 4.5 < ends["whole"].max() <= 5 and 0.8 < ends["died"].max() <= 1 and len(ends["empty"]) == 0
    assert not curves.loss_curves({}, epochs=5).lines


def test_epoch_curves_hide_labels_that_begin_with_an_underscore():
    ax = curves.epoch_curves({"a": [3.0, 2.0], "_b": [2.0, 1.0]})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a"]
    assert ax.lines[1].get_xdata().tolist() == [1, 2]


def test_a_ninth_curve_begins_again():
    ax = curves.epoch_curves({str(i): [1.0, 2.0] for i in range(9)})
    looks = [(line.get_color(), line.get_linestyle()) for line in ax.lines]
    assert len(set(looks[:8])) == 8 and looks[8] == looks[0]


def test_colours_and_lines_tell_eight_curves_apart():
    assert len(set(style.COLOURS)) == len(set(map(str, style.LINES))) == 8


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
def test_every_control_of_an_explorer_works_live(name, monkeypatch):
    monkeypatch.delenv("COURSE_STATIC")
    monkeypatch.setattr("course_utils.explorables.is_possible", lambda: False)
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    getattr(explorers, name)()
    (box,) = shown
    *controls, picture = box.children
    assert controls and "<img" in picture.value
    seen = {picture.value}
    for control in controls:
        other = {"Text": "3, a", "Dropdown": getattr(control, "options", ("",))[-1], "FloatText": 1e9}
        control.value = other.get(type(control).__name__, getattr(control, "max", getattr(control, "options", [0])[-1]))
        seen.add(picture.value)
        assert "Traceback" not in picture.value
    assert len(seen) > 1
    if name in ("broadcast", "backward_steps"):
        assert any("<img" not in value and len(value) > 30 for value in seen), "bad input gets a sentence"
