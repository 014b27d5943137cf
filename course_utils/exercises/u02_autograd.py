"""The exercises of unit 2: the chain rule, leaves, accumulation, detaching, loss gradients and a training loop."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.exercises import core
from course_utils.exercises.core import Exercise, Mistake, Text

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


def chain_rule_solution(w: float, x: float, b: float, y: float) -> tuple[float, float]:
    """Return dL/dw and dL/db of L = (w * x + b - y) ** 2, by hand."""
    error = w * x + b - y
    dl_de = 2 * error
    return dl_de * x, dl_de * 1


def _chain_rule_oracle(w: float, x: float, b: float, y: float) -> tuple[float, ...]:
    parameters = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (w, b)]
    loss = (parameters[0] * x + parameters[1] - y) ** 2
    return tuple(g.item() for g in torch.autograd.grad(loss, parameters))


chain_rule = Exercise(
    "chain_rule",
    "The chain rule by hand",
    solution=chain_rule_solution,
    oracle=_chain_rule_oracle,
    cases=[(2.0, 3.0, 1.0, 4.0), (-1.0, 2.0, 0.5, 3.0), (0.5, -2.0, 0.0, 1.0)],
    mistakes=[
        Mistake(
            "inner derivative forgotten",
            lambda w, x, b, y: (2 * (w * x + b - y), 2 * (w * x + b - y)),
            "The outer derivative is right, and it is all that b needs. For w the chain has one more factor: how "
            "fast does w · x + b − y change with w?",
        ),
        Mistake(
            "factor w",
            lambda w, x, b, y: (2 * (w * x + b - y) * w, 2 * (w * x + b - y)),
            "The derivative for b is right. For w you have the factor w: how fast does w · x grow when w grows?",
        ),
        Mistake(
            "no factor for b",
            lambda w, x, b, y: (2 * (w * x + b - y) * x, 0),
            "The derivative for w is right. b counts too: when b grows by 1, how much does e grow?",
        ),
        Mistake(
            "sign",
            lambda w, x, b, y: (2 * (y - w * x - b) * x, 2 * (y - w * x - b)),
            "The sign is wrong. The error here is w · x + b − y. If you turn it round to y − (w · x + b), its "
            "derivative has a minus as well.",
        ),
        Mistake(
            "factor 2 forgotten",
            lambda w, x, b, y: ((w * x + b - y) * x, w * x + b - y),
            "A factor 2 is missing: the derivative of e² is 2e.",
        ),
        Mistake(
            "square kept",
            lambda w, x, b, y: ((w * x + b - y) ** 2 * x, (w * x + b - y) ** 2),
            "You multiplied the loss itself by the inner derivative. The chain needs the *derivative* of the square: "
            "2e in place of e².",
        ),
        Mistake(
            "swapped",
            lambda w, x, b, y: (2 * (w * x + b - y), 2 * (w * x + b - y) * x),
            "Both numbers are right, but in the wrong order: first the derivative for w, then the one for b.",
        ),
    ],
    hints=[
        "Give the inside a name: e = w · x + b − y. Then L = e².",
        "The chain: dL/dw = dL/de · de/dw. The first factor is 2e, for w and for b.",
        "de/dw = x and de/db = 1.",
    ],
    idea="A derivative is a product along the path: outer times inner. The outer factor 2e is shared by w and b, so "
    "it is computed once: that is what backward does.",
)


def middle_gradient_solution(x: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the loss with respect to h."""
    x = x.clone().requires_grad_()
    h = x**2
    h.retain_grad()
    loss = (h**3).sum()
    loss.backward()
    return h.grad


