"""Look for new counterexamples: ``python -m tools.fuzz 10`` runs the property tests with random examples for 10 minutes.

Each counterexample is printed as a line to paste above the ``@given`` of its test. The exit status is 1 where one was found.
"""

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT

FOUND = re.compile(r"^(?:Failing test case|Falsifying example): (\w+)(\(.*?^\)$)", re.M | re.S)
BLOB = re.compile(r"@reproduce_failure\('[^']*', b'[^']*'\)")


def given_names(source: str) -> dict[str, set[str]]:
    """Return for each property test in a file the arguments that hypothesis gives it; the others are fixtures and parameters."""
    found = {}
    for function in ast.walk(ast.parse(source)):
        for call in getattr(function, "decorator_list", []):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "given":
                last = [a.arg for a in function.args.args][-len(call.args) :] if call.args else []
                found[function.name] = {*last, *(keyword.arg for keyword in call.keywords)}
    return found


def counterexamples(output: str, names: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Yield what pytest's output says was found: the test's name, and a decorator that brings the example back.

    Args:
        output: what pytest printed.
        names: the arguments of each test, as :func:`given_names` returns them.
    """
    text = re.sub(r"^E *", "", output, flags=re.M)
    for match in FOUND.finditer(text):
        name, arguments = match.groups()
        blob = BLOB.search(text, match.end())
        try:
            given = [k for k in ast.parse(f"f{arguments}", mode="eval").body.keywords if k.arg in names[name]]
            for keyword in given:
                ast.literal_eval(keyword.value)
            yield name, f"@example({', '.join(ast.unparse(keyword) for keyword in given)})"
        except (SyntaxError, ValueError):  # drawn inside the test, or an object that no literal makes
            yield name, blob[0] if blob else arguments


def main(arguments: list[str]) -> int:
    """Run rounds of all property tests until the time is over; return the exit status."""
    if len(arguments) > 1 or not all(re.fullmatch(r"\d+(\.\d+)?", a) for a in arguments):
        print(__doc__)
        return 2
    minutes = float(arguments[0]) if arguments else 10.0
    sources = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("test_*.py"))}
    files = [path for path, source in sources.items() if given_names(source)]
    names = {name: given for path in files for name, given in given_names(sources[path]).items()}
    command = [sys.executable, "-m", "pytest", "-n", "2", "-m", "hypothesis", "-q", "--tb=short", "--color=no", *files]
    end, rounds, seen = time.monotonic() + 60 * minutes, 0, set()
    while time.monotonic() < end:
        env = {**os.environ, "HYPOTHESIS_PROFILE": "fuzz"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", check=False)
        rounds += 1
        found = list(counterexamples(done.stdout, names))
        if done.returncode and not found:  # a test that fails for another reason
            print(done.stdout, done.stderr)
            return 1
        for name, decorator in found:
            if decorator not in seen:
                where = next(Path(path).name for path in files if name in given_names(sources[path]))
                print(f"{where}, {name}:\n    {decorator}", flush=True)
        seen |= {decorator for _, decorator in found}
    print(f"{rounds} rounds of {len(names)} property tests: {len(seen)} counterexamples.")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
