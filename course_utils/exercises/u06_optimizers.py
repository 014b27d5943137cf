"""The exercises of unit 6: descent by hand, the update rules step by step, and how to handle an optimizer of PyTorch."""

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.exercises.engine import shown
from course_utils.exercises.engine.compare import difference, show, type_name
from course_utils.exercises.engine.core import Text, exercise
from course_utils.surfaces import SURFACES, descend

Function = Callable[[Tensor], Tensor]

_FUNCTIONS = {  # a message shows the text
    "Σ x⁴": lambda x: (x**4).sum(),
    "Σ (x² + 3x)": lambda x: (x**2 + 3 * x).sum(),
    "x³ + 2x": lambda x: x**3 + 2 * x,
    "cos x": lambda x: x.cos(),
}
_LINE = torch.tensor([1.0, -2.0], dtype=torch.float64)
_TABLE = torch.tensor([[2.0, 0.5], [-1.0, -3.0], [0.25, 4.0]]).t()  # float32, 2 × 3, and not contiguous


def _what(returned: Any) -> str:
    """Say what was returned, in a few words."""
    if isinstance(returned, tuple | list):
        return f"{len(returned)} values"
    return "nothing" if returned is None else "one tensor" if isinstance(returned, Tensor) else show(returned)


def _other(value: Any) -> Any:
    """Return another value of the same kind, to see what it has an effect on."""
    if isinstance(value, Tensor | float):
        sign = -1 if isinstance(value, Tensor) and (value < 0).any() else 1  # a sum of squares stays positive
        return 0.5 * sign * value + 0.13
    return lambda x: 0.5 * value(x) + 0.13 * x.cos().sum()


def _effect(name: str, of: str) -> tuple[str]:
    """Return the key of a fact: whether something changes with an argument."""
    return (f"the effect of `{name}` on {of}",)


def _has_effect(one: Any, other: Any) -> str:
    return "not known" if one is None or other is None else "some" if difference(one, other) else "none"


def _run_step(names: str, place: str, memory: str, follow: Callable[..., Tensor]) -> Callable[..., dict[str, Any]]:
    """Make the ``run`` of a rule that returns two tensors.

    Args:
        names: the names of the rule's arguments.
        place: what the first returned tensor is called.
        memory: what the second one is called.
        follow: says which new place belongs to a new memory, however the memory came about.
    """

    def run(answer: Callable[..., Any], *given: Any) -> dict[str, Any]:
        given = [_FUNCTIONS[value] if isinstance(value, str) else value for value in given]
        own = copy.deepcopy(given)
        returned = answer(*own)
        facts = {"the result": _what(returned)}
        for name, now, then in zip(names.split(), own, given, strict=True):
            if isinstance(then, Tensor):
                facts[f"the given `{name}`"] = "changed" if difference(now, then, 0.0) else "as it was"
        both = _pair(returned)
        facts |= {memory: both[1], place: both[0]}
        facts[f"{place} fits {memory}"] = "not known"
        if all(isinstance(new, Tensor) and new.shape == given[1].shape for new in both):
            facts[f"{place} fits {memory}"] = "no" if difference(both[0], follow(both[1], *given)) else "yes"
        corner = copy.deepcopy(given)
        for value in corner:
            if isinstance(value, Tensor):
                value[(0,) * value.dim()] += 0.13
        for what, a, b in zip((place, memory), both, _pair(answer(*corner)), strict=True):
            if isinstance(a, Tensor) and isinstance(b, Tensor):
                apart = not difference(a.flatten()[1:], b.flatten()[1:])
                facts[f"each number in {what} has its own inputs"] = "yes" if apart else "no"
            else:
                facts[f"each number in {what} has its own inputs"] = "not known"
        for i, name in enumerate(names.split()):
            others = copy.deepcopy([_other(v) if i == k else v for k, v in enumerate(given)])
            for what, a, b in zip((place, memory), both, _pair(answer(*others)), strict=True):
                facts[_effect(name, what)[0]] = _has_effect(a, b)
        return facts

    return run


def _pair(returned: Any) -> Any:
    return returned if _what(returned) == "2 values" else (None, None)


