"""The notebooks in JupyterLab, in a real browser: every cell runs, every control redraws, every film plays.

Needs Debian's chromium, or the one that CHROMIUM names. Pictures of each explorer go to build/screens.
"""

import base64
import contextlib
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import matplotlib

matplotlib.use("agg")
import ipywidgets
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from PIL import Image
from test_u07_mnist_comparison import ONE, ZERO

from course_utils import environment, explorers
from course_utils.pictures import style
from tools import PATHS, ROOT, code_cells

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

SCREENS = ROOT / "build" / "screens"
STEMS = [path.stem for path in PATHS]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# the page asks for things outside, such as news; the test is closed off from the network, and the page says so
NOT_OURS = re.compile(r"ERR_FAILED|ERR_BLOCKED|favicon|Failed to load resource")


def write_setting(folder, plugin, name, value):
    path = folder / plugin / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def copy_course(root):
    """Copy the notebooks, beside links to the package and the data, so that nothing of the course is changed."""
    shutil.copytree(ROOT / "notebooks", root / "course" / "notebooks")
    for name in ("course_utils", "data"):
        (root / "course" / name).symlink_to(ROOT / name)
    return root / "course"


@contextlib.contextmanager
def serving(root, arguments, **folders):
    """Start a server of notebooks, and give its address."""
    folders |= {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "run", "IPYTHONDIR": "ipython"}
    env = {**os.environ, **{name: str(root / folder) for name, folder in folders.items()}}
    for name in (
        "COURSE_STATIC",
        "PYTEST_CURRENT_TEST",
    ):  # with the second, a kernel would not catch what C code prints
        env.pop(name, None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", *arguments, "--no-browser", "--allow-root", f"--port={port}"]
    with open(root / "server.log", "wb") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(400):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status", timeout=1).read()
                break
            except OSError:
                assert server.poll() is None, (root / "server.log").read_text()[-3000:]
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab on a copy of the notebooks, and return its address."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    root = tmp_path_factory.mktemp("lab")
    course, settings = copy_course(root), root / "settings"
    write_setting(settings, "@jupyterlab/notebook-extension", "tracker", {"windowingMode": "none"})  # draw every cell
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    write_setting(settings, "@jupyterlab/apputils-extension", "notification", quiet)
    options = ["--expose-app-in-browser", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="]
    options += ["--ServerApp.password=", "--LabApp.news_url=None", f"--ServerApp.root_dir={course}"]
    folders = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "spaces"}
    with serving(root, ["jupyterlab", *options], **folders) as address:
        yield address


@pytest.fixture(scope="module")
def classic(tmp_path_factory):
    """Start the classic notebook, as Colab has it, on a copy of the notebooks, and return its address."""
    if not environment.version("notebook").startswith("6."):
        pytest.skip("the classic notebook, version 6, is not installed: see make test-colab")
    root = tmp_path_factory.mktemp("classic")
    options = ["--ip=127.0.0.1", "--NotebookApp.token=", "--NotebookApp.password="]
    with serving(root, ["notebook", *options, f"--notebook-dir={copy_course(root)}"]) as address:
        yield address


@pytest.fixture(scope="module")
def browser(chromium):
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """Return a page that reaches nothing but this machine, and that collects its errors in ``page.problems``."""
    context = browser.new_context(viewport={"width": 1200, "height": 1400})
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)[:300]))
    page.on(
        "console", lambda m: m.type == "error" and not NOT_OURS.search(m.text) and page.problems.append(m.text[:300])
    )
    yield page
    context.close()


