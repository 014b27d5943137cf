"""Unit 6: more right and wrong answers."""

import copy
import functools
import io
import math
import pickle
from collections import namedtuple

import numpy as np
import torch
from torch import nn

# ---- right answers: gradient descent


def a_loop_with_new_tensors(f, start, lr, steps):
    x = start.clone()
    for _ in range(steps):
        x.requires_grad_()
        (g,) = torch.autograd.grad(f(x), x)
        x = x.detach() - lr * g
    return x


def an_optimizer(f, start, lr, steps):
    x = nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([x], lr)
    while steps > 0:
        optimizer.zero_grad()
        f(x).backward()
        optimizer.step()
        steps -= 1
    return x.data


def a_fold(f, start, lr, steps):
    return functools.reduce(lambda x, _: x - lr * torch.func.grad(f)(x), range(steps), start)


def a_recursion(f, start, lr, steps):
    if steps == 0:
        return start.clone()
    x = start.clone().requires_grad_()
    f(x).backward()
    return a_recursion(f, x.detach() - lr * x.grad, lr, steps - 1)


def zeroed_before(f, start, lr, steps):
    x = start.detach().clone()
    x.requires_grad = True
    for _ in range(steps):
        if x.grad is not None:
            x.grad.zero_()
        f(x).backward()
        x.data.add_(x.grad, alpha=-lr)
    return x.requires_grad_(False)


def recording_switched(f, start, lr, steps):
    x = start.clone().requires_grad_()
    for _ in range(steps):
        f(x).backward()
        torch.set_grad_enabled(False)
        x -= lr * x.grad
        torch.set_grad_enabled(True)
        x.grad = None
    return x.detach().clone()


# ---- right answers: momentum and Nesterov


def momentum_in_a_list(x, v, g, lr, rho):
    velocity = torch.sub(torch.mul(v, rho), g, alpha=lr)
    return [torch.add(x, velocity), velocity]


def momentum_in_place_on_copies(x, v, g, lr, rho):
    x, v = x.clone(), copy.deepcopy(v)
    v.mul_(rho).add_(g, alpha=-lr)
    x += v
    return x, v


def momentum_by_einsum(x, v, g, lr, rho):
    weights = torch.tensor([rho, -lr], dtype=v.dtype)
    v = torch.einsum("a,a...->...", weights, torch.stack([v, g]))
    return torch.stack([x, v]).sum(dim=0), v


def momentum_row_by_row(x, v, g, lr, rho):
    v = torch.stack([rho * b - lr * c for b, c in zip(v, g, strict=True)])
    return torch.stack([a + b for a, b in zip(x, v, strict=True)]), v


def momentum_of_pytorch(x, v, g, lr, rho):
    p = nn.Parameter(x.clone())
    optimizer = torch.optim.SGD([p], lr=lr, momentum=rho)
    optimizer.state[p]["momentum_buffer"] = -v / lr
    p.grad = g.clone()
    optimizer.step()
    return namedtuple("Ball", "place velocity")(p.detach(), p.detach() - x)


def look_ahead_in_parts(gradient, x, v, lr, rho):
    drift = rho * v
    push = -lr * gradient(torch.add(x, drift))
    return x + drift + push, drift + push


def look_ahead_from_the_place(gradient, x, v, lr, rho):
    ahead = torch.lerp(x, x + v, rho)
    new = ahead - lr * gradient(ahead)
    return new, new - x


def look_ahead_in_place_on_copies(gradient, x, v, lr, rho):
    x, v = x.clone(), v.clone()
    v *= rho
    g = gradient(x + v)
    v -= lr * g
    x += v
    return [x, v]


def look_ahead_of_pytorch(gradient, x, v, lr, rho):
    p = nn.Parameter(x + rho * v)
    optimizer = torch.optim.SGD([p], lr=lr, momentum=rho, nesterov=True)
    optimizer.state[p]["momentum_buffer"] = -v / lr
    p.grad = gradient(p.detach())
    optimizer.step()
    v = -lr * optimizer.state[p]["momentum_buffer"]
    return x + v, v


# ---- right answers: a rate for each parameter


def adagrad_with_functions(p, s, g, lr, eps):
    s = torch.addcmul(s, g, g)
    return torch.addcdiv(p, g, s.sqrt().add(eps), value=-lr), s


def adagrad_with_a_rate(p, s, g, lr, eps):
    s = torch.stack([s, g.pow(2)]).sum(dim=0)
    rate = lr / (s**0.5 + eps)
    return p - rate * g, s


