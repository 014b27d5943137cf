"""How an exercise is checked: the answer is run beside PyTorch on several inputs, and beside the typical wrong answers.

An answer that behaves like a listed mistake gets that mistake's message, which names the idea that is missing. Any other wrong
answer gets one sentence about the first difference. A check never raises, and never changes the student's objects. It stops an
endless loop. It cannot stop a call that ends Python itself, such as ``os._exit``, or one that never comes back from C.
"""

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

from course_utils.exercises.engine.compare import (
    Raised,
    difference,
    error_text,
    is_open,
    python_said,
    show,
    show_apart,
    type_name,
)
from course_utils.exercises.engine.guard import TimeUp, memory_limit, repeatable, time_limit, undisturbed
from course_utils.exercises.engine.shown import CORRECT, NOT_ATTEMPTED, WRONG, Result, Text, source

SECONDS = 2.0  # the time of an answer in one check, on all its inputs together
OUR_FAULT = (
    "The check of this exercise does not work here, so your answer was not judged. That is a fault of the course, not yours: "
    "please report it, with the output of `python -m course_utils`."
)


@dataclass(frozen=True)
class Mistake:
    """A typical wrong answer: its name, the answer itself, and the message that a student with it gets.

    Where the outcome is a dictionary, ``keys`` may say which of its keys tell this mistake; the others may then be anything.
    Where the answer raises, ``error`` may be a few words: an answer that raises an error of the same type with these words in
    its text makes the same mistake. Without them the texts must be the same, apart from numbers.
    """

    name: str
    answer: Any
    message: str
    keys: tuple[str, ...] = ()
    error: str = ""


