"""Unit 5: more right and wrong answers."""

import copy
import math
from collections import OrderedDict
from functools import reduce
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# ---- mean squared error


def mse_in_a_loop(prediction, target):
    total = 0
    for p, t in zip(prediction.flatten(), target.flatten(), strict=True):
        total += (p - t) ** 2
    return total / prediction.numel()


def mse_as_a_product(prediction, target):
    error = (prediction - target).reshape(-1)
    return torch.dot(error, error) / len(error)


def mse_in_float64(prediction, target):
    return torch.mean(torch.square(target.double() - prediction.double()))


def mse_multiplied_out(prediction, target):
    return (prediction**2 - 2 * prediction * target + target**2).sum() / math.prod(prediction.shape)


def mse_by_a_norm(prediction, target):
    return torch.linalg.vector_norm(prediction - target) ** 2 / prediction.nelement()


# ---- binary cross-entropy


def bce_with_relu(scores, target):
    return torch.mean(torch.relu(scores) - scores * target + torch.log1p(torch.exp(-torch.abs(scores))))


def bce_by_sample(scores, target):
    losses = []
    for z, y in zip(scores, target, strict=True):
        losses.append(max(z, 0) - z * y + torch.log(1 + torch.exp(-abs(z))))
    return sum(losses) / len(losses)


def bce_by_softplus(scores, target):
    return (F.softplus(scores) - target * scores).mean()


def bce_by_logsigmoid(scores, target):
    return -(target * F.logsigmoid(scores) + (1 - target) * F.logsigmoid(-scores)).mean()


def bce_by_logaddexp(scores, target):
    zero = torch.zeros(scores.shape)
    return (torch.logaddexp(zero, scores) - scores * target).sum() / scores.shape[0]


def bce_with_where(scores, target):
    positive = torch.where(scores > 0, scores, torch.zeros_like(scores))
    size = torch.where(scores > 0, scores, -scores)
    return (positive - scores.mul(target) + (1 + (-size).exp()).log()).mean(dim=0)


def bce_in_float64(scores, target):
    z, y = scores.double(), target.double()
    return (torch.maximum(z, torch.tensor(0)) - z * y + torch.log(1 + torch.exp(-z.abs()))).mean()


# ---- cross-entropy


def ce_by_gather(scores, labels):
    return -scores.log_softmax(dim=-1).gather(1, labels.unsqueeze(1)).squeeze(1).mean()


def ce_one_hot(scores, labels):
    one_hot = F.one_hot(labels, num_classes=scores.size(1)).float()
    return -(one_hot * F.log_softmax(scores, dim=1)).sum(dim=1).mean()


def ce_einsum(scores, labels):
    rows = torch.eye(scores.shape[1])[labels]
    return -torch.einsum("nc,nc->", rows, torch.log_softmax(scores, 1)) / len(scores)


def ce_by_sample(scores, labels):
    total = torch.tensor(0.0)
    for i in range(len(labels)):
        total = total - torch.log_softmax(scores[i], dim=0)[labels[i].item()]
    return total / len(labels)


def ce_logsumexp(scores, labels):
    return (torch.logsumexp(scores, dim=1) - scores[range(len(labels)), labels]).mean()


def ce_largest_subtracted(scores, labels):
    shifted = scores - scores.max(dim=1, keepdim=True).values
    log_p = shifted - torch.log(torch.exp(shifted).sum(dim=1, keepdim=True))
    return -torch.take_along_dim(log_p, labels[:, None], dim=1).mean()


def ce_nll(scores, labels):
    return nn.NLLLoss()(torch.log_softmax(scores.double(), dim=1), labels)


def ce_diagonal(scores, labels):
    return -torch.log_softmax(scores, dim=1)[:, labels].diagonal().mean()


# ---- parameters


def count_in_a_loop(model):
    total = 0
    for _, p in model.named_parameters():
        size = 1
        for d in p.shape:
            size *= d
        total += size
    return total


def count_as_a_vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).numel()


def count_what_is_trained(model):
    return reduce(lambda a, p: a + p.nelement(), filter(lambda p: p.requires_grad, model.parameters()), 0)


