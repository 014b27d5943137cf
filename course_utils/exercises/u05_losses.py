"""The exercises of unit 5: three losses by hand, the choice of a loss, modules, and a training loop to mend."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_utils.exercises.engine import shown
from course_utils.exercises.engine.compare import difference
from course_utils.exercises.engine.core import Exercise, Text, exercise
from course_utils.exercises.engine.facts import with_gradients

VALUE = ("the loss",)  # tells a mistake whose gradient may be anything
LOSSES_OF_NN = {f for name, f in vars(nn.functional).items() if "loss" in name or "entropy" in name}
WHERE_IT_FAILS = ("beside the right loss",)


class _Calls(TorchFunctionMode):
    """Note which of PyTorch's functions are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[Any] = set()

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self.seen.add(func)
        return func(*args, **(kwargs or {}))


def _loss_facts(name: str, oracle: Callable[..., Tensor], not_allowed: set) -> Callable[..., dict[str, Any]]:
    """Return a ``run`` for a loss of two arguments, the first with a name and tracked, as the output of a network is."""

    def run(answer: Callable[..., Any], *arguments: Tensor) -> dict[str, Any]:
        with _Calls() as calls:
            loss = answer(*arguments)
        if callable(loss):
            loss = "a function or a module that is not called"
        if isinstance(loss, np.generic):
            loss = loss.item()
        if isinstance(loss, Tensor) and loss.is_floating_point():
            loss = loss.to(arguments[0].dtype)  # no task asks for a dtype, so float64 is as good
        facts = with_gradients("the loss", loss, **{name: arguments[0]})
        if not isinstance(loss, Tensor):
            facts[f"the gradient for `{name}`"] = "none, since the loss is no tensor"
        return {
            **facts,
            "beside the right loss": _compared(loss, oracle(*arguments)),
            "a loss of PyTorch": "called" if not_allowed & calls.seen else "not called",
            "what you return": "a plain number" if isinstance(loss, float | int) else "a tensor or something else",
        }

    return run


def _compared(loss: Any, right: Tensor) -> str:
    if not isinstance(loss, Tensor) or loss.shape != right.shape:
        return "no scalar tensor"
    loss = loss.detach().to(right.dtype)
    if torch.isclose(loss, right, rtol=1e-5, atol=1e-5):
        return "equal"
    return ("smaller" if loss < right else "larger") if loss.isfinite() else "not finite"


def _tracked(values: list) -> Tensor:
    return torch.tensor(values, requires_grad=True)


def _add_common_mistakes(loss: Exercise, pytorchs: type[nn.Module], tracked: str) -> None:
    """Add what goes wrong with every loss, after what goes wrong with this one only."""

    @loss.mistake("This is right, but a loss of PyTorch computes it. Write its steps yourself.")
    def pytorchs_own_loss(prediction, target):
        return pytorchs()(prediction, target)

    @loss.mistake("This is the sum. Return the *mean*: it does not grow with the number of values.", keys=VALUE)
    def sum_in_place_of_mean(prediction, target):
        return pytorchs(reduction="sum")(prediction, target)

    @loss.mistake("You return many values, not yet their mean. A loss is one number.", keys=VALUE)
    def not_reduced(prediction, target):
        return pytorchs(reduction="none")(prediction, target)

    @loss.mistake("The sign is turned round. A loss falls towards 0 when the prediction becomes better.", keys=VALUE)
    def sign(prediction, target):
        return -pytorchs()(prediction, target)

    @loss.mistake(
        "The number is right, but in a tensor of shape (1,). A scalar tensor has the shape (): leave out `keepdim`, or brackets.",
        keys=VALUE,
    )
    def one_value_in_a_list(prediction, target):
        return pytorchs()(prediction, target).reshape(1)

    @loss.mistake(
        "The number is right. But it is a plain number, of Python or NumPy, and nobody can call `backward()` on it. Return the "
        "tensor, without `item()` or `float()`.",
        keys=VALUE,
    )
    def plain_number(prediction, target):
        return loss.answer(prediction, target).item()

    @loss.mistake(
        "You return a plain number, and nobody can call `backward()` on it. Return a tensor, without `item()` or functions of "
        "`math`. And its value is not always right.",
        keys=("what you return",),
    )
    def plain_number_and_wrong(prediction, target):
        return 0.0

    @loss.mistake(
        "The number is right, but cut off from what it was computed from: `backward()` cannot go back. `detach()`, `.data`, "
        "`no_grad()`, `item()` and a new `torch.tensor(...)` all cut.",
        keys=("the loss", f"the gradient for `{tracked}`"),
    )
    def cut_off(prediction, target):
        return loss.answer(prediction, target).detach()

    @loss.mistake(
        f"`backward()` could not start from what you return: it is cut off from `{tracked}`. And its value is not always right.",
        keys=(f"the gradient for `{tracked}`",),
    )
    def cut_off_and_wrong(prediction, target):
        return loss.answer(prediction, target).detach() + 1

    @loss.mistake(
        "NumPy does not know gradients. What comes from a network is tracked, so compute with tensors.",
        error="Can't call numpy() on Tensor that requires grad",
    )
    def with_numpy(prediction, target):
        return prediction.numpy()

    @loss.mistake(
        "You change a tensor that you were given, in place (with `-=`, or a method whose name ends with `_`). Make a new one.",
        error="a leaf Variable that requires grad is being used in an in-place operation",
    )
    def in_place(prediction, target):
        prediction -= 1

    @loss.mistake(
        "You call `backward()` inside. The caller does that: the loss only returns the tensor from which it starts.",
        error="backward through the graph a second time",
    )
    def backward_inside(prediction, target):
        value = loss.answer(prediction, target)
        value.backward()
        return value

    @loss.mistake(f"`nn.{pytorchs.__name__}` takes settings, not data. And the task is to write the loss yourself.")
    def the_class_gets_the_data(prediction, target):
        return pytorchs(prediction, target)

    @loss.mistake(
        "You return no value yet: a method such as `mean`, a function or a module must be called, with brackets.",
        keys=VALUE,
    )
    def method_not_called(prediction, target):
        return loss.answer(prediction, target).mean

    @loss.mistake(
        "Your function returns None. Does it end with `return`? (`print` shows a value, and does not return it.)",
        keys=VALUE,
    )
    def nothing_returned(prediction, target):
        print(loss.answer(prediction, target))


