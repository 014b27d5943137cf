"""Junk of every kind in every exercise and explorer: one sentence, no exception, an end, and no trace."""

import builtins
import contextlib
import copy
import functools
import importlib
import inspect
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from unittest import mock

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junk import JUNK, exits, loops, raises, recurses, spoils_the_world, stops_generators, talks

from course_utils import explorers
from course_utils.exercises.__main__ import units
from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import CORRECT, NOT_ATTEMPTED, WRONG, Result
from course_utils.exercises.engine.core import exercise as make_exercise
from course_utils.exercises.engine.guard import TimeUp, memory_limit, time_limit
from tools import ROOT

EXERCISES = [e for n in units().values() for e in importlib.import_module(f"course_utils.exercises.{n}").EXERCISES]
SMALL = {
    "cases": [(torch.tensor([2.0, 4.0]),), (torch.tensor([[1.0]]),)],
    "hints": ["one", "two"],
    "idea": "Half is half.",
}
HALF = make_exercise("Half", name="half", **SMALL)(lambda x: x / 2)
HALF.mistake("You double.", name="doubles")(lambda x: x * 2)
TIMED = hasattr(signal, "setitimer")
timed = pytest.mark.skipif(not TIMED, reason="Windows has no timer that could stop an answer")
ENDLESS = "Your answer did not end within 0.2 seconds. Look for a loop that never ends."


def fixed(examples):
    """The same examples in every run, without a time for each."""
    health = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example]
    return settings(derandomize=True, deadline=None, database=None, max_examples=examples, suppress_health_check=health)


@pytest.fixture(autouse=True, scope="module")
def quick():
    """An endless loop need not run for two seconds to be endless."""
    with mock.patch.object(core, "SECONDS", 0.2):
        yield


@pytest.fixture
def patient():
    """Where the answer does end, a busy machine shall not stop it."""
    with mock.patch.object(core, "SECONDS", 60):
        yield


def world():
    """Everything that an answer could change for all who come after it."""
    return {
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_anomaly_enabled()),
        "threads": torch.get_num_threads(),
        "deterministic": (torch.get_deterministic_debug_mode(), torch.get_float32_matmul_precision()),
        "random": (torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())),
        "matplotlib": (dict(mpl.rcParams), plt.get_fignums()),
        "warnings": (list(warnings.filters), warnings.showwarning),
        "numpy": (np.get_printoptions(), np.geterr()),
        "process": (Path.cwd(), dict(os.environ), sys.getrecursionlimit(), sys.gettrace(), sys.exc_info()),
        "streams": (id(sys.stdout), id(sys.stderr)),
        "signals": (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) if TIMED else None,
        "functions": [id(f) for f in (torch.relu, torch.nn.functional.softmax, torch.exp, builtins.print)],
    }


# ---- junk of every kind


@pytest.mark.parametrize("kind", JUNK)
def test_junk_gets_one_line_and_leaves_no_trace(kind, capsys):
    assert len(EXERCISES) >= 50 and len(JUNK) >= 50
    for exercise in EXERCISES:
        before = world()
        result = exercise.check(JUNK[kind])
        assert world() == before, exercise.name
        assert isinstance(result, Result) and result.status in (WRONG, NOT_ATTEMPTED), f"{exercise.name}: {result}"
        assert_one_sentence(result, exercise)
    assert capsys.readouterr() == ("", "")


def test_junk_is_wrong_or_open_as_it_should_be():
    found = {name for name, value in JUNK.items() if HALF.check(value).status == NOT_ATTEMPTED}
    assert found == {"None", "ellipsis", "empty list", "empty dict"}


def test_a_stop_by_the_student_passes_through():
    def stopped(*args, **kwargs):
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(99)
        raise KeyboardInterrupt

    stoppable = [exercise for exercise in EXERCISES if callable(exercise.answer)]
    assert len(stoppable) > 40
    for exercise in stoppable:
        before = world()
        with pytest.raises(KeyboardInterrupt):
            exercise.check(stopped)
        assert world() == before, exercise.name


# ---- junk made up by hypothesis

