"""Unit 2: more right and wrong answers."""

import itertools
import math

import numpy as np
import torch
from torch import nn

# ---- 1


def expanded(w, x, b, y):
    return [2 * w * x**2 + 2 * b * x - 2 * x * y, 2 * w * x + 2 * b - 2 * y]


def error_turned_round(w, x, b, y):
    outer = -2 * (y - (w * x + b))
    return outer * x, outer


def with_math(w, x, b, y):
    twice = 2 * math.fsum([w * x, b, -y])
    return tuple(twice * inner for inner in (x, 1))


def with_numpy(w, x, b, y):
    gradient = 2 * np.dot([w, b, -1.0], [x, 1.0, y]) * np.array([x, 1.0])
    return gradient[0], gradient[1]


class Chain:
    """Small functions, each with its own slope."""

    def outer(self, e):
        return 2 * e

    def __call__(self, w, x, b, y):
        e = w * x + b - y
        return {"w": self.outer(e) * x, "b": self.outer(e)}


def from_a_class(w, x, b, y):
    found = Chain()(w, x, b, y)
    return found["w"], found["b"]


def autograd_grad(w, x, b, y):
    w, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (w, b))
    dw, db = torch.autograd.grad((w * x + b - y) ** 2, (w, b))
    return dw.item(), db.item()


def forward_difference(w, x, b, y, h=1e-3):
    loss = (w * x + b - y) ** 2
    return (((w + h) * x + b - y) ** 2 - loss) / h, ((w * x + b + h - y) ** 2 - loss) / h


def three_values(w, x, b, y):
    e = w * x + b - y
    return e**2, 2 * e * x, 2 * e


# ---- 2


def grad_function(x):
    x = x.clone().requires_grad_(True)
    h = x.pow(2)
    (gradient,) = torch.autograd.grad(h.pow(3).sum(), [h])
    return gradient


def h_as_a_leaf(x):
    h = (x.clone().requires_grad_() ** 2).detach().requires_grad_()
    sum(h.flatten() ** 3).backward()
    return h.grad


def with_a_hook(x):
    found = []
    x = x.detach().clone()
    x.requires_grad = True
    h = x * x
    h.register_hook(found.append)
    torch.autograd.backward((h * h * h).sum())
    return found[0]


def func_grad(x):
    return torch.func.grad(lambda h: (h**3).sum())(x**2)


def with_a_parameter(x):
    x = nn.Parameter(x.clone())
    h = torch.square(x)
    h.retain_grad()
    torch.pow(h, 3).sum().backward()
    return h.grad.clone().detach()


def weights_of_one(x):
    x = torch.tensor(x.tolist(), requires_grad=True)
    h = x**2
    h.retain_grad()
    (h**3).backward(torch.ones_like(x))
    return h.grad


def in_float64(x):
    x = x.double().requires_grad_()
    h = x**2
    h.retain_grad()
    (h**3).sum().backward()
    return h.grad


def divided_by_the_inner_slope(x):
    x = x.clone().requires_grad_()
    ((x**2) ** 3).sum().backward()
    return x.grad / (2 * x.detach())


def h_and_a_number(x):
    x = x.clone().requires_grad_()
    h = x**2
    h.retain_grad()
    (h**3).sum().backward()
    return h.grad.max().item()


# ---- 4


def list_of_grads(w, targets):
    w = w.clone().requires_grad_()
    return [torch.autograd.grad((w - t).pow(2).sum(), w)[0] for t in targets]


def zeroed_after_a_copy(w, targets):
    w = w.clone().requires_grad_()
    found = []
    for i in range(len(targets)):
        loss = torch.sum((w - targets[i]) ** 2)
        loss.backward()
        found += [w.grad.clone()]
        w.grad.zero_()
    return found


def a_copy_for_each(w, targets):
    found = []
    for target in targets:
        leaf = nn.Parameter(w.clone())
        nn.functional.mse_loss(leaf, target, reduction="sum").backward()
        found.append(leaf.grad)
    return found


def an_optimizer_that_only_clears(w, targets):
    w = w.clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=0.1)
    found = []
    for target in targets:
        optimizer.zero_grad()
        ((target - w) ** 2).sum().backward()
        found.append(w.grad)
    return found


def differences_of_sums(w, targets):
    w = w.clone().requires_grad_()
    sums = [torch.zeros_like(w)]
    for target in targets:
        ((w - target) ** 2).sum().backward()
        sums.append(w.grad.clone())
    return [after - before for before, after in itertools.pairwise(sums)]


def rows_of_a_jacobian(w, targets):
    losses = lambda w: torch.stack([((w - t) ** 2).sum() for t in targets])  # noqa: E731
    return list(torch.autograd.functional.jacobian(losses, w))


def recursive(w, targets):
    if not targets:
        return []
    leaf = w.detach().clone().requires_grad_()
    ((leaf - targets[0]) ** 2).sum().backward()
    return [leaf.grad, *recursive(w, targets[1:])]


