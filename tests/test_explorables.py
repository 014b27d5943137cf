"""The explorables: the page computes what Python computes, answers every kind of hand, and leaves nothing behind.

The numbers are compared in node, or in chromium where there is no node. The rest needs chromium.
"""

import contextlib
import functools
import io
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import time

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils import explorables, explorers
from course_utils.explorables import tangent
from course_utils.optimizers import METHODS, factory
from course_utils.pictures import u01_tensors as unit1
from course_utils.pictures import u02_autograd as unit2
from course_utils.pictures import u05_losses as unit5
from course_utils.pictures import u06_optimizers as unit6
from course_utils.surfaces import SURFACES, descend, steps_to
from tools import ROOT
from tools import explorables as tool

FACTS = explorables.facts()


# ---- the page computes the same numbers


@pytest.fixture(scope="module")
def browser(chromium):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, headless=True, args=tool.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site():
    with tool.pages() as address:
        yield address


@pytest.fixture
def compute(request, tmp_path):
    """A function that runs JavaScript on the ``numbers`` of an explorable, for each case of a list, and returns the results.

    What throws an error gives its message.
    """

    def run(name, code, cases):
        body = f"cases.map((c) => {{ try {{ return ({code})(c) }} catch (error) {{ return error.message }} }})"
        if shutil.which("node"):
            (tmp_path / "module.mjs").write_text(explorables.source(name), encoding="utf-8")
            script = "import { numbers } from './module.mjs'; import fs from 'node:fs';\n"
            script += "const cases = JSON.parse(fs.readFileSync('cases.json'));\n"
            (tmp_path / "script.mjs").write_text(script + f"console.log(JSON.stringify({body}))", encoding="utf-8")
            (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
            command = ["node", "script.mjs"]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False, timeout=60)
            assert done.returncode == 0, done.stderr[-2000:]
            return json.loads(done.stdout)
        page = request.getfixturevalue("browser").new_page()
        page.goto(f"{request.getfixturevalue('site')}/empty.html")
        module = f"async (cases) => {{ const {{ numbers }} = await import('./{name}.js'); return {body} }}"
        found = page.evaluate(module, cases)
        page.close()
        return found

    return run


def test_the_facts_are_those_of_python():
    assert tool.PATH.read_text(encoding="utf-8") == tool.text(), "run: python -m tools.explorables write"
    assert tool.main(["check"]) == 0 and tool.main([]) == 2


# the fourth rate is chaotic on the saddle for SGD: there y ← 3y − y³, and any rounding grows to a whole
WALKS = [
    (surface, method, lr, momentum)
    for surface, method in itertools.product(SURFACES, METHODS)
    for lr, momentum in ((0.001, 0.9), (0.02, 0.5), (0.3, 0.0), (1.0, 0.95))
    if (surface, method, lr) != ("saddle", "SGD", 1.0)
]


def test_every_method_walks_the_same_way_on_every_surface(compute):
    cases = [
        [surface, method, lr, momentum, list(SURFACES[surface].start), 80] for surface, method, lr, momentum in WALKS
    ]
    found = compute("playground", "(c) => { const { path, end } = numbers.walk(...c); return [[...path], end] }", cases)
    diverged = 0
    for (surface, method, lr, momentum, start, steps), (path, end) in zip(cases, found, strict=True):
        wanted = descend(SURFACES[surface], factory(method, lr, momentum), start, steps)
        path = torch.tensor(path, dtype=torch.float64).view(-1, 2)
        far = ((path - wanted).norm(dim=1) / wanted.norm(dim=1).clamp(min=1e-9)).max().item()
        assert far < 1e-9, f"{surface}, {method}, rate {lr}, momentum {momentum}: {far:.1e} apart"
        assert wanted[end:].eq(wanted[end]).all()
        diverged += end < steps
    assert len(cases) > 180 and diverged > 10


def test_heights_and_arrivals_are_the_same(compute):
    cases = [[name, method, 0.05, 0.9, list(SURFACES[name].start), 100] for name in SURFACES for method in METHODS]
    code = """(c) => { const { path } = numbers.walk(...c);
        return [numbers.heights(c[0], path), numbers.arrival(c[0], path, c[5])] }"""
    arrivals = []
    for case, (heights, arrival) in zip(cases, compute("playground", code, cases), strict=True):
        surface, method, lr, momentum, start, steps = case
        chosen = SURFACES[surface]
        path = descend(chosen, factory(method, lr, momentum), start, steps)
        wanted = chosen(path) - chosen.lowest
        # a height is what is left of a difference, so it is as exact as what was subtracted
        assert torch.allclose(torch.tensor(heights, dtype=torch.float64), wanted, rtol=1e-9, atol=1e-12), case
        first = steps_to(chosen, path, tool.NEAR) if wanted[-1] < tool.NEAR else None
        assert arrival == first, case
        arrivals.append(arrival)
    assert None in arrivals and any(arrivals)