@exercise(
    "Mean squared error",
    oracle=torch.ops.aten.mse_loss,
    run=_loss_facts("prediction", torch.ops.aten.mse_loss, LOSSES_OF_NN),
    cases=[
        (_tracked([2.5, 0.0, 2.0, 8.0]), torch.tensor([3.0, -0.5, 2.0, 7.0])),
        (_tracked([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [4.0, 8.0], [2.0, 2.0]])),
        (_tracked([-1.5]), torch.tensor([1.0])),
        (_tracked([[300.0, -2.0, 0.5]]), torch.tensor([[-200.0, 1.0, 0.0]])),
        (_tracked([[1.0], [4.0], [-2.0]]), torch.tensor([[1.5], [1.0], [0.0]])),
    ],
    hints=[
        "Three steps: the difference, its square, the mean over everything.",
        "`.mean()` without arguments takes the mean over all values and gives a scalar tensor.",
    ],
    idea="Difference, square, mean. One scalar tensor comes out, and `backward()` can start from it.",
)
def mse(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error, a scalar tensor."""
    return ((prediction - target) ** 2).mean()


@mse.mistake("This is the mean of the absolute errors, which PyTorch calls `L1Loss`. Square the errors.", keys=VALUE)
def absolute_value(prediction, target):
    return (prediction - target).abs().mean()


@mse.mistake(
    "This is the mean of the errors themselves. Nothing is squared, so errors of opposite sign cancel.", keys=VALUE
)
def square_forgotten(prediction, target):
    return (prediction - target).mean()


@mse.mistake("This is the mean of the errors times 2. `* 2` doubles a number, and `** 2` squares it.", keys=VALUE)
def doubled_in_place_of_squared(prediction, target):
    return ((prediction - target) * 2).mean()


@mse.mistake("First square, then take the mean. The other way round, errors of opposite sign cancel.", keys=VALUE)
def square_of_the_mean(prediction, target):
    return (prediction - target).mean() ** 2


@mse.mistake("This is the root of the mean squared error. `MSELoss` takes no root.", keys=VALUE)
def root(prediction, target):
    return ((prediction - target) ** 2).mean().sqrt()


@mse.mistake("This is the root of the sum of the squares, a distance. Take the mean, and no root.", keys=VALUE)
def distance(prediction, target):
    return torch.norm(prediction - target)


@mse.mistake(
    "Where the tensors have two dimensions, `len` and `shape[0]` count rows only. The mean goes over *all* values.",
    keys=VALUE,
)
def divided_by_the_rows_only(prediction, target):
    return ((prediction - target) ** 2).sum() / len(prediction)


@mse.mistake(
    "Right for one dimension. Where there are two, your mean goes over the rows only, and one value for each column stays.",
    keys=VALUE,
)
def mean_over_the_rows_only(prediction, target):
    return ((prediction - target) ** 2).mean(dim=0)


@mse.mistake(
    "Right for one dimension. Where there are two, your mean goes along each row only, and one value for each row stays.",
    keys=VALUE,
)
def mean_along_each_row_only(prediction, target):
    return ((prediction - target) ** 2).mean(dim=-1)


@mse.mistake(
    "A tensor with one dimension has no `dim=1`. The mean goes over *all* values.", error="Dimension out of range"
)
def second_dimension(prediction, target):
    return ((prediction - target) ** 2).mean(dim=1)


@mse.mistake(
    "Right for four values only. Other tensors have other numbers of values: let the mean count them.", keys=VALUE
)
def divided_by_four(prediction, target):
    return ((prediction - target) ** 2).sum() / 4


@mse.mistake("You divide by K − 1. A variance is made so; the mean divides by the number of values K.", keys=VALUE)
def one_value_less(prediction, target):
    return ((prediction - target) ** 2).sum() / (prediction.numel() - 1)


@mse.mistake("This is the variance of the errors: their mean is subtracted before they are squared.", keys=VALUE)
def variance(prediction, target):
    return (prediction - target).var(correction=0)


@mse.mistake("Some books halve the error, so that its derivative has no factor 2. PyTorch does not.", keys=VALUE)
def half(prediction, target):
    return ((prediction - target) ** 2).mean() / 2


@mse.mistake(
    "The square reaches the target only, because `**` comes before `-`. Put the difference into brackets.", keys=VALUE
)
def brackets_forgotten(prediction, target):
    return (prediction - target**2).mean()


@mse.mistake(
    "You subtract the squares. The square of a difference is something else: subtract first, then square.", keys=VALUE
)
def difference_of_the_squares(prediction, target):
    return (prediction**2 - target**2).mean()


@mse.mistake("You add prediction and target. The error is their *difference*.", keys=VALUE)
def added(prediction, target):
    return ((prediction + target) ** 2).mean()


@mse.mistake("The target is nowhere in your result: it is the mean square of the predictions.", keys=VALUE)
def target_forgotten(prediction, target):
    return (prediction**2).mean()


@mse.mistake("The prediction is nowhere in your result: it is the mean square of the targets.", keys=VALUE)
def prediction_forgotten(prediction, target):
    return (target**2).mean()


@mse.mistake("The errors are raised to the third power. A square has the exponent 2.", keys=VALUE)
def third_power(prediction, target):
    return ((prediction - target) ** 3).mean()


@mse.mistake("Only the first error is in your result. Does your loop `return` in its first round?", keys=VALUE)
def return_inside_the_loop(prediction, target):
    for p, t in zip(prediction, target, strict=True):
        return (p - t) ** 2


@mse.mistake(
    "Only the last error is in your result. Does your loop replace the sum in place of adding to it?", keys=VALUE
)
def only_the_last(prediction, target):
    for p, t in zip(prediction, target, strict=True):
        loss = (p - t) ** 2
    return loss


@mse.mistake(
    "You return 0.375 for every input: that is the loss of the example above. Compute with `prediction` and `target`; "
    "other names, such as `squares`, belong to another cell.",
    keys=VALUE,
)
def variables_of_the_example(prediction, target):
    squares = torch.tensor([0.25, 0.25, 0.0, 1.0])  # which stands outside the function
    return squares.mean()


@mse.mistake(
    "The functions of `math` take one number, and a tensor may have many. Use `** 2` or `torch.square`.",
    error="only one element tensors can be converted",
)
def power_of_math(prediction, target):
    return math.pow(prediction - target, 2)


@mse.mistake(
    "Right for two dimensions. Where there is one, there is no `shape[1]`: `numel()` counts the values of any tensor.",
    error="index out of range",
)
def rows_times_columns(prediction, target):
    return ((prediction - target) ** 2).sum() / (prediction.shape[0] * prediction.shape[1])


@mse.mistake("`^` is no power in Python. A square is `** 2`.", error="bitwise_xor")
def caret(prediction, target):
    return ((prediction - target) ^ 2).mean()


_add_common_mistakes(mse, nn.MSELoss, "prediction")


def _terms(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the three terms of the stable form, for mistakes in how they are put together."""
    return scores.clamp(min=0), scores * target, torch.log(1 + torch.exp(-scores.abs()))


def _bce_of(p: Tensor, target: Tensor) -> Tensor:
    return -(target * torch.log(p) + (1 - target) * torch.log(1 - p)).mean()


@exercise(
    "Binary cross-entropy from raw scores",
    oracle=torch.ops.aten.binary_cross_entropy_with_logits,
    run=_loss_facts("scores", torch.ops.aten.binary_cross_entropy_with_logits, LOSSES_OF_NN),
    # no score is 0, where |z| has no gradient; 60 overflows the sigmoid, and 200 the exponential as well
    cases=[
        (_tracked([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.0, 1.0])),
        (_tracked([60.0, -3.0, 1.0, -0.5]), torch.tensor([0.0, 1.0, 0.0, 0.0])),
        (_tracked([-200.0, 4.0, 200.0]), torch.tensor([1.0, 0.0, 0.0])),
        (_tracked([-1.5]), torch.tensor([1.0])),
        (torch.arange(-2.75, 3.0)[::2].requires_grad_(), torch.tensor([0.0, 1.0, 1.0])),
    ],
    hints=[
        "The three parts of the formula are: max(z, 0), then −z · y, then log(1 + exp(−|z|)).",
        "max(z, 0) of a tensor is `scores.clamp(min=0)`; |z| is `scores.abs()`.",
        "Add the three parts for each sample, then take the mean over the samples.",
    ],
    idea="From the raw score, the loss needs no logarithm of 0 and no large exponential. That is what "
    "`BCEWithLogitsLoss` does.",
)
def bce_from_scores(scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean binary cross-entropy of raw scores, without overflow."""
    rest = torch.log(1 + torch.exp(-scores.abs()))
    return (scores.clamp(min=0) - scores * target + rest).mean()


@bce_from_scores.mistake(
    "Right for small scores. For a score of 30 against the label 0 the loss should be about 30; `BCELoss` "
    "can only say 100 there. Work with the raw score.",
    keys=VALUE,
)
def bceloss_of_the_sigmoid(scores, target):
    return nn.BCELoss()(torch.sigmoid(scores), target)


@bce_from_scores.mistake(
    "Right for small scores. For large ones the loss is infinite or nan: the sigmoid rounds to exactly 1 or 0, and the "
    "logarithm of 0 is −inf. Use the form that never takes the logarithm of 0.",
    keys=WHERE_IT_FAILS,
)
def sigmoid_then_log(scores, target):
    return _bce_of(torch.sigmoid(scores), target)


@bce_from_scores.mistake(
    "Right for small scores, and too small for large ones. Do you clamp, or add a small number inside the logarithm? "
    "That hides how wrong the prediction is, and the gradient is lost. Work with the raw score.",
    keys=WHERE_IT_FAILS,
)
def clamped_probability(scores, target):
    return _bce_of(torch.sigmoid(scores).clamp(1e-7, 1 - 1e-7), target)


@bce_from_scores.mistake(
    "Right up to a score of 60. But exp(200) is larger than any `float32`. Take `exp` of negative numbers only: of −|z|.",
    keys=WHERE_IT_FAILS,
)
def exp_overflows(scores, target):
    return (torch.log(1 + torch.exp(scores)) - scores * target).mean()


@bce_from_scores.mistake(
    "You take the logarithm of the raw score. A score may be negative: it is no probability.", keys=VALUE
)
def sigmoid_forgotten(scores, target):
    return _bce_of(scores, target)


@bce_from_scores.mistake(
    "The mean is taken of the last term only, because of the brackets. Add the three first.", keys=VALUE
)
def mean_of_the_last_term(scores, target):
    positive, product, rest = _terms(scores, target)
    return positive - product + rest.mean()


@bce_from_scores.mistake(
    "Your loss is small where the prediction is wrong: the labels 0 and 1 are exchanged.", keys=VALUE
)
def labels_turned_round(scores, target):
    return nn.BCEWithLogitsLoss()(scores, 1 - target)


@bce_from_scores.mistake("The scores go through a sigmoid first. This formula takes the raw scores.", keys=VALUE)
def sigmoid_once_too_often(scores, target):
    return nn.BCEWithLogitsLoss()(torch.sigmoid(scores), target)


@bce_from_scores.mistake(
    "This is the squared error of the probability. The task is the cross-entropy, with a logarithm.", keys=VALUE
)
def squared_error(scores, target):
    return ((torch.sigmoid(scores) - target) ** 2).mean()


@bce_from_scores.mistake(
    "Nearly: the `exp` needs −|z|, not −z. For a negative score, −z is positive and large.", keys=VALUE
)
def abs_forgotten(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log(1 + torch.exp(-scores))).mean()


@bce_from_scores.mistake("Nearly: the `exp` needs −|z|, not z.", keys=VALUE)
def abs_and_minus_forgotten(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log(1 + torch.exp(scores))).mean()


@bce_from_scores.mistake("Check the signs: the exponent is −|z|, which is never above 0.", keys=VALUE)
def minus_forgotten(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log(1 + torch.exp(scores.abs()))).mean()


@bce_from_scores.mistake("Check the signs: z · y is subtracted.", keys=VALUE)
def product_added(scores, target):
    positive, product, rest = _terms(scores, target)
    return (positive + product + rest).mean()


@bce_from_scores.mistake("Check the signs: the logarithm is added.", keys=VALUE)
def logarithm_subtracted(scores, target):
    positive, product, rest = _terms(scores, target)
    return (positive - product - rest).mean()


@bce_from_scores.mistake("The term −z · y is missing, so the target plays no part.", keys=VALUE)
def product_forgotten(scores, target):
    positive, _, rest = _terms(scores, target)
    return (positive + rest).mean()


@bce_from_scores.mistake("The second term is the *product* z · y. The score in it is missing.", keys=VALUE)
def target_only(scores, target):
    positive, _, rest = _terms(scores, target)
    return (positive - target + rest).mean()


@bce_from_scores.mistake("The second term is the *product* z · y. The target in it is missing.", keys=VALUE)
def score_only(scores, target):
    positive, _, rest = _terms(scores, target)
    return (positive - scores + rest).mean()


@bce_from_scores.mistake("Scores and target are exchanged in your formula.", keys=VALUE)
def exchanged(scores, target):
    return nn.BCEWithLogitsLoss()(target, scores)


@bce_from_scores.mistake("The first term is max(z, 0). It is missing.", keys=VALUE)
def maximum_forgotten(scores, target):
    _, product, rest = _terms(scores, target)
    return (rest - product).mean()


@bce_from_scores.mistake("The last term, the logarithm, is missing.", keys=VALUE)
def logarithm_term_forgotten(scores, target):
    positive, product, _ = _terms(scores, target)
    return (positive - product).mean()


@bce_from_scores.mistake("The first term is max(z, 0): negative scores become 0. Yours is z itself.", keys=VALUE)
def score_in_place_of_its_maximum(scores, target):
    _, product, rest = _terms(scores, target)
    return (scores - product + rest).mean()


@bce_from_scores.mistake("The first term is max(z, 0). Yours is |z|, which turns negative scores round.", keys=VALUE)
def abs_in_place_of_the_maximum(scores, target):
    _, product, rest = _terms(scores, target)
    return (scores.abs() - product + rest).mean()


@bce_from_scores.mistake(
    "The first term is max(z, 0). Yours is min(z, 0): `clamp(min=0)` keeps the *positive* scores.", keys=VALUE
)
def minimum_in_place_of_maximum(scores, target):
    _, product, rest = _terms(scores, target)
    return (scores.clamp(max=0) - product + rest).mean()


@bce_from_scores.mistake(
    "max(z, 0) is taken for *each* score. Yours is the largest of all scores, for every sample.", keys=VALUE
)
def largest_of_all(scores, target):
    _, product, rest = _terms(scores, target)
    return (scores.max() - product + rest).mean()


@bce_from_scores.mistake("In max(z, 0) the score itself is kept where it is positive. Yours is 1 there.", keys=VALUE)
def comparison_in_place_of_the_maximum(scores, target):
    _, product, rest = _terms(scores, target)
    return ((scores > 0).float() - product + rest).mean()


@bce_from_scores.mistake("The logarithm is missing: the last term is ln(1 + e^…), and yours is 1 + e^….", keys=VALUE)
def logarithm_forgotten(scores, target):
    return (scores.clamp(min=0) - scores * target + (1 + torch.exp(-scores.abs()))).mean()


@bce_from_scores.mistake("The logarithm is missing, and so is the 1 in it: the last term is ln(1 + e^…).", keys=VALUE)
def exponential_only(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.exp(-scores.abs())).mean()


@bce_from_scores.mistake("Inside the logarithm, the exponential is added to 1, not subtracted.", keys=VALUE)
def one_minus_the_exponential(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log(1 - torch.exp(-scores.abs()))).mean()


@bce_from_scores.mistake("`log1p(x)` is ln(1 + x) already. You add the 1 twice.", keys=VALUE)
def one_added_twice(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log1p(1 + torch.exp(-scores.abs()))).mean()


@bce_from_scores.mistake("The 1 inside the logarithm is missing: it is ln(1 + e^…).", keys=VALUE)
def one_forgotten(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log(torch.exp(-scores.abs()))).mean()


@bce_from_scores.mistake("ln is the natural logarithm, `torch.log`. Yours has the base 2.", keys=VALUE)
def base_two(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log2(1 + torch.exp(-scores.abs()))).mean()


@bce_from_scores.mistake(
    "Only the first sample is in your result. Does your loop `return` in its first round?", keys=VALUE
)
def return_inside_the_loop(scores, target):
    for z, y in zip(scores, target, strict=True):
        return z.clamp(min=0) - z * y + torch.log(1 + torch.exp(-z.abs()))


@bce_from_scores.mistake(
    "Only the last sample is in your result. Add up the losses of all of them, then divide.", keys=VALUE
)
def only_the_last(scores, target):
    for z, y in zip(scores, target, strict=True):
        loss = z.clamp(min=0) - z * y + torch.log(1 + torch.exp(-z.abs()))
    return loss


@bce_from_scores.mistake("Right for three samples only. Let the mean count them.", keys=VALUE)
def divided_by_three(scores, target):
    return nn.BCEWithLogitsLoss(reduction="sum")(scores, target) / 3


@bce_from_scores.mistake(
    "The loss is right, but its gradient is nan for large scores: an `exp` overflows on the way, even where its value is "
    "not the one that is chosen. Take `exp` of −|z| only."
)
def both_branches_of_where(scores, target):
    positive = scores - scores * target + torch.log(1 + torch.exp(-scores))
    negative = -scores * target + torch.log(1 + torch.exp(scores))
    return torch.where(scores > 0, positive, negative).mean()


@bce_from_scores.mistake(
    "The loss is right, but the gradient of its last term is missing. `math.log` and `math.exp` return Python numbers, and so "
    "does `item()`; `detach()` cuts the way back as well. Use `torch.log` and `torch.exp`."
)
def functions_of_math(scores, target):
    total = 0
    for z, y in zip(scores, target, strict=True):
        total = total + max(z, 0) - z * y + math.log(1 + math.exp(-abs(z)))
    return total / len(scores)


@bce_from_scores.mistake(
    "`BCELoss` takes probabilities, and the scores are none yet. And the task is to write the loss for raw scores yourself.",
    error="all elements of input should be between 0 and 1",
)
def bceloss_of_the_scores(scores, target):
    return nn.BCELoss()(scores, target)


@bce_from_scores.mistake(
    "Half of the loss is missing: a target of 0 adds something too, the logarithm of 1 − probability. And work with the raw "
    "score.",
    keys=VALUE,
)
def second_part_forgotten(scores, target):
    return -(target * torch.log(torch.sigmoid(scores))).mean()


@bce_from_scores.mistake(
    "Python's `max` and `if` need one truth value, and a tensor has many. For each value, use `scores.clamp(min=0)`.",
    error="Boolean value of Tensor",
)
def max_of_python(scores, target):
    _, product, rest = _terms(scores, target)
    return (max(scores, 0) - product + rest).mean()


@bce_from_scores.mistake(
    "`torch.max(scores, 0)` gives a pair, the largest value and its place. For each value, use `scores.clamp(min=0)`.",
    error="torch.return_types.max",
)
def pair_of_torch_max(scores, target):
    _, product, rest = _terms(scores, target)
    return (torch.max(scores, 0) - product + rest).mean()


@bce_from_scores.mistake(
    "`torch.maximum` and `torch.minimum` compare two tensors, and 0 is a number. Use `scores.clamp(min=0)`.",
    error="imum(): argument 'other' (position 2) must be Tensor, not int",
)
def maximum_of_a_number(scores, target):
    _, product, rest = _terms(scores, target)
    return (torch.maximum(scores, 0) - product + rest).mean()


@bce_from_scores.mistake(
    "`torch.log` gets a number alone. It belongs around the whole sum, 1 + e^(−|z|).",
    error="log(): argument 'input' (position 1) must be Tensor, not int",
)
def log_of_one(scores, target):
    return (scores.clamp(min=0) - scores * target + torch.log(1) + torch.exp(-scores.abs())).mean()


@bce_from_scores.mistake(
    "The functions of `math` take one number, and a tensor has many. Use those of torch: `torch.log`, `torch.exp`.",
    error="only one element tensors can be converted",
)
def math_of_a_tensor(scores, target):
    return (scores.clamp(min=0) - scores * target + math.log(1 + math.exp(-scores.abs()))).mean()


_add_common_mistakes(bce_from_scores, nn.BCEWithLogitsLoss, "scores")


def _picked(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_p[torch.arange(len(labels)), labels]


@exercise(
    "Cross-entropy from raw scores",
    oracle=torch.ops.aten.cross_entropy_loss,
    run=_loss_facts("scores", torch.ops.aten.cross_entropy_loss, {nn.functional.cross_entropy}),
    # as many samples as classes, more, fewer; a score whose exponential overflows; labels without the last class
    cases=[
        (_tracked([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0], [1.0, 1.5, 0.0]]), torch.tensor([0, 2, 0])),
        (_tracked([[1.0, -2.0], [0.5, 0.0], [0.3, 2.0], [4.0, 1.0]]), torch.tensor([1, 0, 1, 0])),
        (_tracked([[150.0, 0.0, 1.0], [0.0, 2.0, 1.0]]), torch.tensor([1, 1])),
        (_tracked([[0.5, -1.0, 2.0, 0.0]]), torch.tensor([3])),
        (_tracked([[-3.0, -1.0, 1.0], [-2.0, 0.0, 2.0]]), torch.tensor([2, 0])),
    ],
    hints=[
        "Two steps: `torch.log_softmax(scores, dim=…)`, then pick from each row the value at its label.",
        "One value from each row: `log_p[torch.arange(len(labels)), labels]`.",
        "Over the classes of one sample is `dim=1`. At the end: the mean, with a minus.",
    ],
    idea="Log-softmax, pick the right class, mean with a minus. `nn.CrossEntropyLoss` does all of it, so the network "
    "ends with raw scores.",
)
def cross_entropy(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of raw scores (N, C) and class indices (N,)."""
    log_p = torch.log_softmax(scores, dim=1)
    picked = log_p[torch.arange(len(labels)), labels]
    return -picked.mean()


@cross_entropy.mistake(
    "Softmax is in your answer twice. `cross_entropy` and `log_softmax` take the raw scores.", keys=VALUE
)
def softmax_twice(scores, labels):
    return nn.CrossEntropyLoss()(scores.softmax(dim=1), labels)


@cross_entropy.mistake("You average the probabilities. The loss is the mean of minus their *logarithm*.", keys=VALUE)
def log_forgotten(scores, labels):
    return -_picked(scores.softmax(dim=1), labels).mean()


@cross_entropy.mistake(
    "You average the raw scores. They must become logarithms of probabilities first: `log_softmax`.", keys=VALUE
)
def softmax_forgotten(scores, labels):
    return -_picked(scores, labels).mean()


@cross_entropy.mistake(
    "You take the logarithm of the raw scores. They are no probabilities yet: `log_softmax`.", keys=VALUE
)
def log_of_the_scores(scores, labels):
    return -_picked(torch.log(scores), labels).mean()


@cross_entropy.mistake("The logarithm is in your answer twice. `log_softmax` has taken it already.", keys=VALUE)
def log_twice(scores, labels):
    return -_picked(torch.log(torch.log_softmax(scores, dim=1)), labels).mean()


@cross_entropy.mistake(
    "Right for small scores. For a score of 150 the loss is infinite or nan: the exponential overflows, or a probability "
    "rounds to 0, and log(0) is −inf. `log_softmax` does both in one stable step.",
    keys=WHERE_IT_FAILS,
)
def log_after_softmax(scores, labels):
    return -_picked(torch.log(torch.softmax(scores, dim=1)), labels).mean()


@cross_entropy.mistake(
    "Right for small scores, and too small for large ones. Do you clamp, or add a small number inside the logarithm? "
    "That hides how wrong the prediction is. `log_softmax` needs no such help.",
    keys=WHERE_IT_FAILS,
)
def epsilon_inside_the_log(scores, labels):
    return -_picked(torch.log(torch.softmax(scores, dim=1) + 1e-8), labels).mean()


@cross_entropy.mistake(
    "Your softmax goes over the samples. The probabilities of *one sample* add up to 1: `dim=1`.", keys=VALUE
)
def wrong_dim(scores, labels):
    return -_picked(torch.log_softmax(scores, dim=0), labels).mean()


@cross_entropy.mistake(
    "Your softmax goes over all scores of all samples. The probabilities of *one sample* add up to 1: `dim=1`.",
    keys=VALUE,
)
def softmax_over_everything(scores, labels):
    e = torch.exp(scores)
    return -torch.log(_picked(e / e.sum(), labels)).mean()


@cross_entropy.mistake(
    "`log_p[:, labels]` takes whole columns. You need one value from each row: row i, column labels[i].", keys=VALUE
)
def whole_columns(scores, labels):
    return -torch.log_softmax(scores, dim=1)[:, labels].mean()


@cross_entropy.mistake(
    "`log_p[labels]` takes whole rows. A label is the number of a *column*: row i, column labels[i].",
    error="out of bounds",
)
def whole_rows(scores, labels):
    return -torch.log_softmax(scores, dim=1)[labels].mean()


@cross_entropy.mistake(
    "The indices are exchanged: first the row, which is the sample, then the column, which is the label.",
    error="out of bounds",
)
def indices_exchanged(scores, labels):
    return -torch.log_softmax(scores, dim=1)[labels, torch.arange(len(labels))].mean()


@cross_entropy.mistake("You average over all classes. Only the value at the label of each row counts.", keys=VALUE)
def nothing_picked(scores, labels):
    return -torch.log_softmax(scores, dim=1).mean()


@cross_entropy.mistake("You add up all classes. Only the value at the label of each row counts.", keys=VALUE)
def all_classes_added(scores, labels):
    return -torch.log_softmax(scores, dim=1).sum(dim=1).mean()


@cross_entropy.mistake(
    "You pick the *largest* value of each row, whatever the label says. Pick the value at the label.", keys=VALUE
)
def the_largest_picked(scores, labels):
    return -torch.log_softmax(scores, dim=1).max(dim=1).values.mean()


@cross_entropy.mistake(
    "The right values, but your mean divides by N · C: the zeros of the one-hot rows count too. Divide by "
    "the number of samples N.",
    keys=VALUE,
)
def mean_over_the_classes_too(scores, labels):
    return -(torch.log_softmax(scores, dim=1) * nn.functional.one_hot(labels, scores.shape[1])).mean()


@cross_entropy.mistake(
    "The sums have the shape (N,), so they broadcast along the rows: sample i is divided by the sum of another one. "
    "`keepdim=True` would help, and `log_softmax` does all of it, in a stable way."
)
def keepdim_forgotten(scores, labels):
    e = torch.exp(scores)
    return -torch.log(_picked(e / e.sum(dim=1), labels)).mean()


@cross_entropy.mistake("This is the accuracy. It has no slope, so it is no loss.", keys=VALUE)
def accuracy(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean()


@cross_entropy.mistake("You divide by the number of classes. Divide by the number of samples N.", keys=VALUE)
def divided_by_the_classes(scores, labels):
    return -_picked(torch.log_softmax(scores, dim=1), labels).sum() / scores.shape[1]


@cross_entropy.mistake("The labels begin at 0, as indices do. You count them from 1.", keys=VALUE)
def labels_from_one(scores, labels):
    return -_picked(torch.log_softmax(scores, dim=1), labels - 1).mean()


@cross_entropy.mistake("The labels begin at 0, as indices do. You add 1 to them.", error="out of bounds")
def one_added_to_the_labels(scores, labels):
    return -_picked(torch.log_softmax(scores, dim=1), labels + 1).mean()


@cross_entropy.mistake(
    "Softmax makes probabilities of the scores of one sample together. Yours is a sigmoid of each.", keys=VALUE
)
def sigmoid_in_place_of_softmax(scores, labels):
    return -_picked(nn.functional.logsigmoid(scores), labels).mean()


@cross_entropy.mistake(
    "You number the rows up to the number of *classes*. There are as many rows as samples: `len(labels)`."
)
def rows_up_to_the_classes(scores, labels):
    return -torch.log_softmax(scores, dim=1)[torch.arange(scores.shape[1]), labels].mean()


@cross_entropy.mistake(
    "Only the first sample is in your result. Does your loop `return` in its first round?", keys=VALUE
)
def return_inside_the_loop(scores, labels):
    for row, label in zip(torch.log_softmax(scores, dim=1), labels, strict=True):
        return -row[label]


@cross_entropy.mistake(
    "Only the last sample is in your result. Add up the losses of all of them, then divide.", keys=VALUE
)
def only_the_last(scores, labels):
    for row, label in zip(torch.log_softmax(scores, dim=1), labels, strict=True):
        loss = -row[label]
    return loss


@cross_entropy.mistake(
    "The number of rows is written into your answer, as in the example above. Use `len(labels)`.",
)
def rows_of_the_example(scores, labels):
    return -torch.log_softmax(scores, dim=1)[[0, 1], labels].mean()


@cross_entropy.mistake(
    "`gather` needs indices with as many dimensions as the tensor: a column of labels, `labels.unsqueeze(1)`.",
    error="Index tensor must have the same number of dimensions as input tensor",
)
def gather_without_a_column(scores, labels):
    return -torch.log_softmax(scores, dim=1).gather(1, labels).mean()


@cross_entropy.mistake(
    "`one_hot` counts the classes by the largest label, which need not be the last class. Tell it: `scores.shape[1]`.",
)
def one_hot_without_the_number(scores, labels):
    return -(torch.log_softmax(scores, dim=1) * nn.functional.one_hot(labels)).sum(dim=1).mean()


@cross_entropy.mistake(
    "A method gets a minus before it is called. Add the brackets: `mean()`.", error="bad operand type for unary -"
)
def minus_of_a_method(scores, labels):
    return -_picked(torch.log_softmax(scores, dim=1), labels).mean


@cross_entropy.mistake(
    "`log_softmax` needs to know over which dimension the probabilities add up to 1.",
    error='missing 1 required positional arguments: "dim"',
)
def dim_forgotten(scores, labels):
    return -_picked(torch.log_softmax(scores), labels).mean()


_add_common_mistakes(cross_entropy, nn.CrossEntropyLoss, "scores")


LOSSES = {
    "price of a house, the network returns one amount": "MSELoss",
    "price, but some prices in the data are badly wrong": "HuberLoss",
    "spam or not, from one raw score": "BCEWithLogitsLoss",
    "spam or not, from one probability": "BCELoss",
    "which of ten digits, from ten raw scores": "CrossEntropyLoss",
    "which of ten digits, from log_softmax": "NLLLoss",
    "a photo with any number of five tags, from five raw scores": "BCEWithLogitsLoss",
}
PRICE, BAD_PRICES, SPAM_SCORE, SPAM_PROBABILITY, DIGIT_SCORES, DIGIT_LOGS, TAGS = LOSSES
KINDS = {
    "MSELoss": "amount",
    "L1Loss": "amount",
    "HuberLoss": "amount",
    "BCELoss": "yes or no",
    "BCEWithLogitsLoss": "yes or no",
    "CrossEntropyLoss": "one of many",
    "NLLLoss": "one of many",
}


def _chosen(answer: Any) -> Any:
    """Add to the names what a mistake may be about: for which kind of task each loss is, and how the names are written."""
    if not isinstance(answer, dict):
        return answer
    names = {task: answer[task] for task in LOSSES if task in answer}
    kinds = {f"the kind of {task}": KINDS.get(name) if isinstance(name, str) else None for task, name in names.items()}
    strange = [name for name in names.values() if name not in (None, ..., *KINDS)]
    written = "as in the list"
    if strange:
        written = "without quotes" if not isinstance(strange[0], str) else "nn" if "nn." in strange[0] else "unknown"
    return {**answer, **kinds, "how the names are written": written}


choose_loss = exercise(
    "Which loss?",
    name="choose_loss",
    cases=[()],
    run=_chosen,
    hints=[
        "Three questions: a number or a class? How many classes? What does the network return: raw scores, "
        "probabilities, or their logarithms?",
        "Look at the table at the end of 5.4 again. The names are MSELoss, HuberLoss, BCELoss, BCEWithLogitsLoss, "
        "CrossEntropyLoss and NLLLoss; one of them is needed twice.",
        "Tags do not exclude each other, so each tag is a small question with yes or no.",
    ],
    idea="The task names the family, and what the network returns names the member. Raw scores with the loss that "
    "takes them is the safe pair.",
)(LOSSES)

for _written, _message in {
    "nn.MSELoss": "Without `nn.`: write only the name of the class, as a string.",
    "MSE": "At least one of your answers is none of the six names. Copy them as they stand in the list, `Loss` and capitals "
    "included.",
    nn.MSELoss(): "Put quotes around the names: each answer is a string.",
}.items():
    choose_loss.mistake(_message, name=f"written as {_written}", keys=["how the names are written"])({PRICE: _written})

# with True, the message is for every loss of the same kind
for _task, _loss, _whole_kind, _message in (
    (PRICE, "HuberLoss", False, "`HuberLoss` is for data with some values far off. No price in this task is said to be."),
    (PRICE, "L1Loss", False, "`L1Loss` is not in this list. Which loss is the plain one for an amount?"),
    (PRICE, "BCELoss", True, "The price of a house is an amount. The loss you chose asks for a yes or no."),
    (PRICE, "NLLLoss", True, "The price of a house is an amount. The loss you chose asks for one of several classes."),
    (BAD_PRICES, "MSELoss", False, "A square makes the few bad prices count most. Choose the loss that is straight for large "
     "errors and round near 0."),
    (BAD_PRICES, "L1Loss", False, "`L1Loss` is robust too, but not in this list. Which one is?"),
    (BAD_PRICES, "BCELoss", True, "A price that is badly wrong is an amount still. The loss you chose asks for a yes or no."),
    (BAD_PRICES, "NLLLoss", True, "A price that is badly wrong is an amount still. The loss you chose asks for a class."),
    (SPAM_SCORE, "BCELoss", False, "`BCELoss` takes probabilities. For a raw score, choose the one with logits in its name."),
    (SPAM_SCORE, "MSELoss", True, "From one raw score: spam or not is a class, not an amount."),
    (SPAM_SCORE, "NLLLoss", True, "One raw score comes, and the loss you chose needs one value for each class, so two."),
    (SPAM_PROBABILITY, "BCEWithLogitsLoss", False, "The sigmoid has been applied already. `BCEWithLogitsLoss` would apply it "
     "once more."),
    (SPAM_PROBABILITY, "MSELoss", True, "From one probability: spam or not is a class, not an amount."),
    (SPAM_PROBABILITY, "NLLLoss", True, "One probability comes, and the loss you chose needs one value for each class, so "
     "two."),
    (DIGIT_SCORES, "NLLLoss", False, "`NLLLoss` takes logarithms of probabilities. For raw scores, choose the loss that has "
     "`log_softmax` inside."),
    (DIGIT_SCORES, "MSELoss", True, "Ten digits are classes, not amounts: a 7 is not nearer to an 8 than to a 1."),
    (DIGIT_SCORES, "BCELoss", True, "Ten raw scores, and exactly one digit is right: they share one probability. The loss you "
     "chose asks ten separate questions with yes or no."),
    (DIGIT_LOGS, "CrossEntropyLoss", False, "`CrossEntropyLoss` has `log_softmax` inside, and here the network has it already. "
     "Choose the loss that only picks."),
    (DIGIT_LOGS, "MSELoss", True, "`log_softmax` gives logarithms of the probabilities of classes. The loss you chose is for "
     "amounts."),
    (DIGIT_LOGS, "BCELoss", True, "After `log_softmax`, the ten digits share one probability. The loss you chose asks ten "
     "separate questions with yes or no."),
    (TAGS, "BCELoss", False, "The five tags come as raw scores, and `BCELoss` takes probabilities. Which loss has the sigmoid "
     "inside?"),
    (TAGS, "CrossEntropyLoss", True, "Softmax shares one probability among the tags, as if only one could be right. Here each "
     "tag is a yes or no of its own."),
    (TAGS, "MSELoss", True, "A tag is there or not: a class, not an amount."),
):  # fmt: skip
    _keys = [f"the kind of {_task}" if _whole_kind else _task]
    choose_loss.mistake(_message, name=f"{_loss}: {_task}", keys=_keys)({_task: _loss})


class _Scaled(nn.Module):
    """A module with a parameter of its own, a buffer, and layers in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([2.0, 3.0]))
        self.register_buffer("mean", torch.zeros(5))
        self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Sequential(nn.Tanh(), nn.Linear(2, 3))])


def _count_facts(answer: Callable[..., Any], layers: str, model: nn.Module) -> dict[str, Any]:
    before = _inside(model)
    count = answer(model)
    return {"the count": count, "the model": "as before" if _inside(model) == before else "changed"}


def _inside(model: nn.Module) -> list:
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return [(name, t.tolist(), t.requires_grad) for name, t in tensors] + [m.training for m in model.modules()]


@exercise(
    "Count the parameters",
    run=_count_facts,
    cases=[
        ("Linear(3, 4), ReLU, Linear(4, 2)", nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))),
        (
            "Linear(5, 7), BatchNorm1d(7), ReLU, Linear(7, 1) without bias",
            nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 1, bias=False)),
        ),
        ("Linear(2, 3) alone", nn.Linear(2, 3)),
        (
            "Linear(2, 3); deeper inside, Linear(3, 4), Linear(4, 1)",
            nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 1)))),
        ),
        ("Conv2d(1, 2, 3), Flatten", nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())),
        ("a class with 2 parameters of its own, and 2 layers", _Scaled()),
    ],
    hints=[
        "`model.parameters()` yields every tensor that is learned, of all layers.",
        "The number of values of one tensor is `p.numel()`. Add them up with `sum`.",
    ],
    idea="`parameters()` reaches into every layer. It yields what an optimizer will change, and nothing else.",
)
def count_parameters(model: nn.Module) -> int:
    """Return how many numbers the model can learn."""
    return sum(p.numel() for p in model.parameters())


@count_parameters.mistake("This is the number of tensors. Each of them holds many numbers: add up their `numel()`.")
def tensors_counted(model):
    return len(list(model.parameters()))


@count_parameters.mistake("This is the number of layers. Count the numbers that are inside their tensors.")
def layers_counted(model):
    return len(list(model.children()))


@count_parameters.mistake("This is the number of modules. Count the numbers that are inside their tensors.")
def modules_counted(model):
    return len(list(model.modules()))


@count_parameters.mistake("You count the matrices only. A tensor with one dimension, such as a bias, is learned too.")
def matrices_only(model):
    return sum(p.numel() for p in model.parameters() if p.ndim > 1)


@count_parameters.mistake("You count the tensors with two dimensions only. Those with one or four are learned too.")
def two_dimensions_exactly(model):
    return sum(p.numel() for p in model.parameters() if p.ndim == 2)


@count_parameters.mistake(
    "You count what is called `weight`. A bias is learned too, and so is a parameter with any other name: `parameters()` "
    "yields them all."
)
def weights_only(model):
    return sum(p.numel() for name, p in model.named_parameters() if name.endswith("weight"))


@count_parameters.mistake(
    "You count what is called `weight` or `bias`. A parameter may have another name: `parameters()` yields them all."
)
def weights_and_biases_only(model):
    return sum(p.numel() for name, p in model.named_parameters() if name.endswith(("weight", "bias")))


@count_parameters.mistake("You count the biases only. The weights are learned too.")
def biases_only(model):
    return sum(p.numel() for name, p in model.named_parameters() if name.endswith("bias"))


@count_parameters.mistake("`len` and `shape[0]` of a tensor are its first dimension. `numel()` counts all its values.")
def first_dimension_only(model):
    return sum(len(p) for p in model.parameters())


@count_parameters.mistake(
    "`state_dict` also holds values that are kept but not learned, such as the running mean of batch "
    "normalisation. Ask for `parameters()`."
)
def buffers_counted(model):
    return sum(t.numel() for t in model.state_dict().values())


@count_parameters.mistake(
    "Buffers, such as the running mean of batch normalisation, are kept but not learned. You leave out those with certain "
    "names only; a module may have others. Ask for `parameters()`."
)
def some_buffers_counted(model):
    state = model.state_dict().items()
    return sum(t.numel() for name, t in state if "running" not in name and "num_batches" not in name)


@count_parameters.mistake(
    "You add the dimensions of a shape. The number of values is their *product*, which `numel()` gives."
)
def dimensions_added(model):
    return sum(sum(p.shape) for p in model.parameters())


@count_parameters.mistake(
    "This is the number of dimensions of the tensors, added up. `numel()` counts the values of a tensor."
)
def number_of_dimensions(model):
    return sum(p.ndim for p in model.parameters())


@count_parameters.mistake(
    "You add up the *values* of the parameters. The question is how many there are.", keys=("the count",)
)
def values_added(model):
    return sum(p.sum() for p in model.parameters())


@count_parameters.mistake("You add up the *values* of the parameters. The question is how many there are: `numel()`.")
def values_added_as_a_number(model):
    return sum(p.sum().item() for p in model.parameters())


@count_parameters.mistake("These are the bytes of the parameters. Count their values.")
def bytes_counted(model):
    return sum(p.numel() * p.element_size() for p in model.parameters())


@count_parameters.mistake("Only the first tensor is counted. Does your loop `return` in its first round?")
def return_inside_the_loop(model):
    for p in model.parameters():
        return p.numel()


@count_parameters.mistake("Only the last tensor is counted. Does your loop replace the count in place of adding to it?")
def only_the_last(model):
    for p in model.parameters():
        count = p.numel()
    return count


@count_parameters.mistake("You have one count for each tensor. Add them up.")
def not_added_up(model):
    return [p.numel() for p in model.parameters()]


@count_parameters.mistake(
    "You look at the layers directly inside the model. There may be layers inside those: `model.parameters()` reaches all."
)
def direct_layers_only(model):
    return sum(p.numel() for layer in model.children() for p in layer.parameters(recurse=False))


@count_parameters.mistake(
    "You ask the layers inside the model. The model itself may have parameters too: ask `model.parameters()`."
)
def own_parameters_forgotten(model):
    return sum(p.numel() for layer in model.children() for p in layer.parameters())


@count_parameters.mistake("You count only what the model itself holds, and nothing of the layers inside it.")
def own_parameters_only(model):
    return sum(p.numel() for p in model.parameters(recurse=False))


@count_parameters.mistake(
    "You count the linear layers. Other modules learn too, and so do parameters outside any layer."
)
def linear_layers_only(model):
    return sum(p.numel() for m in model.modules() if isinstance(m, nn.Linear) for p in m.parameters())


@count_parameters.mistake(
    "Some parameters are counted several times: `modules()` visits every layer, and `parameters()` of each reaches into the "
    "layers inside it as well."
)
def counted_more_than_once(model):
    return sum(p.numel() for m in model.modules() for p in m.parameters())


@count_parameters.mistake("The count is right, but it is a tensor. Return a Python number.")
def tensor_in_place_of_a_number(model):
    return torch.tensor(sum(p.numel() for p in model.parameters()))


@count_parameters.mistake("The count is right, but it is a number of NumPy. Return a Python number: `int(...)`.")
def number_of_numpy(model):
    return np.int64(count_parameters.answer(model))


@count_parameters.mistake("The count is right, but it is a string. Return a Python number.")
def string(model):
    return str(count_parameters.answer(model))


@count_parameters.mistake("You leave out what is called `bias`. It is learned too: `parameters()` yields all that is.")
def biases_forgotten(model):
    return sum(p.numel() for name, p in model.named_parameters() if "bias" not in name)


@count_parameters.mistake(
    "Right for tensors with one or two dimensions. Others have more: `numel()` counts the values, whatever the shape."
)
def two_dimensions_only(model):
    return sum(p.shape[0] * p.shape[1] if p.ndim > 1 else len(p) for p in model.parameters())


@count_parameters.mistake(
    "You count the linear layers directly inside the model. Other modules learn too, and layers may stand deeper."
)
def direct_linear_layers_only(model):
    return sum(p.numel() for m in model.children() if isinstance(m, nn.Linear) for p in m.parameters())


@count_parameters.mistake(
    "You count the linear layers only, and each with a bias. Other modules learn too, and a layer may have no bias."
)
def sizes_of_linear_layers(model):
    layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
    return sum(m.in_features * m.out_features + m.out_features for m in layers)


@count_parameters.mistake(
    "You count the linear layers directly inside the model, and each with a bias. Other modules learn too, and layers may stand "
    "deeper."
)
def sizes_of_direct_linear_layers(model):
    layers = [m for m in model.children() if isinstance(m, nn.Linear)]
    return sum(m.in_features * m.out_features + m.out_features for m in layers)


@count_parameters.mistake(
    "A bias has one dimension, so it has no `shape[1]`. `numel()` counts the values, whatever the shape.",
    error="index out of range",
)
def second_dimension(model):
    return sum(p.shape[0] * p.shape[1] for p in model.parameters())


@count_parameters.mistake(
    "`size()` and `shape` are several numbers, one for each dimension. `numel()` is their product.",
    error="'int' and 'torch.Size'",
)
def shapes_added(model):
    return sum(p.shape for p in model.parameters())


@count_parameters.mistake(
    "Only a tensor has `numel()`. `model.parameters()` yields the tensors one by one: go through them with a loop.",
    error="object has no attribute 'numel'",
)
def module_asked(model):
    return model.numel()


@count_parameters.mistake(
    "Only a tensor has `numel()`, and `children()` yields modules. `model.parameters()` yields the tensors.",
    error="object has no attribute 'numel'",
)
def children_asked(model):
    return sum(layer.numel() for layer in model.children())


@count_parameters.mistake(
    "`parameters` is a method. Call it, with brackets: `model.parameters()`.", error="'method' object is not iterable"
)
def parameters_not_called(model):
    return sum(p.numel() for p in model.parameters)


@count_parameters.mistake(
    "`len` does not know how many tensors `parameters()` will yield, and each holds many numbers. Go through them with a loop.",
    error="object of type 'generator' has no len()",
)
def length_of_the_generator(model):
    return len(model.parameters())


@count_parameters.mistake(
    "`numel` is a method. Call it, with brackets: `p.numel()`.", error="builtin_function_or_method"
)
def method_not_called(model):
    return sum(p.numel for p in model.parameters())


@count_parameters.mistake(
    "You add the tensors themselves, and their shapes differ. Add up how many values each has: `numel()`.",
    error="must match the size of tensor",
)
def tensors_added(model):
    return sum(model.parameters())


@count_parameters.mistake(
    "Not every module can be gone through with `for`. Ask for `model.parameters()`, which every module has.",
    error="' object is not iterable",
)
def iterated(model):
    count = 0
    for layer in model:
        count += sum(p.numel() for p in layer.parameters())
    return count


@count_parameters.mistake(
    "Not every layer has a `weight`, and not every module can be gone through with `for`. Ask for `model.parameters()`.",
    error="object",
)
def weights_in_a_loop(model):
    return sum(layer.weight.numel() + layer.bias.numel() for layer in model)


@count_parameters.mistake(
    "A model has no `weight` of its own; only single layers do. Ask for `model.parameters()`, which every module has.",
    error="object has no attribute 'weight'",
)
def weight_of_the_model(model):
    return model.weight.numel() + model.bias.numel()


@count_parameters.mistake(
    "You count the first layer only. `model.parameters()` yields the tensors of all.",
    error="object is not subscriptable",
)
def first_layer_only(model):
    return sum(p.numel() for p in model[0].parameters())


@count_parameters.mistake(
    "Not every layer has a `weight` and a `bias`. Ask for `model.parameters()`, which every module has.",
    error="object has no attribute 'weight'",
)
def weight_of_every_layer(model):
    return sum(layer.weight.numel() + layer.bias.numel() for layer in model.children())


@count_parameters.mistake(
    "You change the model while you count (its values, its mode, or what it can learn). Only look at it.",
    keys=("the model",),
)
def model_changed(model):
    model.requires_grad_(False)
    return count_parameters.answer(model)


@count_parameters.mistake(
    "Your function returns None. Does it end with `return`? (`print` shows a value, and does not return it.)",
    keys=("the count",),
)
def nothing_returned(model):
    print(count_parameters.answer(model))


GRADIENTS = tuple(f"the gradient for `parameter {i}`" for i in range(1, 7))
LAYERS = ("the shapes of the parameters",)
OUTPUT = ("the shapes of the parameters", "the output")


def _network_facts(
    network: Callable[..., nn.Module], n_in: int, n_hidden: int, n_out: int, x: Tensor
) -> dict[str, Any]:
    """Build the network, fill its parameters by a rule, and say what it is, what it returns, and whether it can learn."""
    torch.manual_seed(0)  # for layers that no parameter list reaches
    model = network(n_in, n_hidden, n_out)
    if not isinstance(model, nn.Module):
        return {"what the class makes": "no nn.Module"}
    parameters = list(model.parameters())
    with torch.no_grad():
        for i, p in enumerate(parameters):
            p.copy_(torch.sin(1.0 + i + torch.arange(p.numel())).view_as(p))
    output = model(x)  # in training mode, as every new module
    gradients = {f"parameter {i}": p for i, p in enumerate(parameters, start=1) if p.requires_grad}
    facts = with_gradients("the output", output, **gradients) if gradients else {"the output": output}
    many = x.repeat(50, 1)  # dropout surely drops one of so many values
    unlike = difference(model(many), model.eval()(many))
    wanted = [(n_hidden, n_in), (n_hidden,), (n_hidden, n_hidden), (n_hidden,), (n_out, n_hidden), (n_out,)]
    shapes = [tuple(p.shape) for p in parameters]
    facts.update({name: "there is no such parameter" for name in GRADIENTS if name not in facts})
    return {
        "what the class makes": "an nn.Module",
        "the shapes of the parameters": ", ".join(map(str, shapes)) or "none",
        "the order of the layers": "another"
        if shapes != wanted and sorted(shapes) == sorted(wanted)
        else "that of their use",
        "frozen parameters": "none" if len(gradients) == len(parameters) else "some",
        **facts,
        "training and evaluation": "different" if unlike else "alike",
    }


@exercise(
    "A network of your own",
    run=_network_facts,
    cases=[
        (2, 3, 4, torch.tensor([[1.0, 2.0], [-1.0, 0.5], [-3.0, -2.0]])),
        (4, 5, 3, torch.tensor([[0.5, -1.0, 2.0, 1.0], [1.0, 1.5, -1.0, -2.0]])),
        (3, 4, 1, torch.tensor([[1.0, -2.0, 0.5], [-1.0, -0.5, 3.0], [2.0, 0.0, -1.0]])),
        (1, 6, 2, torch.tensor([[-1.5]])),
        (3, 7, 5, torch.arange(-6.0, 6.0).view(3, 4).t() / 4),
    ],
    hints=[
        "The class of 5.6 has one hidden layer. Add one more, from `n_hidden` to `n_hidden`.",
        "In `__init__`: `super().__init__()` first, then three `nn.Linear` as attributes, in the order of use.",
        "In `forward`: relu after the first and after the second layer, none after the last, and `return`.",
    ],
    idea="`__init__` makes the layers, `forward` says how they are used. Because the layers are attributes, "
    "`parameters()` finds them all.",
)
class TwoHidden(nn.Module):
    """A network with two hidden layers of the same width, and raw scores at the end."""

    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_in, n_hidden)
        self.second = nn.Linear(n_hidden, n_hidden)
        self.output = nn.Linear(n_hidden, n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the raw scores."""
        x = torch.relu(self.first(x))
        x = torch.relu(self.second(x))
        return self.output(x)


class _Variant(TwoHidden.answer):
    """The network with other functions in its forward: before and after the layers."""

    def __init__(self, *sizes: int, start=None, first=torch.relu, second=torch.relu, end=None) -> None:
        super().__init__(*sizes)
        self.functions = [f or (lambda x: x) for f in (start, first, second, end)]

    def forward(self, x: Tensor) -> Any:
        start, first, second, end = self.functions
        return end(self.output(second(self.second(first(self.first(start(x)))))))


@TwoHidden.mistake(
    "A module must be set up before it can hold layers. Make `super().__init__()` the first line of `__init__`.",
    error="before Module.__init__() call",
)
class NoSuper(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        self.first = nn.Linear(n_in, n_hidden)


@TwoHidden.mistake(
    "Your class is no module. Name `nn.Module` in its first line: `class TwoHidden(nn.Module):`.",
    keys=("what the class makes",),
)
def no_module(n_in, n_hidden, n_out):
    class TwoHidden:
        def forward(self, x):
            return x

    return TwoHidden()


@TwoHidden.mistake(
    "PyTorch finds no `forward`. Is it spelled so, and is it indented as a method of the class?",
    error="Module [TwoHidden] is missing",
)
def no_forward(n_in, n_hidden, n_out):
    class TwoHidden(nn.Module):
        def foward(self, x):
            return x

    return TwoHidden()


@TwoHidden.mistake(
    "`parameters()` is empty, so an optimizer could not train your network. `nn.Module` finds layers that `__init__` makes "
    "attributes, and those in an `nn.ModuleList`; not those in a Python list, and not those that only `forward` makes.",
    keys=LAYERS,
)
class PlainList(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.layers = [nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_hidden), nn.Linear(n_hidden, n_out)]

    def forward(self, x):
        x = torch.relu(self.layers[0](x))
        x = torch.relu(self.layers[1](x))
        return self.layers[2](x)


@TwoHidden.mistake(
    "`forward` uses an attribute that `__init__` does not make. Does it begin with `self.` in both, and is it spelled alike?",
    error="'TwoHidden' object has no attribute",
)
def self_forgotten(n_in, n_hidden, n_out):
    class TwoHidden(nn.Module):
        def __init__(self):
            super().__init__()
            first = nn.Linear(n_in, n_hidden)  # noqa: F841 - the mistake

        def forward(self, x):
            return self.first(x)

    return TwoHidden()


@TwoHidden.mistake(
    "Python does not know a name. A layer needs `self.` before it, and a function of PyTorch `torch.` or `nn.functional.`.",
    error="is not defined",
)
def name_not_defined(n_in, n_hidden, n_out):
    class TwoHidden(nn.Module):
        def forward(self, x):
            return first(x)  # noqa: F821 - the mistake

    return TwoHidden()


@TwoHidden.mistake(
    "`forward` needs two parameters, `self` and `x`.", error="forward() takes 1 positional argument but 2"
)
def forward_with_one_parameter(n_in, n_hidden, n_out):
    class TwoHidden(nn.Module):
        def forward(x):
            return x

    return TwoHidden()


@TwoHidden.mistake(
    "An `__init__` gets another number of arguments than it takes. Yours takes `self` and the three sizes, and has two "
    "underscores on each side of its name; `super().__init__()` takes nothing.",
    error="TwoHidden.__init__() takes",
)
def init_with_other_parameters(n_in, n_hidden, n_out):
    class TwoHidden(nn.Module):
        def __init__(n_in, n_hidden, n_out):
            super().__init__()

    return TwoHidden(n_in, n_hidden, n_out)


@TwoHidden.mistake("`super` needs brackets: `super().__init__()`.", error="descriptor '__init__' of 'super' object")
class SuperNotCalled(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super.__init__()


@TwoHidden.mistake(
    "`nn.Sequential` takes the layers one by one, not in a list: leave out the square brackets.",
    error="list is not a Module",
)
class SequentialOfAList(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.layers = nn.Sequential([nn.Linear(n_in, n_hidden), nn.ReLU()])


@TwoHidden.mistake(
    "An `nn.ModuleList` only holds layers, and cannot be called. Go through them with a loop, or use `nn.Sequential`.",
    error="Module [ModuleList] is missing",
)
class ModuleListCalled(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(n_in, n_hidden)])

    def forward(self, x):
        return self.layers(x)


@TwoHidden.mistake(
    "`nn.ReLU` is a class, and `nn.ReLU(x)` builds a module with strange settings. Build it first, then call it: "
    "`nn.ReLU()(x)`, or use `torch.relu(x)`.",
    error="must be Tensor, not ReLU",
)
def the_class_gets_the_data(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, first=nn.ReLU)


@TwoHidden.mistake(
    "The sizes are 1, 10 and 1, as in the example above. Use `n_in`, `n_hidden` and `n_out`.",
    error="shapes cannot be multiplied",
)
def sizes_of_the_example(n_in, n_hidden, n_out):
    return TwoHidden.answer(1, 10, 1)


@TwoHidden.mistake(
    "A layer gets another number of features than it was made for: `nn.Linear(a, b)` takes a, and gives b to the next one.",
    error="shapes cannot be multiplied",
)
class SizesThatDoNotFit(TwoHidden.answer):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_out)
        self.first, self.output = nn.Linear(n_hidden, n_in), nn.Linear(n_out, n_hidden)


@TwoHidden.mistake("`forward` returns None. Does it end with `return`?", keys=("the output",))
def nothing_returned(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=print)


@TwoHidden.mistake(
    "`parameters()` yields those of the last layer only, so an optimizer could not train the hidden ones. Are they in a Python "
    "list? Make each an attribute, or use `nn.ModuleList`.",
    keys=LAYERS,
)
class HiddenLayersInAList(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.hidden = [nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_hidden)]
        self.output = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.output(x)


@TwoHidden.mistake("There are two linear layers. Two *hidden* layers and the output layer make three.", keys=LAYERS)
class OneHidden(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.first = nn.Linear(n_in, n_hidden)
        self.output = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return self.output(torch.relu(self.first(x)))


@TwoHidden.mistake("There are four linear layers. Two hidden layers and the output layer make three.", keys=LAYERS)
class ThreeHidden(TwoHidden.answer):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_hidden)
        self.last = nn.Linear(n_hidden, n_out)


@TwoHidden.mistake(
    "The output layer is missing: after the two hidden layers, one more gives `n_out` scores.", keys=LAYERS
)
class NoOutputLayer(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.first = nn.Linear(n_in, n_hidden)
        self.second = nn.Linear(n_hidden, n_hidden)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))))


@TwoHidden.mistake("Your layers have no bias. A linear layer has one: leave `bias=False` out.", keys=LAYERS)
class NoBias(TwoHidden.answer):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_out)
        for layer in (self.first, self.second, self.output):
            layer.bias = None


