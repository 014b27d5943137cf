"""Two processes train as one does, and where one dies the run ends. Each test starts real processes on this machine."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

import course_utils
from course_utils import checkpoints, data
from course_utils.lessons.u07_mnist_comparison import network
from tools import ROOT

SCRIPT = str(ROOT / "course_utils/lessons/u03_distributed.py")
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


def trained_alone(epochs):
    """Return the losses and the weights of the same training without any processes but this one."""
    images, labels = data.load_digits(train=True)
    x, losses = ((images.float() / 255 - 0.5) / 0.5).flatten(1), []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(epoch))
        for indices in order.split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[indices]), labels[indices])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, nn.utils.parameters_to_vector(model.parameters())


@torchrun
def test_two_processes_with_half_the_batch_are_one_with_the_whole(tmp_path):
    done = start(2, "--epochs", "2", "--checkpoint", str(tmp_path / "two.pt"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" or sys.platform == "darwin", done.stderr  # there, PyTorch has notes of its own
    extra, weights = state(tmp_path / "two.pt")
    losses, wanted = trained_alone(epochs=2)
    assert extra["epoch"] == 2 and len(losses) == 2 * 23 and losses[-1] < losses[0] / 2
    assert extra["losses"] == pytest.approx(losses, rel=1e-5)
    assert torch.allclose(weights, wanted, rtol=1e-4, atol=1e-6)
    means = [sum(losses[k : k + 23]) / 23 for k in (0, 23)]
    assert done.stdout.splitlines() == [f"epoch {k}: loss {mean:.2f}" for k, mean in enumerate(means, start=1)]


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
def test_bad_settings_get_one_sentence(arguments, monkeypatch):
    for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["u03_distributed", *arguments])
    with pytest.raises(SystemExit, match=r"a multiple of 2, .*\.$"):
        runpy.run_path(SCRIPT, run_name="__main__")


def test_without_torchrun_it_says_what_to_start(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(SystemExit, match=r"^Start it with torchrun, .*: torchrun --standalone .*distributed$"):
        runpy.run_path(SCRIPT, run_name="__main__")


def test_on_windows_the_notebook_says_that_it_cannot(monkeypatch, capsys):
    cells = {cell.id: cell.source for cell in nbformat.read(ROOT / "notebooks/03_gpu.ipynb", as_version=4).cells}
    monkeypatch.setattr(sys, "platform", "win32")
    names = {"course_utils": course_utils, "torch": torch, "nn": nn}
    exec(cells["torchrun"], names)
    exec(cells["same"], names)
    assert capsys.readouterr().out == "PyTorch for Windows lacks libuv, which torchrun needs, so nothing ran.\n"
    assert "On Windows" in cells["torchrun-text"]


def test_the_script_is_short():
    assert len(Path(SCRIPT).read_text(encoding="utf-8").splitlines()) <= 60