class Exercise:
    """One exercise. :func:`exercise` makes it from a solution, and :meth:`mistake` adds the typical wrong answers.

    Args:
        name: the name of the student's object, also this exercise's name in its module.
        title: a short title.
        answer: a real answer, as the student would write it: a function or class, or a value.
        cases: the inputs to try, one tuple of arguments each; ``[()]`` for an answer that is a value. They must tell each
            mistake from the oracle and from the other mistakes.
        hints: from a nudge to nearly the answer.
        idea: one or two sentences that a correct answer is told: what was learned.
        oracle: what to compare with, PyTorch itself where that is possible; the solution where it is None.
        run: calls an answer with one case's arguments and returns what to compare. The default calls a function; a value is taken
            as it is. The arguments are copies: ``run`` may return them, to compare what an answer did to them. Where more counts
            than a value (a gradient, a dtype inside, what a second call does), it returns a dictionary whose keys name each fact
            in the messages.
        returns: what a message calls the returned value; or, where it is a tuple or list, a name for each of its values, or one
            text with ``{}`` for their number.
        tolerance: relative and absolute tolerance of floating-point values; None leaves it to their dtype.
        pure: whether an answer that changes its arguments is wrong.
        raises: the errors that the oracle itself may raise, where raising is what the task asks for.
    """

    def __init__(
        self,
        name: str,
        title: str,
        answer: Any,
        *,
        cases: Sequence[tuple],
        hints: Sequence[str],
        idea: str,
        oracle: Any = None,
        run: Callable[..., Any] | None = None,
        returns: str | Sequence[str] = "the result",
        tolerance: float | None = None,
        pure: bool = True,
        raises: type[Exception] | tuple[type[Exception], ...] = (),
    ) -> None:
        self.name, self.title, self.answer, self.hints, self.idea = name, title, answer, tuple(hints), idea
        self.cases, self.oracle, self.mistakes = tuple(cases), answer if oracle is None else oracle, []
        self.status = NOT_ATTEMPTED
        self._run, self._tolerance, self._pure, self._raises = run or _call, tolerance, pure, raises
        whole = isinstance(returns, str) and "{}" not in returns
        self._name, self._parts = (returns, ()) if whole else ("the result", returns)
        self._outcomes: dict[tuple[int, int], Any] = {}
        self._hints_given = 0

    def mistake(self, message: str, name: str = "", keys: Sequence[str] = (), error: str = "") -> Callable[[Any], Any]:
        """Add the wrong answer that stands below it, a function, a class or a value; see :class:`Mistake`.

        Args:
            message: what a student with it is told.
            name: what it is called for teachers; the name of the function, with spaces, where there is none.
            keys: which keys of a dictionary tell this mistake.
            error: words in the text of the error that tell this mistake.

        Returns:
            A decorator, which gives the answer back as it is.
        """

        def add(answer: Any) -> Any:
            called = name or answer.__name__.strip("_").replace("_", " ")
            self.mistakes.append(Mistake(called, answer, message, tuple(keys), error))
            return answer

        return add

    def check(self, answer: Any) -> Result:
        """Check an answer.

        Args:
            answer: the student's function, class or value.

        Returns:
            The result. A mistake of the student never raises.
        """
        try:
            with undisturbed(), memory_limit():
                result = self._judge(answer) if self._works() else (NOT_ATTEMPTED, OUR_FAULT)
        except KeyboardInterrupt:  # the student's own stop
            raise
        except TimeUp:
            result = WRONG, f"Your answer did not end within {SECONDS:g} seconds. Look for a loop that never ends."
        except (
            BaseException
        ):  # an object so strange that it cannot even be described, for example a list that holds itself
            strange = WRONG, f"An object of type {type_name(answer)} cannot be an answer here."
            result = (NOT_ATTEMPTED, OUR_FAULT) if inspect.isfunction(answer) else strange
        self.status = result[0]
        return Result(self.title, *result)

    def hint(self) -> Text:
        """Return the next hint; after the last one, the last one again."""
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        number, hint = self._hints_given, self.hints[self._hints_given - 1]
        return Text(f"Hint {number} of {len(self.hints)}: {hint}", f"**Hint {number} of {len(self.hints)}:** {hint}")

    def solution(self) -> Text:
        """Return the solution: the source of the function that the tests run, or the value."""
        value = self.answer
        text = source(value) if callable(value) else f"{self.name} = {value!r}"
        if isinstance(value, dict):  # one line for each key
            text = "\n".join([f"{self.name} = {{", *(f"    {k!r}: {v!r}," for k, v in value.items()), "}"])
        return Text(text, f"```python\n{text}\n```")

    def outcomes(self, answer: Any) -> list[Any]:
        """Return what one of the course's own answers gives in each case."""
        return [self._outcome(answer, number) for number in range(len(self.cases))]

    def alike(self, got: Any, mistake: Mistake, like: Any) -> bool:
        """Say whether an outcome is that of a mistake in the same case."""
        if isinstance(got, Raised) and isinstance(like, Raised):
            if type(got.error) is not type(like.error):
                return False
            return mistake.error in error_text(got.error) if mistake.error else got.reason() == like.reason()
        if isinstance(got, Raised) or isinstance(like, Raised):
            return False
        if isinstance(like, dict):
            keys = mistake.keys or tuple(like)
            if not isinstance(got, dict) or not set(keys) <= set(got) or not set(keys) <= set(like):
                return False
            got, like = {k: got[k] for k in keys}, {k: like[k] for k in keys}
        return not difference(got, like, self._tolerance)

    def _outcome(self, answer: Any, number: int) -> Any:
        """Return what one of the course's own answers gives in a case; it is computed when it is first needed, and kept."""
        if (id(answer), number) not in self._outcomes:
            self._outcomes[id(answer), number] = self._try(answer, self.cases[number])[0]
        return self._outcomes[id(answer), number]

    def _makes(self, mistake: Mistake, got: Sequence[Any]) -> bool:
        """Say whether these outcomes are those of a mistake. The time of the mistake itself is not the student's."""
        for number, value in enumerate(got):
            like = self._outcome(mistake.answer, number)
            with time_limit(SECONDS):
                if not self.alike(value, mistake, like):
                    return False
        return True

    def _works(self) -> bool:
        """Say whether the oracle gives a value, or an error that is declared, in every case."""
        wanted = self.outcomes(self.oracle)
        return not any(isinstance(w, Raised) and not isinstance(w.error, self._raises) for w in wanted)

    def _judge(self, answer: Any) -> tuple[str, ...]:
        if isinstance(answer, nn.Module):  # a call may change its buffers and gradients
            answer = copy.deepcopy(answer)
        with time_limit(SECONDS):
            if is_open(answer):
                return NOT_ATTEMPTED, "Replace the stub with your answer, run that cell, then run this one again."
            if callable(self.answer) and not callable(answer):
                kind = "class" if inspect.isclass(self.answer) else "function"
                return WRONG, f"A {kind} is needed. You have {show(answer)}."
            got = []
            for case in self.cases:
                value, changed = self._try(answer, case)
                # an empty message: PyTorch raises this error too, with a text, where it cannot do something
                if isinstance(value, Raised) and isinstance(value.error, NotImplementedError) and not value.error.args:
                    return (
                        NOT_ATTEMPTED,
                        "Replace `raise NotImplementedError` with your answer, run that cell, then run this one again.",
                    )
                if changed and self._pure:
                    return (
                        WRONG,
                        f"Your answer changes {changed}, which it was given. Work on a copy: the caller still needs it.",
                    )
                got.append(value)
            problems = [self._problem(g, w) for g, w in zip(got, self.outcomes(self.oracle), strict=True)]
            if not any(problems):
                return CORRECT, self.idea
        for mistake in self.mistakes:
            if self._makes(mistake, got):
                return WRONG, mistake.message, python_said(got)
        with time_limit(SECONDS):
            first = next(i for i, problem in enumerate(problems) if problem)
            tried = ", ".join(name + show(argument) for name, argument in self._named(self.cases[first]))
            return WRONG, problems[first] + (f" (tried with {tried})" if tried else "")

    def _problem(self, got: Any, wanted: Any) -> str:
        if got is None and wanted is not None:
            return "Your answer is None. Does your function return something?"
        if callable(self.answer) or not (isinstance(wanted, dict) and isinstance(got, dict)):
            return difference(got, wanted, self._tolerance, self._name, self._parts)
        # a quiz would be over if the wanted value were named; a tensor cannot be guessed
        for key, value in wanted.items():
            if key not in got:
                return f"The key {key!r} of the stub is missing. You have {show(got)}."
            if got[key] is None or got[key] is ...:
                return f"{key}: still open."
            if problem := difference(got[key], value, self._tolerance):
                again = "Look again, or try it in a cell of your own, then change your answer."
                return (
                    f"{key}: {problem}"
                    if isinstance(value, Tensor)
                    else f"{key}: not {show_apart(got[key], value)[0]}. {again}"
                )
        return ""

    def _named(self, case: tuple) -> list[tuple[str, Any]]:
        """Return the arguments of a case, each with "its name = " before it where that can be known."""
        for called, skip in ((self._run, 1), (self.answer, 0)):  # the first argument of `run` is the answer
            parameters = inspect.signature(called).parameters.values() if callable(called) else ()
            names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][skip:]
            if len(names) == len(case):
                return [(f"{name} = ", argument) for name, argument in zip(names, case, strict=True)]
        return [("", argument) for argument in case]

    def _try(self, answer: Any, case: tuple) -> tuple[Any, str]:
        """Run an answer on a copy of a case; return the outcome, and the name of an argument that it changed."""
        arguments = copy.deepcopy(case)
        with repeatable():
            try:
                value = self._run(answer, *arguments)
            except (KeyboardInterrupt, TimeUp):
                raise
            except BaseException as error:
                value = Raised(error)
        for (name, before), after in zip(self._named(case), arguments, strict=True):
            kept = not isinstance(after, Tensor | np.ndarray | list | dict)
            if not kept and (difference(after, before, 0.0) or difference(before, after, 0.0)):
                return value, f"`{name.removesuffix(' = ')}`" if name else "a value"
        return value, ""


def exercise(title: str, *, name: str = "", **settings: Any) -> Callable[[Any], Exercise]:
    """Make an exercise of the solution that stands below it; its name is that of the function or class.

    Args:
        title: a short title.
        name: the name of the student's object, where the solution is a value.
        **settings: see :class:`Exercise`.

    Returns:
        A decorator, which puts the exercise in the place of the solution.
    """
    return lambda answer: Exercise(name or answer.__name__, title, answer, **settings)


def _call(answer: Any, *arguments: Any) -> Any:
    if arguments and not callable(answer):
        raise TypeError(f"a function is needed, and this is {show(answer)}")
    return answer(*arguments) if callable(answer) else answer