@TwoHidden.mistake(
    "The width of your hidden layers is always 10, as in the example above. Use `n_hidden`.", keys=LAYERS
)
class AlwaysTen(TwoHidden.answer):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, 10, n_out)


@TwoHidden.mistake(
    "Make the layers in the order of use. The check fills the parameters in the order of `__init__`.",
    keys=("the order of the layers",),
)
class OtherOrder(TwoHidden.answer):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_out)
        first = self.first
        del self.first  # a module keeps its layers in the order in which they were set
        self.first = first


@TwoHidden.mistake(
    "Some of your parameters are frozen (`requires_grad` is False), so training does not change them.",
    keys=("the shapes of the parameters", "frozen parameters"),
)
def frozen(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out).requires_grad_(False)


@TwoHidden.mistake(
    "No activation acts between the layers, so the three are no more than one linear layer. Put a relu after "
    "each hidden layer, and use what it returns.",
    keys=OUTPUT,
)
def no_activation(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, first=None, second=None)


@TwoHidden.mistake("The first hidden layer has no relu.", keys=OUTPUT)
def first_activation_forgotten(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, first=None)


@TwoHidden.mistake("The second hidden layer has no relu.", keys=OUTPUT)
def second_activation_forgotten(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, second=None)


@TwoHidden.mistake("The second hidden layer is made, and not used in `forward`.", keys=OUTPUT)
class SecondNotUsed(TwoHidden.answer):
    def forward(self, x):
        return self.output(torch.relu(self.first(x)))