def test_losses_and_slopes_are_the_same(compute):
    cases = [
        [loss, x, target]
        for loss, target in itertools.product(unit5.LOSSES, (0, 1))
        for x in (
            (0, 1e-9, 0.02, 0.5, 0.993, 1) if loss == "BCELoss" else (-8, -5.5, -1, -0.3, 0, 1e-7, 0.7, 1, 1.5, 2, 8)
        )
    ]
    for (loss, x, target), (value, slope) in zip(
        cases, compute("loss", "(c) => numbers.measure(...c)", cases), strict=True
    ):
        place = torch.tensor([float(x)], dtype=torch.float64, requires_grad=True)
        wanted = unit5.loss_values(loss, place, target)
        (gradient,) = torch.autograd.grad(wanted.sum(), place)
        assert value == pytest.approx(wanted.item(), rel=1e-12, abs=1e-15), (loss, x, target)
        assert slope == pytest.approx(gradient.item(), rel=1e-12, abs=1e-15), (loss, x, target)
    chances = [0.001, 0.3, 1.0]
    for p, (value, slope) in zip(
        chances, compute("loss", "(p) => numbers.measure('−ln p', p, 1)", chances), strict=True
    ):
        assert (value, slope) == (pytest.approx(-math.log(p), rel=1e-12), pytest.approx(-1 / p, rel=1e-12))


NUMBERS = [(2, 3, 1, 4), (-1.7, 0.3, 5, -2), (0, 0, 0, 0), (1e3, -1e3, 0.1, 7), (2.5, 0, 1, 4)]


def test_the_graph_is_computed_as_autograd_does_it(compute):
    cases = [dict(zip("wxby", map(float, case), strict=True)) for case in NUMBERS]
    for case, found in zip(cases, compute("backward", "numbers.compute", cases), strict=True):
        t = {name: torch.tensor(v, dtype=torch.float64, requires_grad=True) for name, v in case.items()}
        t["p"] = t["w"] * t["x"]
        t["q"] = t["p"] + t["b"]
        t["e"] = t["q"] - t["y"]
        t["L"] = t["e"] ** 2
        for name in "pqeL":
            t[name].retain_grad()
        t["L"].backward()
        for name, tensor in t.items():
            assert found["values"][name] == pytest.approx(tensor.item(), rel=1e-12)
            assert found["grads"][name] == pytest.approx(tensor.grad.item(), rel=1e-12)


def test_the_graph_says_at_each_step_what_the_picture_says(compute):
    cases = [dict(zip("wxby", case, strict=True), step=step) for case in NUMBERS for step in range(10)]
    for case, found in zip(cases, compute("backward", "numbers.sentence", cases), strict=True):
        unit2.draw_backward_step(**case)
        title = next(text.get_text() for text in plt.gca().texts if text.get_text().startswith("Step "))
        plt.close("all")
        wanted = re.sub(r"\(-0\)|-0(?![.\d])", "0", title.split(": ", 1)[1])  # the page writes -0 as 0
        assert wanted == found


def test_the_tangent_and_its_steps_are_the_same(compute):
    cases = [(w, rate, 12) for w in (-1.0, 0.3, 1.0, 2.7) for rate in (0.001, 1 / 18, 0.1, 0.12, 1.0)]
    found = compute(
        "tangent", "([w, rate, n]) => [numbers.loss(w), numbers.slope(w), numbers.descend(w, rate, n)]", cases
    )
    for (w, rate, steps), (value, slope, path) in zip(cases, found, strict=True):
        place = torch.tensor(w, dtype=torch.float64, requires_grad=True)
        loss = (3 * place + 1 - 4) ** 2
        loss.backward()
        assert (value, slope) == (pytest.approx(loss.item(), rel=1e-12), pytest.approx(place.grad.item(), rel=1e-12))
        assert path == pytest.approx(tangent.descend(w, rate, steps), rel=1e-9, abs=1e-12)


SHAPES = [
    "3, 1",
    "4",
    "()",
    "5, 1, 3",
    "7, 3",
    "8 1 6 1",
    "7, 1, 5",
    "torch.Size([2, 3])",
    "0",
    "1, 0, 9999",
    "(2,)",
    "1",
]


def test_shapes_are_broadcast_exactly_as_in_python(compute):
    cases = list(itertools.product(SHAPES, SHAPES))
    code = "([a, b]) => { const [m, n] = [a, b].map(numbers.parse); return [numbers.align(m, n), numbers.broadcast(m, n)] }"
    failed = 0
    for case, found in zip(cases, compute("broadcast", code, cases), strict=True):
        first, second = map(unit1.parse_shape, case)
        try:
            wanted = [
                [list(column) for column in unit1.align(first, second)],
                list(unit1.broadcast_shape(first, second)),
            ]
        except ValueError as error:
            wanted = str(error)
            failed += 1
        assert found == wanted, case
    assert failed > 10


