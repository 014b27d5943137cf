"""How an exercise is checked: the answer is run beside PyTorch on several inputs, and beside the typical wrong answers.

An answer that behaves like a listed mistake gets that mistake's message, which names the idea that is missing. Any other wrong
answer gets one sentence about the first difference. A check never raises, and never changes the student's objects. It stops an
endless loop. It cannot stop a call that ends Python itself, such as ``os._exit``, or one that never comes back from C.
"""

import copy
import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from course_utils.exercises.compare import Raised, difference, is_open, part, show, type_name
from course_utils.exercises.guard import TimeUp, memory_limit, repeatable, time_limit, undisturbed

SECONDS = 2.0  # the time of an answer in one check, on all its inputs together
NOT_ATTEMPTED, WRONG, CORRECT = "not attempted", "wrong", "correct"
SIGNS = {NOT_ATTEMPTED: "○", WRONG: "✗", CORRECT: "✓"}


@dataclass(frozen=True)
class Text:
    """A text that shows itself: plain in a terminal, as Markdown in a notebook."""

    plain: str
    markdown: str

    def __repr__(self) -> str:
        return self.plain

    def _repr_markdown_(self) -> str:
        return self.markdown


@dataclass(frozen=True, repr=False)
class Result:
    """The outcome of a check: ``status`` is "not attempted", "wrong" or "correct", ``message`` says why."""

    title: str
    status: str
    message: str

    def __repr__(self) -> str:
        return f"{SIGNS[self.status]} {self.title}: {self.status}. {self.message}"

    def _repr_markdown_(self) -> str:
        return f"{SIGNS[self.status]} **{self.title}: {self.status}.** {self.message}"


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer: its name, the answer itself, and the message that a student with it gets.

    Where the outcome is a dictionary, ``keys`` may say which of its keys tell this mistake; the others may then be anything.
    """

    name: str
    answer: Any
    message: str
    keys: tuple[str, ...] = ()


class Exercise:
    """One exercise.

    Args:
        name: the name of the student's object, also this exercise's name in its module.
        title: a short title.
        solution: a real answer, as the student would write it: a function, or a value.
        cases: the inputs to try, one tuple of arguments each; ``[()]`` for an answer that is a value.
        mistakes: the typical wrong answers. The cases must tell each from the oracle. Where the answer is a dictionary, a
            mistake may have some of its keys only.
        hints: from a nudge to nearly the answer.
        idea: one or two sentences that a correct answer is told: what was learned.
        oracle: what to compare with, PyTorch itself where that is possible; the solution where it is None.
        run: calls an answer with one case's arguments and returns what to compare. The default calls a function; a value is taken
            as it is. The arguments are copies: ``run`` may return them, to compare what an answer did to them.
        tolerance: relative and absolute tolerance of the comparison of floating-point values.
        pure: whether an answer that changes its arguments is wrong.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        solution: Any,
        cases: Sequence[tuple],
        mistakes: Sequence[Mistake],
        hints: Sequence[str],
        idea: str,
        oracle: Any = None,
        run: Callable[..., Any] | None = None,
        tolerance: float = 1e-5,
        pure: bool = True,
    ) -> None:
        self.name, self.title, self.mistakes, self.hints, self.idea = name, title, tuple(mistakes), tuple(hints), idea
        self.status = NOT_ATTEMPTED
        self._solution, self._cases, self._oracle = solution, tuple(cases), solution if oracle is None else oracle
        self._run, self._tolerance, self._pure = run or _call, tolerance, pure
        self._hints_given = 0

    def check(self, answer: Any) -> Result:
        """Check an answer.

        Args:
            answer: the student's function, class or value.

        Returns:
            The result. A mistake of the student never raises.
        """
        try:
            with undisturbed(), memory_limit():
                wanted = [self._try(self._oracle, case)[0] for case in self._cases]
                with time_limit(SECONDS):
                    if isinstance(answer, nn.Module):  # a call may change its buffers and gradients
                        answer = copy.deepcopy(answer)
                    status, message = self._judge(answer, wanted)
        except KeyboardInterrupt:  # the student's own stop
            raise
        except TimeUp:
            status, message = (
                WRONG,
                f"Your answer did not end within {SECONDS:g} seconds. Look for a loop that never ends.",
            )
        except (
            BaseException
        ):  # an object so strange that it cannot even be described, for example a list that holds itself
            status, message = WRONG, f"An object of type {type_name(answer)} cannot be an answer here."
        self.status = status
        return Result(self.title, status, message)

    def hint(self) -> Text:
        """Return the next hint; after the last one, the last one again."""
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        number, hint = self._hints_given, self.hints[self._hints_given - 1]
        return Text(f"Hint {number} of {len(self.hints)}: {hint}", f"**Hint {number} of {len(self.hints)}:** {hint}")

    def solution(self) -> Text:
        """Return the solution: the source of the function that the tests run, under the student's name, or the value."""
        value = self._solution
        source = f"{self.name} = {value!r}"
        if isinstance(value, dict):  # one line for each key
            source = "\n".join([f"{self.name} = {{", *(f"    {k!r}: {v!r}," for k, v in value.items()), "}"])
        if callable(value):
            source = re.sub(rf"\b{value.__name__}\b", self.name, textwrap.dedent(inspect.getsource(value)).strip())
        return Text(source, f"```python\n{source}\n```")

    def _judge(self, answer: Any, wanted: list[Any]) -> tuple[str, str]:
        if is_open(answer):
            return NOT_ATTEMPTED, "Replace the stub with your answer, then run this cell again."
        if callable(self._solution) and not callable(answer):
            kind = "class" if inspect.isclass(self._solution) else "function"
            return WRONG, f"A {kind} is needed. You have {show(answer)}."
        got = []
        for case in self._cases:
            value, changed = self._try(answer, case)
            # an empty message: PyTorch raises this error too, with a text, where it cannot do something
            if isinstance(value, Raised) and isinstance(value.error, NotImplementedError) and not value.error.args:
                return NOT_ATTEMPTED, "Replace `raise NotImplementedError` with your answer, then run this cell again."
            if changed and self._pure:
                return (
                    WRONG,
                    "Your answer changes the values it was given. Work on a copy: the caller still needs them.",
                )
            got.append(value)
        problems = [difference(g, w, self._tolerance) for g, w in zip(got, wanted, strict=True)]
        if not any(problems):
            return CORRECT, self.idea
        for mistake in self.mistakes:
            like = [part(self._try(mistake.answer, case)[0], mistake.keys) for case in self._cases]
            pairs = [(part(g, m if isinstance(m, dict) else ()), m) for g, m in zip(got, like, strict=True)]
            if not any(difference(g, m, self._tolerance) for g, m in pairs):
                return WRONG, mistake.message
        first = next(i for i, problem in enumerate(problems) if problem)
        tried = ", ".join(name + show(argument) for name, argument in self._named(self._cases[first]))
        return WRONG, problems[first] + (f" (tried with {tried})" if tried else "")

    def _named(self, case: tuple) -> list[tuple[str, Any]]:
        """Return the arguments of a case, each with "its name = " before it where that can be known."""
        for called, skip in ((self._run, 1), (self._solution, 0)):  # the first argument of `run` is the answer
            parameters = inspect.signature(called).parameters.values() if callable(called) else ()
            names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][skip:]
            if len(names) == len(case):
                return [(f"{name} = ", argument) for name, argument in zip(names, case, strict=True)]
        return [("", argument) for argument in case]

    def _try(self, answer: Any, case: tuple) -> tuple[Any, bool]:
        """Run an answer on a copy of a case; return the outcome, and whether it changed its arguments."""
        arguments = copy.deepcopy(case)
        with repeatable():
            try:
                value = self._run(answer, *arguments)
            except (KeyboardInterrupt, TimeUp):
                raise
            except BaseException as error:
                value = Raised(error)
        pairs = zip(arguments, case, strict=True)
        changed = any(difference(a, b, 0.0) for a, b in pairs if isinstance(a, Tensor | np.ndarray | list | dict))
        return value, changed


def summary(exercises: Sequence[Exercise]) -> Text:
    """Return one line for a notebook: how many of its exercises are done, wrong and open, and which."""
    names = {s: [e.name for e in exercises if e.status == s] for s in (CORRECT, WRONG, NOT_ATTEMPTED)}
    words = {CORRECT: "done", WRONG: "wrong", NOT_ATTEMPTED: "open"}
    parts = [
        f"{SIGNS[s]} {len(n)} {words[s]}{': ' + ', '.join(n) if n and s != CORRECT else ''}" for s, n in names.items()
    ]
    return Text("   ".join(parts), " &nbsp; ".join(parts))


def _call(answer: Any, *arguments: Any) -> Any:
    if arguments and not callable(answer):
        raise TypeError(f"a function is needed, and this is {show(answer)}")
    return answer(*arguments) if callable(answer) else answer
