"""The exercises of unit 7: accuracy, the training loop, learning curves and update rules."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import data
from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import Text, exercise

# ---- accuracy


_SQUARE = torch.tensor([[0.1, 2.0, -1.0], [3.0, 0.5, 1.0], [0.2, 4.0, 0.3]])
_LONG = torch.tensor([[1.5, -2.0], [0.0, 0.4], [-1.0, -3.0], [2.0, 2.5], [0.6, 0.1]])


@exercise(
    "Accuracy",
    cases=[
        (_SQUARE, torch.tensor([1, 0, 2])),
        (_LONG, torch.tensor([0, 1, 1, 0, 0])),
        (_SQUARE, torch.tensor([1, 0, 1])),
    ],
    hints=[
        "The network's answer is the place of the largest score in a row.",
        "`scores.argmax(dim=1)` gives one answer for each image. Compare it with `labels` by `==`.",
        "The comparison is a tensor of True and False. Make it float, take the mean, then `.item()`.",
    ],
    idea="Only the place of the largest score counts. So softmax before it changes nothing, and accuracy has no "
    "useful gradient.",
)
def accuracy(scores: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of rows whose largest score stands at the label."""
    return (scores.argmax(dim=1) == labels).float().mean().item()


@accuracy.mistake(
    "You asked each column for its largest score, which compares the images. Each image is a row: its scores "
    "lie along dim 1."
)
def argmax_over_dim_0(scores, labels):
    return (scores.argmax(dim=0) == labels).float().mean().item()


@accuracy.mistake("You return how many answers are right. Accuracy is their share: divide by the number of images.")
def the_count(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item()


@accuracy.mistake("The value is right, but it is a tensor. `.item()` makes a Python number of it.")
def a_tensor(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean()


@accuracy.mistake(
    "You compare the largest score itself with the label. The answer is the *place* of the largest score: "
    "that is `argmax`."
)
def the_largest_value(scores, labels):
    return (scores.max(dim=1).values == labels).float().mean().item()


@accuracy.mistake(
    "You divide by the number of all scores. One image has many scores, but gives one answer: divide by the "
    "number of images."
)
def divided_by_all_scores(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item() / scores.numel()


@accuracy.mistake("You return percent. The task asks for a share from 0 to 1.")
def in_percent(scores, labels):
    return 100 * (scores.argmax(dim=1) == labels).float().mean().item()


@accuracy.mistake("Your division `//` rounds down, so nearly everything becomes 0. Use `/`.")
def rounded_down(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item() // len(labels)


# ---- the training loop


class _Watch(nn.Module):
    """Pass on its input, and note in which mode the model was."""

    def __init__(self) -> None:
        super().__init__()
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append(self.training)
        return x


def _train_small_model(answer: Any, samples: int, batch_size: int) -> Any:
    """Run one epoch on a small model that stands in evaluation mode; tell apart what can go wrong in it."""
    torch.manual_seed(0)
    watch = _Watch()
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3), watch).double().eval()
    x, y = torch.randn(samples, 3, dtype=torch.float64), torch.arange(samples) % 3
    batches = list(data.TensorBatches(x, y, batch_size, shuffle=False))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    mean = answer(model, batches, nn.functional.cross_entropy, optimizer)
    if mean is None:
        return None
    is_tensor = isinstance(mean, Tensor) and mean.numel() == 1
    return {
        "training mode": all(watch.modes),
        "weights": nn.utils.parameters_to_vector(model.parameters()).detach(),
        "type of the result": "tensor" if is_tensor else "number" if isinstance(mean, float) else type(mean).__name__,
        "mean loss": float(mean) if is_tensor or isinstance(mean, int | float) else 0.0,
    }


@exercise(
    "Bug hunt in a training loop",
    run=_train_small_model,
    cases=[(10, 4), (8, 3)],
    tolerance=1e-8,
    hints=[
        "Look at three places: before the loop, the order of the lines in it, and the sum.",
        "The step is: `zero_grad`, predict, measure, `backward`, `step`. In what mode should the model be?",
        "`loss` is the mean over one batch, as a tensor. What must you add up to get the mean over all samples, as a "
        "number?",
        "Add `loss.item() * len(labels)`, and count the samples in a second variable.",
    ],
    idea="A loop with bugs often runs without an error. So check the mode, the order of the step and the sum by reading.",
)
def train_epoch(
    model: nn.Module, batches: data.TensorBatches, loss_fn: nn.Module, optimizer: torch.optim.Optimizer
) -> float:
    """Train for one epoch and return the mean loss of a sample."""
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "This is `buggy_epoch` as it was. It has four bugs. Say the five lines of the loop aloud, and compare."
)
def buggy_epoch_as_it_was(model, batches, loss_fn, optimizer):
    total = 0.0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        optimizer.step()
        loss.backward()
        total += loss
    return total / len(batches)


@train_epoch.mistake(
    "The model came in evaluation mode and stayed in it. Dropout and batch normalization need `model.train()` "
    "before training.",
    keys=("training mode",),
)
def no_model_train(model, batches, loss_fn, optimizer):
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "The gradients pile up: `backward` adds to `.grad`. Forget the old ones in every step, with "
    "`optimizer.zero_grad()`.",
    keys=("weights",),
)
def no_zero_grad(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "No weight has changed: when `step` runs, there is no gradient. `backward` belongs between `zero_grad` and `step`.",
    keys=("weights",),
)
def nothing_learned(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        optimizer.step()
        loss.backward()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "The result is a tensor. If you add up losses that are still tracked, the graphs of all batches stay in memory. "
    "Add numbers: `loss.item()`.",
    keys=("type of the result",),
)
def adds_tensors(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "You give a short last batch the same weight as a full one. Multiply each loss by its number of samples, "
    "and divide by all samples at the end.",
    keys=("mean loss",),
)
def mean_of_the_batch_means(model, batches, loss_fn, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


@train_epoch.mistake(
    "You add means and divide by the number of samples. First make a sum of each mean: multiply it by `len(labels)`.",
    keys=("mean loss",),
)
def batch_means_over_samples(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        samples += len(labels)
    return total / samples


# ---- learning curves


def five_runs(x: Tensor, y: Tensor) -> dict[str, list[float]]:
    """Train the small network five times on 1,400 images, once well and four times with a fault.

    Args:
        x: images as rows, float32 of shape (N, 784), from -1 to 1.
        y: labels, int64 of shape (N,).

    Returns:
        For each of the letters A to E the loss of each step; ``diagnose`` asks which is which.
    """
    x, y = x[:1400], y[:1400]
    by_label = y.argsort(stable=True)
    rates = {"right": 0.1, "rate too small": 0.002, "rate too large": 3.0, "no zero_grad": 0.03, "sorted data": 0.03}
    curves = {}
    for letter, fault in _FAULTS.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 10))
            order = by_label if fault == "sorted data" else torch.arange(len(y))
            batches = data.TensorBatches(x[order], y[order], 50, shuffle=fault != "sorted data")
            optimizer = torch.optim.SGD(model.parameters(), lr=rates[fault])
            curves[letter] = []
            for inputs, labels in (batch for _ in range(10) for batch in batches):
                if fault != "no zero_grad":
                    optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(inputs), labels)
                loss.backward()
                optimizer.step()
                curves[letter].append(loss.item())
    return curves


