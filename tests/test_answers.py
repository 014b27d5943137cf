"""The checker meets answers that it has not seen: right ones in other styles, more wrong ones, and mutants of the solution."""

import importlib
import itertools
from unittest import mock

import pytest

from course_utils.exercises.__main__ import units
from course_utils.exercises.engine import core
from course_utils.exercises.engine.core import CORRECT, WRONG
from tools.answer_mutants import judgement, mutants, run

UNITS = {
    name: (importlib.import_module(f"course_utils.exercises.{name}"), importlib.import_module(f"answers.{name}"))
    for name in units().values()
}
EXERCISES = [(exercise, answers) for module, answers in UNITS.values() for exercise in module.EXERCISES]
every_exercise = pytest.mark.parametrize(
    ("exercise", "answers"), EXERCISES, ids=[f"{a.__name__.split('.')[1][1:3]}-{e.name}" for e, a in EXERCISES]
)


@pytest.mark.parametrize("name", UNITS)
def test_the_lists_name_exercises_that_are_there(name):
    module, answers = UNITS[name]
    functions = {exercise.name for exercise in module.EXERCISES if callable(exercise.answer)}
    assert set(answers.RIGHT) == functions
    assert set(answers.WRONG) | set(answers.EQUIVALENT) <= {exercise.name for exercise in module.EXERCISES}


@every_exercise
def test_right_answers_in_other_styles_are_accepted(exercise, answers):
    if callable(exercise.answer):
        assert len(answers.RIGHT[exercise.name]) >= 3
        for number, answer in enumerate(answers.RIGHT[exercise.name], start=1):
            result = exercise.check(answer)
            assert (result.status, result.message) == (CORRECT, exercise.idea), f"answer {number}: {result}"


@every_exercise
def test_more_wrong_answers_are_told_what_is_wrong(exercise, answers):
    for number, (answer, words) in enumerate(answers.WRONG.get(exercise.name, []), start=1):
        result = exercise.check(answer)
        assert result.status == WRONG and words in repr(result), f"answer {number}: {result}"


@every_exercise
def test_every_mutant_of_the_solution_is_rejected_or_no_mistake(exercise, answers):
    right_after_all, used = answers.EQUIVALENT.get(exercise.name, {}), set()
    with mock.patch.object(core, "SECONDS", 0.5):
        for mutant in mutants(exercise):
            kind = judgement(exercise, run(exercise, mutant))
            reasons = [text for text in right_after_all if mutant.change.startswith(text)]
            used |= set(reasons)
            assert kind != "useless", mutant.change
            assert bool(reasons) == (kind == "accepted"), f"{mutant.change}: {kind}\n{mutant.source}"
    assert used == set(right_after_all), "this is no mutant any more"


@every_exercise
def test_the_cases_tell_each_mistake_from_the_oracle_and_from_the_others(exercise, answers):
    """Two mistakes with one message are the same idea."""
    assert len(exercise.mistakes) >= 6
    wanted = exercise.outcomes(exercise.oracle)
    for mistake in exercise.mistakes:
        got = exercise.outcomes(mistake.answer)
        whole = [{**w, **g} if isinstance(exercise.answer, dict) else g for g, w in zip(got, wanted, strict=True)]
        assert any(exercise._problem(g, w) for g, w in zip(whole, wanted, strict=True)), mistake.name
    for a, b in itertools.permutations(exercise.mistakes, 2):
        if a.message != b.message and not a.keys and not isinstance(exercise.answer, dict):
            pairs = zip(exercise.outcomes(b.answer), exercise.outcomes(a.answer), strict=True)
            assert not all(exercise.alike(got, a, like) for got, like in pairs), f"no case tells {b.name} from {a.name}"
