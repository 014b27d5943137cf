"""The graph of a tensor: what is read from autograd, and that its picture can be read."""

import io
import itertools
import math
import warnings

import matplotlib.pyplot as plt
import nbformat
import pytest
import torch
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.transforms import Affine2D

from course_utils import explorers
from course_utils.lessons.u02_autograd import nodes_and_edges
from course_utils.pictures import u02_autograd as pictures
from tools import PATHS


def leaf(value):
    return torch.tensor(value, requires_grad=True)


def chain(length):
    """A graph with ``length`` operations and one leaf."""
    x = y = leaf(1.5)
    for i in range(length):
        y = y.sin() if i % 2 else y * 2
    return x, y


def network():
    """A graph with 20 nodes: leaves of several shapes, edges over several layers, long names."""
    x, w, b = leaf([[1.0, 2.0], [3.0, -4.5678]]), leaf([[0.1234567, -1234.5], [1e-7, 2.0]]), leaf([1.0, 2.0])
    hidden = torch.tanh(x @ w + b)
    again = torch.sigmoid(hidden @ w + b) * x + hidden
    out = ((again @ w - hidden) ** 2 + x * w).exp().sum() * b.sum()
    names = {"x": x, "w": w, "b": b, "hidden": hidden, "a rather long name": again, "out": out}
    return out, names


def test_nodes_edges_values_and_gradients():
    w, b = leaf(2.0), leaf(1.0)
    p = w * 3
    loss = (p + b - 4) ** 2
    p.retain_grad()
    loss.backward()
    nodes, edges = nodes_and_edges(loss, {"w": w, "b": b, "p": p})
    assert [n.operation for n in nodes] == [
        "PowBackward0", "SubBackward0", "AddBackward0", "MulBackward0", "leaf", "leaf",
    ]  # fmt: skip
    assert sorted(edges) == [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3)]
    by_name = {n.name: n for n in nodes}
    assert by_name["w"].is_leaf and not by_name["p"].is_leaf
    assert (by_name["w"].value, by_name["w"].grad, by_name["p"].value, by_name["p"].grad) == (2, 18, 6, 6)
    assert nodes[0].value == 9 and nodes[0].grad is None  # the tensor itself is known without a name
    assert nodes[1].value is None and nodes[1].shape == ()


def test_a_tensor_used_twice_is_one_node_with_two_edges():
    x = leaf(3.0)
    nodes, edges = nodes_and_edges(x * x, {"x": x})
    assert len(nodes) == 2 and edges == [(1, 0), (1, 0)]
    arrows = [p for p in pictures.draw(x * x).patches if isinstance(p, FancyArrowPatch)]
    starts = {tuple(arrow.get_path().vertices[0].round(3)) for arrow in arrows}
    assert len(arrows) == 2 and len(starts) == 2


def test_constants_are_not_in_the_graph():
    x, data = leaf(3.0), torch.tensor(2.0)
    nodes, edges = nodes_and_edges(x * data + 1, {"x": x, "data": data})
    assert len(nodes) == 3 and len(edges) == 2 and "data" not in {n.name for n in nodes}


def test_a_leaf_alone_and_its_name():
    x = leaf([1.0, 2.0])
    nodes, edges = nodes_and_edges(x, {"x": x, "number": 3})
    assert [(n.name, n.is_leaf, n.shape) for n in nodes] == [("x", True, (2,))] and edges == []
    assert pictures.draw(x).patches


def test_reading_changes_nothing_and_warns_of_nothing():
    x = leaf([1.0, 2.0])
    y = (x**2).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        node = nodes_and_edges(y, {"x": x, "y": y})[0][0]
        pictures.draw(y, {"x": x, "y": y})
    node.value.add_(1)
    y.backward()
    assert y.item() == 5 and x.grad.tolist() == [2, 4]
    assert len(nodes_and_edges(y)[0]) == 3  # still there when the graph was freed


