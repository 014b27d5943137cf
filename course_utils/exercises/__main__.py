"""For instructors: ``python -m course_utils.exercises 02`` lists a unit's exercises, solutions and wrong answers."""

import ast
import functools
import importlib
import inspect
import os
import pkgutil
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from course_utils import exercises
from course_utils.exercises.core import Exercise


def units() -> dict[str, str]:
    """Return the units that have exercises: for each number, such as ``"02"``, the name of its module."""
    names = (module.name for module in pkgutil.iter_modules(exercises.__path__))
    return {name[1:3]: name for name in sorted(names) if re.fullmatch(r"u\d\d_\w+", name)}


def describe(exercise: Exercise) -> str:
    """Return all there is to an exercise, as plain text: title, hints, solution, and each wrong answer with its message."""
    lines = [f"{exercise.name}: {exercise.title}", "=" * len(f"{exercise.name}: {exercise.title}"), ""]
    lines += [_fill(f"Hint {i}: ", hint) for i, hint in enumerate(exercise.hints, start=1)]
    lines += ["", "Solution:", textwrap.indent(exercise.solution().plain, "    "), _fill("  ✓ ", exercise.idea), ""]
    for i, mistake in enumerate(exercise.mistakes, start=1):
        lines += [f"Wrong answer {i}, {mistake.name}:", textwrap.indent(source(mistake.answer), "    ")]
        lines += [_fill("  ✗ ", mistake.message), ""]
    return "\n".join(lines)


def source(answer: Any) -> str:
    """Return an answer as it is written in its module."""
    if isinstance(answer, functools.partial):
        settings = ", ".join([*map(repr, answer.args), *(f"{k}={v!r}" for k, v in answer.keywords.items())])
        return f"{source(answer.func)}\n# with {settings}"
    if not callable(answer):
        return repr(answer)
    if getattr(answer, "__name__", "") != "<lambda>":
        return textwrap.dedent(inspect.getsource(answer)).strip()
    return _lambda_source(answer)


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for.

    Args:
        arguments: one unit, such as ``02``; none of them lists the units.

    Returns:
        The exit status: 0, or 2 for an unknown unit.
    """
    known = units()
    if not arguments:
        print("python -m course_utils.exercises UNIT lists the exercises of one of these units:")
        for number, name in known.items():
            print(f"  {number}  {name[4:]}: {len(_exercises(name))} exercises")
        return 0
    match = re.fullmatch(r"u?(\d{1,2})(_\w+)?", arguments[0])
    number = match[1].zfill(2) if match else ""
    if len(arguments) > 1 or number not in known or (match and match[2] and known[number] != f"u{number}{match[2]}"):
        print(
            f"There is no unit {' '.join(arguments)!r} with exercises. Use one of: {', '.join(known)}.", file=sys.stderr
        )
        return 2
    for exercise in _exercises(known[number]):
        print(describe(exercise))
    return 0


def _exercises(name: str) -> tuple[Exercise, ...]:
    return importlib.import_module(f"course_utils.exercises.{name}").EXERCISES


def _fill(start: str, text: str) -> str:
    return textwrap.fill(text, 100, initial_indent=start, subsequent_indent=" " * len(start))


def _lambda_source(function: Callable) -> str:
    """Cut a lambda out of the line in which it stands; ``inspect`` gives the whole line, and often not the last one."""
    code, text = function.__code__, inspect.getsource(inspect.getmodule(function))
    spans = {(p[0], p[2]) for p in code.co_positions() if p[0] and p[2] is not None}  # the places of what it computes
    for node in _lambdas(text):
        if node.lineno == code.co_firstlineno and (node.body.lineno, node.body.col_offset) in spans:
            return inspect.cleandoc(ast.get_source_segment(text, node))
    return textwrap.dedent(inspect.getsource(function)).strip()


@functools.cache
def _lambdas(text: str) -> list[ast.Lambda]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Lambda)]


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        status = 0
    sys.exit(status)