def _torch_step(make: Callable[..., Any], key: str, p: Tensor, memory: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """Let an optimizer of PyTorch make one step, with a memory put into it; return the place and the memory."""
    p = p.clone()
    optimizer = make([p])
    optimizer.state[p].update({key: memory.clone(), "step": torch.tensor(0.0)})
    p.grad = g
    optimizer.step()
    return p, optimizer.state[p][key]


_NOTHING = "Your function returns nothing. It should end with `return`, and two values: {}."
_ONE_TENSOR = "You return one tensor. Two are needed, {}: the next step begins with both."
_ORDER = "The two values are returned in the wrong order. First comes {}."
_IN_PLACE = (
    "You change the given `{0}`, with `-=`, `*=` or the like. The caller needs it: make a new one, such as `{0} + ...`."
)
_MIXED = (
    "One number in your new {0} changes with the others. Each has inputs of its own: here no sum, mean or norm of a tensor is "
    "needed."
)
_HAT = "In Python `^` is no power. A power is written with two stars, as in `g**2`."
_ONE_NUMBER = (
    "A whole tensor stands where Python wants one number, as `math.sqrt` does. Tensors have a root of their own."
)
_NO_CALL = "A function or method is not called: its round brackets are missing, as in `s.sqrt` for `s.sqrt()`."


# ---- gradient descent


def _run_descent(answer: Callable[..., Any], f: str, start: Tensor, lr: float, steps: int) -> dict[str, Any]:
    given = start.clone()
    end = answer(_FUNCTIONS[f], given, lr, steps)
    moved = difference(given.detach(), start, 0.0)
    facts = {
        "the last place": end.detach().clone() if isinstance(end, Tensor) else end,
        "`start` afterwards": "changed" if moved else "tracked by autograd" if given.requires_grad else "as it was",
        "the result": "tracked by autograd" if isinstance(end, Tensor) and end.requires_grad else "detached",
        "recording afterwards": "on" if torch.is_grad_enabled() else "off",
    }
    for name, *settings in (
        ("lr", _FUNCTIONS[f], 0.5 * lr + 0.013, steps),
        ("steps", _FUNCTIONS[f], lr, steps + 1),
        ("f", _other(_FUNCTIONS[f]), lr, steps),
    ):
        try:
            other = answer(settings[0], start.clone(), *settings[1:])
        except Exception:  # some answers fail only in the second round
            other = None
        facts[_effect(name, "the last place")[0]] = _has_effect(other, facts["the last place"])
    return facts


def _torch_descent(f: Function, start: Tensor, lr: float, steps: int) -> Tensor:
    x = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([x], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        f(x).backward()
        optimizer.step()
    return x.detach()


def _places(f: Function, start: Tensor, lr: float, steps: int, sign: int = -1) -> list[Tensor]:
    """Return the start and the place after each step."""
    x, places = start.clone().requires_grad_(), [start]
    for _ in range(steps):
        (g,) = torch.autograd.grad(f(x), x)
        with torch.no_grad():
            x += sign * lr * g
        places.append(x.detach().clone())
    return places


@exercise(
    "Gradient descent by hand",
    oracle=_torch_descent,
    run=_run_descent,
    cases=[
        ("Σ x⁴", torch.tensor([0.5, -1.0]), 0.05, 3),
        ("Σ x⁴", torch.tensor([1.5]), 0.3, 1),  # one step: what fails only in the second round
        ("Σ (x² + 3x)", _LINE, 1.1, 3),  # too large a rate: the last place is not the best one
        ("Σ (x² + 3x)", _TABLE, 0.2, 4),
    ],
    hints=[
        "Start with a tracked copy, `x = start.clone().requires_grad_()`. Each round: value, `backward`, update, clear.",
        "The update is `x -= lr * x.grad`, inside `with torch.no_grad():`. Clear with `x.grad = None`.",
        "After the loop, `return x.detach()`.",
    ],
    idea="Value, gradient, a step against it, clear. Every optimizer keeps this loop, and changes only what the step is.",
)
def gradient_descent(f: "Function", start: torch.Tensor, lr: float, steps: int) -> torch.Tensor:
    """Walk down f from start, and return where you are after the steps, in the dtype of start."""
    x = start.clone().requires_grad_()
    for _ in range(steps):
        loss = f(x)
        loss.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "You change `x` in place while autograd records, and PyTorch refuses. Put the update into `with torch.no_grad():`.",
    error="in-place operation",
)
def outside_no_grad(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "In the first round already, autograd does not follow the value. `f` must be called at a tensor that is tracked, while "
    "autograd records.",
    error="does not require grad",
)
def not_tracked(f, start, lr, steps):
    x = start.clone()
    for _ in range(steps):
        f(x).backward()
        x = x - lr * x.grad
    return x


@gradient_descent.mistake(
    "After the first step, autograd does not follow `x` any more. Recording must be on again, and `x` must still be tracked: "
    "`x = x - ...` makes a new tensor, `x -= ...` keeps the old one.",
    error="does not require grad",
    keys=("recording afterwards",),
)
def a_new_tensor_that_is_not_tracked(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x = x - lr * x.grad
    return x


@gradient_descent.mistake(
    "`.grad` is None in the first round. Only `backward` fills it, only in the tracked tensor that you began with, and only "
    "until you clear it.",
    error="NoneType",
)
def no_backward(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        with torch.no_grad():
            x -= lr * x.grad
    return x.detach()


@gradient_descent.mistake(
    "`x.grad` is None from the second round on: `x = x - ...` makes a new, computed tensor, and `backward` fills only the one "
    "that you began with. Change that one: `x -= ...`, inside `with torch.no_grad():`.",
    error="NoneType",
    keys=("recording afterwards",),
)
def a_new_tensor_that_is_computed(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        x = x - lr * x.grad
    return x.detach()


@gradient_descent.mistake(
    "`.grad` is None where you clear it. So it is before the first `backward`, and in a new tensor, as from `x = x - ...`.",
    error="'zero_'",
)
def cleared_before_there_is_one(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        x.grad.zero_()
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.detach()


@gradient_descent.mistake(
    "You go backward twice from one value. In each round, compute `f(x)` anew, from the place where you are now.",
    error="second time",
)
def value_once(f, start, lr, steps):
    x = start.clone().requires_grad_()
    loss = f(x)
    for _ in range(steps):
        loss.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "You go backward from a value that was computed before `x` changed. In each round, compute `f(x)` anew.",
    error="an inplace operation",
)
def value_once_with_its_graph(f, start, lr, steps):
    x = start.clone().requires_grad_()
    loss = f(x)
    for _ in range(steps):
        loss.backward(retain_graph=True)
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "What stands behind `with` cannot stand there. `torch.no_grad()` has round brackets.", error="context manager"
)
def no_grad_not_called(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad:
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "`backward` starts from one number, the value `f(x)`. You call it on a tensor of several numbers.",
    error="only for scalar outputs",
)
def backward_from_the_place(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        x.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "`f` is a function, and has neither a gradient nor a value of its own. Call it: `f(x)`.", error="'function' object"
)
def f_not_called(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f.backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.detach()


@gradient_descent.mistake(
    "You loop over a number. `range(steps)` counts through it.", error="'int' object is not iterable"
)
def loop_over_a_number(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in steps:
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "A Python number stands where a tensor is needed. `item()` gives a number, which knows nothing of autograd.",
    error="'float' object has no attribute",
)
def value_as_a_number(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        loss = f(x).item()
        loss.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "Your function switches recording off, and leaves it off, so nothing after it can be followed. `with torch.no_grad():` ends "
    "by itself.",
    keys=("recording afterwards",),
)
def recording_left_off(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        torch.set_grad_enabled(True)
        f(x).backward()
        torch.set_grad_enabled(False)
        x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "You move `start` itself, and the caller still needs it. Neither `detach` nor `requires_grad_` copies: take a `clone` first.",
    keys=("`start` afterwards",),
)
def start_moved(f, start, lr, steps):
    x = start.detach().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "You make autograd follow `start` itself, and leave it so. Take a copy first, and track that.",
    keys=("`start` afterwards",),
)
def start_tracked(f, start, lr, steps):
    start.requires_grad_()
    return _places(f, start.detach(), lr, steps)[-1]


@gradient_descent.mistake(
    "Your function returns nothing. After the loop, `return` the last place.", keys=("the last place",)
)
def nothing_returned(f, start, lr, steps):
    print(_places(f, start, lr, steps)[-1])


@gradient_descent.mistake(
    "You go uphill. The gradient points to where f grows fastest, so the step goes against it: the sign is minus.",
    keys=("the last place",),
)
def uphill(f, start, lr, steps):
    return _places(f, start, lr, steps, sign=1)[-1]


@gradient_descent.mistake(
    "The gradients of all steps add up, because `backward` adds to `x.grad`. Forget the old one in each round: "
    "`x.grad = None`.",
    keys=("the last place",),
)
def gradients_pile_up(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
    return x.detach()


@gradient_descent.mistake(
    "All your steps use the gradient at the start. Take a new one in each round, at the place where you are then.",
    keys=("the last place",),
)
def gradient_once(f, start, lr, steps):
    x = start.clone().requires_grad_()
    f(x).backward()
    for _ in range(steps):
        with torch.no_grad():
            x -= lr * x.grad
    return x.detach()


@gradient_descent.mistake(
    "You apply the learning rate twice, so the steps are not as long as they should be. One factor `lr` is enough.",
    keys=("the last place",),
)
def rate_twice(f, start, lr, steps):
    return _places(f, start, lr * lr, steps)[-1]


@gradient_descent.mistake(
    "You make one step too many. `range(steps)` gives exactly `steps` rounds.", keys=("the last place",)
)
def one_step_too_many(f, start, lr, steps):
    return _places(f, start, lr, steps + 1)[-1]


@gradient_descent.mistake(
    "You make one step too few, or return the place before the last step. `range(steps)` gives exactly `steps` rounds.",
    keys=("the last place",),
)
def one_step_too_few(f, start, lr, steps):
    return _places(f, start, lr, steps)[-2]


@gradient_descent.mistake(
    "What you return has not moved from the start. Either the steps do not change `x`, or you return another tensor.",
    keys=("the last place",),
)
def nothing_moves(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x - lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "You subtract the value of f. A step is made of its gradient, which `backward` puts into `x.grad`.",
    keys=("the last place",),
)
def steps_by_the_value(f, start, lr, steps):
    x = start.clone()
    for _ in range(steps):
        x = x - lr * f(x)
    return x


@gradient_descent.mistake(
    "You return the value of f. Return the place where you are, which is x.", keys=("the last place",)
)
def value_returned(f, start, lr, steps):
    return f(_places(f, start, lr, steps)[-1])


@gradient_descent.mistake(
    "You return the best place that you saw. The task asks for the last one, even where it is worse.",
    keys=("the last place",),
)
def best_place(f, start, lr, steps):
    return min(_places(f, start, lr, steps), key=f)


@gradient_descent.mistake(
    "The learning rate has no effect on your steps. `lr` says which part of the gradient is a step.",
    keys=_effect("lr", "the last place"),
)
def rate_forgotten(f, start, lr, steps):
    return _places(f, start, 1.0, steps)[-1]


@gradient_descent.mistake(
    "`f` has no effect on the place that you return. A step is made of the gradient of the given `f`, whatever function that is.",
    keys=_effect("f", "the last place"),
)
def derivative_written_down(f, start, lr, steps):
    x = start.clone()
    for _ in range(steps):
        x = x - lr * 2 * x
    return x


@gradient_descent.mistake(
    "The number of steps has no effect on the place that you return. Make `steps` rounds, and return after the loop, not inside.",
    keys=_effect("steps", "the last place"),
)
def return_inside_the_loop(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
        return x.detach()


@gradient_descent.mistake(
    "You return a tensor that autograd still follows. Return the place alone: `x.detach()`.", keys=("the result",)
)
def not_detached(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x


def _four_words(answer: Any) -> Any:
    """Return the answer; another word than the four becomes one that says so."""
    if not isinstance(answer, dict):
        return answer

    def known(word: Any) -> bool:
        return word in _RATES.values() if isinstance(word, str) else word is None or word is ...

    return {letter: word if known(word) else "another word" for letter, word in answer.items()}


def four_runs() -> dict[str, Tensor]:
    """Walk down the ravine four times, 100 steps each, with other rates; ``read_rates`` asks which is which.

    Returns:
        For each of the letters A to D the path, as ``surfaces.descend`` returns it.
    """
    rates = {"on the bound": 0.1, "good": 0.093, "too small": 0.004, "too large": 0.102}
    return {k: descend(SURFACES["ravine"], partial(torch.optim.SGD, lr=rates[v])) for k, v in _RATES.items()}


_RATES = {"A": "on the bound", "B": "good", "C": "too small", "D": "too large"}
read_rates = exercise(
    "Choose a learning rate from curves",
    name="read_rates",
    run=_four_words,
    cases=[()],
    hints=[
        "One curve rises in the end, one is exactly flat, one is lowest, one falls slowly.",
        "Beyond the bound the swing grows with each step. At the bound it stays as large as it is.",
    ],
    idea="Rising: too large. Falling slowly: too small. The best rates are often just below those that fail.",
)(_RATES)

_MISREAD = {
    (
        "A",
        "too small",
    ): "too small a rate is slow, but it goes on falling. This curve is exactly flat in the end: something "
    "swings from side to side and neither grows nor shrinks.",
    (
        "A",
        "good",
    ): "with a good rate the height goes on falling. This curve stops far above the minimum, and stays there.",
    ("A", "too large"): "with too large a rate the swing grows, so the curve rises. This one does not rise.",
    ("B", "too small"): "too small a rate is slow. No other curve falls faster than this one.",
    (
        "B",
        "on the bound",
    ): "on the bound the swing keeps its size, so the curve becomes flat. This one falls on and on.",
    ("B", "too large"): "with too large a rate the curve rises in the end. This one never does.",
    ("C", "good"): "the direction is right, but another curve is much lower after the same number of steps.",
    ("C", "on the bound"): "on the bound the curve becomes flat. This one is still falling at the end.",
    ("C", "too large"): "with too large a rate the curve rises in the end. This one falls with each step.",
    ("D", "too small"): "a small rate makes small, careful steps downward. This curve rises.",
    ("D", "good"): "a good rate leads down. This curve leads up, and leaves the picture.",
    ("D", "on the bound"): "on the bound the curve is flat in the end. This one rises without end.",
}
for (_letter, _word), _message in _MISREAD.items():
    read_rates.mistake(f"{_letter}: {_message}", name=f"{_letter} is {_word}")({_letter: _word})
for _letter in _RATES:
    read_rates.mistake(
        f'{_letter}: choose one of the words of the task, exactly as they are written there: "too small", "good", '
        '"on the bound" or "too large".',
        name=f"{_letter} is another word",
    )({_letter: "another word"})


# ---- rules that are given their memory, and return it


def _torch_momentum(x: Tensor, v: Tensor, g: Tensor, lr: float, rho: float, **more: Any) -> tuple[Tensor, Tensor]:
    x, v = _torch_step(partial(torch.optim.SGD, lr=lr, momentum=rho, **more), "momentum_buffer", x, -v / lr, g)
    return x, -lr * v


_VELOCITY, _PLACE = ("the new velocity",), ("the new place",)


@exercise(
    "Momentum: one step of the ball",
    oracle=_torch_momentum,
    run=_run_step("x v g lr rho", "the new place", "the new velocity", lambda new, x, *_: x + new),
    cases=[
        (
            _LINE,
            torch.tensor([0.5, 0.25], dtype=torch.float64),
            torch.tensor([2.0, -1.0], dtype=torch.float64),
            0.2,
            0.9,
        ),
        (_TABLE, torch.cos(_TABLE), _TABLE - 1.5, 0.05, 0.7),
        (torch.tensor([3.0]), torch.tensor([-4.0]), torch.tensor([5.0]), 2.0, 0.3),
    ],
    hints=[
        "Two lines: the new velocity from the old one and the gradient, then the new place.",
        "`v = rho * v - lr * g`. The step is along the new velocity.",
        "`x = x + v`, then `return x, v`.",
    ],
    idea="The velocity remembers the slopes of the past, and fades by ρ in each step.",
)
def momentum_step(
    x: torch.Tensor, v: torch.Tensor, g: torch.Tensor, lr: float, rho: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new place and the new velocity of the ball, in the old shapes and dtypes."""
    v = rho * v - lr * g
    x = x + v
    return x, v


@momentum_step.mistake(_NOTHING.format("the new place, then the new velocity"), keys=("the result",))
def nothing_returned(x, v, g, lr, rho):
    v = rho * v - lr * g
    x = x + v
    print(x, v)


@momentum_step.mistake(_ONE_TENSOR.format("the new place and the new velocity"), keys=("the result",))
def place_alone(x, v, g, lr, rho):
    v = rho * v - lr * g
    return x + v


@momentum_step.mistake(_IN_PLACE.format("v"), keys=("the given `v`",))
def v_in_place(x, v, g, lr, rho):
    v *= rho
    v -= lr * g
    return x + v, v


@momentum_step.mistake(_IN_PLACE.format("x"), keys=("the given `x`",))
def x_in_place(x, v, g, lr, rho):
    v = rho * v - lr * g
    x += v
    return x, v


@momentum_step.mistake(_ORDER.format("the place `x`, then the velocity `v`"))
def wrong_order(x, v, g, lr, rho):
    v = rho * v - lr * g
    return v, x + v


@momentum_step.mistake(_MIXED.format("velocity"), keys=("each number in the new velocity has its own inputs",))
def numbers_mixed(x, v, g, lr, rho):
    v = rho * v - lr * g.sum()
    return x + v, v


@momentum_step.mistake(
    "In your velocity the gradient pushes uphill. The force on the ball is *minus* the gradient: v ← ρv − ηg.",
    keys=_VELOCITY,
)
def uphill(x, v, g, lr, rho):
    v = rho * v + lr * g
    return x + v, v


@momentum_step.mistake(
    "The velocity that you return is the one that you were given, so the ball never gains speed. Return the new one.",
    keys=_VELOCITY,
)
def velocity_not_kept(x, v, g, lr, rho):
    return x + rho * v - lr * g, v


@momentum_step.mistake(
    "Your velocity is ρv + g, as PyTorch has it. Here the push goes inside, with its rate and its sign: v ← ρv − ηg.",
    keys=_VELOCITY,
)
def pytorch_s_form(x, v, g, lr, rho):
    v = rho * v + g
    return x - lr * v, v


@momentum_step.mistake(
    "You take (1 − ρ) of the push, which makes a moving average. Here the whole push counts: −ηg.", keys=_VELOCITY
)
def moving_average(x, v, g, lr, rho):
    v = rho * v - (1 - rho) * lr * g
    return x + v, v


@momentum_step.mistake(
    "Your velocity is a moving average of the gradients. Here the old velocity fades by ρ, and the push −ηg is added, whole.",
    keys=_VELOCITY,
)
def average_of_the_gradients(x, v, g, lr, rho):
    v = rho * v + (1 - rho) * g
    return x - lr * v, v


@momentum_step.mistake(
    "In your velocity ρ takes a part of the new push too. Only the old velocity fades.", keys=_VELOCITY
)
def rho_on_both(x, v, g, lr, rho):
    v = rho * (v - lr * g)
    return x + v, v


@momentum_step.mistake(
    "You keep (1 − ρ) of the old velocity. That is what friction takes away; ρ is what stays.", keys=_VELOCITY
)
def friction_for_rho(x, v, g, lr, rho):
    v = (1 - rho) * v - lr * g
    return x + v, v


@momentum_step.mistake("The velocity is right, but you move against it. It points downhill already: the step is x + v.")
def moved_backward(x, v, g, lr, rho):
    v = rho * v - lr * g
    return x - v, v


@momentum_step.mistake(
    "The velocity is right, but the step has one learning rate too many: η is in the velocity already. The step is x + v."
)
def rate_twice(x, v, g, lr, rho):
    v = rho * v - lr * g
    return x + lr * v, v


@momentum_step.mistake(
    "The velocity is right, but the step is PyTorch's, −ηv. In our form η and the minus are in the velocity already: x + v."
)
def step_of_pytorch_s_form(x, v, g, lr, rho):
    v = rho * v - lr * g
    return x - lr * v, v


@momentum_step.mistake(
    "The old velocity has no effect on your new one. A ball that rolls keeps ρ times its old velocity.",
    keys=_effect("v", "the new velocity"),
)
def no_memory(x, v, g, lr, rho):
    v = -lr * g
    return x + v, v


@momentum_step.mistake(
    "The gradient has no effect on your velocity: the push −ηg is missing.",
    keys=_effect("g", "the new velocity"),
)
def no_push(x, v, g, lr, rho):
    v = rho * v
    return x + v, v


@momentum_step.mistake(
    "ρ has no effect on your velocity, so there is no friction. Only ρ times the old velocity stays.",
    keys=_effect("rho", "the new velocity"),
)
def no_friction(x, v, g, lr, rho):
    v = v - lr * g
    return x + v, v


@momentum_step.mistake(
    "The gradient has no effect on your new place. First comes the new velocity, then the step along it.",
    keys=_effect("g", "the new place"),
)
def moved_with_the_old_velocity(x, v, g, lr, rho):
    return x + v, rho * v - lr * g


@momentum_step.mistake(
    "The old velocity has no effect on your new place. The step is the whole new velocity.",
    keys=_effect("v", "the new place"),
)
def plain_step(x, v, g, lr, rho):
    return x - lr * g, rho * v - lr * g


@momentum_step.mistake(
    "The old place has no effect on the new place that you return. The ball starts at x, and makes a step from there.",
    keys=_effect("x", "the new place"),
)
def step_for_the_place(x, v, g, lr, rho):
    v = rho * v - lr * g
    return v, v


@momentum_step.mistake(
    "The velocity is right, but the step is another. It is the whole new velocity, once, with its sign: x + v.",
    keys=("the new velocity", "the new place fits the new velocity"),
)
def push_twice(x, v, g, lr, rho):
    v = rho * v - lr * g
    return x + v - lr * g, v


@momentum_step.mistake(
    "The learning rate has no effect on your velocity. The push of one step is −ηg.",
    keys=_effect("lr", "the new velocity"),
)
def rate_forgotten(x, v, g, lr, rho):
    v = rho * v - g
    return x + v, v


def _torch_look_ahead(gradient: str, x: Tensor, v: Tensor, lr: float, rho: float) -> tuple[Tensor, Tensor]:
    ahead = x + rho * v  # PyTorch's parameter is the place ahead
    p, v = _torch_momentum(ahead, v, gradient(ahead), lr, rho, nesterov=True)
    return p - rho * v, v


@exercise(
    "Nesterov: look ahead",
    oracle=_torch_look_ahead,
    run=_run_step("gradient x v lr rho", "the new place", "the new velocity", lambda new, gradient, x, *_: x + new),
    cases=[
        ("x³ + 2x", _LINE, torch.tensor([0.5, 0.25], dtype=torch.float64), 0.2, 0.9),
        ("cos x", _TABLE, torch.cos(2 * _TABLE), 0.3, 0.7),
        ("x³ + 2x", torch.tensor([1.5]), torch.tensor([-2.0]), 0.05, 0.4),
    ],
    hints=[
        "One line more than momentum: first compute the place ahead. `gradient` is a function; call it there.",
        "`ahead = x + rho * v`, and `gradient(ahead)` in place of `g`.",
    ],
    idea="Nesterov brakes before the slope turns, because it asks for the slope where it is going to be.",
)
def look_ahead_step(
    gradient: "Function", x: torch.Tensor, v: torch.Tensor, lr: float, rho: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new place and the new velocity, in the old shapes and dtypes."""
    ahead = x + rho * v
    v = rho * v - lr * gradient(ahead)
    return x + v, v


@look_ahead_step.mistake(
    "`gradient` is a function, and you use it like a tensor. Call it at a place: `gradient(...)`.", error="'function'"
)
def gradient_not_called(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient
    return x + v, v


@look_ahead_step.mistake(_NOTHING.format("the new place, then the new velocity"), keys=("the result",))
def nothing_returned(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v)
    print(x + v, v)


@look_ahead_step.mistake(_ONE_TENSOR.format("the new place and the new velocity"), keys=("the result",))
def place_alone(gradient, x, v, lr, rho):
    return x + rho * v - lr * gradient(x + rho * v)


@look_ahead_step.mistake(_IN_PLACE.format("v"), keys=("the given `v`",))
def v_in_place(gradient, x, v, lr, rho):
    ahead = x + rho * v
    v *= rho
    v -= lr * gradient(ahead)
    return x + v, v


@look_ahead_step.mistake(_IN_PLACE.format("x"), keys=("the given `x`",))
def x_in_place(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v)
    x += v
    return x, v


@look_ahead_step.mistake(_ORDER.format("the place `x`, then the velocity `v`"))
def wrong_order(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v)
    return v, x + v


@look_ahead_step.mistake(_MIXED.format("velocity"), keys=("each number in the new velocity has its own inputs",))
def numbers_mixed(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v).sum()
    return x + v, v


@look_ahead_step.mistake(
    "This is plain momentum: you take the gradient where you stand. Take it where the velocity will lead, at x + ρv.",
    keys=_VELOCITY,
)
def plain_momentum(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x)
    return x + v, v


@look_ahead_step.mistake(
    "You look too far: only ρ times the old velocity is left in this step. The place ahead is x + ρv.", keys=_VELOCITY
)
def ahead_without_rho(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + v)
    return x + v, v


@look_ahead_step.mistake(
    "You look back, at x − ρv. The velocity points to where you will be: the place ahead is x + ρv.", keys=_VELOCITY
)
def looked_back(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x - rho * v)
    return x + v, v


@look_ahead_step.mistake(
    "You shrink the velocity twice before you look, so you look at x + ρ²v. The place ahead is x + ρv.", keys=_VELOCITY
)
def rho_twice_in_the_look(gradient, x, v, lr, rho):
    v = rho * v
    v = v - lr * gradient(x + rho * v)
    return x + v, v


@look_ahead_step.mistake(
    "You look at where a whole step of momentum would end. Look at where the old velocity alone leads, x + ρv.",
    keys=_VELOCITY,
)
def looked_after_a_whole_step(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v - lr * gradient(x))
    return x + v, v


@look_ahead_step.mistake(
    "The velocity that you return is the one that you were given, so the next step starts with it again. Return the new one.",
    keys=_VELOCITY,
)
def velocity_not_kept(gradient, x, v, lr, rho):
    return x + rho * v - lr * gradient(x + rho * v), v


@look_ahead_step.mistake(
    "In your velocity the gradient pushes uphill. The push is *minus* the learning rate times the gradient.",
    keys=_VELOCITY,
)
def uphill(gradient, x, v, lr, rho):
    v = rho * v + lr * gradient(x + rho * v)
    return x + v, v


@look_ahead_step.mistake(
    "You look ahead, but your velocity is ρv + g. In the first form the rate and its sign are inside: v ← ρv − ηg(x + ρv).",
    keys=_VELOCITY,
)
def rate_outside(gradient, x, v, lr, rho):
    v = rho * v + gradient(x + rho * v)
    return x - lr * v, v


@look_ahead_step.mistake(
    "This velocity, ρv + g(x), is that of the second form, PyTorch's. In the first one g is asked for ahead, and −η is inside.",
    keys=_VELOCITY,
)
def the_second_form(gradient, x, v, lr, rho):
    g = gradient(x)
    v = rho * v + g
    return x - lr * (g + rho * v), v


@look_ahead_step.mistake(
    "Your velocity is the push of this step alone. ρ times the old velocity belongs to it too.", keys=_VELOCITY
)
def no_memory(gradient, x, v, lr, rho):
    v = -lr * gradient(x + rho * v)
    return x + v, v


@look_ahead_step.mistake(
    "You look ahead with ρv, but your new velocity keeps the whole old one. There, too, only ρv is left.",
    keys=_VELOCITY,
)
def no_friction(gradient, x, v, lr, rho):
    v = v - lr * gradient(x + rho * v)
    return x + v, v


@look_ahead_step.mistake(
    "The velocity is right, but the step begins at the place ahead. You only *look* from there: the step is x + v."
)
def step_from_the_place_ahead(gradient, x, v, lr, rho):
    ahead = x + rho * v
    v = rho * v - lr * gradient(ahead)
    return ahead + v, v


@look_ahead_step.mistake(
    "The velocity is right, but you move against it. It points downhill already: the step is x + v."
)
def moved_backward(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v)
    return x - v, v


@look_ahead_step.mistake("The velocity is right, but the step has one learning rate too many. The step is x + v.")
def rate_twice(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + rho * v)
    return x + lr * v, v


@look_ahead_step.mistake(
    "The velocity is right, but the place that you return is the one from which you looked. The step x + v comes after the look."
)
def place_ahead_returned(gradient, x, v, lr, rho):
    ahead = x + rho * v
    return ahead, rho * v - lr * gradient(ahead)


@look_ahead_step.mistake("The velocity is right, but you move by −ηg alone. The step is the whole new velocity: x + v.")
def plain_step(gradient, x, v, lr, rho):
    g = gradient(x + rho * v)
    return x - lr * g, rho * v - lr * g


@look_ahead_step.mistake(
    "The gradient has no effect on your velocity. The push −η times the gradient is missing.",
    keys=_effect("gradient", "the new velocity"),
)
def no_push(gradient, x, v, lr, rho):
    v = rho * v
    return x + v, v


@look_ahead_step.mistake(
    "The place x has no effect on your velocity. The gradient is asked for at a *place*: x + ρv, not at v or ρv.",
    keys=_effect("x", "the new velocity"),
)
def gradient_at_the_step(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(rho * v)
    return x + v, v


@look_ahead_step.mistake(
    "The gradient has no effect on your new place. The step is x plus the *new* velocity.",
    keys=_effect("gradient", "the new place"),
)
def moved_with_the_old_velocity(gradient, x, v, lr, rho):
    return x + v, rho * v - lr * gradient(x + rho * v)


@look_ahead_step.mistake(
    "The velocity is right, but the step is another. It is the whole new velocity, once, from x on: x + v.",
    keys=("the new velocity", "the new place fits the new velocity"),
)
def push_twice(gradient, x, v, lr, rho):
    g = gradient(x + rho * v)
    v = rho * v - lr * g
    return x + v - lr * g, v


@look_ahead_step.mistake(
    "The learning rate has no effect on your velocity. The push is −η times the gradient.",
    keys=_effect("lr", "the new velocity"),
)
def rate_forgotten(gradient, x, v, lr, rho):
    v = rho * v - gradient(x + rho * v)
    return x + v, v


# ---- a rate for each parameter


def _torch_adagrad(p: Tensor, s: Tensor, g: Tensor, lr: float, eps: float) -> tuple[Tensor, Tensor]:
    return _torch_step(partial(torch.optim.Adagrad, lr=lr, eps=eps), "sum", p, s, g)


_S = torch.tensor([0.5, 3.0], dtype=torch.float64)
_SUM, _AVERAGE = ("the new sum",), ("the new average",)


@exercise(
    "Adagrad: one step",
    oracle=_torch_adagrad,
    run=_run_step(
        "p s g lr eps",
        "the new parameter",
        "the new sum",
        lambda new, p, s, g, lr, eps: p - lr * g / (new.sqrt() + eps),
    ),
    cases=[
        (_LINE, _S, torch.tensor([2.0, -1.5], dtype=torch.float64), 0.2, 0.5),
        (_TABLE, _TABLE.abs(), 1.5 - _TABLE, 0.1, 1e-10),
        # tiny gradients, and none at all
        (torch.tensor([1.0, 2.0, -3.0]), torch.zeros(3), torch.tensor([1e-8, -1e-3, 0.0]), 0.5, 1e-6),
    ],
    hints=[
        "First the sum: add `g**2`. Then the step, divided by the root of the *new* sum.",
        "The step is `lr * g / (s.sqrt() + eps)`. Mind the brackets.",
    ],
    idea="Each number has a rate of its own, which shrinks by its own history of gradients. The unit of g cancels.",
)
def adagrad_step(
    p: torch.Tensor, s: torch.Tensor, g: torch.Tensor, lr: float, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new parameter and the new sum of squared gradients, in the old shapes and dtypes."""
    s = s + g**2
    p = p - lr * g / (s.sqrt() + eps)
    return p, s


@adagrad_step.mistake(_HAT, error="bitwise_xor")
def hat(p, s, g, lr, eps):
    s = s + (g ^ 2)
    return p - lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(_ONE_NUMBER, error="converted to Python scalars")
def root_of_math(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / (math.sqrt(s) + eps), s


@adagrad_step.mistake(_NO_CALL, error="builtin_function_or_method")
def root_not_called(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / (s.sqrt + eps), s


@adagrad_step.mistake(_NOTHING.format("the new parameter, then the new sum"), keys=("the result",))
def nothing_returned(p, s, g, lr, eps):
    s = s + g**2
    p = p - lr * g / (s.sqrt() + eps)


@adagrad_step.mistake(_ONE_TENSOR.format("the new parameter and the new sum"), keys=("the result",))
def parameter_alone(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / (s.sqrt() + eps)


@adagrad_step.mistake(_IN_PLACE.format("s"), keys=("the given `s`",))
def s_in_place(p, s, g, lr, eps):
    s += g**2
    return p - lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(_IN_PLACE.format("p"), keys=("the given `p`",))
def p_in_place(p, s, g, lr, eps):
    s = s + g**2
    p -= lr * g / (s.sqrt() + eps)
    return p, s


@adagrad_step.mistake(_ORDER.format("the parameter `p`, then the sum `s`"))
def wrong_order(p, s, g, lr, eps):
    s = s + g**2
    return s, p - lr * g / (s.sqrt() + eps)


@adagrad_step.mistake(_MIXED.format("sum"), keys=("each number in the new sum has its own inputs",))
def numbers_mixed(p, s, g, lr, eps):
    s = s + (g**2).sum()
    return p - lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "The sum that you return is the one that you were given, so nothing is remembered. Return the new `s`.", keys=_SUM
)
def sum_not_kept(p, s, g, lr, eps):
    return p - lr * g / ((s + g**2).sqrt() + eps), s


@adagrad_step.mistake("You add up the gradients. Their *squares* are summed: the sign must not count.", keys=_SUM)
def gradients_not_squares(p, s, g, lr, eps):
    s = s + g
    return p - lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake("You square the old sum as well. Only the gradient is squared: s ← s + g².", keys=_SUM)
def sum_squared(p, s, g, lr, eps):
    s = (s + g) ** 2
    return p - lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "The sum that you return is its root. The root is only for the step; what is remembered is the sum itself.",
    keys=_SUM,
)
def root_kept(p, s, g, lr, eps):
    s = (s + g**2).sqrt()
    return p - lr * g / (s + eps), s


@adagrad_step.mistake(
    "The sum is right, but ε is inside the root. PyTorch has √s + ε: take the root first, then add. For small gradients that is "
    "another method."
)
def eps_inside_the_root(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / (s + eps).sqrt(), s


@adagrad_step.mistake(
    "The sum is right, but you divide by the root of the old one. Update `s` first, then make the step."
)
def old_sum(p, s, g, lr, eps):
    return p - lr * g / (s.sqrt() + eps), s + g**2


@adagrad_step.mistake(
    "The sum is right, but the root is missing in the step. Divide by √s + ε, so that the unit of the gradient cancels."
)
def no_root(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / (s + eps), s


@adagrad_step.mistake("The sum is right, but you go uphill. Subtract the step.")
def uphill(p, s, g, lr, eps):
    s = s + g**2
    return p + lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "The sum is right, but ε is added to the whole step, because division comes before addition. Put √s + ε into brackets."
)
def no_brackets(p, s, g, lr, eps):
    s = s + g**2
    return p - (lr * g / s.sqrt() + eps), s


@adagrad_step.mistake(
    "The sum is right, but ε is added to the parameter: division and subtraction come first. Put √s + ε into brackets."
)
def no_brackets_at_the_end(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / s.sqrt() + eps, s


@adagrad_step.mistake("The sum is right, but the gradient is missing in the step: its sign says where to go.")
def gradient_forgotten(p, s, g, lr, eps):
    s = s + g**2
    return p - lr / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "The old sum has no effect on your new one, so nothing is remembered.",
    keys=_effect("s", "the new sum"),
)
def no_memory(p, s, g, lr, eps):
    s = g**2
    return p - lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "ε has no effect on your step. Without it, a gradient of 0 gives 0/0: divide by √s + ε.",
    keys=_effect("eps", "the new parameter"),
)
def no_eps(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / s.sqrt(), s


@adagrad_step.mistake(
    "The learning rate has no effect on your new parameter. The step is η times g, divided by √s + ε.",
    keys=_effect("lr", "the new parameter"),
)
def rate_forgotten(p, s, g, lr, eps):
    s = s + g**2
    return p - g / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "The old parameter has no effect on the new one that you return. Subtract the step from `p`.",
    keys=_effect("p", "the new parameter"),
)
def step_for_the_parameter(p, s, g, lr, eps):
    s = s + g**2
    return lr * g / (s.sqrt() + eps), s


@adagrad_step.mistake(
    "The old sum has no effect on your step. Divide by the root of the whole sum, the old one and the new square.",
    keys=_effect("s", "the new parameter"),
)
def only_the_sign(p, s, g, lr, eps):
    return p - lr * g / ((g**2).sqrt() + eps), s + g**2


@adagrad_step.mistake(
    "The sum is right, but the step does not fit it. It is lr * g, divided by √s + ε with the *new* sum, and is subtracted.",
    keys=("the new sum", "the new parameter fits the new sum"),
)
def multiplied(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g * (s.sqrt() + eps), s


def _torch_rmsprop(p: Tensor, s: Tensor, g: Tensor, lr: float, alpha: float, eps: float) -> tuple[Tensor, Tensor]:
    return _torch_step(partial(torch.optim.RMSprop, lr=lr, alpha=alpha, eps=eps), "square_avg", p, s, g)


_EQUAL = "an average of equal squares is that square"
_run_average = _run_step(
    "p s g lr alpha eps",
    "the new parameter",
    "the new average",
    lambda new, p, s, g, lr, alpha, eps: p - lr * g / (new.sqrt() + eps),
)


def _run_rmsprop(answer: Callable[..., Any], *given: Any) -> dict[str, Any]:
    p, _, g, *settings = given
    facts = _run_average(answer, *given)
    average = _pair(answer(p.clone(), g**2, g.clone(), *settings))[1]
    return facts | {_EQUAL: "yes" if not difference(average, g**2) else "no"}


def _divide(p: Tensor, s: Tensor, g: Tensor, lr: float, eps: float) -> tuple[Tensor, Tensor]:
    return p - lr * g / (s.sqrt() + eps), s


@exercise(
    "RMSprop: one step",
    oracle=_torch_rmsprop,
    run=_run_rmsprop,
    cases=[
        (_LINE, _S, torch.tensor([2.0, -1.5], dtype=torch.float64), 0.2, 0.9, 0.5),
        (_TABLE, _TABLE.abs(), 1.5 - _TABLE, 0.1, 0.7, 1e-8),
        # tiny gradients, and none at all
        (torch.tensor([1.0, 2.0, -3.0]), torch.zeros(3), torch.tensor([1e-8, -1e-3, 0.0]), 0.5, 0.75, 1e-6),
    ],
    hints=[
        "Only one line differs from Adagrad: how `s` is updated.",
        "`s = alpha * s + (1 - alpha) * g**2`, then the step as in Adagrad.",
    ],
    idea="RMSprop is Adagrad with a memory that fades, so the steps do not shrink for ever. It has no momentum.",
)
def rmsprop_step(
    p: torch.Tensor, s: torch.Tensor, g: torch.Tensor, lr: float, alpha: float, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new parameter and the new average of squared gradients, in the old shapes and dtypes."""
    s = alpha * s + (1 - alpha) * g**2
    p = p - lr * g / (s.sqrt() + eps)
    return p, s


@rmsprop_step.mistake(_HAT, error="bitwise_xor")
def hat(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + (1 - alpha) * (g ^ 2), g, lr, eps)


@rmsprop_step.mistake(_ONE_NUMBER, error="converted to Python scalars")
def root_of_math(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / (math.sqrt(s) + eps), s


@rmsprop_step.mistake(_NO_CALL, error="builtin_function_or_method")
def root_not_called(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / (s.sqrt + eps), s


@rmsprop_step.mistake(_NOTHING.format("the new parameter, then the new average"), keys=("the result",))
def nothing_returned(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    p = p - lr * g / (s.sqrt() + eps)


@rmsprop_step.mistake(_ONE_TENSOR.format("the new parameter and the new average"), keys=("the result",))
def parameter_alone(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / (s.sqrt() + eps)


@rmsprop_step.mistake(_IN_PLACE.format("s"), keys=("the given `s`",))
def s_in_place(p, s, g, lr, alpha, eps):
    s *= alpha
    s += (1 - alpha) * g**2
    return _divide(p, s, g, lr, eps)


@rmsprop_step.mistake(_IN_PLACE.format("p"), keys=("the given `p`",))
def p_in_place(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    p -= lr * g / (s.sqrt() + eps)
    return p, s


@rmsprop_step.mistake(_ORDER.format("the parameter `p`, then the average `s`"))
def wrong_order(p, s, g, lr, alpha, eps):
    p, s = _divide(p, alpha * s + (1 - alpha) * g**2, g, lr, eps)
    return s, p


@rmsprop_step.mistake(_MIXED.format("average"), keys=("each number in the new average has its own inputs",))
def numbers_mixed(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + (1 - alpha) * (g**2).mean(), g, lr, eps)


@rmsprop_step.mistake(
    "This is still Adagrad: your sum only grows. Take a moving average, αs + (1 − α)g².", keys=_AVERAGE
)
def adagrad(p, s, g, lr, alpha, eps):
    return _divide(p, s + g**2, g, lr, eps)


@rmsprop_step.mistake(
    "The two weights are swapped. α is near 1, and belongs to what is remembered; the new square gets 1 − α.",
    keys=_AVERAGE,
)
def weights_swapped(p, s, g, lr, alpha, eps):
    return _divide(p, (1 - alpha) * s + alpha * g**2, g, lr, eps)


@rmsprop_step.mistake(
    "You add the whole square. In an average the weights add up to 1: α for the old, 1 − α for the new.", keys=_AVERAGE
)
def whole_square_added(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + g**2, g, lr, eps)


@rmsprop_step.mistake(
    "The weight of the new square has lost its brackets: `1 - alpha * g**2` multiplies first. Write 1 − α in brackets.",
    keys=_AVERAGE,
)
def no_brackets_in_the_average(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + 1 - alpha * g**2, g, lr, eps)


@rmsprop_step.mistake(
    "Your average is of the gradients. It is their *squares* that are averaged: the sign must not count.", keys=_AVERAGE
)
def gradients_not_squares(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + (1 - alpha) * g, g, lr, eps)


@rmsprop_step.mistake(
    "The average that you return is the one that you were given, so each step starts from it again. Return the new `s`.",
    keys=_AVERAGE,
)
def average_not_kept(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + (1 - alpha) * g**2, g, lr, eps)[0], s


@rmsprop_step.mistake(
    "The average that you return is its root. The root is only for the step; what is remembered is the average itself.",
    keys=_AVERAGE,
)
def root_kept(p, s, g, lr, alpha, eps):
    s = (alpha * s + (1 - alpha) * g**2).sqrt()
    return p - lr * g / (s + eps), s


@rmsprop_step.mistake("The average is right, but ε is inside the root. PyTorch adds it outside: √s + ε.")
def eps_inside_the_root(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / (s + eps).sqrt(), s


@rmsprop_step.mistake(
    "The average is right, but you divide by the root of the old one. Update `s` first, then make the step."
)
def old_average(p, s, g, lr, alpha, eps):
    return p - lr * g / (s.sqrt() + eps), alpha * s + (1 - alpha) * g**2


@rmsprop_step.mistake(
    "The average is right, but the root is missing in the step. Divide by √s + ε, so that the unit of the gradient cancels."
)
def no_root(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / (s + eps), s


@rmsprop_step.mistake("The average is right, but you go uphill. Subtract the step.")
def uphill(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p + lr * g / (s.sqrt() + eps), s


@rmsprop_step.mistake(
    "The average is right, but ε is added to the whole step, because division comes before addition. Put √s + ε into brackets."
)
def no_brackets(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - (lr * g / s.sqrt() + eps), s


@rmsprop_step.mistake(
    "The average is right, but ε is added to the parameter: division and subtraction come first. Put √s + ε into brackets."
)
def no_brackets_at_the_end(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / s.sqrt() + eps, s


@rmsprop_step.mistake("The average is right, but the gradient is missing in the step: its sign says where to go.")
def gradient_forgotten(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr / (s.sqrt() + eps), s


@rmsprop_step.mistake(
    "The old average has no effect on your new one, so nothing is remembered.",
    keys=_effect("s", "the new average"),
)
def no_memory(p, s, g, lr, alpha, eps):
    return _divide(p, (1 - alpha) * g**2, g, lr, eps)


@rmsprop_step.mistake(
    "α has no effect on your average. It says how much of the old one stays, and 1 − α how much of the new square enters.",
    keys=_effect("alpha", "the new average"),
)
def plain_average(p, s, g, lr, alpha, eps):
    return _divide(p, (s + g**2) / 2, g, lr, eps)


@rmsprop_step.mistake(
    "The learning rate has no effect on your new parameter. The step is η times g, divided by √s + ε.",
    keys=_effect("lr", "the new parameter"),
)
def rate_forgotten(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + (1 - alpha) * g**2, g, 1.0, eps)


@rmsprop_step.mistake(
    "The old parameter has no effect on the new one that you return. Subtract the step from `p`.",
    keys=_effect("p", "the new parameter"),
)
def step_for_the_parameter(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return lr * g / (s.sqrt() + eps), s


@rmsprop_step.mistake(
    "The average has no effect on your step. Divide by its root: √s + ε.",
    keys=_effect("s", "the new parameter"),
)
def plain_step(p, s, g, lr, alpha, eps):
    return p - lr * g, alpha * s + (1 - alpha) * g**2


@rmsprop_step.mistake(
    "The average is right, but the step does not fit it. It is lr * g, divided by √s + ε with the *new* s, and is subtracted.",
    keys=("the new average", "the new parameter fits the new average"),
)
def multiplied(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g * (s.sqrt() + eps), s


@rmsprop_step.mistake(
    "Where s is g² already, an average leaves it at g². Yours does not: look at the two weights, α and 1 − α, and at the square.",
    keys=(_EQUAL,),
)
def alpha_on_both(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + alpha * g**2, g, lr, eps)


@rmsprop_step.mistake(
    "ε has no effect on your step. Without it, a gradient of 0 gives 0/0: divide by √s + ε.",
    keys=_effect("eps", "the new parameter"),
)
def no_eps(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * g**2
    return p - lr * g / s.sqrt(), s


# ---- Adam, with a state that it keeps


def _run_adam(
    answer: Callable[..., Any], start: Tensor, slopes: Tensor, lr: float, beta1: float, beta2: float, eps: float
) -> dict[str, Any]:
    """Make a step for each slope, as ``walk`` does; between them, a second parameter makes its own."""
    settings = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
    facts = _adam_steps(answer, start, slopes, settings)
    places = [start, *(facts[key] for key in _P)]
    for t in (1, 2, 3):
        fits = _fits(places[t - 1], places[t], facts[_M[t - 1]], facts[_V[t - 1]], t, **settings)
        facts[_FITS[t - 1]] = "yes" if fits else "no"
    for name, value in settings.items():
        other = _adam_steps(answer, start, slopes, settings | {name: _other(value)})
        for key in (_P[0], _P[2], _M[2], _V[2]):
            facts[_effect(name, key)[0]] = _has_effect(other[key], facts[key])
    p, g, state = start.clone(), slopes[2], {"t": 5, "m": slopes[2].clone(), "v": slopes[2] ** 2}
    answer(p, g.clone(), state, lr, beta1, beta2, eps)
    facts[_EQUAL_M] = "yes" if not difference(state.get("m"), g) else "no"
    facts[_EQUAL_V] = "yes" if not difference(state.get("v"), g**2) else "no"
    return facts


def _adam_steps(
    answer: Callable[..., Any], start: Tensor, slopes: Tensor, settings: dict[str, float]
) -> dict[str, Any]:
    p, second = (start.clone().requires_grad_() for _ in range(2))
    state, its_state = ({"t": 0, "m": torch.zeros_like(start), "v": torch.zeros_like(start)} for _ in range(2))
    facts: dict[str, Any] = {"the returned value": "nothing", "the given `g`": "as it was"}
    with torch.no_grad():
        for step, slope in enumerate(slopes, start=1):
            g = slope.clone()
            if answer(p, g, state, *settings.values()) is not None:
                facts["the returned value"] = "something"
            if difference(g, slope, 0.0):
                facts["the given `g`"] = "changed"
            for key in ("m", "v"):
                facts[f'`state["{key}"]` after step {step}'] = copy.deepcopy(state.get(key))
            facts[f"`p` after step {step}"] = p.detach().clone()
            answer(second, 1 - slope, its_state, *settings.values())
            facts[f"a second parameter with a state of its own, after step {step}"] = second.detach().clone()
    return facts


def _fits(
    before: Tensor, after: Tensor, m: Any, v: Any, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> bool:
    """Say whether step number t follows from m and v, however they came about."""
    try:
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        return not difference(after, before - lr * m_hat / (v_hat.sqrt() + eps))
    except Exception:  # no tensors, or none of this shape
        return False


def _torch_adam(p: Tensor, g: Tensor, state: dict, lr: float, beta1: float, beta2: float, eps: float) -> None:
    optimizer = torch.optim.Adam([p], lr=lr, betas=(beta1, beta2), eps=eps)
    memory = {"step": torch.tensor(float(state["t"])), "exp_avg": state["m"], "exp_avg_sq": state["v"]}
    optimizer.state[p] = memory  # it changes these tensors in place
    p.grad = g
    optimizer.step()
    p.grad = None
    state["t"] += 1


def _averages(g: Tensor, state: dict, beta1: float, beta2: float) -> tuple[int, Tensor, Tensor]:
    """Count, update both averages in the state, and return all three."""
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
    return state["t"], state["m"], state["v"]


def _correct_and_step(p: Tensor, state: dict, lr: float, beta1: float, beta2: float, eps: float) -> None:
    """Count, correct the averages in the state, and step."""
    state["t"] += 1
    m_hat = state["m"] / (1 - beta1 ** state["t"])
    v_hat = state["v"] / (1 - beta2 ** state["t"])
    p -= lr * m_hat / (v_hat.sqrt() + eps)


_M, _V = ([f'`state["{key}"]` after step {step}' for step in (1, 2, 3)] for key in "mv")
_P = [f"`p` after step {step}" for step in (1, 2, 3)]
_FITS = [f"step {step} fits m and v" for step in (1, 2, 3)]
_EQUAL_M, _EQUAL_V = "an average m of equal gradients", "an average v of equal squares"


@exercise(
    "Adam with bias correction",
    oracle=_torch_adam,
    run=_run_adam,
    cases=[
        (_LINE, torch.tensor([[2.0, 1.0], [-0.5, 3.0], [1.5, -2.0]], dtype=torch.float64), 0.2, 0.9, 0.7, 0.25),
        (_TABLE, torch.stack([_TABLE, 2 - _TABLE, _TABLE.cos()]), 0.1, 0.6, 0.95, 1e-8),
        # tiny gradients, and none at all
        (torch.tensor([1.0, 2.0]), torch.tensor([[0.0, 1e-7], [1e-3, -1e-6], [-5.0, 1e-7]]), 0.5, 0.8, 0.99, 1e-6),
    ],
    hints=[
        "In this order: count, update both averages, correct both, step.",
        "`state['t'] += 1`, then `state['m'] = beta1 * state['m'] + (1 - beta1) * g`, and the same for v with `g**2`.",
        "`m_hat = state['m'] / (1 - beta1 ** state['t'])`, the same for v with beta2.",
        "`p -= lr * m_hat / (v_hat.sqrt() + eps)`.",
    ],
    idea="Adam is momentum and RMSprop together, and its correction makes the first steps as good as the later ones.",
)
def adam_update(
    p: torch.Tensor, g: torch.Tensor, state: dict, lr: float, beta1: float, beta2: float, eps: float
) -> None:
    """Change p in place by one step of Adam, and keep t, m and v in the state."""
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
    m_hat = state["m"] / (1 - beta1 ** state["t"])
    v_hat = state["v"] / (1 - beta2 ** state["t"])
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adam_update.mistake(_HAT, error="bitwise_xor")
def hat(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * (g ^ 2)
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake("In Python `^` is no power. β to the power of t is `beta**t`.", error="for ^")
def hat_between_numbers(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1 ^ t) / ((v / (1 - beta2 ^ t)).sqrt() + eps)


@adam_update.mistake(_ONE_NUMBER, error="converted to Python scalars")
def root_of_math(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / (math.sqrt(v / (1 - beta2**t)) + eps)


@adam_update.mistake(_NO_CALL, error="builtin_function_or_method")
def root_not_called(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt + eps)


@adam_update.mistake(
    'A name is used before it has a value. The old m, v and t stand in the dictionary: `state["m"]`, and so on.',
    error="cannot access local variable",
)
def names_for_the_state(p, g, state, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g  # noqa: F821
    state["m"] = m


@adam_update.mistake(
    '`state` is a dictionary. Write `state["m"]`, not `state.m`.', error="'dict' object has no attribute"
)
def dots_for_keys(p, g, state, lr, beta1, beta2, eps):
    state.t += 1
    state.m = beta1 * state.m + (1 - beta1) * g


@adam_update.mistake('You ask the state for a key that it does not have. Its keys are "t", "m" and "v".', error="'")
def another_key(p, g, state, lr, beta1, beta2, eps):
    state["step"] += 1


@adam_update.mistake(
    "`p` is what it was, and you return something. Change the given `p` in place, `p -= ...`, and return nothing.",
    keys=("the returned value", *_P),
)
def new_p_returned(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    return p - lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "You return something. The task asks for nothing: whoever calls you looks at `p` and the state.",
    keys=("the returned value",),
)
def p_returned(p, g, state, lr, beta1, beta2, eps):
    _averages(g, state, beta1, beta2)
    state["t"] -= 1
    _correct_and_step(p, state, lr, beta1, beta2, eps)
    return p


@adam_update.mistake(
    "You change the given `g` in place. Only `p` and the state are to change: make new tensors from `g`.",
    keys=("the given `g`",),
)
def g_in_place(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g.pow_(2)
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    'You keep the corrected m̂ in `state["m"]`, so it is corrected again and again. Keep m itself.', keys=(*_M,)
)
def corrected_averages_kept(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    state["m"], state["v"] = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * state["m"] / (state["v"].sqrt() + eps)


@adam_update.mistake(
    '`state["m"]` is still 0 after three steps. Put the new average back into the state: `state["m"] = ...`.',
    keys=(*_M,),
)
def state_not_kept(p, g, state, lr, beta1, beta2, eps):
    state["t"] += 1
    m = beta1 * state["m"] + (1 - beta1) * g
    v = beta2 * state["v"] + (1 - beta2) * g**2
    p -= lr * m / (1 - beta1 ** state["t"]) / ((v / (1 - beta2 ** state["t"])).sqrt() + eps)


@adam_update.mistake(
    "The two weights in m are swapped. β₁ belongs to what is remembered, 1 − β₁ to the new gradient.", keys=(*_M,)
)
def weights_of_m_swapped(p, g, state, lr, beta1, beta2, eps):
    state["m"] = (1 - beta1) * state["m"] + beta1 * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake("Your m averages the *squares*. That is v; m averages the gradients themselves.", keys=(*_M,))
def squares_in_m(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + (1 - beta1) * g**2
    state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake("Your m changes with β₂. β₁ is for m, β₂ for v.", keys=_effect("beta2", _M[2]))
def beta2_in_m(p, g, state, lr, beta1, beta2, eps):
    _averages(g, state, beta2, beta1)
    state["t"] -= 1
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    '`state["v"]` is still 0 after three steps. Put the new average back into the state: `state["v"] = ...`.',
    keys=(*_V,),
)
def v_not_kept(p, g, state, lr, beta1, beta2, eps):
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    v = beta2 * state["v"] + (1 - beta2) * g**2
    p -= lr * state["m"] / (1 - beta1 ** state["t"]) / ((v / (1 - beta2 ** state["t"])).sqrt() + eps)


@adam_update.mistake(
    "The two weights in v are swapped. β₂ belongs to what is remembered, 1 − β₂ to the new square.", keys=(*_V,)
)
def weights_of_v_swapped(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = (1 - beta2) * state["v"] + beta2 * g**2
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake("Your v averages the gradients themselves. It is their *squares* that it averages.", keys=(*_V,))
def gradients_in_v(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake("Your v changes with β₁. β₁ is for m, β₂ for v.", keys=_effect("beta1", _V[2]))
def beta1_in_v(p, g, state, lr, beta1, beta2, eps):
    _averages(g, state, beta1, beta1)
    state["t"] -= 1
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    "`p` is what it was. `p = p - ...` makes a new tensor, and the given one stays; use `p -= ...`.",
    keys=(*_P,),
)
def a_new_tensor(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p = p - lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but not corrected in the step. m and v start at 0, so the first ones are too small: divide by "
    "1 − β₁ᵗ and 1 − β₂ᵗ."
)
def no_bias_correction(p, g, state, lr, beta1, beta2, eps):
    _, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (v.sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but only m is corrected. v starts at 0 too, so it needs its own correction in the step."
)
def only_m_corrected(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / (v.sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but only v is corrected. m starts at 0 too, so it needs its own correction in the step."
)
def only_v_corrected(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but in the first step your t is 0, and 1 − β⁰ is 0: you divide by 0. Count from 1: add 1 to "
    '`state["t"]` first.'
)
def t_from_0(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1 ** (t - 1)) / ((v / (1 - beta2 ** (t - 1))).sqrt() + eps)


@adam_update.mistake(
    'The averages are right, but your t is 1 in every step, so they are enlarged for ever. Count on in `state["t"]`.'
)
def t_stays_1(p, g, state, lr, beta1, beta2, eps):
    _, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1) / ((v / (1 - beta2)).sqrt() + eps)


@adam_update.mistake("The averages are right, but the correction has β times t. It is a power: 1 − βᵗ, with `**`.")
def times_t(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1 * t) / ((v / (1 - beta2 * t)).sqrt() + eps)


@adam_update.mistake("The averages are right, but ε is inside the root. The paper and PyTorch have it outside: √v̂ + ε.")
def eps_inside_the_root(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps).sqrt()


@adam_update.mistake("The averages are right, but the root is missing in the step. Divide by √v̂ + ε.")
def no_root(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / (v / (1 - beta2**t) + eps)


@adam_update.mistake(
    "The averages are right, but in the correction 1 − β is raised to the power of t. Only β is: 1 − βᵗ."
)
def power_of_the_difference(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1) ** t / ((v / (1 - beta2) ** t).sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but in the correction `/ 1 - ...` divides by 1 first. Put 1 − βᵗ into brackets."
)
def no_brackets_in_the_correction(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * (m / 1 - beta1**t) / ((v / 1 - beta2**t).sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but ε is added to the whole step, because division comes before addition. Put √v̂ + ε into brackets."
)
def no_brackets(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / (v / (1 - beta2**t)).sqrt() + eps


@adam_update.mistake("The averages are right, but you go uphill. Subtract the step: `p -= ...`.")
def uphill(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p += lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but the step goes along the gradient of this moment. Adam goes along m̂, their average."
)
def gradient_for_m(p, g, state, lr, beta1, beta2, eps):
    t, _, v = _averages(g, state, beta1, beta2)
    p -= lr * g / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "ε has no effect on `p`. Without it, a gradient of 0 gives 0/0: divide by √v̂ + ε.",
    keys=_effect("eps", _P[2]),
)
def no_eps(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / (v / (1 - beta2**t)).sqrt()


@adam_update.mistake(
    "The learning rate has no effect on `p`. The step is η times m̂, divided by √v̂ + ε.",
    keys=_effect("lr", _P[2]),
)
def rate_forgotten(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "Where m is g already, an average leaves it at g. Yours does not: look at its two weights, β₁ and 1 − β₁.",
    keys=(_EQUAL_M,),
)
def whole_gradient_in_m(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    "Where v is g² already, an average leaves it at g². Yours does not: look at its weights, β₂ and 1 − β₂, and at the square.",
    keys=(_EQUAL_V,),
)
def whole_square_in_v(p, g, state, lr, beta1, beta2, eps):
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + g**2
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    "β₁ has no effect on your m. Its two weights are the given β₁ and 1 − β₁.", keys=_effect("beta1", _M[2])
)
def betas_written_down(p, g, state, lr, beta1, beta2, eps):
    _averages(g, state, 0.9, 0.999)
    state["t"] -= 1
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    "β₂ has no effect on your v. Its two weights are the given β₂ and 1 − β₂.", keys=_effect("beta2", _V[2])
)
def beta2_written_down(p, g, state, lr, beta1, beta2, eps):
    _averages(g, state, beta1, 0.999)
    state["t"] -= 1
    _correct_and_step(p, state, lr, beta1, beta2, eps)


@adam_update.mistake(
    "Your first step depends on β₁. Corrected, m̂ is g there and v̂ is g², whatever the betas are: look at both, with t = 1.",
    keys=_effect("beta1", _P[0]),
)
def m_corrected_with_beta2(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta2**t) / ((v / (1 - beta2**t)).sqrt() + eps)


@adam_update.mistake(
    "Your first step depends on β₂. Corrected, m̂ is g there and v̂ is g², whatever the betas are: look at both with t = 1.",
    keys=_effect("beta2", _P[0]),
)
def v_corrected_with_another_t(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) / ((v / (1 - beta2 ** (t + 1))).sqrt() + eps)


@adam_update.mistake(
    "The averages are right, but the steps do not fit them. A step is η m̂ / (√v̂ + ε), with both corrected by t = 1, 2, 3, ...",
    keys=(*_M, *_V, *_FITS),
)
def multiplied(p, g, state, lr, beta1, beta2, eps):
    t, m, v = _averages(g, state, beta1, beta2)
    p -= lr * m / (1 - beta1**t) * ((v / (1 - beta2**t)).sqrt() + eps)


def _torch_decay(p: Tensor, v: Tensor, g: Tensor, lr: float, rho: float, decay: float) -> tuple[Tensor, Tensor]:
    return _torch_step(partial(torch.optim.SGD, lr=lr, momentum=rho, weight_decay=decay), "momentum_buffer", p, v, g)


@exercise(
    "SGD with momentum and weight_decay",
    oracle=_torch_decay,
    run=_run_step(
        "p v g lr rho decay", "the new parameter", "the new velocity", lambda new, p, v, g, lr, *_: p - lr * new
    ),
    cases=[
        (
            _LINE,
            torch.tensor([0.5, 0.25], dtype=torch.float64),
            torch.tensor([2.0, -1.0], dtype=torch.float64),
            0.2,
            0.9,
            0.3,
        ),
        (_TABLE, torch.cos(_TABLE), _TABLE.abs() - 1.5, 0.05, 0.7, 0.01),
        (torch.tensor([3.0]), torch.tensor([-4.0]), torch.tensor([5.0]), 2.0, 0.4, 1.5),
    ],
    hints=[
        "Three lines: change the gradient, update the velocity in PyTorch's form, step.",
        "`g = g + decay * p`, then `v = rho * v + g`, then `p - lr * v`.",
    ],
    idea="In SGD, weight_decay is a part of the gradient. In AdamW it is a step of its own, beside the rescaled gradient.",
)
def decay_step(
    p: torch.Tensor, v: torch.Tensor, g: torch.Tensor, lr: float, rho: float, decay: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new parameter and velocity of torch.optim.SGD, in the old shapes and dtypes."""
    g = g + decay * p
    v = rho * v + g
    return p - lr * v, v


@decay_step.mistake(_NOTHING.format("the new parameter, then the new velocity"), keys=("the result",))
def nothing_returned(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    p = p - lr * v


@decay_step.mistake(_ONE_TENSOR.format("the new parameter and the new velocity"), keys=("the result",))
def parameter_alone(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    return p - lr * v


@decay_step.mistake(_IN_PLACE.format("g"), keys=("the given `g`",))
def g_in_place(p, v, g, lr, rho, decay):
    g += decay * p
    v = rho * v + g
    return p - lr * v, v


@decay_step.mistake(_IN_PLACE.format("v"), keys=("the given `v`",))
def v_in_place(p, v, g, lr, rho, decay):
    v *= rho
    v += g + decay * p
    return p - lr * v, v


@decay_step.mistake(_IN_PLACE.format("p"), keys=("the given `p`",))
def p_in_place(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    p -= lr * v
    return p, v


@decay_step.mistake(_ORDER.format("the parameter `p`, then the velocity `v`"))
def wrong_order(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    return v, p - lr * v


@decay_step.mistake(_MIXED.format("velocity"), keys=("each number in the new velocity has its own inputs",))
def numbers_mixed(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p.norm()
    return p - lr * v, v


@decay_step.mistake(
    "You shrink the parameter beside the step, as AdamW does. `torch.optim.SGD` adds λp to the gradient *before* the "
    "velocity, so the decay gets momentum too."
)
def decay_as_in_adamw(p, v, g, lr, rho, decay):
    v = rho * v + g
    return p - lr * decay * p - lr * v, v


@decay_step.mistake(
    "In your velocity λp is subtracted, and with this sign the parameter grows. λp is *added* to the gradient.",
    keys=_VELOCITY,
)
def minus(p, v, g, lr, rho, decay):
    v = rho * v + g - decay * p
    return p - lr * v, v


@decay_step.mistake(
    "The velocity that you return is the one that you were given. Return the new one, or the next step forgets it.",
    keys=_VELOCITY,
)
def velocity_not_kept(p, v, g, lr, rho, decay):
    return p - lr * (rho * v + g + decay * p), v


@decay_step.mistake(
    "You take (1 − ρ) of the gradient, which is dampening. By default PyTorch adds the whole gradient: v ← ρv + g.",
    keys=_VELOCITY,
)
def dampened(p, v, g, lr, rho, decay):
    v = rho * v + (1 - rho) * (g + decay * p)
    return p - lr * v, v


@decay_step.mistake("You keep (1 − ρ) of the old velocity. ρ of it stays: v ← ρv + g.", keys=_VELOCITY)
def friction_for_rho(p, v, g, lr, rho, decay):
    v = (1 - rho) * v + g + decay * p
    return p - lr * v, v


@decay_step.mistake("In your velocity ρ takes a part of the gradient too. Only the old velocity fades.", keys=_VELOCITY)
def rho_on_both(p, v, g, lr, rho, decay):
    v = rho * (v + g + decay * p)
    return p - lr * v, v


@decay_step.mistake("You add `decay` times the square of p. The pull is `decay` times p itself.", keys=_VELOCITY)
def decay_of_the_square(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p**2
    return p - lr * v, v


@decay_step.mistake("You add 2λp, the gradient of λp². PyTorch adds `decay` times p, without the 2.", keys=_VELOCITY)
def decay_twice(p, v, g, lr, rho, decay):
    v = rho * v + g + 2 * decay * p
    return p - lr * v, v


@decay_step.mistake(
    "In your velocity the decay has a learning rate of its own. What is added to the gradient is `decay` times p alone.",
    keys=_VELOCITY,
)
def rate_in_the_decay(p, v, g, lr, rho, decay):
    v = rho * v + g + lr * decay * p
    return p - lr * v, v


@decay_step.mistake("The velocity is right, but you go uphill. Subtract the step, ηv.")
def uphill(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    return p + lr * v, v


@decay_step.mistake(
    "The velocity is right, but this is the step of Nesterov. Plain momentum steps by η times the velocity."
)
def nesterov_s_step(p, v, g, lr, rho, decay):
    g = g + decay * p
    v = rho * v + g
    return p - lr * (g + rho * v), v


@decay_step.mistake("The velocity is right, but the parameter decays once more beside the step. Once is enough.")
def decay_in_both(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    return p - lr * decay * p - lr * v, v


@decay_step.mistake(
    "`decay` has no effect on your velocity. `decay * p` is a part of the gradient, so it enters the velocity too.",
    keys=_effect("decay", "the new velocity"),
)
def no_decay(p, v, g, lr, rho, decay):
    v = rho * v + g
    return p - lr * v, v


@decay_step.mistake(
    "Your velocity changes with the learning rate. PyTorch's does not: v ← ρv + g, and the rate comes in the step.",
    keys=_effect("lr", "the new velocity"),
)
def rate_in_the_velocity(p, v, g, lr, rho, decay):
    v = rho * v + lr * (g + decay * p)
    return p - v, v


@decay_step.mistake(
    "The old velocity has no effect on your new one. ρ times the old velocity belongs to it.",
    keys=_effect("v", "the new velocity"),
)
def no_memory(p, v, g, lr, rho, decay):
    v = g + decay * p
    return p - lr * v, v


@decay_step.mistake(
    "ρ has no effect on your velocity. Only ρ times the old one stays.",
    keys=_effect("rho", "the new velocity"),
)
def no_friction(p, v, g, lr, rho, decay):
    v = v + g + decay * p
    return p - lr * v, v


@decay_step.mistake(
    "The gradient has no effect on your velocity. λp is *added* to g.",
    keys=_effect("g", "the new velocity"),
)
def gradient_lost(p, v, g, lr, rho, decay):
    g = decay * p
    v = rho * v + g
    return p - lr * v, v


@decay_step.mistake(
    "The parameter has no effect on your velocity. Weight decay pulls harder at a large parameter: `decay` times p.",
    keys=_effect("p", "the new velocity"),
)
def decay_alone(p, v, g, lr, rho, decay):
    v = rho * v + g + decay
    return p - lr * v, v


@decay_step.mistake(
    "The learning rate has no effect on your new parameter. Subtract η times the new velocity.",
    keys=_effect("lr", "the new parameter"),
)
def rate_forgotten(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p
    return p - v, v


@decay_step.mistake(
    "The gradient has no effect on your new parameter. The step comes after the new velocity, and goes along it.",
    keys=_effect("g", "the new parameter"),
)
def moved_with_the_old_velocity(p, v, g, lr, rho, decay):
    return p - lr * v, rho * v + g + decay * p


@decay_step.mistake(
    "The old velocity has no effect on your new parameter. The step is η times the new velocity.",
    keys=_effect("v", "the new parameter"),
)
def plain_step(p, v, g, lr, rho, decay):
    g = g + decay * p
    return p - lr * g, rho * v + g


@decay_step.mistake(
    "The velocity is right, but the step is another. It is η times the new velocity, and is subtracted: p − ηv.",
    keys=("the new velocity", "the new parameter fits the new velocity"),
)
def another_step(p, v, g, lr, rho, decay):
    g = g + decay * p
    v = rho * v + g
    return p - lr * (v + g), v


# ---- an optimizer of PyTorch

_MODULES = {
    "Linear(3, 4)": lambda: nn.Linear(3, 4),
    "Linear(4, 2, bias=False)": lambda: nn.Linear(4, 2, bias=False),
    "three layers, one of them nested": lambda: nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    ),
    "two layers": lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1)),
}
_RATES_OF, _MOMENTA = ([f"`{setting}` of the {name}" for name in ("body", "head")] for setting in ("lr", "momentum"))
_SETTINGS = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")


def _state_of(module: nn.Module, before: dict[str, Tensor]) -> str:
    """Say in a few words what was done to a module in training, whose ``state_dict`` was ``before``."""
    if not all(p.requires_grad for p in module.parameters()):
        return "frozen"
    if not all(part.training for part in module.modules()):
        return "in evaluation mode"
    return "changed" if difference(module.state_dict(), before, 0.0) else "as it was"


def _run_two_rates(answer: Callable[..., Any], body: str, head: str) -> dict[str, Any]:
    modules = {"body": _MODULES[body](), "head": _MODULES[head]()}
    before = {name: copy.deepcopy(module.state_dict()) for name, module in modules.items()}
    optimizer = answer(*modules.values())
    is_one = isinstance(optimizer, torch.optim.Optimizer)
    facts = {"the result": "an optimizer" if is_one else _what(optimizer)}
    facts["the optimizer"] = "SGD" if isinstance(optimizer, torch.optim.SGD) else "another"
    missing = "no group" if is_one else "no optimizer"
    groups = {id(p): group for group in (optimizer.param_groups if is_one else ()) for p in group["params"]}
    for name, module in modules.items():
        facts[f"the {name}"] = _state_of(module, before[name])
        for setting in _SETTINGS:
            found = [groups[id(p)].get(setting, 0) if id(p) in groups else missing for p in module.parameters()]
            first, *others = dict.fromkeys(v.item() if isinstance(v, Tensor) else v for v in found)
            facts[f"`{setting}` of the {name}"] = f"{first} for some, {others[0]} for others" if others else first
    return facts


@exercise(
    "Two learning rates",
    run=_run_two_rates,
    cases=[
        ("Linear(3, 4)", "Linear(4, 2, bias=False)"),
        ("three layers, one of them nested", "Linear(4, 2, bias=False)"),
        ("Linear(3, 4)", "two layers"),
    ],
    hints=[
        "An optimizer takes a list of dictionaries in place of a list of parameters.",
        "One of them is `{'params': body.parameters(), 'lr': 0.001}`. `momentum=0.9` outside the list counts for both.",
    ],
    idea="Each group has its own settings. Fine-tuning uses this: a small rate for what is trained, a large one for what is new.",
)
def two_rates(body: nn.Module, head: nn.Module) -> torch.optim.Optimizer:
    """Return SGD with momentum 0.9: rate 0.001 for the body, 0.1 for the head, all else as by default."""
    groups = [{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}]
    return torch.optim.SGD(groups, momentum=0.9)


@two_rates.mistake("You give the optimizer whole modules. It wants their parameters: `body.parameters()`.")
def modules_for_parameters(body, head):
    return torch.optim.SGD([{"params": body, "lr": 0.001}, {"params": head, "lr": 0.1}], momentum=0.9)


@two_rates.mistake(
    "A method is not called: its round brackets are missing, as in `body.parameters` for `body.parameters()`.",
    error="'method' object",
)
def parameters_not_called(body, head):
    return torch.optim.SGD(
        [{"params": body.parameters, "lr": 0.001}, {"params": head.parameters, "lr": 0.1}], momentum=0.9
    )


@two_rates.mistake(
    "The optimizer found something that is neither a tensor nor a group. A group is a dictionary, and its `params` are the "
    "parameters themselves, not a list with `parameters()` in it.",
    error="can only optimize Tensors",
)
def parameters_in_a_list(body, head):
    return torch.optim.SGD([body.parameters(), head.parameters()], lr=0.001, momentum=0.9)


@two_rates.mistake("A group has the key `params`, spelled so; the optimizer misses it.", error="'params'")
def another_key(body, head):
    return torch.optim.SGD(
        [{"param": body.parameters(), "lr": 0.001}, {"param": head.parameters(), "lr": 0.1}], momentum=0.9
    )


@two_rates.mistake(
    "The second argument of `SGD` is the learning rate. All groups come in *one* list, as the first argument.",
    error="multiple values for argument 'lr'",
)
def two_arguments(body, head):
    return torch.optim.SGD(body.parameters(), head.parameters(), lr=0.1, momentum=0.9)


@two_rates.mistake(
    "The learning rate that the optimizer gets, or another setting, is no number. First comes *one* list of groups, then the "
    "rate; a group may have a rate of its own.",
    error="'<' not supported",
)
def list_of_rates(body, head):
    return torch.optim.SGD([*body.parameters(), *head.parameters()], lr=[0.001, 0.1], momentum=0.9)


@two_rates.mistake(
    "`parameters()` gives no list, and cannot be added with `+`. You need two groups, one for each module.",
    error="'generator' and 'generator'",
)
def generators_added(body, head):
    return torch.optim.SGD(body.parameters() + head.parameters(), lr=0.1, momentum=0.9)


@two_rates.mistake(
    "A parameter is in two groups. Each belongs to one: those of the body to the first, those of the head to the second.",
    error="more than one parameter group",
)
def twice(body, head):
    optimizer = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.001, momentum=0.9)
    optimizer.add_param_group({"params": head.parameters(), "lr": 0.1})
    return optimizer


@two_rates.mistake("Your function returns nothing. End it with `return`, and the optimizer.", keys=("the result",))
def nothing_returned(body, head):
    optimizer = torch.optim.SGD([{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters()}], lr=0.1)  # noqa: F841


@two_rates.mistake(
    "You return two values. *One* optimizer is asked for: its groups have settings of their own.", keys=("the result",)
)
def two_optimizers(body, head):
    first = torch.optim.SGD(body.parameters(), lr=0.001, momentum=0.9)
    return first, torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)


@two_rates.mistake(
    "This is another optimizer. The task asks for `torch.optim.SGD`, with momentum.",
    keys=("the result", "the optimizer"),
)
def adam(body, head):
    return torch.optim.Adam([{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters()}], lr=0.1)


@two_rates.mistake(
    "You freeze the body. It should go on learning, with its small rate: leave `requires_grad` as it is.",
    keys=("the body",),
)
def body_frozen(body, head):
    body.requires_grad_(False)
    return two_rates.answer(body, head)


@two_rates.mistake(
    "The rates are swapped. The trained body should change little, so it gets the small rate.", keys=_RATES_OF
)
def swapped(body, head):
    return torch.optim.SGD(
        [{"params": body.parameters(), "lr": 0.1}, {"params": head.parameters(), "lr": 0.001}], momentum=0.9
    )


@two_rates.mistake(
    "No parameter of the body is in a group, so the body will not be trained. The optimizer needs a group for it.",
    keys=("`lr` of the body",),
)
def head_alone(body, head):
    return torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)


@two_rates.mistake(
    "No parameter of the head is in a group, so the head will not be trained. The optimizer needs a group for it.",
    keys=("`lr` of the head",),
)
def body_alone(body, head):
    return torch.optim.SGD(body.parameters(), lr=0.001, momentum=0.9)


@two_rates.mistake("All parameters have the rate 0.1. The body needs a group with a rate of its own.", keys=_RATES_OF)
def large_rate_for_all(body, head):
    return torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1, momentum=0.9)


@two_rates.mistake(
    "All parameters have the rate 0.001. The head needs a group with a rate of its own, under the key `lr`.",
    keys=_RATES_OF,
)
def small_rate_for_all(body, head):
    return torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.001, momentum=0.9)


@two_rates.mistake(
    "No group has momentum. Settings for all groups are keywords of the optimizer: `momentum=0.9`.",
    keys=("the optimizer", *_MOMENTA),
)
def no_momentum(body, head):
    return torch.optim.SGD([{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}])


@two_rates.mistake(
    "The head has momentum, the body has none. What stands in a group counts for that group alone.",
    keys=("the optimizer", *_MOMENTA),
)
def momentum_of_the_head_alone(body, head):
    groups = [{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1, "momentum": 0.9}]
    return torch.optim.SGD(groups)


@two_rates.mistake(
    "The body has momentum, the head has none. What stands in a group counts for that group alone.",
    keys=("the optimizer", *_MOMENTA),
)
def momentum_of_the_body_alone(body, head):
    groups = [{"params": body.parameters(), "lr": 0.001, "momentum": 0.9}, {"params": head.parameters(), "lr": 0.1}]
    return torch.optim.SGD(groups)


@two_rates.mistake(
    "The optimizer uses Nesterov's momentum, which was not asked for. Leave it out.", keys=("`nesterov` of the body",)
)
def nesterov(body, head):
    groups = [{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}]
    return torch.optim.SGD(groups, momentum=0.9, nesterov=True)


@two_rates.mistake(
    "Only a part of the body is in a group. `body.parameters()` gives all, with the biases and those of the modules inside.",
    keys=("`lr` of the body",),
)
def weights_without_biases(body, head):
    weights = [p for name, p in body.named_parameters() if "weight" in name]
    return torch.optim.SGD([{"params": weights, "lr": 0.001}, {"params": head.parameters()}], lr=0.1, momentum=0.9)


def _train_a_little(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    x = torch.linspace(-1, 1, 24).reshape(8, 3).sin()
    for step in range(steps):
        optimizer.zero_grad()
        ((model(x + 0.1 * step) - x.sum(dim=1, keepdim=True)) ** 2).mean().backward()
        optimizer.step()


def _fresh(name: str) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    settings = {"SGD": {"momentum": 0.9}, "Adam": {}}[name]
    return model, getattr(torch.optim, name)(model.parameters(), lr=0.05, **settings)


def _loaded(thing: nn.Module | torch.optim.Optimizer, state: Any) -> str:
    """Load a state, and say what it was."""
    if not isinstance(state, dict):
        return "nothing" if state is None else f"a {type_name(state)}"
    if missing := [key for key in thing.state_dict() if key not in state]:
        return f"a dictionary without {missing[0]}"
    try:
        thing.load_state_dict(state)
    except Exception:
        return "a dictionary that load_state_dict refuses"
    return "a state dictionary"


def _numbers(module: nn.Module, names: str) -> Tensor:
    return torch.cat([t.detach().flatten().float() for t in getattr(module, names)()])


def _memory(optimizer: torch.optim.Optimizer) -> Tensor:
    """Return all tensors of an optimizer's memory, in a row."""
    entries = [v for memory in optimizer.state.values() for v in memory.values() if isinstance(v, Tensor)]
    return torch.cat([torch.empty(0), *(v.flatten() for v in entries)])


def _run_snapshot(answer: Callable[..., Any], name: str) -> dict[str, Any]:
    """Train, cut the rate, take a snapshot, train on; load the snapshot into new objects, and go on there."""
    model, optimizer = _fresh(name)
    _train_a_little(model, optimizer, 3)
    optimizer.param_groups[0]["lr"] = 0.02
    spare = copy.deepcopy((model, optimizer))
    saved = answer(model, optimizer)
    at_once = _state_of(model, spare[0].state_dict())
    if at_once != "as it was":  # the training may not work any more
        model, optimizer = spare
    _train_a_little(model, optimizer, 4)
    again, its_optimizer = _fresh(name)
    has = [key for key in ("model", "optimizer") if isinstance(saved, dict) and key in saved]
    what = f"a dictionary with {' and '.join(has) or 'other keys'}" if isinstance(saved, dict) else _what(saved)
    facts = {"the result": what, "the running model": at_once}
    facts["the model's state"] = _loaded(again, saved["model"]) if "model" in has else "missing"
    facts["the optimizer's state"] = _loaded(its_optimizer, saved["optimizer"]) if "optimizer" in has else "missing"
    facts["the saved weights, after the training went on"] = _numbers(again, "parameters")
    facts["the saved buffers, after the training went on"] = _numbers(again, "buffers")
    facts["the saved memory of the optimizer, after the training went on"] = _memory(its_optimizer)
    facts["the saved learning rate"] = its_optimizer.param_groups[0]["lr"]
    try:
        _train_a_little(again, its_optimizer, 4)
        end = _numbers(again, "parameters")
    except Exception as error:
        end = f"a training that raises {type_name(error)}"
    facts["the weights four steps after the snapshot is loaded"] = end
    facts["the weights of the running model, four steps after the snapshot"] = _numbers(model, "parameters")
    return facts


_WEIGHTS = "the saved weights, after the training went on"
_MEMORY = "the saved memory of the optimizer, after the training went on"


@exercise(
    "A snapshot to resume from",
    run=_run_snapshot,
    cases=[("SGD",), ("Adam",)],
    hints=[
        "Two state dictionaries are needed: of the model and of the optimizer.",
        "`state_dict()` shares its tensors with the running training. `copy.deepcopy(...)` copies everything inside.",
    ],
    idea="A run is its weights *and* its optimizer. And a snapshot must be a copy, since training goes on in place.",
)
def snapshot(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict:
    """Return what a new model and a new optimizer load, with load_state_dict, to go on from here."""
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict())}


@snapshot.mistake("Your function returns nothing. End it with `return`, and the dictionary.", keys=("the result",))
def nothing_returned(model, optimizer):
    saved = {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict())}  # noqa: F841


@snapshot.mistake(
    'You return two values. One dictionary is asked for, in which they have the names "model" and "optimizer".',
    keys=("the result",),
)
def two_values(model, optimizer):
    return copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())


@snapshot.mistake(
    'Your dictionary has neither the key "model" nor the key "optimizer". Use exactly these two.', keys=("the result",)
)
def the_model_alone(model, optimizer):
    return copy.deepcopy(model.state_dict())


@snapshot.mistake(
    'The key "optimizer" is missing. The optimizer has a memory and settings, and the run needs both.',
    keys=("the result",),
)
def no_optimizer(model, optimizer):
    return {"model": copy.deepcopy(model.state_dict())}


@snapshot.mistake(
    "`state_dict()` does not copy: its tensors are those of the model and the optimizer, so they go on changing while you "
    "train. They need a copy of each tensor inside.",
    keys=(_WEIGHTS, _MEMORY),
)
def not_copied(model, optimizer):
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}


@snapshot.mistake(
    "The weights are those of the running model, so they go on changing while you train. Each tensor must be copied.",
    keys=(_WEIGHTS,),
)
def model_not_copied(model, optimizer):
    return {"model": model.state_dict(), "optimizer": copy.deepcopy(optimizer.state_dict())}


@snapshot.mistake(
    "The optimizer's memory is that of the running one, so it goes on changing while you train. Each tensor must be copied, "
    "also those deep inside.",
    keys=(_MEMORY,),
)
def optimizer_not_copied(model, optimizer):
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": optimizer.state_dict()}


@snapshot.mistake(
    "The memory of the optimizer is lost: its `state` is empty. Without it, velocities and averages start at 0 again.",
    keys=("the optimizer's state", _MEMORY),
)
def memory_lost(model, optimizer):
    settings = copy.deepcopy(optimizer.state_dict()["param_groups"])
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": {"state": {}, "param_groups": settings}}


@snapshot.mistake(
    "A state dictionary has no such method. Python's module `copy` can copy a dictionary, with all that is inside it or without.",
    error="OrderedDict' object has no attribute",
)
def method_of_a_dictionary(model, optimizer):
    return {"model": model.state_dict().clone(), "optimizer": optimizer.state_dict().clone()}


@snapshot.mistake(
    "You save the objects. The task asks for their states, which new objects can load.",
    keys=("the model's state", "the optimizer's state"),
)
def whole_objects(model, optimizer):
    return {"model": copy.deepcopy(model), "optimizer": copy.deepcopy(optimizer)}


@snapshot.mistake(
    "You save the model itself. Its state is asked for, which a new model can load.", keys=("the model's state",)
)
def whole_model(model, optimizer):
    return {"model": copy.deepcopy(model), "optimizer": copy.deepcopy(optimizer.state_dict())}


@snapshot.mistake(
    "You save the optimizer itself. Its state is asked for, which a new optimizer can load.",
    keys=("the optimizer's state",),
)
def whole_optimizer(model, optimizer):
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer)}


@snapshot.mistake(
    "Parameters are not all: the buffers are missing, such as the averages that BatchNorm keeps. The state has both.",
    keys=("the model's state",),
)
def parameters_alone(model, optimizer):
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    return {"model": weights, "optimizer": copy.deepcopy(optimizer.state_dict())}


@snapshot.mistake(
    "For the model you save a list. A new model can load only a state dictionary, which has a name for each tensor.",
    keys=("the model's state",),
)
def list_of_parameters(model, optimizer):
    return {"model": copy.deepcopy(list(model.parameters())), "optimizer": copy.deepcopy(optimizer.state_dict())}


@snapshot.mistake(
    "A method is not called: its round brackets are missing, as in `model.state_dict` for `model.state_dict()`.",
    keys=("the model's state",),
)
def state_dict_not_called(model, optimizer):
    return {"model": copy.deepcopy(model.state_dict), "optimizer": copy.deepcopy(optimizer.state_dict)}


@snapshot.mistake(
    "What you save of the optimizer is not its state dictionary: that has two keys, `state` and `param_groups`.",
    keys=("the optimizer's state",),
)
def memory_alone(model, optimizer):
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict()["state"])}


@snapshot.mistake(
    "What you save of the optimizer is a list, such as its `param_groups`. Its state dictionary has the memory too.",
    keys=("the optimizer's state",),
)
def settings_alone(model, optimizer):
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.param_groups)}


@snapshot.mistake(
    "Your function puts the running model into evaluation mode, and leaves it so. A snapshot changes nothing.",
    keys=("the running model",),
)
def evaluation_mode(model, optimizer):
    model.eval()
    return snapshot.answer(model, optimizer)


EXERCISES = (
    gradient_descent,
    read_rates,
    momentum_step,
    adagrad_step,
    adam_update,
    two_rates,
    decay_step,
    look_ahead_step,
    rmsprop_step,
    snapshot,
)


def summary() -> Text:
    """Return one line: how many exercises of this notebook are done, wrong and open."""
    return shown.summary(EXERCISES)
