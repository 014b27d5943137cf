"""The exercises of unit 3: choose a device, move to it, fix a mismatch, count bytes and transfers, fix a timer."""

import copy
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.exercises.engine import shown
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


def _chosen(answer: Callable[..., Any], built: str | None, usable: bool) -> Any:
    """Run an answer on a machine. Its first device may have its number; any string or method counts as the same mistake."""
    device = answer(Accelerator(built, usable))
    if isinstance(device, torch.device) and device.index == 0:
        return torch.device(device.type)
    return "a string" if isinstance(device, str) else "a method" if inspect.ismethod(device) else device


@exercise(
    "The device idiom",
    run=_chosen,
    cases=[
        ("cuda", True),
        ("mps", True),
        ("xpu", True),
        (None, False),
        ("cuda", False),
    ],
    hints=[
        "First the question whether anything works, then the question what it is.",
        "`accelerator.is_available()` answers the first, `accelerator.current_accelerator()` the second.",
        '`if accelerator.is_available():` return the current one. After that line, return `torch.device("cpu")`.',
    ],
    idea="You take the accelerator only where it works, and the CPU everywhere else. These lines run on every machine.",
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
def does_not_ask_whether_it_works(accelerator):
    return accelerator.current_accelerator() or torch.device("cpu")


@choose_device.mistake(
    "On every machine you return what `current_accelerator()` says. It is None where there is no accelerator, and one that "
    "does not work where the driver is missing. Ask `is_available()` first, with its brackets, and return the CPU where it is "
    "False."
)
def no_fallback(accelerator):
    return accelerator.current_accelerator()


@choose_device.mistake(
    'Where nothing can be used, your function returns None. Return `torch.device("cpu")`: the CPU is always there.'
)
def none_in_place_of_the_cpu(accelerator):
    if accelerator.is_available():
        return accelerator.current_accelerator()


@choose_device.mistake(
    "Not every accelerator is CUDA: on a Mac it is mps, on an Intel GPU xpu. Ask `current_accelerator()` which it is."
)
def always_cuda(accelerator):
    return torch.device("cuda" if accelerator.is_available() else "cpu")


@choose_device.mistake(
    'Your function answers "cuda" on every machine. First ask whether an accelerator works, then which one it is.'
)
def cuda_everywhere(accelerator):
    return torch.device("cuda")


@choose_device.mistake(
    'Return a `torch.device`, not a string: `torch.device("cpu")`, or what `current_accelerator()` gives.'
)
def a_string(accelerator):
    return accelerator.current_accelerator().type if accelerator.is_available() else "cpu"


@choose_device.mistake('For the CPU you return the string "cpu". Make a device of it: `torch.device("cpu")`.')
def a_device_and_a_string_for_the_cpu(accelerator):
    return accelerator.current_accelerator() if accelerator.is_available() else "cpu"


@choose_device.mistake(
    "For an accelerator you return a string. `current_accelerator()` gives a device: return that one."
)
def a_string_and_a_device_for_the_cpu(accelerator):
    return accelerator.current_accelerator().type if accelerator.is_available() else torch.device("cpu")


@choose_device.mistake(
    "You return the *method* `current_accelerator` where you want what it gives. Call it, with its brackets."
)
def method_not_called(accelerator):
    return accelerator.current_accelerator if accelerator.is_available() else torch.device("cpu")


@choose_device.mistake("You return whether an accelerator works. Return a device: the accelerator, or the CPU.")
def whether_in_place_of_which(accelerator):
    return accelerator.is_available()


@choose_device.mistake("The two branches are exchanged: where an accelerator is available, take it.")
def turned_round(accelerator):
    return torch.device("cpu") if accelerator.is_available() else accelerator.current_accelerator()


@choose_device.mistake(
    "Your function always takes the CPU. Where an accelerator is available, take that. Do you ask the argument "
    "`accelerator`, or the machine that you sit at?"
)
def always_the_cpu(accelerator):
    return torch.device("cpu")


@choose_device.mistake(
    "`Accelerator` has two methods here, `is_available()` and `current_accelerator()`. You ask it for something else.",
    error="'Accelerator' object has no attribute",
)
def another_method(accelerator):
    return torch.device("cuda" if accelerator.device_count() else "cpu")


@choose_device.mistake("Your function returns nothing. End it with `return`, followed by the device.")
def no_return(accelerator):
    pass


def _where(answer: Callable[..., Any], device: str) -> Any:
    """Run an answer on a small model and a tensor; say where all of it is afterwards, and whether it is still the same."""
    model, x = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    result = answer(model, x, torch.device(device))
    if result is None:
        return None
    kinds = [_kind(part) for part in result] if isinstance(result, tuple | list) else [_kind(result)]
    facts = {"what is returned": ", ".join(kinds)}
    if kinds != ["a model", "a tensor"]:
        return facts
    moved, there = result
    return facts | {
        "the place of the weights": _places(moved.parameters()),
        "the place of the buffers": _places(moved.buffers()),
        "x": there,
        "the returned model": "the given one" if moved is model else "another one",
    }


def _places(tensors: Iterable[Tensor]) -> str:
    return " and ".join(sorted({tensor.device.type for tensor in tensors}))


def _kind(part: Any) -> str:
    return "a model" if isinstance(part, nn.Module) else "a tensor" if isinstance(part, Tensor) else type(part).__name__


@exercise(
    "Move a model and a tensor",
    run=_where,
    oracle=lambda model, x, device: (model.to(device), x.to(device)),
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
    "The model is there, `x` is still on the CPU. `x.to(device)` does not move `x`: it returns a *new* tensor. Write "
    "`x = x.to(device)`."
)
def x_to_without_assignment(model, x, device):
    model.to(device)
    x.to(device)
    return model, x


@on_device.mistake("The tensor is there, the model is not. The weights must be on the same device: `model.to(device)`.")
def only_the_tensor(model, x, device):
    return model, x.to(device)


@on_device.mistake("Nothing has moved: both are still on the CPU. Use the argument `device`.")
def nothing_moved(model, x, device):
    return model, x


@on_device.mistake(
    "Only a part of the model has moved. A module has parameters *and* buffers, and `model.to(device)` moves them all."
)
def parameters_only(model, x, device):
    for module in model:
        for name, parameter in list(module.named_parameters()):
            setattr(module, name, nn.Parameter(parameter.to(device)))
    return model, x.to(device)


@on_device.mistake("Return the model first, then the tensor.")
def exchanged(model, x, device):
    return x.to(device), model.to(device)


@on_device.mistake("You return the tensor alone. Return both: `return model, x`.")
def only_the_tensor_returned(model, x, device):
    model.to(device)
    return x.to(device)


@on_device.mistake("You return the model alone. Return both: `return model, x`.")
def only_the_model_returned(model, x, device):
    x = x.to(device)
    return model.to(device)


@on_device.mistake(
    "You return what the model *gives* for `x`, or another tensor in its place. Return the model itself, and `x`."
)
def the_output_of_the_model(model, x, device):
    return x.to(device), x.to(device)


@on_device.mistake("`.cuda()` fails on every machine without CUDA. Use the argument: `.to(device)`.")
def cuda_written_into_the_code(model, x, device):
    return model.cuda(), x.cuda()


@on_device.mistake(
    "You return another model in place of the one you were given. Move that one: `model.to(device)` moves it in place.",
    keys=["the returned model"],
)
def a_copy_of_the_model(model, x, device):
    return copy.deepcopy(model).to(device), x.to(device)


@on_device.mistake(
    "A tensor has no attribute that you could set to move it. `x.to(device)` returns a new one: assign that to `x`.",
    error="is not writable",
)
def device_assigned(model, x, device):
    model.to(device)
    x.device = device
    return model, x


@on_device.mistake(
    "Where `device` is the CPU, your model and your tensor are on meta. Use the argument `device`, not a fixed name."
)
def meta_written_into_the_code(model, x, device):
    return model.to("meta"), x.to("meta")


@on_device.mistake(
    "Where `device` is the CPU, the weights of your model are on meta. Use the argument `device`, not a fixed name.",
    keys=["the place of the weights"],
)
def the_model_to_meta(model, x, device):
    return model.to("meta"), x.to(device)


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
        ((700, 1000), torch.float32),
        ((3, 1, 5), torch.complex64),
        ((4, 0), torch.float16),
        ((), torch.float64),
        ((10**6, 10**6), torch.float32),  # whoever makes it needs 4 TB
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


@megabytes.mistake("Right where a value takes 4 bytes, and only there. How many it takes is `dtype.itemsize`.")
def always_4_bytes(shape, dtype):
    return math.prod(shape) * 4 / 1e6


@megabytes.mistake("Right where a value takes 8 bytes, and only there. How many it takes is `dtype.itemsize`.")
def always_8_bytes(shape, dtype):
    return math.prod(shape) * 8 / 1e6


@megabytes.mistake("You count values. Each takes `dtype.itemsize` bytes.")
def values_not_bytes(shape, dtype):
    return math.prod(shape) / 1e6


@megabytes.mistake("The number of values is the *product* of the sizes, not their sum: `math.prod(shape)`.")
def sum_of_the_sizes(shape, dtype):
    return sum(shape) * dtype.itemsize / 1e6


@megabytes.mistake("`len(shape)` is the number of dimensions. The number of values is the product of the sizes.")
def number_of_dimensions(shape, dtype):
    return len(shape) * dtype.itemsize / 1e6


@megabytes.mistake("You divide by 1,048,576, which gives mebibytes (MiB). A megabyte (MB) is 1,000,000 bytes.")
def mebibytes(shape, dtype):
    return math.prod(shape) * dtype.itemsize / 2**20


@megabytes.mistake("These are bytes. Divide by 1,000,000.")
def bytes_only(shape, dtype):
    return math.prod(shape) * dtype.itemsize


@megabytes.mistake("These are kilobytes. A megabyte has a thousand of them: divide the bytes by 1,000,000.")
def kilobytes(shape, dtype):
    return math.prod(shape) * dtype.itemsize / 1e3


@megabytes.mistake("Your result is a thousand times too small: these are gigabytes. A megabyte is 1,000,000 bytes.")
def gigabytes(shape, dtype):
    return math.prod(shape) * dtype.itemsize / 1e9


@megabytes.mistake("You multiply by 1,000,000 where you should divide: a megabyte is *more* than a byte.")
def multiplied(shape, dtype):
    return math.prod(shape) * dtype.itemsize * 1e6


@megabytes.mistake(
    "You round down, so small tensors take no memory at all. Use `/` in place of `//`, and do not round."
)
def rounded_down(shape, dtype):
    return math.prod(shape) * dtype.itemsize // 10**6


@megabytes.mistake("You round. Return the whole number of megabytes with all its decimals.")
def rounded(shape, dtype):
    return round(math.prod(shape) * dtype.itemsize / 1e6)


@megabytes.mistake(
    "A shape may have one size, four, or none. You read a fixed number of them: `math.prod(shape)` multiplies all of them.",
    error="index out of range",
)
def two_sizes(shape, dtype):
    return shape[0] * shape[1] * dtype.itemsize / 1e6


@megabytes.mistake(
    "A shape may have one size, four, or none, and you unpack a fixed number. `math.prod(shape)` multiplies all that are there.",
    error="values to unpack",
)
def sizes_unpacked(shape, dtype):
    rows, columns = shape
    return rows * columns * dtype.itemsize / 1e6


@megabytes.mistake(
    "You make the tensor to measure it, and one test asks for 4 TB. Shape and dtype are enough: values times bytes of one value.",
    error="allocate memory",
)
def makes_the_tensor(shape, dtype):
    return torch.zeros(shape, dtype=dtype).nbytes / 1e6


@megabytes.mistake("`dtype.itemsize` is a number, not a method: write it without brackets.", error="not callable")
def itemsize_called(shape, dtype):
    return math.prod(shape) * dtype.itemsize() / 1e6


@megabytes.mistake(
    "A shape is a tuple, and a tuple does not calculate. `math.prod(shape)` gives the product of its sizes.",
    error="tuple",
)
def tuple_multiplied(shape, dtype):
    return shape * dtype.itemsize / 1e6


@megabytes.mistake("The value is right, but it is a tensor. Return a Python number.")
def a_tensor(shape, dtype):
    return torch.tensor(math.prod(shape) * dtype.itemsize / 1e6, dtype=torch.float64)


_X = torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.0, -4.0]])


