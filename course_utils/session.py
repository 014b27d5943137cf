"""What happens at the start of each notebook: seed, threads, plot style, one line."""

import sys
import threading
from typing import Any

import torch


def setup(unit: str, lang: str = "en", seed: int = 0) -> None:
    """Prepare a notebook, and print one line that says so; one more line where a student's copy has become old.

    It seeds PyTorch, gives PyTorch one thread and sets the plot style of the course. One thread is enough for the small
    networks of this course. On a shared machine it is also faster, because two threads wait for each other.

    Args:
        unit: the name of the notebook without its ending, for example ``"02_autograd"``.
        lang: the language of the helpers' messages. Today there is ``"en"``.
        seed: the seed of PyTorch's global random generator.

    Raises:
        ValueError: ``lang`` is not a language of the course.
    """
    if lang != "en":
        raise ValueError(f"The course does not speak {lang!r} yet. Use lang='en', or leave it out.")
    from course_utils import (
        lab,
    )  # imported here, because `python -m course_utils.lab` is to run it, not to import it first
    from course_utils.pictures import style  # matplotlib is slow to import, and only notebooks need it

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    style.use_style()
    _keep_figures_whole()
    print(f"{unit} is ready: seed {seed}, one thread.")
    if newer := lab.news(unit):
        print(newer)


def _keep_figures_whole() -> None:
    """Let IPython show figures in the main thread alone; where there is no IPython, do nothing.

    After each message IPython shows and closes the open figures: its event ``post_execute``. JupyterLab sends the moves of
    controls to another thread of ipykernel 7, so that a slider could show and close the half-drawn figure of the cell that runs.

    Source: https://github.com/ipython/ipykernel/issues/1564 and https://github.com/jupyterlab/jupyterlab/issues/19719
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or "trigger" in vars(shell.events):  # with the second, this was done before
        return
    everywhere = shell.events.trigger

    def trigger(event: str, *args: Any, **kwargs: Any) -> None:
        if event != "post_execute" or threading.current_thread() is threading.main_thread():
            everywhere(event, *args, **kwargs)

    shell.events.trigger = trigger
