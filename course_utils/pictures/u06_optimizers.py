"""Pictures of optimizers that walk: contours and paths, a ball on a curve, lengths of steps, the races, and the playground."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from course_utils.optimizers import factory
from course_utils.pictures.style import COLOURS, curve_styles
from course_utils.surfaces import SURFACES, Surface, descend

PLAYGROUND_STATES = [
    {"surface": surface, "first": "SGD", "second": second, "lr": lr, "momentum": 0.9, "x": x, "y": y, "steps": steps}
    for surface, second, lr, x, y, steps in (
        ("rosenbrock", "Momentum", 0.0015, -1.5, 2.0, 200),  # what momentum is for: about the best rate of SGD
        ("ravine", "Adam", 0.102, -9.0, 2.0, 80),
        ("dent", "Momentum", 0.05, 4.0, 0.0, 80),
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
        levels = torch.logspace(-3, 0, 9, dtype=torch.float64) * heights.max()
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
    marker = "." if len(paths) <= 3 else None  # each step; the dots of more paths would hide each other
    for style, (label, path) in zip(curve_styles(), paths.items(), strict=False):
        shown = path if step is None else path[: step + 1]
        gone = leaves_at(surface, shown)
        if gone is not None:  # one step outside shows the direction; matplotlib never sees a huge number
            label, shown = f"{label}\nleft at step {gone}", shown[: gone + 1]
        across = surface(shown) if surface.is_curve else shown[:, 1]
        x, y = shown[:, 0].clamp(2 * left - right, 2 * right - left), across.clamp(2 * bottom - top, 2 * top - bottom)
        ax.plot(x, y, label=label, linewidth=1.5, marker=marker, markersize=3, **style)
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
    """Draw one frame of a race: the paths up to a step, and the names of the runners beside.

    Args:
        ax: where to draw; the surface takes the left part of it.
        surface: the surface.
        paths: for each label a path, up to eight.
        step: the step of this frame.
    """
    ax.axis("off")
    field = ax.inset_axes((0.09, 0.1, 0.54, 0.78))
    draw_paths(field, surface, paths, step)
    field.set(xlabel="", ylabel="")
    field.set_title(f"step {step}", fontsize=10)
    field.tick_params(labelsize=8)
    field.set_in_layout(False)  # its place is fixed, and so the film is quicker to make
    ax.legend(handles=_runners(paths), loc="center right", fontsize=8, handlelength=2.2, borderaxespad=0)


def show_races(races: Mapping[str, tuple[Surface, Mapping[str, Tensor]]]) -> None:
    """Draw several races in large panels with one legend: the paths on a surface; on a curve, x over the steps.

    Args:
        races: for each title a surface and, for each label, a path; up to four, with the same labels in all of them.
    """
    figure, axes = plt.subplots(2, 2, figsize=(9, 7.2))
    for ax, (title, (surface, paths)) in zip(axes.flat, races.items(), strict=False):
        if surface.is_curve:
            draw_track(ax, surface, paths)
        else:
            draw_paths(ax, surface, paths)
        ax.set_title(title)
    figure.legend(handles=_runners(paths), loc="outside lower center", ncols=4)


def _runners(names: Iterable[str]) -> list[Line2D]:
    """Return what the legend shows of each path."""
    return [Line2D([], [], label=name, **style) for style, name in zip(curve_styles(), names, strict=False)]


def draw_track(ax: Axes, surface: Surface, paths: Mapping[str, Tensor]) -> None:
    """Draw x over the steps, for each path, with a thin line at each minimum.

    Args:
        ax: where to draw.
        surface: a curve.
        paths: for each label a path.
    """
    for x, _ in surface.minima:
        ax.axhline(x, color="#999999", linewidth=1, linestyle="-")
    for style, (label, path) in zip(curve_styles(), paths.items(), strict=False):
        ax.plot(path[:, 0], label=label, **style)
    ax.set(xlabel="step", ylabel="x", ylim=surface.window[:2])


def show_lengths(lengths: Mapping[str, Sequence[float]]) -> None:
    """Draw how long each step is, in units of the learning rate, on a log axis.

    Args:
        lengths: for each label, the lengths of the steps 1, 2, and so on.
    """
    ax = plt.subplots(figsize=(7.5, 3.2), subplot_kw={"yscale": "log"})[1]
    for style, (label, values) in zip(curve_styles(), lengths.items(), strict=False):
        ax.plot(range(1, len(values) + 1), values, label=label, **style)
    ax.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    ax.set(xlabel="step", ylabel="length of the step / η")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def show_sweep(results: Mapping[str, Mapping[float, float]], floor: float) -> None:
    """Draw the final loss over the learning rate, one curve for each method, on log axes.

    Args:
        results: for each method and each rate, the loss. One above 30 times the floor is outside of the picture.
        floor: the loss that nobody can be much below, drawn as a thin line.
    """
    ax = plt.subplots(figsize=(8, 3.6), subplot_kw={"xscale": "log", "yscale": "log"})[1]
    ax.axhline(floor, color="#999999", linewidth=1, linestyle="-")
    for style, (label, losses) in zip(curve_styles(), results.items(), strict=False):
        ax.plot(list(losses), list(losses.values()), marker="o", markersize=4, label=label, **style)
    ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    ax.set(xlabel="learning rate", ylabel="loss at the end", ylim=(0.8 * floor, 30 * floor))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def show_fits(x: Tensor, y: Tensor, grid: Tensor, fits: Mapping[str, Tensor], truth: Tensor) -> None:
    """Draw points and, in a picture for each title, a curve that was fitted to them beside the true one.

    Args:
        x: where the points are, shape (N, 1).
        y: their heights, shape (N, 1).
        grid: where the curves are known, shape (M, 1).
        fits: for each title the heights of a curve, shape (M, 1).
        truth: the heights of the true curve, shape (M, 1).
    """
    _, axes = plt.subplots(1, len(fits), figsize=(3.3 * len(fits), 3), sharey=True, squeeze=False)
    for ax, (title, fit) in zip(axes.flat, fits.items(), strict=True):
        ax.plot(grid.squeeze(), truth.squeeze(), "-", color="#999999", linewidth=1, label="true curve")
        ax.plot(x.squeeze(), y.squeeze(), "o", color="#000000", markersize=4, label="points")
        ax.plot(grid.squeeze(), fit.squeeze(), "-", color=COLOURS[1], label="network")
        ax.set_title(title, fontsize=10)
    axes[0, 0].legend(fontsize=8)


def show_curves(curves: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, drawstyle: str = "default") -> None:
    """Draw some curves with their legend beside them.

    Args:
        curves: for each label, its values at 0, 1, 2, and so on.
        xlabel: what is counted.
        ylabel: what the values are.
        drawstyle: matplotlib's, such as ``"steps-post"`` for values that jump.
    """
    ax = plt.subplots(figsize=(7, 2.8), subplot_kw={"xlabel": xlabel, "ylabel": ylabel})[1]
    for style, (label, values) in zip(curve_styles(), curves.items(), strict=False):
        ax.plot(values, label=label, drawstyle=drawstyle, **style)
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))


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
