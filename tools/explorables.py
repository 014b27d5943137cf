"""Give the explorables the facts of the Python side, and measure them: ``python -m tools.explorables write|check|measure``.

``write`` puts ``course_utils/explorables/facts.json`` there: surfaces, methods, colours and the states in which they start.
``check`` says whether the file is what ``write`` would write. ``measure`` says how soon a picture follows the hand (chromium).
"""

import contextlib
import functools
import http.server
import json
import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

import torch
from matplotlib import rcParamsDefault

from course_utils import explorables
from course_utils.optimizers import METHODS
from course_utils.pictures import style
from course_utils.pictures import u01_tensors as unit1
from course_utils.pictures import u05_losses as unit5
from course_utils.surfaces import SURFACES
from tools import chromium

PATH = explorables.FOLDER / "facts.json"
NEAR = 0.01  # a walk that comes this near to the lowest height has arrived
USES = {"Momentum": "momentum", "Nesterov": "momentum", "Adam": "beta", "AdamW": "beta"}
# how many steps to begin with, the momentum of Momentum (of the others it is 0.9), and rates, in the order of METHODS
SETTINGS = {
    "dent": (60, 0.9, 0.1, 0.1, 0.1, 1.0, 0.1, 1.0, 0.1, 0.1),
    "ravine": (60, 0.5, 0.0891, 0.1, 0.0501, 1.0, 0.1, 1.0, 0.3, 0.3),
    "saddle": (60, 0.9, 0.1, 0.05, 0.05, 1.0, 0.1, 1.0, 0.1, 0.1),
    "beale": (100, 0.9, 0.01, 0.01, 0.01, 0.5, 0.1, 1.0, 0.1, 0.1),
    "rosenbrock": (200, 0.9, 0.0015, 0.0015, 0.00105, 0.5, 0.1, 1.0, 0.1, 0.1),
    "himmelblau": (60, 0.9, 0.01, 0.01, 0.01, 1.0, 0.1, 1.0, 0.3, 0.3),
}
# about the best rate of SGD, beside what momentum makes of it; None means what the surface has, and all steps
FIRST = {"surface": "rosenbrock", "start": None, "steps": None, "step": None, "selected": "Momentum"}
ON = ("SGD", "Momentum")


def dash(line: str | tuple) -> str | None:
    """Return a line style of the course as SVG writes it; None for a solid line."""
    names = {"--": "dashed", "-.": "dashdot", ":": "dotted"}
    if line == "-":
        return None
    lengths = rcParamsDefault[f"lines.{names[line]}_pattern"] if isinstance(line, str) else line[1]
    return " ".join(f"{1.8 * length:.3g}" for length in lengths)


def playground() -> dict[str, Any]:
    """Return the surfaces and methods, and where the playground starts."""
    surfaces = {
        name: {
            "formula": surface.formula,
            "minima": surface.minima,
            "window": surface.window,
            "start": surface.start,
            "is_curve": surface.is_curve,
            "lowest": surface.lowest,
            "steps": SETTINGS[name][0],
            "settings": {
                method: {"lr": lr, "momentum": SETTINGS[name][1] if method == "Momentum" else 0.9}
                for method, lr in zip(METHODS, SETTINGS[name][2:], strict=True)
            },
        }
        for name, surface in SURFACES.items()
    }
    methods = {name: {"on": name in ON} for name in METHODS}
    return {
        "surfaces": surfaces,
        "methods": {name: {"uses": USES.get(name)} for name in METHODS},
        "near": NEAR,
        "start": {**FIRST, "methods": methods},
    }


