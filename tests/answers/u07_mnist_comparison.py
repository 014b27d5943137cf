"""Unit 7: more right and wrong answers."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.exercises.u07_mnist_comparison import diagnose

# ---- accuracy


def loop_over_images(scores, labels):
    right = 0
    for i in range(len(scores)):
        if scores[i].argmax() == labels[i]:
            right += 1
    return right / len(scores)


def softmax_and_max(scores, labels):
    _, predicted = torch.max(F.softmax(scores, dim=-1), 1)
    return predicted.eq(labels).sum().item() / labels.size(0)


def numpy_mean(scores, labels):
    return float(np.mean(scores.numpy().argmax(axis=1) == labels.numpy()))


def plain_python(scores, labels):
    rows, right = scores.tolist(), 0
    for row, label in zip(rows, labels.tolist(), strict=True):
        right += row.index(max(row)) == label
    return right / len(rows)


def topk_in_double(scores, labels):
    return (scores.topk(1).indices[:, 0] == labels).double().mean().item()


def score_of_the_label(scores, labels):
    own = scores.gather(1, labels[:, None]).squeeze(1)
    return (own >= scores.amax(dim=1)).sum().item() / len(labels)


def one_minus_the_errors(scores, labels):
    return 1 - torch.count_nonzero(scores.argmax(1) - labels).item() / labels.numel()


def one_hot_product(scores, labels):
    n, classes = scores.shape
    answers = F.one_hot(scores.argmax(dim=1), classes)
    return (answers * F.one_hot(labels, classes)).sum().item() / n


def second_largest(scores, labels):
    return (scores.topk(2).indices[:, 1] == labels).float().mean().item()


def off_by_one(scores, labels):
    return (scores.argmax(dim=1) + 1 == labels).float().mean().item()


# ---- train_epoch


def zero_grad_after_the_step(model, batches, loss_fn, optimizer):
    model.train()
    losses, sizes = [], []
    for x, y in batches:
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss))
        sizes.append(x.shape[0])
    return sum(a * n for a, n in zip(losses, sizes, strict=True)) / sum(sizes)


def sums_in_a_tensor(model, batches, loss_fn, optimizer):
    model.train(True)
    total, count = torch.zeros(1), 0
    for x, y in batches:
        model.zero_grad()
        loss = loss_fn(model.forward(x), y)
        loss.backward()
        optimizer.step()
        total += loss.detach() * y.size(0)
        count = count + y.size(0)
    return (total / count).item()


def closure(model, batches, loss_fn, optimizer):
    was = model.training
    model.train()
    weighted, n = [], 0
    for x, y in batches:

        def evaluate(x=x, y=y):
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            return loss

        weighted.append(optimizer.step(evaluate).item() * len(x))
        n += len(x)
    model.train(was)
    return math.fsum(weighted) / n


def average_of_a_weighted_mean(model, batches, loss_fn, optimizer):
    model.train()
    mean, seen = 0.0, 0
    for inputs, labels in batches:
        for p in model.parameters():
            p.grad = None
        with torch.enable_grad():
            loss = loss_fn(model(inputs), labels)
        torch.autograd.backward(loss)
        optimizer.step()
        seen += len(labels)
        mean += (loss.item() - mean) * len(labels) / seen
    return mean


def numpy_average(model, batches, loss_fn, optimizer):
    nn.Module.train(model)
    rows = []
    for inputs, labels in batches:
        optimizer.zero_grad(set_to_none=False)
        predictions = model(inputs)
        loss = loss_fn(predictions, labels)
        loss.backward()
        optimizer.step()
        rows.append((loss.item(), len(labels)))
    means, sizes = np.array(rows).T
    return float(np.average(means, weights=sizes))


def gradient_descent_by_hand(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        loss = loss_fn(model(inputs), labels)
        params = [p for p in model.parameters() if p.requires_grad]
        with torch.no_grad():
            for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
                p -= optimizer.param_groups[0]["lr"] * g
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


def loss_returned_as_text(model, batches, loss_fn, optimizer):
    return str(zero_grad_after_the_step(model, batches, loss_fn, optimizer))


def rate_decays(model, batches, loss_fn, optimizer):
    mean = zero_grad_after_the_step(model, batches, loss_fn, optimizer)
    optimizer.param_groups[0]["lr"] *= 0.5
    return mean


def median(model, batches, loss_fn, optimizer):
    model.train()
    losses = []
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        losses += [loss.item()] * len(labels)
    return sorted(losses)[len(losses) // 2]


# ---- nesterov


def with_setdefault(p, g, state, lr, rho=0.9):
    v = state.setdefault("velocity", torch.zeros(p.shape))
    v.mul_(rho).add_(g)
    p.sub_(lr * torch.add(g, v, alpha=rho))


def with_if(p, g, state, lr, rho=0.9):
    if "v" not in state:
        state["v"] = g
    else:
        state["v"] = rho * state["v"] + g
    p.copy_(p - lr * (g + rho * state["v"]))
    return p


def through_data(p, g, state, lr, rho=0.9):
    old = state.get("v")
    v = g.clone() if old is None else old * rho + g
    state["v"] = v
    p.data = p.data - lr * g - lr * rho * v


def number_by_number(p, g, state, lr, rho=0.9):
    numbers, slopes = p.view(-1), g.view(-1).tolist()
    v = state["v"] = [rho * old + s for old, s in zip(state.get("v", [0] * len(slopes)), slopes, strict=True)]
    for i in range(len(slopes)):
        numbers[i] -= lr * (slopes[i] + rho * v[i])


def expanded(p, g, state, lr, rho=0.9):
    old = state.pop("b", 0)
    p[...] = p - lr * ((1 + rho) * g + rho**2 * old)
    state["b"] = old * rho + g


def pytorch_itself(p, g, state, lr, rho=0.9):
    if not state:
        state["optimizer"] = torch.optim.SGD([p], lr, momentum=rho, nesterov=True)
    state["optimizer"].param_groups[0]["lr"] = lr
    p.grad = g
    state["optimizer"].step()


def two_rhos(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (g + rho * rho * v)


def half_a_step(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (g + rho * v) / 2


# ---- adamw


def calls_adam(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    def adam(p, g, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
        p -= lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)

    p -= lr * weight_decay * p
    adam(p, g, state, lr, beta1, beta2, eps)


def in_place_averages(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    if len(state) == 0:
        state.update(step=0, avg=torch.zeros(p.shape), sq=torch.zeros(p.shape))
    state["step"] += 1
    state["avg"].lerp_(g.float(), 1 - beta1)
    state["sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    p.mul_(1 - lr * weight_decay)
    m_hat = state["avg"] / (1 - beta1 ** state["step"])
    v_hat = state["sq"] / (1 - math.pow(beta2, state["step"]))
    p.addcdiv_(m_hat, torch.sqrt(v_hat) + eps, value=-lr)


def one_formula(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    n, m, v = state.get("all", (0, 0, 0))
    n, m, v = n + 1, m * beta1 + g * (1 - beta1), v * beta2 + g * g * (1 - beta2)
    state["all"] = n, m, v
    root = (v / (1 - beta2**n)) ** 0.5
    p.copy_(p - lr * (weight_decay * p + m / (1 - beta1**n) / (root + eps)))


def through_numpy(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    slope = g.numpy()
    state["t"] = state.get("t", 0) + 1
    state["m"] = beta1 * state.get("m", np.zeros_like(slope)) + (1 - beta1) * slope
    state["v"] = beta2 * state.get("v", np.zeros_like(slope)) + (1 - beta2) * slope**2
    rate = lr * np.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
    small = eps * np.sqrt(1 - beta2 ** state["t"])
    place = p.numpy() * (1 - lr * weight_decay) - rate * state["m"] / (np.sqrt(state["v"]) + small)
    p[:] = torch.from_numpy(place)


def decay_after_all_from_the_old_p(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    old = p.clone()
    calls_adam(p, g, state, lr, 0, beta1, beta2, eps)
    p -= lr * weight_decay * old


def decay_twice(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    calls_adam(p, g, state, lr, weight_decay, beta1, beta2, eps)


def largest_root(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    """AMSGrad in place of Adam, which differs where gradients become smaller."""
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    v = state["max"] = torch.maximum(state.get("max", v), v)
    p -= lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


RIGHT = {
    "accuracy": [
        loop_over_images, softmax_and_max, numpy_mean, plain_python, topk_in_double, score_of_the_label,
        one_minus_the_errors, one_hot_product,
    ],
    "train_epoch": [
        zero_grad_after_the_step, sums_in_a_tensor, closure, average_of_a_weighted_mean, numpy_average,
    ],
    "nesterov": [with_setdefault, with_if, through_data, number_by_number, expanded, pytorch_itself],
    "adamw": [calls_adam, in_place_averages, one_formula, through_numpy, decay_after_all_from_the_old_p],
}  # fmt: skip

WRONG = {
    "accuracy": [
        (second_largest, "The accuracy should be"),
        (off_by_one, "The accuracy should be"),
    ],
    "train_epoch": [
        (gradient_descent_by_hand, "The weights after the epoch should have"),
        (loss_returned_as_text, "The mean loss that is returned should be a Python number"),
        (rate_decays, "The weights after the epoch (second epoch) should have"),
        (median, "The mean loss that is returned should be 1.312. Yours is 1.294"),
    ],
    "nesterov": [
        (two_rhos, "Already the first step is not right"),
        (half_a_step, "Already the first step is not right"),
    ],
    "adamw": [
        (decay_twice, "only the decay changes p"),
        (largest_root, "a later one is not"),
    ],
    "diagnose": [
        (diagnose.answer | {"B": "Rate too small"}, "B: choose one of the five names"),
        (diagnose.answer | {"E": None}, "E: still open"),
        (list(diagnose.answer.values()), "should be a dictionary"),
    ],
}

EQUIVALENT = {}