def test_a_deep_graph_needs_no_recursion():
    assert len(nodes_and_edges(chain(5000)[1])[0]) == 5001


@pytest.mark.parametrize("wrong", [torch.ones(2), 3.0, None, torch.ones(2, requires_grad=True).detach()])
def test_what_is_not_tracked_gets_a_sentence(wrong):
    with pytest.raises(ValueError, match=r"no tracked tensor.*requires_grad=True\.$"):
        pictures.draw(wrong)


def test_too_many_nodes_get_a_sentence():
    pictures.draw(chain(24)[1])
    with pytest.raises(ValueError, match=r"26 nodes, and a picture holds 25\..*\.$"):
        pictures.draw(chain(25)[1])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor(2.0), "2"),
        (torch.tensor(1 / 3), "0.3333"),
        (torch.tensor([1.0, -2.5]), "[1, -2.5]"),
        (torch.tensor([[1, 2], [3, 4]]), "[[1, 2],\n [3, 4]]"),
        (torch.zeros(5), "shape (5,)"),
        (torch.zeros(1, 1, 2), "shape (1, 1, 2)"),
        (torch.tensor(float("nan")), "nan"),
        (torch.zeros(0), "[]"),
    ],
)
def test_values_in_few_characters(value, text):
    assert pictures.short(value) == text


def texts_and_boxes(ax):
    """Return the bounding boxes of the labels, and of the nodes' boxes, in pixels, in the same order."""
    ax.figure.savefig(io.BytesIO())
    renderer = ax.figure.canvas.get_renderer()
    texts = [t.get_window_extent(renderer) for t in ax.texts if (t.get_gid() or "").startswith("node")]
    boxes = [p.get_window_extent(renderer) for p in ax.patches if isinstance(p, FancyBboxPatch)]
    return texts, boxes


def graphs():
    out, names = network()
    yield "network", out, names
    x, y = chain(19)
    yield "chain", y, {"x": x}
    yield "wide", torch.stack([leaf(float(i)) for i in range(19)]), {}
    a, b = leaf(1.0), leaf(2.0)
    c = a
    for _ in range(9):
        c = c * b + a
    yield "loop", c, {"a": a, "b": b, "c": c}