@TwoHidden.mistake("`forward` uses the second hidden layer twice.", keys=OUTPUT)
class SecondTwice(TwoHidden.answer):
    def forward(self, x):
        x = torch.relu(self.second(torch.relu(self.first(x))))
        return self.output(torch.relu(self.second(x)))


@TwoHidden.mistake("`forward` does not use the last layer, so it returns hidden values.", keys=OUTPUT)
class LastNotUsed(TwoHidden.answer):
    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))))


@TwoHidden.mistake("Each relu stands before its layer. It belongs after it: relu(layer(x)).", keys=OUTPUT)
class ReluBefore(TwoHidden.answer):
    def forward(self, x):
        return self.output(self.second(torch.relu(self.first(torch.relu(x)))))


@TwoHidden.mistake(
    "There is a relu before the first layer too. It takes the negative part of the data away.", keys=OUTPUT
)
def relu_of_the_data(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, start=torch.relu)


@TwoHidden.mistake(
    "There is a relu after the last layer too. It turns every negative score into 0. Return the raw scores.",
    keys=OUTPUT,
)
def activation_after_the_last_layer(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=torch.relu)


@TwoHidden.mistake(
    "There is a relu after the last layer, and none after the second. Each *hidden* layer has one.", keys=OUTPUT
)
def relu_after_the_last_not_the_second(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, second=None, end=torch.relu)