BAD_SHAPES = [
    "",
    " ",
    "3,,4",
    ",",
    "3, a",
    "-2",
    "3, -0",
    "12345",
    "1,2,3,4,5,6,7",
    "(",
    "3.5",
    "½",
    "٣",
    "[()",
    "torch.Size",
]
BAD_SHAPES += ["a" * 40, "3, <b>", ",\n", "((", "(3", "0003", "00000", "--3", "1 2 3 4 5 6 7"]


def test_bad_shapes_get_the_sentence_of_python(compute):
    for text, found in zip(BAD_SHAPES, compute("broadcast", "numbers.parse", BAD_SHAPES), strict=True):
        try:
            wanted = list(unit1.parse_shape(text))
        except ValueError as error:
            wanted = str(error)
        assert found == wanted, text


def test_every_element_is_where_pytorch_finds_it(compute):
    for name, operation in unit1.OPERATIONS.items():
        y = operation(torch.arange(12).reshape(3, 4))
        cases = [[name, element] for element in range(y.numel())]
        found = compute("memory", "(c) => numbers.locate(...c)", cases)
        line = torch.arange(12).as_strided(y.shape, y.stride(), y.storage_offset()).flatten().tolist()
        assert [one["place"] for one in found] == line
        assert [one["value"] for one in found] == y.flatten().tolist()
        assert all(y[tuple(one["index"])] == one["value"] for one in found)


BAD_STATES = [
    ("playground", {"surface": "cliff"}, lambda: unit6.draw_playground("cliff", "SGD", "none", 0.1, 0.9, 0, 0, 9)),
    ("playground", {"selected": "Newton"}, lambda: factory("Newton", 0.1)),
    ("playground", {"steps": 0}, lambda: unit6.draw_playground("beale", "SGD", "none", 0.1, 0.9, 0, 0, 0)),
    (
        "playground",
        {"methods": {"SGD": {"lr": 99}}},
        lambda: unit6.draw_playground("beale", "SGD", "none", 99, 0.9, 0, 0, 9),
    ),
    ("tangent", {"w": 1e6}, lambda: tangent.draw_tangent(1000000, 0.1, 1)),
    ("tangent", {"rate": 2}, lambda: tangent.draw_tangent(1, 2, 1)),
    ("tangent", {"steps": 99}, lambda: tangent.draw_tangent(1, 0.1, 99)),
    ("loss", {"loss": "HingeLoss"}, lambda: unit5.draw_loss("HingeLoss", 0, 1)),
    ("loss", {"prediction": 9}, lambda: unit5.draw_loss("MSELoss", 9, 1)),
    ("loss", {"loss": "BCELoss", "prediction": 1.5}, lambda: unit5.draw_loss("BCELoss", 1.5, 1)),
    ("loss", {"target": 7}, lambda: unit5.draw_loss("MSELoss", 0, 7)),
    ("backward", {"w": 1e9}, lambda: unit2.draw_backward_step(3, 1000000000, 1, 1, 1)),
    ("backward", {"x": "three"}, lambda: unit2.draw_backward_step(3, 1, "three", 1, 1)),
    ("memory", {"operation": "x.flip(0)"}, lambda: unit1.draw_memory("x.flip(0)")),
]


@pytest.mark.parametrize(("name", "change", "python"), BAD_STATES)
def test_an_impossible_state_gets_the_sentence_of_python(name, change, python, compute):
    with pytest.raises(ValueError, match=r"\.$") as raised:
        python()
    start = FACTS[name]["start"]
    assert compute(name, "numbers.clean", [{**start, **change}]) == [str(raised.value)]
    assert not isinstance(compute(name, "numbers.clean", [start])[0], str)


def test_the_code_of_a_state_runs_in_python(compute):
    methods = {method: {"on": True, "lr": 0.01, "momentum": 0.8} for method in METHODS}
    state = {"surface": "beale", "start": [0.5, 1.25], "steps": 30, "selected": "Adam", "methods": methods}
    (code,) = compute("playground", "(c) => numbers.code(numbers.clean(c))", [state])
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(code, "cell", "exec"), {})
    beale = SURFACES["beale"]
    wanted = {m: beale(descend(beale, factory(m, 0.01, 0.8), (0.5, 1.25), 30)[-1]).item() for m in METHODS}
    assert said.getvalue().splitlines() == [
        f"{m}: {v - beale.lowest:.4g} above the lowest point" for m, v in wanted.items()
    ]


# ---- files


