"""The engine of the exercises: what it shows, and that no answer, however strange, breaks it or leaves a trace."""

import importlib
import random
import sys
import warnings

import matplotlib
import numpy as np
import pytest
import torch

from course_utils.exercises import compare, core
from course_utils.exercises.__main__ import units
from course_utils.exercises.core import CORRECT, NOT_ATTEMPTED, WRONG, Exercise, Mistake, Result, Text

EXERCISES = [
    exercise
    for name in units().values()
    for exercise in importlib.import_module(f"course_utils.exercises.{name}").EXERCISES
]


# ---- junk


class Hostile:
    def __eq__(self, other):
        raise RuntimeError("no ==")

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no repr")

    def __bool__(self):
        raise RuntimeError("no truth")


class Plain:
    pass


class HostileError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Silent(torch.nn.Module):
    pass


def raises(*args, **kwargs):
    raise ValueError(f"first line about {object()}\nsecond line\nTraceback")


def raises_without_text(*args, **kwargs):
    raise HostileError


def exits(*args, **kwargs):
    sys.exit("bye")


def endless(*args, **kwargs):
    return endless(*args, **kwargs)


def talks(*args, **kwargs):
    print("noise")
    print("noise", file=sys.stderr)
    warnings.warn("noise", stacklevel=1)
    return 3


def spoils_arguments(*args, **kwargs):
    for value in args:
        if isinstance(value, torch.Tensor):
            with torch.no_grad():
                value.mul_(0).add_(7)
        elif isinstance(value, list | dict):
            value.clear()
        elif isinstance(value, np.ndarray):
            value[...] = 7
    return args[0] if args else None


def spoils_the_world(*args, **kwargs):
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.set_num_threads(torch.get_num_threads() + 1)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)
    matplotlib.rcParams["lines.linewidth"] = 77
    warnings.simplefilter("error")
    return torch.zeros(2)


def counts():
    yield 1


endless_list = []
endless_list.append(endless_list)

JUNK = {
    "None": None,
    "ellipsis": ...,
    "number": 3,
    "nan": float("nan"),
    "complex": 1j,
    "string": "x",
    "huge string": "x\n" * 100_000,
    "empty list": [],
    "empty dict": {},
    "list": [1.0, [2, "x"], None],
    "list in itself": endless_list,
    "dict": {"A": Hostile(), 3: None},
    "array": np.arange(6.0).reshape(2, 3),
    "wrong dtype": torch.arange(6, dtype=torch.int8),
    "meta tensor": torch.empty(2, 3, device="meta"),
    "nan tensor": torch.full((2, 3), torch.nan),
    "sparse tensor": torch.eye(3).to_sparse(),
    "complex tensor": torch.zeros(3, dtype=torch.complex64),
    "class": Plain,
    "module": Silent(),
    "generator": counts(),
    "Python module": torch,
    "hostile object": Hostile(),
    "no arguments": lambda: 3,
    "too many arguments": lambda a, b, c, d, e, f, g, h, i: 3,
    "raises": raises,
    "raises without text": raises_without_text,
    "exits": exits,
    "endless": endless,
    "talks": talks,
    "spoils its arguments": spoils_arguments,
    "spoils the world": spoils_the_world,
    "generator function": counts,
    "builtin": len,
    "not implemented, with a text": lambda *a, **k: torch.empty(2, device="meta").item(),
}
for name in list(JUNK):
    if not callable(JUNK[name]) and name != "generator":
        JUNK[f"returns {name}"] = lambda *args, _value=JUNK[name], **kwargs: _value


def world():
    return (
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        str(np.random.get_state()),
        dict(matplotlib.rcParams),
        list(warnings.filters),
    )


@pytest.mark.parametrize("name", JUNK)
def test_junk_gets_one_line_and_leaves_no_trace(name, capsys):
    assert len(EXERCISES) >= 20 and len(JUNK) >= 15
    for exercise in EXERCISES:
        before = world()
        result = exercise.check(JUNK[name])
        assert world() == before, exercise.name
        assert isinstance(result, Result) and result.status in (WRONG, NOT_ATTEMPTED), f"{exercise.name}: {result}"
        for text in (repr(result), result._repr_markdown_()):
            assert len(text.splitlines()) == 1 and len(text) < 700, f"{exercise.name}: {text}"
            assert "Traceback" not in text and "0x" not in text and "noise" not in text, f"{exercise.name}: {text}"
    assert capsys.readouterr() == ("", "")


