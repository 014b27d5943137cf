"""Two processes train as one does, and where one dies the run ends. Each test starts real processes on this machine."""

import os
import subprocess
import sys

import nbformat
import pytest
import torch
from torch import nn

import course_utils
from course_utils import checkpoints
from course_utils.lessons.u07_mnist_comparison import network
from tools import ROOT

DIES = """
import os, runpy, signal
if os.environ["RANK"] == "1":  # at batch 60 of many, in the middle of epoch 3
    import torch.distributed as dist
    reduce, count = dist.all_reduce, 0
    def all_reduce(tensor):
        global count
        count += 1
        if count == 60:
            os.kill(os.getpid(), signal.SIGKILL)
        reduce(tensor)
    dist.all_reduce = all_reduce
runpy.run_module("course_utils.lessons.u03_distributed", run_name="__main__")
"""


# https://github.com/pytorch/pytorch/issues/148283: torchrun does not read USE_LIBUV=0 either
torchrun = pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows lacks libuv, which torchrun needs")


def start(processes, *arguments, module=("-m", "course_utils.lessons.u03_distributed"), timeout=120):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    # CUDA_VISIBLE_DEVICES: the same path, gloo, on a machine with GPUs
    settings = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [*command, *module, *arguments],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, encoding="utf-8", timeout=timeout,
    )  # fmt: skip


def state(path):
    model = network()
    return checkpoints.load(path, model), nn.utils.parameters_to_vector(model.parameters())


@torchrun
def test_two_processes_with_half_the_batch_are_one_with_the_whole(tmp_path):
    runs = {}
    for processes in (1, 2):
        path = tmp_path / f"{processes}.pt"
        done = start(processes, "--epochs", "2", "--checkpoint", str(path))
        assert done.returncode == 0, done.stderr
        assert done.stderr == "" or sys.platform == "darwin", done.stderr  # there, PyTorch has notes of its own
        runs[processes] = (*state(path), done.stdout)
    (one, weights, text), (two, others, same_text) = runs[1], runs[2]
    assert text == same_text and text.count("epoch") == 2
    assert one["epoch"] == two["epoch"] == 2 and len(one["losses"]) == len(two["losses"]) == 2 * 23
    for a, b in zip(one["losses"], two["losses"], strict=True):
        assert b == pytest.approx(a, rel=1e-5)
    assert one["losses"][-1] < one["losses"][0] / 2
    assert torch.allclose(weights, others, rtol=1e-4, atol=1e-6)


@torchrun
def test_a_dead_worker_ends_the_run(tmp_path):
    script, path = tmp_path / "dies.py", tmp_path / "run.pt"
    script.write_text(DIES, encoding="utf-8")
    done = start(2, "--epochs", "100000", "--checkpoint", str(path), module=(str(script),), timeout=60)
    assert done.returncode != 0 and "SIGKILL" in done.stderr + done.stdout
    assert done.stdout.count("epoch") == 2
    extra, _ = state(path)  # the checkpoint of the last whole epoch can be loaded
    assert extra["epoch"] == 2 and len(extra["losses"]) == 2 * 23


@pytest.mark.parametrize("arguments", [["--batch-size", "7"], ["--batch-size", "0"], ["--epochs", "0"]])
def test_bad_settings_get_one_sentence(arguments):
    settings = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "course_utils.lessons.u03_distributed", *arguments],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and "a multiple of 2" in done.stderr and "Traceback" not in done.stderr


def test_without_torchrun_it_says_what_to_start():
    settings = {key: value for key, value in os.environ.items() if key != "RANK"}
    command = [sys.executable, "-m", "course_utils.lessons.u03_distributed"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "torchrun --standalone" in done.stderr


def test_on_windows_the_notebook_says_that_it_cannot(monkeypatch, capsys):
    cells = {cell.id: cell.source for cell in nbformat.read(ROOT / "notebooks/03_gpu.ipynb", as_version=4).cells}
    monkeypatch.setattr(sys, "platform", "win32")
    names = {"course_utils": course_utils, "torch": torch, "nn": nn}
    exec(cells["torchrun"], names)
    exec(cells["same"], names)
    assert capsys.readouterr().out == "PyTorch for Windows lacks libuv, which torchrun needs, so nothing ran.\n"
    assert "On Windows" in cells["torchrun-text"]


def test_the_script_is_short():
    assert len((ROOT / "course_utils/lessons/u03_distributed.py").read_text(encoding="utf-8").splitlines()) <= 60
