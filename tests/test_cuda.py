"""What a GPU computes equals what the CPU computes, within rounding. Run with ``pytest -m cuda`` on a machine with a GPU."""

import pytest
import torch
from torch import nn

from course_utils import data, optimizers, training

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU on this machine"),
]

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


@pytest.mark.parametrize("name", MAKERS)
def test_unit_7_trains_the_same_on_the_gpu(name):
    images, labels = data.load_digits(train=True)
    x, y = ((images.double() / 255 - 0.5) / 0.5).flatten(1), labels
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10)).double()
    losses = {}
    for device in ("cpu", "cuda"):
        part = x.to(device), y.to(device)
        (run,) = training.compare(net.to(device), {name: MAKERS[name]}, part, part, epochs=2)
        losses[device] = torch.tensor(run.history.losses)
    assert torch.allclose(losses["cpu"], losses["cuda"], rtol=1e-6)