def count_by_module(model):
    return sum(math.prod(p.size()) for module in model.modules() for p in module.parameters(recurse=False))


def count_inwards(model):
    own = sum(p.numel() for p in model._parameters.values() if p is not None)
    return own + sum(count_inwards(child) for child in model.children())


def count_with_numpy(model):
    return int(sum(np.prod(p.shape) for p in model.parameters()))


# ---- networks


class InASequential(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out)
        )

    def forward(self, x):
        return self.layers(x)


class IsASequential(nn.Sequential):
    def __init__(self, n_in, n_hidden, n_out):
        layers = [("a", nn.Linear(n_in, n_hidden)), ("r", nn.ReLU(inplace=True)), ("b", nn.Linear(n_hidden, n_hidden))]
        super().__init__(OrderedDict([*layers, ("s", nn.ReLU()), ("c", nn.Linear(n_hidden, n_out))]))


class InAModuleList(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super(InAModuleList, self).__init__()  # noqa: UP008 - the older spelling
        sizes = [n_in, n_hidden, n_hidden, n_out]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x):
        *hidden, last = self.layers
        for layer in hidden:
            x = layer(x).clamp(min=0)
        return last(x)


class OneReluForBoth(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.relu = nn.ReLU()
        self.fc1 = nn.Linear(in_features=n_in, out_features=n_hidden, bias=True)
        self.fc2 = nn.Linear(n_hidden, n_hidden)
        self.fc3 = nn.Linear(n_hidden, n_out)
        nn.init.kaiming_normal_(self.fc1.weight)

    def forward(self, x):
        return self.fc3(self.relu(self.fc2(F.relu(self.fc1(x)))))


def network_from_a_function(n_in, n_hidden, n_out):
    return InASequential(n_in, n_hidden, n_out).layers


# ---- training


def train_with_squeeze(model, x, y, lr, steps):
    criterion = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr)
    model.train()
    history = []
    for _ in range(steps):
        prediction = model(x).squeeze(1)
        loss = criterion(prediction, y)
        history += [float(loss)]
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
    return history


def train_cleared_at_the_end(model, x, y, lr, steps):
    opt, out, y = torch.optim.SGD(model.parameters(), lr=lr), [], y.view(-1, 1)
    while len(out) < steps:
        loss = F.mse_loss(model(x), y)
        loss.backward()
        opt.step()
        opt.zero_grad()
        out.append(loss.detach().tolist())
    return out


def train_by_hand(model, x, y, lr, steps):
    losses = []
    for _ in range(steps):
        loss = ((model(x) - y[:, None]) ** 2).mean()
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, g in zip(model.parameters(), gradients, strict=True):
                p -= lr * g
        losses.append(loss.item())
    return losses


def train_stacked_at_the_end(model, x, y, lr, steps):
    losses = []
    for _ in range(steps):
        optimizer = torch.optim.SGD([model.weight, model.bias], lr=lr)
        loss = nn.MSELoss()(y.unsqueeze(-1), model(x))
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return torch.stack(losses).tolist()


RIGHT = {
    "mse": [
        mse_in_a_loop,
        mse_as_a_product,
        mse_in_float64,
        mse_multiplied_out,
        mse_by_a_norm,
        lambda a, b: a.sub(b).pow(2).mean(),
        lambda prediction, target: torch.sum((prediction - target) * (prediction - target)) / torch.numel(target),
    ],
    "bce_from_scores": [
        bce_with_relu,
        bce_by_sample,
        bce_by_softplus,
        bce_by_logsigmoid,
        bce_by_logaddexp,
        bce_with_where,
        bce_in_float64,
    ],
    "cross_entropy": [
        ce_by_gather,
        ce_one_hot,
        ce_einsum,
        ce_by_sample,
        ce_logsumexp,
        ce_largest_subtracted,
        ce_nll,
        ce_diagonal,
    ],
    "count_parameters": [
        count_in_a_loop,
        count_as_a_vector,
        count_what_is_trained,
        count_by_module,
        count_inwards,
        count_with_numpy,
    ],
    "TwoHidden": [InASequential, IsASequential, InAModuleList, OneReluForBoth, network_from_a_function],
    "train_model": [train_with_squeeze, train_cleared_at_the_end, train_by_hand, train_stacked_at_the_end],
}