def test_the_modules_are_small_and_load_nothing():
    for path in explorables.FOLDER.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert len(text.encode()) <= 30_000, path.name
        assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}
        assert not re.search(r"\beval\(|innerHTML|document\.write|fetch\(|XMLHttpRequest", text)
    assert {path.stem for path in explorables.FOLDER.glob("*.js")} == {*explorables.NAMES, "shared", "page"}


def test_pages_get_a_module_for_each(tmp_path):
    files = explorables.write_pages(tmp_path / "new" / "folder")
    assert [path.name for path in files] == [f"{name}.js" for name in (*explorables.NAMES, "page")]
    assert all("export default { render }" in path.read_text(encoding="utf-8") for path in files[:-1])


# ---- in a notebook


@pytest.fixture
def displayed(monkeypatch):
    pytest.importorskip("anywidget")
    monkeypatch.delenv("COURSE_STATIC", raising=False)
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    return shown


EXPLORERS = {
    "playground": "playground",
    "tangent": "tangent",
    "losses": "loss",
    "backward_steps": "backward",
    "broadcast": "broadcast",
    "memory_order": "memory",
}


@pytest.mark.parametrize(("explorer", "name"), EXPLORERS.items())
def test_an_explorer_is_drawn_by_the_page_where_that_is_possible(explorer, name, displayed, monkeypatch):
    assert getattr(explorers, explorer)() is None
    (widget,) = displayed
    assert widget._esm == explorables.source(name) and widget.value == FACTS[name]["start"]
    monkeypatch.setattr(explorables, "is_possible", lambda: False)
    getattr(explorers, explorer)()
    assert "<img" in displayed[1].children[-1].value, "the controls of ipywidgets stand in"
    monkeypatch.setenv("COURSE_STATIC", "1")
    getattr(explorers, explorer)()
    assert len(displayed) == 2 and len(plt.get_fignums()) >= 3, "pictures stand in for both"


def test_python_reads_and_sets_the_state():
    pytest.importorskip("anywidget")
    first, second = explorables.widget("tangent", w=1.5), explorables.widget("tangent")
    assert first.value == {**FACTS["tangent"]["start"], "w": 1.5} and second.value == FACTS["tangent"]["start"]
    first.value = {**first.value, "rate": 0.1}
    assert second.value["rate"] == FACTS["tangent"]["start"]["rate"]
    with pytest.raises(ValueError, match=r"^'tangents' is not one of playground, "):
        explorables.widget("tangents")


def test_the_static_tangent_touches_the_loss():
    for state in tangent.TANGENT_STATES:
        tangent.draw_tangent(**state)
        curve, line, steps, dot = plt.gca().lines
        assert steps.get_xdata() == pytest.approx(tangent.descend(**state))
        (w,), (value,) = dot.get_data()
        assert (curve.get_ydata() - line.get_ydata()).min() >= -1e-9 and value == (3 * w - 3) ** 2


# ---- in the page

STATE = """async ([name, state]) => { const { model } = await import('./page.js'), module = await import(`./${name}.js`);
    const el = document.createElement('div');
    document.body.append(el);
    window.el = el, window.held = model(state), window.end = module.default.render({ model: held, el }) }"""


@pytest.fixture(scope="module")
def window(browser):
    page = browser.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    return page


@pytest.fixture
def page(window, site):
    """An empty page; a window of its own for each test would take longer than the test."""
    window.problems.clear()
    window.set_viewport_size({"width": 1200, "height": 1100})
    window.mouse.move(0, 0)
    window.goto(f"{site}/empty.html")
    yield window
    assert window.problems == []


def show(page, name, state=None):
    """Show an explorable, and wait for its picture."""
    page.evaluate(STATE, [name, state or {}])
    page.wait_for_function("() => el.firstChild.shadowRoot.querySelector('[data-text]').textContent")


def value(page):
    return page.evaluate("held.get('value')")


def text(page):
    return page.locator("[data-text]").text_content()


def drawn(page, look):
    """Look at what the page shows when it has drawn what has changed so far."""
    page.evaluate(tool.DRAWN)
    return look()


def wait_for(page, look, right):
    """Look until what is there is right, and return it; what Python gets comes later than what the page shows."""
    end = time.monotonic() + 30
    while not right(seen := look()):
        assert time.monotonic() < end, f"there is {seen!r}"
        page.wait_for_timeout(25)
    return seen


# the state is saved 150 ms after the last change, and timers of a page go off in the order of their time
SAVED = "() => new Promise(done => setTimeout(done, 200))"


def changes(page, act):
    """Do something, and wait until the state is another."""
    before = value(page)
    act()
    return wait_for(page, lambda: value(page), lambda now: now != before)