def divided_by_the_number_of_targets(w, targets):
    w = w.clone().requires_grad_()
    found = []
    for target in targets:
        w.grad = None
        (((w - target) ** 2).sum() / len(targets)).backward()
        found.append(w.grad)
    return found


def a_generator(w, targets):
    w = w.clone().requires_grad_()
    for target in targets:
        w.grad = None
        ((w - target) ** 2).sum().backward()
        yield w.grad


# ---- 5


def target_from_the_argument(w, x):
    leaf = w.clone().requires_grad_()
    ((leaf * x - (0.5 * w + 1)) ** 2).backward()
    return leaf.grad


def target_under_no_grad(w, x):
    w = w.clone().requires_grad_()
    with torch.no_grad():
        target = 0.5 * w + 1
    nn.functional.mse_loss(w * x, target).backward()
    return w.grad


def target_as_a_number(w, x):
    w = torch.tensor(w.item(), requires_grad=True)
    target = (0.5 * w + 1).item()
    return torch.autograd.grad((w * x - target) ** 2, w)[0]


def target_in_place(w, x):
    w = nn.Parameter(w.clone())
    target = 0.5 * w + 1
    target.detach_()
    loss = torch.square(w * x - target)
    loss.backward()
    return w.grad.clone()


def by_formula(w, x):
    return 2 * (w * x - (0.5 * w + 1)) * x


def func_with_two_arguments(w, x):
    return torch.func.grad(lambda w, target: (w * x - target) ** 2)(w, 0.5 * w + 1)


def target_cloned(w, x):
    w = w.clone().requires_grad_()
    target = (0.5 * w + 1).clone()
    ((w * x - target) ** 2).backward()
    return w.grad


def one_element(w, x):
    return by_formula(w, x).reshape(1)


# ---- 6


def element_by_element(x, y):
    out = torch.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        out[place] = -12 * x[place] * (y[place] - 3 * x[place] ** 2 + 3) / x.numel()
    return out


def from_the_end(x, y):
    e = y - 3 * x.square() + 3
    steps = [2 * e / math.prod(x.shape), torch.tensor(-1.0), 6 * x]
    gradient = torch.tensor(1.0)
    for step in steps:
        gradient = gradient * step
    return gradient


def written_out(x, y):
    return (36 * x**3 - 36 * x - 12 * x * y) / x.nelement()


def numpy_inside(x, y):
    a, b = x.double().numpy(), y.double().numpy()
    return torch.from_numpy(12 * a * (3 * a**2 - 3 - b) / a.size)


def one_loop_over_lists(x, y):
    pairs = zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)
    return torch.tensor([12 * u * (3 * u**2 - 3 - v) / x.numel() for u, v in pairs]).reshape(x.shape)


def with_func(x, y):
    return torch.func.grad(lambda x: ((y - (3 * x**2 - 3)) ** 2).mean())(x)


def flattened(x, y):
    return written_out(x, y).flatten()


def of_unequal_power(x, y):
    return -2 * (y - (3 * x**2 - 3)) * 6 * x**3 / x.numel()


# ---- 7


def rows_of_a_matrix(f, x, h):
    return torch.stack([(f(x + h * row) - f(x - h * row)) / 2 / h for row in torch.eye(x.numel(), dtype=x.dtype)])


def there_and_back(f, x, h):
    out = []
    for i in range(x.shape[0]):
        x[i] += h
        right = f(x).item()
        x[i] -= 2 * h
        left = f(x).item()
        x[i] += h
        out.append((right - left) / (2 * h))
    return torch.tensor(out, dtype=x.dtype)


def two_copies(f, x, h):
    gradient = torch.empty_like(x)
    for i, value in enumerate(x):
        right, left = x.clone(), x.clone()
        right[i], left[i] = value + h, value - h
        gradient[i] = 0.5 * (f(right) - f(left)) / h
    return gradient


def mean_of_both_sides(f, x, h):
    def moved(i, by):
        return f(x + by * nn.functional.one_hot(torch.tensor(i), len(x)))

    return x.new_tensor([((moved(i, h) - f(x)) + (f(x) - moved(i, -h))) / (2 * h) for i in range(len(x))])


def all_rows_at_once(f, x, h):
    steps = torch.diag(torch.full_like(x, h))
    g = torch.func.vmap(f)
    return (g(x + steps) - g(x - steps)) / (2 * h)


def one_dimension_more(f, x, h):
    return rows_of_a_matrix(f, x, h).unsqueeze(0)


def moves_the_argument(f, x, h):
    out = torch.zeros_like(x)
    for i in range(len(x)):
        x[i] += h
        right = f(x)
        x[i] -= 2 * h
        out[i] = (right - f(x)) / (2 * h)
    return out


# ---- 8


def with_sgd(x, y, lr, steps):
    w, b = nn.Parameter(torch.tensor(0.0)), nn.Parameter(torch.tensor(0.0))
    optimizer = torch.optim.SGD([w, b], lr)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.MSELoss()(w * x + b, y).backward()
        optimizer.step()
    return w, b


