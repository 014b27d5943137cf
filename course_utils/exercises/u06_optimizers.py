"""The exercises of unit 6: descent by hand, the update rules step by step, and how to handle an optimizer of PyTorch."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.exercises.engine import core
from course_utils.exercises.engine.compare import difference
from course_utils.exercises.engine.core import Text, exercise
from course_utils.surfaces import SURFACES, descend

Function = Callable[[Tensor], Tensor]

# ---- gradient descent


def _run_descent(answer: Callable[..., Any], f: str, start: Tensor, lr: float, steps: int) -> Any:
    """Run an answer; a word stands for each error that autograd makes of a typical fault."""
    functions = {"x² + 3 y²": lambda x: (x**2 * torch.tensor([1.0, 3.0])).sum(), "Σ x⁴": lambda x: (x**4).sum()}
    try:
        end = answer(functions[f], start, lr, steps)
    except (RuntimeError, TypeError) as error:
        if "in-place" in str(error):
            return "changed in place while autograd looks on"
        if "NoneType" in str(error) or "does not require grad" in str(error):
            return "no gradient"
        raise
    return "not detached" if isinstance(end, Tensor) and end.requires_grad else end


def _descend_like(
    f: Function, start: Tensor, lr: float, steps: int, sign: int = -1, clear: bool = True, guard: bool = True
) -> Tensor:
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.set_grad_enabled(not guard):
            x += sign * lr * x.grad
        if clear:
            x.grad = None
    return x.detach()


def _torch_descent(f: Function, start: Tensor, lr: float, steps: int) -> Tensor:
    x = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([x], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        f(x).backward()
        optimizer.step()
    return x.detach()


@exercise(
    "Gradient descent by hand",
    oracle=_torch_descent,
    run=_run_descent,
    cases=[("x² + 3 y²", torch.tensor([2.0, -1.0]), 0.1, 4), ("Σ x⁴", torch.tensor([0.5, -1.0]), 0.05, 3)],
    hints=[
        "Start with a tracked copy, `x = start.clone().requires_grad_()`. Each round: value, `backward`, update, clear.",
        "The update is `x -= lr * x.grad`, inside `with torch.no_grad():`. Clear with `x.grad = None`.",
        "After the loop, `return x.detach()`.",
    ],
    idea="Value, gradient, a step against it, clear. Every optimizer keeps this loop, and changes only what the step is.",
)
def gradient_descent(f: "Function", start: torch.Tensor, lr: float, steps: int) -> torch.Tensor:
    """Walk down f from start, and return where you are after the steps."""
    x = start.clone().requires_grad_()
    for _ in range(steps):
        loss = f(x)
        loss.backward()
        with torch.no_grad():
            x -= lr * x.grad
        x.grad = None
    return x.detach()


@gradient_descent.mistake(
    "You go uphill. The gradient points to where f grows fastest, so the step goes against it: the sign is minus."
)
def uphill(f, start, lr, steps):
    return _descend_like(f, start, lr, steps, sign=1)


@gradient_descent.mistake(
    "You change `x` in place while autograd records, and PyTorch refuses. Put the update into `with torch.no_grad():`."
)
def outside_no_grad(f, start, lr, steps):
    return _descend_like(f, start, lr, steps, guard=False)


@gradient_descent.mistake(
    "The gradients of all steps add up, because `backward` adds to `x.grad`. Forget the old one in each round: "
    "`x.grad = None`."
)
def gradients_pile_up(f, start, lr, steps):
    return _descend_like(f, start, lr, steps, clear=False)


@gradient_descent.mistake(
    "`x` has no gradient, because autograd does not follow it. Begin with `start.clone().requires_grad_()`, and then "
    "write `x -= ...`: `x = x - ...` makes a new tensor."
)
def a_new_tensor(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        with torch.no_grad():
            x = x - lr * x.grad
    return x


@gradient_descent.mistake("You return a tensor that autograd still follows. Return the place alone: `x.detach()`.")
def not_detached(f, start, lr, steps):
    return start.clone().requires_grad_()


@gradient_descent.mistake("You apply the learning rate twice, so the steps are too small. One factor `lr` is enough.")
def rate_twice(f, start, lr, steps):
    return _descend_like(f, start, lr * lr, steps)


@gradient_descent.mistake("You make one step too many. `range(steps)` gives exactly `steps` rounds.")
def one_step_too_many(f, start, lr, steps):
    return _descend_like(f, start, lr, steps + 1)


def _known_words(answer: Any) -> Any:
    """Return the answer; name the four words where it holds another one."""
    found = answer.values() if isinstance(answer, dict) else []
    unknown = [word for word in found if word not in (None, ..., *_RATES.values())]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of the four: {', '.join(sorted(_RATES.values()))}")
    return answer


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
    run=_known_words,
    cases=[()],
    hints=[
        "One curve rises in the end, one is exactly flat, one is lowest, one falls slowly.",
        "Beyond the bound the swing grows with each step. At the bound it stays as large as it is.",
    ],
    idea="Rising: too large. Falling slowly: too small. The best rates are often just below those that fail.",
)(_RATES)

read_rates.mistake(
    "A: too small a rate is slow, but it goes on falling. This curve is exactly flat: something swings from side to "
    "side and neither grows nor shrinks.",
    name="A is too small",
)({"A": "too small"})

read_rates.mistake(
    "C: the direction is right, but another curve is much lower after the same number of steps.", name="C is good"
)({"C": "good"})

read_rates.mistake(
    "D: this curve rises at last, and then it rises without end. That is beyond the bound.", name="D is on the bound"
)({"D": "on the bound"})


# ---- rules that are given their memory, and return it


def _steps(answer: Callable[..., Any], start: Tensor, slopes: Tensor, *settings: float) -> Any:
    """Let a rule with one memory make a step for each slope; return all places and memories.

    Where the answer changes a tensor that it was given, a word stands for that.
    """
    p, memory, seen = start, torch.zeros_like(start), []
    for g in slopes:
        given = copy.deepcopy((p, memory, g))
        returned = answer(*given, *settings)
        if any(difference(after, before, 0.0) for after, before in zip(given, (p, memory, g), strict=True)):
            return "a given tensor was changed"
        if returned is None:
            return None
        p, memory = returned
        seen += [p, memory]
    return seen


_IN_PLACE = "You changed a tensor that you were given, with `+=`, `*=` or the like. Make new ones: `x = x + ...`."
_START = torch.tensor([1.0, -2.0], dtype=torch.float64)
_SLOPES = torch.tensor([[0.5, 1.0], [-0.25, 2.0], [0.75, -0.5]], dtype=torch.float64)
_TINY = torch.tensor([[1e-9, 1e-3], [2e-9, -1e-3], [0.0, 2.0]], dtype=torch.float64)


def _torch_step(make: Callable[..., Any], key: str, p: Tensor, memory: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """Let an optimizer of PyTorch make one step, with a memory put into it; return the place and the memory."""
    p = p.clone()
    optimizer = make([p])
    optimizer.state[p].update({key: memory.clone(), "step": torch.tensor(0.0)})
    p.grad = g
    optimizer.step()
    return p, optimizer.state[p][key]


def _torch_momentum(x: Tensor, v: Tensor, g: Tensor, lr: float, rho: float, **more: Any) -> tuple[Tensor, Tensor]:
    x, v = _torch_step(partial(torch.optim.SGD, lr=lr, momentum=rho, **more), "momentum_buffer", x, -v / lr, g)
    return x, -lr * v


@exercise(
    "Momentum: one step of the ball",
    oracle=_torch_momentum,
    run=_steps,
    cases=[(_START, _SLOPES, 0.1, 0.9), (_START, _SLOPES, 0.5, 0.5)],
    tolerance=1e-9,
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
    """Return the new place and the new velocity of the ball."""
    v = rho * v - lr * g
    x = x + v
    return x, v


@momentum_step.mistake("The ball rolls uphill. The force is *minus* the gradient: v ← ρv − ηg.")
def uphill(x, v, g, lr, rho):
    return x + rho * v + lr * g, rho * v + lr * g


@momentum_step.mistake(
    "You move with the new velocity, but return the old one, so the ball forgets its speed. Return the new `v`."
)
def velocity_not_kept(x, v, g, lr, rho):
    return x + rho * v - lr * g, v


@momentum_step.mistake("You move before you update the velocity. First the new velocity, then the step with it.")
def moved_with_the_old_velocity(x, v, g, lr, rho):
    return x + v, rho * v - lr * g


@momentum_step.mistake("The learning rate is applied twice: it is in the velocity already, so the step is x + v.")
def rate_twice(x, v, g, lr, rho):
    return x + lr * (rho * v - lr * g), rho * v - lr * g


@momentum_step.mistake("The learning rate is missing. The push of one step is −η g.")
def rate_forgotten(x, v, g, lr, rho):
    return x + rho * v - g, rho * v - g


@momentum_step.mistake("You take (1 − ρ) of the push, which makes a moving average. Here the whole push counts: −ηg.")
def moving_average(x, v, g, lr, rho):
    return x + rho * v - (1 - rho) * lr * g, rho * v - (1 - rho) * lr * g


@momentum_step.mistake("The rate belongs inside the velocity: v ← ρv − ηg. The step is then x + v.")
def pytorch_s_form(x, v, g, lr, rho):
    return x - lr * (rho * v + g), rho * v + g


@momentum_step.mistake(_IN_PLACE)
def changed_in_place(x, v, g, lr, rho):
    v += g
    return x, v


@momentum_step.mistake("The two values are returned in the wrong order. First the place `x`, then the velocity `v`.")
def wrong_order(x, v, g, lr, rho):
    return rho * v - lr * g, x + rho * v - lr * g


def _torch_look_ahead(gradient: Function, x: Tensor, v: Tensor, lr: float, rho: float) -> tuple[Tensor, Tensor]:
    ahead = x + rho * v  # PyTorch's parameter is the place ahead
    p, v = _torch_momentum(ahead, v, gradient(ahead), lr, rho, nesterov=True)
    return p - rho * v, v


def _run_look_ahead(answer: Callable[..., Any], start: Tensor, lr: float, rho: float) -> Any:
    def step(x: Tensor, v: Tensor, g: Tensor, lr: float, rho: float) -> Any:
        return answer(lambda place: place**3 + 2 * place, x, v, lr, rho)

    return _steps(step, start, _SLOPES, lr, rho)  # its slopes are not used, only their number


@exercise(
    "Nesterov: look ahead",
    oracle=_torch_look_ahead,
    run=_run_look_ahead,
    cases=[(_START, 0.05, 0.9), (_START, 0.1, 0.5)],
    tolerance=1e-9,
    hints=[
        "One line more than momentum: first compute the place ahead. `gradient` is a function; call it there.",
        "`ahead = x + rho * v`, and `gradient(ahead)` in place of `g`.",
    ],
    idea="Nesterov brakes before the slope turns, because it asks for the slope where it is going to be.",
)
def look_ahead_step(
    gradient: "Function", x: torch.Tensor, v: torch.Tensor, lr: float, rho: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new place and the new velocity. The gradient is taken where the old velocity alone would lead."""
    ahead = x + rho * v
    v = rho * v - lr * gradient(ahead)
    return x + v, v