@TwoHidden.mistake(
    "There is a softmax at the end. `CrossEntropyLoss` applies it itself: return the raw scores.", keys=OUTPUT
)
def softmax_at_the_end(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=lambda x: x.softmax(dim=1))


@TwoHidden.mistake(
    "There is a softmax at the end, even over the samples (`dim=0`). `CrossEntropyLoss` applies its own: return the raw scores.",
    keys=OUTPUT,
)
def softmax_over_the_samples(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=lambda x: x.softmax(dim=0))


@TwoHidden.mistake(
    "There is a log-softmax at the end. `CrossEntropyLoss` applies it itself: return the raw scores.", keys=OUTPUT
)
def log_softmax_at_the_end(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=lambda x: x.log_softmax(dim=1))


@TwoHidden.mistake(
    "There is a sigmoid at the end. Return the raw scores: a loss with logits applies it itself.", keys=OUTPUT
)
def sigmoid_at_the_end(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=torch.sigmoid)


@TwoHidden.mistake("You return the class with the largest score. A loss needs the raw scores.", keys=OUTPUT)
def classes_returned(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=lambda x: x.argmax(dim=1))


@TwoHidden.mistake("The activation is a sigmoid. The task asks for a relu.", keys=OUTPUT)
def sigmoid_between(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, first=torch.sigmoid, second=torch.sigmoid)


