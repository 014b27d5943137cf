"""What a student and a teacher see: the outcome of a check, the source of an answer, and the count of a notebook."""

import ast
import functools
import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

NOT_ATTEMPTED, WRONG, CORRECT = "not attempted", "wrong", "correct"
SIGNS = {NOT_ATTEMPTED: "○", WRONG: "✗", CORRECT: "✓"}


@dataclass(frozen=True)
class Text:
    """A text that shows itself: plain in a terminal, as Markdown in a notebook."""

    plain: str
    markdown: str

    def __repr__(self) -> str:
        return self.plain

    def _repr_markdown_(self) -> str:
        return self.markdown


@dataclass(frozen=True, repr=False)
class Result:
    """The outcome of a check.

    ``status`` is "not attempted", "wrong" or "correct", ``message`` says why, and ``detail`` what Python said, where the message
    is about an error.
    """

    title: str
    status: str
    message: str
    detail: str = ""

    def __repr__(self) -> str:
        return " ".join(filter(None, [SIGNS[self.status], f"{self.title}: {self.status}.", self.message, self.detail]))

    def _repr_markdown_(self) -> str:
        return " ".join(
            filter(None, [SIGNS[self.status], f"**{self.title}: {self.status}.**", self.message, self.detail])
        )


def source(answer: Any) -> str:
    """Return an answer as it is written in its module, without the decorators above it."""
    if not callable(answer):
        return repr(answer)
    if inspect.isclass(answer):  # `inspect` would read the whole module again for each class
        text = _classes(inspect.getmodule(answer)).get(answer.__name__) or inspect.getsource(answer)
    else:
        text = inspect.getsource(answer)
    text = textwrap.dedent(text).strip()
    first = ast.parse(text).body[0].lineno  # that of ``def`` or ``class``
    return "\n".join(text.splitlines()[first - 1 :])


@functools.cache
def _classes(module: ModuleType) -> dict[str, str]:
    """Return the source of each class of a module."""
    text = inspect.getsource(module)
    lines = text.splitlines()
    nodes = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return {node.name: "\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in nodes}


def summary(exercises: Sequence[Any]) -> Text:
    """Return one line for a notebook: how many of its exercises are done, wrong and open, and which."""
    names = {s: [e.name for e in exercises if e.status == s] for s in (CORRECT, WRONG, NOT_ATTEMPTED)}
    words = {CORRECT: "done", WRONG: "wrong", NOT_ATTEMPTED: "open"}
    parts = [
        f"{SIGNS[s]} {len(n)} {words[s]}{': ' + ', '.join(n) if n and s != CORRECT else ''}" for s, n in names.items()
    ]
    return Text("   ".join(parts), " &nbsp; ".join(parts))