_FAULTS = {"A": "no zero_grad", "B": "rate too small", "C": "sorted data", "D": "right", "E": "rate too large"}


def _known_names(answer: Any) -> Any:
    """Return the answer; name the five names where it holds another one."""
    unknown = (
        [v for v in answer.values() if v not in (None, ..., *_FAULTS.values())] if isinstance(answer, dict) else []
    )
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of the five names: {', '.join(sorted(_FAULTS.values()))}")
    return answer


diagnose = exercise(
    "Read five learning curves",
    name="diagnose",
    run=_known_names,
    cases=[()],
    hints=[
        "The dotted line is ln 10: the loss of a network that says the same to every image.",
        "One run has been far above that line, then lies on it. One has hardly left it. One went down and came back.",
        "If the data are sorted by label, all batches of one digit come together. Each new digit is a surprise.",
    ],
    idea="The shape of a curve names the fault: slow slope, leap then flat, comb, or fall and rise. Look at it "
    "before you change anything.",
)(_FAULTS)

diagnose.mistake(
    "A: it begins well, but look at the end. A good run does not lose again what it has learned.", name="A is right"
)({"A": "right"})

diagnose.mistake(
    "A: a rate that is far too large fails in the first steps. Here all goes well at first, and the steps "
    "grow with time. What piles up?",
    name="A has too large a rate",
)({"A": "rate too large"})

diagnose.mistake(
    "B: the line is high, but it is not flat, and there is no leap at the start. It moves down, in steps that "
    "are tiny.",
    name="B is dead",
)({"B": "rate too large"})

diagnose.mistake(
    "B: the direction is right. But compare it with the others after the same number of steps: it has hardly begun.",
    name="B is right",
)({"B": "right"})

diagnose.mistake(
    "C: the loss swings as regularly as a comb, so it is no accident of the steps, and it still goes down. "
    "What comes back in each epoch in the same order?",
    name="C has too large a rate",
)({"C": "rate too large"})