def run_all(page, lab, stem):
    """Open a notebook, run all its cells, and wait for the last."""
    page.goto(f"{lab}/lab/tree/notebooks/{stem}.ipynb?reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=90_000)
    page.evaluate(  # the toolbar says "idle" before there is a kernel; what runs then asks for one, and waits for ever
        """async () => { const panel = jupyterapp.shell.currentWidget; await panel.context.ready;
            await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;
            await jupyterapp.commands.execute('notebook:clear-all-cell-outputs'); }"""
    )
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")  # its promise may never be kept
    done = """() => { const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
        return cells.every(c => c.type !== 'code' || !c.sharedModel.source.trim() || c.executionCount !== null) }"""
    page.wait_for_function(done, timeout=400_000, polling=500)
    page.wait_for_timeout(500)


def cell_of(page, notebook, fragment):
    """Return the cell of the page whose source holds a text."""
    number = next(i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and fragment in c.source)
    return page.locator(".jp-Notebook .jp-Cell, #notebook-container > .cell").nth(number)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def picture_in(cell):
    """Return the pixels of the picture that a cell shows, or its text where there is none."""
    image = cell.locator("img")
    if image.count():
        return pixels(base64.b64decode(image.last.get_attribute("src").split(",", 1)[1]))
    return cell.locator(".jp-OutputArea-output, .output_text").last.inner_text().strip()


def drawn(draw, settings):
    """Return what ``draw`` shows for these settings: the pixels of its figure, or its sentence."""
    from IPython.core.pylabtools import print_figure

    with plt.rc_context():
        style.use_style()
        try:
            draw(**settings)
        except ValueError as error:
            return str(error)
        finally:
            figure = plt.gcf()
            plt.close("all")
        return pixels(print_figure(figure, "png", base64=False))


def same(a, b):
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and " ".join(a.split()) == " ".join(b.split())
    return a.shape == b.shape and np.abs(a - b).max() <= 2


def wait_for_picture(page, cell, expected):
    for _ in range(100):
        shown = picture_in(cell)
        if same(shown, expected):
            return
        page.wait_for_timeout(100)
    what = shown if isinstance(shown, str) else f"a picture of {shown.shape}"
    raise AssertionError(f"the page shows {what}, Python computes {getattr(expected, 'shape', expected)}")


def move(page, place, control):
    """Move one control in the page, and set the widget of this process to the value that it should have now."""
    if isinstance(control, ipywidgets.Checkbox):
        place.locator("input").click()
        control.value = not control.value
    elif isinstance(control, ipywidgets.SelectMultiple):
        wanted = control.options[-2:]
        names = [o if isinstance(o, str) else o[0] for o in wanted]
        place.locator("select").select_option(names)
        control.value = tuple(o if isinstance(o, str) else o[1] for o in wanted)
    elif isinstance(control, ipywidgets.Dropdown):
        last = control.options[-1]
        place.locator("select").select_option(str(last if not isinstance(last, tuple) else last[0]))
        control.index = len(control.options) - 1
    elif isinstance(control, ipywidgets.FloatLogSlider | ipywidgets.IntSlider | ipywidgets.FloatSlider):
        place.locator(".noUi-handle, .ui-slider-handle").focus()
        to_end = control.value < control.max
        page.keyboard.press("End" if to_end else "Home")
        end = control.max if to_end else control.min
        control.value = control.base**end if isinstance(control, ipywidgets.FloatLogSlider) else end
    else:  # a field to type in
        new = {"Text": "2, 1, 3"}.get(type(control).__name__) or str(control.value + 1)
        place.locator("input").fill(new)
        place.locator("input").press("Enter")
        control.value = type(control.value)(new)


def try_explorer(page, cell, name, monkeypatch):
    """Move each control of an explorer; after each, the picture must be the one that Python draws for these values."""
    taken = {}
    with monkeypatch.context() as patch:
        patch.setattr(explorers, "explore", lambda draw, controls, states: taken.update(draw=draw, controls=controls()))
        getattr(explorers, name)()
    draw, controls = taken["draw"], taken["controls"]
    cell.scroll_into_view_if_needed()
    places = cell.locator(".jupyter-widgets.widget-inline-hbox")
    playwright.expect(places, f"the controls of {name}").to_have_count(len(controls), timeout=60_000)
    values = lambda: {key: control.value for key, control in controls.items()}  # noqa: E731
    before = drawn(draw, values())
    wait_for_picture(page, cell, before)
    for number, control in enumerate(controls.values()):
        move(page, places.nth(number), control)
        wait_for_picture(page, cell, drawn(draw, values()))
        SCREENS.mkdir(parents=True, exist_ok=True)
        cell.screenshot(path=SCREENS / f"{name}-{number + 1}.png")


def try_films(page):
    """Play every film of the page: the pictures change, and stop at a pause."""
    films = page.locator("img[id^=_anim_img]")
    for number in range(films.count()):
        image = films.nth(number)
        box = page.locator(".animation").nth(number)
        image.scroll_into_view_if_needed()
        box.locator("button[title='First frame']").click()
        first = image.get_attribute("src")
        box.locator("button[title='Next frame']").click()
        assert image.get_attribute("src") != first
        box.locator("button[title='Play']").click()
        seen = set()
        for _ in range(12):
            seen.add(hash(image.get_attribute("src")))
            page.wait_for_timeout(100)
        assert len(seen) > 2, "the film does not play"
        box.locator("button[title='Pause']").click()
        page.wait_for_timeout(300)
        still = image.get_attribute("src")
        page.wait_for_timeout(300)
        assert image.get_attribute("src") == still, "the film does not pause"
        SCREENS.mkdir(parents=True, exist_ok=True)
        box.screenshot(path=SCREENS / f"film-{number + 1}.png")
    return films.count()


# six networks that look at the middle of the image: a 1 has ink there, a 0 has none
SIX_NETWORKS = """
class Middle(nn.Module):
    def forward(self, x):
        ink = x.view(-1, 28, 28)[:, 13:15, 13:15].mean(dim=(1, 2))
        return torch.stack([-9 * ink, 9 * ink, *[0 * ink] * 8], dim=1)

from course_utils import explorers
explorers.vote({f"network {i}": Middle() for i in range(6)}, None, None)
"""


def try_pad(page, cell):
    """Draw a 1 and a 0 with the mouse; most of the networks must see them, and a cleared pad asks for a digit."""
    pad = cell.locator("canvas")
    pad.scroll_into_view_if_needed()
    for digit, strokes in ((1, ONE), (0, ZERO)):
        cell.get_by_role("button", name="Clear").click()
        playwright.expect(cell).to_contain_text("Draw a digit in the black square")
        box = pad.bounding_box()
        for stroke in strokes:
            places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
            page.mouse.move(*places[0])
            page.mouse.down()
            for place in places[1:]:
                page.mouse.move(*place)
            page.mouse.up()
        playwright.expect(cell).to_contain_text(re.compile(rf"[456] of 6 networks say {digit}\."))
        page.wait_for_timeout(500)
        cell.screenshot(path=SCREENS / f"vote-{digit}.png")


@pytest.mark.parametrize("stem", STEMS)
def test_every_cell_control_and_film(stem, page, lab, monkeypatch):
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    run_all(page, lab, stem)
    errors = page.locator(
        '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]'
    )
    assert errors.count() == 0, errors.first.inner_text()[:500]
    for name in re.findall(r"explorers\.(\w+)\(\)", "".join(c.source for c in code_cells(notebook))):
        try_explorer(page, cell_of(page, notebook, f"explorers.{name}()"), name, monkeypatch)
    if "explorers.vote(" in "".join(c.source for c in code_cells(notebook)):
        try_pad(page, cell_of(page, notebook, "explorers.vote("))
    expected = sum("films.animate(" in c.source for c in code_cells(notebook))
    assert try_films(page) == expected
    assert not page.problems


def test_the_classic_notebook_with_the_widgets_of_colab(page, classic, monkeypatch):
    """ipywidgets 7 draws its controls in another way; unit 5 has menus, a slider and films. And the pad takes a stroke."""
    notebook = nbformat.read(ROOT / "notebooks" / "05_losses.ipynb", as_version=4)
    page.goto(f"{classic}/notebooks/notebooks/05_losses.ipynb")
    page.wait_for_function("() => window.Jupyter?.notebook?.kernel?.is_connected()", timeout=90_000)
    page.wait_for_function("() => requirejs.defined('nbextensions/jupyter-js-widgets/extension')")
    page.evaluate("() => { Jupyter.notebook.clear_all_output(); Jupyter.notebook.execute_all_cells() }")
    done = """() => Jupyter.notebook.get_cells().every(c => c.cell_type !== 'code' || !c.get_text().trim()
        || typeof c.input_prompt_number === 'number')"""
    page.wait_for_function(done, timeout=400_000, polling=500)
    assert page.locator(".output_error, .output_stderr").count() == 0
    try_explorer(page, cell_of(page, notebook, "explorers.losses()"), "losses", monkeypatch)
    assert try_films(page) == 2
    page.evaluate(
        f"() => {{ const cell = Jupyter.notebook.insert_cell_at_bottom('code'); "
        f"cell.set_text({json.dumps(SIX_NETWORKS)}); cell.execute() }}"
    )
    try_pad(page, page.locator("#notebook-container > .cell").last)
