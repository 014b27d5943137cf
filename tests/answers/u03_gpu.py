"""Unit 3: more right and wrong answers."""

import copy
import math

import numpy as np
import torch


def asks_twice(accelerator):
    found = accelerator.current_accelerator(check_available=True)
    if found is None:
        found = torch.device("cpu")
    return found


def by_its_type(accelerator):
    return torch.device(accelerator.current_accelerator().type if accelerator.is_available() else "cpu")


def the_first_of_several(accelerator):
    if not accelerator.is_available():
        return torch.device("cpu")
    return torch.device(accelerator.current_accelerator().type, 0)


def both_assigned(model, x, device):
    model = model.to(device)
    x = x.to(device=device)
    return model, x


def a_list(model, x, device):
    return [model.to(device), x.to(str(device))]


def in_one_go(model, x, device):
    return tuple(part.to(device, non_blocking=True) for part in (model, x))


def on_meta(shape, dtype):
    return torch.empty(shape, dtype=dtype, device="meta").nbytes / 10**6


def in_a_loop(shape, dtype):
    count = 1
    for size in shape:
        count *= size
    return count * torch.empty(0, dtype=dtype).element_size() / 1000 / 1000


def by_numpy(shape, dtype):
    return float(np.prod(shape, dtype=np.float64)) * dtype.itemsize * 1e-6


def by_torch_size(shape, dtype):
    return torch.Size(shape).numel() * dtype.itemsize / 1e6


def by_cumsum(x):
    return x + (torch.ones_like(x).cumsum(dim=1) - 1).to(x.dtype)


def arange_then_to(x):
    positions = torch.arange(x.shape[1]).to(x)
    return positions + x


def like_x(x):
    positions = torch.zeros_like(x)
    for column in range(x.size(1)):
        positions[:, column] = column
    return x.add(positions)


def by_expand(x):
    return torch.arange(0, x.size(-1), device=x.device).to(x.dtype).unsqueeze(0).expand_as(x) + x


def waits_everywhere(launch, synchronize, clock):
    synchronize()
    launch()
    synchronize()
    before = clock()
    launch()
    synchronize()
    after = clock()
    return after - before


def the_mean_of_ten(launch, synchronize, clock):
    for _ in range(3):
        launch()
    synchronize()
    start = clock()
    for _ in range(10):
        launch()
    synchronize()
    return (clock() - start) / 10


def the_shortest(launch, synchronize, clock):
    times = []
    for _ in range(4):
        start = clock()
        launch()
        synchronize()
        times.append(clock() - start)
    return min(times[1:])


RIGHT = {
    "choose_device": [asks_twice, by_its_type, the_first_of_several],
    "on_device": [both_assigned, a_list, in_one_go],
    "megabytes": [on_meta, in_a_loop, by_numpy, by_torch_size],
    "add_positions": [by_cumsum, arange_then_to, like_x, by_expand],
    "time_once": [waits_everywhere, the_mean_of_ten, the_shortest],
}

WRONG = {
    "choose_device": [
        (lambda accelerator: torch.device(accelerator), "raised TypeError"),
        (lambda accelerator: accelerator.current_accelerator(True), "your function returns None"),
        (lambda accelerator: torch.device("cuda" if torch.cuda.is_available() else "cpu"), "always takes the CPU"),
        (lambda accelerator: print(torch.device("cpu")), "Your function returns nothing"),
        (lambda accelerator: torch.device(accelerator), "built = 'cuda', usable = True"),
    ],
    "on_device": [
        (lambda model, x, device: (model, x, device), "What is returned should be 'a model, a tensor'"),
        (lambda model, x, device: (model.to(device), torch.zeros_like(x, device=device)), "X should be"),
        (lambda model, x, device: (model.to(device), x.float().to(device)), "the dtype torch.float64"),
        (lambda model, x, device: (copy.copy(model).to(device), x.to(device)), "another model"),
        (lambda model, x, device: None, "Your answer is None"),
        (lambda model, x, device: (model.to("meta"), x.to(device)), "the weights of your model are on meta"),
        (lambda model, x, device: (model.to(device), x.to("meta")), "X should be"),
    ],
    "megabytes": [
        (lambda shape, dtype: math.prod(shape) * dtype.size / 1e6, "raised AttributeError"),
        (lambda shape, dtype: f"{math.prod(shape) * dtype.itemsize / 1e6} MB", "should be a Python number"),
        (lambda shape, dtype: max(shape, default=1) * dtype.itemsize / 1e6, "should be 4. Yours is 0.004."),
    ],
    "add_positions": [
        (lambda x: x + torch.linspace(0, 1, x.shape[1], dtype=x.dtype, device=x.device), "The result should be"),
        (lambda x: x.add_(torch.arange(x.shape[1], dtype=x.dtype, device=x.device)), "changes `x`"),
        (lambda x: x + torch.arange(x.shape[1]).to(x.device), "counts in `int64`"),
        (lambda x: torch.arange(x.shape[1]).to("meta", x.dtype) + x, "not where `x` is"),
    ],
    "time_once": [
        (lambda launch, synchronize, clock: clock() - clock(), "Your time is 0"),
        (lambda launch, synchronize, clock: (launch(), launch(), clock())[2], "should be 5"),
        (lambda launch, synchronize, clock: launch(), "Your answer is None"),
    ],
}

EQUIVALENT = {
    "megabytes": {
        "one more in `return math.prod(shape) * dtype.itemsize / 1000000.0`": "a millionth part is no difference"
    },
    "add_positions": {"cut off from the graph": "nothing is tracked here"},
}