@TwoHidden.mistake("The activation is tanh. The task asks for a relu.", keys=OUTPUT)
def tanh_between(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, first=torch.tanh, second=torch.tanh)


@TwoHidden.mistake("The activation is a leaky relu. The task asks for a plain one.", keys=OUTPUT)
def leaky_relu_between(n_in, n_hidden, n_out):
    leaky = nn.functional.leaky_relu
    return _Variant(n_in, n_hidden, n_out, first=leaky, second=leaky)


@TwoHidden.mistake("The activation is a gelu. The task asks for a relu.", keys=OUTPUT)
def gelu_between(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, first=nn.functional.gelu, second=nn.functional.gelu)


@TwoHidden.mistake(
    "The scores lose a dimension where there is one sample or one score. Leave `squeeze` out: the shape is (N, n_out).",
    keys=OUTPUT,
)
def squeezed(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=torch.squeeze)


@TwoHidden.mistake(
    "The scores are right, but cut off from the parameters, so training could not change them. Leave out `detach()`, "
    "`.data` and `no_grad()`."
)
def cut_off(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end=torch.detach)


@TwoHidden.mistake(
    "The scores are right, but training could not change the first parameters: `detach()`, `.data` or `no_grad()` cuts them off.",
    keys=(*OUTPUT, GRADIENTS[0]),
)
class FirstLayersCutOff(TwoHidden.answer):
    def forward(self, x):
        with torch.no_grad():
            x = torch.relu(self.first(x))
        return self.output(torch.relu(self.second(x)))


