"""Every exercise: the stub, the solution, and each wrong answer. The notebooks with all solutions run in test_notebooks.py."""

import ast
import importlib
import os
import re
import subprocess
import sys

import pytest

from course_utils.exercises.__main__ import describe, main, units
from course_utils.exercises.engine.compare import Raised
from course_utils.exercises.engine.core import CORRECT, NOT_ATTEMPTED, WRONG, Exercise, source
from tools import PATHS, ROOT, code_cells, tags

MODULES = {name[1:]: importlib.import_module(f"course_utils.exercises.{name}") for name in units().values()}
EXERCISES = [(stem, exercise) for stem, module in MODULES.items() for exercise in module.EXERCISES]

every_exercise = pytest.mark.parametrize(
    "exercise", [e for _, e in EXERCISES], ids=[f"{stem[:2]}-{e.name}" for stem, e in EXERCISES]
)


every_module = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def whole(exercise, answer):
    """Return an answer; a mistake in some keys of a quiz with all the others right."""
    return {**exercise.answer, **answer} if isinstance(answer, dict) else answer


def bound_names(text):
    """Return the names that a cell defines or assigns at its top level."""
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def stubs(notebook, module):
    """Return for each exercise the cell with its stub."""
    found = {}
    for cell in code_cells(notebook, "exercise"):
        names = [e.name for e in module.EXERCISES if e.name in bound_names(cell.source)]
        assert len(names) == 1, f"cell {cell.id} should hold the stub of one exercise, and holds {names}"
        assert names[0] not in found, f"{names[0]} has two stubs"
        found[names[0]] = cell
    return found


def imports_of(notebook):
    """Run the import lines of a notebook, which a stub may need."""
    nodes = [n for cell in code_cells(notebook) for n in ast.parse(cell.source).body]
    module = ast.Module([n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)], type_ignores=[])
    namespace = {}
    exec(compile(module, "imports", "exec"), namespace)
    return namespace


# ---- names and order


def test_each_notebook_has_its_exercises():
    assert set(MODULES) == {path.stem for path in PATHS}, (
        "a notebook without a module of exercises, or with another name"
    )


@every_module
def test_names_match(module):
    variables = {name: value for name, value in vars(module).items() if isinstance(value, Exercise)}
    assert {name: value.name for name, value in variables.items()} == {name: name for name in variables}
    assert set(variables.values()) == set(module.EXERCISES) and len(module.EXERCISES) == len(variables) >= 5
    assert isinstance(module.EXERCISES, tuple)
    assert len({e.title for e in module.EXERCISES}) == len(variables)


def test_each_exercise_has_its_stub_then_its_check_in_order(notebook, path):
    module = MODULES[path.stem]
    names = [exercise.name for exercise in module.EXERCISES]
    checks = {}
    for number, cell in enumerate(notebook.cells):
        for name, given in re.findall(r"\bex\.(\w+)\.check\((.*?)\)", cell.source if cell.cell_type == "code" else ""):
            assert name == given and name not in checks and "check" in tags(cell)
            checks[name] = number
    assert list(checks) == names
    cells = stubs(notebook, module)
    assert list(cells) == names
    assert all(notebook.cells.index(cells[name]) < checks[name] for name in names)
    assert any("ex.summary()" in cell.source for cell in code_cells(notebook))


# ---- the four ways


def test_stub_is_not_attempted(notebook, path):
    module = MODULES[path.stem]
    for name, cell in stubs(notebook, module).items():
        namespace = imports_of(notebook)
        exec(cell.source, namespace)
        result = getattr(module, name).check(namespace[name])
        assert result.status == NOT_ATTEMPTED, f"{name}: {result}"


@every_exercise
def test_solution_is_correct(exercise):
    result = exercise.check(exercise.answer)
    assert (result.status, result.message) == (CORRECT, exercise.idea)
    assert exercise.status == CORRECT


@every_exercise
def test_each_wrong_answer_gets_its_own_message(exercise):
    for mistake in exercise.mistakes:
        result = exercise.check(whole(exercise, mistake.answer))
        assert (result.status, result.message) == (WRONG, mistake.message), mistake.name
        raises = any(isinstance(outcome, Raised) for outcome in exercise.outcomes(mistake.answer))
        assert result.detail.startswith("Python raised ") == raises, mistake.name


@every_exercise
def test_there_are_six_ideas_with_messages_of_their_own(exercise):
    messages = [mistake.message for mistake in exercise.mistakes]
    assert len(set(messages)) >= 6, "two mistakes with the same message are the same idea"
    assert len({mistake.name for mistake in exercise.mistakes}) == len(messages)
    assert all("\n" not in message and message.strip() == message for message in messages)


# ---- hints and solutions


@every_exercise
def test_hints_advance_and_stay_at_the_last(exercise, monkeypatch):
    monkeypatch.setattr(exercise, "_hints_given", 0)
    total = len(exercise.hints)
    assert 2 <= total <= 5 and len(set(exercise.hints)) == total
    seen = [repr(exercise.hint()) for _ in range(total + 2)]
    assert seen[:total] == [f"Hint {i} of {total}: {hint}" for i, hint in enumerate(exercise.hints, start=1)]
    assert seen[total:] == [seen[total - 1]] * 2


@every_exercise
def test_the_solution_is_shown_as_code_that_can_be_pasted(exercise):
    text = exercise.solution()
    assert bound_names(text.plain) == {exercise.name}
    assert text._repr_markdown_() == f"```python\n{text.plain}\n```"


# ---- the command of the instructors


@pytest.mark.parametrize("stem", MODULES)
def test_the_command_shows_everything_of_a_unit(stem, capsys):
    assert main([stem[:2]]) == 0
    shown = capsys.readouterr().out
    for exercise in MODULES[stem].EXERCISES:
        text = describe(exercise)
        assert text in shown and text.startswith(f"{exercise.name}: {exercise.title}\n")
        words = " ".join(text.split())
        for text in [*exercise.hints, exercise.idea, *(mistake.message for mistake in exercise.mistakes)]:
            assert " ".join(text.split()) in words
        assert " ".join(exercise.solution().plain.split()) in words


@every_exercise
def test_the_source_of_a_wrong_answer_is_whole(exercise):
    classes = [m.answer for m in exercise.mistakes if isinstance(m.answer, type)]
    assert len({c.__name__ for c in classes}) == len(classes), "the source of a class is found by its name"
    for mistake in exercise.mistakes:
        text = source(mistake.answer)
        ast.parse(text)  # not cut in the middle, and nothing of the lines around it
        assert "0x" not in text and "mistake(" not in text
        if callable(mistake.answer):
            assert text.startswith((f"def {mistake.answer.__name__}(", f"class {mistake.answer.__name__}("))


def test_the_command_lists_the_units(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(
        f"{stem[:2]}  {stem[3:]}: {len(module.EXERCISES)} exercises" in shown for stem, module in MODULES.items()
    )


@pytest.mark.parametrize("given", [["99"], ["tensors"], ["01_autograd"], ["01", "02"], ["--help"]])
def test_the_command_knows_what_it_does_not_know(given, capsys):
    assert main(given) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1 and "Use one of: 01," in shown.err


def test_the_command_from_a_shell_that_knows_only_cp1252():
    command = [sys.executable, "-m", "course_utils.exercises", "7"]
    shell = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=shell, timeout=300)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "  ✗ " in done.stdout.decode("utf-8")
