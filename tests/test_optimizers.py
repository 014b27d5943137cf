"""Each optimizer of the course does what its twin in torch.optim does, in float64, for every setting and parameter."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import optimizers

STEPS = 250


def logistic(seed):
    """A convex problem: logistic regression with targets that do not separate."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    y = (torch.rand(20, generator=generator, dtype=torch.float64) < 0.5).double()
    w = torch.randn(4, generator=generator, dtype=torch.float64)
    b = torch.zeros(1, dtype=torch.float64)
    return [w, b], lambda p: torch.nn.functional.binary_cross_entropy_with_logits(x @ p[0] + p[1], y)


def ravine(seed):
    """A quadratic with curvatures from 0.01 to 1, and a matrix and a scalar among its parameters."""
    generator = torch.Generator().manual_seed(seed)
    curvature = torch.logspace(-2, 0, 6, dtype=torch.float64).view(2, 3)
    start = [torch.randn(2, 3, generator=generator, dtype=torch.float64), torch.tensor(1.5, dtype=torch.float64)]
    return start, lambda p: 0.5 * (curvature * p[0] ** 2).sum() + 0.05 * p[1] ** 2


def network(seed):
    """A small smooth net. A net with ReLU has kinks, where rounding alone can choose another path."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.linspace(-1, 1, 16, dtype=torch.float64).unsqueeze(1)
    shapes = [(1, 5), (5,), (5, 1), (1,)]
    start = [torch.randn(shape, generator=generator, dtype=torch.float64) / 2 for shape in shapes]
    return start, lambda p: ((torch.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - x**2) ** 2).mean()


def largest_difference(ours, theirs, problem, seed, steps=STEPS):
    start, loss = problem(seed)
    difference = 0.0
    runs = []
    for make in (ours, theirs):
        parameters = [p.clone().requires_grad_() for p in start]
        runs.append((parameters, make(parameters)))
    for step in range(steps):
        for parameters, optimizer in runs:
            optimizer.zero_grad()
            loss(parameters).backward()
            optimizer.step()
        if step % 25 == 24:
            for p, q in zip(runs[0][0], runs[1][0], strict=True):
                difference = max(difference, (p - q).abs().max().item())
    assert all(torch.isfinite(p).all() for p in runs[0][0])
    return difference


fractions = st.floats(0.05, 0.95)
beta2 = st.floats(0.5, 0.9999)
eps = st.sampled_from([1e-10, 1e-8, 1e-6, 1e-3])
SETTINGS = {
    "SGD": st.fixed_dictionaries({}),
    "Momentum": st.fixed_dictionaries({"momentum": fractions}),
    "Nesterov": st.fixed_dictionaries({"momentum": fractions}),
    "Adagrad": st.fixed_dictionaries({"eps": eps}),
    "RMSprop": st.fixed_dictionaries({"alpha": st.floats(0.5, 0.999), "eps": eps}),
    "Adadelta": st.fixed_dictionaries({"rho": fractions, "eps": eps}),
    "Adam": st.fixed_dictionaries({"betas": st.tuples(fractions, beta2), "eps": eps, "amsgrad": st.booleans()}),
    "AdamW": st.fixed_dictionaries(
        {"betas": st.tuples(fractions, beta2), "eps": eps, "amsgrad": st.booleans(), "weight_decay": st.floats(0, 0.5)}
    ),
}


def twin(name, options):
    if name in ("Momentum", "Nesterov"):
        return torch.optim.SGD, {**options, "nesterov": name == "Nesterov"}
    return getattr(torch.optim, name), options


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("problem", [logistic, ravine, network])
@settings(max_examples=5)
@given(data=st.data())
def test_agrees_with_torch(name, problem, data):
    options = data.draw(SETTINGS[name])
    lr = data.draw(st.sampled_from([1e-3, 1e-2, 0.05]))
    seed = data.draw(st.integers(0, 1000))
    theirs, their_options = twin(name, options)
    difference = largest_difference(
        lambda p: getattr(optimizers, name)(p, lr=lr, **options),
        lambda p: theirs(p, lr=lr, **their_options),
        problem,
        seed,
    )
    assert difference <= 1e-12


@pytest.mark.parametrize("name", SETTINGS)
def test_defaults_are_those_of_torch(name):
    theirs, options = twin(name, {"momentum": 0.9} if name in ("Momentum", "Nesterov") else {})
    difference = largest_difference(
        lambda p: getattr(optimizers, name)(p, lr=0.01), lambda p: theirs(p, lr=0.01, **options), logistic, 0
    )
    assert difference <= 1e-12


def test_the_comparison_sees_epsilon_inside_the_root():
    class Inside(optimizers.RMSprop):
        def update(self, p, g, state):
            s = optimizers._memory(state, "s", p)
            s.mul_(self.alpha).addcmul_(g, g, value=1 - self.alpha)
            p -= self.lr * g / (s + self.eps).sqrt()

    difference = largest_difference(lambda p: Inside(p, 0.01), lambda p: torch.optim.RMSprop(p, 0.01), logistic, 0)
    assert difference > 1e-9


def test_a_parameter_without_gradient_stays():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    optimizer = optimizers.AdamW([used, unused], lr=0.1)
    used.sum().backward()
    optimizer.step()
    assert (used < 1).all() and (unused == 1).all()


def test_zero_grad_sets_none_and_gradients_are_not_changed():
    p = torch.ones(2, requires_grad=True)
    for name in SETTINGS:
        optimizer = getattr(optimizers, name)([p], lr=0.1)
        (p**2).sum().backward()
        before = p.grad.clone()
        optimizer.step()
        assert torch.equal(p.grad, before), name
        optimizer.zero_grad()
        assert p.grad is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: optimizers.SGD([], lr=0.1), "no parameters"),
        (lambda p: optimizers.SGD(p, lr=-1), "lr is -1"),
        (lambda p: optimizers.SGD(p, lr=float("nan")), "lr is nan"),
        (lambda p: optimizers.Momentum(p, lr=0.1, momentum=1.0), "momentum is 1.0"),
        (lambda p: optimizers.RMSprop(p, lr=0.1, alpha=1.5), "alpha is 1.5"),
        (lambda p: optimizers.Adadelta(p, rho=-0.1), "rho is -0.1"),
        (lambda p: optimizers.Adam(p, lr=0.1, betas=(0.9, 1.0)), "betas is 1.0"),
    ],
)
def test_bad_settings_get_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make([torch.ones(1, requires_grad=True)])
