"""The update rules of the course, from scratch: one short class each, all of the same shape.

They do what ``torch.optim`` does, to rounding (tested in float64). ``step`` calls ``update`` for every parameter, with its
gradient and a dictionary of its own that keeps what the rule remembers from step to step.

In the formulas θ is a parameter, g its gradient, η the learning rate ``lr`` and t the number of the step, from 1. The code
works in place, without new tensors where it can: ``p.add_(g, alpha=a)`` is p ← p + a g, ``s.addcmul_(g, g, value=a)`` is
s ← s + a g², ``p.addcdiv_(m, d, value=a)`` is p ← p + a m / d, and ``m.lerp_(g, a)`` is m ← m + a (g − m).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor

METHODS = ("SGD", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW")


class Optimizer(ABC):
    """What all optimizers share: the parameters, one memory for each, ``zero_grad`` and ``step``.

    Args:
        params: the parameters to change, as ``model.parameters()`` gives them.
        lr: the learning rate η, at least 0.

    Raises:
        ValueError: there is no parameter, or a setting is outside its range.
    """

    def __init__(self, params: Iterable[Tensor], lr: float) -> None:
        self.params = list(params)
        self.lr = lr
        if not self.params:
            raise ValueError(
                "The optimizer got no parameters. Give it model.parameters(), and give each optimizer its own call."
            )
        if not lr >= 0:
            raise ValueError(f"lr is {lr!r}. It must be 0 or more.")
        self.state: list[dict] = [{} for _ in self.params]

    def zero_grad(self) -> None:
        """Forget the gradients of the last step: each ``.grad`` becomes None, as in ``torch.optim``."""
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change every parameter that has a gradient, once."""
        for p, state in zip(self.params, self.state, strict=True):
            if p.grad is not None:
                self.update(p, p.grad, state)

    @abstractmethod
    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Change one parameter in place.

        Args:
            p: the parameter.
            g: its gradient, of the same shape; it is not changed.
            state: the memory of this parameter, empty before the first step.
        """


class SGD(Optimizer):
    """Gradient descent: θ ← θ − η g. With a batch of samples it is called stochastic (SGD).

    Source: H. Robbins and S. Monro (1951), A stochastic approximation method.
    """

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do θ ← θ − η g."""
        p.add_(g, alpha=-self.lr)


class Momentum(Optimizer):
    """Momentum: v ← ρ v + g, then θ ← θ − η v. Here ρ is ``momentum``.

    Other texts put the learning rate inside, v ← ρ v + η g. That is the same only while η stays constant.

    Source: B. Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.9) -> None:
        super().__init__(params, lr)
        self.momentum = _fraction("momentum", momentum)

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do v ← ρ v + g; θ ← θ − η v."""
        v = _memory(state, "v", p)
        v.mul_(self.momentum).add_(g)
        p.add_(v, alpha=-self.lr)


class Nesterov(Momentum):
    """Nesterov's momentum: v ← ρ v + g, then θ ← θ − η (g + ρ v), one step of momentum ahead.

    Other texts take the gradient at the point ahead, θ − η ρ v. PyTorch's form stands at that point already.

    Source: I. Sutskever et al. (2013), On the importance of initialization and momentum in deep learning.
    """

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do v ← ρ v + g; θ ← θ − η (g + ρ v)."""
        v = _memory(state, "v", p)
        v.mul_(self.momentum).add_(g)
        p.add_(g.add(v, alpha=self.momentum), alpha=-self.lr)


class Adagrad(Optimizer):
    """Adagrad: s ← s + g², then θ ← θ − η g / (√s + ε).

    Many texts have ε inside the root, √(s + ε). With ε = 1e-10 that is a different method for small gradients.

    Source: J. Duchi, E. Hazan and Y. Singer (2011), Adaptive subgradient methods.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, eps: float = 1e-10) -> None:
        super().__init__(params, lr)
        self.eps = eps

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do s ← s + g²; θ ← θ − η g / (√s + ε)."""
        s = _memory(state, "s", p)
        s.addcmul_(g, g)
        p.addcdiv_(g, s.sqrt() + self.eps, value=-self.lr)


class RMSprop(Optimizer):
    """RMSprop: s ← α s + (1 − α) g², then θ ← θ − η g / (√s + ε).

    Many texts have ε inside the root, √(s + ε).

    Source: G. Hinton (2012), lecture 6e of Neural Networks for Machine Learning.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, alpha: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(params, lr)
        self.alpha, self.eps = _fraction("alpha", alpha), eps

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do s ← α s + (1 − α) g²; θ ← θ − η g / (√s + ε)."""
        s = _memory(state, "s", p)
        s.mul_(self.alpha).addcmul_(g, g, value=1 - self.alpha)
        p.addcdiv_(g, s.sqrt() + self.eps, value=-self.lr)


class Adadelta(Optimizer):
    """Adadelta: s ← ρ s + (1 − ρ) g², d = g √(u + ε) / √(s + ε), u ← ρ u + (1 − ρ) d², then θ ← θ − η d.

    Here ε is inside both roots, in the paper as in PyTorch. The paper has no learning rate, which is η = 1.

    Source: M. Zeiler (2012), ADADELTA: an adaptive learning rate method, arXiv:1212.5701.
    """

    def __init__(self, params: Iterable[Tensor], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6) -> None:
        super().__init__(params, lr)
        self.rho, self.eps = _fraction("rho", rho), eps

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do s ← ρ s + (1 − ρ) g²; d = g √(u + ε) / √(s + ε); u ← ρ u + (1 − ρ) d²; θ ← θ − η d."""
        s, u = _memory(state, "s", p), _memory(state, "u", p)
        s.mul_(self.rho).addcmul_(g, g, value=1 - self.rho)
        d = (u + self.eps).sqrt() / (s + self.eps).sqrt() * g
        u.mul_(self.rho).addcmul_(d, d, value=1 - self.rho)
        p.add_(d, alpha=-self.lr)


