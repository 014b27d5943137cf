"""Pictures of unit 2: a step down a loss, the graph of a tensor, the walk through one, and a line that is trained."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise

import matplotlib.pyplot as plt
import networkx as nx
import torch
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from torch import Tensor

from course_utils.lessons.u02_autograd import Edge, Node, nodes_and_edges
from course_utils.pictures.style import COLOURS, LINES

LIMIT, WIDEST = 25, 11.0  # nodes in a readable picture; inches, and a wider graph is drawn from top to bottom
LINE, LETTER, ALONG, ACROSS = 0.18, 0.092, 0.34, 0.2  # inches: of a line, a letter, and between boxes


def draw_step_down(ax: Axes, step: int, rate: float = 0.02) -> None:
    """Draw one step of gradient descent on L(w) = (3w + 1 − 4)²: the curve, its tangent where w is, and the step.

    Args:
        ax: where to draw.
        step: the number of the step, from 0; step 0 starts at w = 2.
        rate: the learning rate.
    """
    path = [2.0]
    for _ in range(step + 1):
        path.append(path[-1] - rate * 6 * (3 * path[-1] - 3))
    w, after = path[-2:]
    loss, slope = (3 * w - 3) ** 2, 6 * (3 * w - 3)
    ws = torch.linspace(-0.2, 2.4, 100)
    ax.plot(ws, (3 * ws - 3) ** 2, color=COLOURS[0], linestyle=LINES[0], label="loss L(w)")
    ax.plot(ws, loss + slope * (ws - w), color=COLOURS[1], linestyle=LINES[1], label="tangent")
    ax.plot(path[:-2], [(3 * v - 3) ** 2 for v in path[:-2]], "o", color="#999999", markersize=4)
    ax.plot(w, loss, "o", color=COLOURS[6], markersize=7)
    ax.plot([w, w], [-1, loss], ":", color="#777777", linewidth=1)
    arrow = {"arrowstyle": "-|>", "color": COLOURS[6], "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (after, -1), (w, -1), arrowprops=arrow)
    ax.set(xlim=(-0.2, 2.4), ylim=(-2.2, 13), xlabel="w", ylabel="loss")
    ax.set_title(f"step {step + 1}: slope {slope:.1f}, w from {w:.2f} to {after:.2f}", fontsize=10)
    if step == 0:
        ax.legend(loc="upper center", fontsize=9)


def draw_regression(x: Tensor, y: Tensor, path: Sequence[tuple[float, float]], best: tuple[float, float]) -> None:
    """Draw how gradient descent fits a line: the loss of the first 40 steps, the line at four steps, the path of (w, b).

    Args:
        x: (N,) float, the inputs.
        y: (N,) float, the true answers.
        path: w and b at each step, at least 41 of them.
        best: w and b of the line with the smallest mean squared error.
    """

    def losses(w: Tensor, b: Tensor) -> Tensor:
        return ((w[..., None] * x + b[..., None] - y) ** 2).mean(dim=-1)

    ws, bs = torch.tensor(path).T
    _, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.4), width_ratios=(1, 1, 1.25))
    left.plot(losses(ws[:41], bs[:41]), color=COLOURS[0], label="gradient descent")
    left.axhline(float(losses(*torch.tensor(best))), color=COLOURS[1], linestyle=LINES[1], label="best line")
    left.set(yscale="log", xlabel="step", ylabel="loss", title="the loss falls")
    left.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    left.legend()
    middle.plot(x, y, "ko", label="data")
    for i, step in enumerate((0, 1, 3, len(path) - 1)):
        line = ws[step] * x + bs[step]
        middle.plot(x, line, color=COLOURS[i], linestyle=LINES[3 - i], label=f"step {step}")
        middle.text(float(x[-1]) * 1.04, float(line[-1]), f"step {step}", va="center", fontsize=10)
    middle.set(xlabel="x", ylabel="y", title="the line moves to the data", xlim=(None, float(x[-1]) * 1.35))
    grid = torch.meshgrid(torch.linspace(-0.3, 3.3, 80), torch.linspace(-0.3, 1.8, 80), indexing="ij")
    right.contour(*grid, losses(*grid), levels=[0.2, 0.5, 1, 2, 4, 8, 16], colors="#999999", linewidths=1)
    right.plot(ws, bs, "o-", color=COLOURS[0], markersize=4, linewidth=1.3)
    right.plot(*best, "*", color=COLOURS[1], markersize=14)
    right.set(xlabel="w", ylabel="b", title="the path over the loss", aspect="equal")


def draw(
    tensor: Tensor,
    names: Mapping[str, Tensor] | None = None,
    ax: Axes | None = None,
    formulas: Mapping[str, str] | None = None,
    slopes: Mapping[tuple[str, str], str] | None = None,
) -> Axes:
    """Draw the graph that autograd recorded for a tensor.

    Leaves are rectangles, results of operations have round ends. The arrows point the way of the computation; ``backward`` walks
    them the other way. A value with more than four elements is shown as its shape.

    Args:
        tensor: a tensor of any shape that tracks gradients.
        names: names of tensors of the graph; with them the picture has values, and gradients where they are kept.
        ax: where to draw; a new figure of the right size where it is None.
        formulas: for names of results, what to write in place of autograd's name of the operation, such as ``"w · x"``.
        slopes: for two names, what to write on the arrow from the first to the second, such as ``"×3"``.

    Returns:
        The axes.

    Raises:
        ValueError: the tensor does not track gradients, or its graph has more than 25 nodes.
    """
    nodes, edges = nodes_and_edges(tensor, names)
    nodes = [replace(node, formula=(formulas or {}).get(node.name, "")) for node in nodes]
    return draw_nodes(nodes, edges, ax=ax, slopes=slopes)


def draw_nodes(
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    ax: Axes | None = None,
    current: Collection[str] = (),
    unknown: Collection[str] = (),
    title: str = "",
    slopes: Mapping[tuple[str, str], str] | None = None,
) -> Axes:
    """Draw nodes and edges, from left to right, or from top to bottom where that would be too wide.

    Args:
        nodes: the nodes.
        edges: the edges; they have no cycle.
        ax: where to draw; a new figure of the right size where it is None.
        current: names of the nodes to highlight.
        unknown: what to write as ``?``, such as ``"w value"`` or ``"w grad"``.
        title: a line above the graph.
        slopes: for two names, what to write on the arrow between them. Blanks keep the place and write nothing.

    Returns:
        The axes.

    Raises:
        ValueError: there are more than 25 nodes.
    """
    if len(nodes) > LIMIT:
        raise ValueError(f"This graph has {len(nodes)} nodes, and a picture holds {LIMIT}. Draw a smaller expression.")
    layers, paths = _layers(len(nodes), edges)
    texts = (_text(node).split("\n") for node in nodes)
    sizes = [(0.2 + LETTER * max(map(len, text)), 0.14 + LINE * len(text)) for text in texts]
    slopes = {(a, b): (slopes or {}).get((nodes[a].name, nodes[b].name), "") for a, b in edges}
    wide = ALONG + LETTER * max(map(len, slopes.values()), default=0)
    sideways = sum(max(sizes[v][0] for v in row if v < len(nodes)) + wide for row in layers) <= WIDEST
    turn = slice(None, None, 1 if sideways else -1)  # from (along, across) to (x, y), and back
    along = wide if sideways else ALONG + LINE * any(slopes.values())
    places, extent = _places(layers, [size[turn] for size in sizes], along)
    width, height = extent[turn]
    width, top = max(width, LETTER * len(title)), -0.3 if title else 0.0
    if ax is None:
        figure, ax = plt.subplots(figsize=(width, height - top))
        figure.set_layout_engine("none")
        ax.set_position((0, 0, 1, 1))
    box = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    scale = min(1, box.width / width, box.height / (height - top))
    ax.set(xlim=(0, width), ylim=(height, top), aspect="equal")
    ax.axis("off")
    ax.text(0.1, top + 0.16, title, va="center", fontsize=11 * scale)
    for i, node in enumerate(nodes):
        (x, y), (w, h) = places[i][:2][turn], places[i][2:][turn]
        shape = "square,pad=0" if node.is_leaf else f"round,pad=0,rounding_size={min(0.28, 0.45 * min(w, h))}"
        patch = FancyBboxPatch((x - w / 2, y - h / 2), w, h, boxstyle=shape, linewidth=1.3 * scale)
        patch.set(facecolor="#DCEBF7" if node.is_leaf else "#FDF0D8", edgecolor=COLOURS[0 if node.is_leaf else 7])
        if node.name in current:
            patch.set(edgecolor=COLOURS[1], linewidth=3.5 * scale)
        ax.add_patch(patch)
        text = _text(node, [what.split()[1] for what in unknown if what.split()[0] == node.name])
        ax.text(x, y, text, ha="center", va="center", fontsize=10 * scale, linespacing=1.15, gid=f"node {i}")
    for edge, (points, codes) in zip(edges, _curves(paths, places), strict=True):
        curve = Path([point[turn] for point in points], codes)
        arrow = FancyArrowPatch(path=curve, arrowstyle="-|>", mutation_scale=10 * scale, linewidth=1.1 * scale)
        ax.add_patch(arrow).set(color="#555555", capstyle="butt", joinstyle="miter")
        if slopes[edge].strip():
            # in the middle of the first piece of the curve, where no box is; a little back, for the head of the arrow
            x, y = ((0.56 * p + 0.44 * q) for p, q in zip(points[0][turn], points[3][turn], strict=True))
            label = ax.text(x, y, slopes[edge], ha="center", va="center", fontsize=9.5 * scale, gid=f"slope {edge}")
            label.set(color="#8F3B00", weight="bold", zorder=3)
            label.set_bbox({"facecolor": plt.rcParams["figure.facecolor"], "edgecolor": "none", "pad": 0.8})
    return ax


def draw_backward_step(step: int, w: float, x: float, b: float, y: float) -> None:
    """Draw the graph of L = (w · x + b − y)² with what is known after a step: 0 to 4 forward, 5 to 9 backward.

    Raises:
        ValueError: a number is not between −1000 and 1000.
    """
    t = {}
    for name, number in {"w": w, "x": x, "b": b, "y": y}.items():
        if not (isinstance(number, int | float) and abs(number) <= 1000):  # a comparison with nan is False
            raise ValueError(f"{name} is {number}. Type a number from -1000 to 1000.")
        t[name] = torch.tensor(float(number), dtype=torch.float64, requires_grad=True)
    t["p"] = t["w"] * t["x"]
    t["q"] = t["p"] + t["b"]
    t["e"] = t["q"] - t["y"]
    t["L"] = t["e"] ** 2
    for name in "pqeL":
        t[name].retain_grad()
    t["L"].backward()
    v = {name: f"{tensor.item():.4g}" for name, tensor in t.items()}
    f = {name: f"({number})" if number.startswith("-") else number for name, number in v.items()}  # as a factor
    g = {name: f"{tensor.grad.item():.4g}" for name, tensor in t.items()}
    steps = [
        ("wxby", "four numbers are known"),
        ("p", f"p = w · x = {f['w']} · {f['x']} = {v['p']}"),
        ("q", f"q = p + b = {f['p']} + {f['b']} = {v['q']}"),
        ("e", f"e = q − y = {f['q']} − {f['y']} = {v['e']}"),
        ("L", f"L = e² = {f['e']}² = {v['L']}"),
        ("L", "backward starts: dL/dL = 1"),
        ("e", f"L = e², so dL/de = dL/dL · 2e = 1 · 2 · {f['e']} = {g['e']}"),
        ("qy", f"e = q − y, so dL/dq = dL/de · 1 = {g['q']} and dL/dy = dL/de · (−1) = {g['y']}"),
        ("pb", f"q = p + b, so dL/dp = dL/dq · 1 = {g['p']} and dL/db = dL/dq · 1 = {g['b']}"),
        ("wx", f"p = w · x, so dL/dw = dL/dp · x = {g['w']} and dL/dx = dL/dp · w = {g['x']}"),
    ]
    unknown = {f"{n} {'value' if i < 5 else 'grad'}" for i, (names, _) in enumerate(steps) if i > step for n in names}
    title = f"Step {step}, {'forward' if step < 5 else 'backward'}: {steps[step][1]}"
    nodes, edges = nodes_and_edges(t["L"], t)
    formulas = {"p": "w · x", "q": "p + b", "e": "q − y", "L": "e²"}
    nodes = [replace(node, formula=formulas.get(node.name, "")) for node in nodes]
    slopes = {"wp": v["x"], "xp": v["w"], "pq": "1", "bq": "1", "qe": "1", "ye": "-1", "eL": g["e"]}
    texts = {tuple(edge): f"×({n})" if n.startswith("-") else f"×{n}" for edge, n in slopes.items()}
    if step < 5:  # the way back has not begun, but its arrows have their length already
        texts = {edge: " " * len(text) for edge, text in texts.items()}
    draw_nodes(nodes, edges, current=steps[step][0], unknown=unknown, title=title, slopes=texts)


def short(value: Tensor) -> str:
    """Write a tensor in a few characters: rounded numbers, one row a line, or the shape of more than four elements."""
    if value.numel() > 4 or value.dim() > 2:
        return f"shape {tuple(value.shape)}"
    if value.dim() == 2:
        return "[" + ",\n ".join(short(row) for row in value) + "]"
    numbers = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in value.detach().reshape(-1).tolist()]
    return numbers[0] if value.dim() == 0 else f"[{', '.join(numbers)}]"


def _text(node: Node, unknown: Collection[str] = ()) -> str:
    named = f"{node.name} = {node.formula}" if node.formula else f"{node.name}: {node.operation}"
    parts = [named if node.name else node.operation]
    if node.value is not None and not short(node.value).startswith("shape"):
        parts.append(f"value {'?' if 'value' in unknown else short(node.value)}")
    elif node.shape:
        parts.append(f"shape {node.shape}")
    if node.grad is not None:
        parts.append(f"grad {'?' if 'grad' in unknown else short(node.grad)}")
    return "\n".join(parts)


def _layers(count: int, edges: Sequence[Edge]) -> tuple[list[list[int]], list[list[int]]]:
    """Put nodes into layers, by the longest way to the result, and order each layer so that few edges cross.

    An edge over several layers gets a stand-in in each layer between, numbered from ``count``, so that it finds its way around
    the boxes. Also returned: for each edge the nodes and stand-ins on its way.
    """
    backwards = nx.MultiDiGraph((b, a) for a, b in edges)
    backwards.add_nodes_from(range(count))
    layers = [sorted(generation) for generation in nx.topological_generations(backwards)][::-1]
    layer = {v: i for i, row in enumerate(layers) for v in row}
    paths, total = [], count
    for a, b in edges:
        new = range(total, total + layer[b] - layer[a] - 1)
        for i, v in enumerate(new, start=layer[a] + 1):
            layers[i].append(v)
        paths.append([a, *new, b])
        total += len(new)
    links = [link for path in paths for link in pairwise(path)]
    tries = []
    for sweep in range(12):
        at = {v: i - len(row) / 2 for row in layers for i, v in enumerate(row)}
        r = {v: i for i, row in enumerate(layers) for v in row}
        crossing = [r[a] == r[c] and (at[a] - at[c]) * (at[b] - at[d]) < 0 for a, b in links for c, d in links]
        tries.append((sum(crossing), sweep, [list(row) for row in layers]))
        side = sweep % 2  # look at the sources of each node, then at its targets
        for row in layers if side == 0 else layers[::-1]:
            near = {v: [at[link[side]] for link in links if link[1 - side] == v] or [at[v]] for v in row}
            row.sort(key=lambda v: sum(near[v]) / len(near[v]))
            at.update({v: i - len(row) / 2 for i, v in enumerate(row)})
    return min(tries)[2], paths


def _places(
    layers: Sequence[Sequence[int]], sizes: Sequence[tuple], along: float
) -> tuple[dict[int, tuple], tuple[float, float]]:
    """Return for each node and stand-in the centre and size of its box, and the size of the picture, along and across."""
    spans = [[sizes[v][1] if v < len(sizes) else 0.05 for v in row] for row in layers]
    widths = [sum(span) + ACROSS * (len(span) - 1) for span in spans]
    places, start = {}, 0.1
    for row, span, width in zip(layers, spans, widths, strict=True):
        depth, side = max(sizes[v][0] for v in row if v < len(sizes)), 0.1 + (max(widths) - width) / 2
        for v, size in zip(row, span, strict=True):
            places[v] = (start + depth / 2, side + size / 2, depth, size)
            side += size + ACROSS
        start += depth + along
    return places, (start - along + 0.1, max(widths) + 0.2)


def _curves(paths: Sequence[Sequence[int]], places: Mapping[int, Sequence[float]]) -> Iterator[tuple[list, list]]:
    """Yield the points and codes of a smooth curve for each edge. Edges that share a side of a box are spread over it."""
    ends = {}
    for side, following in ((0, 1), (-1, -2)):
        order = sorted(range(len(paths)), key=lambda i: places[paths[i][following]][1])
        for v in {path[side] for path in paths}:
            mine = [i for i in order if paths[i][side] == v]
            for k, i in enumerate(mine, start=1):
                ends[i, side] = places[v][1] + places[v][3] * (k / (len(mine) + 1) - 0.5)
    for i, path in enumerate(paths):
        across = [ends[i, 0], *(places[v][1] for v in path[1:-1]), ends[i, -1]]
        boxes = list(zip((places[v] for v in path), across, strict=True))
        stops = [(box[0] + sign * box[2] / 2, side) for box, side in boxes for sign in (-1, 1)][1:-1]
        bends = [[((a + b) / 2, s), ((a + b) / 2, t), (b, t)] for (a, s), (b, t) in pairwise(stops)]
        yield [stops[0], *chain.from_iterable(bends)], [Path.MOVETO] + [Path.CURVE4] * 3 * len(bends)
