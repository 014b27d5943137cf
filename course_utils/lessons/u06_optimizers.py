"""What unit 6 needs beside its notebook: a fair search for the best learning rate of a rule, and the lengths of its steps."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.surfaces import Surface

Rule = Callable[..., Any]  # rule(p, g, state, lr=..., ...) changes p in place
RATES = torch.logspace(-4, 4, 81, dtype=torch.float64)  # ten of them from each power of ten to the next
NEAR = 0.01  # a path has arrived when it stays within this height of the lowest point
_FACTORS = torch.tensor([1.0, 0.9, 1.1], dtype=torch.float64)  # the first one leaves the start where it is


def tuned(rule: Rule, surface: Surface, steps: int = 300, **settings: Any) -> tuple[float, int | None, Tensor]:
    """Find the learning rate with which a rule arrives soonest.

    Each of ``RATES`` is tried from nine starts: the surface's own, and eight around it, 10 % away along x or y or both. So no
    rate wins because one step happens to land well. A rate counts only if all nine paths stay inside the picture, and its
    number of steps is that of the slowest of the nine.

    Args:
        rule: changes its first argument, the places, in place, and works element by element. It also gets the gradients, a
            dictionary as its memory, ``lr`` and the settings.
        surface: where to walk; not a curve.
        steps: how many steps each path has.
        settings: further arguments of the rule.

    Returns:
        The rate; the step from which on all nine paths stay within ``NEAR`` of the lowest point; and the path from the
        surface's own start, float64 of shape (steps + 1, 2). Where no rate arrives, the step is None, and the rate is the one
        that ends lowest.

    Raises:
        ValueError: the best rate is the smallest or the largest one, so that a better one may lie outside.
    """
    starts = torch.tensor(surface.start, dtype=torch.float64) * torch.cartesian_prod(_FACTORS, _FACTORS)
    p = starts.unsqueeze(1).repeat(1, len(RATES), 1)  # a row for each start, a column for each rate
    state: dict[str, Any] = {}
    places = [p.clone()]
    for _ in range(steps):
        rule(p, surface.gradient(p), state, lr=RATES.unsqueeze(1), **settings)
        places.append(p.clone())
    paths = torch.stack(places)
    left, right, bottom, top = surface.window
    inside = (paths >= torch.tensor([left, bottom])) & (paths <= torch.tensor([right, top]))  # false for nan
    valid = inside.permute(2, 0, 1, 3).flatten(1).all(dim=1)
    heights = (surface(paths) - surface.lowest).amax(dim=1)  # of the nine paths the highest
    away = ~(heights < NEAR) * torch.arange(steps + 1).unsqueeze(1)
    arrival = torch.where(valid, away.amax(dim=0) + 1, steps + 1)
    ends = torch.where(valid, heights[-1], torch.inf)
    best = int(arrival.argmin() if arrival.min() <= steps else ends.argmin())
    if best in (0, len(RATES) - 1):
        raise ValueError(f"The best rate, {RATES[best]:g}, lies at the edge of those that are tried.")
    return RATES[best].item(), int(arrival[best]) if arrival[best] <= steps else None, paths[:, 0, best]


def step_lengths(rule: Rule, gradients: Sequence[float], **settings: Any) -> list[float]:
    """Return how long each step of one parameter is, in units of the learning rate.

    Args:
        rule: as for :func:`tuned`. Its steps are proportional to the rate.
        gradients: the gradient of each step; where the parameter is does not matter.
        settings: further arguments of the rule.

    Returns:
        The length of each step, made with the rate 1.
    """
    p, state = torch.zeros(1, dtype=torch.float64), {}
    lengths = []
    for gradient in gradients:
        before = p.clone()
        rule(p, torch.full_like(p, gradient), state, lr=1.0, **settings)
        lengths.append((p - before).abs().item())
    return lengths
