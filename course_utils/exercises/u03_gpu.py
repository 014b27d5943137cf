"""The exercises of unit 3: choose a device, move to it, mend a mismatch, count bytes and transfers, mend a timer."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import Text, exercise
from course_utils.lessons.u03_gpu import PretendGPU


class Accelerator:
    """Stands for ``torch.accelerator`` on another machine.

    Args:
        built: the type of accelerator that this PyTorch was built for; None for a build without any.
        usable: whether its driver and the accelerator itself are there.
    """

    def __init__(self, built: str | None, usable: bool) -> None:
        self.built, self.usable = built, usable

    def __repr__(self) -> str:
        return f"Accelerator({self.built!r}, usable={self.usable})"

    def is_available(self) -> bool:
        """Say whether there is an accelerator that works."""
        return self.usable

    def current_accelerator(self, check_available: bool = False) -> torch.device | None:
        """Return the accelerator that PyTorch was built for, and with ``check_available=True`` only where it works."""
        if self.built is None or (check_available and not self.usable):
            return None
        return torch.device(self.built)


def _chosen(answer: Callable[..., Any], accelerator: Accelerator) -> Any:
    """Run an answer on a machine; any string, whatever it names, counts as the same mistake."""
    device = answer(accelerator)
    return "a string" if isinstance(device, str) else device


@exercise(
    "The device idiom",
    run=_chosen,
    cases=[
        (Accelerator("cuda", True),),
        (Accelerator("mps", True),),
        (Accelerator("xpu", True),),
        (Accelerator(None, False),),
        (Accelerator("cuda", False),),
    ],
    hints=[
        "First the question whether anything works, then the question what it is.",
        "`accelerator.is_available()` answers the first, `accelerator.current_accelerator()` the second.",
        '`if accelerator.is_available():` return the current one. After that line, return `torch.device("cpu")`.',
    ],
    idea="First `is_available()`, then `current_accelerator()`, and the CPU for the rest. These lines run on every machine.",
)
def choose_device(accelerator: object) -> torch.device:
    """Return the accelerator where one works, else the CPU."""
    if accelerator.is_available():
        return accelerator.current_accelerator()
    return torch.device("cpu")


@choose_device.mistake(
    'On a machine without a driver, your function answers "cuda": `current_accelerator()` says what PyTorch was '
    "*built* for. Ask `is_available()` first."
)
def does_not_ask_whether_it_works(a):
    return a.current_accelerator() or torch.device("cpu")


@choose_device.mistake(
    "Where there is no accelerator at all, `current_accelerator()` returns None. Return the CPU there."
)
def no_fallback(a):
    return a.current_accelerator()


@choose_device.mistake(
    'Where nothing can be used, your function returns None. Return `torch.device("cpu")`: the CPU is always there.'
)
def none_in_place_of_the_cpu(a):
    return a.current_accelerator() if a.is_available() else None


@choose_device.mistake(
    "Not every accelerator is CUDA: on a Mac it is mps, on an Intel GPU xpu. Ask `current_accelerator()` which it is."
)
def always_cuda(a):
    return torch.device("cuda" if a.is_available() else "cpu")


@choose_device.mistake(
    'Return a `torch.device`, not a string: `torch.device("cpu")`, or what `current_accelerator()` gives.'
)
def a_string(a):
    return a.current_accelerator().type if a.is_available() else "cpu"


@choose_device.mistake('For the CPU you return the string "cpu". Make a device of it: `torch.device("cpu")`.')
def a_device_and_a_string_for_the_cpu(a):
    return a.current_accelerator() if a.is_available() else "cpu"


@choose_device.mistake("The two branches are exchanged: where an accelerator is available, take it.")
def turned_round(a):
    return torch.device("cpu") if a.is_available() else a.current_accelerator()


@choose_device.mistake("Your function always takes the CPU. Where an accelerator is available, take that.")
def always_the_cpu(a):
    return torch.device("cpu")


def _where(answer: Callable[..., Any], device: str) -> Any:
    """Run an answer on a small model and tensor; say where they are afterwards, and whether the model is the same object."""
    model, x = nn.Linear(3, 2), torch.ones(4, 3)
    result = answer(model, x, torch.device(device))
    if not isinstance(result, tuple | list) or len(result) != 2:
        return "something else than model, x" if result is not None else None
    if not isinstance(result[0], nn.Module) or not isinstance(result[1], Tensor):
        return f"{type(result[0]).__name__}, {type(result[1]).__name__}"
    return str(next(result[0].parameters()).device), str(result[1].device), result[0] is model


@exercise(
    "Move a model and a tensor",
    run=_where,
    cases=[("cpu",), ("meta",)],
    hints=[
        "One of the two moves in place. Which one?",
        "`model.to(device)` is enough for the model. A tensor must be assigned: `x = x.to(device)`.",
    ],
    idea="A module moves in place, a tensor does not: `x = x.to(device)`. To assign both is always right.",
)
def on_device(model: torch.nn.Module, x: torch.Tensor, device: torch.device) -> tuple:
    """Return the model and x, both on the device."""
    model.to(device)
    x = x.to(device)
    return model, x


@on_device.mistake(
    "`x.to(device)` does not move `x`: it returns a *new* tensor, and here nobody keeps it. Write `x = x.to(device)`."
)
def x_to_without_assignment(model, x, device):
    model.to(device)
    x.to(device)
    return model, x


@on_device.mistake("The tensor is there, the model is not. The weights must be on the same device: `model.to(device)`.")
def only_the_tensor(model, x, device):
    return model, x.to(device)


@on_device.mistake("Nothing has moved: both are still on the CPU.")
def nothing_moved(model, x, device):
    return model, x


@on_device.mistake("Return the model first, then the tensor.")
def exchanged(model, x, device):
    return x.to(device), model.to(device)


@on_device.mistake("Return both: `return model, x`.")
def only_the_tensor_returned(model, x, device):
    return (model.to(device), x.to(device))[1]


@on_device.mistake("`.cuda()` fails on every machine without CUDA. Use the argument: `.to(device)`.")
def cuda_written_into_the_code(model, x, device):
    return model.cuda(), x.cuda()


@on_device.mistake("You return another model, with other weights. Move the one you were given: `model.to(device)`.")
def a_copy_of_the_model(model, x, device):
    return nn.Linear(3, 2).to(device), x.to(device)


@exercise(
    "Predict the memory of a tensor",
    # the meta device knows shape and dtype, and needs no memory
    oracle=lambda shape, dtype: torch.empty(shape, dtype=dtype, device="meta").nbytes / 1e6,
    cases=[
        ((1000, 1000), torch.float32),
        ((1000, 1000), torch.float64),
        ((64, 3, 224, 224), torch.bfloat16),
        ((60_000, 28, 28), torch.uint8),
        ((5_000_000,), torch.int64),
        ((2000, 500), torch.bool),
    ],
    hints=[
        "Number of values, times bytes of one value, divided by a million.",
        "`math.prod(shape)` multiplies the sizes. `dtype.itemsize` is the number of bytes.",
    ],
    idea="Values times bytes each. The shape and the dtype decide; what the values are does not matter. "
    "Half the bytes means half the memory and half the time to move it.",
)
def megabytes(shape: tuple, dtype: torch.dtype) -> float:
    """Return the memory of a tensor in MB, without making it."""
    return math.prod(shape) * dtype.itemsize / 1e6


@megabytes.mistake("You count bits. A byte has 8 of them: `float32` takes 4 bytes.")
def bits(shape, dtype):
    return math.prod(shape) * dtype.itemsize * 8 / 1e6


@megabytes.mistake("Right for `float32` only. How many bytes one value takes is `dtype.itemsize`.")
def always_4_bytes(shape, dtype):
    return math.prod(shape) * 4 / 1e6


@megabytes.mistake("You count values. Each takes `dtype.itemsize` bytes.")
def values_not_bytes(shape, dtype):
    return math.prod(shape) / 1e6


@megabytes.mistake("The number of values is the *product* of the sizes, not their sum: `math.prod(shape)`.")
def sum_of_the_sizes(shape, dtype):
    return sum(shape) * dtype.itemsize / 1e6


@megabytes.mistake("You divide by 1,048,576, which gives mebibytes (MiB). A megabyte (MB) is 1,000,000 bytes.")
def mebibytes(shape, dtype):
    return math.prod(shape) * dtype.itemsize / 2**20


@megabytes.mistake("These are bytes. Divide by 1,000,000.")
def bytes_only(shape, dtype):
    return math.prod(shape) * dtype.itemsize


@megabytes.mistake("You count along the first dimension only. Multiply all sizes: `math.prod(shape)`.")
def first_size_only(shape, dtype):
    return shape[0] * dtype.itemsize / 1e6


def _run_positions(answer: Callable[..., Any], device: str, dtype: torch.dtype) -> Any:
    """Run an answer on a tensor there; a word stands for PyTorch's error, whose text changes."""
    x = torch.ones(1, 3, dtype=dtype)
    try:
        return answer(x if device == "cpu" else x.to(device))
    except RuntimeError as error:
        if "device" in str(error) and "driver" not in str(error):
            return "two devices in one operation"
        raise


