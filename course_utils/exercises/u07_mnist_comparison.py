"""The exercises of unit 7: accuracy, the training loop, learning curves and update rules."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import data
from course_utils.exercises.engine import guard, shown
from course_utils.exercises.engine.compare import difference
from course_utils.exercises.engine.core import Text, exercise
from course_utils.lessons.u07_mnist_comparison import network

_KIND = "the type of the result"


def _kind(value: Any) -> str:
    if isinstance(value, Tensor) and value.ndim > 0:
        return "a tensor with dimensions"
    if isinstance(value, int | float) and not isinstance(value, bool):  # a float64 of NumPy is a Python float, too
        return "a Python number"
    return "a method" if inspect.isroutine(value) else type(value).__name__


# ---- accuracy


_SQUARE = torch.tensor([[0.1, 2.0, -1.0], [3.0, 0.5, 1.0], [0.2, 4.0, 0.3]])
_LONG = torch.tensor([[1.5, -2.0], [0.0, 0.4], [-1.0, -3.0], [2.0, 2.5], [0.6, 0.1]])
_BELOW_0 = torch.tensor([[-3.0, -0.1, -2.0], [-5.0, -4.0, -0.5], [-0.2, -6.0, -1.0], [-2.0, -2.5, -1.5]])


def _described(answer: Any, scores: Tensor, labels: Tensor) -> dict[str, Any]:
    result = answer(scores, labels)
    return {"the accuracy": result, _KIND: _kind(result)}


@exercise(
    "Accuracy",
    run=_described,
    cases=[
        (_SQUARE, torch.tensor([1, 0, 2])),
        (_LONG, torch.tensor([0, 1, 1, 0, 0])),
        (_LONG.double().T, torch.tensor([3, 1])),
        (_BELOW_0, torch.tensor([1, 2, 0, 0])),
        (_SQUARE, torch.tensor([2, 1, 0])),
        (_SQUARE[:1], torch.tensor([1])),
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


@accuracy.mistake(
    "You return how many answers are right. Accuracy is their share: divide by the number of images.",
    keys=("the accuracy",),
)
def the_count(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item()


@accuracy.mistake(
    "You return how many answers are right, as a tensor. Accuracy is their share, as a Python number.",
    keys=("the accuracy",),
)
def the_count_as_a_tensor(scores, labels):
    return (scores.argmax(dim=1) == labels).sum()


@accuracy.mistake(
    "You compare the largest score itself with the label. The answer is the *place* of the largest score: "
    "that is `argmax`."
)
def the_largest_value(scores, labels):
    return (scores.max(dim=1).values == labels).float().mean().item()


@accuracy.mistake(
    "You compare the scores themselves with the labels. First find the place of the largest score in each row."
)
def no_argmax(scores, labels):
    return (scores == labels).float().mean().item()


@accuracy.mistake(
    "You look for the largest of *all* scores, one place for the whole batch. Each row has its own answer: "
    "say along which dimension to look."
)
def argmax_without_a_dimension(scores, labels):
    return (scores.argmax() == labels).float().mean().item()


@accuracy.mistake("You take the place of the *smallest* score. The network's answer is the largest one.")
def argmin(scores, labels):
    return (scores.argmin(dim=1) == labels).float().mean().item()


@accuracy.mistake("This is the share of *wrong* answers. Accuracy counts the right ones.")
def share_of_errors(scores, labels):
    return (scores.argmax(dim=1) != labels).float().mean().item()


@accuracy.mistake(
    "You divide by the number of all scores. One image has many scores, but gives one answer: divide by the "
    "number of images."
)
def divided_by_all_scores(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item() / scores.numel()


@accuracy.mistake("You divide by the number of classes. A share of the images has the number of images below.")
def divided_by_the_classes(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item() / scores.shape[1]


@accuracy.mistake(
    "Every answer is compared with every label. Answers of shape (N, 1) and labels of shape (N,) broadcast to (N, N): "
    "the two need the same shape."
)
def every_answer_with_every_label(scores, labels):
    return (scores.argmax(dim=1, keepdim=True) == labels).float().mean().item()


@accuracy.mistake("You return percent. The task asks for a share from 0 to 1.")
def in_percent(scores, labels):
    return 100 * (scores.argmax(dim=1) == labels).float().mean().item()


@accuracy.mistake("You round. A share such as 2/3 has to stay as it is: round it where you print it.")
def rounded(scores, labels):
    return round((scores.argmax(dim=1) == labels).float().mean().item(), 2)


@accuracy.mistake("You round. A share such as 2/3 has to stay as it is: round it where you print it.")
def rounded_to_0_or_1(scores, labels):
    return round((scores.argmax(dim=1) == labels).float().mean().item())


@accuracy.mistake(
    "You return 1 whatever the scores are: `len` counts all images, right or wrong. Count where it is True."
)
def length_of_the_comparison(scores, labels):
    return len(scores.argmax(dim=1) == labels) / len(labels)


@accuracy.mistake("You divide by 10, whatever comes. Divide by the number of images, `len(labels)`.")
def divided_by_10(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item() / 10


@accuracy.mistake(
    "You measure how far the answer's place is from the label. A class is no distance: an answer is right or wrong."
)
def distance_of_the_places(scores, labels):
    return (scores.argmax(dim=1) - labels).abs().float().mean().item()


@accuracy.mistake("Minus signs get lost: -5 is a *small* score. Take the scores as they are, without `abs` or squares.")
def sizes_of_the_scores(scores, labels):
    return (scores.abs().argmax(dim=1) == labels).float().mean().item()


@accuracy.mistake(
    "You compare the images before you look along the rows: softmax belongs along dim 1, and is not needed at all."
)
def softmax_over_the_images(scores, labels):
    return (scores.softmax(dim=0).argmax(dim=1) == labels).float().mean().item()


@accuracy.mistake("This is the loss, not the accuracy. Accuracy counts right answers.")
def cross_entropy(scores, labels):
    return nn.functional.cross_entropy(scores, labels).item()


@accuracy.mistake("You return 0 for nearly every share: `//` and `int` round down. Use `/`.")
def rounded_down(scores, labels):
    return (scores.argmax(dim=1) == labels).sum().item() // len(labels)


@accuracy.mistake("You judge the first image only. Is there a `return` inside the loop?")
def the_first_image(scores, labels):
    for row, label in zip(scores, labels, strict=True):
        return float(row.argmax() == label)


@accuracy.mistake("You judge the first image only. Is there a `return` inside the loop?")
def the_first_image_of_all(scores, labels):
    right = 0
    for row, label in zip(scores, labels, strict=True):
        right += int(row.argmax() == label)
        return right / len(labels)


@accuracy.mistake("The last image is left out. (`range(n - 1)` ends at n - 2.)")
def without_the_last_image(scores, labels):
    right = 0
    for i in range(len(labels) - 1):
        right += int(scores[i].argmax() == labels[i])
    return right / len(labels)


@accuracy.mistake("You judge the last image only: the loop forgets the images before it. Count over all of them.")
def the_last_image(scores, labels):
    for row, label in zip(scores, labels, strict=True):
        right = row.argmax() == label
    return float(right)


@accuracy.mistake(
    "You return True or False. Accuracy is the share of right answers, as a number from 0 to 1.",
    keys=(_KIND,),
)
def all_right_or_not(scores, labels):
    return (scores.argmax(dim=1) == labels).all().item()


@accuracy.mistake(
    "This is the mean probability of the label. Accuracy asks only whether the label has the largest score of its row."
)
def mean_probability(scores, labels):
    return scores.softmax(dim=1)[torch.arange(len(labels)), labels].mean().item()


@accuracy.mistake("Your result is a tensor. `.item()` makes a Python number of it.", keys=(_KIND,))
def a_tensor(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean()


@accuracy.mistake(
    "You return a tensor with dimensions. Accuracy is a single number for all images together, as a Python number.",
    keys=(_KIND,),
)
def one_value_for_each_image(scores, labels):
    return scores.argmax(dim=1) == labels


@accuracy.mistake("You return a function that was not called: put brackets behind it, as in `.item()`.", keys=(_KIND,))
def not_called(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean().item


@accuracy.mistake("You return text. The task asks for a number: format it where you print it.", keys=(_KIND,))
def text(scores, labels):
    return f"{(scores.argmax(dim=1) == labels).float().mean().item():.2f}"


@accuracy.mistake("Your function prints, or does nothing with, its result. The caller needs it: `return` it.")
def nothing_returned(scores, labels):
    print((scores.argmax(dim=1) == labels).float().mean().item())


@accuracy.mistake(
    "`mean` takes floating-point numbers only. Make what you average float first.", error="could not infer output dtype"
)
def mean_of_bools(scores, labels):
    return (scores.argmax(dim=1) == labels).mean().item()


@accuracy.mistake(
    "`if` wants a single True or False, and the comparison gives one for each image. Count them.",
    error="Boolean value of Tensor with more than one value",
)
def if_with_a_tensor(scores, labels):
    return 1.0 if scores.argmax(dim=1) == labels else 0.0


@accuracy.mistake(
    "`.item()` and `float()` want a tensor with a single number. Yours has one for each image: bring them together first.",
    error="cannot be converted to Scalar",
)
def item_of_many(scores, labels):
    return (scores.argmax(dim=1) == labels).float().item()


@accuracy.mistake(
    "`scores` has two dimensions, and they are counted from 0: dim 0 and dim 1.",
    error="Dimension out of range",
)
def dimension_2(scores, labels):
    return (scores.argmax(dim=2) == labels).float().mean().item()


@accuracy.mistake(
    "`.item()` belongs to a tensor. What you call it on is a Python number already.", error="has no attribute 'item'"
)
def item_of_a_number(scores, labels):
    return (
        sum(a == b for a, b in zip(scores.argmax(dim=1).tolist(), labels.tolist(), strict=True)) / len(labels)
    ).item()


@accuracy.mistake(
    "Two whole objects were compared, so there is a single True or False. `max(dim=1)` returns *two* tensors, the values "
    "and their places, and lists are compared as wholes too.",
    error="'bool' object has no attribute",
)
def both_results_of_max(scores, labels):
    return (scores.max(dim=1) == labels).float().mean().item()


# ---- the training loop


class _Watch(nn.Module):
    """Pass on its input, and note in which mode the model was when it trained."""

    def __init__(self) -> None:
        super().__init__()
        self.modes: set[str] = set()

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.modes.add("training" if self.training else "evaluation")
        return x


_MODELS = {
    "with batch normalization": lambda: [nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)],
    "with dropout": lambda: [nn.Linear(3, 8), nn.Dropout(), nn.Linear(8, 3)],
    "with a frozen layer": lambda: [nn.Linear(3, 4).requires_grad_(False), nn.Tanh(), nn.Linear(4, 3)],
}
_OPTIMIZERS = {
    "SGD": lambda params: torch.optim.SGD(params, lr=0.3),
    "SGD with momentum and weight decay": lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.9, weight_decay=0.1),
    "Adam": lambda params: torch.optim.Adam(params, lr=0.1),
}
_LOSSES = {
    "cross entropy": nn.CrossEntropyLoss(),
    "cross entropy with label smoothing": nn.CrossEntropyLoss(label_smoothing=0.3),
    "margin loss": nn.MultiMarginLoss(),
}
_MODE, _FROZEN = "the mode of the model in the loop", "the number of frozen parameters"
_WEIGHTS, _MEAN = "the weights after the epoch", "the mean loss that is returned"
_LEARNS, _RETURNS = "the weights are those of the solution", "the mean loss is that of the solution"


def _train_small_model(
    answer: Any, model: str, mode: str, samples: int, batch_size: int, optimizer: str, loss: str
) -> dict[str, Any]:
    """Run two epochs on a small model; say in addition which half of the task is right, the steps or the sum."""
    arguments = model, mode, samples, batch_size, optimizer, loss
    facts, wanted = _two_epochs(answer, *arguments), _two_epochs(train_epoch.answer, *arguments)
    return facts | {
        right: not difference(facts[fact], wanted[fact]) for right, fact in ((_LEARNS, _WEIGHTS), (_RETURNS, _MEAN))
    }


def _two_epochs(
    answer: Any, model: str, mode: str, samples: int, batch_size: int, optimizer: str, loss: str
) -> dict[str, Any]:
    torch.manual_seed(0)
    watch = _Watch()
    net = nn.Sequential(*_MODELS[model](), watch)
    x, y = torch.randn(samples, 3), torch.arange(samples) % 3
    steps, facts = _OPTIMIZERS[optimizer](net.parameters()), {}
    for again in ("", " (second epoch)"):
        net.train(mode == "training")
        watch.modes.clear()
        mean = answer(net, data.TensorBatches(x, y, batch_size, shuffle=False), _LOSSES[loss], steps)
        facts |= {
            _MODE + again: " and ".join(sorted(watch.modes)),
            _FROZEN + again: sum(not p.requires_grad for p in net.parameters()),
            _WEIGHTS + again: nn.utils.parameters_to_vector(net.parameters()).detach().clone(),
            "the buffers of batch normalization after the epoch" + again: [b.clone() for b in net.buffers()],
            _MEAN + again: mean,
            _KIND + again: _kind(mean),
        }
    return facts


@exercise(
    "Bug hunt in a training loop",
    run=_train_small_model,
    cases=[
        ("with batch normalization", "evaluation", 10, 4, "SGD", "cross entropy"),
        (
            "with dropout",
            "evaluation",
            7,
            3,
            "SGD with momentum and weight decay",
            "cross entropy with label smoothing",
        ),
        ("with a frozen layer", "training", 12, 4, "Adam", "margin loss"),
        ("with dropout", "training", 5, 9, "SGD", "cross entropy"),
    ],
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
    "This is `buggy_epoch` as it was. It has four bugs. Say the five lines of the loop aloud, and compare.",
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
    "You set evaluation mode. Dropout and batch normalization need the other one for training: `model.train()`.",
    keys=(_MODE,),
)
def evaluation_mode_is_set(model, batches, loss_fn, optimizer):
    model.eval()
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
    "The model came in evaluation mode and stayed in it during the loop. Dropout and batch normalization need "
    "`model.train()` before training.",
    keys=(_MODE,),
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
    "The mode changes within the epoch: some batches meet the model in evaluation mode. Call `model.train()` once, "
    "before the loop.",
    keys=(_MODE,),
)
def model_train_after_the_first_batch(model, batches, loss_fn, optimizer):
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        model.train()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "A frozen layer is no longer frozen: you set `requires_grad` of all parameters. Leave it as it came.",
    keys=(_FROZEN,),
)
def everything_thawed(model, batches, loss_fn, optimizer):
    model.train().requires_grad_(True)
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
    "No weight has changed in the whole epoch. In each batch `backward` fills the gradients and `step` uses them: both must "
    "be there, in this order, and nothing may clear the gradients in between.",
    keys=(_WEIGHTS,),
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
    "The gradients pile up: `backward` adds to `.grad`. Forget the old ones in every step, with "
    "`optimizer.zero_grad()`.",
    keys=(_WEIGHTS,),
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
    "Each step uses the gradients of the batch before, because `step` comes before `backward`.",
    keys=(_WEIGHTS,),
)
def one_batch_late(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        loss = loss_fn(model(inputs), labels)
        optimizer.step()
        optimizer.zero_grad()
        loss.backward()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "You measure with plain cross entropy, whatever loss is given. Use `loss_fn`: the caller chooses it.",
    keys=(_WEIGHTS,),
)
def loss_fn_ignored(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "`loss_fn` gets something else than what the model says. Give it the scores as they are: the loss does the softmax.",
    keys=(_WEIGHTS,),
)
def softmax_before_the_loss(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs).softmax(dim=1), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "You multiply the loss before `backward`, so the steps grow with the batch. Go backward from the mean, and multiply only "
    "the number that you add up.",
    keys=(_WEIGHTS,),
)
def sum_before_backward(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels) * len(labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "You train on the first batch only. Is there a `return` inside the loop?",
)
def return_inside_the_loop(model, batches, loss_fn, optimizer):
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
    "The loop takes one step for the whole epoch. A step belongs to each batch, inside the loop.",
    keys=(_WEIGHTS,),
)
def one_step_for_the_epoch(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        total += loss.item() * len(labels)
        samples += len(labels)
    optimizer.step()
    return total / samples


@train_epoch.mistake(
    "The loop takes one step for the whole epoch. A step belongs to each batch, inside the loop.",
    keys=(_WEIGHTS,),
)
def gradients_of_the_epoch(model, batches, loss_fn, optimizer):
    model.train()
    optimizer.zero_grad()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        total += loss.item() * len(labels)
        samples += len(labels)
    optimizer.step()
    return total / samples


@train_epoch.mistake(
    "You return the loss of the last batch. The mean of the epoch needs a sum over all batches.",
    keys=(_MEAN,),
)
def loss_of_the_last_batch(model, batches, loss_fn, optimizer):
    model.train()
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
    return loss.item()


@train_epoch.mistake(
    "You return the sum over all samples. Divide by their number to get the mean.",
    keys=(_MEAN,),
)
def sum_over_all_samples(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total


@train_epoch.mistake(
    "You return the sum of the batch means. What you need is the mean of a sample.",
    keys=(_MEAN,),
)
def sum_of_the_batch_means(model, batches, loss_fn, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total


@train_epoch.mistake(
    "The sum forgets what was there before: `total = …` replaces it, and `total += …` adds.",
    keys=(_MEAN,),
)
def sum_forgotten(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total = loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "You give a short last batch the same weight as a full one. Multiply each loss by its number of samples, "
    "and divide by all samples at the end.",
    keys=(_MEAN,),
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
    keys=(_MEAN,),
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


@train_epoch.mistake(
    "You add up sums, and divide by the number of *batches*. Divide by the number of samples.",
    keys=(_MEAN,),
)
def sums_over_batches(model, batches, loss_fn, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(batches)


@train_epoch.mistake(
    "You count each batch as a full one. The last may be shorter: count what is really there, with `len(labels)`.",
    keys=(_MEAN,),
)
def each_batch_counted_as_full(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += batches.batch_size
    return total / samples


@train_epoch.mistake(
    "You measure each batch a second time, after its step. The loss that the step came from is the one to add up.",
    keys=(_MEAN,),
)
def measured_after_the_step(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss_fn(model(inputs), labels).item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "The result is a tensor. If you add up losses that are still tracked, the graphs of all batches stay in memory. "
    "Add numbers: `loss.item()`.",
    keys=(_KIND,),
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
    "You return a list. The task asks for a single number, the mean loss of a sample.",
    keys=(_KIND,),
)
def a_list_of_losses(model, batches, loss_fn, optimizer):
    model.train()
    losses = []
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_epoch.mistake(
    "You return a function that was not called: put brackets behind it, as in `.item()`.",
    keys=(_KIND,),
)
def not_called(model, batches, loss_fn, optimizer):
    model.train()
    total = 0.0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss * len(labels)
    return total.item


@train_epoch.mistake(
    "Your function returns nothing. The caller needs the mean loss: `return` it.",
    keys=(_KIND,),
)
def nothing_returned(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    print(total / samples)


@train_epoch.mistake(
    "The weights are right, and the number that you return is not. Each batch brings the loss that its step came from, times "
    "its number of samples; at the end all is divided by the number of all samples.",
    keys=(_LEARNS, _RETURNS, _KIND),
)
def the_fraction_upside_down(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return samples / total


@train_epoch.mistake(
    "The weights are not those that one step for each batch gives: forget, predict, measure, `backward`, `step`, each once "
    "and in this order, with the optimizer as it was given.",
    keys=(_LEARNS,),
)
def two_steps(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "You divide by a number that is still 0. Count the samples in the loop, before you divide.",
    error="division by zero",
)
def nothing_counted(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / samples


@train_epoch.mistake(
    "The arguments of `loss_fn` stand in the wrong order: first what the model says, then the labels.",
)
def arguments_swapped(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(labels, model(inputs))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "A Python number has no `backward`. Call it on the tensor that `loss_fn` returns, and take `.item()` for the sum only.",
    error="'float' object has no attribute 'backward'",
)
def item_before_backward(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), labels).item()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        samples += len(labels)
    return total / samples


@train_epoch.mistake(
    "`backward` found no way from the loss to the weights: the loss was computed under `no_grad`, or cut off by `item`, "
    "`detach` or `torch.tensor`.",
    error="does not require grad",
)
def under_no_grad(model, batches, loss_fn, optimizer):
    model.train()
    total, samples = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        with torch.no_grad():
            loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
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
    x, y = x[:1400].cpu(), y[:1400].cpu()
    by_label = y.argsort(stable=True)
    rates = {"right": 0.1, "rate too small": 0.002, "rate too large": 3.0, "no zero_grad": 0.03, "sorted data": 0.03}
    curves = {}
    for letter, fault in _FAULTS.items():
        with guard.repeatable():  # `network` seeds all generators, those of GPUs too: they are put back
            model = network(seed=0)
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


def _five_names(answer: Any) -> Any:
    """Return the answer; another name than the five becomes one that says so."""
    if not isinstance(answer, dict):
        return answer

    def known(name: Any) -> bool:
        return name in _FAULTS.values() if isinstance(name, str) else name is None or name is ...

    return {letter: name if known(name) else "another name" for letter, name in answer.items()}


diagnose = exercise(
    "Read five learning curves",
    name="diagnose",
    run=_five_names,
    cases=[()],
    hints=[
        "The dotted line is ln 10: the loss of a network that says the same to every image.",
        "One run has been far above that line, then lies on it. One has hardly left it. One went down and came back.",
        "If the data are sorted by label, all batches of one digit come together. Each new digit is a surprise.",
    ],
    idea="The shape of a curve names the fault: slow slope, leap then flat, comb, or fall and rise. Look at it "
    "before you change anything.",
)(_FAULTS)

_MISREAD = {
    ("A", "right"): "it begins well, but look at the end. A good run does not lose again what it has learned.",
    (
        "A",
        "rate too large",
    ): "a rate that is far too large fails in the first steps. Here all goes well at first, and the "
    "steps grow with time. What piles up?",
    ("A", "rate too small"): "too small a rate never rises again. This loss falls fast, then it climbs.",
    ("A", "sorted data"): "sorted data give leaps from the first epoch on, many in each epoch. Here the loss falls "
    "smoothly first, and climbs later. What grows with time?",
    ("B", "right"): "the direction is right. But compare it with the others after the same number of steps: it has "
    "hardly begun.",
    (
        "B",
        "rate too large",
    ): "the line is high, but it is not flat, and there is no leap at the start. It moves down, in "
    "steps that are tiny.",
    (
        "B",
        "no zero_grad",
    ): "gradients that pile up make the steps larger and larger. Here the steps are tiny to the end.",
    (
        "B",
        "sorted data",
    ): "sorted data give a comb, with a leap at each new digit. This is the smoothest of the five lines.",
    (
        "C",
        "right",
    ): "the loss goes down on average, but it leaps up again and again, to the very end. A good run swings much less.",
    (
        "C",
        "rate too large",
    ): "the loss swings as regularly as a comb, so it is no accident of the steps, and it still goes "
    "down. What comes back in each epoch in the same order?",
    (
        "C",
        "rate too small",
    ): "with too small a rate little happens in a step. Here the loss leaps up and down, many times in each epoch.",
    (
        "C",
        "no zero_grad",
    ): "nothing grows out of hand here. The loss is low, leaps up, and is low again, many times in each "
    "epoch. Which batches follow each other?",
    (
        "D",
        "rate too small",
    ): "the curve flattens because there is little left to learn, not because the steps are tiny. "
    "Look how far down it is.",
    (
        "D",
        "rate too large",
    ): "too large a rate leaps up at the start, or never settles. This loss goes down, and stays down.",
    ("D", "no zero_grad"): "if gradients pile up, the loss climbs in the end. This one is lowest at the end.",
    ("D", "sorted data"): "it swings a little, as batches drawn by chance do. Another curve swings far more, and as "
    "regularly as a comb.",
    (
        "E",
        "right",
    ): "this network has learned nothing: to the end it lies on the dotted line, the loss of a network that "
    "says the same to every image.",
    (
        "E",
        "rate too small",
    ): "a small rate gives a slow slope from the first step on. Here the loss leaps up first, then "
    "it is quite flat, near ln 10.",
    (
        "E",
        "no zero_grad",
    ): "gradients that pile up need time to do harm. Here the first steps already destroy the network, "
    "and it stays dead.",
    (
        "E",
        "sorted data",
    ): "sorted data leap in every epoch. Here the loss leaps in the first epoch alone, then it is flat.",
}
for (_letter, _name), _message in _MISREAD.items():
    diagnose.mistake(f"{_letter}: {_message}", name=f"{_letter} is {_name}")({_letter: _name})
for _letter in _FAULTS:
    diagnose.mistake(
        f"{_letter}: choose one of the five names of the task, exactly as they are written there: "
        f"{', '.join(map(repr, sorted(_FAULTS.values())))}.",
        name=f"{_letter} is another name",
    )({_letter: "another name"})


# ---- two update rules


_LEFT_OUT = "left out"  # the stub's own default counts
_STEPS = range(1, 5)
_PLACES = tuple(f"{name} after step {t}" for t in _STEPS for name in ("the vector p", "the matrix p"))
_GRADIENT = "the gradient g after the step"
_FIRST, _DECAY = "the first step is right", "the first step is right where the gradient is 0"
_G_CHANGED = (
    "You change `g` in place. It is the gradient of the network, and others may still read it: work with a new tensor."
)
_everywhere = {}  # what two mistakes share between all parameters
_SHAPES = (
    "Two shapes do not fit. The rule serves several parameters in turn, each with a `state` of its own: does all that it "
    "remembers stand in `state`?"
)


def _walk(rule: Any, oracle: Any, rates: tuple[float, ...], **settings: Any) -> dict[str, Any]:
    """Let a rule walk; say in addition what of its first step is right."""
    facts, wanted = _walked(rule, rates, settings), _walked(oracle, rates, settings)
    first = not any(difference(facts[place], wanted[place]) for place in _PLACES[:2])
    return facts | {_FIRST: first, _DECAY: not difference(facts[_PLACES[0]][-1], wanted[_PLACES[0]][-1])}


def _walked(rule: Any, rates: tuple[float, ...], settings: dict[str, Any]) -> dict[str, Any]:
    """Let a rule change two parameters in turn, one step for each learning rate, in float64."""
    settings = {name: value for name, value in settings.items() if value != _LEFT_OUT}
    vector, matrix = torch.tensor([1.0, -2.0, 0.5]).double(), torch.tensor([[3.0, -1.0], [0.25, 1.5]]).double()
    params = [nn.Parameter(vector), nn.Parameter(matrix)]
    states: list[dict] = [{} for _ in params]
    places, changed = [], False
    with torch.no_grad():  # as in `Optimizer.step`
        for t, lr in enumerate(rates):
            for p, state in zip(params, states, strict=True):
                g = 2 * p.detach() + torch.sin(3.0 * t + torch.arange(p.numel())).double().view(p.shape)
                g[-1] *= p.ndim - 1  # the last number of the vector has the gradient 0, as dead units have
                before = g.clone()
                rule(p, g, state, lr=lr, **settings)
                changed = changed or bool(difference(g, before, 0.0))
                places.append(p.detach().clone())
    return dict(zip(_PLACES, places, strict=True)) | {_GRADIENT: "changed" if changed else "as it was"}


def _torch_step(make: Callable[..., torch.optim.Optimizer], p: Tensor, g: Tensor, state: dict, lr: float) -> None:
    optimizer = state.setdefault("optimizer", None) or make([p])
    state["optimizer"], optimizer.param_groups[0]["lr"], p.grad = optimizer, lr, g
    optimizer.step()


def _torch_nesterov(p: Tensor, g: Tensor, state: dict, lr: float, rho: float = 0.9) -> None:
    _torch_step(lambda params: torch.optim.SGD(params, lr=lr, momentum=rho, nesterov=True), p, g, state, lr)


def _walk_with_rho(rule: Any, rates: tuple[float, ...], rho: float | str) -> dict[str, Any]:
    return _walk(rule, _torch_nesterov, rates, rho=rho)


@exercise(
    "Nesterov's momentum",
    oracle=_torch_nesterov,
    run=_walk_with_rho,
    cases=[((0.1, 0.1, 0.1, 0.1), _LEFT_OUT), ((0.1, 0.1, 0.01, 0.01), 0.5), ((0.02, 0.05, 0.2, 0.1), 0.7)],
    hints=[
        "Begin with the rule of momentum, from the table or from unit 6. Only the step changes, not the velocity.",
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
    "v with the new v.",
)
def plain_momentum(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * v


@nesterov.mistake(
    "This is plain gradient descent: no velocity is in your step. The step is along g + ρ v.",
)
def no_velocity(p, g, state, lr, rho=0.9):
    p -= lr * g


@nesterov.mistake(
    "Each step begins with no velocity. Put the new v into `state`, so that the next step finds it under the same key.",
)
def velocity_not_kept(p, g, state, lr, rho=0.9):
    v = rho * state.get("v", 0) + g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "The gradient in the velocity is multiplied by the learning rate twice. In PyTorch's form, v holds plain gradients.",
)
def rate_applied_twice(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + lr * g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "Your velocity has the learning rate inside. That agrees only while the rate is constant, and here it changes.",
)
def rate_inside_the_velocity(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + lr * g
    p -= lr * g + rho * v


@nesterov.mistake(
    "The learning rate multiplies g only. It belongs to the whole sum: put brackets around g + ρ v.",
)
def no_brackets(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * g + rho * v


@nesterov.mistake(
    "In the step, the new velocity is multiplied by ρ once more: g + ρ v, not g + v.",
)
def rho_missing_in_the_step(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (g + v)


@nesterov.mistake(
    "The gradient itself is missing in your step: it goes along g + ρ v, and yours along ρ v alone.",
)
def gradient_missing_in_the_step(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * rho * v


@nesterov.mistake(
    "ρ stands at the wrong one of the two: the step is g + ρ v, with the whole gradient.",
)
def rho_at_the_gradient(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (rho * g + v)


@nesterov.mistake(
    "Your velocity is a moving average: (1 − ρ) of the gradient goes in. Here the whole gradient does, as in `momentum`.",
)
def moving_average(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + (1 - rho) * g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "Your velocity does not fade: the old v counts by ρ in the new one.",
)
def velocity_does_not_fade(p, g, state, lr, rho=0.9):
    v = state["v"] = state.get("v", 0) + g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "You remember the direction of the step. `state` should keep v itself, and g + ρ v is used once.",
)
def direction_kept(p, g, state, lr, rho=0.9):
    v = rho * state.get("v", 0) + g
    state["v"] = g + rho * v
    p -= lr * state["v"]


@nesterov.mistake(
    "Your velocity has the wrong sign for the gradient: v is ρ v *plus* g, and the minus stands in the step.",
)
def minus_in_the_velocity(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) - g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "You go uphill: the gradient points to larger loss. Subtract the step.",
)
def uphill(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p += lr * (g + rho * v)


@nesterov.mistake(
    "You use 0.9 whatever ρ is given. Take the argument `rho`.",
)
def rho_written_as_a_number(p, g, state, lr, rho=0.9):
    v = state["v"] = 0.9 * state.get("v", 0) + g
    p -= lr * (g + 0.9 * v)


@nesterov.mistake(
    "p is as it was before. A line such as `p = p - …` makes a new tensor, and the network never sees it: change p in "
    "place.",
    keys=_PLACES,
)
def a_new_tensor(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p = p - lr * (g + rho * v)
    return p


@nesterov.mistake(
    "In the first step `state` is empty, so there is no velocity to read. `state.get('v', 0)` gives 0 then.",
    error="'",
)
def no_first_velocity(p, g, state, lr, rho=0.9):
    state["v"] = rho * state["v"] + g


@nesterov.mistake(
    "Something is None where a tensor is needed. In the first step `state` is empty, and `get` gives None unless you name "
    "another value.",
    error="NoneType",
)
def none_for_the_velocity(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v") + g
    p -= lr * (g + rho * v)


@nesterov.mistake(_G_CHANGED, keys=(_GRADIENT,))
def g_in_place(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    g += rho * v
    p -= lr * g


@nesterov.mistake(
    _SHAPES,
    error="must match the size",
)
def velocity_shared(p, g, state, lr, rho=0.9):
    v = _everywhere["v"] = rho * _everywhere.get("v", 0) + g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "The first step is right, and a later one is not. What a step leaves in `state` must be the new velocity itself, all of "
    "ρ v + g.",
    keys=(_FIRST,),
)
def gradient_kept(p, g, state, lr, rho=0.9):
    v = rho * state.get("v", 0) + g
    state["v"] = g
    p -= lr * (g + rho * v)


@nesterov.mistake(
    "Already the first step is not right. There the old velocity is 0, so v is g, and p should lose η (g + ρ g).",
    keys=(_FIRST,),
)
def rho_twice(p, g, state, lr, rho=0.9):
    v = state["v"] = rho * state.get("v", 0) + g
    p -= lr * (g + rho * rho * v)


def _torch_adamw(
    p: Tensor,
    g: Tensor,
    state: dict,
    lr: float,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> None:
    settings = {"weight_decay": weight_decay, "betas": (beta1, beta2), "eps": eps}
    _torch_step(lambda params: torch.optim.AdamW(params, lr=lr, **settings), p, g, state, lr)


def _walk_with_four(
    rule: Any,
    rates: tuple[float, ...],
    weight_decay: float | str,
    beta1: float | str,
    beta2: float | str,
    eps: float | str,
) -> dict[str, Any]:
    return _walk(rule, _torch_adamw, rates, weight_decay=weight_decay, beta1=beta1, beta2=beta2, eps=eps)


@exercise(
    "AdamW",
    oracle=_torch_adamw,
    run=_walk_with_four,
    cases=[
        ((0.1, 0.1, 0.1, 0.1), _LEFT_OUT, _LEFT_OUT, _LEFT_OUT, _LEFT_OUT),
        ((0.1, 0.1, 0.1, 0.1), 0.2, 0.9, 0.999, 1e-8),
        ((0.1, 0.1, 0.05, 0.01), 0.5, 0.6, 0.8, 0.1),
    ],
    hints=[
        "Begin with the rule of Adam, from the table or from unit 6. One line and one setting are new.",
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


def _adam(p, g, state, lr, beta1, beta2, eps):
    """Change p as Adam does."""
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "This is Adam. The weights must shrink as well: multiply p by 1 − η λ before Adam's step.",
)
def no_decay(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "You add λ θ to the gradient, and Adam then divides it by the root. That is L2 in Adam; AdamW shrinks p itself.",
    keys=_PLACES,
)
def decay_in_the_gradient(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    _adam(p, g + weight_decay * p, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "You shrink p by λ. The learning rate belongs to it: the factor is 1 − η λ.",
)
def decay_without_the_rate(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - weight_decay
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "You *multiply* p by η λ, so hardly anything of it is left. It should lose this part: the factor is 1 − η λ.",
)
def the_lost_part_alone(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= lr * weight_decay
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "Your weights grow: the decay has the wrong sign. θ *loses* η λ θ.",
)
def growth(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 + lr * weight_decay
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "You subtract η λ, the same from every number. The decay is η λ θ: a large weight loses more.",
)
def same_for_all(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p -= lr * weight_decay
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "You shrink p after Adam's step, so the new step shrinks as well. The decay comes first.",
)
def decay_after_adam(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    _adam(p, g, state, lr, beta1, beta2, eps)
    p *= 1 - lr * weight_decay


@adamw.mistake(
    "The decay is there, but Adam's step does not reach p. Is it missing, or does `p = p - …` make a new tensor?",
    keys=_PLACES,
)
def decay_alone(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay


@adamw.mistake(
    "p is as it was before. `p = …` makes a new tensor, and the network never sees it: change p in place, "
    "`p *= …` and `p -= …`.",
    keys=_PLACES,
)
def a_new_tensor(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p = p - lr * weight_decay * p
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "Both averages start at 0, so the first ones are too small. Divide m by 1 − β₁ᵗ and v by 1 − β₂ᵗ.",
)
def no_bias_correction(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    p -= lr * m / (v.sqrt() + eps)


@adamw.mistake(
    "Only one of the averages is corrected. v starts at 0 as well: divide it by 1 − β₂ᵗ.",
)
def v_not_corrected(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    p -= lr * m / (1 - beta1**t) / (v.sqrt() + eps)


@adamw.mistake(
    "Only one of the averages is corrected. m starts at 0 as well: divide it by 1 − β₁ᵗ.",
)
def m_not_corrected(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    p -= lr * m / ((v / (1 - beta2**t)).sqrt() + eps)


@adamw.mistake(
    "There is 0/0 in the first step: with t = 0, 1 − βᵗ is 0. Count the first step as t = 1.",
)
def t_from_0(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state.get("t", 0)
    state["t"] = t + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "You correct every step as if it were the first one, with t = 1. Keep t in `state`, count it up, and take the powers βᵗ.",
)
def t_not_counted(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "The averages begin anew in every step. Put m and v into `state`, as `adam` does.",
)
def averages_not_kept(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "ε stands inside the root. PyTorch adds it outside: √v̂ + ε. One test has ε = 0.1, where you can see the difference.",
)
def eps_inside_the_root(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat + eps).sqrt()


@adamw.mistake(
    "ε is missing, and where the gradient is 0 you divide 0 by 0. It is added to the root.",
)
def no_eps(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / v_hat.sqrt()


@adamw.mistake(
    "Brackets are missing around √v̂ + ε: your ε is not below the fraction line, but added to the step.",
)
def eps_after_the_fraction(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / v_hat.sqrt() + eps


@adamw.mistake(
    "The root is missing: divide by √v̂ + ε, not by v̂ + ε.",
)
def no_root(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (v_hat + eps)


@adamw.mistake(
    "You divide the gradient itself. Adam's step divides m̂, the corrected average of the gradients.",
)
def gradient_in_place_of_its_average(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    v_hat = v / (1 - beta2**t)
    p -= lr * g / (v_hat.sqrt() + eps)


@adamw.mistake(
    "β₁ and β₂ are swapped: β₁ belongs to the average of g, and β₂ to that of g².",
)
def betas_swapped(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    _adam(p, g, state, lr, beta2, beta1, eps)


@adamw.mistake(
    "Some settings are numbers in your lines. Use the arguments `beta1`, `beta2` and `eps`: the caller chooses them.",
)
def settings_written_as_numbers(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    _adam(p, g, state, lr, 0.9, 0.999, 1e-8)


@adamw.mistake(
    "Some settings are numbers in your lines. Use the arguments `beta1`, `beta2` and `eps`: the caller chooses them.",
)
def betas_written_as_numbers(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    _adam(p, g, state, lr, 0.9, 0.999, eps)


@adamw.mistake(
    "`math.sqrt` takes a single number, and v̂ is a tensor with many. Its own method is `v_hat.sqrt()`.",
    error="to Python scalars",
)
def root_of_a_number(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= lr * m_hat / (math.sqrt(v_hat) + eps)


@adamw.mistake(
    "You use 0.01 whatever λ is given. Take the argument `weight_decay`.",
)
def decay_written_as_a_number(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * 0.01
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "You go uphill: the gradient points to larger loss. Subtract Adam's step.",
)
def uphill(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    _adam(p, -g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "In the first step `state` is empty, so there is nothing to read. `state.get('m', 0)` gives 0 then.",
    error="'",
)
def no_first_average(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    state["t"] += 1


@adamw.mistake(_G_CHANGED, keys=(_GRADIENT,))
def g_in_place(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    g *= g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g
    p -= lr * m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps)


@adamw.mistake(
    "Where the gradient is 0, only the decay changes p: a number θ becomes θ (1 − η λ). Yours does something else there.",
    keys=(_DECAY,),
)
def half_the_decay(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay / 2
    _adam(p, g, state, lr, beta1, beta2, eps)


@adamw.mistake(
    "The first step is right, and a later one is not. So look at what comes from earlier steps: m, v and t in `state`, and "
    "the powers βᵗ.",
    keys=(_FIRST,),
)
def corrected_averages_kept(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    state["m"], state["v"] = m_hat, v_hat
    p -= lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    "The decay is right, and already the first of Adam's steps is not. With t = 1, m̂ is g and v̂ is g²: each number should "
    "move by η g / (|g| + ε).",
    keys=(_DECAY, _FIRST),
)
def step_twice_as_large(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    p -= 2 * lr * m_hat / (v_hat.sqrt() + eps)


@adamw.mistake(
    _SHAPES,
    error="must match the size",
)
def averages_shared(p, g, state, lr, weight_decay=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    p *= 1 - lr * weight_decay
    _adam(p, g, _everywhere, lr, beta1, beta2, eps)


EXERCISES = (accuracy, train_epoch, diagnose, nesterov, adamw)


def summary() -> Text:
    """Return one line: how many exercises of this unit are done, wrong and open."""
    return shown.summary(EXERCISES)