# a device that the answer names, or none at all
_NOT_WHERE_X_IS = (
    "Your positions are not where `x` is. Ask `x` itself: `device=x.device`. The notebook's `device`, a fixed name, or no "
    "`device=` at all is the wrong place when `x` is elsewhere."
)


@exercise(
    "Fix a device mismatch",
    # there is no value to see on meta, but whatever mixes devices fails there, and a lost dtype shows
    cases=[
        (_X,),
        (_X.to("meta"),),
        (torch.ones(1, 3, dtype=torch.float64),),
        (torch.ones(1, 4, dtype=torch.float64, device="meta"),),
        (torch.tensor([[7], [100], [-3]], dtype=torch.int32),),
        (torch.ones(5, 4, dtype=torch.int32, device="meta"),),
        (_X.T,),
        (torch.zeros(0, 2),),
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


@add_positions.mistake('With `device="cuda"` it runs on one kind of machine only. Ask the tensor: `device=x.device`.')
def cuda_written_into_the_code(x):
    return x + torch.arange(x.shape[1], dtype=x.dtype, device="cuda")


@add_positions.mistake(
    "You bring a tensor from its device to the CPU. The device `meta` has no numbers to bring, and from a GPU it is a slow "
    "copy. Make the positions where `x` is: `device=x.device`.",
    error="no data",
)
def x_brought_to_the_cpu(x):
    return x.cpu() + torch.arange(x.shape[1], dtype=x.dtype)


@add_positions.mistake(
    _NOT_WHERE_X_IS + " (Or do you call `.to(…)`? It returns a new tensor, which you have to assign.)",
    error="device",
)
def made_on_the_cpu(x):
    return x + torch.arange(x.shape[1], dtype=x.dtype)


@add_positions.mistake("Your positions do not fit `x`: they must be as many as `x` has columns, `x.shape[1]`.")
def as_many_as_rows(x):
    return x + torch.arange(x.shape[0], dtype=x.dtype, device=x.device)


@add_positions.mistake("You add the number of the *row*. Count the columns: `x.shape[1]`.")
def number_of_the_row(x):
    return x + torch.arange(x.shape[0], dtype=x.dtype, device=x.device).unsqueeze(1)


@add_positions.mistake("The first column is number 0.")
def counted_from_1(x):
    return x + torch.arange(1, x.shape[1] + 1, dtype=x.dtype, device=x.device)


@add_positions.mistake("These are the positions alone. Add them to `x`.")
def only_the_positions(x):
    return torch.arange(x.shape[1], dtype=x.dtype, device=x.device).expand(x.shape)


@add_positions.mistake("These are the positions alone, in one row. Add them to `x`.")
def one_row_of_positions(x):
    return torch.arange(x.shape[1], dtype=x.dtype, device=x.device)


@add_positions.mistake("You return `x` as it was. Each value should grow by the number of its column.")
def nothing_added(x):
    x + torch.arange(x.shape[1], dtype=x.dtype, device=x.device)
    return x


@add_positions.mistake("You multiply by the positions. Add them.")
def multiplied_by_the_positions(x):
    return x * torch.arange(x.shape[1], dtype=x.dtype, device=x.device)


@add_positions.mistake("You subtract the positions. Add them.")
def positions_subtracted(x):
    return x - torch.arange(x.shape[1], dtype=x.dtype, device=x.device)


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


@add_positions.mistake(_NOT_WHERE_X_IS, error="device")
def made_on_meta(x):
    return x + torch.arange(x.shape[1], dtype=x.dtype, device="meta")


@add_positions.mistake(_NOT_WHERE_X_IS, error="device")
def made_on_a_third_device(x):
    """As with the notebook's `device`, where that is a GPU: no ``x`` of the tests is there."""
    return x + torch.arange(x.shape[1], dtype=x.dtype, device="cpu" if x.is_meta else "meta")


def _run_timer(answer: Callable[..., Any], work: float, set_up: float) -> Any:
    gpu = PretendGPU(work=work, launch=0.0, set_up=set_up)
    return answer(gpu.launch, gpu.synchronize, gpu.clock)


@exercise(
    "Fix a timer",
    run=_run_timer,
    oracle=lambda launch, synchronize, clock: launch.__self__._work,
    cases=[(5.0, 300.0), (40.0, 250.0), (7.5, 0.0)],
    returns="your time, in milliseconds",
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
    start = clock()
    launch()
    return clock() - start


@time_once.mistake(
    "The first launch sets the device up, and you timed that too. Warm up: launch once, and wait, before you start."
)
def no_warm_up(launch, synchronize, clock):
    start = clock()
    launch()
    synchronize()
    return clock() - start


@time_once.mistake(
    "Your time is 0: between your two readings the clock did not wait for any work. A launch returns at once. So launch, "
    "then `synchronize()`, and only then read the clock again."
)
def no_synchronize_before_the_stop(launch, synchronize, clock):
    launch()
    synchronize()
    start = clock()
    launch()
    return clock() - start


@time_once.mistake(
    "Your time is that of two pieces of work. When your clock starts, the device must be idle: call `synchronize()` after the "
    "warm-up. And between the two readings there is one launch."
)
def no_synchronize_before_the_start(launch, synchronize, clock):
    launch()
    start = clock()
    launch()
    synchronize()
    return clock() - start


@time_once.mistake(
    "The warm-up lies between your two readings of the clock, so it is counted. Start the clock after it."
)
def warm_up_inside(launch, synchronize, clock):
    start = clock()
    launch()
    synchronize()
    launch()
    synchronize()
    return clock() - start


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


@time_once.mistake("One reading of the clock, the first, is not a time. A time is the difference of two readings.")
def the_start(launch, synchronize, clock):
    launch()
    synchronize()
    start = clock()
    launch()
    synchronize()
    return start


@time_once.mistake("The clock shows milliseconds already, and milliseconds are asked for. Do not convert them.")
def in_seconds(launch, synchronize, clock):
    return time_once.answer(launch, synchronize, clock) / 1000


@time_once.mistake("The clock shows milliseconds already, and milliseconds are asked for. Do not convert them.")
def times_1000(launch, synchronize, clock):
    return time_once.answer(launch, synchronize, clock) * 1000


@time_once.mistake("Your time is half of what one piece of work takes. How many launches are between the two readings?")
def divided_by_two(launch, synchronize, clock):
    return time_once.answer(launch, synchronize, clock) / 2


@time_once.mistake(
    "You subtract the *function* `clock`, not a reading of it. Call it, with its brackets.", error="unsupported operand"
)
def clock_not_called(launch, synchronize, clock):
    start = clock
    launch()
    synchronize()
    return clock - start


@time_once.mistake(
    "You name something that is not there. The function gets `launch`, `synchronize` and `clock`, and needs nothing else.",
    error="is not defined",
)
def another_clock(launch, synchronize, clock):
    start = timer()  # noqa: F821 - that is the mistake
    launch()
    return timer() - start  # noqa: F821


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
    return shown.summary(EXERCISES)
