"""A cell's error, shown as a traceback, while the notebook goes on."""

import configparser
import linecache
import re

import pytest

from course_utils.errors import showing_the_error
from tools import ROOT

CELL = """
def inside(x):
    return x + "a"

with showing_the_error():
    inside(1)
    print("never")
print("after")
"""
NAME = "/somewhere/ipykernel_1/2.py"


def shown(source, capsys):
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    exec(compile(source, NAME, "exec"), {"showing_the_error": showing_the_error})
    return capsys.readouterr().out


def test_the_lines_of_the_cell_and_the_error_are_shown_and_the_cell_goes_on(capsys):
    assert shown(CELL, capsys) == (
        "Traceback (most recent call last):\n"
        "  Cell, line 6, in <module>\n    inside(1)\n"
        '  Cell, line 3, in inside\n    return x + "a"\n'
        "TypeError: unsupported operand type(s) for +: 'int' and 'str'\nafter\n"
    )


def test_older_ipython_gives_the_cell_another_name(capsys):
    linecache.cache[NAME] = (len(CELL), None, CELL.splitlines(keepends=True), NAME)
    exec(compile(CELL, NAME, "exec").replace(co_name="<cell line: 0>"), {"showing_the_error": showing_the_error})
    assert "  Cell, line 6, in <module>\n    inside(1)\n" in capsys.readouterr().out


def test_lines_of_a_package_are_left_out(capsys):
    text = shown("with showing_the_error():\n    import json; json.loads('[')", capsys)
    assert "json/" not in text and text.count("  Cell, line ") == 1 and "JSONDecodeError: " in text


def test_it_says_so_where_nothing_fails(capsys):
    assert shown("with showing_the_error():\n    pass", capsys) == "No error was raised.\n"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_stop_passes_through(stop):
    with pytest.raises(stop), showing_the_error():
        raise stop


def test_stored_tracebacks_are_compared_but_for_the_text_of_the_error(capsys):
    rules = configparser.ConfigParser()
    rules.read(ROOT / "tests" / "sanitize.cfg", encoding="utf-8")
    rule = rules["error-text"]
    text = shown(CELL, capsys)
    other, another_line = text.replace("unsupported", "not supported"), text.replace("line 3", "line 4")
    same = [
        re.sub(rule["regex"], rule["replace"], t) for t in (text, other, another_line, "TypeError: of no traceback")
    ]
    assert same[0] == same[1] != same[2] and "TypeError:" in same[0] and "after" in same[0]
    assert same[3] == "TypeError: of no traceback"
