"""Surfaces have the minima that they claim, paths are what the optimizers do, and the pictures say what happened."""

import copy
import warnings
from functools import partial

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils import explorers, optimizers, surfaces
from course_utils.exercises import u06_optimizers
from course_utils.lessons import u06_optimizers as lesson
from course_utils.pictures import u06_optimizers as pictures
from course_utils.surfaces import SURFACES, descend

every_surface = pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))


@pytest.fixture(autouse=True)
def no_warnings():
    """A run that diverges is drawn without a storm of warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ---- surfaces


@every_surface
def test_the_minima_are_where_they_are_said_to_be(surface):
    assert surface.gradient(surface.minima).abs().max() < 1e-5
    left, right, bottom, top = surface.window
    x, y = torch.meshgrid(torch.linspace(left, right, 201), torch.linspace(bottom, top, 201), indexing="ij")
    heights = surface(torch.stack([x, y], dim=-1))
    assert heights.dtype == torch.float64 and heights.min() >= surface.lowest - 1e-6
    for place in surface.minima:
        assert surface(place).item() == pytest.approx(surface.lowest, abs=1e-6)
        assert left < place[0] < right and (surface.is_curve or bottom < place[1] < top)


@every_surface
def test_the_gradient_is_the_slope(surface):
    point, tiny = torch.tensor(surface.start, dtype=torch.float64) + 0.1, 1e-6 * torch.eye(2, dtype=torch.float64)
    slope = (surface(point + tiny) - surface(point - tiny)) / 2e-6
    assert torch.allclose(surface.gradient(point), slope, rtol=1e-5, atol=1e-6)
    assert surface.formula and surface.source and surface.name in SURFACES


@every_surface
def test_the_formula_is_the_function(surface):
    text = surface.formula.replace("−", "-").replace("xy", "x*y").replace("exp", "torch.exp")
    for sign, power in {"²": "**2", "³": "**3", "⁴": "**4"}.items():
        text = text.replace(sign, power)
    for number in ("0.1", "0.3", "100", "20", "4"):
        text = text.replace(f"{number} (", f"{number}*(").replace(f"{number} x", f"{number}*x")
        text = text.replace(f"{number} y", f"{number}*y").replace(f"{number} torch", f"{number}*torch")
    x, y = torch.tensor([0.7, -1.2], dtype=torch.float64), torch.tensor([0.4, 1.1], dtype=torch.float64)
    assert torch.allclose(eval(text), surface(torch.stack([x, y], dim=1)))


def test_the_dent_is_higher_than_the_valley():
    dent = SURFACES["dent"]
    stuck = descend(dent, partial(optimizers.SGD, lr=0.05), steps=300)[-1]
    assert stuck[0] > 1.5 and dent.gradient(stuck).abs().max() < 1e-6 and dent(stuck) > dent.lowest + 0.05


@pytest.mark.parametrize("condition", [1, 20, 10_000])
def test_a_ravine_has_its_condition_number(condition):
    surface = surfaces.ravine(condition)
    hessian = torch.autograd.functional.hessian(surface, torch.ones(2, dtype=torch.float64))
    curvatures = torch.linalg.eigvalsh(hessian)
    assert (curvatures.max() / curvatures.min()).item() == pytest.approx(condition)


@pytest.mark.parametrize("condition", [0.5, float("nan"), 1e6])
def test_a_ravine_has_bounds(condition):
    with pytest.raises(ValueError, match="condition"):
        surfaces.ravine(condition)


# ---- paths


def test_a_path_is_what_the_rule_says():
    path = descend(SURFACES["ravine"], partial(optimizers.SGD, lr=0.1), (1.0, 1.0), 2)
    assert path.dtype == torch.float64 and not path.requires_grad
    assert torch.allclose(path, torch.tensor([[1.0, 1.0], [0.9, -1.0], [0.81, 1.0]], dtype=torch.float64))


@pytest.mark.parametrize("method", optimizers.METHODS)
def test_ours_and_theirs_walk_the_same_path(method):
    names = {"Momentum": {"momentum": 0.9}, "Nesterov": {"momentum": 0.9, "nesterov": True}}
    twin = partial(getattr(torch.optim, "SGD" if method in names else method), lr=0.003, **names.get(method, {}))
    ours, theirs = (descend(SURFACES["beale"], make, steps=200) for make in (optimizers.factory(method, 0.003), twin))
    assert (ours - theirs).abs().max() < 1e-12 and (ours[-1] - ours[0]).abs().max() > 1e-3


def test_lbfgs_measures_more_than_once():
    path = descend(SURFACES["rosenbrock"], lambda p: torch.optim.LBFGS(p, line_search_fn="strong_wolfe"), steps=5)
    assert surfaces.steps_to(SURFACES["rosenbrock"], path, 1e-6) is not None


@every_surface
@pytest.mark.parametrize("lr", [3.0, 1e30])
def test_a_run_that_diverges_stays_finite_and_is_drawn(surface, lr):
    path = descend(surface, partial(optimizers.Momentum, lr=lr), steps=100)
    assert path.shape == (101, 2) and path.isfinite().all() and path.abs().max() < surfaces.FAR
    pictures.show_paths(surface, {"a": path, "b": path[:2]})
    plt.gcf().canvas.draw()


def test_the_start_is_not_changed():
    start = torch.tensor([1.0, 2.0])
    before = copy.deepcopy(start)
    descend(SURFACES["saddle"], partial(optimizers.SGD, lr=0.1), start, 3)
    assert torch.equal(start, before)


@pytest.mark.parametrize(
    ("start", "steps", "word"),
    [((1.0,), 3, "two finite"), ((1.0, float("nan")), 3, "two finite"), (None, 0, "steps is 0"), (None, 2.5, "2.5")],
)
def test_impossible_walks_are_named(start, steps, word):
    with pytest.raises(ValueError, match=word):
        descend(SURFACES["ravine"], partial(optimizers.SGD, lr=0.1), start, steps)


def test_steps_to_counts_from_the_start():
    path = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.1, 0.0]])
    assert surfaces.steps_to(SURFACES["ravine"], path, 0.01) == 2
    assert surfaces.steps_to(SURFACES["ravine"], path, 1e-6) is None


def test_the_four_runs_are_what_their_letters_mean():
    ends = {name: SURFACES["ravine"](path[-2:]) for name, path in u06_optimizers.four_runs().items()}
    last = {u06_optimizers._RATES[name]: heights[-1] for name, heights in ends.items()}
    assert last["good"] < last["too small"] < last["on the bound"] < last["too large"]
    assert (ends["A"][1] / ends["A"][0]).item() == pytest.approx(1, abs=1e-6) and ends["D"][1] > ends["D"][0]


# ---- pictures


def test_leaving_the_picture_for_good_is_told_from_coming_back():
    ravine = SURFACES["ravine"]
    back = torch.tensor([[-9.0, 2.0], [-9.0, 9.0], [0.0, 0.0]])
    assert pictures.leaves_at(ravine, back) is None
    assert pictures.leaves_at(ravine, torch.cat([back, torch.tensor([[0.0, 99.0], [99.0, 0.0]])])) == 3
    pictures.draw_paths(plt.subplots()[1], ravine, {"gone": torch.tensor([[0.0, 0.0], [0.0, 1e8], [0.0, 1e8]])})
    labels = plt.gca().get_legend_handles_labels()[1]
    assert labels == ["minimum", "gone\nleft at step 1", "start"]
    assert max(abs(line.get_ydata()).max() for line in plt.gca().lines) < 100


def test_the_arrows_point_downhill():
    pictures.show_downhill(SURFACES["ravine"])
    (arrows,) = (c for c in plt.gca().collections if hasattr(c, "U"))
    places = torch.tensor(arrows.get_offsets().tolist(), dtype=torch.float64)
    arrow = torch.stack([torch.tensor(arrows.U), torch.tensor(arrows.V)], dim=1)
    cosine = torch.nn.functional.cosine_similarity(-SURFACES["ravine"].gradient(places), arrow.double())
    assert cosine.min() > 1 - 1e-9 and len(places) == 28
    assert plt.gca().get_aspect() == 1.0


def drawn(ax):
    """The lines of a picture by their label: for each an (N, 2) tensor; those without a label are left out."""
    lines = {line.get_label(): torch.tensor(line.get_xydata()) for line in ax.lines}
    return {label: points for label, points in lines.items() if not label.startswith("_")}


def heights(surface, path):
    """What is drawn for a path over its steps."""
    return torch.stack([torch.arange(len(path)).double(), surface(path) - surface.lowest], dim=1)


@every_surface
def test_a_surface_is_drawn_with_its_minima_and_its_true_heights(surface):
    ax = plt.subplots()[1]
    pictures.draw_contours(ax, surface)
    stars = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "*"]
    assert stars == [[x, surface.lowest if surface.is_curve else y] for x, y in surface.minima]
    if surface.is_curve:
        x, y = torch.tensor(ax.lines[0].get_xydata()).T
        assert torch.allclose(y, surface(torch.stack([x, 0 * x], dim=1))) and len(x) == 300
    else:
        contours = ax.collections[-1]
        pairs = [(v, p.vertices) for v, p in zip(contours.levels, contours.get_paths(), strict=True) if len(p)]
        level, places = pairs[len(pairs) // 2]  # the lowest are smaller than the grid
        found = surface(torch.tensor(places)) - surface.lowest
        assert (found - level).abs().mean() < 0.1 * level


@pytest.mark.parametrize("name", ["dent", "beale"])
def test_paths_are_drawn_where_they_are(name):
    surface = SURFACES[name]
    path = descend(surface, partial(optimizers.Momentum, lr=0.003), steps=20)
    across = surface(path) if surface.is_curve else path[:, 1]
    places = torch.stack([path[:, 0], across], dim=1)
    ax = plt.subplots()[1]
    pictures.draw_paths(ax, surface, {"a": path}, 12)
    lines = drawn(ax)
    assert torch.allclose(lines["a"], places[:13]) and torch.allclose(lines["start"], places[:1])
    (end,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert torch.allclose(torch.tensor(end.get_xydata()), places[12:13])

    pictures.show_paths(surface, {"a": path, "b": path[:5]})
    left, right = plt.gcf().axes
    assert torch.allclose(drawn(left)["a"], places) and torch.allclose(drawn(left)["b"], places[:5])
    assert torch.allclose(drawn(right)["a"], heights(surface, path))
    assert torch.allclose(drawn(right)["b"], heights(surface, path[:5]))

    pictures.draw_side_by_side(surface, {"first": path, "second": path[:9]})
    panels = {ax.get_title(): ax.lines for ax in plt.gcf().axes}
    for title, shown in (("first", places), ("second", places[:9])):
        (line,) = [line for line in panels[title] if line.get_marker() == "."]
        assert torch.allclose(torch.tensor(line.get_xydata()), shown)


def test_a_race_shows_the_paths_up_to_the_step():
    beale = SURFACES["beale"]
    paths = {m: descend(beale, optimizers.factory(m, 0.003), steps=20) for m in ("SGD", "Adam")}
    ax = plt.subplots()[1]
    pictures.draw_race(ax, beale, paths, 7)
    (field,) = ax.child_axes
    assert field.get_title() == "step 7"
    for method, path in paths.items():
        assert torch.allclose(drawn(field)[method], path[:8])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["SGD", "Adam"]
    plt.gcf().canvas.draw()


def test_races_are_shown_in_panels_with_one_legend():
    beale, dent = SURFACES["beale"], SURFACES["dent"]
    runs = {s: {m: descend(s, optimizers.factory(m, 0.003), steps=9) for m in ("SGD", "Adam")} for s in (beale, dent)}
    pictures.show_races({"first": (beale, runs[beale]), "second": (dent, runs[dent])})
    first, second, *_ = plt.gcf().axes
    assert (first.get_title(), second.get_title()) == ("first", "second")
    for method in ("SGD", "Adam"):
        assert torch.allclose(drawn(first)[method], runs[beale][method])
        steps, x = drawn(second)[method].T
        assert torch.allclose(x, runs[dent][method][:, 0]) and steps.tolist() == list(range(10))
    (legend,) = plt.gcf().legends
    assert [text.get_text() for text in legend.get_texts()] == ["SGD", "Adam"]
    colours = [[line.get_color() for line in ax.lines if line.get_label() in ("SGD", "Adam")] for ax in (first, second)]
    assert colours[0] == colours[1] == [line.get_color() for line in legend.get_lines()]


def test_step_lengths_a_sweep_and_curves_are_drawn_where_they_are():
    pictures.show_lengths({"a": [1.0, 0.1], "b": [3.0, 2.0]})
    assert drawn(plt.gca())["b"].tolist() == [[1, 3], [2, 2]] and plt.gca().get_yscale() == "log"
    pictures.show_sweep({"a": {0.1: 0.02, 1.0: 0.5}}, floor=0.01)
    assert drawn(plt.gca())["a"].tolist() == [[0.1, 0.02], [1.0, 0.5]] and plt.gca().get_ylim() == pytest.approx(
        (0.008, 0.3)
    )
    assert (plt.gca().get_xscale(), plt.gca().get_yscale()) == ("log", "log")
    assert any(set(line.get_ydata()) == {0.01} for line in plt.gca().lines)
    pictures.show_curves({"a": [0.1, 0.05]}, "epoch", "rate", drawstyle="steps-post")
    assert (
        drawn(plt.gca())["a"].tolist() == [[0, 0.1], [1, 0.05]] and plt.gca().lines[0].get_drawstyle() == "steps-post"
    )
    assert (plt.gca().get_xlabel(), plt.gca().get_ylabel()) == ("epoch", "rate")


def test_fits_are_drawn_with_their_points_and_the_truth():
    x, grid = torch.rand(5, 1), torch.linspace(0, 1, 7).unsqueeze(1)
    pictures.show_fits(x, 2 * x, grid, {"one": grid**2, "two": grid**3}, grid)
    panels = plt.gcf().axes
    assert [ax.get_title() for ax in panels] == ["one", "two"]
    for ax, fit in zip(panels, (grid**2, grid**3), strict=True):
        lines = drawn(ax)
        assert torch.allclose(lines["points"].float(), torch.cat([x, 2 * x], dim=1))
        assert torch.allclose(lines["network"].float(), torch.cat([grid, fit], dim=1))
        assert torch.allclose(lines["true curve"].float(), torch.cat([grid, grid], dim=1))


def test_a_ball_is_where_the_path_is():
    dent, ax = SURFACES["dent"], plt.subplots()[1]
    path = descend(dent, partial(optimizers.Momentum, lr=0.05), steps=30)
    pictures.draw_ball(ax, dent, path, 20, "t")
    *_, before, ball = [torch.tensor(line.get_xydata()) for line in ax.lines]
    places = torch.stack([path[:, 0], dent(path)], dim=1)
    assert torch.allclose(before, places[10:21]) and torch.allclose(ball, places[20:21]) and ax.get_title() == "t"


# ---- the search for a rate


def plain(p, g, state, lr):
    p -= lr * g


def test_the_best_rate_of_a_quadratic_is_the_known_one():
    """With the curvatures 1 and c, 2 / (1 + c) is best, and the slowest start needs the most steps."""
    surface = surfaces.ravine(20)
    lr, steps, path = lesson.tuned(plain, surface)
    assert lr == pytest.approx(2 / 21, rel=0.26)  # the next rate is a factor of 1.26 away
    assert torch.allclose(path, descend(surface, partial(optimizers.SGD, lr=lr), steps=300))
    slowest = descend(surface, partial(optimizers.SGD, lr=lr), (-9.9, 2.2), 300)
    heights = surface(slowest)
    assert heights[steps - 1] >= lesson.NEAR and (heights[steps:] < lesson.NEAR).all()


def test_who_passes_by_or_leaves_the_picture_has_not_arrived():
    surface = surfaces.ravine(1)

    def passes_by(p, g, state, lr):  # is at the minimum after the first step alone
        state["t"] = state.get("t", 0) + 1
        p.copy_(torch.zeros_like(p) if state["t"] == 1 else torch.full_like(p, 1.0))

    def jumps_out(p, g, state, lr):
        state["t"] = state.get("t", 0) + 1
        p.copy_(torch.full_like(p, 100.0) if state["t"] == 1 else torch.zeros_like(p))

    def settles(p, g, state, lr):
        state["t"] = state.get("t", 0) + 1
        p.mul_(((lr < 1) | (lr > 2)) & (state["t"] < 4) | (state["t"] < 2))

    for rule in (passes_by, jumps_out):
        with pytest.raises(ValueError, match="edge"):  # no rate is better than the first
            lesson.tuned(rule, surface, steps=5)
    lr, steps, path = lesson.tuned(settles, surface, steps=5)
    assert 1 <= lr <= 2 and steps == 2 and path[2].abs().max() == 0


def test_where_no_rate_arrives_the_lowest_is_kept():
    lr, steps, path = lesson.tuned(plain, surfaces.ravine(1000), steps=20)
    assert steps is None and path.shape == (21, 2)
    assert torch.allclose(path, descend(surfaces.ravine(1000), partial(optimizers.SGD, lr=lr), steps=20))


def test_step_lengths_are_those_of_the_rule():
    assert lesson.step_lengths(plain, [3.0, -1.0]) == [3.0, 1.0]

    def twice(p, g, state, lr, factor):
        p -= factor * lr * g

    assert lesson.step_lengths(twice, [3.0], factor=2) == [6.0]


# ---- the playground


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("lr", [1e-4, 10.0])
def test_the_playground_draws_every_method(surface, lr):
    for first in optimizers.METHODS:
        pictures.draw_playground(surface, first, "SGD", lr, 0.99, 3.0, -2.0, 40)
        assert surface in plt.gcf().get_suptitle()
        plt.gcf().canvas.draw()
        plt.close("all")


def test_the_playground_shows_the_walks_of_its_settings():
    pictures.draw_playground("beale", "Momentum", "Adam", 0.002, 0.7, 0.5, 1.0, 30)
    left, right = plt.gcf().axes
    beale = SURFACES["beale"]
    for method in ("Momentum", "Adam"):
        path = descend(beale, optimizers.factory(method, 0.002, 0.7), (0.5, 1.0), 30)
        assert torch.allclose(drawn(left)[method], path)
        assert torch.allclose(drawn(right)[method], heights(beale, path))
    assert [text.get_text() for text in plt.gcf().legends[0].get_texts()] == ["Momentum", "Adam"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"surface": "cliff"}, "not one of dent"),
        ({"first": "none"}, "not one of SGD"),
        ({"lr": 0.0}, "learning rate"),
        ({"momentum": 1.0}, "momentum"),
        ({"steps": 0}, "steps"),
        ({"x": float("nan")}, "two finite"),
    ],
)
def test_impossible_settings_are_named(change, word):
    with pytest.raises(ValueError, match=word):
        pictures.draw_playground(**{**pictures.PLAYGROUND_STATES[0], **change})


def test_the_static_playground_shows_its_states(monkeypatch):
    monkeypatch.setenv("COURSE_STATIC", "1")
    explorers.playground()
    titles = [plt.figure(n).get_suptitle().split(":")[0] for n in plt.get_fignums()]
    assert titles == [state["surface"] for state in pictures.PLAYGROUND_STATES]


def test_the_live_playground_starts_where_the_surface_does(monkeypatch):
    pytest.importorskip("ipywidgets")
    kept = {}
    monkeypatch.setattr(explorers, "explore", lambda draw, controls, states: kept.update(controls()))
    explorers.playground()
    for name, surface in SURFACES.items():
        kept["surface"].value = name
        assert (kept["x"].value, kept["y"].value) == pytest.approx(surface.start, abs=0.05)
    pictures.draw_playground(**{name: control.value for name, control in kept.items()})
