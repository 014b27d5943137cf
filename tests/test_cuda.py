"""What a GPU computes equals what the CPU computes, within rounding: the main computation of every unit.

``pytest -m cuda`` runs it on a machine with a CUDA GPU. Elsewhere each body runs on the CPU against itself, so that the code is
known to work, and the part that needs the GPU is skipped with a reason.
"""

import copy
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from course_utils import checkpoints, data, devices, optimizers, training
from course_utils.lessons import u03_recording as recording
from course_utils.lessons.u07_mnist_comparison import network
from tools import ROOT

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU on this machine")
on_both = pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=[pytest.mark.cuda, needs_gpu])], indirect=True
)

MAKERS = {
    "SGD": lambda p: optimizers.SGD(p, 0.01),
    "Momentum": lambda p: optimizers.Momentum(p, 0.01),
    "Nesterov": lambda p: optimizers.Nesterov(p, 0.01),
    "Adagrad": lambda p: optimizers.Adagrad(p, 0.01),
    "RMSprop": lambda p: optimizers.RMSprop(p, 0.001),
    "Adadelta": lambda p: optimizers.Adadelta(p),
    "Adam": lambda p: optimizers.Adam(p, 0.001),
    "AdamW": lambda p: optimizers.AdamW(p, 0.001),
}


