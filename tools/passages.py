"""What a Markdown cell is made of: paragraphs, questions to predict, their answers, tasks. The editions for a class ask this."""

import re

from nbformat import NotebookNode

from tools import tags

PREDICT = re.compile(r"\*\*Predict\*\*[:,]? *")
TASK = re.compile(r"\*\*(Exercise\b[^.*]*)")
HEADING = re.compile(r"#{1,6} ")
_CARRIED = re.compile(
    r"[|>]|[-*] |\d+\. |\s|\$\$|```"
)  # begins what belongs to the words before it: a table, a list, a formula


def passages(source: str) -> list[str]:
    """Return the parts of a Markdown text that blank lines separate: a paragraph, a heading, a whole list, a block of code."""
    found: list[list[str]] = [[]]
    fenced = False
    for line in source.strip().splitlines():
        fenced ^= line.startswith("```")
        if line.strip() or fenced:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    parts: list[str] = []
    for part in ("\n".join(lines) for lines in found if lines):
        listed = re.match(r"\s|([-*]|\d+\.) ", part)
        if parts and listed and re.match(r"([-*]|\d+\.) ", parts[-1]):
            parts[-1] += "\n\n" + part  # a list with blank lines in it is one list
        else:
            parts.append(part)
    return parts


def answer_length(parts: list[str]) -> int:
    """Return how many passages at the beginning of a cell answer the question before it; the rest leads to something new."""
    for number, part in enumerate(parts):
        if HEADING.match(part) or TASK.match(part):
            return number
        if PREDICT.search(part):
            lead = number - 1  # the passage before a question leads to it
            while lead > 1 and _CARRIED.match(parts[lead]):
                lead -= 1
            return max(lead, min(number, 1))
    return len(parts)


def answers(cells: list[NotebookNode]) -> dict[str, int]:
    """Return, for each cell that answers a **Predict**, its id and how many of its passages are the answer."""
    found, asked, ran = {}, False, False
    for cell in cells:
        if cell.cell_type == "markdown":
            if asked and ran and (length := answer_length(passages(cell.source))):
                found[cell.id] = length
            if ran or not asked:
                asked, ran = bool(PREDICT.search(cell.source)), False
        elif not {"setup", "check"} & tags(cell):
            ran = True
    return found
