"""The explorers: pictures with controls. Each is thin: a function that draws, its controls, and some typical states.

Live, the controls are ipywidgets that work the same in versions 7.7 and 8. With ``COURSE_STATIC=1``, or where ipywidgets is
missing, the pictures of the typical states stand in for them.
"""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from torch import Tensor, nn

from course_utils.environment import is_static
from course_utils.lessons.u07_mnist_comparison import Stroke, to_image
from course_utils.optimizers import METHODS
from course_utils.pictures import u01_tensors as unit1
from course_utils.pictures import u02_autograd as unit2
from course_utils.pictures import u04_dataset_dataloader as unit4
from course_utils.pictures import u05_losses as unit5
from course_utils.pictures import u06_optimizers as unit6
from course_utils.pictures import u07_mnist_comparison as unit7
from course_utils.surfaces import SURFACES

# Runs in the page. A pointer is a mouse, a pen or a finger. After each stroke all strokes go to Python as `value`.
_PAGE = """
export default { render({ model, el }) {
  const pad = document.createElement("canvas"), clear = document.createElement("button"), size = 224;
  pad.width = pad.height = size;
  pad.style.cssText = "border: 1px solid #888; background: #000; cursor: crosshair; touch-action: none; display: block";
  pad.setAttribute("aria-label", "Draw a digit here");
  clear.textContent = "Clear";
  clear.className = "jupyter-button widget-button";
  el.append(pad, clear);
  const ink = pad.getContext("2d");
  let strokes = [], current = null;
  const redraw = () => {
    ink.clearRect(0, 0, size, size);
    ink.strokeStyle = "#fff"; ink.lineWidth = 14; ink.lineCap = ink.lineJoin = "round";
    for (const stroke of [...strokes, ...(current ? [current] : [])]) {
      ink.beginPath();
      ink.moveTo(stroke[0][0] * size, stroke[0][1] * size);
      for (const [x, y] of stroke) ink.lineTo(x * size, y * size);
      ink.stroke();
    }
  };
  const point = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const send = () => { model.set("value", strokes); model.save_changes(); };
  pad.onpointerdown = (event) => { pad.setPointerCapture(event.pointerId); current = [point(event)]; redraw(); };
  pad.onpointermove = (event) => { if (current) { current.push(point(event)); redraw(); } };
  pad.onpointerup = pad.onpointercancel = () => {
    if (current) { strokes = [...strokes, current]; current = null; redraw(); send(); }
  };
  clear.onclick = () => { strokes = []; current = null; redraw(); send(); };
  model.on("change:value", () => { strokes = model.get("value"); redraw(); });
  strokes = model.get("value");
  redraw();
} };
"""


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

    explore(unit1.draw_broadcast, controls, unit1.BROADCAST_STATES)


def memory_order() -> None:
    """Choose an operation on a small tensor; see the result beside the memory that it reads."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, IntSlider

        return {
            "operation": Dropdown(options=list(unit1.OPERATIONS), description="operation"),
            "element": IntSlider(value=5, min=0, max=11, description="element", continuous_update=False),
        }

    explore(unit1.draw_memory, controls, unit1.MEMORY_STATES)


def backward_steps() -> None:
    """Type the numbers of L = (w · x + b − y)²; step forward to its value, then backward to every gradient."""

    def controls() -> dict[str, Any]:
        from ipywidgets import FloatText, IntSlider

        numbers = {"w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0}
        fields = {n: FloatText(value=v, description=n, continuous_update=False) for n, v in numbers.items()}
        return {"step": IntSlider(value=0, min=0, max=9, description="step", continuous_update=False), **fields}

    states = [{"step": step, "w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0} for step in (2, 4, 6, 9)]
    explore(unit2.draw_backward_step, controls, states)


def losses() -> None:
    """Choose a loss, move the prediction; see the loss, its gradient, and where they become large."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, FloatSlider

        loss = Dropdown(options=list(unit5.LOSSES), description="loss")
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

    explore(unit5.draw_loss, controls, unit5.LOSS_STATES)


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

    explore(unit4.draw_batches, controls, unit4.BATCH_STATES)


def vote(models: Mapping[str, nn.Module], images: Tensor, labels: Tensor) -> None:
    """Draw a digit with a mouse or a finger; see what the networks get, and how each of them votes.

    Args:
        models: networks that take float32 rows (N, 784) from −1 to 1 and return scores (N, 10), each with its name.
        images: test images, uint8 of shape (N, 28, 28). Where nobody can draw, the first of each digit is shown.
        labels: their digits, int64 of shape (N,).
    """
    if is_static() or importlib.util.find_spec("anywidget") is None:
        unit7.gallery(models, images, labels)
        plt.show()
        if not is_static():
            print("To draw a digit yourself, install the package anywidget, then restart the kernel.")
        return

    def draw(strokes: list[Stroke]) -> None:
        unit7.draw_votes(models, to_image(strokes))

    explore(draw, lambda: {"strokes": _pad()}, [])


def playground() -> None:
    """Choose a surface, one or two optimizers and their settings; see the paths, and the height of each over the steps."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, FloatLogSlider, FloatSlider, IntSlider

        def slider(value: float, low: float, high: float, step: float, name: str) -> FloatSlider:
            return FloatSlider(value=value, min=low, max=high, step=step, description=name, continuous_update=False)

        x, y = slider(-9.0, -10, 10, 0.1, "start x"), slider(2.0, -6, 6, 0.1, "start y")
        surface = Dropdown(options=list(SURFACES), value="ravine", description="surface")

        def adapt(change: dict[str, Any]) -> None:
            x.value, y.value = SURFACES[change["new"]].start

        surface.observe(adapt, names="value")
        return {
            "surface": surface,
            "first": Dropdown(options=METHODS, value="SGD", description="optimizer 1"),
            "second": Dropdown(options=(*METHODS, "none"), value="Momentum", description="optimizer 2"),
            "lr": FloatLogSlider(
                value=0.05, min=-4, max=1, step=0.05, description="learning rate", continuous_update=False
            ),
            "momentum": slider(0.9, 0, 0.99, 0.01, "momentum"),
            "x": x,
            "y": y,
            "steps": IntSlider(value=80, min=1, max=200, description="steps", continuous_update=False),
        }

    explore(unit6.draw_playground, controls, unit6.PLAYGROUND_STATES)


def _pad() -> Any:
    """Make a widget to draw on. Its ``value`` is the list of strokes; it changes at the end of each stroke.

    Source: https://anywidget.dev/en/getting-started/
    """
    import anywidget
    import traitlets

    class Pad(anywidget.AnyWidget):
        _esm = _PAGE
        value = traitlets.List([]).tag(sync=True)

    return Pad()
