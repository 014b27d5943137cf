"""A real error, shown as Python shows it, while the notebook goes on."""

import contextlib
import traceback
from collections.abc import Iterator


@contextlib.contextmanager
def showing_the_error() -> Iterator[None]:
    """Run the lines inside; where they raise, print the traceback, shortened to the lines of the notebook, and go on.

    Python prints the same, and then stops. The lines of PyTorch and other packages are left out, because the cause is nearly
    always in your own. Read it from its end: the last line says what went wrong, the line above it where.

    Source: https://docs.python.org/3/tutorial/errors.html
    """
    try:
        yield
    except Exception as error:
        print("Traceback (most recent call last):")
        for frame in traceback.extract_tb(error.__traceback__):
            if _is_of_the_notebook(frame.filename):
                name = "<module>" if frame.name.startswith("<cell line") else frame.name  # IPython 7 and 8 say it so
                print(f"  Cell, line {frame.lineno}, in {name}\n    {frame.line}")
        print("".join(traceback.format_exception_only(error)).strip())
    else:
        print("No error was raised.")


def _is_of_the_notebook(filename: str) -> bool:
    """Say whether a frame stands in a cell: IPython compiles each one under a name of its own."""
    return "ipykernel_" in filename or filename.startswith("<ipython-input") or filename == "<stdin>"