def adagrad_with_numpy(p, s, g, lr, eps):
    new = s + g.square()
    return p - lr * g / (np.sqrt(new) + eps), new


def adagrad_of_pytorch(p, s, g, lr, eps):
    q = p.clone()
    optimizer = torch.optim.Adagrad([q], lr=lr, eps=eps)
    optimizer.state[q]["sum"] = s.clone()
    q.grad = g.clone()
    optimizer.step()
    return q, optimizer.state[q]["sum"]


def rmsprop_with_functions(p, s, g, lr, alpha, eps):
    s = torch.lerp(g * g, s, alpha)
    return p.addcdiv(g, s.sqrt() + eps, value=-lr), s


def rmsprop_as_a_correction(p, s, g, lr, alpha, eps):
    s = s + (1 - alpha) * (g**2 - s)
    return p - (lr / (s**0.5 + eps)) * g, s


def rmsprop_in_place_on_copies(p, s, g, lr, alpha, eps):
    p, s = p.clone(), s.clone()
    s.mul_(alpha).addcmul_(g, g, value=1 - alpha)
    p -= lr * g / (s.sqrt() + eps)
    return p, s


# ---- right answers: Adam and weight decay


def adam_with_names(p, g, state, lr, beta1, beta2, eps):
    t, m, v = state["t"] + 1, state["m"], state["v"]
    m = torch.lerp(m, g, 1 - beta1)
    v = torch.lerp(v, g.pow(2), 1 - beta2)
    p.data = p.data - lr * m / (1 - math.pow(beta1, t)) / ((v / (1 - math.pow(beta2, t))) ** 0.5 + eps)
    state.update(t=t, m=m, v=v)


def adam_in_place(p, g, state, lr, beta1, beta2, eps):
    state["t"] += 1
    state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
    state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    first, second = 1 - beta1 ** state["t"], 1 - beta2 ** state["t"]
    p.addcdiv_(state["m"], (state["v"].sqrt() / second**0.5).add_(eps), value=-lr / first)


def adam_in_a_loop(p, g, state, lr, beta1, beta2, eps):
    state["t"] = state["t"] + 1
    hats = []
    for key, beta, x in (("m", beta1, g), ("v", beta2, g**2)):
        state[key] = beta * state[key] + (1 - beta) * x
        hats.append(state[key] / (1 - beta ** state["t"]))
    p.copy_(p - lr * hats[0] / (hats[1].sqrt() + eps))


def adam_with_one_rate(p, g, state, lr, beta1, beta2, eps):
    t = state["t"] = state["t"] + 1
    m = state["m"] = beta1 * state["m"] + (1 - beta1) * g
    v = state["v"] = beta2 * state["v"] + (1 - beta2) * g * g
    root = (1 - beta2**t) ** 0.5
    p[...] = p - lr * root / (1 - beta1**t) * m / (v.sqrt() + eps * root)


def decay_with_functions(p, v, g, lr, rho, decay):
    v = torch.add(torch.add(g, p, alpha=decay), v, alpha=rho)
    return torch.sub(p, v, alpha=lr), v


def decay_in_place_on_copies(p, v, g, lr, rho, decay):
    v = v.clone().mul_(rho).add_(g.add(p, alpha=decay))
    return p.clone().sub_(lr * v), v


def decay_beside_the_step(p, v, g, lr, rho, decay):
    return (1 - lr * decay) * p - lr * (rho * v + g), rho * v + decay * p + g


def decay_of_pytorch(p, v, g, lr, rho, decay):
    q = nn.Parameter(p.clone())
    optimizer = torch.optim.SGD([q], lr=lr, momentum=rho, weight_decay=decay)
    optimizer.state[q]["momentum_buffer"] = v.clone()
    q.grad = g.clone()
    optimizer.step()
    return q.detach(), optimizer.state[q]["momentum_buffer"]


# ---- right answers: an optimizer of PyTorch


def group_added(body, head):
    optimizer = torch.optim.SGD(body.parameters(), lr=0.001, momentum=0.9)
    optimizer.add_param_group({"params": head.parameters(), "lr": 0.1})
    return optimizer


def head_first(body, head):
    groups = [{"params": [*head.parameters()]}, {"params": [*body.parameters()], "lr": 1e-3}]
    return torch.optim.SGD(groups, lr=1e-1, momentum=0.9, weight_decay=0)


