"""The start of a notebook, its threads, the choice of a device, and what is said where torch and torchvision do not fit."""

import asyncio
import os
import runpy
import subprocess
import sys
import threading
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
import torch

import course_utils
from course_utils import devices, environment, explorers
from tools import ROOT


@pytest.fixture(autouse=True)
def keep_state():
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]), plt.rc_context():
        yield
    torch.set_num_threads(threads)


def test_setup_prints_one_line_and_seeds(capsys):
    course_utils.setup("02_autograd", seed=3)
    assert capsys.readouterr().out == "02_autograd is ready: seed 3, one thread.\n"
    assert torch.initial_seed() == 3 and torch.get_num_threads() == 1


def test_setup_does_not_guess_a_language():
    with pytest.raises(ValueError, match="'de'"):
        course_utils.setup("02_autograd", lang="de")


# ---- JupyterLab moves controls in another thread than that of the cells


def elsewhere(function):
    """Call a function in another thread, and wait for its end."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_ipython_shows_figures_in_the_main_thread_alone(monkeypatch):
    from IPython.core.events import EventManager, available_events

    events = EventManager(None, available_events)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(events=events))
    calls = []
    events.register("post_execute", lambda: calls.append("post_execute"))
    events.register("pre_run_cell", lambda info: calls.append(info))
    for _ in range(2):  # a second setup changes nothing
        course_utils.setup("02_autograd")
        elsewhere(lambda: (events.trigger("post_execute"), events.trigger("pre_run_cell", "a cell")))
        assert calls == ["a cell"]
        events.trigger("post_execute")
        assert calls == ["a cell", "post_execute"]
        calls.clear()


@pytest.fixture
def live(monkeypatch):
    """A function that shows an explorer with controls; it returns them, and the picture's widget."""
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    monkeypatch.setattr("course_utils.explorables.is_possible", lambda: False)
    pytest.importorskip("ipywidgets")

    def show(explorer, *arguments):
        shown = []
        monkeypatch.setattr("IPython.display.display", shown.append)
        explorer(*arguments)
        (box,) = shown
        return box.children

    return show


def test_moves_that_come_to_another_thread_are_drawn_after_the_cell_with_the_last_values(live):
    from ipywidgets import IntSlider

    calls = []

    def draw(a, b):
        calls.append((threading.current_thread(), a, b))
        plt.subplots()[1].plot([a, b])

    async def cell():
        a, b, picture = live(explorers.explore, draw, lambda: {"a": IntSlider(1), "b": IntSlider(2)}, [])
        first = picture.value
        cell_figure = plt.figure()

        def move():
            for value in range(10):
                a.value, b.value = value, 2 * value

        elsewhere(move)  # while the cell is running
        assert len(calls) == 1 and picture.value == first
        assert plt.gcf() is cell_figure
        for _ in range(5):
            await asyncio.sleep(0)
        assert picture.value != first
        elsewhere(lambda: (setattr(a, "value", 1), setattr(a, "value", 9)))  # moved, and moved back
        await asyncio.sleep(0)
        assert plt.gcf() is cell_figure and not cell_figure.axes

    asyncio.run(cell())
    assert calls == [(threading.main_thread(), 1, 2), (threading.main_thread(), 9, 18)]


@pytest.mark.parametrize(
    ("explorer", "drawing"), [("playground", "unit6.draw_playground"), ("losses", "unit5.draw_loss")]
)
def test_a_control_that_moves_others_gets_one_picture_of_the_last_state(explorer, drawing, live, monkeypatch):
    calls = []
    monkeypatch.setattr(f"course_utils.explorers.{drawing}", lambda **settings: calls.append(settings))
    leader, *others, _ = live(getattr(explorers, explorer))
    for choice in reversed(leader.options):
        calls.clear()
        leader.value = choice
        assert [list(call.values()) for call in calls] == [[choice, *(control.value for control in others)]]
    assert all(getattr(control, "continuous_update", True) for control in others), "sliders draw while they are dragged"
    calls.clear()
    next(control for control in others if type(control).__name__ == "FloatSlider").value += 1e-15  # as browsers round
    assert calls == [], "the same state needs no new picture"


def test_bad_input_gets_its_sentence_and_a_picture_its_settings_in_words(live):
    shape, _, picture = live(explorers.broadcast)
    assert 'alt="a = 3, 1, b = 4"' in picture.value
    shape.value = "3, <b>"
    assert "'3, <b>'" not in picture.value and "&lt;b&gt;" in picture.value and "<img" not in picture.value
    assert not plt.get_fignums()


# ---- the device


def test_device_of_the_environment(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert devices.pick_device() == torch.device("cpu")
    for nonsense in ("toaster", "cpu:x", "xpu:99", "meta?"):
        monkeypatch.setenv("COURSE_DEVICE", nonsense)
        with pytest.raises(ValueError, match="COURSE_DEVICE is"):
            devices.pick_device()


def test_a_cuda_build_without_a_driver_gives_the_cpu(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    assert course_utils.pick_device() == torch.device("cpu")


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_the_accelerator_that_is_there(kind, monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device(kind))
    monkeypatch.setattr(devices, "_works", lambda device: device.type == kind)
    assert course_utils.pick_device() == torch.device(kind)


def test_an_accelerator_that_does_not_work_is_not_chosen(monkeypatch, capsys):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("xpu"))
    assert course_utils.pick_device() == torch.device("cpu")
    assert capsys.readouterr().out.count("\n") == 1


def run_python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, encoding="utf-8"
    )


def test_report_names_the_versions(capsys):
    runpy.run_module("course_utils", run_name="__main__")
    assert f"torch {environment.version('torch')}" in capsys.readouterr().out


def test_a_broken_pair_gets_one_sentence(tmp_path):
    # what a torchvision for CUDA says beside a torch for the CPU, when it is imported
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n", encoding="utf-8"
    )
    for code in ("-m course_utils", "-c from course_utils import data; data.MNIST(train=True)"):
        flag, argument = code.split(" ", 1)
        result = run_python(flag, argument, PYTHONPATH=str(tmp_path), COURSE_OFFLINE="1")
        last = result.stderr.strip().splitlines()[-1]
        assert result.returncode == 1
        assert "operator torchvision::nms does not exist" in last and "pip install" in last


def test_import_is_light():
    heavy = "torchvision matplotlib ipywidgets pooch networkx IPython pandas scipy"
    code = f"import sys, course_utils; print([m for m in {heavy.split()} if m in sys.modules])"
    assert run_python("-c", code).stdout.strip() == "[]"
    everything = (
        "from course_utils import data, devices, optimizers, training; data.MIRRORS = (); data.load_mnist(False)"
    )
    shown = run_python(
        "-c", code.replace("course_utils;", f"course_utils; {everything};"), COURSE_MNIST="nowhere"
    ).stdout
    assert shown.splitlines()[-1] == "[]", "not even the addresses of MNIST need torchvision"