@exercise(
    "Mend a device mismatch",
    run=_run_positions,
    # int32 on meta alone: there a lost dtype shows, and an answer that mixes devices does not come so far
    cases=[
        ("cpu", torch.float32),
        ("meta", torch.float32),
        ("cpu", torch.float64),
        ("meta", torch.float64),
        ("meta", torch.int32),
    ],
    hints=[
        "Which of the two tensors is made inside the function? Where is it made?",
        "Every function that makes a tensor takes `device=…`. A tensor knows where it is: `x.device`.",
        "`torch.arange(x.shape[1], dtype=x.dtype, device=x.device)`",
    ],
    idea="A tensor that a function makes must be made where its input is: `device=x.device`, or `torch.zeros_like(x)` and "
    "its kin.",
)
def add_positions(x: torch.Tensor) -> torch.Tensor:
    """Add to each value the number of its column."""
    positions = torch.arange(x.shape[1], dtype=x.dtype, device=x.device)
    return x + positions


@add_positions.mistake(
    "`torch.arange` makes its tensor on the CPU, and `x` may be elsewhere. Say where: `device=x.device`."
)
def made_on_the_cpu(x):
    return x + torch.arange(x.shape[1], dtype=x.dtype)


@add_positions.mistake(
    "You bring `x` to the CPU, so the rest of the network gets a tensor from the wrong device, after a slow copy. Make "
    "the positions where `x` is."
)
def x_brought_to_the_cpu(x):
    return x.cpu() + torch.arange(x.shape[1], dtype=x.dtype)


