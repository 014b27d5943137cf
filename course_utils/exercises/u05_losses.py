"""The exercises of unit 5: three losses by hand, the choice of a loss, modules, and a training loop to mend."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import Text, exercise


@exercise(
    "Mean squared error",
    oracle=nn.functional.mse_loss,
    cases=[
        (torch.tensor([2.5, 0.0, 2.0, 8.0]), torch.tensor([3.0, -0.5, 2.0, 7.0])),
        (torch.tensor([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [4.0, 8.0], [2.0, 2.0]])),
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


@mse.mistake("This is the sum of the squared errors. Their *mean* does not grow with the number of values.")
def sum_in_place_of_mean(p, y):
    return ((p - y) ** 2).sum()


@mse.mistake("You have one squared error for each value. A loss is one number: take their mean.")
def not_reduced(p, y):
    return (p - y) ** 2


@mse.mistake("This is the mean of the absolute errors, which PyTorch calls `L1Loss`. Square the errors.")
def absolute_value(p, y):
    return (p - y).abs().mean()


@mse.mistake("First square, then take the mean. The other way round, errors of opposite sign cancel.")
def square_of_the_mean(p, y):
    return (p - y).mean() ** 2


@mse.mistake("This is the root of the mean squared error. `MSELoss` takes no root.")
def root(p, y):
    return ((p - y) ** 2).mean().sqrt()


@mse.mistake("Where the tensors have two dimensions, `len` counts rows only. The mean goes over *all* values.")
def divided_by_the_rows_only(p, y):
    return ((p - y) ** 2).sum() / len(p)


@mse.mistake("Some books halve the error, so that its derivative has no factor 2. PyTorch does not.")
def half(p, y):
    return ((p - y) ** 2).mean() / 2


@mse.mistake(
    "The number is right. But `item()` gives a Python number, and nobody can call `backward()` on it. Return "
    "the tensor."
)
def python_number(p, y):
    return ((p - y) ** 2).mean().item()


def _bce_of(p: Tensor, target: Tensor) -> Tensor:
    return -(target * torch.log(p) + (1 - target) * torch.log(1 - p)).mean()


def _run_bce(answer: Callable[..., Any], scores: Tensor, target: Tensor) -> Any:
    """Run an answer; a word stands for the error of ``max(z, 0)``, since other mistakes raise a RuntimeError too."""
    try:
        return answer(scores, target)
    except RuntimeError as error:
        if "Boolean value" in str(error):
            return "a tensor was asked for one truth value"
        raise


def _stable_bce(positive: Any, z: Tensor, y: Tensor) -> Tensor:
    return (positive - z * y + torch.log(1 + torch.exp(-z.abs()))).mean()


@exercise(
    "Binary cross-entropy from raw scores",
    oracle=nn.functional.binary_cross_entropy_with_logits,
    run=_run_bce,
    cases=[
        (torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.0, 1.0])),
        (torch.tensor([30.0, -3.0, 1.0, -0.5]), torch.tensor([0.0, 1.0, 0.0, 0.0])),
        (torch.tensor([-200.0, 4.0, 200.0]), torch.tensor([1.0, 0.0, 0.0])),
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
    "Right for small scores. For a score of 30, `sigmoid` rounds to exactly 1, and log(1 − 1) is −inf. Use "
    "the form that never takes the logarithm of 0."
)
def sigmoid_then_log(z, y):
    return _bce_of(torch.sigmoid(z), y)


@bce_from_scores.mistake(
    "Right for small scores. For a score of 30 against the label 0 the loss should be about 30; `BCELoss` "
    "can only say 100 there. Work with the raw score."
)
def nn_bceloss_of_the_sigmoid(z, y):
    return nn.functional.binary_cross_entropy(torch.sigmoid(z), y)


@bce_from_scores.mistake("You take the logarithm of the raw score. A score may be negative: it is no probability.")
def sigmoid_forgotten(z, y):
    return _bce_of(z, y)


@bce_from_scores.mistake(
    "Clamping the probability keeps the result finite, but it is too small, and the gradient is 0 there. "
    "Work with the raw score."
)
def clamped_probability(z, y):
    return _bce_of(torch.sigmoid(z).clamp(1e-7, 1 - 1e-7), y)


@bce_from_scores.mistake(
    "The formula is right, but exp(200) is larger than any `float32`. Take `exp` of negative numbers only: of −|z|."
)
def exp_overflows(z, y):
    return (torch.log(1 + torch.exp(z)) - z * y).mean()


@bce_from_scores.mistake("The sign is turned round. A loss falls when the prediction becomes better.")
def sign(z, y):
    return -nn.functional.binary_cross_entropy_with_logits(z, y)


@bce_from_scores.mistake("This is the sum. Return the mean over all samples.")
def sum_in_place_of_mean(z, y):
    return nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum")


@bce_from_scores.mistake("Your loss is small where the prediction is wrong: the labels 0 and 1 are exchanged.")
def labels_turned_round(z, y):
    return nn.functional.binary_cross_entropy_with_logits(z, 1 - y)


@bce_from_scores.mistake("Nearly: the `exp` needs −|z|, not −z. For a negative score, −z is positive and large.")
def abs_forgotten_in_exp(z, y):
    return (z.clamp(min=0) - z * y + torch.log(1 + torch.exp(-z))).mean()


@bce_from_scores.mistake("Check the signs: the exponent is −|z|, which is never above 0.")
def z_only(z, y):
    return (z.clamp(min=0) - z * y + torch.log(1 + torch.exp(z.abs()))).mean()


@bce_from_scores.mistake("Check the signs: z · y is subtracted.")
def z_y(z, y):
    return _stable_bce(z.clamp(min=0), z, -y)


@bce_from_scores.mistake(
    "Python's `max` and `if` need one truth value, and a tensor has many. For each value, use `scores.clamp(min=0)`."
)
def max_of_python(z, y):
    return _stable_bce(max(z, 0), z, y)


@bce_from_scores.mistake(
    "A TypeError. Do you use `torch.max(scores, 0)`? It gives a pair, the largest value and its place. For each "
    "value, use `scores.clamp(min=0)`."
)
def torch_max(z, y):
    return _stable_bce(torch.max(z, 0), z, y)


def _picked(log_p: Tensor, labels: Tensor) -> Tensor:
    return log_p[torch.arange(len(labels)), labels]


@exercise(
    "Cross-entropy from raw scores",
    oracle=nn.functional.cross_entropy,
    cases=[
        (torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 3.0], [1.0, 1.0, 0.0]]), torch.tensor([0, 2, 0])),
        (torch.tensor([[1.0, -2.0], [0.5, 0.0], [0.3, 2.0], [4.0, 1.0]]), torch.tensor([1, 0, 1, 0])),
        (torch.tensor([[150.0, 0.0, 1.0], [0.0, 2.0, 1.0]]), torch.tensor([1, 1])),
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


@cross_entropy.mistake("Softmax is in your answer twice. `cross_entropy` and `log_softmax` take the raw scores.")
def softmax_twice(s, y):
    return nn.functional.cross_entropy(s.softmax(dim=1), y)


@cross_entropy.mistake("You average the probabilities. The loss is the mean of minus their *logarithm*.")
def log_forgotten(s, y):
    return -_picked(s.softmax(dim=1), y).mean()


@cross_entropy.mistake("You average the raw scores. They must become logarithms of probabilities first: `log_softmax`.")
def softmax_forgotten(s, y):
    return -_picked(s, y).mean()


@cross_entropy.mistake(
    "Right for small scores. For a score of 150, another probability rounds to 0, and log(0) is −inf. "
    "`log_softmax` does both in one stable step."
)
def log_then_softmax_apart(s, y):
    return -_picked(torch.log(torch.softmax(s, dim=1)), y).mean()


@cross_entropy.mistake("Your softmax goes over the samples. The probabilities of *one sample* add up to 1: `dim=1`.")
def wrong_dim(s, y):
    return -_picked(torch.log_softmax(s, dim=0), y).mean()


@cross_entropy.mistake("The minus is missing. Logarithms of probabilities are negative, and a loss falls towards 0.")
def sign(s, y):
    return _picked(torch.log_softmax(s, dim=1), y).mean()


@cross_entropy.mistake("This is the sum over the samples. Take the mean.")
def sum_in_place_of_mean(s, y):
    return -_picked(torch.log_softmax(s, dim=1), y).sum()


@cross_entropy.mistake(
    "`log_p[:, labels]` takes whole columns. You need one value from each row: row i, column labels[i]."
)
def whole_columns(s, y):
    return -torch.log_softmax(s, dim=1)[:, y].mean()


@cross_entropy.mistake(
    "The right values, but your mean divides by N · C: the zeros of the one-hot rows count too. Divide by "
    "the number of samples N."
)
def mean_over_the_classes_too(s, y):
    return -(torch.log_softmax(s, dim=1) * nn.functional.one_hot(y, s.shape[1])).mean()


choose_loss = exercise(
    "Which loss?",
    name="choose_loss",
    cases=[()],
    hints=[
        "Three questions: a number or a class? How many classes? What does the network return: raw scores, "
        "probabilities, or their logarithms?",
        "Look at the table of 5.1 again. The names are MSELoss, HuberLoss, BCELoss, BCEWithLogitsLoss, "
        "CrossEntropyLoss and NLLLoss; one of them is needed twice.",
        "Tags do not exclude each other, so each tag is a small question with yes or no.",
    ],
    idea="The task names the family, and what the network returns names the member. Raw scores with the loss that "
    "takes them is the safe pair.",
)(
    {
        "price of a house, the network returns one amount": "MSELoss",
        "price, but some prices in the data are badly wrong": "HuberLoss",
        "spam or not, from one raw score": "BCEWithLogitsLoss",
        "spam or not, from one probability": "BCELoss",
        "which of ten digits, from ten raw scores": "CrossEntropyLoss",
        "which of ten digits, from log_softmax": "NLLLoss",
        "a photo with any number of five tags, from five raw scores": "BCEWithLogitsLoss",
    }
)

choose_loss.mistake("Without `nn.`: write only the name of the class.", name="with nn.")(
    {"price of a house, the network returns one amount": "nn.MSELoss"}
)

choose_loss.mistake("`L1Loss` is robust too, but not in this list. Which one is?", name="L1Loss")(
    {"price, but some prices in the data are badly wrong": "L1Loss"}
)

choose_loss.mistake(
    "Ten digits are classes, not amounts: a 7 is not nearer to an 8 than to a 1.", name="classification as regression"
)({"which of ten digits, from ten raw scores": "MSELoss"})

choose_loss.mistake(
    "`NLLLoss` takes logarithms of probabilities. For raw scores, choose the loss that has `log_softmax` inside.",
    name="NLLLoss on raw scores",
)({"which of ten digits, from ten raw scores": "NLLLoss"})

choose_loss.mistake(
    "`CrossEntropyLoss` has `log_softmax` inside, and here the network has it already. Choose the loss that "
    "only picks.",
    name="softmax twice",
)({"which of ten digits, from log_softmax": "CrossEntropyLoss"})

choose_loss.mistake(
    "`BCELoss` takes probabilities. For a raw score, choose the one with logits in its name.",
    name="BCELoss on a raw score",
)({"spam or not, from one raw score": "BCELoss"})

choose_loss.mistake(
    "The sigmoid has been applied already. `BCEWithLogitsLoss` would apply it once more.",
    name="logits on a probability",
)({"spam or not, from one probability": "BCEWithLogitsLoss"})

choose_loss.mistake(
    "Softmax shares one probability among the tags, as if only one could be right. Here each tag is a yes or "
    "no of its own.",
    name="tags exclude each other",
)({"a photo with any number of five tags, from five raw scores": "CrossEntropyLoss"})

choose_loss.mistake(
    "A square makes the few bad prices count most. Choose the loss that is straight for large errors and round near 0.",
    name="outliers squared",
)({"price, but some prices in the data are badly wrong": "MSELoss"})


@exercise(
    "Count the parameters",
    cases=[
        (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)),),
        (nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 1, bias=False)),),
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


@count_parameters.mistake("You count the matrices only. A bias is learned too.")
def weights_only(model):
    return sum(p.numel() for p in model.parameters() if p.ndim > 1)


@count_parameters.mistake("The biases are missing. `parameters()` yields them too.")
def biases_forgotten(model):
    return sum(p.numel() for name, p in model.named_parameters() if name.endswith("weight"))


@count_parameters.mistake("`len` of a tensor is its first dimension. `numel()` counts all its values.")
def first_dimension_only(model):
    return sum(len(p) for p in model.parameters())


@count_parameters.mistake(
    "`state_dict` also holds values that are kept but not learned, such as the running mean of batch "
    "normalisation. Ask for `parameters()`."
)
def buffers_counted(model):
    return sum(t.numel() for t in model.state_dict().values())


@count_parameters.mistake(
    "You add the dimensions of a shape. The number of values is their *product*, which `numel()` gives."
)
def dimensions_added(model):
    return sum(sum(p.shape) for p in model.parameters())


@count_parameters.mistake("The count is right, but it is a tensor. Return a Python number.")
def tensor_in_place_of_a_number(model):
    return torch.tensor(sum(p.numel() for p in model.parameters()))


def _facts(network: Callable[..., nn.Module], n_in: int, n_hidden: int, n_out: int, x: Tensor) -> dict[str, Any]:
    """Build the network, fill its parameters by a rule, and say what it is and what it returns."""
    torch.manual_seed(0)  # for layers that no parameter list reaches
    model = network(n_in, n_hidden, n_out)
    model.eval()
    parameters = list(model.parameters())
    with torch.no_grad():
        for i, p in enumerate(parameters):
            p.copy_(torch.sin(1.0 + i + torch.arange(p.numel())).view_as(p))
    output = model(x)
    shapes = [list(p.shape) for p in parameters]
    wanted = [[n_hidden, n_in], [n_hidden], [n_hidden, n_hidden], [n_hidden], [n_out, n_hidden], [n_out]]
    return {
        "parameter shapes": shapes,
        "output": "nothing was returned" if output is None else output,  # None would count as a stub
        "layers in the order of use": shapes == wanted or ("no" if sorted(shapes) == sorted(wanted) else "others"),
    }


@exercise(
    "A network of your own",
    run=_facts,
    cases=[
        (2, 3, 2, torch.tensor([[1.0, 2.0], [-1.0, 0.5], [-3.0, -2.0]])),
        (4, 5, 3, torch.tensor([[0.5, -1.0, 2.0, 1.0], [1.0, 1.5, -1.0, -2.0]])),
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
    """The network with a wrong forward."""

    def __init__(self, n_in: int, n_hidden: int, n_out: int, relus: int = 2, end: str = "scores") -> None:
        super().__init__(n_in, n_hidden, n_out)
        self.relus, self.end = relus, end

    def forward(self, x: Tensor) -> Tensor | None:
        x = self.first(x)
        x = self.second(torch.relu(x) if self.relus > 0 else x)
        x = self.output(torch.relu(x) if self.relus > 1 else x)
        return {"scores": x, "relu": torch.relu(x), "softmax": x.softmax(dim=1), "nothing": None}[self.end]


@TwoHidden.mistake(
    "A module must be set up before it can hold layers. Make `super().__init__()` the first line of `__init__`."
)
class NoSuper(nn.Module):
    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        self.first = nn.Linear(n_in, n_hidden)


@TwoHidden.mistake(
    "Your layers are in a Python list, where `nn.Module` does not find them: `parameters()` is empty, and an "
    "optimizer could not train them. Make each layer an attribute, or use `nn.ModuleList`.",
    keys=("parameter shapes",),
)
class PlainList(nn.Module):
    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        super().__init__()
        self.layers = [nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_hidden), nn.Linear(n_hidden, n_out)]

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.layers[0](x))
        x = torch.relu(self.layers[1](x))
        return self.layers[2](x)


@TwoHidden.mistake("PyTorch finds no `forward`. Is it spelled so, and is it indented as a method of the class?")
class NoForward(nn.Module):
    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_in, n_hidden)


@TwoHidden.mistake("`forward` returns None. Does it end with `return`?", keys=("output",))
def nothing_returned(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end="nothing")


@TwoHidden.mistake(
    "No activation is between the layers, so the three are no more than one linear layer. Put a relu after "
    "each hidden layer."
)
def no_activation(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, relus=0)


@TwoHidden.mistake("The second hidden layer has no relu.")
def one_activation_forgotten(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, relus=1)


@TwoHidden.mistake(
    "There is a relu after the last layer too. It turns every negative score into 0. Return the raw scores."
)
def activation_after_the_last_layer(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end="relu")


@TwoHidden.mistake("There is a softmax at the end. `CrossEntropyLoss` applies it itself: return the raw scores.")
def softmax_at_the_end(n_in, n_hidden, n_out):
    return _Variant(n_in, n_hidden, n_out, end="softmax")


@TwoHidden.mistake(
    "There are two linear layers. Two *hidden* layers and the output layer make three.", keys=("parameter shapes",)
)
class OneHidden(nn.Module):
    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        super().__init__()
        self.first = nn.Linear(n_in, n_hidden)
        self.output = nn.Linear(n_hidden, n_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(torch.relu(self.first(x)))


@TwoHidden.mistake(
    "Make the layers in the order of use. The check fills the parameters in the order of `__init__`.",
    keys=("layers in the order of use",),
)
class OtherOrder(_Variant):
    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        super().__init__(n_in, n_hidden, n_out)
        first = self.first
        del self.first  # a module keeps its layers in the order in which they were set
        self.first = first


def _run_training(
    answer: Callable[..., Any], start: tuple[float, float], x: Tensor, y: Tensor, lr: float, steps: int
) -> dict[str, Any]:
    """Train a line that starts at a known place; return the losses, and where it ended."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(start[0])
        model.bias.fill_(start[1])
    losses = answer(model, x, y, lr, steps)
    found = losses if isinstance(losses, list | tuple) else []
    return {  # in parts, since the loop of the exercise has several faults, and they are mended one by one
        "a tensor in the list": any(isinstance(loss, Tensor) for loss in found),
        "losses": [float(loss) for loss in found] or "no list was returned",
        "parameters": torch.cat([model.weight.flatten(), model.bias]).detach(),
    }


