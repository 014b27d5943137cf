"""Make the students' edition of the course, in build/student: ``python -m tools.publish``. With an address, push it there.

python -m tools.publish            make it, and look at it
python -m tools.publish ADDRESS    make it, and add it as one commit to the branch student of the repository at this address

The edition is the course with notebooks without outputs. All its links and setup cells name the repository that publishes: the
one of GITHUB_REPOSITORY, which GitHub sets, or else the one of pyproject.toml. Where nothing has changed, nothing is pushed.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools import PATHS, ROOT, audit, code_cells, links

BUILD = ROOT / "build"
BRANCH = "student"
LEFT_OUT = ".github"  # GitHub lets no workflow push workflows, and on this branch none would run
ABOUT = """\
> This is the **students' edition**: its notebooks hold no outputs. It is made from the branch `main`, where changes belong.
"""
WHO = ("-c", "user.name=github-actions[bot]", "-c", "user.email=41898282+github-actions[bot]@users.noreply.github.com")


def without_outputs(text: str) -> str:
    """Return a notebook's text without outputs and numbers of execution."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook) + "\n"


def edition(repository: str) -> dict[Path, bytes]:
    """Return the files of the students' edition.

    Args:
        repository: the one that publishes, as ``"owner/name"``.

    Returns:
        The content of each file, by its path in the repository.

    Raises:
        SystemExit: ``repository`` is not of this form.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        sys.exit(f"GITHUB_REPOSITORY is {repository!r}. It must be of the form owner/name.")
    linked = links.wanted({"repository": repository, "ref": BRANCH})
    before, after = links.COURSE["repository"].encode(), repository.encode()
    result = {}
    for path in audit.files():
        content = linked.get(path, path.read_bytes())
        if path in PATHS:
            content = without_outputs(content.decode()).encode()
        elif path == ROOT / "README.md":
            content = content.replace(b"\n\n", f"\n\n{ABOUT}\n".encode(), 1)
        name = path.relative_to(ROOT)
        if name.parts[0] != LEFT_OUT:
            result[name] = content.replace(before, after)
    return result


def write(files: dict[Path, bytes], folder: Path) -> None:
    """Put files into a folder; a program stays one that can be started."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        shutil.copymode(ROOT / name, folder / name)


def git(*command: str, folder: Path = ROOT) -> str:
    """Run git in a folder, and return what it printed.

    Raises:
        SystemExit: it failed. The message is git's own.
    """
    done = subprocess.run(["git", *command], cwd=folder, capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.exit(f"git {command[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def push(files: dict[Path, bytes], folder: Path, address: str) -> bool:
    """Write the files into a new folder, and add them to the branch at an address as one commit.

    Args:
        files: the content of each file.
        folder: a folder that is empty, or not there.
        address: of a git repository.

    Returns:
        Whether something had changed, and was pushed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    git("init", "--quiet", f"--initial-branch={BRANCH}", folder=folder)
    if git("ls-remote", "--heads", address, BRANCH):  # students pull this branch, so its history goes on
        git("fetch", "--quiet", "--depth=1", address, BRANCH, folder=folder)
        git("reset", "--quiet", "--soft", "FETCH_HEAD", folder=folder)
    write(files, folder)
    git("add", "--all", "--force", folder=folder)
    if not git("status", "--porcelain", folder=folder):
        return False
    message = f"--message=Students' edition of {git('rev-parse', '--short', 'HEAD')}"
    git(*WHO, "-c", "commit.gpgsign=false", "commit", "--quiet", message, folder=folder)
    git("push", "--quiet", address, f"HEAD:refs/heads/{BRANCH}", folder=folder)
    return True


def main(arguments: list[str]) -> int:
    """Make the edition, and push it where an address is given; return the exit status."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print(__doc__)
        return 2
    repository = os.environ.get("GITHUB_REPOSITORY") or links.COURSE["repository"]
    files, folder = edition(repository), BUILD / BRANCH
    shutil.rmtree(folder, ignore_errors=True)
    if not arguments:
        write(files, folder)
        print(folder)
        return 0
    news = push(files, folder, *arguments)
    print(
        f"The branch {BRANCH} {'has a new commit' if news else 'is up to date'}: {len(files)} files, for {repository}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
