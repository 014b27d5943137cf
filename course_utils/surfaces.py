"""Surfaces to walk down, with known minima, and ``descend``, which lets any optimizer walk.

Each surface is a function of two numbers x and y that works element by element, so autograd gives its gradient, and a whole
grid of points can be computed at once. A surface with ``is_curve`` set does not depend on y, so y stays as it is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

FAR = 1e9  # a run that leaves this square has diverged


@dataclass(frozen=True)
class Surface:
    """A function of two numbers to minimize.

    Attributes:
        name: a short name.
        function: takes x and y, tensors of one shape, and returns the heights, of the same shape.
        formula: the function as a text.
        source: where it comes from.
        minima: the places (x, y) of its lowest points.
        window: left, right, bottom and top of a good picture. For a curve, bottom and top are heights.
        start: a good place to start.
        is_curve: whether it is a curve, the same for each y.
    """

    name: str
    function: Callable[[Tensor, Tensor], Tensor]
    formula: str
    source: str
    minima: tuple[tuple[float, float], ...]
    window: tuple[float, float, float, float]
    start: tuple[float, float]
    is_curve: bool = False

    def __call__(self, points: Tensor | Sequence[float]) -> Tensor:
        """Return the height at one point of shape (2,), or the N heights of points of shape (N, 2)."""
        points = torch.as_tensor(points, dtype=torch.float64)
        return self.function(points[..., 0], points[..., 1])

    def gradient(self, points: Tensor | Sequence[float]) -> Tensor:
        """Return the gradient at points of shape (2,) or (N, 2), by autograd, in the same shape."""
        points = torch.as_tensor(points, dtype=torch.float64).detach().requires_grad_()
        return torch.autograd.grad(self(points).sum(), points)[0]

    @property
    def lowest(self) -> float:
        """The height of the lowest point."""
        return self(self.minima[0]).item()


def ravine(condition: float = 20.0) -> Surface:
    """Make a ravine, a quadratic that is flat along x and steep along y.

    Args:
        condition: the condition number, which is the largest curvature divided by the smallest, from 1 to 10,000. The
            curvatures are 1 along x and ``condition`` along y.

    Raises:
        ValueError: the condition number is out of its bounds.
    """
    if not 1 <= condition <= 10_000:
        raise ValueError(f"condition is {condition!r}. Choose a number from 1 (a bowl) to 10000.")
    return Surface(
        "ravine",
        lambda x, y: (x**2 + condition * y**2) / 2,
        f"(x² + {condition:g} y²) / 2",
        "the usual quadratic example, as in B. Polyak (1964)",
        ((0.0, 0.0),),
        (-10.0, 5.0, -3.0, 3.0),
        (-9.0, 2.0),
    )


SURFACES = {
    surface.name: surface
    for surface in (
        Surface(
            "dent",
            lambda x, y: 0.1 * x**2 - 0.3 * torch.exp(-4 * (x - 2) ** 2) + 0 * y,
            "0.1 x² − 0.3 exp(−4 (x − 2)²)",
            "made for this course: a dent at the side of a valley",
            ((0.0, 0.0),),
            (-3.5, 4.6, -0.25, 2.1),
            (4.0, 0.0),
            is_curve=True,
        ),
        ravine(),
        Surface(
            "saddle",
            lambda x, y: x**2 - y**2 + y**4 / 4,
            "x² − y² + y⁴ / 4",
            "made for this course: the saddle x² − y², bent up far away so that it has minima",
            ((0.0, 2**0.5), (0.0, -(2**0.5))),
            (-2.0, 2.0, -2.2, 2.2),
            (-1.6, 0.001),
        ),
        Surface(
            "beale",
            lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
            "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²",
            "E. M. L. Beale (1958), On an iterative method for finding a local minimum",
            ((3.0, 0.5),),
            (-1.5, 4.5, -2.0, 2.0),
            (1.0, 1.5),
        ),
        Surface(
            "rosenbrock",
            lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
            "(1 − x)² + 100 (y − x²)²",
            "H. H. Rosenbrock (1960), An automatic method for finding the greatest or least value of a function",
            ((1.0, 1.0),),
            (-2.0, 2.0, -1.0, 3.0),
            (-1.5, 2.0),
        ),
        Surface(
            "himmelblau",
            lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
            "(x² + y − 11)² + (x + y² − 7)²",
            "D. M. Himmelblau (1972), Applied Nonlinear Programming",
            (
                (3.0, 2.0),
                (-2.805118086952745, 3.131312518250573),
                (-3.779310253377747, -3.283185991286170),
                (3.584428340330492, -1.848126526964404),
            ),
            (-5.5, 5.5, -5.5, 5.5),
            (-0.5, -1.0),
        ),
    )
}


def descend(
    surface: Surface,
    make_optimizer: Callable[[Iterable[Tensor]], Any],
    start: Sequence[float] | None = None,
    steps: int = 100,
) -> Tensor:
    """Let an optimizer walk down a surface.

    Args:
        surface: where to walk.
        make_optimizer: makes an optimizer from a list of parameters, such as ``lambda p: torch.optim.SGD(p, lr=0.1)``; it may be
            one of the course or of ``torch.optim``.
        start: the two numbers of the first point; the surface's own start where it is None.
        steps: how many steps, at least 1.

    Returns:
        The path, float64 of shape (steps + 1, 2), from the start on. A run that leaves the square of ±1e9, or reaches NaN or
        infinity, has diverged: it stops there, and the rest of the path repeats its last point inside.

    Raises:
        ValueError: the start is not two finite numbers, or ``steps`` is not a positive whole number.
    """
    point = torch.tensor(surface.start if start is None else list(start), dtype=torch.float64)
    if point.shape != (2,) or not point.isfinite().all():
        raise ValueError(f"The start is {start!r}. Give two finite numbers, x and y.")
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps is {steps!r}. It must be a whole number from 1 up.")
    path = point.repeat(steps + 1, 1)
    optimizer = make_optimizer([point.requires_grad_()])

    def measure() -> Tensor:
        optimizer.zero_grad()
        loss = surface(point)
        loss.backward()
        return loss

    for step in range(1, steps + 1):
        if isinstance(optimizer, torch.optim.Optimizer):
            optimizer.step(measure)  # so that LBFGS can measure more than once
        else:
            measure()
            optimizer.step()
        x, y = point.tolist()
        if not (abs(x) < FAR and abs(y) < FAR):  # also for NaN
            path[step:] = path[step - 1]
            break
        path[step] = point.detach()
    return path


def steps_to(surface: Surface, path: Tensor, tolerance: float) -> int | None:
    """Return the first step at which a path is less than ``tolerance`` above the lowest point; None where it never is.

    Args:
        surface: where the path is.
        path: shape (steps + 1, 2), as :func:`descend` returns it.
        tolerance: a height above the lowest point.
    """
    below = (surface(path) - surface.lowest < tolerance).nonzero()
    return below[0].item() if len(below) else None