@pytest.mark.parametrize("name", explorables.NAMES)
def test_a_hand_drags(name, page):
    show(page, name)
    box = page.locator(tool.HELD[name]).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before, words = value(page), text(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 45, y - 30, steps=3)
    wait_for(page, lambda: text(page), lambda now: now != words)  # while it is dragged
    page.mouse.up()
    wait_for(page, lambda: value(page), lambda now: now != before)
    words = drawn(page, lambda: text(page))
    page.mouse.move(x - 50, y + 20)
    assert drawn(page, lambda: text(page)) == words, "it is let go"


@pytest.mark.parametrize("name", explorables.NAMES)
def test_keys_move_everything_that_a_hand_moves(name, page):
    show(page, name)
    if name == "backward":
        page.get_by_role("slider").focus()
        page.keyboard.press("ArrowRight")  # at the first step there is no way back
    parts = page.locator(".handle[tabindex], input:not(:disabled), select:not(:disabled), button:not(:disabled)")
    assert parts.count() >= 4
    unsaved = False
    for number in reversed(range(parts.count())):  # to type a shape makes other handles
        part = parts.nth(number)
        kind = part.evaluate("part => part.tagName === 'INPUT' ? part.type : part.tagName.toLowerCase()")
        assert part.evaluate("part => part.ariaLabel || part.labels?.length || part.textContent"), "it has a name"
        part.focus()
        if kind in ("g", "range"):
            look = functools.partial(part.get_attribute, "aria-valuetext")
            before = look()
            for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
                page.keyboard.press(key)
                if drawn(page, look) != before:
                    break
            else:
                pytest.fail("no arrow key moves it")
            unsaved = True
            continue
        if unsaved:  # else what a handle changed could be taken for the change by this part
            page.evaluate(SAVED)
            unsaved = False
        if kind == "text":
            changes(page, lambda: (page.keyboard.press("Control+A"), page.keyboard.type("7")))
        elif kind == "checkbox":
            changes(page, lambda: page.keyboard.press("Space"))
        elif kind == "select":
            changes(page, lambda: page.keyboard.press("ArrowDown"))


def found(page):
    return page.locator(".found").text_content()


GOALS = {
    "tangent": {"rate": 0.0556},
    "loss": {"loss": "BCELoss", "prediction": 0.003},
    "backward": {"x": 0, "step": 9},
    "broadcast": {"b": "2, 1, 4"},
    "memory": {"operation": "x.T"},
}


@pytest.mark.parametrize("name", GOALS)
def test_a_stated_goal_is_recognized(name, page):
    show(page, name)
    assert found(page) == ""
    changes(page, lambda: page.evaluate("change => held.set('value', {...held.get('value'), ...change})", GOALS[name]))
    wait_for(page, lambda: found(page), lambda words: words.startswith("Found: "))


def test_the_playground_opens_with_what_momentum_is_for(page):
    show(page, "playground")
    state = value(page)
    chosen, walks = SURFACES[state["surface"]], {}
    for method, setting in state["methods"].items():
        if setting["on"]:
            path = descend(chosen, factory(method, setting["lr"], setting["momentum"]), state["start"], state["steps"])
            walks[method] = (chosen(path[-1]) - chosen.lowest).item()
    assert set(walks) == {"SGD", "Momentum"} and 100 * walks["Momentum"] < walks["SGD"]
    said = dict(re.findall(r"(\w+) \([^)]*\) ends (\S+) above", text(page)))
    assert said == {method: f"{height:.2g}" for method, height in walks.items()}


def test_a_rate_with_which_only_momentum_arrives_can_be_found_with_the_keys(page):
    show(page, "playground")
    page.get_by_role("slider", name="rate", exact=True).focus()
    assert not drawn(page, lambda: found(page))
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        if drawn(page, lambda: found(page)):
            break
    said = re.match(
        r"Found: with the rate (\S+), Momentum arrives at step (\d+), and SGD ends (\S+) above", found(page)
    )
    chosen, lr = SURFACES["rosenbrock"], float(said[1])
    walks = [descend(chosen, factory(method, lr, 0.9), None, 200) for method in ("Momentum", "SGD")]
    heights = [(chosen(walk[-1]) - chosen.lowest).item() for walk in walks]
    assert heights[0] < tool.NEAR < heights[1]
    assert (int(said[2]), said[3]) == (steps_to(chosen, walks[0], tool.NEAR), f"{heights[1]:.2g}")
    page.get_by_role("combobox").select_option("himmelblau")  # there, neither arrives in 60 steps
    wait_for(page, lambda: found(page), lambda words: not words)


# on some surfaces, a rate with which Momentum arrives and SGD does not, and one that is too small for both
ONLY_MOMENTUM = [("ravine", 0.04, 0.02), ("beale", 0.003, 0.001), ("dent", 0.1, 0.005)]


