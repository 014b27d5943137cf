"""The engine of the exercises: what it says about an answer, and that it never blames a student for the course's own fault."""

import numpy as np
import pytest
import torch
from junk import Hostile

from course_utils.exercises.engine import compare, guard, shown
from course_utils.exercises.engine.core import (
    CORRECT,
    NOT_ATTEMPTED,
    OUR_FAULT,
    WRONG,
    Exercise,
    Result,
    Text,
    exercise,
)

# ---- an example, small enough to see through


def halves(x):
    return x / 2


def example(solution=halves, mistakes=True, **settings):
    default = {
        "cases": [(torch.tensor([2.0, 4.0]),), (torch.tensor([[1.0]]),)],
        "hints": ["one", "two"],
        "idea": "Half is half.",
    }
    made = exercise("Half", **{"name": "half", **default, **settings})(solution)
    if mistakes:
        made.mistake("You double.", name="doubles")(lambda x: x * 2)
        made.mistake("You return the input.", name="nothing")(lambda x: x)
        made.mistake("All zeros.", name="zeros")(lambda x: x * 0)
    return made


def stub(x):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (halves, CORRECT, "Half is half."),
        (lambda x: 0.5 * x, CORRECT, "Half is half."),
        (
            stub,
            NOT_ATTEMPTED,
            "Replace `raise NotImplementedError` with your answer, run that cell, then run this one again.",
        ),
        (None, NOT_ATTEMPTED, "Replace the stub with your answer, run that cell, then run this one again."),
        (lambda x: 2 * x, WRONG, "You double."),
        (
            lambda x: x + 1,
            WRONG,
            "The result should be tensor([1, 2]). Yours is tensor([3, 5]). (tried with x = tensor([2, 4]))",
        ),
        (lambda x: (x / 2)[0], WRONG, "The result should have the shape (2,). Yours has ()."),
        (lambda x: (x / 2).double(), WRONG, "The result should have the dtype torch.float32. Yours has torch.float64."),
        (lambda x: (x / 2).to("meta"), WRONG, "The result should be on the device cpu. Yours is on meta."),
        (lambda x: (x / 2).tolist(), WRONG, "The result should be a tensor. You have [1, 2]."),
        (lambda x: (x / 2).numpy(), WRONG, "The result should be a tensor. You have an array of shape (2,) and dtype"),
        (
            lambda x: {"half": x / 2},
            WRONG,
            "The result should be a tensor. You have a dictionary with the keys 'half'.",
        ),
        (lambda x: x / 2 * float("nan"), WRONG, "The result has nan in it: somewhere there is 0/0"),
        (lambda x: print(x / 2), WRONG, "Your answer is None. Does your function return something?"),
        (lambda x: x.div_(2), WRONG, "Your answer changes `x`, which it was given."),
        (7, WRONG, "A function is needed. You have 7."),
    ],
)
def test_one_sentence_for_each_kind_of_answer(answer, status, message):
    result = example().check(answer)
    assert result.status == status and result.message.startswith(message), result


def test_the_first_difference_names_the_input():
    assert example().check(lambda x: x + 1).message.endswith("(tried with x = tensor([2, 4]))")
    custom = example(run=lambda answer, values: answer(values))
    assert custom.check(lambda x: x + 1).message.endswith("(tried with values = tensor([2, 4]))")
    unknown = example(run=lambda answer, *values: answer(*values), solution=lambda *x: x[0] / 2)
    assert "(tried with tensor([2, 4])" in unknown.check(lambda *x: x[0] + 1).message


def test_an_answer_that_is_right_for_one_case_only_is_wrong():
    result = example().check(lambda x: x / 2 if x.ndim == 1 else x)
    assert result.status == WRONG and "[[0.5]]" in result.message


def test_the_oracle_decides_not_the_solution():
    assert example(oracle=lambda x: x / 4).check(halves).status == WRONG


def test_the_arguments_of_one_case_are_not_those_of_the_next_check():
    made = example(pure=False)
    assert made.check(lambda x: x.div_(2)).status == CORRECT
    assert made.check(halves).status == CORRECT  # the first answer worked on copies


def test_a_dictionary_that_grows_was_changed():
    made = example(solution=len, cases=[({"a": 1},)], mistakes=False)
    assert made.check(lambda d: [len(d), d.update(b=2)][0]).message.startswith("Your answer changes ")


def test_every_answer_sees_the_same_random_numbers():
    noisy = example(solution=lambda x: x + torch.rand(2), cases=[(torch.zeros(2),)] * 2, mistakes=False)
    assert noisy.check(lambda x: torch.rand(2) + x).status == CORRECT


# ---- errors


def test_an_error_is_told_with_its_text_and_the_line_that_raised():
    def helper(x):
        return x.halve()  # this line

    result = example().check(lambda x: helper(x))
    assert result.message.startswith(
        "Your answer raised AttributeError: 'Tensor' object has no attribute 'halve', in the line `return x.halve()"
    )
    assert result.detail == ""


