"""The exercises of unit 2: the chain rule, leaves, accumulation, detaching, loss gradients and a training loop."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from course_utils.exercises.engine import shown
from course_utils.exercises.engine.compare import is_open
from course_utils.exercises.engine.core import Text, exercise

# what a `run` returns in place of a result, where a task is not done in the way it asks for
WITH_AUTOGRAD = "something that was computed with autograd"
WITHOUT_AUTOGRAD = "something that was computed without autograd"
NOT_A_COPY = "something for which the caller's tensor was marked as tracked"


class _Calls(TorchFunctionMode):
    """Notes which functions of autograd are called, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name = getattr(function, "__name__", "")
        if name in ("backward", "grad", "_make_dual") or (name == "retain_grad" and not args[0].is_leaf):
            self.names.append(name)
        return function(*args, **(kwargs or {}))

    def walked(self) -> bool:
        """Say whether autograd computed, or tried to compute, a gradient."""
        return bool(set(self.names) - {"retain_grad"})


def _by_hand(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Call an answer that should do without autograd; where it does not, say so in place of its result."""
    value = None
    with _Calls() as calls:
        try:
            value = answer(*arguments)
        except RuntimeError:  # such as a walk from a tensor that is not tracked
            if not calls.walked():
                raise
    is_oracle = answer is _chain_rule_oracle or answer is _loss_oracle
    return WITH_AUTOGRAD if calls.walked() and not is_oracle else value


def _on_a_copy(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Call an answer that should track a copy of its first argument; where it tracks the argument itself, say so."""
    value = answer(*arguments)
    return NOT_A_COPY if arguments[0].requires_grad and value is not None else _float32(value)


def _by_autograd(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Call an answer that should ask autograd, on a tracked copy; where it does not, say so in place of its result."""
    with _Calls() as calls:
        value = _on_a_copy(answer, *arguments)
    done = isinstance(value, Tensor | tuple | list) and not is_open(value)
    return WITHOUT_AUTOGRAD if done and not calls.walked() else value


def _float32(value: Any) -> Any:
    """Return results in float32, where the task leaves the dtype open."""
    if type(value) in (tuple, list):
        return type(value)(map(_float32, value))
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value


# ---- 1 the chain rule by hand


def _two_derivatives(answer: Callable[..., Any], w: float, x: float, b: float, y: float) -> dict[str, Any]:
    """Call an answer; return both numbers, or a few words for something else, so that its kind tells the mistake."""
    value = _by_hand(answer, w, x, b, y)
    values = value if isinstance(value, tuple | list) else [value]
    kind, dw, db = value, None, None
    if isinstance(value, dict):
        kind = "a dictionary"
    elif any(isinstance(v, Tensor | np.ndarray) for v in values):
        kind = "something with tensors or arrays in it"
    elif all(isinstance(v, float | int) for v in values) and len(values) == 1:
        kind = "one number"
    elif all(isinstance(v, float | int) for v in values) and len(values) == 2:
        kind, dw, db = "two numbers", *values
    return {"the result": kind, "the derivative for w": dw, "the derivative for b": db}


def _chain_rule_oracle(w: float, x: float, b: float, y: float) -> tuple[float, ...]:
    parameters = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (w, b)]
    loss = (parameters[0] * x + parameters[1] - y) ** 2
    return tuple(g.item() for g in torch.autograd.grad(loss, parameters))


@exercise(
    "The chain rule by hand",
    oracle=_chain_rule_oracle,
    run=_two_derivatives,
    cases=[
        (2.0, 3.0, 1.0, 4.0),
        (-1.0, 2.0, 0.5, 3.0),
        (0.5, -2.0, 0.0, 1.0),
        (1.5, 0.0, -2.0, 5.0),
        (2.0, 100.0, 1.0, 201.0),  # the loss is 0: a one-sided finite difference is not
        (-40.0, 25.0, 300.0, -7.0),
        (0.3, 0.7, -0.15, 0.2),
    ],
    hints=[
        "Give the inside a name: e = w · x + b − y. Then L = e².",
        "The chain: dL/dw = dL/de · de/dw. The first factor is 2e, for w and for b.",
        "de/dw = x and de/db = 1.",
    ],
    idea="A derivative is a product along the path: outer times inner. The outer factor 2e is shared by w and b, so "
    "it is computed once: that is what backward does.",
)
def chain_rule(w: float, x: float, b: float, y: float) -> tuple[float, float]:
    """Return dL/dw and dL/db of L = (w * x + b - y) ** 2, by hand."""
    error = w * x + b - y
    dl_de = 2 * error
    return dl_de * x, dl_de


@chain_rule.mistake("Do this one without autograd: write both derivatives as formulas of w, x, b and y.")
def autograd_used(w, x, b, y):
    w, b = torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True)
    ((w * x + b - y) ** 2).backward()
    return w.grad.item(), b.grad.item()


@chain_rule.mistake(
    "You return tensors or arrays. The arguments are Python numbers, and so should be the two derivatives."
)
def tensors_returned(w, x, b, y):
    error = torch.tensor(w * x + b - y)
    return 2 * error * x, 2 * error


@chain_rule.mistake("You return a dictionary. Return the two numbers alone: `return …, …`.")
def dictionary_returned(w, x, b, y):
    return {"w": 2 * (w * x + b - y) * x, "b": 2 * (w * x + b - y)}


@chain_rule.mistake("You return one number. Return two of them: the derivative for w, then the one for b.")
def one_number(w, x, b, y):
    return 2 * (w * x + b - y) * x


@chain_rule.mistake(
    "Your function returns nothing, so the caller gets None. `print` only shows a number: use `return`."
)
def printed(w, x, b, y):
    print(2 * (w * x + b - y) * x, 2 * (w * x + b - y))


@chain_rule.mistake("Both numbers are right, but in the wrong order: first the derivative for w, then the one for b.")
def swapped(w, x, b, y):
    return 2 * (w * x + b - y), 2 * (w * x + b - y) * x


@chain_rule.mistake(
    "The sign is wrong. The error here is w · x + b − y. If you turn it round to y − (w · x + b), its "
    "derivative has a minus as well."
)
def sign(w, x, b, y):
    return 2 * (y - w * x - b) * x, 2 * (y - w * x - b)


@chain_rule.mistake("These are the numbers of the example in 2.1. Compute them from the arguments w, x, b and y.")
def numbers_of_the_example(w, x, b, y):
    return 18, 6


@chain_rule.mistake("A factor 2 is there twice: the derivative of e² is 2e, and w · x + b − y has no further 2.")
def factor_2_twice(w, x, b, y):
    return 4 * (w * x + b - y) * x, 4 * (w * x + b - y)


@chain_rule.mistake("A factor 2 is missing: the derivative of e² is 2e.")
def factor_2_forgotten(w, x, b, y):
    return (w * x + b - y) * x, w * x + b - y


@chain_rule.mistake(
    "You multiplied the loss itself by the inner derivative. The chain needs the *derivative* of the square: "
    "2e in place of e²."
)
def square_kept(w, x, b, y):
    return (w * x + b - y) ** 2 * x, (w * x + b - y) ** 2


@chain_rule.mistake("The 2 came down, and the square stayed as well. The derivative of e² is 2e, not 2e².")
def exponent_not_lowered(w, x, b, y):
    return 2 * (w * x + b - y) ** 2 * x, 2 * (w * x + b - y) ** 2


@chain_rule.mistake("You return the loss, e². Its two derivatives are wanted: how fast it grows with w, and with b.")
def loss_returned(w, x, b, y):
    return (w * x + b - y) ** 2, (w * x + b - y) ** 2


@chain_rule.mistake(
    "These are the derivatives of the inside, w · x + b − y. The square around it has a derivative too: multiply by it."
)
def outer_derivative_forgotten(w, x, b, y):
    return x, 1


@chain_rule.mistake("The 2 of the outer derivative is there, its e is not: the derivative of e² is 2e.")
def outer_error_forgotten(w, x, b, y):
    return 2 * x, 2


@chain_rule.mistake(
    "You return what w and b would be after a step. Only the two derivatives are wanted.",
)
def step_made(w, x, b, y):
    return w - 2 * (w * x + b - y) * x, b - 2 * (w * x + b - y)


# from here on, one of the two derivatives tells the mistake; the other one may be anything


@chain_rule.mistake(
    "For w, the outer derivative 2e is there. The chain has one more factor: how fast does w · x + b − y change with w?",
    keys=["the derivative for w"],
)
def inner_derivative_forgotten(w, x, b, y):
    return 2 * (w * x + b - y), 2 * (w * x + b - y)


@chain_rule.mistake(
    "For w you have the inner factor w: how fast does w · x grow when w grows?", keys=["the derivative for w"]
)
def factor_w(w, x, b, y):
    return 2 * (w * x + b - y) * w, 2 * (w * x + b - y)


@chain_rule.mistake("For w, the factor x is there twice. One x is enough.", keys=["the derivative for w"])
def x_twice(w, x, b, y):
    return 2 * (w * x + b - y) * x**2, 2 * (w * x + b - y)


@chain_rule.mistake(
    "For w you *added* x to the outer derivative. The chain rule multiplies.", keys=["the derivative for w"]
)
def x_added(w, x, b, y):
    return 2 * (w * x + b - y) + x, 2 * (w * x + b - y)


@chain_rule.mistake("For w, the factor 2 is missing: the derivative of e² is 2e.", keys=["the derivative for w"])
def factor_2_forgotten_for_w(w, x, b, y):
    return (w * x + b - y) * x, 2 * (w * x + b - y)


@chain_rule.mistake(
    "For w you have 2 · x. The derivative of e² is 2e: the error itself is missing.",
    keys=["the derivative for w"],
)
def error_forgotten_for_w(w, x, b, y):
    return 2 * x, 2 * (w * x + b - y)


@chain_rule.mistake(
    "b counts too: when b grows by 1, e grows by 1. So the derivative for b is not 0.", keys=["the derivative for b"]
)
def nothing_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, 0


@chain_rule.mistake(
    "The derivative for b is not the inner factor 1 alone. The outer derivative 2e belongs to it, as it does for w.",
    keys=["the derivative for b"],
)
def inner_factor_alone_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, 1


@chain_rule.mistake(
    "The derivative for b is not 2 alone: the derivative of e² is 2e, for b as for w.", keys=["the derivative for b"]
)
def error_forgotten_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, 2


@chain_rule.mistake("For b, the factor 2 is missing: the derivative of e² is 2e.", keys=["the derivative for b"])
def factor_2_forgotten_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, w * x + b - y


@chain_rule.mistake(
    "For b you have the inner factor x. It belongs to w: how fast does w · x + b − y change with b?",
    keys=["the derivative for b"],
)
def factor_x_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, 2 * (w * x + b - y) * x


@chain_rule.mistake(
    "For b you have the inner factor b: how fast does w · x + b − y grow when b grows?", keys=["the derivative for b"]
)
def factor_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, 2 * (w * x + b - y) * b


@chain_rule.mistake(
    "For b, the sign is wrong: when b grows, e = w · x + b − y grows too.", keys=["the derivative for b"]
)
def sign_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, -2 * (w * x + b - y)


@chain_rule.mistake(
    "2 · w · x + b − y doubles only its first term. Put the error into brackets: 2 · (w · x + b − y).",
    keys=["the derivative for b"],
)
def brackets_forgotten(w, x, b, y):
    return (2 * w * x + b - y) * x, 2 * w * x + b - y


@chain_rule.mistake("Your error has no y in it: e = w · x + b − y.", keys=["the derivative for b"])
def y_forgotten(w, x, b, y):
    return 2 * (w * x + b) * x, 2 * (w * x + b)


@chain_rule.mistake("Your error has no b in it: e = w · x + b − y.", keys=["the derivative for b"])
def b_forgotten(w, x, b, y):
    return 2 * (w * x - y) * x, 2 * (w * x - y)


@chain_rule.mistake(
    "You add y in the error, and it should be taken away: e = w · x + b − y.", keys=["the derivative for b"]
)
def y_added(w, x, b, y):
    return 2 * (w * x + b + y) * x, 2 * (w * x + b + y)


# ---- 2 the gradient in the middle


def _middle(answer: Callable[..., Any], x: Tensor) -> Any:
    """Call an answer; in place of None, say what it did, because there are several ways to get it."""
    with _Calls() as calls:
        value = _by_autograd(answer, x)
    return value if value is not None else f"None, after {', '.join(dict.fromkeys(calls.names)) or 'no backward'}"


def _middle_oracle(x: Tensor) -> Tensor:
    h = (x**2).requires_grad_()
    return torch.autograd.grad((h**3).sum(), h)[0]


@exercise(
    "The gradient in the middle",
    oracle=_middle_oracle,
    run=_middle,
    cases=[
        (torch.tensor([2.0, 3.0]),),
        (torch.tensor([-1.0, 0.5, 0.0]),),
        (torch.tensor([[1.0, -2.0], [0.5, 4.0], [3.0, 0.25]]).t(),),
    ],
    hints=[
        "Which tensors keep their gradient after `backward`? Is h one of them?",
        "There is a method that keeps the gradient in the middle (2.3). It must come before `backward`.",
        "Call `h.retain_grad()` between the line that computes h and `backward()`.",
    ],
    idea="A gradient in the middle of the graph is computed in any case, and dropped. `retain_grad()` before "
    "`backward` keeps it.",
)
def middle_gradient(x: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the loss with respect to h."""
    x = x.clone().requires_grad_()
    h = x**2
    h.retain_grad()
    loss = (h**3).sum()
    loss.backward()
    return h.grad


def _walk(
    x: Tensor, loss_of: Callable[[Tensor], Tensor] = lambda h: (h**3).sum(), power: int = 2
) -> tuple[Tensor, ...]:
    """Do the task right, perhaps with another loss; return x, h and the loss."""
    x = x.clone().requires_grad_()
    h = x**power
    h.retain_grad()
    loss = loss_of(h)
    loss.backward()
    return x, h, loss


@middle_gradient.mistake(
    "You have None. Does your function return something? If it returns `h.grad`: h is not a leaf, so "
    "`backward` does not keep its gradient. Ask for it *before* `backward`."
)
def not_retained(x):
    x = x.clone().requires_grad_()
    h = x**2
    (h**3).sum().backward()
    return h.grad


@middle_gradient.mistake(
    "You have None. `retain_grad()` comes after `backward`, and then the gradient is dropped already. Ask for it before."
)
def retained_too_late(x):
    x = x.clone().requires_grad_()
    h = x**2
    (h**3).sum().backward()
    h.retain_grad()
    return h.grad


@middle_gradient.mistake(
    "You have None, although `retain_grad()` and `backward()` were called. Does your function return `h.grad`? Is h the "
    "tensor that you called `retain_grad()` on, and the one that the loss was computed from?"
)
def gradient_not_returned(x):
    print(_walk(x)[1].grad)


@middle_gradient.mistake(
    "You have None, and `loss.backward()` was never called. It computes the gradients; it needs its brackets."
)
def backward_not_called(x):
    h = x.clone().requires_grad_() ** 2
    (h**3).sum().backward  # noqa: B018
    return h.grad


@middle_gradient.mistake(
    "You have None. `retain_grad()` only says that a gradient should be kept. `loss.backward()` computes it, and that "
    "was never called. It needs its brackets."
)
def only_retained(x):
    h = x.clone().requires_grad_() ** 2
    h.retain_grad()
    (h**3).sum().backward  # noqa: B018
    return h.grad


@middle_gradient.mistake("This is the gradient for x. It has one factor too many, dh/dx = 2x: return the one for h.")
def gradient_of_the_leaf(x):
    return _walk(x)[0].grad


@middle_gradient.mistake(
    "`retain_grad` found a tensor that is not tracked. Make a tracked copy first, `x = x.clone().requires_grad_()`, and "
    "compute h from this copy, outside of `no_grad`, and without `detach`.",
    error="retain_grad",
)
def not_tracked(x):
    h = x**2
    h.retain_grad()
    (h**3).sum().backward()
    return h.grad


@middle_gradient.mistake(
    "No tracked tensor leads to your loss, so `backward` has nowhere to go. Make a tracked copy, "
    "`x = x.clone().requires_grad_()`, and compute h and the loss from it, outside of `no_grad`, and without `detach`.",
    error="does not have a grad_fn",
)
def backward_not_tracked(x):
    (x**6).sum().backward()
    return x.grad


@middle_gradient.mistake(
    "A walk back starts from one number, and yours starts from several. The loss is `(h ** 3).sum()`.",
    error="scalar outputs",
)
def no_sum(x):
    return _walk(x, lambda h: h**3)[1].grad


@middle_gradient.mistake(
    "You used a method itself where its result is needed: a call needs brackets, as in `(h ** 3).sum()`.",
    error="builtin_function_or_method",
)
def brackets_of_a_call_forgotten(x):
    return _walk(x, lambda h: (h**3).sum)[1].grad


@middle_gradient.mistake(
    "You called True or False: `requires_grad` and `is_leaf` are no methods. The method that marks a tensor is "
    "`requires_grad_()`, with a line at its end.",
    error="'bool' object is not callable",
)
def requires_grad_called(x):
    return _walk(x.clone().requires_grad(True))[1].grad


@middle_gradient.mistake("The name is `requires_grad_()`: there is an s after `require`.", error="require_grad")
def misspelt(x):
    return _walk(x.clone().require_grad_())[1].grad


@middle_gradient.mistake(
    "The loss was not computed from the h that you ask about. Compute h once, and the loss from this very tensor.",
    error="used in the graph",
)
def another_h(x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(((x**2) ** 3).sum(), x**2)[0]


@middle_gradient.mistake(
    "`torch.autograd.grad` returns a tuple, one gradient for each input. Take the first one out of it."
)
def tuple_of_gradients(x):
    h = x.clone().requires_grad_() ** 2
    return torch.autograd.grad((h**3).sum(), h)


@middle_gradient.mistake(
    "These are only ones: the gradient of h.sum(). The walk should start at the loss, `(h ** 3).sum()`."
)
def started_at_h(x):
    return _walk(x, torch.sum)[1].grad


@middle_gradient.mistake(
    "This is dh/dx, the derivative *of* h. What is asked is dL/dh, the derivative of the loss *with respect to* h."
)
def derivative_of_h(x):
    return _walk(x, torch.sum)[0].grad


@middle_gradient.mistake(
    "The loss is the *sum* of h³. Yours is their mean, so each gradient is divided by their number."
)
def mean_in_place_of_sum(x):
    return _walk(x, lambda h: (h**3).mean())[1].grad


@middle_gradient.mistake("The powers changed places: h is `x ** 2`, and the loss is the sum of `h ** 3`.")
def powers_swapped(x):
    return _walk(x, lambda h: (h**2).sum(), power=3)[1].grad


@middle_gradient.mistake("h is the square, `x ** 2`. You have `x * 2`.")
def doubled(x):
    return _walk(2 * x, power=1)[1].grad


@middle_gradient.mistake("The loss is the sum of h³. Yours has the second power.")
def squares_summed(x):
    return _walk(x, lambda h: (h**2).sum())[1].grad


@middle_gradient.mistake(
    "You take the sum first, and its third power then. The loss is the sum of the powers, `(h ** 3).sum()`."
)
def power_of_the_sum(x):
    return _walk(x, lambda h: h.sum() ** 3)[1].grad


@middle_gradient.mistake(
    "Your gradients are twice what they should be. `backward` adds to `.grad`: is it called once? Is the loss "
    "`(h ** 3).sum()`?"
)
def two_walks(x):
    return _walk(x, lambda h: 2 * (h**3).sum())[1].grad


@middle_gradient.mistake(
    "A second walk back over the same graph fails, because the first one frees it. One `backward` is enough.",
    error="second time",
)
def walked_again(x):
    _walk(x)[2].backward()


@middle_gradient.mistake(
    "You take a power of None. `retain_grad()` and `backward()` return nothing: call them in lines of their own.",
    error="'NoneType' and 'int'",
)
def result_of_retain_grad(x):
    h = (x.clone().requires_grad_() ** 2).retain_grad()
    return (h**3).sum()


@middle_gradient.mistake(
    "You read `.grad` of None. `backward()` and `retain_grad()` return nothing: call them in lines of their own.",
    error="'NoneType' object has no attribute 'grad'",
)
def result_of_backward(x):
    return (x.clone().requires_grad_() ** 2).sum().backward().grad


@middle_gradient.mistake(
    "All your gradients are 0. If you call `zero_()`, it writes zeros into the very tensor that you return."
)
def zeroed(x):
    return _walk(x)[1].grad.zero_()


@middle_gradient.mistake("You return the loss. Its gradient with respect to h is in `h.grad`.")
def loss_returned(x):
    return _walk(x)[2]


@middle_gradient.mistake("You return the gradient at the loss itself, which is 1. Return the one at h.")
def gradient_at_the_loss(x):
    _walk(x)
    return torch.tensor(1.0)


@middle_gradient.mistake("You return two gradients. The first one is right: return `h.grad` alone.")
def both_gradients(x):
    x, h, _ = _walk(x)
    return h.grad, x.grad


@middle_gradient.mistake("The numbers are right, in lists. Return the tensor itself.")
def numbers_returned(x):
    return _walk(x)[1].grad.tolist()


@middle_gradient.mistake(
    "`item()` takes the number out of a tensor with one element. The gradient has as many as h: return all of them.",
    error="converted to Scalar",
)
def item_of_the_gradient(x):
    return _walk(x)[1].grad.item()


@middle_gradient.mistake("You return h itself. Its gradient is in `h.grad`.")
def h_returned(x):
    return _walk(x)[1]


@middle_gradient.mistake("You return one number, the sum of the gradients. Each element of h has one of its own.")
def summed_gradient(x):
    return _walk(x)[1].grad.sum()


@middle_gradient.mistake(
    "Autograd has not computed this. Let `backward` do it: make a tracked copy of x, and compute h and the loss from it."
)
def by_hand(x):
    h = x**2
    return 3 * h**2


@middle_gradient.mistake(
    "You mark the caller's own tensor as tracked. Make a copy first: `x.clone()`, and then `requires_grad_()`."
)
def no_copy(x):
    h = x.requires_grad_() ** 2
    return torch.autograd.grad((h**3).sum(), h)[0]


# ---- 3 predict, then run


def _predictions_oracle() -> dict[str, bool]:
    """Run the code of the exercise, and look."""
    a = torch.tensor(2.0, requires_grad=True)
    b = torch.tensor(3.0)
    c = a * b
    d = c + 1
    d.retain_grad()
    e = d.detach()
    loss = (d - 5) ** 2
    loss.backward()
    found = {f"{name}.is_leaf": t.is_leaf for name, t in {"a": a, "b": b, "c": c, "e": e}.items()}
    found |= {f"{name}.requires_grad": t.requires_grad for name, t in {"b": b, "c": c, "e": e}.items()}
    return found | {f"{name}.grad is None": t.grad is None for name, t in {"a": a, "b": b, "c": c, "d": d}.items()}


_FACTS = {  # what is true, and what to say to the others
    "a.is_leaf": (True, "you made `a` yourself, no operation computed it. What is a leaf?"),
    "b.is_leaf": (
        True,
        "a leaf is a tensor that no *recorded* operation made. That holds for plain data without gradient too.",
    ),
    "c.is_leaf": (False, "`c` is the result of a recorded product, so it has a `grad_fn`."),
    "e.is_leaf": (True, "`detach` returns a tensor that remembers no operation, so it counts as a leaf."),
    "b.requires_grad": (False, "plain data is not tracked, unless you ask for it."),
    "c.requires_grad": (True, "one tracked input is enough for the result to be tracked, and `a` is tracked."),
    "e.requires_grad": (False, "`detach` returns a tensor that is not tracked, although `d` is."),
    "a.grad is None": (
        False,
        "`a` is a tracked leaf on the way to the loss. For such tensors `backward` fills `.grad`.",
    ),
    "b.grad is None": (True, "`b` is a leaf, but it is not tracked. `backward` computes no gradient for it."),
    "c.grad is None": (
        True,
        "`c` is not a leaf. Its gradient is used on the way and then dropped, unless `retain_grad` keeps it.",
    ),
    "d.grad is None": (False, "`d` is no leaf either, but there is a line in the code that keeps its gradient."),
}


def _kinds(answer: Any) -> Any:
    """Return the answer; where it has something else in place of True and False, with the type of that."""
    if not isinstance(answer, dict):
        return answer() if answer is _predictions_oracle else answer
    kinds = {type(value) for value in answer.values()} - {bool, type(None), type(...)}
    return {**answer, "kind": kinds.pop()} if len(kinds) == 1 else answer


predictions = exercise(
    "Predict, then run",
    name="predictions",
    oracle=_predictions_oracle,
    run=_kinds,
    cases=[()],
    hints=[
        "Three questions for each tensor. Did a recorded operation make it? Is one of its inputs tracked? Was its "
        "gradient kept?",
        "A leaf was made by you, or cut off by `detach`. `backward` fills `.grad` of tracked leaves, and of whatever "
        "was told `retain_grad()`.",
        "`b` is never tracked. `c` and `d` come from `a`. Only `d` was told to keep its gradient.",
    ],
    idea="Leaf, tracked, and gradient kept are three different questions. `.grad` is filled for tracked leaves, and "
    "for tensors with `retain_grad()`.",
)({key: fact for key, (fact, _) in _FACTS.items()})

predictions.mistake("Write True or False, without quotes: in quotes it is a text.", name="texts", keys=["kind"])(
    {"a.is_leaf": "True"}
)
predictions.mistake("Write True or False in place of a number.", name="numbers", keys=["kind"])({"a.is_leaf": 1})
predictions.mistake("Write True or False itself, in place of a tensor.", name="tensors", keys=["kind"])(
    {"a.is_leaf": torch.tensor(True)}
)
predictions.mistake(
    "You have turned all four lines with `grad is None` round. True means that there is *no* gradient.",
    name="is None turned round",
)({key: not fact for key, (fact, _) in _FACTS.items() if "None" in key})
for _key, (_fact, _why) in _FACTS.items():
    predictions.mistake(f"`{_key}`: {_why}", name=_key)({_key: not _fact})


# ---- 4 one gradient for each loss


def _separate_oracle(w: Tensor, targets: list[Tensor]) -> list[Tensor]:
    w = w.clone().requires_grad_()
    return [torch.autograd.grad(((w - target) ** 2).sum(), w)[0] for target in targets]


@exercise(
    "One gradient for each loss",
    oracle=_separate_oracle,
    run=_by_autograd,
    cases=[
        (torch.tensor([1.0, 2.0]), [torch.tensor([0.0, 1.0]), torch.tensor([3.0, -1.0]), torch.tensor([1.5, 2.5])]),
        (torch.tensor([-1.0, 16.0]), [torch.tensor([2.0, 0.5]), torch.tensor([1.0, -3.0])]),
        (
            torch.tensor([[1.0, -2.0, 0.5], [4.0, 0.0, -8.0]]),
            [torch.tensor([[0.0, 1.0, 2.0], [-2.0, 5.0, 0.5]]), torch.tensor([[2.0, 0.5, -1.0], [1.0, -3.0, 16.0]])],
        ),
        (torch.tensor([0.5, -1.0, 3.0]), [torch.tensor([1.0, 1.0, -2.0])]),
    ],
    hints=[
        "What is in `w.grad` after the second `backward`, if nobody cleared it?",
        "Clear the gradient in each round. Which of the two ways of 2.4 works before the first `backward` too?",
        "In the loop: `w.grad = None`, compute the loss, `loss.backward()`, append `w.grad` to the list.",
    ],
    idea="Gradients add up until you clear them. `w.grad = None` gives each round a new tensor; `zero_()` reuses the "
    "old one.",
    returns="gradient {}",
)
def separate_gradients(w: torch.Tensor, targets: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradient of each loss with respect to w, one for each target."""
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        w.grad = None
        loss = ((w - target) ** 2).sum()
        loss.backward()
        gradients.append(w.grad)
    return gradients


def _separate(
    w: Tensor,
    targets: list[Tensor],
    loss_of: Callable[[Tensor], Tensor] = lambda error: (error**2).sum(),
    clear: Callable[[Tensor], Any] = lambda w: setattr(w, "grad", None),
) -> tuple[Tensor, list[Tensor]]:
    """Go through the targets, perhaps with another loss or way to clear; return w and a list with the tensor `w.grad`."""
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        clear(w)
        loss_of(w - target).backward()
        gradients.append(w.grad)
    return w, gradients


@separate_gradients.mistake(
    "The first gradient is right, and each later one has all earlier ones in it. `backward` *adds* to `w.grad`: clear it "
    "before each round. And the loss of a round has one target only."
)
def forgot_to_zero(w, targets):
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        ((w - target) ** 2).sum().backward()
        gradients.append(w.grad.clone())
    return gradients


@separate_gradients.mistake(
    "All your gradients are the last one. `zero_()` and `backward` work *in* one and the same tensor, and a list can hold "
    "it several times. Append `w.grad.clone()` in each round, or set `w.grad = None` for each."
)
def one_tensor_many_times(w, targets):
    w, gradients = _separate(w, targets)
    return [w.grad for _ in gradients]


@separate_gradients.mistake(
    "Each of your gradients is the sum of all of them. `backward` *adds* to `w.grad`, and a list can hold this one tensor "
    "several times: set `w.grad = None` for each round. And the loss of a round has one target only."
)
def one_tensor_never_zeroed(w, targets):
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        ((w - target) ** 2).sum().backward()
        gradients.append(w.grad)
    return gradients


@separate_gradients.mistake(
    "All your gradients are 0. If you append `w.grad` and call `zero_()` on it later, the list holds the very tensor "
    "that is zeroed. Append `w.grad.clone()`, or use `w.grad = None`. And append after `backward`."
)
def zeroed_in_the_list(w, targets):
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        ((w - target) ** 2).sum().backward()
        gradients.append(w.grad)
        w.grad.zero_()
    return gradients


@separate_gradients.mistake(
    "No tracked tensor leads to your loss, so `backward` has nowhere to go. Make a tracked copy first, "
    "`w = w.clone().requires_grad_()`, and compute each loss from it, outside of `no_grad`, and without `detach`.",
    error="does not have a grad_fn",
)
def not_tracked(w, targets):
    for target in targets:
        ((w - target) ** 2).sum().backward()


@separate_gradients.mistake(
    "`w.grad` is None where you call `zero_()`: before the first `backward` there is no gradient. `w.grad = None` works "
    "at any time.",
    error="'NoneType' object has no attribute 'zero_'",
)
def zero_of_none(w, targets):
    return _separate(w, targets, clear=lambda w: w.grad.zero_())[1]


@separate_gradients.mistake(
    "`w.grad` is None where you use it. A gradient is there after `loss.backward()`, in the tracked copy, if the loss was "
    "computed from it.",
    error="'NoneType' object has no attribute 'clone'",
)
def gradient_of_the_argument(w, targets):
    _separate(w, targets)
    return [w.grad.clone() for _ in targets]


@separate_gradients.mistake(
    "Only optimizers and modules have `zero_grad()`. A tensor is cleared with `w.grad = None`.", error="'zero_grad'"
)
def zero_grad_of_a_tensor(w, targets):
    return _separate(w, targets, clear=lambda w: w.zero_grad())[1]


@separate_gradients.mistake(
    "A gradient is a tensor or None, so you cannot put a number into `w.grad`. Clear it with `w.grad = None`.",
    error="assigned grad",
)
def number_as_gradient(w, targets):
    return _separate(w, targets, clear=lambda w: setattr(w, "grad", 0))[1]


@separate_gradients.mistake(
    "You walk back through one graph twice, and the first walk frees it. Compute a new loss for each target, inside the "
    "loop, and call `backward` once for it.",
    error="second time",
)
def loss_before_the_loop(w, targets):
    w = w.clone().requires_grad_()
    loss = ((w - targets[0]) ** 2).sum()
    gradients = []
    for _ in targets:
        w.grad = None
        loss.backward()
        gradients.append(w.grad)
    return gradients


@separate_gradients.mistake(
    "A walk back starts from one number. The loss of a target is the *sum* of its squares: call `.sum()`.",
    error="scalar outputs",
)
def no_sum(w, targets):
    return _separate(w, targets, lambda error: error**2)[1]


@separate_gradients.mistake(
    "Your loss is the *mean* of the squares, so the gradients are divided by the number of elements. Take the sum."
)
def mean_in_place_of_sum(w, targets):
    return _separate(w, targets, lambda error: (error**2).mean())[1]


@separate_gradients.mistake(
    "Your gradients are all +1, 0 or −1: the square is missing. The loss is `((w - target) ** 2).sum()`."
)
def absolute_error(w, targets):
    return _separate(w, targets, lambda error: error.abs().sum())[1]


@separate_gradients.mistake(
    "All your gradients are ones: the square is missing. The loss is `((w - target) ** 2).sum()`."
)
def square_forgotten(w, targets):
    return _separate(w, targets, torch.sum)[1]


@separate_gradients.mistake(
    "Your loss is the square of the sum. Take the square of each difference first, and the sum of the squares then."
)
def square_of_the_sum(w, targets):
    return _separate(w, targets, lambda error: error.sum() ** 2)[1]


@separate_gradients.mistake(
    "Your list ends after the first target. Does `return` stand in the loop? It ends the whole function."
)
def return_in_the_loop(w, targets):
    return _separate(w, targets[:1])[1]


@separate_gradients.mistake("Your list holds the last gradient alone. Append in each round, inside the loop.")
def only_the_last(w, targets):
    return _separate(w, targets[-1:])[1]


@separate_gradients.mistake(
    "Your list holds one gradient, the sum of all. Keep the losses apart: a gradient for each target, appended in its "
    "round."
)
def one_gradient_for_all(w, targets):
    w = w.clone().requires_grad_()
    loss = sum(((w - target) ** 2).sum() for target in targets)
    loss.backward()
    return [w.grad]


@separate_gradients.mistake("You return one tensor. A list is asked for, with one gradient for each target.")
def one_tensor(w, targets):
    return torch.stack(_separate(w, targets)[1])


@separate_gradients.mistake(
    "You return the last gradient itself, not a list. Append each gradient to a list, and return this list."
)
def last_gradient_alone(w, targets):
    return _separate(w, targets)[0].grad


@separate_gradients.mistake(
    "You return the first gradient itself, not a list. Does `return` stand in the loop? Collect a gradient for each "
    "target first."
)
def first_gradient_alone(w, targets):
    return _separate(w, targets)[1][0]


@separate_gradients.mistake(
    "You return one tensor with the sum of all gradients. Return a list, with the gradient of each loss on its own."
)
def sum_of_gradients_alone(w, targets):
    return sum(_separate(w, targets)[1])


@separate_gradients.mistake("Your function returns nothing, so the caller gets None. `return` belongs after the loop.")
def nothing_returned(w, targets):
    print(_separate(w, targets)[1])


@separate_gradients.mistake(
    "Your list is empty. Append the gradient in each round: `gradients.append(w.grad)`, with the brackets of a call."
)
def nothing_appended(w, targets):
    _separate(w, targets)
    return []


@separate_gradients.mistake(
    "All your gradients are None. Is `backward()` called, with its brackets, before you read `w.grad`? Is this w the "
    "tracked copy, and is it cleared before `backward`, not after it?"
)
def no_gradient_at_all(w, targets):
    return [w.grad for _ in _separate(w, targets)[1]]


@separate_gradients.mistake(
    "The first gradient is right, the others are None. A copy of a tracked tensor is no leaf, so it gets no `.grad`. "
    "Make the tracked copy once, before the loop, and leave it as it is."
)
def copy_of_a_copy(w, targets):
    gradients = []
    for target in targets:
        w = w.clone().requires_grad_()
        ((w - target) ** 2).sum().backward()
        gradients.append(w.grad)
    return gradients


@separate_gradients.mistake(
    "The sign is wrong: these are the gradients with respect to the targets, or those of −loss."
)
def gradient_for_the_target(w, targets):
    return [-gradient for gradient in _separate(w, targets)[1]]


@separate_gradients.mistake(
    "Your list holds the losses. Append the gradients in their place: `w.grad`, after `backward`."
)
def losses_returned(w, targets):
    _separate(w, targets)
    return [((w - target) ** 2).sum() for target in targets]


@separate_gradients.mistake(
    "`torch.autograd.grad` returns a tuple, one gradient for each input. Take the first one out of it."
)
def list_of_tuples(w, targets):
    w = w.clone().requires_grad_()
    return [torch.autograd.grad(((w - target) ** 2).sum(), w) for target in targets]


@separate_gradients.mistake(
    "Each of your gradients is one number, a sum. Each element of w has a gradient of its own: append all of `w.grad`."
)
def summed_gradients(w, targets):
    return [gradient.sum() for gradient in _separate(w, targets)[1]]


@separate_gradients.mistake(
    "`item()` takes the number out of a tensor with one element. A gradient has as many as w: append all of `w.grad`.",
    error="converted to Scalar",
)
def items_of_the_gradients(w, targets):
    return [gradient.item() for gradient in _separate(w, targets)[1]]


@separate_gradients.mistake(
    "`extend` and `+=` put each row or element of a gradient into the list. Use `append`: one entry for each target."
)
def list_extended(w, targets):
    return [row for gradient in _separate(w, targets)[1] for row in gradient]


@separate_gradients.mistake(
    "`append` changes the list itself, and returns None. Do not assign its result.", error="no attribute 'append'"
)
def result_of_append(w, targets):
    gradients = []
    for gradient in _separate(w, targets)[1]:
        gradients = gradients.append(gradient)
    return gradients.append(gradients)


@separate_gradients.mistake("Each of your gradients is that of the first target. Round i should use target i.")
def first_target_always(w, targets):
    return _separate(w, [targets[0] for _ in targets])[1]


@separate_gradients.mistake(
    "Your gradients are half of what they should be: the loss is the sum of the squares, without a factor ½."
)
def half_the_loss(w, targets):
    return _separate(w, targets, lambda error: (error**2).sum() / 2)[1]


@separate_gradients.mistake("Your loss adds the target. It should be taken away: `((w - target) ** 2).sum()`.")
def target_added(w, targets):
    return _separate(w, [-target for target in targets])[1]


@separate_gradients.mistake("Your list holds w itself. Append its gradient: `w.grad`.")
def w_itself(w, targets):
    w, gradients = _separate(w, targets)
    return [w for _ in gradients]


@separate_gradients.mistake(
    "The gradients are right, but their order is turned round. The first one belongs to the first target."
)
def order_turned_round(w, targets):
    return _separate(w, targets)[1][::-1]


@separate_gradients.mistake(
    "The method that writes zeros is `zero_()`, with a line at its end.", error="attribute 'zero'"
)
def misspelt(w, targets):
    return _separate(w, targets, clear=lambda w: torch.zeros(1).zero())[1]


@separate_gradients.mistake(
    "Your loop has more rounds than there are targets. Lists have other lengths too: `for target in targets`.",
    error="list index out of range",
)
def three_rounds(w, targets):
    return _separate(w, [targets[i] for i in range(3)])[1]


@separate_gradients.mistake("Your list holds lists of numbers. Append the tensors themselves: `w.grad`.")
def lists_of_numbers(w, targets):
    return [gradient.tolist() for gradient in _separate(w, targets)[1]]


@separate_gradients.mistake(
    "Autograd has not computed these. Make a tracked copy of w, compute each loss from it, and let `backward` find the "
    "gradients."
)
def by_hand(w, targets):
    return [2 * (w - target) for target in targets]


@separate_gradients.mistake(
    "You mark the caller's own tensor as tracked. Make a copy first: `w.clone()`, and then `requires_grad_()`."
)
def no_copy(w, targets):
    w.requires_grad_()
    return [torch.autograd.grad(((w - target) ** 2).sum(), w)[0] for target in targets]


# ---- 5 hold the target fixed


def _fixed_target_oracle(w: Tensor, x: Tensor) -> Tensor:
    target = 0.5 * w + 1  # w is not tracked yet
    w = w.clone().requires_grad_()
    return torch.autograd.grad((w * x - target) ** 2, w)[0]


@exercise(
    "Hold the target fixed",
    oracle=_fixed_target_oracle,
    run=_on_a_copy,
    cases=[
        (torch.tensor(2.0), torch.tensor(3.0)),
        (torch.tensor(-1.0), torch.tensor(0.25)),
        (torch.tensor(0.0), torch.tensor(-2.0)),
        (torch.tensor(-20.0), torch.tensor(-7.0)),
    ],
    hints=[
        "w is in two places: in the prediction and in the target. Through which of them may the gradient flow?",
        "`t.detach()` has the value of t, and no history.",
        "Use `target.detach()` in the loss, and leave the prediction as it is.",
    ],
    idea="`detach` turns a computed value into a constant for the gradient. Some methods train against targets that "
    "the same parameters computed; they need exactly this.",
)
def fixed_target_gradient(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the gradient with respect to w, with the target held fixed."""
    w = w.clone().requires_grad_()
    prediction = w * x
    target = 0.5 * w + 1
    loss = (prediction - target.detach()) ** 2
    loss.backward()
    return w.grad


def _gradient(w: Tensor, loss_of: Callable[[Tensor], Tensor]) -> Tensor:
    w = w.clone().requires_grad_()
    loss_of(w).backward()
    return w.grad


@fixed_target_gradient.mistake(
    "The gradient flows through the target as well. Cut the target off from the graph before you compute the loss. "
    "(`detach()` returns a new tensor, and leaves the old one as it is.)"
)
def nothing_detached(w, x):
    w = w.clone().requires_grad_()
    prediction = w * x
    target = 0.5 * w + 1
    target.detach()
    ((prediction - target) ** 2).backward()
    return w.grad


@fixed_target_gradient.mistake(
    "You cut off the prediction, so the gradient comes through the target alone. It should be the other way round."
)
def prediction_detached(w, x):
    w = w.clone().requires_grad_()
    prediction = (w * x).detach()
    target = 0.5 * w + 1
    ((prediction - target) ** 2).backward()
    return w.grad


@fixed_target_gradient.mistake(
    "`backward` found nothing to do: no tracked tensor leads to your loss. Cut off the target only, and compute the "
    "prediction from a tracked copy of w.",
    error="does not have a grad_fn",
)
def all_detached(w, x):
    return _gradient(w, lambda w: ((w * x - (0.5 * w + 1)) ** 2).detach())


@fixed_target_gradient.mistake(
    "`requires_grad` can be switched off at a leaf only, and this tensor is the result of an operation. `detach()` "
    "gives you its value without the history.",
    error="of leaf variables",
)
def tracking_switched_off(w, x):
    w = w.clone().requires_grad_()
    target = 0.5 * w + 1
    target.requires_grad = False
    ((w * x - target) ** 2).backward()
    return w.grad


@fixed_target_gradient.mistake(
    "You used a method itself where its result is needed: a call needs brackets, as in `target.detach()`.",
    error="builtin_function_or_method",
)
def brackets_of_a_call_forgotten(w, x):
    return _gradient(w, lambda w: (w * x - (0.5 * w + 1).detach) ** 2)


@fixed_target_gradient.mistake("This is the derivative for the target. Return the gradient with respect to w.")
def gradient_for_the_target(w, x):
    return -2 * (w * x - (0.5 * w + 1))


@fixed_target_gradient.mistake("Your loss adds the target. It should be taken away: `(prediction - target) ** 2`.")
def target_added(w, x):
    return _gradient(w, lambda copy: (copy * x + (0.5 * w + 1)) ** 2)


@fixed_target_gradient.mistake("You return the gradient at the loss itself, which is 1. Return the one at w.")
def gradient_at_the_loss(w, x):
    return torch.tensor(1.0)


@fixed_target_gradient.mistake(
    "A second walk back over the same graph fails, because the first one frees it. One `backward` is enough.",
    error="second time",
)
def walked_again(w, x):
    loss = (w.clone().requires_grad_() * x - (0.5 * w + 1)) ** 2
    loss.backward()
    loss.backward()


@fixed_target_gradient.mistake("You return two gradients. The first one is right: return the one for w alone.")
def both_gradients(w, x):
    error = w * x - (0.5 * w + 1)
    return 2 * error * x, 2 * error * w


@fixed_target_gradient.mistake(
    "You have None. Does your function return something? If it returns `w.grad`: is this w the tracked leaf that the "
    "prediction was computed from, and was `backward()` called?"
)
def gradient_of_another_w(w, x):
    copy = w.clone().requires_grad_()
    prediction = copy * x
    target = 0.5 * w + 1
    ((prediction - target) ** 2).backward()
    return w.grad


@fixed_target_gradient.mistake(
    "You return a Python number. The gradient is a tensor with no dimension: return `w.grad` itself."
)
def number_returned(w, x):
    return _gradient(w, lambda copy: (copy * x - (0.5 * w + 1)) ** 2).item()


@fixed_target_gradient.mistake("You return the loss. Its gradient is in `w.grad`, after `backward`.")
def loss_returned(w, x):
    return (w * x - (0.5 * w + 1)) ** 2


@fixed_target_gradient.mistake(
    "`torch.autograd.grad` returns a tuple, one gradient for each input. Take the first one out of it."
)
def tuple_of_gradients(w, x):
    copy = w.clone().requires_grad_()
    return torch.autograd.grad((copy * x - (0.5 * w + 1)) ** 2, copy)


@fixed_target_gradient.mistake(
    "This is the derivative for the prediction. From there the chain goes on to w, with the factor x."
)
def gradient_for_the_prediction(w, x):
    return 2 * (w * x - (0.5 * w + 1))


@fixed_target_gradient.mistake("This is the gradient with respect to x. Track w, and read the gradient there.")
def gradient_for_x(w, x):
    return _gradient(x, lambda x: (w * x - (0.5 * w + 1)) ** 2)


@fixed_target_gradient.mistake("A factor 2 is missing: the loss is the square of the error, and the slope of e² is 2e.")
def factor_2_forgotten(w, x):
    return (w * x - (0.5 * w + 1)) * x


@fixed_target_gradient.mistake(
    "The sign is wrong. With the target fixed, `prediction - target` changes with w as the prediction does."
)
def sign(w, x):
    return -2 * (w * x - (0.5 * w + 1)) * x


@fixed_target_gradient.mistake("The square is missing in your loss: it is `(prediction - target) ** 2`.")
def square_forgotten(w, x):
    return _gradient(w, lambda copy: copy * x - (0.5 * w + 1))


@fixed_target_gradient.mistake(
    "You took the target for `0.5 * w`. It is `0.5 * w + 1`: held fixed, the 1 still counts."
)
def one_forgotten(w, x):
    return _gradient(w, lambda copy: (copy * x - 0.5 * w) ** 2)


@fixed_target_gradient.mistake(
    "The 1 of the target has the wrong sign. Where you write the target out, put brackets round it: `- (0.5 * w + 1)`."
)
def brackets_forgotten(w, x):
    return _gradient(w, lambda copy: (copy * x - 0.5 * w + 1) ** 2)


@fixed_target_gradient.mistake("You took `0.5 * (w + 1)` for the target. It is `0.5 * w + 1`: the 1 is not halved.")
def one_halved(w, x):
    return _gradient(w, lambda copy: (copy * x - 0.5 * (w + 1)) ** 2)


@fixed_target_gradient.mistake("You took `w + 1` for the target. It is `0.5 * w + 1`.")
def half_forgotten(w, x):
    return _gradient(w, lambda copy: (copy * x - (w + 1)) ** 2)


@fixed_target_gradient.mistake(
    "You left the target out of the loss. It is a constant for the gradient, and it still counts."
)
def no_target(w, x):
    return _gradient(w, lambda w: (w * x) ** 2)


@fixed_target_gradient.mistake("You return what w would be after a step. Only the gradient is asked for.")
def step_made(w, x):
    return w - 2 * (w * x - (0.5 * w + 1)) * x


@fixed_target_gradient.mistake(
    "Your gradient is twice what it should be. `backward` adds to `w.grad`: is it called once? Is the loss "
    "`(prediction - target) ** 2`?"
)
def two_walks(w, x):
    return _gradient(w, lambda copy: 2 * (copy * x - (0.5 * w + 1)) ** 2)


@fixed_target_gradient.mistake(
    "You mark the caller's own tensor as tracked. Make a copy first: `w.clone()`, and then `requires_grad_()`."
)
def no_copy(w, x):
    target = 0.5 * w + 1
    ((w.requires_grad_() * x - target) ** 2).backward()
    return w.grad


# ---- 6 the gradient of the loss at X


def _loss_oracle(x: Tensor, y: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(torch.nn.functional.mse_loss(3 * x**2 - 3, y), x)[0]


def _at_x(answer: Callable[..., Any], x: Tensor, y: Tensor) -> Any:
    value = _float32(_by_hand(answer, x, y))
    return value.tolist() if isinstance(value, np.ndarray) else value


@exercise(
    "The gradient of the loss at X",
    oracle=_loss_oracle,
    run=_at_x,
    cases=[
        (torch.tensor([[1.0, 2.0], [-1.0, 3.0]]), torch.tensor([[2.0, 8.0], [-1.0, 26.0]])),
        (torch.tensor([[0.5, 1.0, -2.0], [1.5, 0.0, 1.0]]), torch.tensor([[1.0, -1.0, 4.0], [2.0, 0.0, 3.0]])),
        (torch.tensor([2.0, -1.0, 0.5]), torch.tensor([0.0, 1.0, 2.0])),
        (
            torch.tensor([[[1.0, -0.5]], [[2.0, 0.0]], [[-3.0, 1.5]]]),
            torch.tensor([[[4.0, 1.0]], [[-2.0, 5.0]], [[7.0, 0.5]]]),
        ),
        (torch.tensor([[-4.0]]), torch.tensor([[50.0]])),
    ],
    hints=[
        "Walk backward, one step at a time: first dL/dE, then dL/dŶ, then dL/dX.",
        "dL/dE = 2E/N, where N is the number of elements. dE/dŶ = −1.",
        "dŶ/dX = 6X. Multiply the three, element by element.",
    ],
    idea="Each step backward multiplies by one local derivative: 2E/N, then −1, then 6X. Autograd does the same, and "
    "no more.",
)
def loss_gradient(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return dL/dX of L = mean(E ** 2) with E = Y - (3 * X ** 2 - 3)."""
    error = y - (3 * x**2 - 3)
    dl_de = 2 * error / error.numel()
    dl_dprediction = -dl_de
    return dl_dprediction * 6 * x


@loss_gradient.mistake("Do this one without autograd: multiply the factors of the chain rule yourself.")
def autograd_used(x, y):
    x = x.clone().requires_grad_()
    ((y - (3 * x**2 - 3)) ** 2).mean().backward()
    return x.grad


@loss_gradient.mistake(
    "Your function returns nothing, so the caller gets None. `print` only shows values: use `return`."
)
def printed(x, y):
    print(-12 * x * (y - (3 * x**2 - 3)) / x.numel())


@loss_gradient.mistake(
    "This is the gradient at Ŷ. The chain has one more step, from Ŷ = 3X² − 3 down to X: multiply by the "
    "derivative of Ŷ."
)
def inner_derivative_forgotten(x, y):
    return -2 * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake(
    "This is the gradient at E, and at Y. The chain goes on, from E to Ŷ and from Ŷ to X: multiply by both factors."
)
def gradient_at_the_error(x, y):
    return 2 * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("The numbers are right, the sign is not. E = Y − Ŷ falls when Ŷ grows, so dE/dŶ = −1.")
def sign_of_the_error(x, y):
    return 12 * x * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("L is the *mean* of E². You have the gradient of the sum: divide by the number of elements.")
def sum_in_place_of_mean(x, y):
    return -12 * x * (y - (3 * x**2 - 3))


@loss_gradient.mistake("You divided by the number of rows. The mean is over all elements: `x.numel()`.")
def divided_by_the_rows(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / len(x)


@loss_gradient.mistake("You divided by the size of the last dimension. The mean is over all elements: `x.numel()`.")
def divided_by_the_columns(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / x.shape[-1]


@loss_gradient.mistake(
    "You count the elements as rows times columns. That is right for a matrix; inputs have other numbers of dimensions "
    "too: divide by `x.numel()`.",
    error="out of range",
)
def rows_times_columns(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / (x.shape[0] * x.shape[1])


@loss_gradient.mistake(
    "You divided by the number of columns, and an input may have one dimension or three. The mean is over all elements: "
    "`x.numel()`.",
    error="out of range",
)
def divided_by_the_second_size(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / x.shape[1]


@loss_gradient.mistake(
    "Your function takes inputs for matrices. They may have any shape: count the elements with `x.numel()`.",
    error="values to unpack",
)
def shape_unpacked(x, y):
    rows, columns = x.shape
    return -12 * x * (y - (3 * x**2 - 3)) / (rows * columns)


@loss_gradient.mistake(
    "The mean in the example is over 4 elements. Other inputs have other sizes: divide by `x.numel()`."
)
def divided_by_4(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / 4


@loss_gradient.mistake("You divided by the number of elements twice. Once is enough.")
def divided_twice(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / x.numel() ** 2


@loss_gradient.mistake("You multiplied by the number of elements. For a mean, divide by it.")
def multiplied_by_the_number(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) * x.numel()


@loss_gradient.mistake(
    "You kept the −3 when you took the derivative of 3X² − 3. It does not change with X: what is its slope?"
)
def constant_kept(x, y):
    return -2 * (6 * x - 3) * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake(
    "The derivatives are right, the error is not: E = Y − (3X² − 3) needs its brackets. Without them, the 3 gets "
    "the wrong sign."
)
def brackets_forgotten(x, y):
    return -12 * x * (y - 3 * x**2 - 3) / x.numel()


@loss_gradient.mistake("The derivatives are right, the error is not: Ŷ is 3X² − 3, and you left the −3 out.")
def constant_forgotten(x, y):
    return -12 * x * (y - 3 * x**2) / x.numel()


@loss_gradient.mistake("A factor 2 is missing. There are two squares on the path: E² gives 2E, and 3X² gives 6X.")
def one_factor_2_forgotten(x, y):
    return -6 * x * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("Both factors 2 are missing: E² gives 2E, and 3X² gives 6X.")
def both_factors_2_forgotten(x, y):
    return -3 * x * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("A factor 2 is there twice: 2E from E², and 6X from 3X², which holds its 2 already.")
def one_factor_2_too_many(x, y):
    return -24 * x * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("The factor 3 of Ŷ = 3X² − 3 is missing: its derivative is 6X, not 2X.")
def factor_3_forgotten(x, y):
    return -4 * x * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("The slope of 3X² is not the same everywhere: its derivative is 6X, not 6.")
def x_forgotten(x, y):
    return -12 * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("The exponent of 3X² came down as a factor, and X² stayed as well. The derivative is 6X.")
def exponent_not_lowered(x, y):
    return -12 * x**2 * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("You multiplied by 3X², or by 3X² − 3. The chain needs its *derivative*, 6X.")
def prediction_kept(x, y):
    return -2 * (3 * x**2 - 3) * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("You have E² where the chain needs its derivative. The square of E gives 2E.")
def square_kept(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) ** 2 / x.numel()


@loss_gradient.mistake("The error is missing: E² gives 2E, and you have the 2 alone.")
def error_forgotten(x, y):
    return -12 * x / x.numel()


@loss_gradient.mistake("This is the last factor alone, dŶ/dX. Multiply it by the gradient at Ŷ.")
def last_factor_alone(x, y):
    return 6 * x


@loss_gradient.mistake(
    "You return one number, a mean. X has a gradient for each of its elements: return a tensor of the same shape."
)
def mean_of_the_gradient(x, y):
    return (-12 * x * (y - (3 * x**2 - 3)) / x.numel()).mean()


@loss_gradient.mistake("You return one number for all. X has a gradient for each of its elements: return all of them.")
def sum_of_the_gradient(x, y):
    return (-12 * x * (y - (3 * x**2 - 3)) / x.numel()).sum()


@loss_gradient.mistake(
    "You took the mean of the errors. Each element of X has an error of its own: keep E as it is, and divide by N."
)
def mean_of_the_error(x, y):
    return -12 * x * (y - (3 * x**2 - 3)).mean()


@loss_gradient.mistake(
    "You take a mean over one dimension. The gradient has the shape of X: divide by the number of all elements, and keep "
    "each of them."
)
def mean_over_the_rows(x, y):
    return (-12 * x * (y - (3 * x**2 - 3))).mean(dim=0)


@loss_gradient.mistake("You *added* 6X. The chain rule multiplies the gradient at Ŷ by it.")
def last_factor_added(x, y):
    return -2 * (y - (3 * x**2 - 3)) / x.numel() + 6 * x


@loss_gradient.mistake("Your error adds Ŷ. It should be taken away: E = Y − Ŷ.")
def prediction_added(x, y):
    return -12 * x * (y + (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake("Your error has Y alone. E = Y − Ŷ, with Ŷ = 3X² − 3.")
def prediction_forgotten(x, y):
    return -12 * x * y / x.numel()


@loss_gradient.mistake("Your error has 3X − 3 in it. Ŷ is 3X² − 3: the square counts in E too.")
def square_forgotten(x, y):
    return -12 * x * (y - (3 * x - 3)) / x.numel()


@loss_gradient.mistake("X and Y changed places: the model is 3X² − 3, and Y is the truth.")
def arguments_swapped(x, y):
    return -12 * y * (x - (3 * y**2 - 3)) / x.numel()


@loss_gradient.mistake("The sign of your errors got lost. E = Y − Ŷ may be negative: no `abs`.")
def absolute_error(x, y):
    return -12 * x * (y - (3 * x**2 - 3)).abs() / x.numel()


@loss_gradient.mistake("A factor 2 and the X are missing: E² gives 2E, and 3X² gives 6X.")
def three_alone(x, y):
    return -6 * (y - (3 * x**2 - 3)) / x.numel()


@loss_gradient.mistake(
    "You count the elements with `len` of the rows. Inputs may have one dimension or three: count with `x.numel()`.",
    error="len() of a 0-d tensor",
)
def length_of_the_rows(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / (len(x) * len(x[0]))


@loss_gradient.mistake("The numbers are right, in an array or in lists. Return a tensor.")
def array_returned(x, y):
    return (-12 * x * (y - (3 * x**2 - 3)) / x.numel()).tolist()


@loss_gradient.mistake("You return the loss. Its gradient at X is wanted, a tensor of the same shape as X.")
def loss_returned(x, y):
    return ((y - (3 * x**2 - 3)) ** 2).mean()


@loss_gradient.mistake("You return the loss of each element. Their derivatives are wanted: E² gives 2E, and so on.")
def squares_returned(x, y):
    return (y - (3 * x**2 - 3)) ** 2


@loss_gradient.mistake(
    "A method is a call: it needs its brackets, as in `x.numel()`.", error="builtin_function_or_method"
)
def brackets_of_a_call_forgotten(x, y):
    return -12 * x * (y - (3 * x**2 - 3)) / x.numel


@loss_gradient.mistake("You use `@`, the product of matrices. Here each element is multiplied by its own slope: `*`.")
def matrix_product(x, y):
    return -2 * (y - (3 * x**2 - 3)) / x.numel() @ (6 * x)


# ---- 7 a gradient without calculus


def cubes(x: Tensor) -> Tensor:
    """Return the sum of the third powers."""
    return (x**3).sum()


def squares(x: Tensor) -> Tensor:
    """Return the sum of the squares."""
    return (x**2).sum()


def neighbours(x: Tensor) -> Tensor:
    """Return a sum in which each element meets the next one."""
    return (x[:-1] ** 3 * x[1:]).sum() + x[-1] ** 3


def _differences(f: Callable[[Tensor], Tensor], x: Tensor, h: float) -> Tensor:
    rows = h * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([(f(x + row) - f(x - row)) / (2 * h) for row in rows])


@exercise(
    "A gradient without calculus",
    oracle=_differences,
    run=_by_hand,
    cases=[  # binary fractions: who moves an element there and back in place has the same x afterwards
        (cubes, torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), 0.125),
        (neighbours, torch.tensor([2.0, 3.0], dtype=torch.float64), 0.25),
        (squares, torch.zeros(3), 0.5),
        (neighbours, torch.tensor([1.0, -0.5, 2.0, 0.0, 1.5], dtype=torch.float64), 0.5),
        (cubes, torch.tensor([1.5], dtype=torch.float64), 0.25),
    ],
    hints=[
        "A slope is rise divided by run. Which two points lie h to the left and h to the right?",
        "For element i, make a tensor of zeros, and put h at position i.",
        "`(f(x + step) - f(x - step)) / (2 * h)` is element i of the result.",
    ],
    idea="Central differences check any gradient, also one that you wrote by hand. They need two calls of f for each "
    "element, so nobody trains with them.",
)
def numerical_gradient(f: "Callable[[torch.Tensor], torch.Tensor]", x: torch.Tensor, h: float) -> torch.Tensor:
    """Estimate the gradient of f at x with central differences, one element of x at a time."""
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


def _slopes(x: Tensor, h: float, slope: Callable[[Tensor], Tensor]) -> Tensor:
    """Return slope(step) for each element, where step is h at its place and 0 elsewhere."""
    return torch.stack([slope(h * row) for row in torch.eye(len(x), dtype=x.dtype)])


@numerical_gradient.mistake("Do this one without autograd: call f on both sides of x, and compare its values.")
def autograd_used(f, x, h):
    return _gradient(x, f)


@numerical_gradient.mistake("Your function returns nothing, so the caller gets None. `return` belongs after the loop.")
def nothing_returned(f, x, h):
    print(_slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h)))


@numerical_gradient.mistake(
    "You compare f(x + h) with f(x). That is the forward difference. Step the same way to both sides, f(x + "
    "h) − f(x − h): the error becomes much smaller."
)
def forward_difference(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x)) / h)


@numerical_gradient.mistake(
    "You compare f(x) with f(x − h). That is the backward difference. Step the same way to both sides, and compare "
    "f(x + h) with f(x − h)."
)
def backward_difference(f, x, h):
    return _slopes(x, h, lambda step: (f(x) - f(x - step)) / h)


@numerical_gradient.mistake(
    "You step to one side only, by h, and divide by 2h. Step to both sides. (If you move one copy by h and then by −h, it is "
    "back at x: make two copies, or move it by −2h.)"
)
def one_step_over_two(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x)) / (2 * h))


@numerical_gradient.mistake("Your slopes are twice too large: between x − h and x + h lies the distance 2h, not h.")
def divided_by_h(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / h)


@numerical_gradient.mistake(
    "`… / 2 * h` divides by 2, and then *multiplies* by h. Put brackets round the distance: `(2 * h)`."
)
def brackets_round_the_run_forgotten(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / 2 * h)


@numerical_gradient.mistake(
    "Only f(x − h) is divided by the distance. Put brackets round the difference: `(f(…) - f(…)) / (2 * h)`."
)
def brackets_round_the_rise_forgotten(f, x, h):
    return _slopes(x, h, lambda step: f(x + step) - f(x - step) / (2 * h))


@numerical_gradient.mistake("You have the rise alone. A slope is rise divided by run: divide by the distance.")
def not_divided(f, x, h):
    return _slopes(x, h, lambda step: f(x + step) - f(x - step))


@numerical_gradient.mistake("You divide by 2 alone. Between x − h and x + h lies the distance 2h.")
def divided_by_2(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / 2)


@numerical_gradient.mistake("The two points were added. A slope needs the *difference* of f on the two sides.")
def added(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) + f(x - step)) / (2 * h))


@numerical_gradient.mistake("The sign is wrong: take f on the left side away from f on the right side.")
def sign(f, x, h):
    return _slopes(x, h, lambda step: (f(x - step) - f(x + step)) / (2 * h))


@numerical_gradient.mistake(
    "This is one number. `x + h` moves all elements at once, and so you measure the sum of all slopes. Move one "
    "element at a time, and collect the results in a tensor."
)
def all_elements_moved_at_once(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@numerical_gradient.mistake(
    "All your slopes are the same, their sum: `x + h` moves every element. Move one, and leave the others."
)
def all_elements_moved_in_each_round(f, x, h):
    return _slopes(x, h, lambda step: (f(x + h) - f(x - h)) / (2 * h))


@numerical_gradient.mistake(
    "The steps of the earlier elements stay in: in each round one more element is moved. Start each round from zeros, "
    "or from a fresh copy of x."
)
def steps_left_in(f, x, h):
    gradient = torch.zeros_like(x)
    step = torch.zeros_like(x)
    for i in range(len(x)):
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "All your slopes are 0, as if x never moved. `a = x` makes no copy: a step forward and a step back in the "
    "same tensor cancel. Start from `x.clone()`, twice. And store each slope in the result."
)
def no_copy(f, x, h):
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        right = x.clone()
        left = right
        right[i] += h
        left[i] -= h
        gradient[i] = (f(right) - f(left)) / (2 * h)
    return gradient


@numerical_gradient.mistake("You *set* the element to h and to −h. Move it away from its own value: `+= h` and `-= h`.")
def element_replaced(f, x, h):
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        right, left = x.clone(), x.clone()
        right[i], left[i] = h, -h
        gradient[i] = (f(right) - f(left)) / (2 * h)
    return gradient


@numerical_gradient.mistake("You call f with the step alone. The two points are `x + step` and `x - step`.")
def x_left_out(f, x, h):
    return _slopes(x, h, lambda step: (f(step) - f(-step)) / (2 * h))


@numerical_gradient.mistake(
    "You give f a single number. f needs the whole of x, in which one element is moved.", error="0-dim tensor"
)
def f_of_one_element(f, x, h):
    return torch.stack([(f(element + h) - f(element - h)) / (2 * h) for element in x])


@numerical_gradient.mistake(
    "You step by 2h to each side, and divide by 2h. Step by h: from x − h to x + h the distance is 2h."
)
def steps_of_2h(f, x, h):
    return _slopes(x, h, lambda step: (f(x + 2 * step) - f(x - 2 * step)) / (2 * h))


@numerical_gradient.mistake("You divide by h². Between x − h and x + h lies the distance 2h.")
def divided_by_h_squared(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / h**2)


@numerical_gradient.mistake(
    "Each element stays at x − h when the next one is moved. Move it back by h, or start each round from a fresh copy of x."
)
def copy_left_behind(f, x, h):
    gradient = torch.zeros_like(x)
    moved = x.clone()
    for i in range(len(x)):
        moved[i] += h
        right = f(moved)
        moved[i] -= 2 * h
        gradient[i] = (right - f(moved)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "Only the last slope is there, the others are 0. Make the tensor for the result once, *before* the loop."
)
def result_made_anew(f, x, h):
    slopes = _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h))
    slopes[:-1] = 0
    return slopes


@numerical_gradient.mistake(
    "Your loop counts to 3, and x may have another length. `range(len(x))` has a round for each element.",
    error="out of bounds",
)
def three_rounds(f, x, h):
    gradient = torch.zeros_like(x)
    for i in range(3):
        step = torch.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "You go beyond the last element. Elements are counted from 0 to len(x) − 1, as `range(len(x))` does.",
    error="out of bounds",
)
def one_round_too_many(f, x, h):
    return [x[i + 1] for i in range(len(x))]


@numerical_gradient.mistake("You move the first element in each round. Round i should move element i.")
def always_the_first(f, x, h):
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[0] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


@numerical_gradient.mistake(
    "Only the first slope was measured, the others are 0. Does `return` stand in the loop? It ends the whole function."
)
def return_in_the_loop(f, x, h):
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
        return gradient


@numerical_gradient.mistake(
    "You return one slope, the first. Each element has one of its own. Does `return` stand in the loop? It ends the "
    "function."
)
def first_slope_returned(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h))[0]


@numerical_gradient.mistake("You return one slope, the last. Store the slope of each round, and return all of them.")
def last_slope_returned(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h))[-1]


@numerical_gradient.mistake("You return one number, the sum of all slopes. Each element has a slope of its own.")
def sum_of_slopes(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h)).sum()


@numerical_gradient.mistake("The last slope is missing: it is still 0. `range(len(x))` has a round for each element.")
def last_element_left_out(f, x, h):
    slopes = _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h))
    slopes[-1] = 0
    return slopes


@numerical_gradient.mistake("The first slope is missing: it is still 0. Elements are counted from 0.")
def first_element_left_out(f, x, h):
    slopes = _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h))
    slopes[0] = 0
    return slopes


@numerical_gradient.mistake(
    "The slopes are right, in float32, and x may be float64. Make the result with the dtype of x: "
    "`torch.zeros_like(x)`, or `dtype=x.dtype`."
)
def float32_result(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h)).float()


@numerical_gradient.mistake("The slopes are right, in a list. Return a tensor with the shape and the dtype of x.")
def list_of_tensors(f, x, h):
    return list(_slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h)))


@numerical_gradient.mistake(
    "The slopes are right, as a list of numbers. Return a tensor with the shape and the dtype of x."
)
def list_of_numbers(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - f(x - step)) / (2 * h)).tolist()


@numerical_gradient.mistake(
    "This is the second difference: it measures how the slope *changes*. For the slope, take f(x + h) − f(x − h) over "
    "2h."
)
def second_difference(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step) - 2 * f(x) + f(x - step)) / h**2)


@numerical_gradient.mistake(
    "You step by h / 2 to each side, and the distance is h. That is a central difference too, with half the step: the "
    "formula of 2.9 has f(x + h) and f(x − h)."
)
def half_steps(f, x, h):
    return _slopes(x, h, lambda step: (f(x + step / 2) - f(x - step / 2)) / h)


@numerical_gradient.mistake(
    "These are the slopes for a very small step, or exact ones. Your function gets the step as h: use this h."
)
def step_of_its_own(f, x, h):
    return _slopes(x, 1e-6, lambda step: (f(x + step) - f(x - step)) / 2e-6)


# ---- 8 train a line


def _two_tensors(answer: Callable[..., Any], x: Tensor, y: Tensor, lr: float, steps: int) -> Any:
    """Call an answer; what it returns after the first two values does not tell one mistake from another."""
    value = _float32(answer(x, y, lr, steps))
    more = isinstance(value, tuple | list) and len(value) > 2 and isinstance(value[1], Tensor)
    return (*value[:2], "more") if more else value


def _train_oracle(x: Tensor, y: Tensor, lr: float, steps: int) -> tuple[Tensor, Tensor]:
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(w * x + b, y).backward()
        optimizer.step()
    return w, b


@exercise(
    "Train a line",
    oracle=_train_oracle,
    run=_two_tensors,
    cases=[
        (torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 4.0, 8.0]), 0.1, 4),
        (torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([2.0, 0.0, -1.0]), 0.2, 3),
        (torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0]), 0.125, 1),  # errors of the second round do not show
        (torch.tensor([4.0, -2.0, 3.0, 1.0, -6.0]), torch.tensor([-7.0, 9.0, 2.0, 0.0, 20.0]), 0.05, 5),
    ],
    hints=[
        "Five lines in the loop: clear, predict and measure, backward, update w, update b.",
        "Update under `with torch.no_grad():`, and change the tensors themselves: `w -= lr * w.grad`.",
        "Clear with `w.grad = b.grad = None`. The loss is `((w * x + b - y) ** 2).mean()`.",
    ],
    idea="Clear, forward, backward, update under no_grad: every training loop of this course has these steps. "
    "`torch.optim.SGD` gives the same numbers.",
    returns=("the returned w", "the returned b"),
)
def train_line(x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Fit y = w * x + b by gradient descent on the mean squared error; return w and b."""
    w = torch.tensor(0.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        w.grad = b.grad = None
        loss = ((w * x + b - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


def _fit(
    loss_of: Callable[[Tensor, Tensor], Tensor], lr: float, steps: int, w: float = 0.0, b: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Do the task right, for a loss that is given."""
    w, b = torch.tensor(w, requires_grad=True), torch.tensor(b, requires_grad=True)
    for _ in range(steps):
        w.grad = b.grad = None
        loss_of(w, b).backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake(
    "The first step is right, the later ones are wrong: the gradients of all steps add up. Clear them in each round."
)
def forgot_to_zero(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake("The gradients of w add up, those of b do not. Clear both in each round.")
def w_never_cleared(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        b.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake("The gradients of b add up, those of w do not. Clear both in each round.")
def b_never_cleared(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        w.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake("You walk uphill. The gradient shows where the loss *grows*: subtract it.")
def wrong_sign(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), -lr, steps)


@train_line.mistake("w walks uphill, and b does not. Both updates subtract.")
def wrong_sign_for_w(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        w.grad = b.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w += lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake("b walks uphill, and w does not. Both updates subtract.")
def wrong_sign_for_b(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        w.grad = b.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
            b += lr * b.grad
    return w, b


@train_line.mistake("Both numbers are right, but in the wrong order: return w, the factor of x, and then b.")
def swapped(x, y, lr, steps):
    w, b = _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)
    return b, w


@train_line.mistake("You make one update too many. `range(steps)` gives exactly `steps` rounds.")
def one_update_too_many(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps + 1)


@train_line.mistake(
    "One update is missing. Does your loop have `steps` rounds? If you update before `backward`, the last gradient is "
    "never used."
)
def one_update_missing(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps - 1)


@train_line.mistake(
    "You return w and b after one update, whatever `steps` is. Is there a loop, and does `return` stand after it?"
)
def return_in_the_loop(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, 1)


@train_line.mistake(
    "w and b are still 0. Is there an update that changes w and b *themselves*? Are the gradients cleared before "
    "`backward`, not after it? Is y in the loss?"
)
def never_updated(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w - lr * w.grad
            b - lr * b.grad
    return w, b


@train_line.mistake("w moves, and b stays at 0. Update both parameters.")
def bias_forgotten(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + 0 * b - y) ** 2).mean(), lr, steps)


@train_line.mistake("b moves, and w stays at 0. Update both parameters.")
def weight_forgotten(x, y, lr, steps):
    return _fit(lambda w, b: ((0 * w + b - y) ** 2).mean(), lr, steps)


@train_line.mistake("You update b with the gradient of w. Each parameter has its own.")
def gradient_of_w_for_both(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        w.grad = b.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * w.grad
    return w, b


@train_line.mistake("You update w with the gradient of b, and b with the gradient of w. Each parameter has its own.")
def gradients_swapped(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        w.grad = b.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr * b.grad
            b -= lr * w.grad
    return w, b


@train_line.mistake(
    "Your steps are too long by the number of points: the loss is the *mean* of the squared errors, not their sum."
)
def sum_in_place_of_mean(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).sum(), lr, steps)


@train_line.mistake("Your steps are too short by the number of points: `mean()` divides by it already.")
def mean_twice(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean() / len(x), lr, steps)


@train_line.mistake(
    "Your steps have half their length: the loss is the mean of the squares, without a factor ½, and the slope of e² is "
    "2e."
)
def half_steps(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean() / 2, lr, steps)


@train_line.mistake("Your steps have twice their length: a step is `lr` times the gradient, without a further factor.")
def double_steps(x, y, lr, steps):
    return _fit(lambda w, b: 2 * ((w * x + b - y) ** 2).mean(), lr, steps)


@train_line.mistake("Your loss is the *root* of the mean squared error. Take the mean of the squares itself.")
def root_of_the_loss(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean().sqrt(), lr, steps)


@train_line.mistake("Your loss is the mean of the absolute errors. Square them in place of `abs`.")
def absolute_error(x, y, lr, steps):
    return _fit(lambda w, b: (w * x + b - y).abs().mean(), lr, steps)


@train_line.mistake(
    "The error is not squared as a whole, so errors up and down cancel. The loss is the mean of `(w * x + b - y) ** 2`: "
    "mind the brackets."
)
def square_forgotten(x, y, lr, steps):
    return _fit(lambda w, b: (w * x + b - y**2).mean(), lr, steps)


@train_line.mistake("Your loss is the square of the mean error. Square each error first, and take the mean then.")
def square_of_the_mean(x, y, lr, steps):
    return _fit(lambda w, b: (w * x + b - y).mean() ** 2, lr, steps)


@train_line.mistake("The y of your loss has the wrong sign. The error is `w * x + b - y`.")
def y_added(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b + y) ** 2).mean(), lr, steps)


@train_line.mistake("Your line predicts x from y. It should predict y from x: `w * x + b` against `y`.")
def x_and_y_swapped(x, y, lr, steps):
    return _fit(lambda w, b: ((w * y + b - x) ** 2).mean(), lr, steps)


@train_line.mistake("Your w and b start at 1. Both should start as `torch.tensor(0.0, requires_grad=True)`.")
def started_at_one(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps, w=1.0, b=1.0)


@train_line.mistake("Your w starts at 1. It should start as `torch.tensor(0.0, requires_grad=True)`.")
def w_started_at_one(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps, w=1.0)


@train_line.mistake("Your b starts at 1. It should start as `torch.tensor(0.0, requires_grad=True)`.")
def b_started_at_one(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps, b=1.0)


@train_line.mistake("Your learning rate is 0.03, whatever `lr` is. Use the argument.")
def rate_of_the_demo(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), 0.03, steps)


@train_line.mistake("Your learning rate is 0.001, as an optimizer has it by default. Use the argument: `lr=lr`.")
def rate_of_the_optimizer(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), 0.001, steps)


@train_line.mistake("You subtract the whole gradient. The learning rate is missing: a step is `lr` times the gradient.")
def rate_left_out(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), 1, steps)


@train_line.mistake("You divide by the learning rate. A step is `lr` *times* the gradient.")
def divided_by_the_rate(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), 1 / lr, steps)


@train_line.mistake(
    "You return the best line, where training ends after many rounds. Make `steps` updates, and return w and b as they "
    "are then."
)
def least_squares(x, y, lr, steps):
    columns = torch.stack([x, torch.ones_like(x)], dim=1)
    return tuple(torch.linalg.lstsq(columns, y.unsqueeze(1)).solution.flatten())


@train_line.mistake(
    "You update with Adam. Plain gradient descent subtracts `lr` times the gradient: by hand, or with `torch.optim.SGD`."
)
def adam(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    optimizer = torch.optim.Adam([w, b], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        ((w * x + b - y) ** 2).mean().backward()
        optimizer.step()
    return w, b


@train_line.mistake("Your optimizer has momentum. Plain gradient descent has none: a step is `lr` times the gradient.")
def momentum(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=lr, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        ((w * x + b - y) ** 2).mean().backward()
        optimizer.step()
    return w, b


@train_line.mistake(
    "Every step uses the gradient of the start. w and b have moved since: compute the loss and its gradient anew in each "
    "round."
)
def one_gradient_for_all_steps(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    ((w * x + b - y) ** 2).mean().backward()
    for _ in range(steps):
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake(
    "You update w, and measure the loss again for b. Both updates of a round use the gradients of one `backward`."
)
def loss_between_the_updates(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        for parameter in (w, b):
            w.grad = b.grad = None
            ((w * x + b - y) ** 2).mean().backward()
            with torch.no_grad():
                parameter -= lr * parameter.grad
    return w, b


@train_line.mistake("You update after each single point. One update uses the mean over all points.")
def updated_after_each_point(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        for one_x, one_y in zip(x, y, strict=True):
            w.grad = b.grad = None
            ((w * one_x + b - one_y) ** 2).backward()
            with torch.no_grad():
                w -= lr * w.grad
                b -= lr * b.grad
    return w, b


@train_line.mistake("You return Python numbers. w and b are tensors: return them as they are.")
def numbers_returned(x, y, lr, steps):
    w, b = _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)
    return w.item(), b.item()


@train_line.mistake("You return w alone. Return both, w and then b.")
def only_w_returned(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)[0]


@train_line.mistake("You return more than two values. The first two are right: return w and b alone.")
def loss_returned_too(x, y, lr, steps):
    w, b = _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)
    return w, b, ((w * x + b - y) ** 2).mean()


@train_line.mistake("You return the last loss. w and b are asked for.")
def loss_returned(x, y, lr, steps):
    w, b = _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps - 1)
    return ((w * x + b - y) ** 2).mean()


@train_line.mistake("You return the last gradients. w and b themselves are asked for.")
def gradients_returned(x, y, lr, steps):
    w, b = _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)
    return w.grad, b.grad


@train_line.mistake("Your function returns nothing, so the caller gets None. `return w, b` belongs after the loop.")
def nothing_returned(x, y, lr, steps):
    print(_fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps))


@train_line.mistake(
    "The first round works. In a later one a gradient is None: `w = …` makes a *new* tensor, and the result of an "
    "operation is no leaf. Change the leaf itself, `w -= …`, under `torch.no_grad()`.",
    error="'float' and 'NoneType'",
)
def new_tensors(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        w = w - lr * w.grad
        b = b - lr * b.grad
    return w, b


@train_line.mistake(
    "In the first round all is well. In a later one a gradient is None: `w = …` makes a *new* tensor, and the result of an "
    "operation is no leaf. Change the leaf itself, `w -= …`, under `torch.no_grad()`.",
    error="'NoneType' and 'float'",
)
def new_tensors_gradient_first(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        w = w - w.grad * lr
        b = b - b.grad * lr
    return w, b


@train_line.mistake(
    "The first round works. Then no tracked tensor leads to the loss: under `no_grad`, `w = …` makes a *new* tensor that "
    "is not tracked. Change the leaf itself: `w -= …`.",
    error="does not have a grad_fn",
)
def new_tensors_under_no_grad(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w = w - lr * w.grad
            b = b - lr * b.grad
    return w, b


@train_line.mistake(
    "A gradient is None at the first update. Are w and b both tracked, and both in the loss? Does `backward()` come "
    "before the update, with its brackets, and are the gradients cleared before it?",
    error="'float' and 'NoneType'",
)
def no_gradient_yet(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        loss = ((w * x + b - y) ** 2).mean()
        loss.backward  # noqa: B018
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake(
    "At the first update a gradient is None. Are w and b both tracked, and both in the loss? Does `backward()` come "
    "before the update, with its brackets, and are the gradients cleared before it?",
    error="'NoneType' and 'float'",
)
def no_gradient_yet_gradient_first(x, y, lr, steps):
    w = torch.tensor(0.0, requires_grad=True)
    return w - w.grad * lr


@train_line.mistake(
    "A gradient is None where you call `zero_()`. Before the first `backward` there is none yet, and after `w = w - …` "
    "the new tensor has none. Clear with `w.grad = None`, and update the leaf itself.",
    error="'NoneType' object has no attribute 'zero_'",
)
def zero_of_none(x, y, lr, steps):
    torch.tensor(0.0, requires_grad=True).grad.zero_()


@train_line.mistake(
    "Only optimizers and modules have `zero_grad()`. A tensor is cleared with `w.grad = None`.", error="'zero_grad'"
)
def zero_grad_of_a_tensor(x, y, lr, steps):
    torch.tensor(0.0, requires_grad=True).zero_grad()


@train_line.mistake(
    "A gradient is a tensor or None, so you cannot put a number into `w.grad`. Clear it with `w.grad = None`.",
    error="assigned grad",
)
def number_as_gradient(x, y, lr, steps):
    torch.tensor(0.0, requires_grad=True).grad = 0


@train_line.mistake(
    "The first round works. A later one walks back through a graph that was used before: the loss, or a part of it, was "
    "computed in an earlier round, or before the loop. Compute it anew in each round.",
    error="second time",
)
def loss_before_the_loop(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    loss = ((w * x + b - y) ** 2).mean()
    for _ in range(steps):
        w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w, b


@train_line.mistake(
    "No tracked tensor leads to your loss. Make w and b with `requires_grad=True`, and compute the loss outside of "
    "`no_grad`, and without `detach`.",
    error="does not have a grad_fn",
)
def nothing_tracked(x, y, lr, steps):
    with torch.no_grad():
        return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)


@train_line.mistake(
    "The update itself would be recorded, and autograd does not allow that for a leaf. Put it under `with "
    "torch.no_grad():`.",
    error="in-place operation",
)
def update_outside_no_grad(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        w -= lr * w.grad
        b -= lr * b.grad
    return w, b


@train_line.mistake(
    "A walk back starts from one number, and yours starts from several. The loss is the *mean* of the squares.",
    error="scalar outputs",
)
def no_mean(x, y, lr, steps):
    return _fit(lambda w, b: (w * x + b - y) ** 2, lr, steps)


@train_line.mistake("`with torch.no_grad():` needs its brackets: the call makes the context.", error="context manager")
def no_grad_without_brackets(x, y, lr, steps):
    with torch.no_grad:
        pass


@train_line.mistake(
    "Your loss is a plain number, without a graph. `item()` is for printing: call `backward()` on the tensor.",
    error="'float' object has no attribute 'backward'",
)
def item_of_the_loss(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean().item(), lr, steps)


@train_line.mistake("The method that writes zeros is `zero_()`, with a line at its end.", error="attribute 'zero'")
def misspelt(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean(), lr, steps)[0].zero()


@train_line.mistake(
    "You used a method itself where its result is needed: a call needs brackets, as in `mean()`.",
    error="builtin_function_or_method",
)
def brackets_of_a_call_forgotten(x, y, lr, steps):
    return _fit(lambda w, b: ((w * x + b - y) ** 2).mean, lr, steps)


@train_line.mistake(
    "Python cannot take a tensor with several values for True or False. If you wrote `nn.MSELoss(prediction, y)`: make "
    "the loss first, `nn.MSELoss()`, and call it then.",
    error="is ambiguous",
)
def loss_class_called(x, y, lr, steps):
    return _fit(lambda w, b: torch.nn.MSELoss(w * x + b, y), lr, steps)


EXERCISES = (
    chain_rule,
    middle_gradient,
    predictions,
    separate_gradients,
    fixed_target_gradient,
    loss_gradient,
    numerical_gradient,
    train_line,
)


def summary() -> Text:
    """Return one line: how many exercises of this notebook are done, wrong and open."""
    return shown.summary(EXERCISES)
