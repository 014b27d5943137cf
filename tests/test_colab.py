"""The course in Colab, and wherever else only a notebook was opened: it fetches the rest, and its links lead somewhere."""

import json
import re
import subprocess
import sys
import sysconfig

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement
from test_house import copy_course
from test_project import PROJECT

from tools import PATHS, ROOT, code_cells, links

NAME = links.COURSE["repository"].split("/")[1]
URL = f"https://github.com/{links.COURSE['repository']}"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A bare repository with the files as they are now, as they would be after a push."""
    work, bare = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("published")
    copy_course(work)
    me = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for command in (
        ["init", "--quiet", f"--initial-branch={links.COURSE['ref']}"],
        ["add", "--all"],
        [*me, "commit", "--quiet", "--message=as it is"],
        ["clone", "--quiet", "--bare", ".", str(bare)],
    ):
        subprocess.run(["git", *command], cwd=work, check=True)
    return bare


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """An empty folder, and a kernel that has every package of this environment but the course itself."""
    if sys.platform != "linux":
        pytest.skip("Colab is a Linux machine")
    paths = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    start = (
        f"import sys; sys.path += {paths}; from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
    )
    # -S: the file that makes an editable install importable is not read
    spec = {
        "argv": [sys.executable, "-S", "-c", start, "-f", "{connection_file}"],
        "display_name": "c",
        "language": "python",
    }
    (tmp_path / "jupyter" / "kernels" / "colab").mkdir(parents=True)
    (tmp_path / "jupyter" / "kernels" / "colab" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-settings"))
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


def redirect(monkeypatch, target):
    """Let git read the repository's address as another one."""
    for name, value in {"COUNT": "1", "KEY_0": f"url.{target}.insteadOf", "VALUE_0": URL}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)


def run(folder, path, *sources, allow_errors=False):
    """Copy a notebook into a folder, with the setup cell and these cells alone, run it, and return what they printed."""
    notebook = nbformat.read(path, as_version=4)
    (setup,) = code_cells(notebook, "setup")
    notebook.cells = [
        nbformat.v4.new_code_cell(setup.source if source == "setup" else source, id=f"cell-{number}")
        for number, source in enumerate(sources)
    ]
    nbformat.write(notebook, folder / path.name)
    NotebookClient(
        notebook, timeout=120, kernel_name="colab", allow_errors=allow_errors, resources={"metadata": {"path": folder}}
    ).execute()
    nbformat.write(notebook, folder / path.name)
    return ["".join(o.get("text", "") + o.get("evalue", "") for o in cell.outputs) for cell in notebook.cells]


# the setup cells are equal but for the unit's name: `make check` compares them
@pytest.mark.parametrize("path", (PATHS[0], PATHS[-1]), ids=lambda path: path.stem)
def test_a_notebook_alone_fetches_the_course(path, colab, published, monkeypatch):
    redirect(monkeypatch, published.as_uri())
    use = f"from course_utils.exercises import u{path.stem} as ex\nprint(course_utils.__file__, len(ex.EXERCISES) > 0)"
    first, second, used = run(colab, path, "setup", "setup", use)
    assert first == second == f"{path.stem} is ready: seed 0, one thread.\n"
    assert used == f"{colab / NAME / 'course_utils' / '__init__.py'} True\n"
    assert sorted(found.name for found in colab.iterdir()) == sorted([path.name, NAME])
    count = subprocess.run(
        ["git", "rev-list", "--count", "HEAD"], cwd=colab / NAME, capture_output=True, encoding="utf-8"
    )
    assert count.stdout == "1\n", "the history stays where it is"


def test_an_interrupted_download_is_begun_anew(colab, published, monkeypatch):
    redirect(monkeypatch, published.as_uri())
    (colab / f"{NAME}.part" / "course_utils").mkdir(parents=True)
    (colab / f"{NAME}.part" / "course_utils" / "__init__.py").write_text("half of a fi", encoding="utf-8")
    (printed,) = run(colab, PATHS[0], "setup")
    assert "is ready" in printed
    assert not (colab / f"{NAME}.part").exists()


def test_without_a_network_one_sentence_says_so_and_the_next_try_works(colab, published, monkeypatch):
    redirect(monkeypatch, (published.parent / "nowhere").as_uri())
    back = f"import os\nos.environ['GIT_CONFIG_KEY_0'] = 'url.{published.as_uri()}.insteadOf'"
    failed, _, worked = run(colab, PATHS[0], "setup", back, "setup", allow_errors=True)
    assert failed == f"{URL} could not be fetched. Check the network, then run this cell again."
    assert "is ready" in worked


def test_without_git_the_same_sentence(colab, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    (failed,) = run(colab, PATHS[0], "setup", allow_errors=True)
    assert failed == f"{URL} could not be fetched. Check the network, then run this cell again."


def texts():
    """Every text of the course that can hold a link: the pages, and the Markdown cells of the notebooks."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "notebooks").glob("*.md"), *(ROOT / "data").glob("*.md")]:
        yield page, page.read_text(encoding="utf-8")
    for path in PATHS:
        cells = nbformat.read(path, as_version=4).cells
        yield path, "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_every_link_to_a_file_of_the_course_finds_it():
    repository, ref = links.COURSE["repository"], links.COURSE["ref"]
    found = 0
    for page, text in texts():
        for target in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", text):
            found += 1
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
        for owner, branch, target in re.findall(
            r"(?:colab\.research\.google\.com/github|github\.com)/([\w.-]+/[\w.-]+)/blob/([\w.-]+)/([^)\s#\"]+)", text
        ):
            found += 1
            assert (owner, branch) == (repository, ref), (
                f"{page.name} names another copy of the course: run `make links`"
            )
            assert (ROOT / target).is_file(), f"{page.name} links to {target}"
    assert found >= 3 * len(PATHS), "a badge in each notebook, and two links in the README"


def test_each_notebook_has_its_own_badge():
    for path in PATHS:
        title = nbformat.read(path, as_version=4).cells[0].source
        assert title.count("colab.research.google.com/github") == 1 and f"/notebooks/{path.name})" in title


def test_colab_is_part_of_ci_and_its_environment_is_not_in_git():
    assert "make test-colab" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert ".venv-colab/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_codespaces_start_with_the_environment_of_the_course():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert settings["postCreateCommand"] == "make setup"
    python = settings["image"].removeprefix("python:")
    assert python in Requirement(f"python{PROJECT['requires-python']}").specifier