def test_junk_is_wrong_or_open_as_it_should_be():
    exercise = example()
    open_ones = {"None", "ellipsis", "empty list", "empty dict"}
    found = {name for name, value in JUNK.items() if exercise.check(value).status == NOT_ATTEMPTED}
    assert found == open_ones


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_a_stop_by_the_student_passes_through(exercise):
    def stopped(*args, **kwargs):
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(99)
        raise KeyboardInterrupt

    if not callable(exercise._solution):
        pytest.skip("a value cannot stop")
    before = world()
    with pytest.raises(KeyboardInterrupt):
        exercise.check(stopped)
    assert world() == before


# ---- an example, small enough to see through


def halves(x):
    return x / 2


def example(**settings):
    default = {
        "solution": halves,
        "cases": [(torch.tensor([2.0, 4.0]),), (torch.tensor([[1.0]]),)],
        "mistakes": [
            Mistake("doubles", lambda x: x * 2, "You double."),
            Mistake("nothing", lambda x: x, "You return the input."),
            Mistake("zeros", lambda x: x * 0, "All zeros."),
        ],
        "hints": ["one", "two"],
        "idea": "Half is half.",
    }
    return Exercise("half", "Half", **{**default, **settings})


def stub(x):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (halves, CORRECT, "Half is half."),
        (lambda x: 0.5 * x, CORRECT, "Half is half."),
        (stub, NOT_ATTEMPTED, "Replace `raise NotImplementedError` with your answer, then run this cell again."),
        (None, NOT_ATTEMPTED, "Replace the stub with your answer, then run this cell again."),
        (lambda x: 2 * x, WRONG, "You double."),
        (lambda x: x + 1, WRONG, "Expected [1.0, 2.0] of shape (2,), got [3.0, 5.0] of shape (2,)."),
        (lambda x: (x / 2)[0], WRONG, "The shape should be (2,). Yours is ()."),
        (lambda x: (x / 2).double(), WRONG, "The dtype should be torch.float32. Yours is torch.float64."),
        (lambda x: (x / 2).to("meta"), WRONG, "The tensor should be on cpu. Yours is on meta."),
        (lambda x: (x / 2).tolist(), WRONG, "A tensor is needed. You have (1, 2)."),
        (lambda x: (x / 2).numpy(), WRONG, "A tensor is needed. You have an array of shape (2,) and dtype float32."),
        (lambda x: x / 2 * float("nan"), WRONG, "Your tensor has nan in it: somewhere there is 0/0"),
        (lambda x: print(x / 2), WRONG, "Your answer is None. Does your function return something?"),
        (lambda x: x.div_(2), WRONG, "Your answer changes the values it was given."),
        (lambda x: x.halve(), WRONG, "Your answer raised AttributeError: 'Tensor' object has no attribute 'halve'."),
        (7, WRONG, "A function is needed. You have 7."),
    ],
)
def test_one_sentence_for_each_kind_of_answer(answer, status, message):
    result = example().check(answer)
    assert result.status == status and result.message.startswith(message)


def test_the_first_difference_names_the_input():
    assert example().check(lambda x: x + 1).message.endswith("(tried with x = [2.0, 4.0] of shape (2,))")
    custom = example(run=lambda answer, values: answer(values))
    assert custom.check(lambda x: x + 1).message.endswith("(tried with values = [2.0, 4.0] of shape (2,))")
    unknown = example(run=lambda answer, *values: answer(*values), solution=lambda *x: x[0] / 2)
    assert "(tried with [2.0, 4.0]" in unknown.check(lambda *x: x[0] + 1).message


def test_an_answer_that_is_right_for_one_case_only_is_wrong():
    result = example().check(lambda x: x / 2 if x.ndim == 1 else x)
    assert result.status == WRONG and "[0.5]" in result.message


def test_the_oracle_decides_not_the_solution():
    assert example(oracle=lambda x: x / 4).check(halves).status == WRONG


def test_the_arguments_of_one_case_are_not_those_of_the_next_check():
    exercise = example(pure=False)
    assert exercise.check(lambda x: x.div_(2)).status == CORRECT
    assert exercise.check(halves).status == CORRECT  # the first answer worked on copies


def test_every_answer_sees_the_same_random_numbers():
    noisy = example(solution=lambda x: x + torch.rand(2), cases=[(torch.zeros(2),)] * 2, mistakes=[])
    assert noisy.check(lambda x: torch.rand(2) + x).status == CORRECT