BEHAVIOURS = [
    raises,
    exits,
    stops_generators,
    talks,
    recurses,
    spoils_the_world,
    lambda *a, **k: a[0] if a else None,
]
BEHAVIOURS += [loops] if TIMED else []
METHODS = [
    "__eq__", "__repr__", "__str__", "__bool__", "__len__", "__iter__", "__hash__", "__call__", "__getitem__", "__float__",
    "__getattr__", "__format__", "__index__", "__array__", "__deepcopy__", "__contains__", "keys", "shape", "__torch_function__",
]  # fmt: skip
BASES = [object, list, dict, tuple, str, float, int, Exception, np.ndarray, torch.Tensor, torch.nn.Module]


def hostile(base, methods, name):
    """Make an object whose special methods misbehave."""
    kind = type(name, (base,), dict(methods))
    with contextlib.suppress(BaseException):  # a method may already break the construction
        with time_limit(0.2):
            return kind(2) if base is np.ndarray else kind()
    return kind


def tensor(shape, dtype, form):
    """Make a tensor of some shape, dtype and form."""
    t = torch.zeros(shape, dtype=dtype)
    floating = dtype in (torch.float16, torch.float32, torch.float64, torch.bfloat16)
    match form:
        case "meta":
            return t.to("meta")
        case "sparse":
            return t.to_sparse()
        case "nan" if floating:
            return torch.full(shape, torch.nan, dtype=dtype)
        case "requires grad" if floating:
            return t.requires_grad_()
        case "quantized" if dtype is torch.float32:
            return torch.quantize_per_tensor(t, 0.1, 0, torch.quint8)
        case "inference":
            with torch.inference_mode():
                return torch.zeros(shape, dtype=dtype)
    return t.expand(7, *shape)


DEEDS = {
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "device": lambda: torch.set_default_device("meta"),
    "seed": spoils_the_world,
    "grad": lambda: torch.set_grad_enabled(False),
    "threads": lambda: torch.set_num_threads(3),
    "deterministic": lambda: torch.use_deterministic_algorithms(True),
    "precision": lambda: torch.set_float32_matmul_precision("medium"),
    "anomaly": lambda: torch.autograd.set_detect_anomaly(True),
    "warnings": lambda: warnings.simplefilter("error"),
    "no warnings": lambda: setattr(warnings, "showwarning", print),
    "rc": lambda: plt.rcParams.update({"lines.linewidth": 77}),
    "figure": lambda: plt.figure(),
    "numpy": lambda: (np.set_printoptions(precision=1), np.seterr(all="raise")),
    "folder": lambda: os.chdir("/"),
    "environment": lambda: os.environ.update(HOME="/nowhere", COURSE_ABUSE="1"),
    "stdout": lambda: setattr(sys, "stdout", None),
    "patch": lambda: (setattr(torch, "relu", torch.exp), setattr(torch.nn.functional, "softmax", None)),
    "recursion": lambda: sys.setrecursionlimit(5000),
    "print": lambda: print("noise"),
}
names = st.sampled_from(["Odd", "x" * 500, "a\nb", "class", "Tensor", "é✓"])
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.builds(lambda: 10**5000),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.just("x\n" * 10**5),
    st.binary(max_size=5),
    st.sampled_from([..., NotImplemented, torch.float32, torch.device("cpu"), torch.Size([2]), range(3)]),
)
tensors = st.builds(
    tensor,
    st.lists(st.integers(0, 3), max_size=4),
    st.sampled_from(
        [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool, torch.complex64]
    ),
    st.sampled_from(["meta", "sparse", "nan", "requires grad", "quantized", "inference", "expanded"]),
)  # fmt: skip
arrays = st.sampled_from(
    [np.zeros(3), np.array([None, "x"]), np.zeros((1,) * 30), np.array(["x"]), np.zeros(2, "M8[s]"), np.float32(1)]
)
values = st.recursive(
    plain | tensors | arrays,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers() | st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=4,
)
objects = st.builds(
    hostile,
    st.sampled_from(BASES),
    st.dictionaries(st.sampled_from(METHODS), st.sampled_from(BEHAVIOURS), min_size=1, max_size=4),
    names,
)
things = st.one_of(
    values,
    objects,
    st.sampled_from([int, torch, torch.nn.Linear, torch.nn.ReLU(), torch.relu, functools.partial(max, 1), lambda: 1]),
    st.builds(lambda: (i for i in range(3))),
    st.builds(itertools.count),
    st.sampled_from(BEHAVIOURS),
)


def answer(deeds, value):
    """Make an answer that does some deeds and returns a value."""

    def does(*args, **kwargs):
        for deed in deeds:
            deed()
        return value

    return does