@add_positions.mistake('With `device="cuda"` it runs on one kind of machine only. Ask the tensor: `device=x.device`.')
def cuda_written_into_the_code(x):
    return x + torch.arange(x.shape[1], dtype=x.dtype, device="cuda")


@add_positions.mistake("Count the columns: `x.shape[1]`.")
def the_rows_counted(x):
    return x + torch.arange(x.shape[0], dtype=x.dtype, device=x.device)


@add_positions.mistake("The first column is number 0.")
def counted_from_1(x):
    return x + torch.arange(1, x.shape[1] + 1, dtype=x.dtype, device=x.device)


@add_positions.mistake("These are the positions alone. Add them to `x`.")
def only_the_positions(x):
    return torch.arange(x.shape[1], dtype=x.dtype, device=x.device).expand(x.shape)


@add_positions.mistake("The result is always `float32`. Keep the dtype of `x`: `dtype=x.dtype`.")
def always_float32(x):
    return x.float() + torch.arange(x.shape[1], dtype=torch.float32, device=x.device)


@add_positions.mistake(
    "Without `dtype=`, `torch.arange` counts in `int64`, so from an `int32` tensor you return an `int64` one. Keep the "
    "dtype of `x`: `dtype=x.dtype`."
)
def no_dtype(x):
    return x + torch.arange(x.shape[1], device=x.device)


@add_positions.mistake(
    "With positions in `float32`, an integer `x` comes back as `float32`. Give them the dtype of `x`: `dtype=x.dtype`."
)
def float32_positions(x):
    return x + torch.arange(x.shape[1], dtype=torch.float32, device=x.device)


def _run_timer(answer: Callable[..., Any], work: float, set_up: float) -> Any:
    gpu = PretendGPU(work=work, launch=0.0, set_up=set_up)
    return answer(gpu.launch, gpu.synchronize, gpu.clock)


def _steps(
    steps: str, launch: Callable[[], None], synchronize: Callable[[], None], clock: Callable[[], float]
) -> float:
    """Take steps in order: l launches, s synchronizes, [ starts and ] stops the clock."""
    readings: list[float] = []
    for step in steps:
        if step in "[]":
            readings.append(clock())
        else:
            (launch if step == "l" else synchronize)()
    return readings[1] - readings[0]


@exercise(
    "Mend a timer",
    run=_run_timer,
    cases=[(5.0, 300.0), (40.0, 250.0)],
    hints=[
        "Three things are missing: one before the start, one just before the start, one before the stop.",
        "Launch once to warm up, and `synchronize()`, so that the device is idle when the clock starts.",
        "After the second launch, `synchronize()` again; only then read the clock.",
    ],
    idea="Warm up, wait, start, launch, wait, stop. From an idle device to an idle device: that is the time of the work.",
)
def time_once(launch: object, synchronize: object, clock: object) -> float:
    """Return how long one launched piece of work takes, in milliseconds."""
    launch()
    synchronize()
    start = clock()
    launch()
    synchronize()
    return clock() - start


