"""The explorers: pictures with controls. Each is thin: a function that draws, its controls, and some typical states.

Live, the controls are ipywidgets that work the same in versions 7.7 and 8. With ``COURSE_STATIC=1``, or where ipywidgets is
missing, the pictures of the typical states stand in for them.
"""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt

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
