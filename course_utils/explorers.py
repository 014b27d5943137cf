"""The explorers: pictures with controls. Each is thin: a function that draws, its controls, and some typical states.

Live, an explorer that has an explorable is drawn by the page itself. The others, and all where anywidget is missing, have
controls of ipywidgets, which work the same in versions 7.7 and 8. With ``COURSE_STATIC=1``, or where ipywidgets is missing as
well, the pictures of the typical states stand in for them.
"""

import asyncio
import contextlib
import html
import importlib.util
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from torch import Tensor, nn

from course_utils import explorables
from course_utils.environment import is_static
from course_utils.explorables.tangent import TANGENT_STATES, draw_tangent
from course_utils.lessons.u07_mnist_comparison import Stroke, to_image
from course_utils.optimizers import METHODS
from course_utils.pad import drawing_pad
from course_utils.pictures import u01_tensors as unit1
from course_utils.pictures import u02_autograd as unit2
from course_utils.pictures import u04_dataset_dataloader as unit4
from course_utils.pictures import u05_losses as unit5
from course_utils.pictures import u06_optimizers as unit6
from course_utils.pictures import u07_mnist_comparison as unit7
from course_utils.surfaces import SURFACES

# the pictures that the page draws by itself, as an explorable
IN_PAGE = {
    unit1.draw_broadcast: "broadcast",
    unit1.draw_memory: "memory",
    draw_tangent: "tangent",
    unit2.draw_backward_step: "backward",
    unit5.draw_loss: "loss",
    unit6.draw_playground: "playground",
}
# sliders that another control is moving just now: see `_follow`
_led: set[Any] = set()


def explore(draw: Callable[..., Any], controls: Callable[[], dict[str, Any]], states: Sequence[dict[str, Any]]) -> None:
    """Show a picture that its controls redraw, or the pictures of some states.

    Python draws every picture in the main thread, so never while a cell runs: matplotlib is not made for threads, and JupyterLab
    hands the moves of a control to another thread of ipykernel 7 (https://github.com/jupyterlab/jupyterlab/issues/19719).
    Moves that come in the meantime are drawn once, with the values of the last.

    Args:
        draw: makes a matplotlib figure from keyword arguments. It may raise ValueError with one sentence, which is shown in
            place of the picture. What it prints stands above the picture.
        controls: makes the widgets, one for each keyword argument of ``draw``. It imports ipywidgets itself.
        states: keyword arguments of the states to show where there are no widgets.
    """
    if is_static() or importlib.util.find_spec("ipywidgets") is None:
        for state in states:
            _attempt(draw, state, plt.show)
        return
    import ipywidgets
    from IPython.display import display

    if draw in IN_PAGE and explorables.is_possible():
        display(explorables.widget(IN_PAGE[draw]))
        return
    widgets, picture, shown = controls(), ipywidgets.HTML(), {}

    def redraw() -> None:
        settings = {name: _rounded(control.value) for name, control in widgets.items()}
        if settings != shown:
            shown.update(settings)
            picture.value = _to_html(draw, settings)

    def moved(change: dict[str, Any]) -> None:
        if change["owner"] in _led:
            return
        if main_loop is None or threading.current_thread() is threading.main_thread():
            redraw()  # at once: Colab shows nothing that comes after the end of a message (colabtools issue 3373)
        else:
            main_loop.call_soon_threadsafe(redraw)

    main_loop = None
    with contextlib.suppress(RuntimeError):  # outside of a notebook no loop runs
        main_loop = asyncio.get_running_loop()
    for control in widgets.values():
        control.observe(moved, names="value")
    redraw()
    display(ipywidgets.VBox([*widgets.values(), picture]))


def _rounded(value: Any) -> Any:
    """Return the value of a control: 0.9 where the browser's slider says 0.9000000000000001, and 0.0 for −1e-16."""
    return round(value, 12) + 0.0 if isinstance(value, float) else value


def _attempt(draw: Callable[..., Any], settings: dict[str, Any], present: Callable[[], Any]) -> Any:
    """Draw, and return what ``present`` returns; where one of them fails, leave no figure and print one sentence."""
    before = plt.get_fignums()
    try:
        draw(**settings)
        return present()
    except ValueError as error:
        print(error)
    except Exception:  # not foreseen, and a traceback under a slider helps nobody
        print(f"There is no picture for these values of {', '.join(settings)}. Try others.")
    for number in set(plt.get_fignums()) - set(before):
        plt.close(number)
    return None