def shapes_that_do_not_fit(x):
    return torch.ones(7) + torch.ones(8)


def test_a_mistake_is_told_by_the_reason_of_its_error_not_by_its_type():
    made = example()
    made.mistake("The shapes do not fit.")(shapes_that_do_not_fit)
    result = made.check(lambda x: torch.ones(2) + torch.ones(3))  # other numbers, the same reason
    assert result.message == "The shapes do not fit."
    assert result.detail.startswith(
        "Python raised RuntimeError in the line `result = made.check(lambda x: torch.ones(2) + torch.ones(3))"
    )
    assert (
        "must match the size" in result.detail
        and result.detail in repr(result)
        and result.detail in result._repr_markdown_()
    )
    other = made.check(lambda x: x @ torch.ones(3, 2))  # a RuntimeError too
    assert other.status == WRONG and other.message.startswith("Your answer raised RuntimeError: ")


def test_words_tell_a_mistake_whatever_else_the_error_says():
    made = example(mistakes=False)
    made.mistake("No attribute.", error="no attribute")(lambda x: x.nothing)
    assert made.check(lambda x: x.halve()).message == "No attribute."
    assert made.check(lambda x: x.T.T.shape.x).message == "No attribute."  # of another object
    assert made.check(lambda x: {}["no attribute"]).message.startswith("Your answer raised KeyError")


def test_raising_is_right_only_where_the_task_asks_for_it():
    def fails(x):
        raise ValueError("too small")

    undeclared = example(solution=fails, mistakes=False)
    result = undeclared.check(fails)
    assert (result.status, result.message) == (NOT_ATTEMPTED, OUR_FAULT)
    assert undeclared.check(halves).message == OUR_FAULT
    declared = example(solution=fails, raises=ValueError, mistakes=False)
    assert declared.check(fails).status == CORRECT
    assert declared.check(halves).message.startswith(
        "Your answer should raise ValueError here. It returned tensor([1, 2])."
    )
    assert declared.check(lambda x: x.halve()).message.startswith("Your answer raised AttributeError")


def test_a_fault_of_the_engine_is_not_blamed_on_the_student(monkeypatch):
    made = example()
    monkeypatch.setattr(made, "_named", None)
    assert made.check(lambda x: x + 1).message == OUR_FAULT


# ---- what a student may have set before


@pytest.mark.parametrize(
    "setting", [lambda: torch.set_default_dtype(torch.float64), lambda: torch.set_default_device("meta")]
)
def test_another_default_dtype_or_device_changes_no_verdict(setting):
    made = example(solution=lambda x: x * torch.tensor([0.5]), mistakes=False)
    before = torch.get_default_dtype(), torch.get_default_device()
    try:
        setting()
        inside = torch.get_default_dtype(), torch.get_default_device()
        assert inside != before
        assert made.check(lambda x: x * torch.tensor([0.5])).status == CORRECT
        assert made.check(lambda x: x.halve()).status == WRONG
        assert (torch.get_default_dtype(), torch.get_default_device()) == inside
    finally:
        torch.set_default_dtype(before[0])
        torch.set_default_device(None)


def test_what_pytorch_itself_puts_in_place_of_its_functions_stays(monkeypatch):
    wrapped = torch._disable_dynamo(torch.manual_seed)  # as the first optimizer of a session does
    monkeypatch.setattr(torch, "manual_seed", torch.manual_seed)

    def answer(x):
        torch.manual_seed = wrapped
        return x / 2

    assert example().check(answer).status == CORRECT
    assert torch.manual_seed is wrapped


# ---- quizzes

QUIZ = {"a": True, "b": 3, "c": "x", "d": 1.2541}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (QUIZ, CORRECT, "Well."),
        ({**QUIZ, "more": 1}, CORRECT, "Well."),
        ({"a": None, "b": ..., "c": None, "d": None}, NOT_ATTEMPTED, "Replace the stub"),
        ({**QUIZ, "b": None}, WRONG, "b: still open."),
        ({**QUIZ, "a": False, "b": None}, WRONG, "Not a."),
        ({**QUIZ, "b": 4}, WRONG, "b: not 4. Look again"),
        ({**QUIZ, "d": 1.2543}, WRONG, "d: not 1.2543. Look again"),
        (
            {"a": True, "b": 3},
            WRONG,
            "The key 'c' of the stub is missing. You have a dictionary with the keys 'a', 'b'.",
        ),
    ],
)
def test_a_quiz_is_judged_key_by_key(answer, status, message):
    made = example(solution=QUIZ, cases=[()], mistakes=False, idea="Well.")
    made.mistake("Not a.", name="a")({"a": False})
    result = made.check(answer)
    assert result.status == status and result.message.startswith(message), result