@pytest.mark.parametrize(("surface", "right", "small"), ONLY_MOMENTUM)
def test_the_task_of_the_playground_is_for_every_surface(surface, right, small, page):
    def rate(lr):
        methods = {**value(page)["methods"], "Momentum": {**value(page)["methods"]["Momentum"], "lr": lr}}
        page.evaluate("methods => held.set('value', {...held.get('value'), methods})", methods)

    show(page, "playground", {"surface": surface})
    rate(right)
    wait_for(page, lambda: found(page), lambda words: words.startswith(f"Found: with the rate {right}, Momentum"))
    rate(small)
    wait_for(page, lambda: found(page), lambda words: not words)


@pytest.mark.parametrize("name", explorables.NAMES)
def test_what_is_found_is_said_under_the_question_and_moves_nothing(name, page):
    show(page, name)
    line = page.locator("section > p + p").first
    assert line.get_attribute("class") == "found" and line.get_attribute("aria-live") == "polite"
    assert "To find: " in page.locator("section > p").first.text_content()
    if name in GOALS:
        held = page.locator(tool.HELD[name])
        above = held.evaluate("part => part.closest('svg, div').getBoundingClientRect().top")
        page.evaluate("change => held.set('value', {...held.get('value'), ...change})", GOALS[name])
        wait_for(page, lambda: found(page), bool)
        if name != "backward":  # there, a line of text becomes longer
            held = page.locator(tool.HELD[name])
            assert held.evaluate("part => part.closest('svg, div').getBoundingClientRect().top") == above


@pytest.mark.parametrize("name", [name for name in explorables.NAMES if name != "backward"])
def test_keys_go_to_the_ends_and_do_not_scroll(name, page):
    page.set_viewport_size({"width": 1000, "height": 300})
    show(page, name)
    page.evaluate("document.body.style.paddingBottom = '2000px'")
    part = page.locator(tool.HELD[name])
    part.focus()
    look = functools.partial(part.get_attribute, "aria-valuetext")
    scrolled, places = drawn(page, lambda: page.evaluate("scrollY")), {}
    for key in ("Home", "End", "PageUp", "PageDown"):
        page.keyboard.press(key)
        places[key] = drawn(page, look)
    assert page.evaluate("scrollY") == scrolled and places["Home"] != places["End"]
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert drawn(page, look) == places["End"], "there is no more"


@pytest.mark.parametrize(
    ("rate", "words"), [(0.0525, ""), (0.053, "almost"), (0.058, "almost"), (0.0589, ""), (1 / 18, "in")]
)
def test_rates_about_the_best_are_found_and_stay_when_w_goes_back(rate, words, page):
    show(page, "tangent", {"rate": rate})
    page.get_by_role("button", name="One step").click()
    assert (f"one step lands {words} " in drawn(page, lambda: found(page))) == bool(words)
    page.get_by_role("button", name="Back to the start").click()
    wait_for(page, lambda: value(page)["w"], lambda w: w == FACTS["tangent"]["start"]["w"])
    assert value(page)["rate"] == rate and bool(found(page)) == bool(words)


def test_the_step_of_the_tangent_is_written_as_in_a_book(page):
    show(page, "tangent")
    assert "One step: 2 - 0.02 · 18 = 1.64." in text(page)
    page.evaluate("held.set('value', {...held.get('value'), w: 0})")
    wait_for(page, lambda: text(page), lambda words: "One step: 0 - 0.02 · (-18) = 0.36." in words)


def test_no_number_is_written_as_minus_zero(page):
    show(page, "backward", {"w": 0, "x": 3, "b": 0, "y": 0, "step": 9})
    assert "-0" not in page.evaluate("el.firstChild.shadowRoot.querySelector('section').textContent")


def test_a_probability_stays_between_its_ends_and_other_losses_point_to_it(page):
    show(page, "loss")
    assert "no slope here is steeper than 100: choose another loss" in text(page)
    page.get_by_role("combobox").first.select_option("BCELoss")
    wait_for(page, lambda: text(page), lambda words: words.startswith("BCELoss") and "another loss" not in words)
    page.locator("input[type=range]").focus()
    for key, end in (("Home", 0.001), ("End", 0.999)):
        page.keyboard.press(key)
        wait_for(page, lambda: value(page)["prediction"], lambda now, end=end: now == end)
    page.evaluate("held.set('value', {...held.get('value'), prediction: 0})")
    wait_for(page, lambda: found(page), lambda words: words == "Found: at 0.001 the slope of BCELoss is -1000.")


def test_another_operation_keeps_a_step_to_the_right_in_sight(page):
    show(page, "memory", {"element": 7})
    for operation in reversed(FACTS["memory"]["operations"]):
        page.get_by_role("combobox").select_option(operation)
        words = wait_for(page, lambda: text(page), lambda words, start=f"{operation}   ": words.startswith(start))
        assert "One step to the right jumps" in words


