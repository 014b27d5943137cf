"""The exercises of unit 2: the chain rule, leaves, accumulation, detaching, loss gradients and a training loop."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import Text, exercise

# the errors that this unit is about, each with a class of its own, so that a mistake is known by the reason of its error
_REASONS = {
    word: type(kind.__name__, (kind,), {})
    for word, kind in {
        "zero_": AttributeError,
        "NoneType": TypeError,
        "in-place": RuntimeError,
        "retain_grad": RuntimeError,
        "does not require grad": RuntimeError,
        "scalar": RuntimeError,
        "second time": RuntimeError,
    }.items()
}


def _with_reason(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Call an answer. An error that has one of the words of ``_REASONS`` in its message gets the class of that word."""
    try:
        return answer(*arguments)
    except (AttributeError, TypeError, RuntimeError) as error:
        for word, kind in _REASONS.items():
            if word in str(error):
                raise kind(*error.args) from None
        raise


def _chain_rule_oracle(w: float, x: float, b: float, y: float) -> tuple[float, ...]:
    parameters = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (w, b)]
    loss = (parameters[0] * x + parameters[1] - y) ** 2
    return tuple(g.item() for g in torch.autograd.grad(loss, parameters))


@exercise(
    "The chain rule by hand",
    oracle=_chain_rule_oracle,
    cases=[(2.0, 3.0, 1.0, 4.0), (-1.0, 2.0, 0.5, 3.0), (0.5, -2.0, 0.0, 1.0)],
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
    return dl_de * x, dl_de * 1


@chain_rule.mistake(
    "The outer derivative is right, and it is all that b needs. For w the chain has one more factor: how "
    "fast does w · x + b − y change with w?"
)
def inner_derivative_forgotten(w, x, b, y):
    return 2 * (w * x + b - y), 2 * (w * x + b - y)


@chain_rule.mistake(
    "The derivative for b is right. For w you have the factor w: how fast does w · x grow when w grows?"
)
def factor_w(w, x, b, y):
    return 2 * (w * x + b - y) * w, 2 * (w * x + b - y)


@chain_rule.mistake("The derivative for w is right. b counts too: when b grows by 1, how much does e grow?")
def no_factor_for_b(w, x, b, y):
    return 2 * (w * x + b - y) * x, 0


@chain_rule.mistake(
    "The sign is wrong. The error here is w · x + b − y. If you turn it round to y − (w · x + b), its "
    "derivative has a minus as well."
)
def sign(w, x, b, y):
    return 2 * (y - w * x - b) * x, 2 * (y - w * x - b)


@chain_rule.mistake("A factor 2 is missing: the derivative of e² is 2e.")
def factor_2_forgotten(w, x, b, y):
    return (w * x + b - y) * x, w * x + b - y


@chain_rule.mistake(
    "You multiplied the loss itself by the inner derivative. The chain needs the *derivative* of the square: "
    "2e in place of e²."
)
def square_kept(w, x, b, y):
    return (w * x + b - y) ** 2 * x, (w * x + b - y) ** 2


@chain_rule.mistake("Both numbers are right, but in the wrong order: first the derivative for w, then the one for b.")
def swapped(w, x, b, y):
    return 2 * (w * x + b - y), 2 * (w * x + b - y) * x


def _middle(x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    h = x**2
    (h**3).sum().backward()
    return x, h


def _middle_oracle(x: Tensor) -> Tensor:
    h = (x**2).requires_grad_()
    return torch.autograd.grad((h**3).sum(), h)[0]


@exercise(
    "The gradient in the middle",
    oracle=_middle_oracle,
    run=_with_reason,
    cases=[(torch.tensor([2.0, 3.0]),), (torch.tensor([-1.0, 0.5, 4.0]),)],
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


@middle_gradient.mistake(
    "You have None. Does your function return something? If it returns `h.grad`: h is not a leaf, so "
    "`backward` does not keep its gradient. Ask for it *before* `backward`."
)
def not_retained(x):
    return _middle(x)[1].grad


@middle_gradient.mistake("This is the gradient for x. It has one factor too many, dh/dx = 2x: return the one for h.")
def gradient_of_the_leaf(x):
    return _middle(x)[0].grad


@middle_gradient.mistake(
    "Nothing is tracked here, so there is no gradient to keep. Make a tracked copy first: "
    "`x = x.clone().requires_grad_()`."
)
def not_tracked(x):
    return (x**2).retain_grad()


@middle_gradient.mistake("`backward` starts from one number, and your loss has several. The loss is `(h ** 3).sum()`.")
def no_scalar(x):
    return (x.clone().requires_grad_() ** 6).backward()


@middle_gradient.mistake(
    "This is dh/dx, the derivative *of* h. Wanted is dL/dh, the derivative of the loss *with respect to* h."
)
def derivative_of_h(x):
    return 2 * x


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

predictions = exercise(
    "Predict, then run",
    name="predictions",
    oracle=_predictions_oracle,
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

for _key, (_fact, _why) in _FACTS.items():
    predictions.mistake(f"`{_key}`: {_why}", name=_key)({_key: not _fact})


def _collect(w: Tensor, targets: list[Tensor], zero: bool, clone: bool) -> list[Tensor]:
    """Go through the losses as students do: with zero_() or without, and with a copy of the gradient or without."""
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        if zero and w.grad is not None:
            w.grad.zero_()
        ((w - target) ** 2).sum().backward()
        gradients.append(w.grad.clone() if clone else w.grad)
    return gradients


def _separate_oracle(w: Tensor, targets: list[Tensor]) -> list[Tensor]:
    w = w.requires_grad_()
    return [torch.autograd.grad(((w - target) ** 2).sum(), w)[0] for target in targets]


@exercise(
    "One gradient for each loss",
    oracle=_separate_oracle,
    run=_with_reason,
    cases=[
        (torch.tensor([1.0, 2.0]), [torch.tensor([0.0, 1.0]), torch.tensor([3.0, -1.0]), torch.tensor([1.5, 2.5])]),
        (torch.tensor([-1.0]), [torch.tensor([2.0]), torch.tensor([1.0])]),
    ],
    hints=[
        "What is in `w.grad` after the second `backward`, if nobody cleared it?",
        "Clear the gradient in each round. Which of the two ways of 2.4 works before the first `backward` too?",
        "In the loop: `w.grad = None`, compute the loss, `loss.backward()`, append `w.grad` to the list.",
    ],
    idea="Gradients add up until you clear them. `w.grad = None` gives each round a new tensor; `zero_()` reuses the "
    "old one.",
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


@separate_gradients.mistake(
    "The first gradient is right, and each later one has all earlier ones in it. `backward` *adds* to "
    "`w.grad`: clear it before each round."
)
def forgot_to_zero(w, targets):
    return _collect(w, targets, zero=False, clone=True)


@separate_gradients.mistake(
    "All your gradients are the last one. `zero_()` and `backward` work *in* one and the same tensor, and "
    "your list holds it several times. Append `w.grad.clone()`, or set `w.grad = None` for each round."
)
def one_tensor_many_times(w, targets):
    return _collect(w, targets, zero=True, clone=False)


@separate_gradients.mistake(
    "All your gradients are the sum of all. Two ideas are missing: `backward` adds to `w.grad`, and your "
    "list holds the same tensor several times."
)
def one_tensor_never_zeroed(w, targets):
    return _collect(w, targets, zero=False, clone=False)


@separate_gradients.mistake(
    "Nothing is tracked here, so `backward` has nowhere to go. Make a tracked copy first: "
    "`w = w.clone().requires_grad_()`."
)
def not_tracked(w, targets):
    return ((w - targets[0]) ** 2).sum().backward()


@separate_gradients.mistake(
    "Before the first `backward` there is no gradient: `w.grad` is None, and None has no `zero_()`. "
    "`w.grad = None` works at any time."
)
def zero_of_none(w, targets):
    return w.grad.zero_()


def _semi(w: Tensor, x: Tensor, cut: str) -> Tensor:
    """Compute the gradient with something else cut off."""
    w = w.clone().requires_grad_()
    prediction, target = w * x, 0.5 * w + 1
    if cut in ("prediction", "both"):
        prediction = prediction.detach()
    if cut in ("target", "both"):
        target = target.detach()
    ((prediction - target) ** 2).backward()
    return w.grad


def _fixed_target_oracle(w: Tensor, x: Tensor) -> Tensor:
    target = 0.5 * w + 1  # w is not tracked yet
    w = w.requires_grad_()
    return torch.autograd.grad((w * x - target) ** 2, w)[0]


@exercise(
    "Hold the target fixed",
    oracle=_fixed_target_oracle,
    run=_with_reason,
    cases=[(torch.tensor(2.0), torch.tensor(3.0)), (torch.tensor(-1.0), torch.tensor(0.25))],
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


@fixed_target_gradient.mistake(
    "The gradient flows through the target as well. Cut the target off from the graph before you compute the loss."
)
def nothing_detached(w, x):
    return _semi(w, x, "nothing")


@fixed_target_gradient.mistake(
    "You cut off the prediction, so the gradient comes through the target alone. It should be the other way round."
)
def prediction_detached(w, x):
    return _semi(w, x, "prediction")


@fixed_target_gradient.mistake(
    "`backward` found nothing to do: no tracked tensor leads to your loss. Cut off the target only. Is `w` tracked?"
)
def all_detached(w, x):
    return _semi(w, x, "both")


@fixed_target_gradient.mistake(
    "This is the derivative for the prediction. From there the chain goes on to w, with the factor x."
)
def gradient_of_the_error(w, x):
    return 2 * (w * x - 0.5 * w - 1)


def _error(x: Tensor, y: Tensor) -> Tensor:
    return y - (3 * x**2 - 3)


def _loss_oracle(x: Tensor, y: Tensor) -> Tensor:
    x = x.requires_grad_()
    return torch.autograd.grad(torch.nn.functional.mse_loss(3 * x**2 - 3, y), x)[0]


@exercise(
    "The gradient of the loss at X",
    oracle=_loss_oracle,
    cases=[
        (torch.tensor([[1.0, 2.0], [-1.0, 3.0]]), torch.tensor([[2.0, 8.0], [-1.0, 26.0]])),
        (torch.tensor([[0.5, 1.0, -2.0], [1.5, 0.0, 1.0]]), torch.tensor([[1.0, -1.0, 4.0], [2.0, 0.0, 3.0]])),
        (torch.tensor([2.0, -1.0, 0.5]), torch.tensor([0.0, 1.0, 2.0])),
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


@loss_gradient.mistake(
    "This is the gradient at Ŷ. The chain has one more step, from Ŷ = 3X² − 3 down to X: multiply by the "
    "derivative of Ŷ."
)
def inner_derivative_forgotten(x, y):
    return -2 * _error(x, y) / x.numel()


@loss_gradient.mistake("The numbers are right, the sign is not. E = Y − Ŷ falls when Ŷ grows, so dE/dŶ = −1.")
def sign_of_the_error(x, y):
    return 12 * x * _error(x, y) / x.numel()


@loss_gradient.mistake("L is the *mean* of E². You have the gradient of the sum: divide by the number of elements.")
def sum_in_place_of_mean(x, y):
    return -12 * x * _error(x, y)


@loss_gradient.mistake("You divided by the number of rows. The mean is over all elements: `x.numel()`.")
def divided_by_the_rows(x, y):
    return -12 * x * _error(x, y) / len(x)


@loss_gradient.mistake(
    "The mean in the example is over 4 elements. Other inputs have other sizes: divide by `x.numel()`."
)
def divided_by_4(x, y):
    return -12 * x * _error(x, y) / 4


@loss_gradient.mistake(
    "You kept the −3 when you took the derivative of 3X² − 3. It does not change with X: what is its slope?"
)
def constant_kept(x, y):
    return -2 * (6 * x - 3) * _error(x, y) / x.numel()


@loss_gradient.mistake(
    "The derivatives are right, the error is not: E = Y − (3X² − 3) needs its brackets. Without them, the 3 gets "
    "the wrong sign."
)
def brackets_forgotten(x, y):
    return -12 * x * (y - 3 * x**2 - 3) / x.numel()


@loss_gradient.mistake("A factor 2 is missing. There are two squares on the path: E² gives 2E, and 3X² gives 6X.")
def one_factor_2_forgotten(x, y):
    return -6 * x * _error(x, y) / x.numel()


def _differences(f: Callable[[Tensor], Tensor], x: Tensor, h: float, back: float, divisor: float) -> Tensor:
    rows = h * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([(f(x + row) - f(x - back * row)) / divisor for row in rows])


@exercise(
    "A gradient without calculus",
    oracle=lambda f, x, h: _differences(f, x, h, 1, 2 * h),
    cases=[
        (lambda x: (x**3).sum(), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), 0.1),
        (lambda x: x[0] ** 2 * x[1] + x[-1].exp(), torch.tensor([2.0, 3.0], dtype=torch.float64), 0.2),
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


@numerical_gradient.mistake(
    "You compare f(x + h) with f(x). That is the forward difference. Step the same way to both sides, f(x + "
    "h) − f(x − h): the error becomes much smaller."
)
def forward_difference(f, x, h):
    return _differences(f, x, h, 0, h)


@numerical_gradient.mistake("All is twice too large: between x − h and x + h lies the distance 2h, not h.")
def divided_by_h(f, x, h):
    return _differences(f, x, h, 1, h)


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
    return torch.full_like(x, ((f(x + h) - f(x - h)) / (2 * h)).item())


@numerical_gradient.mistake(
    "All your slopes are 0, as if x never moved. `a = x` makes no copy: a step forward and a step back in the "
    "same tensor cancel. Start from `x.clone()`, twice."
)
def no_copy(f, x, h):
    return torch.zeros_like(x)


@numerical_gradient.mistake(
    "This is the exact gradient. Here it is to be *estimated* with steps of size h, without autograd."
)
def exact(f, x, h):
    return torch.autograd.functional.jacobian(f, x)


def _train(
    x: Tensor, y: Tensor, lr: float, steps: int, zero: bool = True, bias: bool = True, mean: bool = True
) -> tuple[Tensor, Tensor]:
    """Train as students do."""
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        if zero:
            w.grad = b.grad = None
        squares = (w * x + b - y) ** 2
        (squares.mean() if mean else squares.sum()).backward()
        with torch.no_grad():
            w -= lr * w.grad
            if bias:
                b -= lr * b.grad
    return w, b


def _rebound(x: Tensor, y: Tensor, lr: float, steps: int, recorded: bool) -> None:
    w = torch.tensor(0.0, requires_grad=True)
    for _ in range(steps):
        ((w * x - y) ** 2).mean().backward()
        with torch.set_grad_enabled(recorded):
            w = w - lr * w.grad


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
    run=_with_reason,
    cases=[
        (torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 4.0, 8.0]), 0.05, 4),
        (torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([2.0, 0.0, -1.0]), 0.1, 3),
    ],
    hints=[
        "Five lines in the loop: clear, predict and measure, backward, update w, update b.",
        "Update under `with torch.no_grad():`, and change the tensors themselves: `w -= lr * w.grad`.",
        "Clear with `w.grad = b.grad = None`. The loss is `((w * x + b - y) ** 2).mean()`.",
    ],
    idea="Clear, forward, backward, update under no_grad: every training loop of this course has these steps. "
    "`torch.optim.SGD` gives the same numbers.",
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


@train_line.mistake(
    "The first step is right, the later ones are too long: the gradients of all steps add up. Clear them in each round."
)
def forgot_to_zero(*case):
    return _train(*case, zero=False)


@train_line.mistake("You walk uphill. The gradient shows where the loss *grows*: subtract it.")
def wrong_sign(x, y, lr, steps):
    return _train(x, y, -lr, steps)


@train_line.mistake("Both numbers are right, but in the wrong order: return w, then b.")
def swapped(*case):
    return _train(*case)[::-1]


@train_line.mistake("You make one update too many. `range(steps)` gives exactly `steps` rounds.")
def one_update_too_many(x, y, lr, steps):
    return _train(x, y, lr, steps + 1)


@train_line.mistake("w moves, and b stays at 0. Update both parameters.")
def bias_forgotten(*case):
    return _train(*case, bias=False)


@train_line.mistake(
    "Your steps are too long by the number of points: the loss is the *mean* of the squared errors, not their sum."
)
def sum_in_place_of_mean(*case):
    return _train(*case, mean=False)


@train_line.mistake("One update is missing. Do you update before `backward`? Then the last gradient is never used.")
def update_before_backward(x, y, lr, steps):
    return _train(x, y, lr, steps - 1)


@train_line.mistake(
    "Before the first `backward` there is no gradient: `w.grad` is None, and None has no `zero_()`. Write "
    "`w.grad = None`, or clear it at the end of each round."
)
def zero_of_none(*case):
    return torch.tensor(0.0, requires_grad=True).grad.zero_()


@train_line.mistake(
    "A gradient is None where you use it. The usual reason is `w = w - …`: it makes a *new* tensor that is "
    "no leaf. Change the leaf itself, `w -= …`, under `torch.no_grad()`. Are w and b both tracked?"
)
def w_w(*case):
    return _rebound(*case, recorded=True)


@train_line.mistake(
    "`backward` found no tracked tensor. Under `no_grad`, `w = w - …` makes a *new* tensor that is not "
    "tracked. Change the leaf itself: `w -= …`. And the loss must be computed outside `no_grad`."
)
def w_w_under_no_grad(*case):
    return _rebound(*case, recorded=False)


@train_line.mistake(
    "You compute the loss once and walk back through it again and again. w and b have moved since: compute the "
    "loss anew in each round."
)
def loss_before_the_loop(x, y, lr, steps):
    w = torch.tensor(0.0, requires_grad=True)
    loss = ((w * x - y) ** 2).mean()
    for _ in range(steps):
        loss.backward()


@train_line.mistake(
    "The update itself would be recorded, and autograd does not allow that for a leaf. Put it under `with "
    "torch.no_grad():`."
)
def update_outside_no_grad(x, y, lr, steps):
    w = torch.tensor(0.0, requires_grad=True)
    ((w * x - y) ** 2).mean().backward()
    w -= lr * w.grad


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
    return core.summary(EXERCISES)