def rebound_leaves(x, y, lr, steps):
    w = b = torch.tensor(0.0)
    while steps > 0:
        w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
        dw, db = torch.autograd.grad(((y - w * x - b) ** 2).mean(), [w, b])
        w, b = w - lr * dw, b - lr * db
        steps -= 1
    return [w, b]


def through_data(x, y, lr, steps):
    w, b = torch.zeros((), requires_grad=True), torch.zeros((), requires_grad=True)
    for step in range(1, steps + 1):
        loss = (w * x + b - y).pow(2).sum() / len(x)
        loss.backward()
        for parameter in (w, b):
            parameter.data -= lr * parameter.grad
            parameter.grad.zero_()
        print(f"step {step}: {loss.item():.3f}")
    return w.detach(), b.detach()


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(0.0))
        self.b = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return self.w * x + self.b


def with_a_module(x, y, lr, steps):
    line = Line()
    for _ in range(steps):
        line.zero_grad()
        nn.functional.mse_loss(line(x), y).backward()
        with torch.no_grad():
            for parameter in line.parameters():
                parameter.sub_(parameter.grad, alpha=lr)
    return line.w, line.b


def both_in_one_tensor(x, y, lr, steps):
    parameters = torch.zeros(2, requires_grad=True)
    for _ in range(steps):
        loss = ((parameters[0] * x + parameters[1] - y) ** 2).mean()
        (gradient,) = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            parameters -= lr * gradient
    return tuple(parameters)


def in_double(x, y, lr, steps):
    w = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    for _ in range(steps):
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= w.grad * lr
            b -= b.grad * lr
        w.grad = None
        b.grad = None
    return w, b


def with_weight_decay(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=lr, weight_decay=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        ((w * x + b - y) ** 2).mean().backward()
        optimizer.step()
    return w, b


def a_smaller_rate_each_round(x, y, lr, steps):
    w, b = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    for step in range(steps):
        w.grad = b.grad = None
        ((w * x + b - y) ** 2).mean().backward()
        with torch.no_grad():
            w -= lr / (step + 1) * w.grad
            b -= lr / (step + 1) * b.grad
    return w, b


RIGHT = {
    "chain_rule": [expanded, error_turned_round, with_math, with_numpy, from_a_class],
    "middle_gradient": [
        grad_function, h_as_a_leaf, with_a_hook, func_grad, with_a_parameter, weights_of_one, in_float64,
    ],
    "separate_gradients": [
        list_of_grads, zeroed_after_a_copy, a_copy_for_each, an_optimizer_that_only_clears, differences_of_sums,
        rows_of_a_jacobian, recursive,
    ],
    "fixed_target_gradient": [
        target_from_the_argument, target_under_no_grad, target_as_a_number, target_in_place, by_formula,
        func_with_two_arguments,
    ],
    "loss_gradient": [element_by_element, from_the_end, written_out, numpy_inside, one_loop_over_lists],
    "numerical_gradient": [rows_of_a_matrix, there_and_back, two_copies, mean_of_both_sides, all_rows_at_once],
    "train_line": [with_sgd, rebound_leaves, through_data, with_a_module, both_in_one_tensor, in_double],
}  # fmt: skip

WRONG = {
    "chain_rule": [
        (autograd_grad, "without autograd"),
        (forward_difference, "The derivative for w should be 18. Yours is 18.01"),
        (three_values, "should be 'two numbers'. Yours is (9, 18, 6)"),
    ],
    "middle_gradient": [
        (divided_by_the_inner_slope, "has nan in it"),
        (h_and_a_number, "should be a tensor. You have 243"),
    ],
    "predictions": [
        ({"a.is_leaf": True}, "The key 'b.is_leaf' of the stub is missing"),
    ],
    "separate_gradients": [
        (divided_by_the_number_of_targets, "Gradient 1 should be tensor([2, 2]). Yours is tensor([0.6667, 0.6667])"),
        (a_generator, "should be a list of 3 values. You have an object of type generator"),
    ],
    "fixed_target_gradient": [
        (target_cloned, "The gradient flows through the target as well"),
        (one_element, "should have the shape (). Yours has (1,)"),
    ],
    "loss_gradient": [
        (with_func, "without autograd"),
        (flattened, "should have the shape (2, 2). Yours has (4,)"),
        (of_unequal_power, "The result should be tensor([[-6, 6]"),
    ],
    "numerical_gradient": [
        (one_dimension_more, "should have the shape (3,). Yours has (1, 3)"),
        (moves_the_argument, "changes `x`"),
    ],
    "train_line": [
        (with_weight_decay, "The returned w should be tensor("),
        (a_smaller_rate_each_round, "The returned w should be tensor("),
    ],
}

EQUIVALENT = {
    name: {"cut off from the graph": "the result is a gradient: nobody walks back through it"}
    for name in ("middle_gradient", "fixed_target_gradient", "loss_gradient", "numerical_gradient")
}
