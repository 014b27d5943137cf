"""Explorables: pictures that compute and draw by themselves in the page, so that they answer while the hand moves.

Each is one JavaScript module, ``NAME.js``, after what all share, ``shared.js``, and after its part of ``facts.json``: the
surfaces, starting values and colours of the Python side, which ``python -m tools.explorables write`` puts there. The state of
an explorable is its ``value``, a dictionary that Python can read and set:

    explorable = explorables.widget("playground")
    explorable                # as the last line of a cell, this shows it
    explorable.value          # after some moves

In a notebook the package anywidget shows them. On a website, :func:`write_pages` does without Python.
"""

import copy
import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
NAMES = ("playground", "tangent", "loss", "backward", "broadcast", "memory")


def facts() -> dict[str, Any]:
    """Return what ``facts.json`` says: what is common to all, and a part for each explorable."""
    return json.loads((FOLDER / "facts.json").read_text(encoding="utf-8"))


@functools.cache
def source(name: str) -> str:
    """Return an explorable as the text of one ES module. Its default export has ``render({model, el})``, as anywidget has it.

    Args:
        name: one of ``NAMES``.

    Raises:
        ValueError: there is no such explorable.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is not one of {', '.join(NAMES)}.")
    every = facts()
    own = json.dumps({**every["common"], **every[name]}, ensure_ascii=False, separators=(",", ":"))
    parts = [(FOLDER / f"{part}.js").read_text(encoding="utf-8") for part in ("shared", name)]
    return "\n".join([f"const FACTS = {own};", *parts])


def is_possible() -> bool:
    """Say whether anywidget is installed, which shows an explorable in a notebook."""
    return importlib.util.find_spec("anywidget") is not None


@functools.cache
def _widget_class(name: str) -> type:
    import anywidget  # slow to import
    import traitlets

    start = facts()[name]["start"]
    members = {
        "__doc__": f"The explorable {name}; its ``value`` is the state.",
        "__module__": __name__,
        "_esm": source(name),
        "value": traitlets.Dict(copy.deepcopy(start)).tag(sync=True),
    }
    return type(name.capitalize(), (anywidget.AnyWidget,), members)


def widget(name: str, **state: Any) -> Any:
    """Make an explorable for a notebook.

    Args:
        name: one of ``NAMES``.
        state: what differs from the state in which it starts, such as ``surface="beale"``. The page says in a sentence what is
            impossible.

    Returns:
        A widget. Its ``value`` is the state; it changes when the hand rests, and the picture changes when it is set.

    Raises:
        ValueError: there is no such explorable.
        ImportError: anywidget is missing.

    Source: https://anywidget.dev/en/afm/
    """
    source(name)  # an unknown name gets its sentence first
    made = _widget_class(name)()
    made.value = {**made.value, **state}
    return made


def write_pages(folder: str | Path) -> list[Path]:
    """Write the explorables for a website: a module for each, and ``page.js``, which shows them.

    A page then needs ``<div data-explorable="playground"></div>``, with ``data-state='{"surface": "beale"}'`` for another
    start, and ``<script type="module" src="…/page.js"></script>``. Nothing else is loaded, and nothing from other servers.

    Args:
        folder: where to write; it is made where it is missing.

    Returns:
        The files.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: source(name) for name in NAMES} | {"page": (FOLDER / "page.js").read_text(encoding="utf-8")}
    for name, text in texts.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return [folder / f"{name}.js" for name in texts]