QUIZ = {"a": True, "b": 3, "c": "x"}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (QUIZ, CORRECT, "Well."),
        ({"a": None, "b": ..., "c": None}, NOT_ATTEMPTED, "Replace the stub"),
        ({"a": True, "b": None, "c": "x"}, WRONG, "b: still open."),
        ({"a": False, "b": None, "c": "x"}, WRONG, "Not a."),
        ({"a": True, "b": 4, "c": "x"}, WRONG, "b: not 4. Look again"),
        ({"a": True, "b": 3}, WRONG, "A dictionary with the keys a, b, c is needed, as in the stub."),
    ],
)
def test_a_dictionary_is_judged_key_by_key(answer, status, message):
    exercise = example(solution=QUIZ, cases=[()], mistakes=[Mistake("a", {"a": False}, "Not a.")], idea="Well.")
    result = exercise.check(answer)
    assert result.status == status and result.message.startswith(message)


def test_keys_tell_a_mistake_apart_whatever_the_rest_is():
    def outcome(answer, x):
        return {"sum": answer(x)[0], "mode": answer(x)[1]}

    by_mode = Mistake("mode", lambda x: (x.sum(), "b"), "The mode is wrong.", keys=("mode",))
    exercise = example(solution=lambda x: (x.sum(), "a"), run=outcome, mistakes=[by_mode])
    assert exercise.check(lambda x: (x.sum() * 5, "b")).message == "The mode is wrong."
    assert exercise.check(lambda x: (x.sum() * 5, "a")).message != "The mode is wrong."


# ---- what is shown


def test_a_result_in_plain_text_and_in_markdown():
    result = Result("Half", WRONG, "You double.")
    assert repr(result) == "✗ Half: wrong. You double."
    assert result._repr_markdown_() == "✗ **Half: wrong.** You double."
    assert repr(Result("Half", CORRECT, "Yes.")).startswith("✓ Half: correct.")
    assert repr(Result("Half", NOT_ATTEMPTED, "Do.")).startswith("○ Half: not attempted.")


def test_a_text_shows_itself():
    text = Text("plain", "**bold**")
    assert repr(text) == "plain" and text._repr_markdown_() == "**bold**"


def test_the_summary_counts_the_last_check_of_each():
    group = [example(), example(), example()]
    assert repr(core.summary(group)) == "✓ 0 done   ✗ 0 wrong   ○ 3 open: half, half, half"
    group[0].check(halves)
    group[1].check(lambda x: x)
    assert repr(core.summary(group)) == "✓ 1 done   ✗ 1 wrong: half   ○ 1 open: half"
    group[0].check(lambda x: x)
    assert core.summary(group)._repr_markdown_() == "✓ 0 done &nbsp; ✗ 2 wrong: half, half &nbsp; ○ 1 open: half"


def test_the_solution_has_the_name_of_the_student_s_object():
    assert example().solution().plain == "def half(x):\n    return x / 2"


# ---- the comparison


@pytest.mark.parametrize(
    ("got", "wanted", "same"),
    [
        (1.0, 1.0 + 1e-9, True),
        (1, 1.0, True),
        (1.0, 2.0, False),
        (True, 1, False),
        (float("nan"), float("nan"), True),
        ((1, 2), [1, 2], True),
        ((1, 2), (1, 2, 3), False),
        ("x", "x", True),
        (torch.float32, torch.float32, True),
        (torch.zeros(2), torch.zeros(3), False),
        (torch.zeros(2), torch.zeros(2, dtype=torch.int64), False),
        (torch.tensor([torch.nan]), torch.tensor([torch.nan]), True),
        (torch.empty(2, device="meta"), torch.empty(2, device="meta"), True),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), np.arange(3.0), False),
        (np.arange(3), torch.arange(3), False),
        (torch.Size([2]), (2,), True),
        (None, None, True),
        (compare.Raised(ValueError("a")), compare.Raised(ValueError("b")), True),
        (compare.Raised(ValueError("a")), compare.Raised(TypeError("a")), False),
        (1, compare.Raised(TypeError("a")), False),
        (Hostile(), 1, False),
    ],
)
def test_difference(got, wanted, same):
    assert (compare.difference(got, wanted) == "") is same


def test_a_text_of_an_error_has_no_address_and_is_short():
    error = compare.Raised(ValueError(f"bad {object()} {'x' * 500}\nmore"))
    text = compare.difference(error, 1)
    assert text.startswith("Your answer raised ValueError: bad <object> xxx") and len(text) < 260
