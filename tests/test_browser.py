"""JupyterLab in a real browser: every control of an explorer redraws, a film plays, the pad takes strokes.

Needs Debian's chromium, or the one that CHROMIUM names. With SCREENS=1 pictures of all of them go to build/screens. A whole
notebook is run in tests/test_lab.py: what the others print and draw, nbval compares, and their films play on the website.
"""

import base64
import contextlib
import functools
import inspect
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
from tools import PATHS, ROOT, site_films
from tools.explorables import DRAWN, HELD

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FILM = "02_autograd"  # has one film
# the pad has a test of its own
NAMES = sorted(
    {name for path in PATHS for name in re.findall(r"explorers\.(\w+)\(\)", path.read_text(encoding="utf-8"))}
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# the page asks for things outside, such as news; the test is closed off from the network, and the page says so
NOT_OURS = re.compile(r"ERR_FAILED|ERR_BLOCKED|favicon|Failed to load resource")
WINDOW = {"width": 1200, "height": 1400}
# keeps the pictures that are shown from now on in the place of an explorer, or by the image of a film
WATCH = """place => { window.seen = []; window.watch?.disconnect();
    const look = () => { const address = (place.matches('img') ? place : place.querySelector('img'))?.src;
        if (address && address !== seen.at(-1)) seen.push(address) };
    window.watch = new MutationObserver(look);
    watch.observe(place, {subtree: true, childList: true, attributes: true}) }"""
# says how many pictures a film shows while another clock of the page, with the pace of the film, ticks four times
FOUR_TICKS = """image => new Promise(resolve => { const film = window[image.id.replace('_anim_img', 'anim')];
    let before = seen.length, ticks = 0;
    const tick = () => { if (++ticks === 4) { clearInterval(clock); resolve(seen.length - before) } };
    const clock = setInterval(tick, film.interval) })"""


def draw_figure(number):
    """Draw one figure of a cell, with enough in it that a slider can be moved in the meantime."""
    plt.figure(figsize=(5, 3))
    for slope in range(30):
        plt.plot([0, number, slope])
    plt.title(f"figure {number}")


def film():
    """Return the code of a film: the cells without which it cannot be drawn, and its own."""
    cells = nbformat.read(ROOT / "notebooks" / f"{FILM}.ipynb", as_version=4).cells
    (number,) = [i for i, cell in enumerate(cells) if cell.cell_type == "code" and "films.animate(" in cell.source]
    return "\n".join(cell.source for cell in site_films.needed(cells, number))


SHOW_FIGURES = """
for number in range(20):
    draw_figure(number)
    if number % 2 and number < 19:  # two at a time; IPython finds the last two itself
        plt.show()
"""
# six networks that look at the middle of the image: a 1 has ink there, a 0 has none
SIX_NETWORKS = """
class Middle(nn.Module):
    def forward(self, x):
        ink = x.view(-1, 28, 28)[:, 13:15, 13:15].mean(dim=(1, 2))
        return torch.stack([-9 * ink, 9 * ink, *[0 * ink] * 8], dim=1)

from course_utils import explorers
explorers.vote({f"network {i}": Middle() for i in range(6)}, None, None)
"""
EXPLORER_CELLS = {
    "setup": "import matplotlib.pyplot as plt\nimport course_utils\nfrom course_utils import explorables, explorers\n"
    "course_utils.setup('explorers')",
    "explorable": "shown = explorables.widget('tangent')\nshown",
    "read": "print(shown.value)",
    "set": "shown.value = {**shown.value, 'w': -0.5}",
    **{name: f"explorables.is_possible = lambda: False\nexplorers.{name}()" for name in NAMES},  # as in Colab
    **{f"{name}, by the page": f"explorables.is_possible = lambda: True\nexplorers.{name}()" for name in NAMES},
    "film": film(),
    "pad": "import torch\nfrom torch import nn\n" + SIX_NETWORKS,
    "figures": inspect.getsource(draw_figure) + SHOW_FIGURES,
}


def write_setting(folder, plugin, name, value):
    path = folder / plugin / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def write_notebook(path, sources):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


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
    env = {**os.environ, **{name: str(root / folder) for name, folder in folders.items()}, "COURSE_OFFLINE": "1"}
    # with the last one, a kernel would not catch what C code prints
    for name in ("COURSE_STATIC", "COURSE_MNIST", "PYTEST_CURRENT_TEST"):
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
                assert server.poll() is None, (root / "server.log").read_text(encoding="utf-8", errors="replace")[
                    -3000:
                ]
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
    write_notebook(course / "notebooks" / "explorers.ipynb", EXPLORER_CELLS.values())
    startup = root / "ipython" / "profile_default" / "startup" / "no_cache.py"  # it may hold MNIST
    startup.parent.mkdir(parents=True)
    code = "import pathlib\nfrom course_utils import environment\nenvironment.cache_folder = lambda: pathlib.Path('none')\n"
    startup.write_text(code, encoding="utf-8")
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


@contextlib.contextmanager
def opened(browser):
    """Give a page that reaches nothing but this machine, and that collects its errors in ``page.problems``."""
    context = browser.new_context(viewport=WINDOW)
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


@pytest.fixture
def page(browser):
    with opened(browser) as page:
        yield page


@pytest.fixture(scope="module")
def desk(browser, lab):
    """Return a page with the notebook of the explorers, and with a kernel that has imported them."""
    with opened(browser) as page:
        open_notebook(page, lab, "explorers")
        run_cell(page, "setup")
        yield page
        assert not page.problems


def wait_until(page, look, right, wanted="", seconds=60):
    """Look at the page until what is there is right, and return it; the error says what was there last."""
    end = time.monotonic() + seconds
    while not right(seen := look()):
        assert time.monotonic() < end, f"after {seconds} s there is {describe(seen)}{wanted}"
        page.wait_for_timeout(50)
    return seen


def describe(seen):
    """Say what was seen, for the error of a test."""
    if isinstance(seen, np.ndarray):
        return f"a picture of {seen.shape[1]} x {seen.shape[0]} pixels"
    return repr(seen)[:300]


def open_notebook(page, lab, stem):
    """Open a notebook in JupyterLab, and wait for its kernel."""
    page.goto(f"{lab}/lab/tree/notebooks/{stem}.ipynb?reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=90_000)
    page.evaluate(  # the toolbar says "idle" before there is a kernel; what runs then asks for one, and waits for ever
        """async () => { const panel = jupyterapp.shell.currentWidget; await panel.context.ready;
            await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;
            await jupyterapp.commands.execute('notebook:clear-all-cell-outputs'); }"""
    )


def unfinished(page):
    """Return the numbers of the cells that are not done. JupyterLab writes the count of a cell after its last output."""
    return page.evaluate(
        """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap((c, i) =>
            c.type === 'code' && c.sharedModel.source.trim() && c.executionCount === null ? [i] : [])"""
    )


def start_cell(page, name):
    """Start a cell of the notebook of the explorers, and return its place in the page and its number."""
    number = list(EXPLORER_CELLS).index(name)
    page.evaluate(
        """(number) => { const {content} = jupyterapp.shell.currentWidget; content.activeCellIndex = number;
            content.widgets[number].model.clearExecution(); jupyterapp.commands.execute('notebook:run-cell') }""",
        number,
    )
    return page.locator(".jp-Notebook .jp-Cell").nth(number), number


def run_cell(page, name):
    """Run a cell of the notebook of the explorers to its end, and return its place in the page."""
    cell, number = start_cell(page, name)
    wait_until(page, lambda: unfinished(page), lambda cells: number not in cells)
    return cell


def cell_of(page, notebook, fragment):
    """Return the cell of the page whose source holds a text."""
    number = next(i for i, c in enumerate(notebook.cells) if c.cell_type == "code" and fragment in c.source)
    return page.locator(".jp-Notebook .jp-Cell, #notebook-container > .cell").nth(number)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@functools.lru_cache(maxsize=64)
def pixels_of(address):
    """Return the pixels of an image that is in its address."""
    return pixels(base64.b64decode(address.split(",", 1)[1]))


def picture_in(cell):
    """Return the pixels of the picture that an explorer shows, or its sentence."""
    read = "place => [place.querySelector('img')?.src, place.innerText.trim()]"
    address, sentence = cell.locator(".widget-html-content").last.evaluate(read)
    return pixels_of(address) if address else sentence


def drawn(draw, settings, form="retina"):
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
        return pixels(print_figure(figure, form, base64=False))


def same(a, b):
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and " ".join(a.split()) == " ".join(b.split())
    return a.shape == b.shape and np.abs(a - b).max() <= 2


def wait_for_picture(page, cell, expected):
    wanted = f", and Python draws {describe(expected)}"
    wait_until(page, lambda: picture_in(cell), lambda shown: same(shown, expected), wanted)


def move(page, place, control):
    """Move one control in the page, and set the widget of this process to the value that it should have now."""
    if isinstance(control, ipywidgets.Checkbox):
        place.locator("input").click()
        control.value = not control.value
    elif isinstance(control, ipywidgets.Dropdown):
        last = control.options[-1]
        place.locator("select").select_option(str(last if not isinstance(last, tuple) else last[0]))
        control.index = len(control.options) - 1
    elif isinstance(control, ipywidgets.SelectionSlider | ipywidgets.IntSlider | ipywidgets.FloatSlider):
        place.locator(".noUi-handle, .ui-slider-handle").focus()
        ends = (control.options[0], control.options[-1]) if hasattr(control, "options") else (control.min, control.max)
        to_end = control.value < ends[1]
        page.keyboard.press("End" if to_end else "Home")
        control.value = ends[to_end]
    else:  # a field to type in
        new = {"Text": "2, 1, 3"}.get(type(control).__name__) or str(control.value + 1)
        place.locator("input").fill(new)
        place.locator("input").press("Enter")
        control.value = type(control.value)(new)


def parts_of(name, monkeypatch):
    """Return what an explorer is made of, in this process: its drawing function, and new controls."""
    taken = {}
    with monkeypatch.context() as patch:
        patch.setattr(explorers, "explore", lambda draw, controls, states: taken.update(draw=draw, controls=controls()))
        getattr(explorers, name)()
    return taken["draw"], taken["controls"]


def values(controls):
    return {key: control.value for key, control in controls.items()}


def places_in(cell):
    """Return the places of the controls in the page, and after them that of the picture."""
    return cell.locator(".widget-vbox > *")


def keep_picture(part, name):
    """Keep a picture of a part of the page for somebody to look at, where SCREENS asks for it."""
    if os.environ.get("SCREENS"):
        part.screenshot(path=ROOT / "build" / "screens" / f"{name}.png")


def try_explorer(page, cell, name, monkeypatch):
    """Move each control of an explorer; after each, the picture must be the one that Python draws for these values."""
    draw, controls = parts_of(name, monkeypatch)
    cell.scroll_into_view_if_needed()
    places = places_in(cell)
    playwright.expect(places, f"the controls of {name}").to_have_count(len(controls) + 1, timeout=60_000)
    wait_for_picture(page, cell, drawn(draw, values(controls)))
    for number, control in enumerate(controls.values()):
        move(page, places.nth(number), control)
        wait_for_picture(page, cell, drawn(draw, values(controls)))
        keep_picture(cell, f"{name}-{number + 1}")


def try_explorable(page, cell, name):
    """Drag in an explorable, then move it with a key; its text must follow, and the keys must not leave the cell."""
    cell.scroll_into_view_if_needed()
    words, held = cell.locator("[data-text]"), cell.locator(HELD[name])
    playwright.expect(words).not_to_be_empty(timeout=60_000)
    held.scroll_into_view_if_needed()
    before, box = words.text_content(), held.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 45, y - 30, steps=3)
    page.mouse.up()
    wait_until(page, words.text_content, lambda now: now != before)
    before = words.text_content()
    slider = cell.locator("input[type=range], [role=slider]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.evaluate(DRAWN)
    if words.text_content() == before:  # it stands at its end
        page.keyboard.press("ArrowLeft")
    wait_until(page, words.text_content, lambda now: now != before)
    assert slider.evaluate("part => part.getRootNode().activeElement === part"), "the notebook takes no key away"
    keep_picture(cell, f"explorable-{name}-notebook")


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
        image.evaluate(WATCH)
        image.evaluate(
            "image => window[image.id.replace('_anim_img', 'anim')].interval = 100"
        )  # some last seconds a picture
        box.locator("button[title='Play']").click()
        wait_until(page, lambda: page.evaluate("() => seen.length"), lambda pictures: pictures > 2)
        box.locator("button[title='Pause']").click()
        assert image.evaluate(FOUR_TICKS) == 0, "the film does not pause"
        keep_picture(box, f"film-{number + 1}")
    return films.count()


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
        wait_until(page, lambda: picture_in(cell), lambda shown: isinstance(shown, np.ndarray))
        keep_picture(cell, f"vote-{digit}")


def test_the_pad_takes_strokes(desk):
    try_pad(desk, run_cell(desk, "pad"))


def test_a_film_plays(desk):
    run_cell(desk, "film")
    assert try_films(desk) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_control_of_an_explorer(name, desk, monkeypatch):
    """With the controls of ipywidgets, and where the page itself can draw it, by the page."""
    try_explorer(desk, run_cell(desk, name), name, monkeypatch)
    draw = parts_of(name, monkeypatch)[0]
    if draw in explorers.IN_PAGE:
        try_explorable(desk, run_cell(desk, f"{name}, by the page"), explorers.IN_PAGE[draw])


def test_python_reads_and_sets_the_state_of_an_explorable(desk):
    cell = run_cell(desk, "explorable")
    words, boxes = cell.locator("[data-text]"), desk.locator("section.box")
    try_explorable(desk, cell, "tangent")
    w = float(re.search(r"At w = (-?[\d.]+),", words.text_content())[1])
    said = lambda: run_cell(desk, "read").locator(".jp-OutputArea-output").all_inner_texts()  # noqa: E731
    wait_until(desk, said, lambda texts: f"'w': {w}" in "".join(texts))  # it is sent when the hand rests
    run_cell(desk, "set")
    playwright.expect(words).to_contain_text("At w = -0.5,")
    before = boxes.count()
    run_cell(desk, "explorable")  # a new one takes the place of the old one
    playwright.expect(words).to_contain_text("At w = 2,")
    playwright.expect(boxes).to_have_count(before)


@contextlib.contextmanager
def a_busy_core():
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


@pytest.mark.parametrize(("name", "times"), [("playground", 30), ("losses", 20)])
def test_the_first_change_of_a_fresh_explorer_is_drawn(name, times, desk, monkeypatch):
    """A change of surface moves three controls, BCELoss two; the messages of JupyterLab come to two threads of the kernel."""
    pictures = {}  # Python's, for each choice
    with contextlib.ExitStack() as stack:
        for number in range(times):
            if number == times // 2:  # the second half beside a busy loop
                stack.enter_context(a_busy_core())
            cell = run_cell(desk, name)
            draw, controls = parts_of(name, monkeypatch)
            menu = next(iter(controls.values()))
            choices = ["BCELoss"] if name == "losses" else [choice for choice in menu.options if choice != menu.value]
            for choice in (menu.value, choices[number % len(choices)]):
                if choice != menu.value:
                    cell.locator("select").first.select_option(choice)
                    menu.value = choice
                if choice not in pictures:
                    pictures[choice] = drawn(draw, values(controls))
                wait_for_picture(desk, cell, pictures[choice])


def test_figures_of_a_cell_are_whole_while_a_slider_is_moved(desk, monkeypatch):
    explorer = run_cell(desk, "playground")
    draw, controls = parts_of("playground", monkeypatch)
    steps = places_in(explorer).nth(list(controls).index("steps"))

    def wait_for_the_steps():
        controls["steps"].value = int(steps.locator(".widget-readout").inner_text())
        wait_for_picture(desk, explorer, drawn(draw, values(controls)))

    steps.locator(".noUi-handle").focus()
    desk.keyboard.press("ArrowRight")  # only from the second move on, a control comes to another thread than the cells
    wait_for_the_steps()
    moves = 0
    while moves < 20:  # on a busy machine, the cell may be over before the hand has moved much
        cell, number = start_cell(desk, "figures")
        steps.locator(".noUi-handle").focus()
        while number in unfinished(desk):
            desk.keyboard.press("ArrowLeft" if moves % 20 < 10 else "ArrowRight", delay=20)
            moves += 1
        look = functools.partial(cell.locator("img").evaluate_all, "images => images.map(image => image.src)")
        addresses = wait_until(desk, look, lambda addresses: len(addresses) >= 20)
        pairs = [(pixels_of(address), drawn(draw_figure, {"number": n}, "png")) for n, address in enumerate(addresses)]
        assert [same(shown, wanted) for shown, wanted in pairs] == [True] * 20
    wait_for_the_steps()


def test_a_slider_draws_while_it_is_dragged(desk, monkeypatch):
    cell = run_cell(desk, "playground")
    draw, controls = parts_of("playground", monkeypatch)
    wait_for_picture(desk, cell, drawn(draw, values(controls)))
    cell.scroll_into_view_if_needed()
    slider = places_in(cell).nth(list(controls).index("momentum"))
    cell.locator(".widget-html-content").last.evaluate(WATCH)
    track, handle = slider.locator(".noUi-base").bounding_box(), slider.locator(".noUi-handle").bounding_box()
    y = handle["y"] + handle["height"] / 2
    desk.mouse.move(handle["x"] + handle["width"] / 2, y)
    desk.mouse.down()
    for number in range(1, 6):  # the hand rests five times
        desk.mouse.move(track["x"] + track["width"] * (0.9 - 0.1 * number), y)
        wait_until(desk, lambda: desk.evaluate("() => new Set(seen).size"), lambda size, n=number: size >= n)
    desk.mouse.move(track["x"] + track["width"] * 0.75, y, steps=40)  # and then hurries
    desk.mouse.up()
    controls["momentum"].value = float(slider.locator(".widget-readout").inner_text())
    assert controls["momentum"].value == pytest.approx(0.75, abs=0.03)
    wait_for_picture(desk, cell, drawn(draw, values(controls)))


def test_a_slider_that_another_control_moves_sends_nothing_back(desk, monkeypatch):
    """The saddle starts at y = 0.001, which is not among the steps of the slider."""
    cell = run_cell(desk, "playground")
    draw, controls = parts_of("playground", monkeypatch)
    for name, choice in (("surface", "saddle"), ("second", "Adam")):
        places_in(cell).nth(list(controls).index(name)).locator("select").select_option(choice)
        controls[name].value = choice
        wait_for_picture(desk, cell, drawn(draw, values(controls)))


def test_the_picture_of_an_explorer_is_sharp_fits_a_narrow_page_and_is_described(desk):
    image = run_cell(desk, "playground").locator(".widget-html-content img")
    sizes = lambda: image.evaluate("i => [i.naturalWidth, i.naturalHeight, i.width, i.height]")  # noqa: E731
    width, height, *shown = wait_until(desk, sizes, lambda sizes: all(sizes))
    assert shown == [width // 2, pytest.approx(height / 2, abs=1)]
    assert "surface = rosenbrock" in image.get_attribute("alt")
    desk.set_viewport_size({**WINDOW, "width": 600})
    in_proportion = lambda s: s[2] < 500 and s[3] == pytest.approx(height * s[2] / width, abs=1)  # noqa: E731
    wait_until(desk, sizes, in_proportion)
    room = desk.locator(".jp-Notebook").bounding_box()
    box = image.bounding_box()
    assert box["x"] + box["width"] <= room["x"] + room["width"]
    desk.set_viewport_size(WINDOW)


def test_the_classic_notebook_with_the_widgets_of_colab(page, classic, monkeypatch):
    """ipywidgets 7 draws its controls in another way; unit 5 has menus, a slider and films. And the pad takes a stroke."""
    notebook = nbformat.read(ROOT / "notebooks" / "05_losses.ipynb", as_version=4)
    page.goto(f"{classic}/notebooks/notebooks/05_losses.ipynb")
    page.wait_for_function("() => window.Jupyter?.notebook?.kernel?.is_connected()", timeout=90_000)
    # when its widgets have asked the kernel for old ones, this page draws all cells with widgets again, and loses some of them;
    # they ask twice, and what is asked after that is answered after that
    page.wait_for_function("() => Jupyter.notebook.kernel.widget_manager")
    ask = "() => new Promise(answered => Jupyter.notebook.kernel.comm_info(undefined, answered)).then(() => 0)"
    for _ in range(3):
        page.evaluate(ask)
    page.evaluate("() => { Jupyter.notebook.clear_all_output(); Jupyter.notebook.execute_all_cells() }")
    done = """() => Jupyter.notebook.get_cells().every(c => c.cell_type !== 'code' || !c.get_text().trim()
        || typeof c.input_prompt_number === 'number')"""
    page.wait_for_function(done, timeout=400_000, polling=500)
    assert page.locator(".output_error, .output_stderr").count() == 0
    try_explorable(page, cell_of(page, notebook, "explorers.losses()"), "loss")
    assert try_films(page) == 2
    page.evaluate(
        f"() => {{ const cell = Jupyter.notebook.insert_cell_at_bottom('code'); "
        f"cell.set_text({json.dumps(SIX_NETWORKS)}); cell.execute() }}"
    )
    try_pad(page, page.locator("#notebook-container > .cell").last)