@look_ahead_step.mistake(
    "This is plain momentum: you take the gradient where you stand. Take it where the velocity will lead, at x + ρv."
)
def plain_momentum(gradient, x, v, lr, rho):
    return momentum_step.answer(x, v, gradient(x), lr, rho)


@look_ahead_step.mistake(
    "You look too far: only ρ times the old velocity is left in this step. The place ahead is x + ρv."
)
def ahead_without_rho(gradient, x, v, lr, rho):
    return momentum_step.answer(x, v, gradient(x + v), lr, rho)


@look_ahead_step.mistake("You only *look* from the place ahead. The step itself starts at `x`: return x + v.")
def step_from_the_place_ahead(gradient, x, v, lr, rho):
    return (
        x + rho * v + rho * v - lr * gradient(x + rho * v),
        rho * v - lr * gradient(x + rho * v),
    )


@look_ahead_step.mistake(
    "The new velocity is not returned, so the next step starts with the old one. Return the new `v`."
)
def velocity_not_kept(gradient, x, v, lr, rho):
    return x + rho * v - lr * gradient(x + rho * v), v


@look_ahead_step.mistake("The rate belongs inside the velocity: v ← ρv − ηg(x + ρv). The step is then x + v.")
def pytorch_s_form(gradient, x, v, lr, rho):
    return (
        x - lr * (rho * v + gradient(x + rho * v)),
        rho * v + gradient(x + rho * v),
    )