def mse_without_tracking(prediction, target):
    with torch.no_grad():
        return ((prediction - target) ** 2).mean()


def mse_with_a_new_leaf(prediction, target):
    value = ((prediction - target) ** 2).mean().item()
    return torch.tensor(value, requires_grad=True)


def mse_partly_cut(prediction, target):
    error = prediction - target
    return (error * error.detach()).mean()


def mse_that_changes_the_target(prediction, target):
    target.neg_()
    return ((prediction + target) ** 2).mean()


def ce_on_probabilities_by_hand(scores, labels):
    e = torch.exp(scores)
    return -torch.log((e / e.sum(dim=1, keepdim=True))[torch.arange(len(labels)), labels]).mean()


def count_and_freeze(model):
    count = sum(p.numel() for p in model.parameters())
    model.requires_grad_(False)
    return count


class LayersMadeInForward(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.sizes = n_in, n_hidden, n_out

    def forward(self, x):
        n_in, n_hidden, n_out = self.sizes
        x = torch.relu(nn.Linear(n_in, n_hidden)(x))
        x = torch.relu(nn.Linear(n_hidden, n_hidden)(x))
        return nn.Linear(n_hidden, n_out)(x)


class WithDropout(InASequential):
    def forward(self, x):
        return self.layers(F.dropout(x, 0.2, training=self.training))


class FirstLayerFrozen(InASequential):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_out)
        self.layers[0].requires_grad_(False)


def train_with_weight_decay(model, x, y, lr, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, weight_decay=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y.unsqueeze(1))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_a_copy(model, x, y, lr, steps):
    return train_by_hand(copy.deepcopy(model), x, y, lr, steps)


def train_rounded(model, x, y, lr, steps):
    return [round(loss, 2) for loss in train_by_hand(model, x, y, lr, steps)]


WRONG = {
    "mse": [
        (mse_without_tracking, "cut off from what it was computed from"),
        (mse_with_a_new_leaf, "cut off from what it was computed from"),
        (mse_partly_cut, "The gradient for `prediction` should be tensor"),
        (mse_that_changes_the_target, "changes `target`"),
        (lambda prediction, target: F.mse_loss(prediction, target), "a loss of PyTorch computes it"),
    ],
    "bce_from_scores": [
        (lambda z, y: F.binary_cross_entropy_with_logits(z, y), "a loss of PyTorch computes it"),
        (lambda z, y: -(y * (z.sigmoid() + 1e-6).log() + (1 - y) * (1 - z.sigmoid() + 1e-6).log()).mean(), "too small"),
        (lambda z, y: (torch.relu(z) - z * y + torch.log(1 + torch.exp(-z.abs()))).mean() / 2, "The loss should be"),
    ],
    "cross_entropy": [
        (ce_on_probabilities_by_hand, "For a score of 150"),
        (lambda scores, labels: nn.CrossEntropyLoss(reduction="none")(scores, labels), "many values"),
        (lambda scores, labels: F.cross_entropy(scores, labels, label_smoothing=0.1), "The loss should be"),
    ],
    "choose_loss": [
        (["MSELoss"] * 7, "should be a dictionary"),
        ({"price of a house, the network returns one amount": "MSELoss"}, "of the stub is missing"),
    ],
    "count_parameters": [
        (count_and_freeze, "You change the model"),
        (lambda model: sum(p.numel() for p in model.parameters()) + 1, "The count should be 26. Yours is 27."),
    ],
    "TwoHidden": [
        (LayersMadeInForward, "`parameters()` is empty"),
        (WithDropout, "as dropout does"),
        (FirstLayerFrozen, "Some of your parameters are frozen"),
    ],
    "train_model": [
        (train_with_weight_decay, "Value 2 of the losses should be"),
        (train_a_copy, "has not moved"),
        (train_rounded, "Value 1 of the losses should be"),
    ],
}
EQUIVALENT = {
    "train_model": {
        "arguments swapped in `loss = loss_fn(model(x), y.unsqueeze(1))`": "(a − b)² is (b − a)²",
    },
}
