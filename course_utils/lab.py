"""A copy of one's own: ``python -m course_utils.lab`` puts the notebooks into ``my/`` and opens JupyterLab there.

python -m course_utils.lab             copy each notebook that is not in my/ yet, then open JupyterLab
python -m course_utils.lab fresh 02    copy unit 2 anew; the copy that was there stays beside it, with the date in its name

Nothing in my/ is ever overwritten. What begins with - goes to JupyterLab, for example --no-browser.
"""

import datetime
import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from course_utils import environment
from course_utils.files import write_whole

COURSE = environment.PACKAGE.parent
MADE_FROM = "course_version"  # in the metadata of a copy: which version of the course's notebook it was made from

START_PAGE = """\
# Your copy of the course

Click on a unit to open it, and begin with unit 1.

{units}

- These notebooks are yours: write in them, run them, change them. Nobody overwrites them, neither `make lab` nor `git pull`.
- When the course has a newer version of a notebook, the first cell of your copy says so.
- To begin a unit anew, type `make fresh UNIT=02`, or without make `python -m course_utils.lab fresh 02`. Your old copy stays
  beside the new one, with the date in its name.
"""


def units() -> list[Path]:
    """Return the notebooks of the course, in order.

    Raises:
        SystemExit: only the package is installed here, without the notebooks.
    """
    found = sorted((COURSE / "notebooks").glob("*.ipynb")) if environment.IS_CHECKOUT else []
    if not found:
        sys.exit(
            "The notebooks are not here: only the package is installed. Clone the whole course with git, and start there."
        )
    return found


def version(notebook: dict[str, Any]) -> str:
    """Return what tells two versions of a notebook apart: a sum of its cells, whatever their outputs.

    Args:
        notebook: a notebook, as JSON holds it.

    Returns:
        64 hexadecimal digits.
    """
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def student_copy(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook without outputs and badge, which knows the version that it was made from."""
    empty = {"outputs": [], "execution_count": None}
    cells = [cell | empty if cell["cell_type"] == "code" else cell for cell in notebook["cells"]]
    title = "".join(cells[0]["source"])
    cells[0] = cells[0] | {"source": re.sub(r"^\[!\[Open in Colab\].*\n+", "", title, flags=re.M)}
    return notebook | {"cells": cells, "metadata": notebook["metadata"] | {MADE_FROM: version(notebook)}}


def write_copy(original: Path, folder: Path) -> None:
    """Write the student's copy of a notebook into a folder, unless something is there under its name."""
    if not os.path.lexists(folder / original.name):
        copied = student_copy(json.loads(original.read_text(encoding="utf-8")))
        text = json.dumps(copied, ensure_ascii=False, indent=1) + "\n"
        write_whole(folder / original.name, text.encode())


def start_page() -> str:
    """Return the text of the start page: the units in order, with their minutes."""
    lines = []
    for path in units():
        text = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        title = text.partition("\n")[0].removeprefix("# ").partition(" · ")[2]
        time = re.search(r"\*\*Time\*\*: (.+?)\.?$", text, re.M)
        lines.append(f"{int(path.name[:2])}. [{title}]({path.name})" + (f" · {time[1]}" if time else ""))
    return START_PAGE.format(units="\n".join(lines))


def fill(folder: Path) -> None:
    """Copy what is not there yet: the notebooks, and the start page ``README.md``.

    Args:
        folder: the student's folder; it is made where there is none.

    Raises:
        OSError: the folder cannot be written.
    """
    originals = units()
    folder.mkdir(exist_ok=True)
    for original in originals:
        write_copy(original, folder)
    if not os.path.lexists(folder / "README.md"):
        write_whole(folder / "README.md", start_page().encode())


def begin_anew(unit: str, folder: Path) -> str:
    """Put a new copy of a unit into a folder, and keep the one that is there under a name with the date.

    Args:
        unit: the number of the unit, such as ``"02"`` or ``"2"``, or the name of its notebook.
        folder: the student's folder; it is made where there is none.

    Returns:
        One sentence for each of the two files.

    Raises:
        SystemExit: there is no such unit.
        OSError: the folder cannot be written.
    """
    names = {name: path for path in units() for name in (path.stem, path.name[:2], str(int(path.name[:2])))}
    if unit not in names:
        sys.exit(f"There is no unit {unit!r}. Name one by its number, for example: make fresh UNIT=02")
    original = names[unit]
    copied, said = folder / original.name, ""
    folder.mkdir(exist_ok=True)
    if os.path.lexists(copied):
        dated = f"{original.stem}_{datetime.date.today().isoformat()}"
        free = (folder / f"{dated}{end}.ipynb" for end in ("", *(f"_{number}" for number in range(2, 1000))))
        kept = next(path for path in free if not os.path.lexists(path))
        copied.rename(kept)
        said = (
            f" Your old copy is {folder.name}/{kept.name}. Where it is open in JupyterLab, close it without saving it."
        )
    write_copy(original, folder)
    return f"{folder.name}/{copied.name} is new.{said}"


def news(unit: str) -> str:
    """Return one line where the notebook in the working directory was copied from an older version than the course has now.

    Args:
        unit: the name of the notebook without its ending.

    Returns:
        The line; an empty text where there is no news, and where the notebook is no student's copy.
    """
    name = f"{unit}.ipynb"
    try:
        made_from = json.loads(Path(name).read_text(encoding="utf-8"))["metadata"][MADE_FROM]
        now = version(json.loads((COURSE / "notebooks" / name).read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    if made_from == now:
        return ""
    number = unit[:2]
    return (
        f"The course has a newer version of this notebook. make fresh UNIT={number} (or python -m course_utils.lab fresh "
        f"{number}) brings it, and keeps your copy."
    )


def open_lab(folder: Path, options: list[str]) -> None:
    """Run JupyterLab in a folder, with its start page open, until it is stopped.

    Args:
        folder: the student's folder.
        options: more options for JupyterLab.

    Raises:
        SystemExit: JupyterLab is not installed; on Windows, also at its end.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        sys.exit("JupyterLab is not installed here. Install it: python -m pip install -r requirements.txt")
    # the folder labconfig: in this JupyterLab the start page is shown as a page, and no question about news comes before it
    paths = [str(environment.PACKAGE), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    # in a container the user is often root, and JupyterLab would refuse to start
    ours = [f"--ServerApp.root_dir={folder}", "--LabApp.default_url=/lab/tree/README.md", "--ServerApp.allow_root=True"]
    command = [sys.executable, "-m", "jupyterlab", *ours, *options]
    if os.name == "posix":  # this process becomes JupyterLab, so that no PyTorch stays in memory beside it
        os.execv(sys.executable, command)  # noqa: S606
    signal.signal(signal.SIGINT, lambda *_: None)  # Windows sends Ctrl+C to both, and JupyterLab knows what to do
    sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603


def main(arguments: list[str]) -> int:
    """Run one of the commands; return the exit status."""
    folder = COURSE / "my"
    try:
        match arguments:
            case ["fresh", unit]:
                print(begin_anew(unit, folder))
                return 0
            case ["fresh"]:
                sys.exit("Name the unit that you want to begin anew, for example: make fresh UNIT=02")
            case []:
                fill(folder)
            case [option, *_] if option.startswith("-") and option not in ("-h", "--help"):
                fill(folder)
            case _:
                print(__doc__)
                return 2
    except OSError as error:
        sys.exit(
            f"{folder} cannot be written ({error.strerror}). Copy the course into a folder of your own, and start there."
        )
    open_lab(folder, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