def _train_like(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    lr: float,
    steps: int,
    zero: str = "first",
    step: str = "last",
    item: bool = True,
    column: bool = True,
) -> list:
    """Train as students do."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = nn.functional.mse_loss(model(x), y.unsqueeze(1) if column else y)
        if step == "before zero_grad":
            optimizer.step()
        if zero == "first":
            optimizer.zero_grad()
        if step == "before backward":
            optimizer.step()
        loss.backward()
        if zero == "after backward":
            optimizer.zero_grad()
        if step == "last":
            optimizer.step()
        losses.append(loss.item() if item else loss)
    return losses


@exercise(
    "Mend the loop",
    run=_run_training,
    cases=[
        ((0.5, 0.0), torch.tensor([[0.0], [1.0], [2.0], [3.0]]), torch.tensor([1.0, 3.0, 4.0, 8.0]), 0.05, 4),
        ((-1.0, 1.0), torch.tensor([[-1.0], [0.5], [2.0]]), torch.tensor([2.0, 0.0, -1.0]), 0.1, 3),
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
    "A RuntimeError. Do you still write `nn.MSELoss(model(x), y)`? That builds a loss with strange settings. "
    "Build it first, `loss_fn = nn.MSELoss()`, then call it."
)
def the_class_called_with_tensors(model, x, y, lr, steps):
    nn.MSELoss(model(x), y)


@train_model.mistake(
    "The loop runs, but you collect tensors. Collect Python numbers: `loss.item()`. A tensor that is still "
    "tracked keeps its whole graph in memory.",
    keys=("a tensor in the list",),
)
def tensors_kept(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, item=False)


@train_model.mistake(
    "The parameters never move: `step` finds no gradients. Is it missing, is it before `backward`, or does "
    "`zero_grad` stand between the two? The order is clear, backward, step.",
    keys=("parameters",),
)
def nothing_moves(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, zero="after backward")


@train_model.mistake("The gradients of all steps add up. Clear them in each round: `optimizer.zero_grad()`.")
def never_cleared(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, zero="never")


@train_model.mistake(
    "The prediction has shape (N, 1) and `y` has (N,). They broadcast to (N, N), so each prediction is "
    "compared with every target. Give `y` a second dimension."
)
def n_1_against_n(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, column=False)


@train_model.mistake("`step` comes before `backward`, and nobody clears. The order is clear, backward, step.")
def step_before_backward(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, zero="never", step="before backward")


@train_model.mistake(
    "`step` comes before `backward`, so it uses the gradients of the round before. The order is clear, backward, step."
)
def step_first(model, x, y, lr, steps):
    return _train_like(model, x, y, lr, steps, step="before zero_grad")


@train_model.mistake("You make one step too many. `range(steps)` gives exactly `steps` rounds.")
def one_step_too_many(model, x, y, lr, steps):
    return train_model.answer(model, x, y, lr, steps + 1)


EXERCISES = (mse, bce_from_scores, cross_entropy, choose_loss, count_parameters, TwoHidden, train_model)


def summary() -> Text:
    """Return one line: how many exercises of this notebook are done, wrong and open."""
    return core.summary(EXERCISES)