diagnose.mistake(
    "C: nothing grows out of hand here. The loss is low, leaps up, and is low again, many times in each epoch. "
    "Which batches follow each other?",
    name="C forgot zero_grad",
)({"C": "no zero_grad"})

diagnose.mistake(
    "C: the loss goes down on average, but it leaps up again and again, to the very end. A good run swings much less.",
    name="C is right",
)({"C": "right"})

diagnose.mistake(
    "A: sorted data give leaps from the first epoch on, many in each epoch. Here the loss falls smoothly first, and "
    "climbs later. What grows with time?",
    name="A is sorted data",
)({"A": "sorted data"})

diagnose.mistake(
    "D: the curve flattens because there is little left to learn, not because the steps are tiny. Look how "
    "far down it is.",
    name="D has too small a rate",
)({"D": "rate too small"})

diagnose.mistake(
    "E: a small rate gives a slow slope from the first step on. Here the loss leaps up first, then it is "
    "quite flat, near ln 10.",
    name="E has too small a rate",
)({"E": "rate too small"})

diagnose.mistake(
    "E: gradients that pile up need time to do harm. Here the first steps already destroy the network, and it "
    "stays dead.",
    name="E forgot zero_grad",
)({"E": "no zero_grad"})


# ---- two update rules


def _walk(*settings: str) -> Callable[..., tuple[Tensor, ...]]:
    """Make a ``run`` that lets a rule change two tensors, one step for each learning rate, in float64."""

    def run(rule: Any, rates: tuple[float, ...], *values: float) -> tuple[Tensor, ...]:
        params = [torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([[3.0, -1.0], [0.25, 1.5]]).double()]
        states: list[dict] = [{} for _ in params]
        for t, lr in enumerate(rates):
            for p, state in zip(params, states, strict=True):
                g = 2 * p + torch.sin(3.0 * t + torch.arange(p.numel())).double().view(p.shape)
                rule(p, g, state, lr=lr, **dict(zip(settings, values, strict=True)))
        return tuple(params)

    return run


def _torch_step(make: Callable[[], torch.optim.Optimizer], p: Tensor, g: Tensor, state: dict, lr: float) -> None:
    optimizer = state.setdefault("optimizer", None) or make()
    state["optimizer"], optimizer.param_groups[0]["lr"], p.grad = optimizer, lr, g
    optimizer.step()


def _torch_nesterov(p: Tensor, g: Tensor, state: dict, lr: float, rho: float) -> None:
    _torch_step(lambda: torch.optim.SGD([p], lr=lr, momentum=rho, nesterov=True), p, g, state, lr)


def _torch_adamw(p: Tensor, g: Tensor, state: dict, lr: float, weight_decay: float, eps: float) -> None:
    _torch_step(lambda: torch.optim.AdamW([p], lr=lr, weight_decay=weight_decay, eps=eps), p, g, state, lr)


