"""The explorers: pictures with controls. Each is thin: a function that draws, its controls, and some typical states.

Live, the controls are ipywidgets that work the same in versions 7.7 and 8. With ``COURSE_STATIC=1``, or where ipywidgets is
missing, the pictures of the typical states stand in for them.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from course_utils import descent, drawing, fitting, graph, loading, shapes
from course_utils.session import is_static


def explore(draw: Callable[..., Any], controls: Callable[[], dict[str, Any]], states: Sequence[dict[str, Any]]) -> None:
    """Show a picture that its controls redraw, or the pictures of some states.

    Args:
        draw: makes a matplotlib figure from keyword arguments. It may raise ValueError with one sentence, which is shown in
            place of the picture.
        controls: makes the widgets, one for each keyword argument of ``draw``. It imports ipywidgets itself.
        states: keyword arguments of the states to show where there are no widgets.
    """

    def show(**settings: Any) -> None:
        try:
            draw(**settings)
        except ValueError as error:
            plt.close("all")
            print(error)
        except Exception:  # not foreseen, and a traceback under a slider helps nobody
            plt.close("all")
            print(f"There is no picture for these values of {', '.join(settings)}. Try others.")
        else:
            plt.show()

    if is_static() or importlib.util.find_spec("ipywidgets") is None:
        for state in states:
            show(**state)
        return
    import ipywidgets
    from IPython.display import display

    widgets = controls()
    display(ipywidgets.VBox([*widgets.values(), ipywidgets.interactive_output(show, widgets)]))


def broadcast() -> None:
    """Type two shapes; see them aligned, and the shape they broadcast to or the dimension that does not fit."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Text

        return {
            "a": Text(value="3, 1", description="shape a", continuous_update=False),
            "b": Text(value="4", description="shape b", continuous_update=False),
        }

    explore(shapes.draw_broadcast, controls, shapes.BROADCAST_STATES)


def memory_order() -> None:
    """Choose an operation on a small tensor; see the result beside the memory that it reads."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, IntSlider

        return {
            "operation": Dropdown(options=list(shapes.OPERATIONS), description="operation"),
            "element": IntSlider(value=5, min=0, max=11, description="element", continuous_update=False),
        }

    explore(shapes.draw_memory, controls, shapes.MEMORY_STATES)


def backward_steps() -> None:
    """Type the numbers of L = (w · x + b − y)²; step forward to its value, then backward to every gradient."""

    def controls() -> dict[str, Any]:
        from ipywidgets import FloatText, IntSlider

        numbers = {"w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0}
        fields = {n: FloatText(value=v, description=n, continuous_update=False) for n, v in numbers.items()}
        return {"step": IntSlider(value=0, min=0, max=9, description="step", continuous_update=False), **fields}

    states = [{"step": step, "w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0} for step in (2, 4, 6, 9)]
    explore(_draw_backward_step, controls, states)


def _draw_backward_step(step: int, w: float, x: float, b: float, y: float) -> None:
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
    graph.draw_nodes(*graph.nodes_and_edges(t["L"], t), current=steps[step][0], unknown=unknown, title=title)


def losses() -> None:
    """Choose a loss, move the prediction; see the loss, its gradient, and where they become large."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, FloatSlider

        loss = Dropdown(options=list(fitting.LOSSES), description="loss")
        prediction = FloatSlider(
            value=-5.0, min=-8.0, max=8.0, step=0.01, description="prediction", continuous_update=False
        )

        def adapt(change: dict[str, Any]) -> None:  # BCELoss takes a probability
            prediction.min, prediction.max = (0.0, 1.0) if change["new"] == "BCELoss" else (-8.0, 8.0)

        loss.observe(adapt, names="value")
        return {
            "loss": loss,
            "prediction": prediction,
            "target": Dropdown(options=[1, 0], description="target"),
        }

    explore(fitting.draw_loss, controls, fitting.LOSS_STATES)


def batches() -> None:
    """Choose the size of a dataset, the batch size, shuffle and drop_last; see the samples of each step in two epochs."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Checkbox, IntSlider

        return {
            "samples": IntSlider(value=10, min=1, max=24, description="samples", continuous_update=False),
            "batch_size": IntSlider(value=4, min=1, max=24, description="batch_size", continuous_update=False),
            "shuffle": Checkbox(value=True, description="shuffle"),
            "drop_last": Checkbox(value=False, description="drop_last"),
        }

    explore(loading.draw_batches, controls, loading.BATCH_STATES)


def vote(models: Mapping[str, nn.Module], images: Tensor, labels: Tensor) -> None:
    """Draw a digit with a mouse or a finger; see what the networks get, and how each of them votes.

    Args:
        models: networks that take float32 rows (N, 784) from −1 to 1 and return scores (N, 10), each with its name.
        images: test images, uint8 of shape (N, 28, 28). Where nobody can draw, the first of each digit is shown.
        labels: their digits, int64 of shape (N,).
    """
    if is_static() or importlib.util.find_spec("anywidget") is None:
        drawing.gallery(models, images, labels)
        plt.show()
        if not is_static():
            print("To draw a digit yourself, install the package anywidget, then restart the kernel.")
        return

    def draw(strokes: list[drawing.Stroke]) -> None:
        drawing.draw_votes(models, drawing.to_image(strokes))

    explore(draw, lambda: {"strokes": drawing.pad()}, [])


def playground() -> None:
    """Choose a surface, one or two optimizers and their settings; see the paths, and the height of each over the steps."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, FloatLogSlider, FloatSlider, IntSlider

        def slider(value: float, low: float, high: float, step: float, name: str) -> FloatSlider:
            return FloatSlider(value=value, min=low, max=high, step=step, description=name, continuous_update=False)

        x, y = slider(-9.0, -10, 10, 0.1, "start x"), slider(2.0, -6, 6, 0.1, "start y")
        surface = Dropdown(options=list(descent.SURFACES), value="ravine", description="surface")

        def adapt(change: dict[str, Any]) -> None:
            x.value, y.value = descent.SURFACES[change["new"]].start

        surface.observe(adapt, names="value")
        return {
            "surface": surface,
            "first": Dropdown(options=descent.METHODS, value="SGD", description="optimizer 1"),
            "second": Dropdown(options=(*descent.METHODS, "none"), value="Momentum", description="optimizer 2"),
            "lr": FloatLogSlider(
                value=0.05, min=-4, max=1, step=0.05, description="learning rate", continuous_update=False
            ),
            "momentum": slider(0.9, 0, 0.99, 0.01, "momentum"),
            "x": x,
            "y": y,
            "steps": IntSlider(value=80, min=1, max=200, description="steps", continuous_update=False),
        }

    explore(descent.draw_playground, controls, descent.PLAYGROUND_STATES)