def test_keys_tell_a_mistake_apart_whatever_the_rest_is():
    def outcome(answer, x):
        return {"sum": answer(x)[0], "mode": answer(x)[1]}

    made = example(solution=lambda x: (x.sum(), "a"), run=outcome, mistakes=False)
    made.mistake("The mode is wrong.", name="mode", keys=("mode",))(lambda x: (x.sum(), "b"))
    assert made.check(lambda x: (x.sum() * 5, "b")).message == "The mode is wrong."
    assert made.check(lambda x: (x.sum() * 5, "a")).message.startswith("Sum should be tensor(6). Yours is tensor(30).")


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
    group = [example() for _ in range(3)]
    assert repr(shown.summary(group)) == "✓ 0 done   ✗ 0 wrong   ○ 3 open: half, half, half"
    group[0].check(halves)
    group[1].check(lambda x: x)
    assert repr(shown.summary(group)) == "✓ 1 done   ✗ 1 wrong: half   ○ 1 open: half"
    group[0].check(lambda x: x)
    assert shown.summary(group)._repr_markdown_() == "✓ 0 done &nbsp; ✗ 2 wrong: half, half &nbsp; ○ 1 open: half"


def test_the_solution_is_shown_without_the_decorators_above_it():
    @exercise("Third", cases=[(3.0,)], hints=["a", "b"], idea="Well.")
    def third(x):
        return x / 3

    @third.mistake("You multiply.")
    def three_times(x):
        return x * 3

    assert isinstance(third, Exercise) and third.name == "third" and third.answer(3) == 1 and three_times(1) == 3
    assert third.solution().plain == "def third(x):\n    return x / 3"
    assert [m.name for m in third.mistakes] == ["three times"]
    assert shown.source(third.mistakes[0].answer) == "def three_times(x):\n    return x * 3"


# ---- the comparison

BIG = torch.arange(12.0).reshape(3, 4)


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
        (torch.tensor([100_000]), torch.tensor([100_001]), False),
        (torch.tensor([2**60]), torch.tensor([2**60 + 1]), False),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 3j]), False),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 2j]), True),
        (1 + 2j, 1 + 3j, False),
        (torch.tensor([True]), torch.tensor([False]), False),
        (torch.tensor([1.001]).half(), torch.tensor([1.002]).half(), True),
        (BIG.sum(), BIG.double().sum().float() * (1 + 1e-7), True),
        (np.arange(3), np.arange(3), True),
        (np.arange(3), np.arange(3.0), False),
        (np.arange(3), torch.arange(3), False),
        (torch.Size([2]), (2,), True),
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"b": 2}, {"a": 1}, False),
        (None, None, True),
        (compare.Raised(ValueError("a")), compare.Raised(TypeError("a")), False),
        (1, compare.Raised(TypeError("a")), False),
        (Hostile(), 1, False),
    ],
)
def test_difference(got, wanted, same):
    assert (compare.difference(got, wanted) == "") is same


@pytest.mark.parametrize(
    ("got", "wanted", "sentence"),
    [
        (0.86451, 0.86454, "The loss should be 0.86454. Yours is 0.86451."),
        (0.8645000001, 0.8645, ""),
        (
            torch.tensor([0.12341, 0.5]),
            torch.tensor([0.12344, 0.5]),
            "The loss should be tensor([0.12344, 0.5]). Yours is tensor([0.12341, 0.5]).",
        ),
        (
            torch.tensor([100_000]),
            torch.tensor([100_001]),
            "The loss should be tensor([100001]). Yours is tensor([100000]).",
        ),
        (
            BIG + (BIG > 10),
            BIG,
            "The loss should have 11 at [2, 3]. Yours has 12 there, and the other values are right.",
        ),
        (BIG * 2, BIG, "The loss should have 1 at [0, 1]. Yours has 2 there, and 11 of 12 values differ."),
        (None, 1.5, "The loss is None, and should be 1.5."),
        ({"w": 1}, {"w": 2}, "W should be 2. Yours is 1."),
        ([1], (1, 2), "The loss should be a tuple of 2 values. You have 1 values, [1]."),
        ((1, 5), (1, 2), "Value 2 of the loss should be 2. Yours is 5."),
    ],
)
def test_a_difference_is_named_with_as_many_digits_as_show_it(got, wanted, sentence):
    assert compare.difference(got, wanted, name="the loss") == sentence


@pytest.mark.parametrize("names", [("the slope", "the height"), "number {}"])
def test_each_returned_value_has_its_name(names):
    sentence = compare.difference((1, 5), (1, 2), parts=names)
    assert sentence == f"{'The height' if isinstance(names, tuple) else 'Number 2'} should be 2. Yours is 5."


def test_a_text_of_an_error_has_no_address_and_is_short():
    error = compare.Raised(ValueError(f"bad {object()} {'x' * 500}\nmore"))
    text = compare.difference(error, 1)
    assert text.startswith("Your answer raised ValueError: bad <object> xxx") and len(text) < 260


def test_a_limit_of_memory_and_time_needs_neither_resource_nor_a_timer(monkeypatch):
    """As on Windows."""
    monkeypatch.setattr(guard, "resource", None)
    monkeypatch.delattr("signal.setitimer", raising=False)
    assert example().check(halves).status == CORRECT
    assert example().check(lambda x: x * 2).message == "You double."