def test_a_dragged_size_stops_where_elements_are_drawn(page):
    show(page, "broadcast")
    box = page.locator(tool.HELD["broadcast"]).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 400, y, steps=4)
    page.mouse.up()
    wait_for(page, lambda: value(page)["b"], lambda b: b == "8")
    page.get_by_label("shape a").fill("3, 5")
    words = wait_for(page, lambda: text(page), lambda words: "differ" in words)
    assert words.endswith("neither is 1.") and ".." not in words


def test_what_a_method_does_not_use_is_greyed(page):
    show(page, "playground", {"selected": "SGD"})
    momentum = page.locator("input[type=range]").nth(3)
    assert momentum.is_disabled()
    page.get_by_role("button", name="Adam", exact=True).click()
    wait_for(page, momentum.is_disabled, lambda disabled: not disabled)
    assert "Adam (rate" in wait_for(page, lambda: text(page), lambda words: "Adam" in words)


# ends the explorable, and counts what it asks of its model and of the page, then and later
COUNT = """() => { window.calls = 0;
    for (const name of ['get', 'set', 'on', 'off']) {
        const ask = held[name];
        held[name] = (...given) => { calls += name === 'off' ? -1 : 1; return ask(...given) } }
    const look = getComputedStyle;
    window.getComputedStyle = (...given) => { calls += 1; return look(...given) };
    end();
    window.after = calls;
    document.body.style.background = '#111' }"""


# presses Play, and Pause as soon as the walk is on its way; from outside the page, it could be over before one looks again
PLAY_A_LITTLE = """(button, step) => new Promise(done => {
    const onItsWay = () => Number(step.value) > 0 && Number(step.value) < 200;
    const look = () => { if (onItsWay()) { button.click(); done() } else requestAnimationFrame(look) };
    button.click();
    look() })"""


def test_a_walk_plays_pauses_and_stops_when_the_cell_runs_again(page):
    show(page, "playground")
    play = page.get_by_role("button", name="Play")
    step = page.locator("input[type=range]").nth(1)
    play.evaluate(PLAY_A_LITTLE, step.element_handle())
    paused = drawn(page, lambda: int(step.input_value()))
    wait_for(page, lambda: value(page)["step"], lambda now: now == paused)
    page.wait_for_timeout(200)  # more than a picture of the walk lasts
    assert 0 < value(page)["step"] == paused == int(step.input_value()) < 200
    play.click()
    page.evaluate(COUNT)
    page.wait_for_timeout(400)
    assert page.evaluate("[after, calls, el.childElementCount]") == [-1, -1, 0], "one listener goes, and nothing moves"


# says how far the page can be scrolled to the side, and how many parts stick out of the frame
OUTSIDE = """() => { const root = el.firstChild.shadowRoot, box = root.querySelector('.box').getBoundingClientRect();
    const out = (part) => { const { left, right, width } = part.getBoundingClientRect();
        return width && !part.closest('.hidden') && (right > box.right || left < box.left) };
    const parts = [...root.querySelectorAll('p, button, select, input, svg, output, span')];
    return [document.documentElement.scrollWidth - innerWidth, parts.filter(out).length] }"""


@pytest.mark.parametrize("name", explorables.NAMES)
def test_it_fits_every_width_and_follows_a_dark_page(name, page):
    show(page, name)
    papers = set()
    for width, dark in ((1400, False), (390, True), (360, False), (1400, True)):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate("dark => { document.body.style.background = dark ? '#111' : '#fff' }", dark)
        assert drawn(page, lambda: page.evaluate(OUTSIDE)) == [0, 0], width
        papers.add(page.evaluate("getComputedStyle(el.firstChild.shadowRoot.querySelector('.box')).backgroundColor"))
        if os.environ.get("SCREENS"):  # for somebody to look at
            shade = "dark" if dark else "light"
            page.screenshot(path=ROOT / f"build/screens/explorable-{name}-{width}-{shade}.png", full_page=True)
    assert len(papers) == 2


@pytest.mark.parametrize("name", explorables.NAMES)
def test_a_page_without_python_shows_it(name, page, site):
    page.goto(f"{site}/{name}.html")
    wait_for(page, lambda: text(page), bool)
    assert page.locator("section.box").count() == 1 and page.locator(tool.HELD[name]).count() == 1


def test_bad_input_gets_the_sentence_and_the_picture_stays(page):
    show(page, "broadcast")
    before = text(page)
    page.get_by_label("shape a").fill("3, <b>")
    with pytest.raises(ValueError, match="is not a whole number") as raised:
        unit1.parse_shape("3, <b>")
    assert page.locator("[role=alert]").text_content() == str(raised.value) and text(page) == before
    page.get_by_label("shape a").fill("2, 3, 1")
    wait_for(page, lambda: text(page), lambda words: "give (2, 3, 4)" in words)
    assert page.locator("[role=alert]").text_content() == ""