@TwoHidden.mistake(
    "In training your network gives other values than after `eval()`, as dropout does. The task asks for linear layers and "
    "relus only.",
    keys=("training and evaluation",),
)
class WithDropout(TwoHidden.answer):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__(n_in, n_hidden, n_out)
        self.dropout = nn.Dropout()

    def forward(self, x):
        return self.dropout(super().forward(x))


def _training_facts(
    answer: Callable[..., Any], start: tuple[float, float], x: Tensor, y: Tensor, lr: float, steps: int
) -> dict[str, Any]:
    """Train a line that starts at a known place; return the losses, and where it ended."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(start[0])
        model.bias.fill_(start[1])
    losses = answer(model, x, y, lr, steps)
    values = losses if isinstance(losses, list | tuple) else []
    other = next((v for v in values if not isinstance(v, float | int)), 0.0)
    kinds = {Tensor: "tensors", str: "strings", float: "Python numbers"}.get(type(other), "other things")
    kinds = "methods" if callable(other) else kinds
    kinds = "NumPy's numbers" if isinstance(other, np.ndarray | np.generic) else kinds
    values = [v.item() if isinstance(v, Tensor) and v.numel() == 1 else v for v in values]
    place, numbers = (model.weight.item(), model.bias.item()), {v for v in values if isinstance(v, float | int)}
    still = "the losses only" if len(numbers) > 1 else "nothing, all losses are 0" if numbers == {0} else "nothing"
    return {  # in parts, since the loop of the exercise has several faults, and they are mended one by one
        "the losses": values if isinstance(losses, list | tuple) else losses,
        "the type of the result": type(losses).__name__,
        "what the list holds": kinds,
        "the weight after training": place[0],
        "the bias after training": place[1],
        "frozen parameters": "none" if all(p.requires_grad for p in model.parameters()) else "some",
        "what moves": "the parameters" if place != start else still,
    }


PLACE = ("the weight after training", "the bias after training")


def _train_like(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    lr: float,
    steps: int,
    order: str = "zero backward step",
    loss_fn: Callable[..., Tensor] = nn.functional.mse_loss,
    column: Callable[[Tensor], Tensor] = lambda y: y.unsqueeze(1),
    keep: Callable[[Tensor], Any] = Tensor.item,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.SGD,
) -> list:
    """Train as students do, with one thing different."""
    optimizer = optimizer(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = loss_fn(model(x), column(y))
        calls = {"zero": optimizer.zero_grad, "backward": loss.backward, "step": optimizer.step}
        for name in order.split():
            calls[name]()
        losses.append(keep(loss))
    return losses


@exercise(
    "Fix the loop",
    run=_training_facts,
    cases=[
        ((0.5, 0.0), torch.tensor([[0.0], [1.0], [2.0], [3.0]]), torch.tensor([1.0, 3.0, 4.0, 8.0]), 0.05, 4),
        ((-1.0, 1.0), torch.tensor([[-1.0], [0.5], [2.0]]), torch.tensor([2.0, 0.0, -1.0]), 0.1, 3),
        ((2.0, -0.5), torch.tensor([[1.5]]), torch.tensor([-1.0]), 0.1, 2),
        ((0.0, 0.25), torch.tensor([[1.0], [-2.0]]), torch.tensor([0.5, 1.5]), 0.02, 1),
        # inputs so small that the weight hardly moves, and every decay of it shows
        ((30.0, 1.0), torch.tensor([[0.1], [-0.2], [0.05]]), torch.tensor([2.0, -1.0, 4.0]), 0.5, 12),
    ],
    hints=[
        "There are four faults. Look at: how the loss is made, the shapes, the order of the three calls, what is "
        "collected.",
        "The order is `zero_grad()`, `backward()`, `step()`. The loss is an object: build it once before the loop.",
        "`y.unsqueeze(1)` has the shape of the prediction. `loss.item()` is a Python number.",
    ],
    idea="Clear, predict, measure, backward, step. Equal shapes for prediction and target, and `item()` for what you "
    "keep.",
)
def train_model(model: nn.Module, x: torch.Tensor, y: torch.Tensor, lr: float, steps: int) -> list[float]:
    """Train the model in place, and return the loss of each step as a list of Python numbers."""
    loss_fn = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y.unsqueeze(1))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@train_model.mistake(
    "`nn.MSELoss(prediction, y)` builds a loss with strange settings. "
    "Build it first, `loss_fn = nn.MSELoss()`, then call it.",
)
def the_class_called_with_tensors(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=nn.MSELoss)


@train_model.mistake(
    "The loop runs, but you collect tensors. Collect Python numbers: `loss.item()`. A tensor that is still "
    "tracked keeps its whole graph in memory.",
    keys=("what the list holds",),
)
def tensors_kept(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, keep=lambda loss: loss)


@train_model.mistake(
    "The model that you were given has not moved, although your losses change. Do you train another one, or a copy?",
    keys=("what moves",),
)
def a_copy_trained(model, x, y, lr, steps):
    return train_model.answer(copy.deepcopy(model), x, y, lr, steps)


@train_model.mistake(
    "The parameters never move. Is `step` missing, or without brackets, is it before `backward`, or does `zero_grad` stand "
    "between the two? The order is clear, backward, step.",
    keys=("what moves",),
)
def nothing_moves(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, order="backward zero step")


@train_model.mistake(
    "The gradients of all steps add up. Clear them in each round: `optimizer.zero_grad()`.", keys=PLACE
)
def never_cleared(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, order="backward step")


@train_model.mistake(
    "The prediction has shape (N, 1) and `y` has (N,). They broadcast to (N, N), so each prediction is "
    "compared with every target. Give `y` the shape of the prediction.",
    keys=PLACE,
)
def n_1_against_n(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, column=lambda y: y)


@train_model.mistake(
    "Two faults are left: the gradients of all steps add up, and (N, 1) against (N,) broadcasts to (N, N).", keys=PLACE
)
def never_cleared_and_n_1_against_n(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, order="backward step", column=lambda y: y)


@train_model.mistake(
    "`step` comes before `backward`, and nobody clears. The order is clear, backward, step.", keys=PLACE
)
def step_before_backward(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, order="step backward")


@train_model.mistake(
    "`step` comes before `backward`, so it uses the gradients of the round before. The order is clear, backward, step.",
    keys=PLACE,
)
def step_first(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, order="step zero backward")


@train_model.mistake("You make one step too many. `range(steps)` gives exactly `steps` rounds.")
def one_step_too_many(model, x, y, lr, steps):
    return train_model.answer(model, x, y, lr, steps + 1)


@train_model.mistake("You make one step less than asked. `range(steps)` gives exactly `steps` rounds.")
def one_step_less(model, x, y, lr, steps):
    return train_model.answer(model, x, y, lr, steps - 1)


@train_model.mistake(
    "Your function ends after the first step. `return` belongs after the loop, not inside.",
)
def return_inside_the_loop(model, x, y, lr, steps):
    return train_model.answer(model, x, y, lr, 1)


@train_model.mistake(
    "The training is right, but only the last loss is in your list. Make the empty list once, before the loop.",
)
def only_the_last_loss(model, x, y, lr, steps):
    return train_model.answer(model, x, y, lr, steps)[-1:]


@train_model.mistake(
    "The training is right, but you return the last loss only. The result is a list, with the loss of each step.",
)
def last_loss_without_a_list(model, x, y, lr, steps):
    return train_model.answer(model, x, y, lr, steps)[-1]


@train_model.mistake(
    "The training is right, but your list is empty. Append the loss of each step.", keys=("the losses", *PLACE)
)
def empty_list(model, x, y, lr, steps):
    train_model.answer(model, x, y, lr, steps)
    return []


@train_model.mistake(
    "The training is right, but your function returns None. The result is the list of the losses.",
    keys=("the losses", *PLACE),
)
def nothing_returned(model, x, y, lr, steps):
    train_model.answer(model, x, y, lr, steps)


@train_model.mistake("The losses are right, but in a tuple. Return a list.")
def a_tuple(model, x, y, lr, steps):
    return tuple(train_model.answer(model, x, y, lr, steps))


@train_model.mistake(
    "The training is right. But the losses are in one tensor, and the task asks for a list: `tolist()`."
)
def one_tensor(model, x, y, lr, steps):
    return torch.tensor(train_model.answer(model, x, y, lr, steps))


@train_model.mistake("Your list holds strings. Collect numbers: `loss.item()`.", keys=("what the list holds",))
def strings(model, x, y, lr, steps):
    return [str(loss) for loss in train_model.answer(model, x, y, lr, steps)]


@train_model.mistake(
    "Your list holds numbers of NumPy. Collect Python numbers: `loss.item()`.", keys=("what the list holds",)
)
def numbers_of_numpy(model, x, y, lr, steps):
    return [np.float32(loss) for loss in train_model.answer(model, x, y, lr, steps)]


@train_model.mistake(
    "Your list holds methods in place of their values. Call them, with brackets: `loss.item()`.",
    keys=("what the list holds",),
)
def methods_kept(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, keep=lambda loss: loss.item)


@train_model.mistake(
    "`steps` is a number. `range(steps)` is what a loop can go through.", error="'int' object is not iterable"
)
def range_forgotten(model, x, y, lr, steps):
    for _ in steps:
        pass


@train_model.mistake(
    "The training is right, but you measure each loss after its step, with the new parameters. Keep the loss from which "
    "`backward` started."
)
def measured_after_the_step(model, x, y, lr, steps):
    losses = train_model.answer(model, x, y, lr, steps)
    return [*losses[1:], nn.functional.mse_loss(model(x), y.unsqueeze(1)).item()]


@train_model.mistake("Your losses are sums. `MSELoss` takes the mean, which is the default.", keys=PLACE)
def sum_in_place_of_mean(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=nn.MSELoss(reduction="sum"))


@train_model.mistake("You train with the absolute error. The loop is meant for `MSELoss`.", keys=PLACE)
def absolute_error(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=nn.L1Loss())


@train_model.mistake(
    "Every loss is 0, so nothing can move. `CrossEntropyLoss` of one single score is always 0; the loop is meant for `MSELoss`.",
    keys=("what moves",),
)
def cross_entropy_of_one_score(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=nn.CrossEntropyLoss())


@train_model.mistake("You train with `HuberLoss`. The loop is meant for `MSELoss`.", keys=PLACE)
def huber(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=nn.HuberLoss())


@train_model.mistake(
    "Your learning rate is 0.001 in every call, which is the default of the optimizer. Give it the argument `lr`.",
    keys=PLACE,
)
def lr_forgotten(model, x, y, lr, steps):
    return train_model.answer(model, x, y, 0.001, steps)


@train_model.mistake("The learning rate is 0.01 in every call. Use the argument `lr`.", keys=PLACE)
def lr_small(model, x, y, lr, steps):
    return train_model.answer(model, x, y, 0.01, steps)


@train_model.mistake("The learning rate is 0.1 in every call. Use the argument `lr`.", keys=PLACE)
def lr_fixed(model, x, y, lr, steps):
    return train_model.answer(model, x, y, 0.1, steps)


@train_model.mistake("The optimizer is Adam. The loop has plain `SGD`.", keys=PLACE)
def adam(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, optimizer=torch.optim.Adam)


@train_model.mistake("The optimizer has a momentum. The loop has plain `SGD`.", keys=PLACE)
def momentum(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9))


@train_model.mistake("The parameters move up the slope, so the loss grows. Check the sign of the step.", keys=PLACE)
def uphill(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr, maximize=True))


@train_model.mistake(
    "Some parameters of the model are frozen when you return it (`requires_grad` is False), so nobody could train it further.",
    keys=("frozen parameters",),
)
def frozen(model, x, y, lr, steps):
    losses = train_model.answer(model, x, y, lr, steps)
    model.requires_grad_(False)
    return losses


@train_model.mistake(
    "`backward` finds no way to the model: `detach()`, `item()`, `no_grad()` or a new tensor has cut it.",
    error="does not require grad and does not have a grad_fn",
)
def loss_cut_off(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=lambda p, y: ((p.detach() - y) ** 2).mean())


@train_model.mistake(
    "`item()` comes too early: a Python number has no `backward`. Use the tensor first, and keep its `item()`.",
    error="'float' object has no attribute 'backward'",
)
def item_too_early(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=lambda p, y: ((p - y) ** 2).mean().item())


@train_model.mistake(
    "You compute the prediction once, before the loop. Predict and measure in every round, with the new parameters.",
    error="backward through the graph a second time",
)
def predicted_once(model, x, y, lr, steps):
    prediction = model(x)
    return _train_like(model, x, y, lr, steps, loss_fn=lambda _, y: nn.functional.mse_loss(prediction, y))


@train_model.mistake(
    "`parameters` is a method. Call it, with brackets: `model.parameters()`.", error="'method' object is not iterable"
)
def parameters_not_called(model, x, y, lr, steps):
    return torch.optim.SGD(model.parameters, lr=lr)


@train_model.mistake(
    "`backward()` starts from one number, and your loss has many. Take the mean.", error="only for scalar outputs"
)
def not_reduced(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, loss_fn=nn.MSELoss(reduction="none"))


EXERCISES = (mse, bce_from_scores, cross_entropy, choose_loss, count_parameters, TwoHidden, train_model)


def summary() -> Text:
    """Return one line: how many exercises of this notebook are done, wrong and open."""
    return shown.summary(EXERCISES)