@look_ahead_step.mistake(
    "This is the second form, PyTorch's. Write the first one: the gradient at x + ρv, and the rate in the velocity."
)
def the_second_form(gradient, x, v, lr, rho):
    return (
        x - lr * (gradient(x) + rho * (rho * v + gradient(x))),
        rho * v + gradient(x),
    )


@look_ahead_step.mistake(_IN_PLACE)
def changed_in_place(gradient, x, v, lr, rho):
    v *= rho
    return x, v


@look_ahead_step.mistake("You go uphill. The push is *minus* the learning rate times the gradient.")
def uphill(gradient, x, v, lr, rho):
    return momentum_step.answer(x, v, -gradient(x + rho * v), lr, rho)


def _torch_adagrad(p: Tensor, s: Tensor, g: Tensor, lr: float, eps: float) -> tuple[Tensor, Tensor]:
    return _torch_step(partial(torch.optim.Adagrad, lr=lr, eps=eps), "sum", p, s, g)


@exercise(
    "Adagrad: one step",
    oracle=_torch_adagrad,
    run=_steps,
    cases=[(_START, _SLOPES, 0.1, 1e-10), (_START, _TINY, 0.5, 1e-6)],
    tolerance=1e-10,
    hints=[
        "First the sum: add `g**2`. Then the step, divided by the root of the *new* sum.",
        "The step is `lr * g / (s.sqrt() + eps)`. Mind the brackets.",
    ],
    idea="Each number has a rate of its own, which shrinks by its own history of gradients. The unit of g cancels.",
)
def adagrad_step(
    p: torch.Tensor, s: torch.Tensor, g: torch.Tensor, lr: float, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new parameter and the new sum of squared gradients."""
    s = s + g**2
    p = p - lr * g / (s.sqrt() + eps)
    return p, s


@adagrad_step.mistake(
    "ε is inside the root. PyTorch has √s + ε: take the root first, then add. For small gradients that is another "
    "method."
)
def eps_inside_the_root(p, s, g, lr, eps):
    return p - lr * g / (s + g**2 + eps).sqrt(), s + g**2


@adagrad_step.mistake("You divide by the root of the old sum. Update `s` first, then make the step.")
def old_sum(p, s, g, lr, eps):
    return p - lr * g / (s.sqrt() + eps), s + g**2


@adagrad_step.mistake(_IN_PLACE)
def changed_in_place(p, s, g, lr, eps):
    s += g
    return p, s


@adagrad_step.mistake(
    "The root is missing. Divide by √s, so that the step does not depend on the unit of the gradient."
)
def no_root(p, s, g, lr, eps):
    return p - lr * g / (s + g**2 + eps), s + g**2


@adagrad_step.mistake("You return the old sum, so nothing is remembered. Return the new `s`.")
def sum_not_kept(p, s, g, lr, eps):
    return p - lr * g / ((s + g**2).sqrt() + eps), s


@adagrad_step.mistake("You add up the gradients. Their *squares* are summed: the sign must not count.")
def gradients_not_squares(p, s, g, lr, eps):
    return p - lr * g / ((s + g).abs().sqrt() + eps), s + g


@adagrad_step.mistake("You go uphill. Subtract the step.")
def uphill(p, s, g, lr, eps):
    return p + lr * g / ((s + g**2).sqrt() + eps), s + g**2


def _torch_rmsprop(p: Tensor, s: Tensor, g: Tensor, lr: float, alpha: float, eps: float) -> tuple[Tensor, Tensor]:
    return _torch_step(partial(torch.optim.RMSprop, lr=lr, alpha=alpha, eps=eps), "square_avg", p, s, g)


def _divide(p: Tensor, s: Tensor, g: Tensor, lr: float, eps: float) -> tuple[Tensor, Tensor]:
    return p - lr * g / (s.sqrt() + eps), s


@exercise(
    "RMSprop: one step",
    oracle=_torch_rmsprop,
    run=_steps,
    cases=[(_START, _SLOPES, 0.1, 0.9, 1e-8), (_START, _TINY, 0.5, 0.75, 1e-6)],
    tolerance=1e-10,
    hints=[
        "Only one line differs from Adagrad: how `s` is updated.",
        "`s = alpha * s + (1 - alpha) * g**2`, then the step as in Adagrad.",
    ],
    idea="RMSprop is Adagrad with a memory that fades, so the steps do not shrink for ever. It has no momentum.",
)
def rmsprop_step(
    p: torch.Tensor, s: torch.Tensor, g: torch.Tensor, lr: float, alpha: float, eps: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new parameter and the new moving average of squared gradients."""
    s = alpha * s + (1 - alpha) * g**2
    p = p - lr * g / (s.sqrt() + eps)
    return p, s


@rmsprop_step.mistake("This is still Adagrad: the sum only grows. Take a moving average, αs + (1 − α)g².")
def adagrad(p, s, g, lr, alpha, eps):
    return _divide(p, s + g**2, g, lr, eps)


@rmsprop_step.mistake("You divide by the root of the old average. Update `s` first, then make the step.")
def old_average(p, s, g, lr, alpha, eps):
    return _divide(p, s, g, lr, eps)[0], alpha * s + (1 - alpha) * g**2


@rmsprop_step.mistake(_IN_PLACE)
def changed_in_place(p, s, g, lr, alpha, eps):
    s += g
    return p, s


@rmsprop_step.mistake(
    "The two weights are swapped. α is near 1, and belongs to what is remembered; the new square gets 1 − α."
)
def weights_swapped(p, s, g, lr, alpha, eps):
    return _divide(p, (1 - alpha) * s + alpha * g**2, g, lr, eps)


@rmsprop_step.mistake(
    "You add the whole square. In an average the weights add up to 1: α for the old, 1 − α for the new."
)
def whole_square_added(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + g**2, g, lr, eps)


@rmsprop_step.mistake("ε is inside the root. PyTorch adds it outside: √s + ε.")
def eps_inside_the_root(p, s, g, lr, alpha, eps):
    return (
        p - lr * g / (alpha * s + (1 - alpha) * g**2 + eps).sqrt(),
        alpha * s + (1 - alpha) * g**2,
    )


@rmsprop_step.mistake("The new average is not returned, so each step starts from the old one. Return the new `s`.")
def average_not_kept(p, s, g, lr, alpha, eps):
    return _divide(p, alpha * s + (1 - alpha) * g**2, g, lr, eps)[0], s


# ---- Adam, with a state that it keeps


def _run_adam(answer: Callable[..., Any], start: Tensor, slopes: Tensor, *settings: float) -> Any:
    p, seen = start.clone(), []
    state = {"t": 0, "m": torch.zeros_like(start), "v": torch.zeros_like(start)}
    for g in slopes:
        returned = answer(p, g.clone(), state, *settings)
        seen.append(p.clone())
        if returned is not None:
            return "something was returned"
    return seen


def _torch_adam(p: Tensor, g: Tensor, state: dict, lr: float, beta1: float, beta2: float, eps: float) -> None:
    if "optimizer" not in state:
        state["optimizer"] = torch.optim.Adam([p], lr=lr, betas=(beta1, beta2), eps=eps)
    p.grad = g
    state["optimizer"].step()


def _adam_like(
    p: Tensor, g: Tensor, state: dict, lr: float, beta1: float, beta2: float, eps: float, fault: str
) -> Tensor | None:
    state["t"] += fault != "t from 0"
    t = 1 if fault == "t stays 1" else state["t"]
    m = beta1 * state["m"] + (1 - beta1) * g
    v = beta2 * state["v"] + (1 - beta2) * g**2
    if fault != "not kept":
        state.update(m=m, v=v)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    if fault == "no correction":
        m_hat, v_hat = m, v
    if fault == "m only":
        v_hat = v
    step = lr * m_hat / (v_hat.sqrt() + eps)
    if fault == "ε inside":
        step = lr * m_hat / (v_hat + eps).sqrt()
    if fault == "hats kept":
        state.update(m=m_hat, v=v_hat)
    if fault == "returned":
        return p - step
    p += step if fault == "uphill" else -step
    return None


@exercise(
    "Adam with bias correction",
    oracle=_torch_adam,
    run=_run_adam,
    cases=[(_START, _SLOPES, 0.1, 0.9, 0.999, 1e-8), (_START, _TINY, 0.5, 0.75, 0.9, 1e-6)],
    tolerance=1e-9,
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
    """Change p in place by one step of Adam. The state has t = 0, and zeros for m and v, before the first step."""
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
    m_hat = state["m"] / (1 - beta1 ** state["t"])
    v_hat = state["v"] / (1 - beta2 ** state["t"])
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adam_update.mistake(
    "The bias correction is missing. m and v start at 0, so the first averages are too small: divide by 1 − β₁ᵗ and "
    "1 − β₂ᵗ."
)
def no_bias_correction(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="no correction")


@adam_update.mistake(
    "In the first step your t is 0, and 1 − β⁰ is 0: you divide 0 by 0. Count from 1: add 1 to `state['t']` first."
)
def t_from_0(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="t from 0")


@adam_update.mistake("Your t is 1 in every step, so the averages are enlarged for ever. Count in `state['t']`.")
def t_stays_1(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="t stays 1")


@adam_update.mistake(
    "Only m is corrected. v starts at 0 too, and its β₂ is nearer to 1, so it needs the correction even more."
)
def only_m_corrected(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="m only")


@adam_update.mistake("m and v are lost after each step. Put them back: `state['m'] = ...`.")
def state_not_kept(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="not kept")


@adam_update.mistake("ε is inside the root. The paper and PyTorch have it outside: √v̂ + ε.")
def eps_inside_the_root(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="ε inside")


@adam_update.mistake("You go uphill. Subtract the step: `p -= ...`.")
def uphill(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="uphill")


@adam_update.mistake("You return something. Change p in place, `p -= ...`, and return nothing.")
def something_returned(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="returned")


@adam_update.mistake("p is what it was. `p = p - ...` makes a new p, and the given one stays; use `p -= ...`.")
def a_new_tensor(*arguments):
    return None


@adam_update.mistake(
    "You keep the corrected m̂ and v̂ in the state, so they are corrected again and again. Keep m and v themselves."
)
def corrected_averages_kept(p, g, state, lr, beta1, beta2, eps):
    return _adam_like(p, g, state, lr, beta1, beta2, eps, fault="hats kept")


def _torch_decay(p: Tensor, v: Tensor, g: Tensor, lr: float, rho: float, decay: float) -> tuple[Tensor, Tensor]:
    return _torch_step(partial(torch.optim.SGD, lr=lr, momentum=rho, weight_decay=decay), "momentum_buffer", p, v, g)


@exercise(
    "SGD with momentum and weight_decay",
    oracle=_torch_decay,
    run=_steps,
    cases=[(_START, _SLOPES, 0.1, 0.9, 0.2), (_START, _SLOPES, 0.5, 0.5, 0.01)],
    tolerance=1e-9,
    hints=[
        "Three lines: change the gradient, update the velocity in PyTorch's form, step.",
        "`g = g + decay * p`, then `v = rho * v + g`, then `p - lr * v`.",
    ],
    idea="In SGD, weight_decay is a part of the gradient. In AdamW it is a step of its own, beside the rescaled gradient.",
)
def decay_step(
    p: torch.Tensor, v: torch.Tensor, g: torch.Tensor, lr: float, rho: float, decay: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the new parameter and velocity of torch.optim.SGD with momentum and weight_decay."""
    g = g + decay * p
    v = rho * v + g
    return p - lr * v, v


@decay_step.mistake("This is momentum without decay. Add `decay * p` to the gradient first.")
def no_decay(p, v, g, lr, rho, decay):
    return p - lr * (rho * v + g), rho * v + g


@decay_step.mistake(
    "You shrink the parameter beside the step, as AdamW does. `torch.optim.SGD` adds λp to the gradient *before* the "
    "velocity, so the decay gets momentum too."
)
def decay_as_in_adamw(p, v, g, lr, rho, decay):
    return (1 - lr * decay) * p - lr * (rho * v + g), rho * v + g


@decay_step.mistake("With this sign the parameter grows. λp is *added* to the gradient, and the step goes against it.")
def minus(p, v, g, lr, rho, decay):
    return p - lr * (rho * v + g - decay * p), rho * v + g - decay * p


@decay_step.mistake(
    "Your velocity holds the learning rate. PyTorch's does not: v ← ρv + g, and the rate comes in the step."
)
def rate_inside_the_velocity(p, v, g, lr, rho, decay):
    return momentum_step.answer(p, v, g + decay * p, lr, rho)


@decay_step.mistake(_IN_PLACE)
def changed_in_place(p, v, g, lr, rho, decay):
    v += g
    return p, v


@decay_step.mistake("You return the old velocity. Return the new one, or the next step forgets it.")
def velocity_not_kept(p, v, g, lr, rho, decay):
    return p - lr * (rho * v + g + decay * p), v


# ---- an optimizer of PyTorch


def _run_two_rates(answer: Callable[..., Any], bias: bool) -> Any:
    body, head = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4)), nn.Linear(4, 2, bias=bias)
    optimizer = answer(body, head)
    if optimizer is None:
        return None
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"return an optimizer, not an object of type {type(optimizer).__name__}")
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    return {
        "class": type(optimizer).__name__,
        "learning rates of the body": [rates.get(id(p), 0.0) for p in body.parameters()],
        "learning rates of the head": [rates.get(id(p), 0.0) for p in head.parameters()],
        "momentum": sorted({group.get("momentum", 0.0) for group in optimizer.param_groups}),
    }


def _two_groups(body: nn.Module, head: nn.Module, rates: tuple[float, float], **settings: float) -> Any:
    groups = [{"params": m.parameters(), "lr": lr} for m, lr in zip((body, head), rates, strict=True)]
    return torch.optim.SGD(groups, **settings)


@exercise(
    "Two learning rates",
    run=_run_two_rates,
    cases=[(True,), (False,)],
    hints=[
        "An optimizer takes a list of dictionaries in place of a list of parameters.",
        "One of them is `{'params': body.parameters(), 'lr': 0.001}`. `momentum=0.9` outside the list counts for both.",
    ],
    idea="Each group has its own settings. Fine-tuning uses this: a small rate for what is trained, a large one for what is new.",
)
def two_rates(body: nn.Module, head: nn.Module) -> torch.optim.Optimizer:
    """Return SGD with momentum 0.9 for both; the body gets the learning rate 0.001, the head 0.1."""
    groups = [{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}]
    return torch.optim.SGD(groups, momentum=0.9)


@two_rates.mistake("The rates are swapped. The trained body should change little, so it gets the small rate.")
def swapped(body, head):
    return _two_groups(body, head, rates=(0.1, 0.001), momentum=0.9)


@two_rates.mistake(
    "The body is in no group, so it will not be trained. Give the optimizer a second group.",
    keys=("learning rates of the body",),
)
def head_alone(body, head):
    return torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)


@two_rates.mistake(
    "All parameters have the rate 0.1. A list of parameters makes one group; you need a list of two dictionaries."
)
def one_rate_for_all(body, head):
    return torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1, momentum=0.9)


@two_rates.mistake(
    "The rates are right, but there is no momentum. Settings for all groups are keywords: `momentum=0.9`."
)
def no_momentum(body, head):
    return _two_groups(body, head, rates=(0.001, 0.1))


def _train_a_little(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, steps: int) -> None:
    for step in range(steps):
        optimizer.zero_grad()
        ((model(x + 0.1 * step) - x.sum(dim=1, keepdim=True)) ** 2).mean().backward()
        optimizer.step()


def _run_snapshot(answer: Callable[..., Any], name: str, x: Tensor) -> Any:
    """Train, take a snapshot, train on; then continue from the snapshot in new objects, and return where both ended."""

    def fresh() -> tuple[nn.Module, torch.optim.Optimizer]:
        model = nn.Linear(2, 1).double()
        with torch.no_grad():
            for p in model.parameters():
                p.fill_(0.5)
        settings = {"SGD": {"momentum": 0.9}, "Adam": {}}[name]
        return model, getattr(torch.optim, name)(model.parameters(), lr=0.05, **settings)

    model, optimizer = fresh()
    _train_a_little(model, optimizer, x, 3)
    saved = answer(model, optimizer)
    if saved is None:
        return None
    if not isinstance(saved, dict) or set(saved) != {"model", "optimizer"}:
        return "other keys"
    _train_a_little(model, optimizer, x, 4)
    again, its_optimizer = fresh()
    again.load_state_dict(saved["model"])
    its_optimizer.load_state_dict(saved["optimizer"])
    _train_a_little(again, its_optimizer, x, 4)
    return nn.utils.parameters_to_vector(again.parameters()).detach()


@exercise(
    "A snapshot to resume from",
    run=_run_snapshot,
    cases=[
        ("SGD", torch.tensor([[1.0, 2.0], [-1.0, 0.5]], dtype=torch.float64)),
        ("Adam", torch.tensor([[0.5, -2.0], [1.0, 1.5], [2.0, 0.0]], dtype=torch.float64)),
    ],
    tolerance=1e-12,
    hints=[
        "Two state dictionaries are needed: of the model and of the optimizer.",
        "`state_dict()` shares its tensors with the running training. `copy.deepcopy(...)` copies everything inside.",
    ],
    idea="A run is its weights *and* its optimizer. And a snapshot must be a copy, since training goes on in place.",
)
def snapshot(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict:
    """Return all that the run needs to go on from here, even if the training changes the model afterwards."""
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": copy.deepcopy(optimizer.state_dict())}


@snapshot.mistake(
    "`state_dict()` does not copy: its tensors are those of the model, so they go on changing while you train. "
    "`copy.deepcopy` makes a copy."
)
def not_copied(model, optimizer):
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}


@snapshot.mistake("The optimizer is copied, but the weights are not: they go on changing. Copy both.")
def model_not_copied(model, optimizer):
    return {
        "model": model.state_dict(),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
    }


@snapshot.mistake("The weights are copied, but the optimizer's memory is not: it goes on changing. Copy both.")
def optimizer_not_copied(model, optimizer):
    return {
        "model": copy.deepcopy(model.state_dict()),
        "optimizer": optimizer.state_dict(),
    }


@snapshot.mistake(
    "The memory of the optimizer is lost: its `state` is empty. Without it, the velocity starts at 0 again."
)
def memory_lost(model, optimizer):
    return {
        "model": {name: p.clone() for name, p in model.state_dict().items()},
        "optimizer": {**copy.deepcopy(optimizer.state_dict()), "state": {}},
    }


@snapshot.mistake('Return a dictionary with the two keys "model" and "optimizer".')
def the_model_alone(model, optimizer):
    return copy.deepcopy(model.state_dict())


EXERCISES = (
    gradient_descent,
    read_rates,
    momentum_step,
    look_ahead_step,
    adagrad_step,
    rmsprop_step,
    adam_update,
    decay_step,
    two_rates,
    snapshot,
)


def summary() -> Text:
    """Return one line: how many exercises of this notebook are done, wrong and open."""
    return core.summary(EXERCISES)