class Adam(Optimizer):
    """Adam: m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², then θ ← θ − η m̂ / (√v̂ + ε).

    m and v start at 0, so the first ones are too small; m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) correct that.
    With ``amsgrad`` the largest v so far takes the place of v, so that the step size cannot grow again.
    Many texts have ε inside the root, √(v̂ + ε); the paper and PyTorch have it outside.

    Source: D. Kingma and J. Ba (2015), arXiv:1412.6980; AMSGrad: S. Reddi, S. Kale and S. Kumar (2018), arXiv:1904.09237.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.beta1, self.beta2 = (_fraction("each of betas", beta) for beta in betas)
        self.eps, self.amsgrad = eps, amsgrad

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; θ ← θ − η m̂ / (√v̂ + ε)."""
        t = state["t"] = state.get("t", 0) + 1
        m, v = _memory(state, "m", p), _memory(state, "v", p)
        m.lerp_(g, 1 - self.beta1)
        v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
        if self.amsgrad:
            largest = _memory(state, "largest_v", p)
            v = torch.maximum(largest, v, out=largest)
        root = v.sqrt() / (1 - self.beta2**t) ** 0.5  # √v̂
        p.addcdiv_(m, root + self.eps, value=-self.lr / (1 - self.beta1**t))


class AdamW(Adam):
    """Adam with decoupled weight decay: first θ ← θ − η λ θ, then Adam's step. Here λ is ``weight_decay``.

    Adding λ θ to the gradient instead is L2 regularization. In Adam that is something else, since g is rescaled.

    Source: I. Loshchilov and F. Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        amsgrad: bool = False,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, amsgrad)
        self.weight_decay = weight_decay

    def update(self, p: Tensor, g: Tensor, state: dict) -> None:
        """Do θ ← θ − η λ θ, then Adam's step."""
        p.mul_(1 - self.lr * self.weight_decay)
        super().update(p, g, state)


def factory(method: str, lr: float, momentum: float = 0.9) -> Callable[[Iterable[Tensor]], Optimizer]:
    """Return a function that makes one of the optimizers from parameters.

    Args:
        method: a name in ``METHODS``.
        lr: the learning rate.
        momentum: ρ of Momentum and Nesterov, and β₁ of Adam and AdamW.

    Raises:
        ValueError: the method is not known.
    """
    if method not in METHODS:
        raise ValueError(f"{method!r} is not one of {', '.join(METHODS)}.")
    named = {"momentum": momentum} if method in ("Momentum", "Nesterov") else {}
    named |= {"betas": (momentum, 0.999)} if method in ("Adam", "AdamW") else {}
    return partial(globals()[method], lr=lr, **named)


def _memory(state: dict, name: str, p: Tensor) -> Tensor:
    """Return the tensor ``name`` of this parameter's memory; zeros before the first step."""
    if name not in state:
        state[name] = torch.zeros_like(p)
    return state[name]


def _fraction(name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value!r}. It must be at least 0 and less than 1.")
    return value