@exercise(
    "Nesterov's momentum",
    oracle=_torch_nesterov,
    run=_walk("rho"),
    cases=[((0.1,) * 4, 0.9), ((0.1, 0.1, 0.1, 0.01, 0.01), 0.5)],
    tolerance=1e-9,
    hints=[
        "Begin with a copy of `momentum`. Only the last line changes.",
        "The velocity is the same: `v = state['v'] = rho * state.get('v', 0) + g`.",
        "The step is `lr * (g + rho * v)`, and p changes in place with `-=`.",
    ],
    idea="Nesterov is momentum that looks one step ahead. Its memory is the same: one number for each parameter.",
)
def nesterov(p: torch.Tensor, g: torch.Tensor, state: dict, lr: float, rho: float = 0.9) -> None:
    """Change p by one step of Nesterov's momentum."""
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "This is plain momentum: you step along v, and g + ρ v with the *old* v is the same. Nesterov takes g + ρ "
    "v with the new v."
)
def plain_momentum(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * v


@nesterov.mistake("The velocity is lost after each step. Put the new v into `state`, so that the next step finds it.")
def velocity_not_kept(p, g, state, lr, rho=0.9):
    v = rho * state.get("v", 0) + g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "The gradient in the velocity is multiplied by the learning rate twice. In PyTorch's form, v holds plain gradients."
)
def rate_applied_twice(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + lr * g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "Your velocity has the learning rate inside. That agrees only while the rate is constant, and here it changes."
)
def rate_inside_the_velocity(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + lr * g
    p -= lr * g + rho * v


@nesterov.mistake("The learning rate multiplies g only. It belongs to the whole sum: put brackets around g + ρ v.")
def no_brackets(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * g + rho * v


@nesterov.mistake("In the step, the new velocity is multiplied by ρ once more: g + ρ v, not g + v.")
def rho_missing_in_the_step(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (g + v)


@nesterov.mistake("In the first step there is no velocity in `state` yet. `state.get('v', 0)` gives 0 then.")
def no_first_velocity(p, g, state, lr, rho=0.9):
    state["v"] = rho * state["v"] + g


@nesterov.mistake("You go uphill: the gradient points to larger loss. Subtract the step.")
def uphill(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p += lr * (g + rho * v)


@nesterov.mistake("`p = p - …` makes a new tensor, and the network never sees it. Change p in place: `p -= …`.")
def a_new_tensor(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p = p - lr * (g + rho * v)
    return p


@exercise(
    "AdamW",
    oracle=_torch_adamw,
    run=_walk("weight_decay", "eps"),
    cases=[((0.1,) * 4, 0.2, 1e-8), ((0.1, 0.1, 0.05, 0.05, 0.01), 0.5, 0.1)],
    tolerance=1e-9,
    hints=[
        "Begin with a copy of `adam`. One line and one setting are new.",
        "Before anything else, shrink the parameter in place.",
        "θ ← θ − η λ θ is θ ← θ (1 − η λ): one multiplication in place.",
    ],
    idea="In AdamW all weights shrink at the same rate. If the decay goes through the gradient, Adam divides it away "
    "where gradients are large.",
)
def adamw(
    p: torch.Tensor,
    g: torch.Tensor,
    state: dict,
    lr: float,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> None:
    """Change p by one step of AdamW: the decay first, then Adam."""
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake("This is Adam. The weights must shrink as well: multiply p by 1 − η λ before Adam's step.")
def no_decay(p, g, state, lr, weight_decay, eps):
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    v = state["v"] = 0.999 * state.get("v", 0) + 0.001 * g**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "You add λ θ to the gradient, and Adam then divides it by the root. That is L2 in Adam; AdamW shrinks p itself."
)
def decay_in_the_gradient(p, g, state, lr, weight_decay, eps):
    no_decay(p, g + weight_decay * p, state, lr, weight_decay, eps)


@adamw.mistake("You shrink p by λ. The learning rate belongs to it: the factor is 1 − η λ.")
def decay_without_the_rate(p, g, state, lr, weight_decay, eps):
    p *= 1 - weight_decay
    no_decay(p, g, state, lr, weight_decay, eps)


@adamw.mistake("You shrink p after Adam's step, so the new step shrinks as well. The decay comes first.")
def decay_after_adam(p, g, state, lr, weight_decay, eps):
    no_decay(p, g, state, lr, weight_decay, eps)
    p *= 1 - lr * weight_decay


@adamw.mistake("The weights shrink, but they do not learn: Adam's step is missing after the decay.")
def decay_alone(p, g, state, lr, weight_decay, eps):
    p *= 1 - lr * weight_decay


@adamw.mistake("`p = …` makes a new tensor, and the network never sees it. Change p in place: `p *= …` and `p -= …`.")
def a_new_tensor(p, g, state, lr, weight_decay, eps):
    p = p - lr * weight_decay * p
    no_decay(p, g, state, lr, weight_decay, eps)


@adamw.mistake("Both averages start at 0, so the first ones are too small. Divide m by 1 − β₁ᵗ and v by 1 − β₂ᵗ.")
def no_bias_correction(p, g, state, lr, weight_decay, eps):
    p *= 1 - lr * weight_decay
    m = state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    v = state["v"] = 0.999 * state.get("v", 0) + 0.001 * g**2
    p -= lr * m / (v.sqrt() + eps)


@adamw.mistake("There is 0/0 in the first step: with t = 0, 1 − βᵗ is 0. Count the first step as t = 1.")
def t_from_0(p, g, state, lr, weight_decay, eps):
    p *= 1 - lr * weight_decay
    t = state.get("t", 0)
    state["t"] = t + 1
    m = state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    v = state["v"] = 0.999 * state.get("v", 0) + 0.001 * g**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "ε stands inside the root. PyTorch adds it outside: √v̂ + ε. One test has ε = 0.1, where you can see the difference."
)
def eps_inside_the_root(p, g, state, lr, weight_decay, eps):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
    v = state["v"] = 0.999 * state.get("v", 0) + 0.001 * g**2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    p -= lr * m_hat / (v_hat + eps).sqrt()


EXERCISES = (accuracy, train_epoch, diagnose, nesterov, adamw)


def summary() -> Text:
    """Return one line: how many exercises of this unit are done, wrong and open."""
    return core.summary(EXERCISES)
