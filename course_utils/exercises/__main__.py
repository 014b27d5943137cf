"""For instructors: ``python -m course_utils.exercises 02`` lists a unit's exercises, solutions and wrong answers."""

import importlib
import io
import os
import pkgutil
import re
import sys
import textwrap
from collections.abc import Sequence

from course_utils import exercises
from course_utils.exercises.engine.core import Exercise, source


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


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for.

    Args:
        arguments: one unit, such as ``02``; none of them lists the units.

    Returns:
        The exit status: 0, or 2 for an unknown unit.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # Windows writes to a file in cp1252, which has no ✓ and no η
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


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        status = 0
    sys.exit(status)