answers = things | st.builds(answer, st.lists(st.sampled_from(list(DEEDS.values())), max_size=3), things)


def assert_one_sentence(result, exercise):
    for text in (repr(result), result._repr_markdown_()):
        assert len(text.splitlines()) == 1 and len(text) < 1000, f"{exercise.name}: {text}"
        assert "Traceback" not in text and "0x" not in text and "noise" not in text, f"{exercise.name}: {text}"


def same(a, b):
    """Say whether two plain values are equal; nan equals nan here."""
    if isinstance(a, list | tuple | dict):
        pairs = zip(a.items(), b.items(), strict=True) if isinstance(a, dict) else zip(a, b, strict=True)
        return type(a) is type(b) and len(a) == len(b) and all(same(x, y) for x, y in pairs)
    if isinstance(a, torch.Tensor | np.ndarray):
        return type(a) is type(b) and str(a) == str(b)
    return type(a) is type(b) and (a == b or a != a)


# ---- the exercises


@fixed(150)
@given(exercise=st.sampled_from(EXERCISES), answer=answers)
def test_any_junk_gets_one_sentence_and_leaves_no_trace(exercise, answer):
    before = world()
    result = exercise.check(answer)
    assert world() == before
    assert_one_sentence(result, exercise)


@fixed(60)
@given(exercise=st.sampled_from(EXERCISES), value=values)
def test_a_value_is_the_same_after_its_check(exercise, value):
    try:
        before = copy.deepcopy(value)
    except RuntimeError:
        return  # PyTorch cannot copy this tensor
    exercise.check(value)
    assert same(value, before)


