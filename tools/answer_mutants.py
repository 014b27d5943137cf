"""Change one thing in a solution, and see what the check says of it: ``python -m tools.answer_mutants 02``.

A mutant is a wrong answer that nobody thought of. The check must reject it, or ``tests/answers`` must say why it is right after
all. The table counts how many got the message of a listed mistake (specific), a sentence with the value that differs (general),
or less than that (useless).
"""

import ast
import copy
import importlib
import inspect
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.exercises.__main__ import units
from course_utils.exercises.engine import shown
from course_utils.exercises.engine.core import CORRECT, WRONG, Exercise, Result

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A solution with one thing changed: what was changed, and the source."""

    change: str
    source: str


def mutants(exercise: Exercise) -> list[Mutant]:
    """Return all mutants of the solution of an exercise; none where it is a value."""
    if not callable(exercise.answer):
        return []
    tree = ast.parse(shown.source(exercise.answer))
    for node in ast.walk(tree):  # an annotation does nothing
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    found = {}
    for number, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            other = copy.deepcopy(tree)
            place = next(n for i, n in enumerate(ast.walk(other)) if i == number)
            parent = next((p for p in ast.walk(other) for c in ast.iter_child_nodes(p) if c is place), None)
            try:
                change(place, parent)
                source = ast.unparse(ast.fix_missing_locations(other))
                compile(source, "mutant", "exec")
            except (SyntaxError, ValueError, AttributeError):
                continue
            if source != ast.unparse(tree):
                found.setdefault(source, Mutant(f"{what} in `{_line(tree, node)}`", source))
    return list(found.values())


def run(exercise: Exercise, mutant: Mutant) -> Result:
    """Check a mutant, in the place of an answer."""
    namespace = dict(vars(inspect.getmodule(exercise.answer)))
    exec(mutant.source, namespace)  # noqa: S102 - it is our own solution
    return exercise.check(namespace[exercise.name])


def judgement(exercise: Exercise, result: Result) -> str:
    """Say how good a message is: "accepted", "specific", "general" or "useless"."""
    if result.status == CORRECT:
        return "accepted"
    if any(result.message == mistake.message for mistake in exercise.mistakes):
        return "specific"
    helps = ("should", "raised", "changes", "is None", "None.", "has nan", "did not end")
    return "general" if result.status == WRONG and any(word in result.message for word in helps) else "useless"


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield what can be changed at a node: a few words, and a function of the node's copy and its parent."""
    match node:
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield "another operator", lambda n, p: setattr(n, "op", OPERATORS[type(n.op)]())
    match node:
        case ast.BinOp():
            yield "only the left side", lambda n, p: _replace(p, n, n.left)
            yield "only the right side", lambda n, p: _replace(p, n, n.right)
        case ast.AugAssign():
            yield "= in place of an update", lambda n, p: _replace(p, n, ast.Assign([n.target], n.value))
        case ast.Assign(targets=[ast.Name()], value=ast.BinOp(left=ast.Name() as left)) if (
            left.id == node.targets[0].id
        ):
            in_place = lambda n, p: _replace(p, n, ast.AugAssign(n.targets[0], n.value.op, n.value.right))  # noqa: E731
            yield "in place", in_place
        case ast.UnaryOp(op=ast.USub()):
            yield "no minus", lambda n, p: _replace(p, n, n.operand)
        case ast.UnaryOp(op=ast.Not()):
            yield "no not", lambda n, p: _replace(p, n, n.operand)
        case ast.Compare(ops=[op]) if type(op) in OPERATORS:
            yield "another comparison", lambda n, p: setattr(n, "ops", [OPERATORS[type(n.ops[0])]()])
        case ast.Constant(value=bool()):
            yield "the other truth", lambda n, p: setattr(n, "value", not n.value)
        case ast.Constant(value=int() | float()):
            yield "one more", lambda n, p: setattr(n, "value", n.value + 1)
            if node.value not in (0, 1):
                yield "one in its place", lambda n, p: setattr(n, "value", 1)
        case ast.Call():
            if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name | ast.Attribute):
                yield f"no {node.func.attr}()", lambda n, p: _replace(p, n, n.func.value)
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                yield f"no {node.func.attr}()", lambda n, p: _replace(p, n, n.func.value)
            if len(node.args) == 1 and not isinstance(node.func, ast.Attribute):
                yield "no call", lambda n, p: _replace(p, n, n.args[0])
            if len(node.args) >= 2:
                swapped = lambda n, p: setattr(n, "args", [n.args[1], n.args[0], *n.args[2:]])  # noqa: E731
                yield "arguments swapped", swapped
            for i, keyword in enumerate(node.keywords):
                yield f"no {keyword.arg}=", lambda n, p, i=i: n.keywords.pop(i)
        case ast.Return() if node.value is not None:
            yield "nothing returned", lambda n, p: setattr(n, "value", None)
            attribute = lambda n: ast.Attribute(n.value, "data", ast.Load())  # noqa: E731
            yield "cut off from the graph", lambda n, p: setattr(n, "value", attribute(n))
        case ast.For() | ast.While():
            yield "one round only", lambda n, p: n.body.append(ast.Break())
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if (
        isinstance(node, ast.stmt)
        and not is_docstring
        and not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Return)
    ):
        yield "a line left out", lambda n, p: _replace(p, n, ast.Pass())


def _replace(parent: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for name, value in ast.iter_fields(parent):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list):
            value[:] = [new if v is old else v for v in value]


def _line(tree: ast.Module, node: ast.AST) -> str:
    """Return the line of the solution in which a node stands."""
    inside = [s for s in ast.walk(tree) if isinstance(s, ast.stmt) and node in list(ast.walk(s))]
    return ast.unparse(inside[-1]).splitlines()[0]


def main(arguments: Sequence[str]) -> int:
    """Print the table of the named units, or of all; the exit status is 1 where a mutant was accepted."""
    accepted = 0
    for number, name in units().items():
        if arguments and number not in arguments:
            continue
        total: Counter[str] = Counter()
        for exercise in importlib.import_module(f"course_utils.exercises.{name}").EXERCISES:
            counts: Counter[str] = Counter()
            for mutant in mutants(exercise):
                result = run(exercise, mutant)
                kind = judgement(exercise, result)
                counts[kind] += 1
                if kind in ("accepted", "useless") or "-v" in arguments:
                    print(f"    {kind}: {exercise.name}: {mutant.change}: {result.message} {result.detail}")
            print(f"  {exercise.name}: {dict(counts)}")
            total += counts
        print(f"{name}: {dict(total)}")
        accepted += total["accepted"]
    return 1 if accepted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
