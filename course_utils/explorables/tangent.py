"""The picture of the tangent without a page that draws it by itself."""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.pictures.style import curve_styles

TANGENT_STATES = [
    {"w": 2.0, "rate": rate, "steps": steps} for rate, steps in ((0.02, 10), (1 / 18, 1), (0.1, 10), (0.12, 6))
]


def draw_tangent(w: float, rate: float, steps: int) -> None:
    """Draw L(w) = (3w + 1 − 4)², its tangent at w, and steps of gradient descent from there.

    Args:
        w: where the steps begin, from −1000 to 1000.
        rate: the learning rate, from 0.001 to 1.
        steps: how many steps, from 1 to 40.

    Raises:
        ValueError: a number is out of its bounds.
    """
    if not abs(w) <= 1000:  # also for nan
        raise ValueError(f"w is {w}. Type a number from -1000 to 1000.")
    if not 0.001 <= rate <= 1:
        raise ValueError(f"The rate is {rate}. Choose a rate from 0.001 to 1.")
    if not (isinstance(steps, int) and 1 <= steps <= 40):
        raise ValueError(f"steps is {steps}. Choose a whole number from 1 to 40.")
    path = descend(w, rate, steps)
    places = np.clip(path, -9, 11)  # matplotlib never sees a huge number
    ws, value, slope = np.linspace(-1, 3, 161), (3 * w - 3) ** 2, 6 * (3 * w - 3)
    ax = plt.subplots(figsize=(8, 3.4))[1]
    lines = {"loss L(w)": (3 * ws - 3) ** 2, "tangent": value + slope * (ws - w)}
    for style, (label, heights) in zip(curve_styles(), lines.items(), strict=False):
        ax.plot(ws, heights, label=label, **style)
    ax.plot(places, (3 * places - 3) ** 2, "o-", color="#777777", linewidth=1, markersize=5, label=f"steps: {steps}")
    ax.plot(w, value, "o", color="#000000", markersize=8)
    ax.set(xlim=(-1, 3), ylim=(-8, 40), xlabel="w", ylabel="L")
    ax.set_title(f"w {w:.4g}, slope {slope:.4g}, rate {rate:.3g}; after the steps, w {path[-1]:.4g}", fontsize=11)
    ax.legend(loc="upper center")


def descend(w: float, rate: float, steps: int) -> list[float]:
    """Return w at the start and after each step. It ends early where w leaves ±1e9."""
    path = [float(w)]
    while len(path) <= steps and abs(path[-1]) < 1e9:
        path.append(path[-1] - rate * 6 * (3 * path[-1] - 3))
    return path