def _middle(x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    h = x**2
    (h**3).sum().backward()
    return x, h


def _middle_oracle(x: Tensor) -> Tensor:
    h = (x**2).requires_grad_()
    return torch.autograd.grad((h**3).sum(), h)[0]


middle_gradient = Exercise(
    "middle_gradient",
    "The gradient in the middle",
    solution=middle_gradient_solution,
    oracle=_middle_oracle,
    run=_with_reason,
    cases=[(torch.tensor([2.0, 3.0]),), (torch.tensor([-1.0, 0.5, 4.0]),)],
    mistakes=[
        Mistake(
            "not retained",
            lambda x: _middle(x)[1].grad,
            "You have None. Does your function return something? If it returns `h.grad`: h is not a leaf, so "
            "`backward` does not keep its gradient. Ask for it *before* `backward`.",
        ),
        Mistake(
            "gradient of the leaf",
            lambda x: _middle(x)[0].grad,
            "This is the gradient for x. It has one factor too many, dh/dx = 2x: return the one for h.",
        ),
        Mistake(
            "not tracked",
            lambda x: (x**2).retain_grad(),
            "Nothing is tracked here, so there is no gradient to keep. Make a tracked copy first: "
            "`x = x.clone().requires_grad_()`.",
        ),
        Mistake(
            "no scalar",
            lambda x: (x.clone().requires_grad_() ** 6).backward(),
            "`backward` starts from one number, and your loss has several. The loss is `(h ** 3).sum()`.",
        ),
        Mistake(
            "derivative of h",
            lambda x: 2 * x,
            "This is dh/dx, the derivative *of* h. Wanted is dL/dh, the derivative of the loss *with respect to* h.",
        ),
    ],
    hints=[
        "Which tensors keep their gradient after `backward`? Is h one of them?",
        "There is a method that keeps the gradient in the middle (2.3). It must come before `backward`.",
        "Call `h.retain_grad()` between the line that computes h and `backward()`.",
    ],
    idea="A gradient in the middle of the graph is computed in any case, and dropped. `retain_grad()` before "
    "`backward` keeps it.",
)


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

predictions = Exercise(
    "predictions",
    "Predict, then run",
    solution={key: fact for key, (fact, _) in _FACTS.items()},
    oracle=_predictions_oracle,
    cases=[()],
    mistakes=[Mistake(key, {key: not fact}, f"`{key}`: {why}") for key, (fact, why) in _FACTS.items()],
    hints=[
        "Three questions for each tensor. Did a recorded operation make it? Is one of its inputs tracked? Was its "
        "gradient kept?",
        "A leaf was made by you, or cut off by `detach`. `backward` fills `.grad` of tracked leaves, and of whatever "
        "was told `retain_grad()`.",
        "`b` is never tracked. `c` and `d` come from `a`. Only `d` was told to keep its gradient.",
    ],
    idea="Leaf, tracked, and gradient kept are three different questions. `.grad` is filled for tracked leaves, and "
    "for tensors with `retain_grad()`.",
)


def separate_gradients_solution(w: torch.Tensor, targets: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the gradient of each loss with respect to w, one for each target."""
    w = w.clone().requires_grad_()
    gradients = []
    for target in targets:
        w.grad = None
        loss = ((w - target) ** 2).sum()
        loss.backward()
        gradients.append(w.grad)
    return gradients


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


separate_gradients = Exercise(
    "separate_gradients",
    "One gradient for each loss",
    solution=separate_gradients_solution,
    oracle=_separate_oracle,
    run=_with_reason,
    cases=[
        (torch.tensor([1.0, 2.0]), [torch.tensor([0.0, 1.0]), torch.tensor([3.0, -1.0]), torch.tensor([1.5, 2.5])]),
        (torch.tensor([-1.0]), [torch.tensor([2.0]), torch.tensor([1.0])]),
    ],
    mistakes=[
        Mistake(
            "forgot to zero",
            lambda w, targets: _collect(w, targets, zero=False, clone=True),
            "The first gradient is right, and each later one has all earlier ones in it. `backward` *adds* to "
            "`w.grad`: clear it before each round.",
        ),
        Mistake(
            "one tensor, many times",
            lambda w, targets: _collect(w, targets, zero=True, clone=False),
            "All your gradients are the last one. `zero_()` and `backward` work *in* one and the same tensor, and "
            "your list holds it several times. Append `w.grad.clone()`, or set `w.grad = None` for each round.",
        ),
        Mistake(
            "one tensor, never zeroed",
            lambda w, targets: _collect(w, targets, zero=False, clone=False),
            "All your gradients are the sum of all. Two ideas are missing: `backward` adds to `w.grad`, and your "
            "list holds the same tensor several times.",
        ),
        Mistake(
            "not tracked",
            lambda w, targets: ((w - targets[0]) ** 2).sum().backward(),
            "Nothing is tracked here, so `backward` has nowhere to go. Make a tracked copy first: "
            "`w = w.clone().requires_grad_()`.",
        ),
        Mistake(
            "zero_ of None",
            lambda w, targets: w.grad.zero_(),
            "Before the first `backward` there is no gradient: `w.grad` is None, and None has no `zero_()`. "
            "`w.grad = None` works at any time.",
        ),
    ],
    hints=[
        "What is in `w.grad` after the second `backward`, if nobody cleared it?",
        "Clear the gradient in each round. Which of the two ways of 2.4 works before the first `backward` too?",
        "In the loop: `w.grad = None`, compute the loss, `loss.backward()`, append `w.grad` to the list.",
    ],
    idea="Gradients add up until you clear them. `w.grad = None` gives each round a new tensor; `zero_()` reuses the "
    "old one.",
)


def fixed_target_gradient_solution(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the gradient with respect to w, with the target held fixed."""
    w = w.clone().requires_grad_()
    prediction = w * x
    target = 0.5 * w + 1
    loss = (prediction - target.detach()) ** 2
    loss.backward()
    return w.grad


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


fixed_target_gradient = Exercise(
    "fixed_target_gradient",
    "Hold the target fixed",
    solution=fixed_target_gradient_solution,
    oracle=_fixed_target_oracle,
    run=_with_reason,
    cases=[(torch.tensor(2.0), torch.tensor(3.0)), (torch.tensor(-1.0), torch.tensor(0.25))],
    mistakes=[
        Mistake(
            "nothing detached",
            lambda w, x: _semi(w, x, "nothing"),
            "The gradient flows through the target as well. Cut the target off from the graph before you compute the "
            "loss.",
        ),
        Mistake(
            "prediction detached",
            lambda w, x: _semi(w, x, "prediction"),
            "You cut off the prediction, so the gradient comes through the target alone. It should be the other way "
            "round.",
        ),
        Mistake(
            "all detached",
            lambda w, x: _semi(w, x, "both"),
            "`backward` found nothing to do: no tracked tensor leads to your loss. Cut off the target only. Is `w` "
            "tracked?",
        ),
        Mistake(
            "gradient of the error",
            lambda w, x: 2 * (w * x - 0.5 * w - 1),
            "This is the derivative for the prediction. From there the chain goes on to w, with the factor x.",
        ),
    ],
    hints=[
        "w is in two places: in the prediction and in the target. Through which of them may the gradient flow?",
        "`t.detach()` has the value of t, and no history.",
        "Use `target.detach()` in the loss, and leave the prediction as it is.",
    ],
    idea="`detach` turns a computed value into a constant for the gradient. Some methods train against targets that "
    "the same parameters computed; they need exactly this.",
)


def loss_gradient_solution(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return dL/dX of L = mean(E ** 2) with E = Y - (3 * X ** 2 - 3)."""
    error = y - (3 * x**2 - 3)
    dl_de = 2 * error / error.numel()
    dl_dprediction = -dl_de
    return dl_dprediction * 6 * x


def _error(x: Tensor, y: Tensor) -> Tensor:
    return y - (3 * x**2 - 3)


def _loss_oracle(x: Tensor, y: Tensor) -> Tensor:
    x = x.requires_grad_()
    return torch.autograd.grad(torch.nn.functional.mse_loss(3 * x**2 - 3, y), x)[0]


loss_gradient = Exercise(
    "loss_gradient",
    "The gradient of the loss at X",
    solution=loss_gradient_solution,
    oracle=_loss_oracle,
    cases=[
        (torch.tensor([[1.0, 2.0], [-1.0, 3.0]]), torch.tensor([[2.0, 8.0], [-1.0, 26.0]])),
        (torch.tensor([[0.5, 1.0, -2.0], [1.5, 0.0, 1.0]]), torch.tensor([[1.0, -1.0, 4.0], [2.0, 0.0, 3.0]])),
        (torch.tensor([2.0, -1.0, 0.5]), torch.tensor([0.0, 1.0, 2.0])),
    ],
    mistakes=[
        Mistake(
            "inner derivative forgotten",
            lambda x, y: -2 * _error(x, y) / x.numel(),
            "This is the gradient at Ŷ. The chain has one more step, from Ŷ = 3X² − 3 down to X: multiply by the "
            "derivative of Ŷ.",
        ),
        Mistake(
            "sign of the error",
            lambda x, y: 12 * x * _error(x, y) / x.numel(),
            "The numbers are right, the sign is not. E = Y − Ŷ falls when Ŷ grows, so dE/dŶ = −1.",
        ),
        Mistake(
            "sum in place of mean",
            lambda x, y: -12 * x * _error(x, y),
            "L is the *mean* of E². You have the gradient of the sum: divide by the number of elements.",
        ),
        Mistake(
            "divided by the rows",
            lambda x, y: -12 * x * _error(x, y) / len(x),
            "You divided by the number of rows. The mean is over all elements: `x.numel()`.",
        ),
        Mistake(
            "divided by 4",
            lambda x, y: -12 * x * _error(x, y) / 4,
            "The mean in the example is over 4 elements. Other inputs have other sizes: divide by `x.numel()`.",
        ),
        Mistake(
            "constant kept",
            lambda x, y: -2 * (6 * x - 3) * _error(x, y) / x.numel(),
            "You kept the −3 when you took the derivative of 3X² − 3. It does not change with X: what is its slope?",
        ),
        Mistake(
            "brackets forgotten",
            lambda x, y: -12 * x * (y - 3 * x**2 - 3) / x.numel(),
            "The derivatives are right, the error is not: E = Y − (3X² − 3) needs its brackets. Without them, the 3 gets "
            "the wrong sign.",
        ),
        Mistake(
            "one factor 2 forgotten",
            lambda x, y: -6 * x * _error(x, y) / x.numel(),
            "A factor 2 is missing. There are two squares on the path: E² gives 2E, and 3X² gives 6X.",
        ),
    ],
    hints=[
        "Walk backward, one step at a time: first dL/dE, then dL/dŶ, then dL/dX.",
        "dL/dE = 2E/N, where N is the number of elements. dE/dŶ = −1.",
        "dŶ/dX = 6X. Multiply the three, element by element.",
    ],
    idea="Each step backward multiplies by one local derivative: 2E/N, then −1, then 6X. Autograd does the same, and "
    "no more.",
)


def numerical_gradient_solution(f: "Callable[[torch.Tensor], torch.Tensor]", x: torch.Tensor, h: float) -> torch.Tensor:
    """Estimate the gradient of f at x with central differences, one element of x at a time."""
    gradient = torch.zeros_like(x)
    for i in range(len(x)):
        step = torch.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


def _differences(f: Callable[[Tensor], Tensor], x: Tensor, h: float, back: float, divisor: float) -> Tensor:
    rows = h * torch.eye(len(x), dtype=x.dtype)
    return torch.stack([(f(x + row) - f(x - back * row)) / divisor for row in rows])


numerical_gradient = Exercise(
    "numerical_gradient",
    "A gradient without calculus",
    solution=numerical_gradient_solution,
    oracle=lambda f, x, h: _differences(f, x, h, 1, 2 * h),
    cases=[
        (lambda x: (x**3).sum(), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64), 0.1),
        (lambda x: x[0] ** 2 * x[1] + x[-1].exp(), torch.tensor([2.0, 3.0], dtype=torch.float64), 0.2),
    ],
    mistakes=[
        Mistake(
            "forward difference",
            lambda f, x, h: _differences(f, x, h, 0, h),
            "You compare f(x + h) with f(x). That is the forward difference. Step the same way to both sides, f(x + "
            "h) − f(x − h): the error becomes much smaller.",
        ),
        Mistake(
            "divided by h",
            lambda f, x, h: _differences(f, x, h, 1, h),
            "All is twice too large: between x − h and x + h lies the distance 2h, not h.",
        ),
        Mistake(
            "all elements moved at once",
            lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
            "This is one number. `x + h` moves all elements at once, and so you measure the sum of all slopes. Move one "
            "element at a time, and collect the results in a tensor.",
        ),
        Mistake(
            "all elements moved in each round",
            lambda f, x, h: torch.full_like(x, ((f(x + h) - f(x - h)) / (2 * h)).item()),
            "All your slopes are the same, their sum: `x + h` moves every element. Move one, and leave the others.",
        ),
        Mistake(
            "no copy",
            lambda f, x, h: torch.zeros_like(x),
            "All your slopes are 0, as if x never moved. `a = x` makes no copy: a step forward and a step back in the "
            "same tensor cancel. Start from `x.clone()`, twice.",
        ),
        Mistake(
            "exact",
            lambda f, x, h: torch.autograd.functional.jacobian(f, x),
            "This is the exact gradient. Here it is to be *estimated* with steps of size h, without autograd.",
        ),
    ],
    hints=[
        "A slope is rise divided by run. Which two points lie h to the left and h to the right?",
        "For element i, make a tensor of zeros, and put h at position i.",
        "`(f(x + step) - f(x - step)) / (2 * h)` is element i of the result.",
    ],
    idea="Central differences check any gradient, also one that you wrote by hand. They need two calls of f for each "
    "element, so nobody trains with them.",
)


def train_line_solution(x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
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


def _tracked_update(x: Tensor, y: Tensor, lr: float, steps: int) -> None:
    w = torch.tensor(0.0, requires_grad=True)
    ((w * x - y) ** 2).mean().backward()
    w -= lr * w.grad


def _one_loss(x: Tensor, y: Tensor, lr: float, steps: int) -> None:
    w = torch.tensor(0.0, requires_grad=True)
    loss = ((w * x - y) ** 2).mean()
    for _ in range(steps):
        loss.backward()


def _train_oracle(x: Tensor, y: Tensor, lr: float, steps: int) -> tuple[Tensor, Tensor]:
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(w * x + b, y).backward()
        optimizer.step()
    return w, b


train_line = Exercise(
    "train_line",
    "Train a line",
    solution=train_line_solution,
    oracle=_train_oracle,
    run=_with_reason,
    cases=[
        (torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 4.0, 8.0]), 0.05, 4),
        (torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([2.0, 0.0, -1.0]), 0.1, 3),
    ],
    mistakes=[
        Mistake(
            "forgot to zero",
            lambda *case: _train(*case, zero=False),
            "The first step is right, the later ones are too long: the gradients of all steps add up. Clear them in "
            "each round.",
        ),
        Mistake(
            "wrong sign",
            lambda x, y, lr, steps: _train(x, y, -lr, steps),
            "You walk uphill. The gradient shows where the loss *grows*: subtract it.",
        ),
        Mistake(
            "swapped",
            lambda *case: _train(*case)[::-1],
            "Both numbers are right, but in the wrong order: return w, then b.",
        ),
        Mistake(
            "one update too many",
            lambda x, y, lr, steps: _train(x, y, lr, steps + 1),
            "You make one update too many. `range(steps)` gives exactly `steps` rounds.",
        ),
        Mistake(
            "bias forgotten",
            lambda *case: _train(*case, bias=False),
            "w moves, and b stays at 0. Update both parameters.",
        ),
        Mistake(
            "sum in place of mean",
            lambda *case: _train(*case, mean=False),
            "Your steps are too long by the number of points: the loss is the *mean* of the squared errors, not "
            "their sum.",
        ),
        Mistake(
            "update before backward",
            lambda x, y, lr, steps: _train(x, y, lr, steps - 1),
            "One update is missing. Do you update before `backward`? Then the last gradient is never used.",
        ),
        Mistake(
            "zero_ of None",
            lambda *case: torch.tensor(0.0, requires_grad=True).grad.zero_(),
            "Before the first `backward` there is no gradient: `w.grad` is None, and None has no `zero_()`. Write "
            "`w.grad = None`, or clear it at the end of each round.",
        ),
        Mistake(
            "w = w - ...",
            lambda *case: _rebound(*case, recorded=True),
            "A gradient is None where you use it. The usual reason is `w = w - …`: it makes a *new* tensor that is "
            "no leaf. Change the leaf itself, `w -= …`, under `torch.no_grad()`. Are w and b both tracked?",
        ),
        Mistake(
            "w = w - ... under no_grad",
            lambda *case: _rebound(*case, recorded=False),
            "`backward` found no tracked tensor. Under `no_grad`, `w = w - …` makes a *new* tensor that is not "
            "tracked. Change the leaf itself: `w -= …`. And the loss must be computed outside `no_grad`.",
        ),
        Mistake(
            "loss before the loop",
            _one_loss,
            "You compute the loss once and walk back through it again and again. w and b have moved since: compute the "
            "loss anew in each round.",
        ),
        Mistake(
            "update outside no_grad",
            _tracked_update,
            "The update itself would be recorded, and autograd does not allow that for a leaf. Put it under `with "
            "torch.no_grad():`.",
        ),
    ],
    hints=[
        "Five lines in the loop: clear, predict and measure, backward, update w, update b.",
        "Update under `with torch.no_grad():`, and change the tensors themselves: `w -= lr * w.grad`.",
        "Clear with `w.grad = b.grad = None`. The loss is `((w * x + b - y) ** 2).mean()`.",
    ],
    idea="Clear, forward, backward, update under no_grad: every training loop of this course has these steps. "
    "`torch.optim.SGD` gives the same numbers.",
)


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