def test_a_state_that_python_sets_is_drawn_and_a_bad_one_is_named(page):
    show(page, "playground", {"surface": "beale"})
    assert text(page).startswith("beale") and value(page)["start"] == list(SURFACES["beale"].start)
    page.evaluate("held.set('value', {surface: 'cliff'})")
    wait_for(
        page,
        lambda: page.locator("[role=alert]").text_content(),
        lambda words: words.startswith("'cliff' is not one of dent"),
    )
    assert text(page).startswith("beale")


# for each explorable another value of each part of its state
OTHERS = {
    "playground": {"surface": "beale", "start": [1, 1], "steps": 20, "step": 5, "selected": "Adam"},
    "tangent": {"w": 1, "rate": 0.1, "steps": 3},
    "loss": {"loss": "BCELoss", "prediction": 0.25, "target": 0},
    "backward": {"step": 4, "w": -1, "x": 2, "b": 0, "y": 1},
    "broadcast": {"a": "2, 1", "b": "3"},
    "memory": {"operation": "x.T", "element": 7},
}


# all that is to be seen, without the line for screen readers, which comes later
SEEN = """() => [...el.firstChild.shadowRoot.querySelector('.box').children]
    .filter(part => !part.matches('.hidden[role=status]')).map(part => part.outerHTML).join('')"""


@pytest.mark.parametrize("name", explorables.NAMES)
def test_python_sets_each_part_of_the_state_and_each_is_drawn(name, page):
    look = functools.partial(page.evaluate, SEEN)
    show(page, name)
    start = value(page)
    others = {**start, **OTHERS[name]}
    if name == "playground":
        others["methods"] = {m: {**start["methods"][m], "on": not start["methods"][m]["on"]} for m in METHODS}
    words = text(page)
    for part in FACTS[name]["start"]:
        before = drawn(page, look)
        page.evaluate("value => held.set('value', value)", {**start, part: others[part]})
        assert drawn(page, look) != before, part
        page.evaluate("value => held.set('value', value)", start)
        assert drawn(page, lambda: text(page)) == words, f"{part} is set back"
    page.evaluate("value => held.set('value', value)", others)
    assert drawn(page, lambda: value(page)) == others


def test_a_finger_drags_a_handle_and_motion_can_be_switched_off(browser, site):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{site}/empty.html")
    show(page, "playground", {"surface": "ravine"})
    box, before = page.locator(tool.HELD["playground"]).bounding_box(), value(page)["start"]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = context.new_cdp_session(page)
    for kind, points in (("Start", [(x, y)]), ("Move", [(x + 30, y + 20)]), ("Move", [(x + 60, y + 40)]), ("End", [])):
        touch.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [{"x": a, "y": b} for a, b in points]}
        )
    after = wait_for(page, lambda: value(page)["start"], lambda start: start != before)
    assert after[0] > before[0] + 1 and after[1] < before[1] - 0.3
    page.evaluate("end()")
    show(page, "broadcast")
    assert page.locator(".moves").first.evaluate("part => getComputedStyle(part).transitionDuration") == "0s"
    context.close()


# the place of the axes, and those of the ends of the paths, in pixels
ENDS = """() => { const root = el.firstChild.shadowRoot, hole = root.querySelector('clipPath rect');
    const of = (part, names) => names.map((name) => Number(part.getAttribute(name)));
    const ends = [...root.querySelectorAll('circle[r="5"]:not([visibility])')];
    return [...of(hole, ['x', 'y', 'width', 'height']), ends.map((end) => of(end, ['cx', 'cy']))] }"""


def test_page_and_python_put_the_paths_in_the_same_places(page):
    """The end of each path, as a part of the width and height of the axes."""
    show(page, "playground", {"surface": "ravine", "steps": 12, "start": [-8, 1.5]})
    methods = value(page)["methods"]
    left, top, width, height, ends = page.evaluate(ENDS)
    places = [((x - left) / width, 1 - (y - top) / height) for x, y in ends]
    ravine, wanted = SURFACES["ravine"], []
    ax = plt.subplots()[1]
    for method in ("SGD", "Momentum"):
        path = descend(ravine, factory(method, methods[method]["lr"], methods[method]["momentum"]), (-8, 1.5), 12)
        unit6.draw_paths(ax, ravine, {method: path})
        wanted.append(ax.transAxes.inverted().transform(ax.transData.transform(path[-1].numpy())))
    assert [pytest.approx(place, abs=0.003) for place in wanted] == places