def _to_html(draw: Callable[..., Any], settings: dict[str, Any]) -> str:
    """Draw, and return what was printed and the picture, with two pixels for each one of the page, so that it is sharp."""
    from IPython.core.pylabtools import retina_figure

    def present() -> str:
        figure = plt.gcf()
        png, size = retina_figure(figure, base64=True, pil_kwargs={"compress_level": 1})  # larger, but sooner ready
        plt.close(figure)
        alt = ", ".join(f"{name} = {value}" for name, value in settings.items() if not isinstance(value, list))
        return (
            f'<img alt="{html.escape(alt)}" width="{size["width"]}" style="max-width: 100%; height: auto" '
            f'decoding="sync" src="data:image/png;base64,{png}">'
        )

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        image = _attempt(draw, settings, present) or ""
    return f"<div>{html.escape(printed.getvalue())}</div>{image}"


def _follow(leader: Any, sliders: Sequence[Any], move: Callable[[Any], None]) -> None:
    """Call ``move`` with each new value of ``leader``. It may move the sliders: one picture is drawn, after the last of them.

    Meanwhile the sliders are not continuous, because the browser sends what such a slider gets back to Python, rounded to its
    steps, and perhaps after the next move.
    """

    def quietly(change: dict[str, Any]) -> None:
        _led.update(sliders)
        for slider in sliders:
            slider.continuous_update = False
        move(change["new"])
        for slider in sliders:
            slider.continuous_update = True
        _led.difference_update(sliders)

    leader.observe(quietly, names="value")


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
            "element": IntSlider(value=5, min=0, max=11, description="element"),
        }

    explore(unit1.draw_memory, controls, unit1.MEMORY_STATES)


def backward_steps() -> None:
    """Type the numbers of L = (w · x + b − y)²; step forward to its value, then backward to every gradient."""

    def controls() -> dict[str, Any]:
        from ipywidgets import FloatText, IntSlider

        numbers = {"w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0}
        fields = {n: FloatText(value=v, description=n, continuous_update=False) for n, v in numbers.items()}
        return {"step": IntSlider(value=0, min=0, max=9, description="step"), **fields}

    states = [{"step": step, "w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0} for step in (2, 4, 6, 9)]
    explore(unit2.draw_backward_step, controls, states)


def tangent() -> None:
    """Move w, choose a rate; see the tangent of a loss, and where the steps of gradient descent lead."""

    def controls() -> dict[str, Any]:
        from ipywidgets import FloatSlider, IntSlider

        return {
            "w": FloatSlider(value=2.0, min=-1.0, max=3.0, step=0.01, description="w"),
            "rate": FloatSlider(value=0.02, min=0.001, max=0.15, step=0.001, description="rate", readout_format=".3f"),
            "steps": IntSlider(value=1, min=1, max=40, description="steps"),
        }

    explore(draw_tangent, controls, TANGENT_STATES)


def losses() -> None:
    """Choose a loss, move the prediction; see the loss, its gradient, and where they become large."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, FloatSlider

        loss = Dropdown(options=list(unit5.LOSSES), description="loss")
        prediction = FloatSlider(value=-5.0, min=-8.0, max=8.0, step=0.01, description="prediction")

        def adapt(chosen: str) -> None:  # BCELoss takes a probability
            prediction.min, prediction.max = (0.0, 1.0) if chosen == "BCELoss" else (-8.0, 8.0)

        _follow(loss, [prediction], adapt)
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
            "samples": IntSlider(value=10, min=1, max=24, description="samples"),
            "batch_size": IntSlider(value=4, min=1, max=24, description="batch_size"),
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

    explore(draw, lambda: {"strokes": drawing_pad()}, [])


def playground() -> None:
    """Choose a surface, one or two optimizers and their settings; see the paths, and the height of each over the steps."""

    def controls() -> dict[str, Any]:
        from ipywidgets import Dropdown, FloatSlider, IntSlider, SelectionSlider

        def slider(value: float, low: float, high: float, step: float, name: str) -> FloatSlider:
            return FloatSlider(value=value, min=low, max=high, step=step, description=name)

        x, y = slider(-1.5, -10, 10, 0.1, "start x"), slider(2.0, -6, 6, 0.1, "start y")
        surface = Dropdown(options=list(SURFACES), value="rosenbrock", description="surface")
        # 0.0001, 0.00011, ... 10, and the one to begin with
        rates = sorted({0.0015, *(float(f"{10 ** (power / 20):.2g}") for power in range(-80, 21))})

        def to_start(chosen: str) -> None:
            x.value, y.value = SURFACES[chosen].start

        _follow(surface, [x, y], to_start)
        return {
            "surface": surface,
            "first": Dropdown(options=METHODS, value="SGD", description="optimizer 1"),
            "second": Dropdown(options=(*METHODS, "none"), value="Momentum", description="optimizer 2"),
            "lr": SelectionSlider(value=0.0015, options=rates, description="learning rate"),
            "momentum": slider(0.9, 0, 0.99, 0.01, "momentum"),
            "x": x,
            "y": y,
            "steps": IntSlider(value=200, min=1, max=200, description="steps"),
        }

    explore(unit6.draw_playground, controls, unit6.PLAYGROUND_STATES)