def memory() -> dict[str, Any]:
    """Return what each operation of the memory picture gives, as PyTorch says it."""
    x, found = torch.arange(12).reshape(3, 4), {}
    for name, operation in unit1.OPERATIONS.items():
        y = operation(x)
        line = y.as_strided((y.untyped_storage().nbytes() // y.element_size(),), (1,), 0)
        found[name] = {
            "shape": y.shape,
            "stride": y.stride(),
            "offset": y.storage_offset(),
            "memory": line.tolist(),
            "contiguous": y.is_contiguous(),
            "view": y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr(),
        }
    shades = ["#" + "".join(f"{round(255 * part):02X}" for part in unit1._colour(place)) for place in range(12)]
    return {"operations": found, "shades": shades, "start": {"operation": "x", "element": 5}}


def facts() -> dict[str, Any]:
    """Return what all explorables share, and a part for each."""
    return {
        "common": {"colours": style.COLOURS, "dashes": [dash(line) for line in style.LINES]},
        "playground": playground(),
        "tangent": {"x": 3, "b": 1, "y": 4, "start": {"w": 2, "rate": 0.02, "steps": 1}},
        "loss": {"losses": unit5.LOSSES, "start": {"loss": "MSELoss", "prediction": -5, "target": 1}},
        "backward": {"limit": 1000, "start": {"step": 0, "w": 2, "x": 3, "b": 1, "y": 4}},
        "broadcast": {
            "example": unit1.EXAMPLE,
            "most": unit1.MAX_DIMENSIONS,
            "largest": unit1.MAX_SIZE,
            "notes": unit1.NOTES,
            "start": {"a": "3, 1", "b": "4"},
        },
        "memory": memory(),
    }


def text() -> str:
    """Return the text of ``facts.json``, with one line for each fact, and for each surface or operation."""

    def lines(value: Any, depth: int) -> str:
        if not isinstance(value, dict) or not depth:
            return json.dumps(value, ensure_ascii=False)
        inner = (f"{' ' * (4 - depth)}{json.dumps(key)}: {lines(part, depth - 1)}" for key, part in value.items())
        return "{\n" + ",\n".join(inner) + "\n" + " " * (3 - depth) + "}"

    return lines(facts(), 3) + "\n"


# ---- how soon a picture follows the hand

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Explorables</title><body style="margin: 8px; background: #fff">{}</body></html>"""
# what the hand drags in each, and how far around
HELD = {
    "playground": "[aria-label='start']",
    "tangent": "[aria-label=w]",
    "loss": "[aria-label='prediction, on the loss']",
    "backward": "[data-node=w] b",
    "broadcast": "[aria-label='size of b in dim -1']",
    "memory": "[aria-label='element of the result']",
}
# waits for the page: in the first of these frames an explorable sees what has changed, such as its size; in a later one it draws
DRAWN = """() => new Promise(resolve => { let left = 4;
    const next = () => left-- ? requestAnimationFrame(next) : resolve(0); next() })"""
# keeps the milliseconds from each move of the pointer to the frame after its picture
WATCH = """() => { window.times = []; addEventListener('pointermove', (event) => requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => times.push(performance.now() - event.timeStamp);
    after.port2.postMessage(0) }), true) }"""
# says how many milliseconds pass from the first line of the module to the frame after its first picture
FIRST_PAINT = """async (name) => { const { show } = await import('./page.js'), el = document.createElement('div');
    el.dataset.explorable = name; document.body.append(el);
    const start = performance.now();
    await show(el);
    return new Promise((resolve) => { const look = () => {
        if (!el.firstChild.shadowRoot.querySelector('[data-text]').textContent) return requestAnimationFrame(look);
        const after = new MessageChannel();
        after.port1.onmessage = () => resolve(performance.now() - start);
        after.port2.postMessage(0) }; look() }) }"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def pages() -> Iterator[str]:
    """Serve the explorables as a website does, and give the address. ``empty.html`` has none, ``NAME.html`` has one."""
    with tempfile.TemporaryDirectory() as folder:
        explorables.write_pages(folder)
        for name in (*explorables.NAMES, "empty"):
            shown = f'<div data-explorable="{name}"></div>' if name != "empty" else ""
            script = '<script type="module" src="page.js"></script>'
            with open(os.path.join(folder, f"{name}.html"), "w", encoding="utf-8") as file:
                file.write(PAGE.format(shown + script))
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()


def measure(moves: int = 120) -> dict[str, tuple[float, float, float]]:
    """Drag in each explorable, in chromium, without a screen.

    Args:
        moves: how often the pointer moves.

    Returns:
        For each explorable, in milliseconds: from the beginning to its first picture; from a move of the pointer to the new
        picture, the median and the 95th percentile.
    """
    from playwright.sync_api import sync_playwright

    found = {}
    with pages() as address, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), headless=True, args=ARGUMENTS)
        for name in explorables.NAMES:
            page = browser.new_page(viewport={"width": 1200, "height": 1000})
            page.goto(f"{address}/empty.html")
            first = page.evaluate(FIRST_PAINT, name)
            page.wait_for_timeout(500)  # the map of the playground, and fonts
            box = page.locator(HELD[name]).bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            page.evaluate(WATCH)
            page.mouse.move(x, y)
            page.mouse.down()
            for number in range(moves):  # there and back
                far = abs((number + 15) % 60 - 30) - 15
                page.mouse.move(x + 4 * far, y + 2 * far)
                page.wait_for_timeout(8 + 5 * number % 17)  # frames come every 17 ms, and a hand does not wait for them
            page.mouse.up()
            times = page.evaluate("times")
            found[name] = (first, statistics.median(times), statistics.quantiles(times, n=20)[-1])
            page.close()
        browser.close()
    return found


def main(arguments: list[str]) -> int:
    """Do what the one argument says, and return the exit status."""
    if arguments == ["write"]:
        PATH.write_text(text(), encoding="utf-8")
        return 0
    if arguments == ["check"]:
        if PATH.read_text(encoding="utf-8") == text():
            return 0
        print(f"{PATH.name} is not current. Write it again with: python -m tools.explorables write")
        return 1
    if arguments == ["measure"]:
        for name, times in measure().items():
            first, median, most = (f"{time:.0f}" for time in times)
            print(f"{name}: first picture {first} ms; from hand to picture {median} ms (median), {most} ms (95 %)")
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