@pytest.mark.parametrize(("name", "tensor", "names"), list(graphs()), ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("own_axes", [False, True])
def test_labels_do_not_overlap_and_stay_in_their_boxes(name, tensor, names, own_axes):
    assert len(nodes_and_edges(tensor)[0]) == 20
    ax = plt.subplots(figsize=(7, 5))[1] if own_axes else None
    texts, boxes = texts_and_boxes(pictures.draw(tensor, names, ax))
    assert len(texts) == len(boxes) == 20
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    for text, box in zip(texts, boxes, strict=True):
        assert box.x0 <= text.x0 and text.x1 <= box.x1 and box.y0 <= text.y0 and text.y1 <= box.y1


@pytest.mark.parametrize(("name", "tensor", "names"), list(graphs()), ids=lambda v: v if isinstance(v, str) else "")
def test_no_arrow_runs_through_a_box(name, tensor, names):
    ax = pictures.draw(tensor, names)
    boxes = [p for p in ax.patches if isinstance(p, FancyBboxPatch)]
    for arrow in (p for p in ax.patches if isinstance(p, FancyArrowPatch)):
        path = arrow._path_original.transformed(Affine2D().scale(100))  # so that the curve becomes many short lines
        points = path.to_polygons(closed_only=False)[0] / 100
        for box in boxes:
            x, y, w, h = box.get_x(), box.get_y(), box.get_width(), box.get_height()
            inside = (points[:, 0] > x + 0.01) & (points[:, 0] < x + w - 0.01)
            assert not (inside & (points[:, 1] > y + 0.01) & (points[:, 1] < y + h - 0.01)).any()


def test_leaves_differ_in_shape_and_colour():
    x = leaf(3.0)
    result, start = (p for p in pictures.draw(x * 2).patches if isinstance(p, FancyBboxPatch))
    assert type(result.get_boxstyle()).__name__ == "Round" and type(start.get_boxstyle()).__name__ == "Square"
    assert result.get_facecolor() != start.get_facecolor()


# ---- formulas, local slopes, and the explorer


def test_formulas_stand_in_the_place_of_autograds_names():
    w = leaf(2.0)
    p = w * 3
    ax = pictures.draw(p, {"w": w, "p": p}, formulas={"p": "w · 3", "nobody": "1"})
    assert sorted(t.get_text().split("\n")[0] for t in ax.texts if t.get_gid()) == ["p = w · 3", "w: leaf"]


def boxes_and_slopes(ax):
    """Return the boxes of the nodes and of the local slopes in pixels, and the bounds of the picture."""
    _, boxes = texts_and_boxes(ax)
    renderer = ax.figure.canvas.get_renderer()
    slopes = [t for t in ax.texts if (t.get_gid() or "").startswith("slope")]
    return boxes, {t.get_text(): t.get_window_extent(renderer) for t in slopes}, ax.figure.bbox


def test_each_arrow_carries_its_slope_beside_the_boxes():
    x = leaf(3.0)
    square = x * x
    total = square + x
    slopes = {("x", "square"): "×3", ("square", "total"): "×1", ("x", "total"): "×(-12.5)", ("total", "x"): "×9"}
    ax = pictures.draw(total, {"x": x, "square": square, "total": total}, slopes=slopes)
    written = [t.get_text() for t in ax.texts if (t.get_gid() or "").startswith("slope")]
    assert sorted(written) == ["×(-12.5)", "×1", "×3", "×3"]
    boxes, drawn, _ = boxes_and_slopes(ax)
    assert not any(slope.overlaps(box) for slope in drawn.values() for box in boxes)


@pytest.mark.parametrize("numbers", [(2.0, 3.0, 1.0, 4.0), (-987.65, -321.12, 1.0, 4.0), (1000.0, -1000.0, 0.0, 999.9)])
def test_the_explorers_picture_can_be_read(numbers):
    w, x, b, y = numbers
    for step in range(10):
        pictures.draw_backward_step(step, *numbers)
        boxes, slopes, bounds = boxes_and_slopes(plt.gca())
        assert not any(slope.overlaps(box) for slope in slopes.values() for box in boxes)
        title = plt.gca().texts[0].get_window_extent()
        assert title.x0 >= bounds.x0 and title.x1 <= bounds.x1, "the line above is cut"
        error = w * x + b - y
        wanted = {f"×{v:.4g}" if v >= 0 else f"×({v:.4g})" for v in (x, w, 1, -1, 2 * error)}
        assert set(slopes) == (wanted if step > 4 else set())
        plt.close()


def shown(step, **numbers):
    """Return the labels of the explorer's picture by name."""
    pictures.draw_backward_step(step, **{"w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0, **numbers})
    labels = [t.get_text() for t in plt.gca().texts if (t.get_gid() or "").startswith("node")]
    return {label[0]: label for label in labels}


def test_the_explorer_shows_what_autograd_computes():
    numbers = {"w": -1.25, "x": 0.5, "b": 3.0, "y": -2.0}
    tensors = {name: leaf(value) for name, value in numbers.items()}
    ((tensors["w"] * tensors["x"] + tensors["b"] - tensors["y"]) ** 2).backward()
    labels = shown(9, **numbers)
    for name, tensor in tensors.items():
        assert labels[name].endswith(f"value {tensor.item():.4g}\ngrad {tensor.grad.item():.4g}")
    assert set(labels) == set("wxbypqeL") and not any("?" in label for label in labels.values())


def test_the_explorer_reveals_one_step_at_a_time():
    unknown = [sum(label.count("?") for label in shown(step).values()) for step in range(10)]
    assert unknown == [12, 11, 10, 9, 8, 7, 6, 4, 2, 0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e9, None, "three"])
def test_bad_numbers_in_the_explorer_get_a_sentence(bad):
    with pytest.raises(ValueError, match=r"^w is .*\. Type a number from -1000 to 1000\.$"):
        shown(3, w=bad)


def test_the_explorer_runs_static_and_with_widgets(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STATIC", "1")
    monkeypatch.setattr(plt, "show", lambda: None)
    explorers.backward_steps()
    assert len(plt.get_fignums()) == 4
    monkeypatch.setenv("COURSE_STATIC", "0")
    explorers.backward_steps()


# ---- a step down, and a line that is trained


def test_the_tangent_touches_the_loss_and_the_step_follows_the_slope():
    lengths = []
    for step in range(6):
        ax = plt.subplots()[1]
        pictures.draw_step_down(ax, step)
        curve, tangent, _, point, _ = ax.lines
        (at,), (height,) = point.get_data()
        w = leaf(float(at)).double().detach().requires_grad_()
        loss = (w * 3 + 1 - 4) ** 2
        loss.backward()
        xs, ys = (torch.as_tensor(v, dtype=torch.float64) for v in tangent.get_data())
        assert height == pytest.approx(loss.item(), rel=1e-4)
        assert torch.allclose(ys, loss.detach() + w.grad * (xs - at), atol=1e-3)
        assert (torch.as_tensor(curve.get_ydata()) - ys > -1e-3).all(), "a tangent of this loss is never above it"
        (arrow,) = ax.texts
        assert arrow.xyann[0] == at and arrow.xy[0] == pytest.approx(at - 0.02 * w.grad.item(), rel=1e-4)
        lengths.append(arrow.xyann[0] - arrow.xy[0])
    assert lengths == sorted(lengths, reverse=True) and lengths[-1] > 0


def test_the_regression_shows_losses_lines_and_path():
    x, y = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 3.0, 5.0])
    path = [(2 - 2 * 0.9**i, 1 - 0.8**i) for i in range(50)]
    pictures.draw_regression(x, y, path, (2.0, 0.5))
    left, middle, right = plt.gcf().axes
    falling, best = (line.get_ydata() for line in left.lines)
    assert len(falling) == 41 and falling[0] == pytest.approx((1 + 9 + 25) / 3)
    assert best[0] == pytest.approx(0.25) and left.get_yscale() == "log"
    assert [line.get_label() for line in middle.lines] == ["data", "step 0", "step 1", "step 3", "step 49"]
    assert middle.lines[2].get_ydata() == pytest.approx([0.2, 0.4, 0.6], abs=1e-5)
    assert [text.get_text() for text in middle.texts] == ["step 0", "step 1", "step 3", "step 49"]
    assert all(
        text.get_position() == pytest.approx((2.08, line.get_ydata()[-1]), abs=1e-5)
        for text, line in zip(middle.texts, middle.lines[1:], strict=True)
    )
    assert torch.allclose(torch.as_tensor(right.lines[0].get_xydata()), torch.tensor(path).double())
    assert right.lines[1].get_xydata().tolist() == [[2.0, 0.5]]
    assert right.get_aspect() == 1, "a right angle looks like one"


def test_the_cell_that_walks_back_runs_twice(capsys):
    cells = {cell.id: cell.source for cell in nbformat.read(PATHS[1], as_version=4).cells}
    names = {"torch": torch}
    exec(cells["grad-fn"], names)
    capsys.readouterr()
    printed = []
    for _ in range(2):
        exec(cells["backprop"], names)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] and "w: by hand 18.0  backward 18.0" in printed[0]


def test_a_result_of_inference_mode_is_refused_by_a_tracked_calculation():
    w = leaf(2.0)
    with torch.inference_mode():
        inference = w * 3
    with torch.no_grad():
        constant = w * 3
    with pytest.raises(RuntimeError, match=r"[Ii]nference tensors cannot be saved for backward"):
        w * inference
    assert (w * constant).requires_grad