@pytest.fixture
def device(request):
    """The device to compare with the CPU; products in float32 without tf32 while the test runs."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield torch.device(request.param)
    torch.set_float32_matmul_precision(before)


def digits():
    images, labels = data.load_digits(train=True)
    return ((images.double() / 255 - 0.5) / 0.5).flatten(1), labels


def same(got, wanted, rtol=1e-5, atol=1e-6):
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    assert torch.allclose(got.cpu(), wanted, rtol=rtol, atol=atol)


@on_both
def test_unit_1_tensors(device):
    torch.manual_seed(1)
    a, b = torch.randn(64, 48), torch.randn(48, 32)
    x, y = a.to(device), b.to(device)
    same(x @ y, a @ b, rtol=1e-4, atol=1e-5)
    same(x + y[:, 0], a + b[:, 0])
    same(x.sum(dim=0), a.sum(dim=0), rtol=1e-4, atol=1e-5)
    same(x.T.reshape(64, 48)[::2, [0, 5]], a.T.reshape(64, 48)[::2, [0, 5]])
    same(torch.where(x > 0, x, x.exp()), torch.where(a > 0, a, a.exp()))
    assert torch.equal(x.argmax(dim=1).cpu(), a.argmax(dim=1))


@on_both
def test_unit_2_gradients(device):
    torch.manual_seed(2)
    start = torch.randn(5, 4, dtype=torch.float64)
    gradients = {}
    for name, place in (("cpu", torch.device("cpu")), ("there", device)):
        x = start.clone().to(place).requires_grad_()  # a leaf of its own on each device
        (torch.sin(x).exp().sum(dim=1) ** 2).mean().backward()
        gradients[name] = x.grad
    assert gradients["there"].device.type == device.type
    same(gradients["there"], gradients["cpu"], rtol=1e-10, atol=1e-12)


@on_both
def test_unit_3_timing_and_recording(device):
    matrix = torch.rand(64, 64, device=device)
    assert devices.seconds(lambda: matrix @ matrix, device, passes=2) > 0
    results = recording.measure(device, sizes=(32, 64), passes=1)
    assert results["driver"] and results["precision"]["float32"]["error"] < 1e-5
    assert ("tf32" in results["precision"]) == ("pinned" in results["transfer"]) == (device.type == "cuda")
    assert results["precision"]["bfloat16"]["error"] < 0.05


@on_both
def test_unit_3_mixed_precision(device):
    losses = []
    x, y = (t.to(device) for t in digits())
    for low in (None, torch.bfloat16):
        net = network().to(device)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(20):
            optimizer.zero_grad()
            with torch.autocast(device_type=device.type, dtype=low, enabled=low is not None):
                loss = nn.functional.cross_entropy(net(x[:256].float()), y[:256])
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert abs(losses[0] - losses[1]) < 0.05 * losses[0]


@on_both
def test_unit_4_batches(device):
    x, y = digits()
    batches = [
        list(data.TensorBatches(a, b, 100, generator=torch.Generator().manual_seed(4)))
        for a, b in ((x, y), (x.to(device), y.to(device)))
    ]
    assert len(batches[0]) == len(batches[1])
    for (a, b), (c, d) in zip(*batches, strict=True):
        assert c.device.type == device.type and torch.equal(a, c.cpu()) and torch.equal(b, d.cpu())


LOSSES = {
    "MSELoss": (nn.MSELoss(), lambda z: z),
    "L1Loss": (nn.L1Loss(), lambda z: z),
    "HuberLoss": (nn.HuberLoss(), lambda z: z),
    "BCELoss": (nn.BCELoss(), torch.sigmoid),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(), lambda z: z),
}


@on_both
@pytest.mark.parametrize("name", [*LOSSES, "CrossEntropyLoss"])
def test_unit_5_losses(name, device):
    torch.manual_seed(5)
    scores, labels = torch.randn(50, 4, dtype=torch.float64), torch.randint(4, (50,))
    one_hot = nn.functional.one_hot(labels, 4).double()
    loss_fn, squash = LOSSES.get(name, (nn.CrossEntropyLoss(), lambda z: z))
    target = labels if name == "CrossEntropyLoss" else one_hot
    results = []
    for place in (torch.device("cpu"), device):
        z = scores.clone().to(place).requires_grad_()
        loss = loss_fn(squash(z), target.to(place))
        loss.backward()
        results.append((loss.detach(), z.grad))
    for got, wanted in zip(results[1], results[0], strict=True):
        same(got, wanted, rtol=1e-10, atol=1e-12)


@on_both
@pytest.mark.parametrize("name", MAKERS)
def test_unit_6_one_step_of_each_optimizer(name, device):
    torch.manual_seed(6)
    start = torch.randn(20, dtype=torch.float64)
    ends = []
    for place in (torch.device("cpu"), device):
        p = nn.Parameter(start.clone().to(place))
        optimizer = MAKERS[name]([p])
        for _ in range(5):
            optimizer.zero_grad()
            (p**4).sum().backward()
            optimizer.step()
        ends.append(p.detach())
    same(ends[1], ends[0], rtol=1e-9, atol=1e-12)


@on_both
@pytest.mark.parametrize("name", MAKERS)
def test_unit_7_trains_the_same(name, device):
    x, y = digits()
    net = network().double()
    losses = {}
    for where in ("cpu", device):
        part = x[:512].to(where), y[:512].to(where)
        (run,) = training.compare(copy.deepcopy(net).to(where), {name: MAKERS[name]}, part, part, epochs=2)
        losses[str(where), len(losses)] = torch.tensor(run.history.losses)
    first, second = losses.values()
    assert torch.allclose(first, second, rtol=1e-6)


@on_both
def test_unit_7_a_checkpoint_of_the_device_continues_on_the_cpu(device, tmp_path):
    net = network().to(device)
    checkpoints.save(tmp_path / "run.pt", net, torch.optim.Adam(net.parameters()))
    other = network()
    checkpoints.load(tmp_path / "run.pt", other, torch.optim.Adam(other.parameters()))
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert b.device.type == "cpu" and torch.equal(a.detach().cpu(), b.detach())


@pytest.mark.cuda
@needs_gpu
def test_unit_3_one_process_under_torchrun(tmp_path):
    """One process takes the GPU where it sees one, and nccl with it; unit 3 itself runs one on the CPU."""
    path = tmp_path / "run.pt"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1"]
    command += ["-m", "course_utils.lessons.u03_distributed", "--epochs", "1", "--checkpoint", str(path)]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    losses = torch.tensor(checkpoints.load(path, network())["losses"])
    assert len(losses) == -(-len(digits()[1]) // 64) and losses[-1] < losses[0]