def group_for_each_parameter(body, head):
    groups = [{"params": [p], "lr": 0.001, "momentum": 0.9} for p in body.parameters()]
    groups += [{"params": [p], "lr": 0.1, "momentum": 0.9} for p in head.parameters()]
    return torch.optim.SGD(groups, lr=1.0)


def rate_set_later(body, head):
    groups = [{"params": body.named_parameters()}, {"params": head.named_parameters()}]
    optimizer = torch.optim.SGD(groups, 0.001, 0.9, foreach=False)
    optimizer.param_groups[1]["lr"] = torch.tensor(0.1)
    return optimizer


def clones(model, optimizer):
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    weights |= {name: b.clone() for name, b in model.named_buffers()}
    return {"optimizer": copy.deepcopy(optimizer.state_dict()), "model": weights}


def saved_to_a_buffer(model, optimizer):
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, buffer)
    buffer.seek(0)
    return torch.load(buffer)


def pickled(model, optimizer):
    return pickle.loads(pickle.dumps({"model": model.state_dict(), "optimizer": optimizer.state_dict()}))


def states_of_copies(model, optimizer):
    model, optimizer = copy.deepcopy((model, optimizer))
    return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}


RIGHT = {
    "gradient_descent": [
        a_loop_with_new_tensors,
        an_optimizer,
        a_fold,
        a_recursion,
        zeroed_before,
        recording_switched,
    ],
    "momentum_step": [
        momentum_in_a_list,
        momentum_in_place_on_copies,
        momentum_by_einsum,
        momentum_row_by_row,
        momentum_of_pytorch,
    ],
    "look_ahead_step": [
        look_ahead_in_parts,
        look_ahead_from_the_place,
        look_ahead_in_place_on_copies,
        look_ahead_of_pytorch,
    ],
    "adagrad_step": [adagrad_with_functions, adagrad_with_a_rate, adagrad_with_numpy, adagrad_of_pytorch],
    "rmsprop_step": [rmsprop_with_functions, rmsprop_as_a_correction, rmsprop_in_place_on_copies],
    "adam_update": [adam_with_names, adam_in_place, adam_in_a_loop, adam_with_one_rate],
    "decay_step": [decay_with_functions, decay_in_place_on_copies, decay_beside_the_step, decay_of_pytorch],
    "two_rates": [group_added, head_first, group_for_each_parameter, rate_set_later],
    "snapshot": [clones, saved_to_a_buffer, pickled, states_of_copies],
}


# ---- wrong answers that the lists do not hold


def momentum_added(f, start, lr, steps):
    x, v = start.clone(), torch.zeros_like(start)
    for _ in range(steps):
        v = 0.9 * v + torch.func.grad(f)(x)
        x = x - lr * v
    return x


def finite_differences(f, start, lr, steps):
    x = start.clone()
    for _ in range(steps):
        g = torch.zeros_like(x)
        for i in np.ndindex(*x.shape):
            h = torch.zeros_like(x)
            h[i] = 1e-3
            g[i] = (f(x + h) - f(x - h)) / 2e-3
        x = x - lr * g
    return x


def path_returned(f, start, lr, steps):
    return [a_fold(f, start, lr, k) for k in range(steps + 1)]


def float32_only(f, start, lr, steps):
    return a_fold(f, start.float(), lr, steps)


def three_values(x, v, g, lr, rho):
    v = rho * v - lr * g
    return x + v, v, g


def numbers_returned(x, v, g, lr, rho):
    v = rho * v - lr * g
    return (x + v).tolist(), v.tolist()


def two_numbers_only(x, v, g, lr, rho):
    v = torch.stack([rho * v[0] - lr * g[0], rho * v[1] - lr * g[1]])
    return x + v, v


def look_by_the_rate(gradient, x, v, lr, rho):
    v = rho * v - lr * gradient(x + lr * v)
    return x + v, v


def mean_of_two_gradients(gradient, x, v, lr, rho):
    v = rho * v - lr * (gradient(x) + gradient(x + rho * v)) / 2
    return x + v, v


def rate_in_the_sum(p, s, g, lr, eps):
    s = s + (lr * g) ** 2
    return p - lr * g / (s.sqrt() + eps), s


def clamped(p, s, g, lr, eps):
    s = s + g**2
    return p - lr * g / s.sqrt().clamp(min=eps), s


def average_of_the_parameter(p, s, g, lr, alpha, eps):
    s = alpha * s + (1 - alpha) * p**2
    return p - lr * g / (s.sqrt() + eps), s