class Counts(torch.nn.Module):
    """A module that no call leaves as it was."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.calls = 0

    def forward(self, *args):
        self.calls += 1
        self.weight.sum().backward()
        return args[0] if args else None


def test_a_module_is_the_same_after_its_check():
    module = Counts()
    for exercise in EXERCISES:
        assert exercise.check(module).status == WRONG
    assert module.calls == 0 and module.weight.grad is None
    assert HALF.check(torch.nn.Threshold(0.0, 0.0)).status == WRONG  # a module may be an answer all the same


@pytest.mark.parametrize("deed", DEEDS)
def test_each_deed_really_does_something_and_is_undone(deed, patient):
    seen = []

    def does(x):
        DEEDS[deed]()
        seen.append(world())
        return x / 2

    before = world()
    result = HALF.check(does)
    assert world() == before
    # the state inside differs from the one outside in more than the streams, which a check always replaces
    assert result.status == CORRECT or deed in ("dtype", "device", "grad", "patch"), result
    inside = [name for name in before if seen[0][name] != before[name]]
    assert inside, "the deed does nothing, so this test shows nothing"


# ---- what does not end


def except_exception(x):
    while True:
        try:
            x = x / (1 / 0)
        except Exception:
            x = 0


def bare_except(x):
    while True:
        try:
            while True:
                x = x + 1
        except:  # noqa: E722
            continue


def sleeps_for_ever(x):
    while True:
        try:
            time.sleep(1)
        except:  # noqa: E722
            pass


def waits_in_finally(x):
    try:
        return x / 2
    finally:
        while x is not None:
            x = x + 1


class Looped:
    def __len__(self):
        loops()

    __eq__ = __hash__ = __iter__ = __len__


class LoopedList(list):
    __len__ = __iter__ = loops


@timed
@pytest.mark.parametrize(
    "answer",
    [loops, except_exception, bare_except, sleeps_for_ever, waits_in_finally, LoopedList([1]), lambda x: LoopedList()],
)
def test_an_endless_answer_is_stopped(answer):
    exercise = HALF if callable(answer) else quiz()
    before = world()
    result = exercise.check(answer)
    assert (result.status, result.message) == (WRONG, ENDLESS) or isinstance(answer, list), result
    assert result.status == WRONG and world() == before
    with mock.patch.object(core, "SECONDS", 60):
        assert HALF.check(lambda x: x / 2).status == CORRECT  # the next check starts afresh


def quiz():
    return make_exercise("Quiz", name="quiz", cases=[()], hints=["a", "b"], idea="Well.")({"a": 1})


@timed
def test_all_inputs_share_the_time():
    many = [(torch.tensor([float(i)]),) for i in range(40)]
    same = make_exercise("Same", name="same", **{**SMALL, "cases": many})(lambda x: x)
    assert same.check(lambda x: [x, time.sleep(0.02)][0]).message == ENDLESS


def test_an_import_is_never_cut_in_two(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(
        "import time\nfor _ in range(90):\n    time.sleep(0.01)\nready = True\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)

    def imports(x):
        import slow_to_import

        return x / 2 if slow_to_import.ready else x

    try:
        with mock.patch.object(core, "SECONDS", 0.4):  # shorter than the import
            assert HALF.check(imports).status == CORRECT
    finally:
        sys.modules.pop("slow_to_import", None)


def test_a_check_works_in_another_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(HALF.check(lambda x: x / 2)))
    thread.start()
    thread.join()
    assert found[0].status == CORRECT


@timed
def test_the_timer_of_somebody_else_is_given_back():
    def rings(*_):
        pass

    before = signal.signal(signal.SIGALRM, rings)
    signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        with pytest.raises(TimeUp), time_limit(0.05):
            loops()
        assert signal.getsignal(signal.SIGALRM) is rings and 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


MEMORY_LIMITED = sys.platform == "linux" and not Path("/dev/nvidiactl").exists()


@pytest.mark.skipif(not MEMORY_LIMITED, reason="memory is limited on Linux without CUDA only")
@pytest.mark.parametrize("hoards", [lambda x: torch.zeros(10**10), lambda x: [0] * 10**10, lambda x: bytearray(10**11)])
def test_a_huge_allocation_is_refused(hoards, patient):
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    result = HALF.check(hoards)
    assert result.message.startswith("Your answer asks for more memory than there is. Look for a size")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    with memory_limit():
        assert len(torch.ones(10**7)) == 10**7


def test_deep_nesting_and_deep_recursion(patient):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for exercise in (HALF, quiz()):
        assert_one_sentence(exercise.check(deep), exercise)
    # with Python 3.13 beside the debugger that ipykernel 6 loads, Python itself says SystemError after such a list
    assert re.match(r"Your answer raised (Recursion|System)Error", HALF.check(recurses).message)


# ---- the explorers

PLAIN_EXPLORERS = [
    function
    for name, function in vars(explorers).items()
    if inspect.isfunction(function) and function.__module__ == explorers.__name__
    if not name.startswith("_") and name != "explore" and not inspect.signature(function).parameters
]


def drawn_by(explorer, *arguments):
    """Return what an explorer passes on: its drawing function and its typical states."""
    with mock.patch.object(explorers, "explore") as explore:
        explorer(*arguments)
    draw, _, states = explore.call_args.args
    return draw, states


def test_the_explorers_are_found():
    assert {"broadcast", "memory_order", "backward_steps", "losses", "batches"} <= {f.__name__ for f in PLAIN_EXPLORERS}


@pytest.mark.parametrize("explorer", PLAIN_EXPLORERS, ids=lambda f: f.__name__)
@fixed(12)
@given(draws=st.data())
def test_any_junk_in_a_control_gets_a_picture_or_a_sentence(explorer, draws):
    draw, states = drawn_by(explorer)
    state = dict(draws.draw(st.sampled_from(list(states))))
    for name in draws.draw(st.lists(st.sampled_from(list(state)), min_size=1, max_size=3)):
        state[name] = draws.draw(values | st.integers() | st.floats() | st.text(max_size=30))
    before = world()
    given_state = dict(state)
    with mock.patch.dict(os.environ, COURSE_STATIC="1"), contextlib.redirect_stdout(None):
        explorers.explore(draw, dict, [state])
    plt.close("all")
    assert world() == before
    assert same(state, given_state)


def test_an_error_in_a_picture_is_one_sentence(capsys):
    def draw(width):
        plt.figure()
        return 1 / width

    with mock.patch.dict(os.environ, COURSE_STATIC="1"):
        explorers.explore(draw, dict, [{"width": 0}])
    assert capsys.readouterr().out == "There is no picture for these values of width. Try others.\n"
    assert not plt.get_fignums()


# ---- the command of the instructors


def test_a_reader_who_has_seen_enough_is_no_error():
    unit = next(iter(units()))
    command = [sys.executable, "-m", "course_utils.exercises", unit]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        process.stdout.close()  # long before the first line is written
        errors = process.stderr.read()
    assert errors == b"" and process.returncode == 0
