"""Pictures of optimizers that walk: contours and paths, a ball on a curve, the race, and the playground."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib import ticker
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.optimizers import factory
from course_utils.pictures.style import COLOURS, curve_styles
from course_utils.surfaces import SURFACES, Surface, descend

PLAYGROUND_STATES = [
    {"surface": surface, "first": first, "second": second, "lr": lr, "momentum": 0.9, "x": x, "y": y, "steps": 80}
    for surface, first, second, lr, x, y in (
        ("ravine", "SGD", "Momentum", 0.08, -9.0, 2.0),
        ("himmelblau", "Momentum", "RMSprop", 0.01, -0.5, -1.0),
        ("beale", "SGD", "Adam", 0.1, 1.0, 1.5),
        ("dent", "SGD", "Momentum", 0.05, 4.0, 0.0),
    )
]


def draw_contours(ax: Axes, surface: Surface) -> None:
    """Draw a surface from above: contour lines, closer to each other in height near the lowest point, and its minima as stars.

    Args:
        ax: where to draw.
        surface: what to draw. A curve is drawn from the side.
    """
    left, right, bottom, top = surface.window
    if surface.is_curve:
        x = torch.linspace(left, right, 300, dtype=torch.float64)
        ax.plot(x, surface(torch.stack([x, 0 * x], dim=1)), linestyle="-", color="#999999", linewidth=1.5, zorder=1)
    else:
        y, x = torch.meshgrid(torch.linspace(bottom, top, 60), torch.linspace(left, right, 60), indexing="ij")
        heights = surface(torch.stack([x, y], dim=-1)) - surface.lowest
        levels = torch.logspace(-3, 0, 12, dtype=torch.float64) * heights.max()
        ax.contourf(x, y, heights, levels=[0, *levels.tolist()], cmap="Greys", alpha=0.25)
        ax.contour(x, y, heights, levels=levels.tolist(), colors="#BBBBBB", linewidths=0.6)
    for i, place in enumerate(surface.minima):
        height, label = surface.lowest if surface.is_curve else place[1], "minimum" if i == 0 else "_"
        ax.plot(place[0], height, "*", color="#000000", markersize=9, label=label)
    ax.grid(False)
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel="x", ylabel="height" if surface.is_curve else "y")


def leaves_at(surface: Surface, path: Tensor) -> int | None:
    """Return the step at which a path leaves the picture for good; None where its end is inside.

    Args:
        surface: where the path is.
        path: shape (steps + 1, 2).
    """
    left, right, bottom, top = surface.window
    x, across = path[:, 0], surface(path) if surface.is_curve else path[:, 1]
    outside = (x < left) | (x > right) | (across < bottom) | (across > top)
    if not outside[-1]:
        return None
    inside = (~outside).nonzero()
    return inside[-1].item() + 1 if len(inside) else 0


def draw_paths(ax: Axes, surface: Surface, paths: Mapping[str, Tensor], step: int | None = None) -> None:
    """Draw paths on a surface, with their start and their end. The legend says when one leaves the picture.

    Args:
        ax: where to draw.
        surface: the surface.
        paths: for each label a path, as ``surfaces.descend`` returns it.
        step: draw the paths up to this step; all of them where it is None.
    """
    draw_contours(ax, surface)
    left, right, bottom, top = surface.window
    for style, (label, path) in zip(curve_styles(), paths.items(), strict=False):
        shown = path if step is None else path[: step + 1]
        gone = leaves_at(surface, shown)
        if gone is not None:  # one step outside shows the direction; matplotlib never sees a huge number
            label, shown = f"{label}\nleft at step {gone}", shown[: gone + 1]
        across = surface(shown) if surface.is_curve else shown[:, 1]
        x, y = shown[:, 0].clamp(2 * left - right, 2 * right - left), across.clamp(2 * bottom - top, 2 * top - bottom)
        ax.plot(x, y, label=label, linewidth=1.5, marker=".", markersize=3, **style)
        if gone is None:
            ax.plot(x[-1], y[-1], "o", color=style["color"], markersize=6)
    first = next(iter(paths.values()))[:1]
    height = surface(first)[0] if surface.is_curve else first[0, 1]
    ax.plot(first[0, 0], height, "s", color="#000000", markersize=5, label="start")


def draw_ball(ax: Axes, surface: Surface, path: Tensor, step: int, title: str = "") -> None:
    """Draw a ball on a curve, with its last ten places.

    Args:
        ax: where to draw.
        surface: a curve.
        path: shape (steps + 1, 2).
        step: where the ball is.
        title: a short title.
    """
    draw_contours(ax, surface)
    recent = path[max(0, step - 10) : step + 1]
    ax.plot(recent[:, 0], surface(recent), "o", color=COLOURS[0], markersize=4, alpha=0.3)
    ax.plot(recent[-1:, 0], surface(recent[-1:]), "o", color=COLOURS[1], markersize=11)
    ax.set_title(title, fontsize=10)


def draw_heights(ax: Axes, surface: Surface, paths: Mapping[str, Tensor], step: int | None = None) -> None:
    """Draw the height of each path above the lowest point, over the steps, on a log axis.

    Args:
        ax: where to draw.
        surface: the surface.
        paths: for each label a path.
        step: up to this step; all of them where it is None.
    """
    low = 1.0
    for style, (label, path) in zip(curve_styles(), paths.items(), strict=False):
        heights = (surface(path) - surface.lowest).clamp(1e-8, 1e12)
        low = min(low, heights.min().item())
        shown = heights if step is None else heights[: step + 1]
        ax.plot(shown, label=label, linewidth=1.4, **style)
    top = 10 * max(1e-3, (surface(next(iter(paths.values()))[0]) - surface.lowest).item())
    ax.set(yscale="log", ylim=(low / 2, top), xlim=(0, len(path) - 1), xlabel="step", ylabel="height above minimum")
    ax.yaxis.set_major_locator(ticker.LogLocator(base=100 if top / low > 1e6 else 10))
    ax.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))  # quicker to draw than powers
    ax.yaxis.set_minor_locator(ticker.NullLocator())


def draw_race(ax: Axes, surface: Surface, paths: Mapping[str, Tensor], step: int) -> None:
    """Draw one frame of a race: the paths up to a step, and their heights beside.

    Args:
        ax: where to draw; it is split into two.
        surface: the surface.
        paths: for each label a path, up to four.
        step: the step of this frame.
    """
    ax.axis("off")
    left, right = ax.inset_axes((0.09, 0.25, 0.5, 0.65)), ax.inset_axes((0.73, 0.25, 0.25, 0.65))
    draw_paths(left, surface, paths, step)
    draw_heights(right, surface, paths, step)
    for part, title in ((left, f"step {step}"), (right, "height")):
        part.set_title(title, fontsize=9)
        part.tick_params(labelsize=6)
        part.set(xlabel="", ylabel="")
        part.set_in_layout(False)  # its place is fixed, and so the film is quicker to make
    right.set_xticks(right.get_xlim())
    ax.legend(handles=right.lines, loc="lower center", ncols=2, fontsize=8)


def draw_side_by_side(surface: Surface, paths: Mapping[str, Tensor]) -> None:
    """Draw each path in a picture of its own, side by side.

    Args:
        surface: the surface.
        paths: for each title a path, up to five.
    """
    _, axes = plt.subplots(1, len(paths), figsize=(3.1 * len(paths), 3), sharey=True, squeeze=False)
    for ax, (title, path) in zip(axes.flat, paths.items(), strict=True):
        draw_paths(ax, surface, {"": path})
        gone = leaves_at(surface, path)
        ax.set_title(title if gone is None else f"{title}\nleft the picture at step {gone}", fontsize=10)
        ax.label_outer()


def show_downhill(surface: Surface) -> None:
    """Draw arrows of one length that point against the gradient, at places all over a surface.

    One unit has the same length along x and y, so that angles are right.
    """
    left, right, bottom, top = surface.window
    x, y = torch.linspace(left, right, 9)[1:-1], torch.linspace(bottom, top, 6)[1:-1]
    points = torch.cartesian_prod(x, y)
    down = -torch.nn.functional.normalize(surface.gradient(points))
    ax = plt.subplots(figsize=(9, 3.8), subplot_kw={"aspect": "equal"})[1]
    draw_contours(ax, surface)
    ax.quiver(points[:, 0], points[:, 1], down[:, 0], down[:, 1], color=COLOURS[1], scale=22, width=0.004)


def show_paths(surface: Surface, paths: Mapping[str, Tensor]) -> None:
    """Draw paths on a surface, and their heights beside.

    Args:
        surface: the surface.
        paths: for each label a path.
    """
    _, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), width_ratios=(3, 2))
    draw_paths(left, surface, paths)
    draw_heights(right, surface, paths)
    left.legend(fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))


def draw_playground(
    surface: str, first: str, second: str, lr: float, momentum: float, x: float, y: float, steps: int
) -> None:
    """Draw the paths of one or two optimizers on a surface, with their heights beside.

    Args:
        surface: a name in ``SURFACES``.
        first: a name in ``optimizers.METHODS``.
        second: another one, or "none".
        lr: the learning rate, from 0.0001 to 10.
        momentum: ρ of Momentum and Nesterov, and β₁ of Adam and AdamW, from 0 to 0.99.
        x: where to start.
        y: where to start; a curve does not need it.
        steps: how many steps, from 1 to 200.

    Raises:
        ValueError: a setting is out of its bounds.
    """
    if surface not in SURFACES:
        raise ValueError(f"{surface!r} is not one of {', '.join(SURFACES)}.")
    if not (1e-5 < lr < 11 and 0 <= momentum <= 0.99 and 1 <= steps <= 200):
        raise ValueError("Choose a learning rate from 0.0001 to 10, a momentum from 0 to 0.99, and 1 to 200 steps.")
    chosen, methods = SURFACES[surface], (first,) if second == "none" else (first, second)
    start = (x, 0.0 if chosen.is_curve else y)
    paths = {method: descend(chosen, factory(method, lr, momentum), start, steps) for method in methods}
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.3), dpi=80, width_ratios=(3, 2), layout="none")
    figure.subplots_adjust(0.07, 0.15, 0.78, 0.89, wspace=0.5)  # fixed places are quicker to draw
    draw_paths(left, chosen, paths)
    draw_heights(right, chosen, paths)
    left.locator_params(nbins=4)
    right.locator_params(axis="x", nbins=4)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles[1:-1], labels[1:-1], fontsize=9, loc=(0.83, 0.45))  # the optimizers
    figure.suptitle(f"{surface}: learning rate {lr:.3g}, momentum {momentum:g}, {steps} steps", fontsize=11)
