"""The start of a notebook, the choice of a device, and what is said where torch and torchvision do not fit."""

import os
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
import torch

import course_utils
from course_utils import devices, environment
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
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )


def test_report_names_the_versions():
    result = run_python("-m", "course_utils")
    assert result.returncode == 0 and f"torch {environment.version('torch')}" in result.stdout


def test_a_broken_pair_gets_one_sentence(tmp_path):
    # what a torchvision for CUDA says beside a torch for the CPU, when it is imported
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
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