@time_once.mistake(
    "You timed the *launch* of the very first call: its set-up, and nothing of the work. Warm up first, and wait with "
    "`synchronize()` before you read the clock again."
)
def the_naive_timer(launch, synchronize, clock):
    return _steps("[l]", launch, synchronize, clock)


@time_once.mistake(
    "The first launch sets the device up, and you timed that too. Warm up: launch once, and wait, before you start."
)
def no_warm_up(launch, synchronize, clock):
    return _steps("[ls]", launch, synchronize, clock)


@time_once.mistake(
    "A launch returns at once, so you measured nearly nothing. Call `synchronize()` before you read the clock at the "
    "end."
)
def no_synchronize_before_the_stop(launch, synchronize, clock):
    return _steps("ls[l]", launch, synchronize, clock)


@time_once.mistake(
    "When your clock starts, the device is still busy with the warm-up, and you timed both. Call `synchronize()` before "
    "you start."
)
def no_synchronize_before_the_start(launch, synchronize, clock):
    return _steps("l[ls]", launch, synchronize, clock)


@time_once.mistake(
    "The warm-up lies between your two readings of the clock, so it is counted. Start the clock after it."
)
def warm_up_inside(launch, synchronize, clock):
    return _steps("[lsls]", launch, synchronize, clock)


@time_once.mistake("Your time is negative: the end minus the start.")
def sign(launch, synchronize, clock):
    return -time_once.answer(launch, synchronize, clock)


@time_once.mistake("One reading of the clock is not a time. A time is the difference of two readings.")
def the_reading_of_the_clock(launch, synchronize, clock):
    launch()
    synchronize()
    launch()
    synchronize()
    return clock()


transfers = exercise(
    "Count the transfers",
    name="transfers",
    cases=[()],
    hints=[
        "For each line ask: where is the value now, and where must it be?",
        "`item()` brings one number to the CPU. `detach()` and sums stay where they are.",
        "`.to(device)` copies only where the device differs.",
    ],
    idea="Move data once, make new tensors where they are needed, read numbers seldom: each `item()` also makes the CPU wait.",
)(
    {
        "x = x.to(device), once before the loop": 1,
        "x_part.to(device), in each step": 100,
        "torch.zeros(5, device=device), in each step": 0,
        "torch.zeros(5).to(device), in each step": 100,
        "total += loss.item(), in each step": 100,
        "total += loss.detach(), in each step, and total.item() at the end": 1,
        "x.to(device), in each step, where x is on the device already": 0,
    }
)

transfers.mistake("What stands before the loop happens once.", name="once counted as each step")(
    {"x = x.to(device), once before the loop": 100}
)

transfers.mistake(
    "A part of the data moves in each step, so there is one transfer for each of the 100 steps.",
    name="each step counted once",
)({"x_part.to(device), in each step": 1})

transfers.mistake("With `device=device` the tensor is made on the device. Nothing has to move.", name="made there")(
    {"torch.zeros(5, device=device), in each step": 100}
)

transfers.mistake(
    "`torch.zeros(5)` is made on the CPU, and `.to(device)` moves it, each time.", name="made here, then moved"
)({"torch.zeros(5).to(device), in each step": 0})

transfers.mistake(
    "`item()` makes a Python number, and Python runs on the CPU. So the value must come from the device, each time.",
    name="item is free",
)({"total += loss.item(), in each step": 0})

transfers.mistake(
    "The `item()` stands inside the loop: one transfer for each step, and the CPU waits each time.", name="item once"
)({"total += loss.item(), in each step": 1})

transfers.mistake(
    "`detach()` moves nothing: the sum grows on the device. Only `total.item()` at the end brings it over.",
    name="detach moves",
)({"total += loss.detach(), in each step, and total.item() at the end": 101})

transfers.mistake(
    "The sum grows on the device, but `total.item()` at the end brings one number over.", name="the last item is free"
)({"total += loss.detach(), in each step, and total.item() at the end": 0})

transfers.mistake(
    "Where the tensor is on that device already, `.to(device)` returns the same tensor and copies nothing.",
    name="to the same device",
)({"x.to(device), in each step, where x is on the device already": 100})


EXERCISES = (choose_device, on_device, megabytes, add_positions, time_once, transfers)


def summary() -> Text:
    """Return one line: which exercises are done, wrong and open."""
    return core.summary(EXERCISES)