def amsgrad(p, g, state, lr, beta1, beta2, eps):
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * g
    state["v"] = torch.maximum(state["v"], beta2 * state["v"] + (1 - beta2) * g**2)
    m, v = state["m"] / (1 - beta1 ** state["t"]), state["v"] / (1 - beta2 ** state["t"])
    p -= lr * m / (v.sqrt() + eps)


def counted_by_the_parameter(p, g, state, lr, beta1, beta2, eps):
    p.count = getattr(p, "count", -1) + 1
    adam_with_names(p, g, state | {"t": p.count}, lr, beta1, beta2, eps)


def memory_on_the_function(p, g, state, lr, beta1, beta2, eps):
    memory = vars(memory_on_the_function)
    if state["t"] == 0 and p is not memory.get("p"):
        memory.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p), p=p)
    adam_with_names(p, g, memory, lr, beta1, beta2, eps)


def sizes_decay(p, v, g, lr, rho, decay):
    v = rho * v + g + decay * p.abs()
    return p - lr * v, v


def with_weight_decay(body, head):
    groups = [{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}]
    return torch.optim.SGD(groups, momentum=0.9, weight_decay=1e-4)


def with_dampening(body, head):
    groups = [{"params": body.parameters(), "lr": 0.001}, {"params": head.parameters(), "lr": 0.1, "dampening": 0.5}]
    return torch.optim.SGD(groups, momentum=0.9)


def children_only(body, head):
    own = [p for part in (body, *body.children()) for p in part.parameters(recurse=False)]
    return torch.optim.SGD([{"params": own, "lr": 0.001}, {"params": head.parameters(), "lr": 0.1}], momentum=0.9)


def weights_cleared(body, head):
    for p in body.parameters():
        p.data.zero_()
    return group_added(body, head)


def half_precision(model, optimizer):
    weights = {name: t.half() for name, t in model.state_dict().items()}
    return {"model": weights, "optimizer": copy.deepcopy(optimizer.state_dict())}


def step_first(model, optimizer):
    optimizer.step()
    return pickled(model, optimizer)


def memory_without_settings(model, optimizer):
    memory = copy.deepcopy(optimizer.state_dict()["state"])
    return {"model": copy.deepcopy(model.state_dict()), "optimizer": {"state": memory}}


WRONG = {
    "gradient_descent": [
        (momentum_added, "The last place should be"),
        (finite_differences, "The last place should be"),
        (path_returned, "The last place should be a tensor"),
        (float32_only, "should have the dtype torch.float64"),
    ],
    "read_rates": [
        ({"A": "on the bound", "B": "good", "C": "slow", "D": "too large"}, "C: choose one of the words"),
        ({"A": "on the bound", "B": "good", "C": "too small"}, "The key 'D' of the stub is missing"),
        (["on the bound", "good", "too small", "too large"], "should be a dictionary"),
    ],
    "momentum_step": [
        (three_values, "'2 values'. Yours is '3 values'"),
        (numbers_returned, "The new velocity should be a tensor"),
        (two_numbers_only, "index 1 is out of bounds"),
    ],
    "look_ahead_step": [
        (look_by_the_rate, "The new velocity should be"),
        (mean_of_two_gradients, "The new velocity should be"),
    ],
    "adagrad_step": [(rate_in_the_sum, "The new sum should be"), (clamped, "The new parameter should be")],
    "rmsprop_step": [(average_of_the_parameter, "The new average should be")],
    "adam_update": [
        (amsgrad, '`state["v"]` after step 2 should be'),
        (counted_by_the_parameter, '`state["m"]` is still 0'),
        (memory_on_the_function, '`state["m"]` is still 0'),
    ],
    "decay_step": [(sizes_decay, "The new velocity should be")],
    "two_rates": [
        (with_weight_decay, "`weight_decay` of the body should be 0. Yours is 0.0001"),
        (with_dampening, "`dampening` of the head should be 0. Yours is 0.5"),
        (children_only, "0.001 for some, no group for others"),
        (weights_cleared, "The body should be 'as it was'. Yours is 'changed'"),
    ],
    "snapshot": [
        (half_precision, "The saved weights, after the training went on should have"),
        (step_first, "The running model should be 'as it was'. Yours is 'changed'"),
        (memory_without_settings, "a dictionary without param_groups"),
    ],
}


EQUIVALENT = {
    "gradient_descent": {
        "cut off from the graph in `return x.detach()`": "what is detached has no graph, so `.data` changes nothing",
    },
}
