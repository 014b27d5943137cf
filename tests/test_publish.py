"""Publishing, tried on this machine: the students' edition goes to a repository beside, is cloned from there, and runs."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
import test_colab
import yaml
from nbclient import NotebookClient

from tools import PATHS, ROOT, audit, code_cells, links, publish

REPOSITORY = "some-teacher/their-course"
colab = test_colab.colab


def git(folder, *command):
    done = subprocess.run(["git", *command], cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A bare repository that stands in for GitHub, after the workflow's command."""
    bare = tmp_path_factory.mktemp("published")
    git(bare, "init", "--quiet", "--bare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        patch.setattr(publish, "BUILD", tmp_path_factory.mktemp("build"))
        assert publish.main([bare.as_uri()]) == 0
    return bare


@pytest.fixture(scope="module")
def student(published, tmp_path_factory):
    """What a student gets, who clones the branch."""
    clone = tmp_path_factory.mktemp("clone") / "their-course"
    git(clone.parent, "clone", "--quiet", f"--branch={publish.BRANCH}", published.as_uri(), str(clone))
    return clone


def test_notebooks_hold_no_outputs_and_differ_in_nothing_but_links_and_setup(student):
    for path in PATHS:
        new, old = (nbformat.read(place, as_version=4) for place in (student / "notebooks" / path.name, path))
        nbformat.validate(new)
        assert not any(cell.outputs or cell.execution_count for cell in code_cells(new))
        title, (setup,) = new.cells[0], code_cells(new, "setup")
        assert f"github/{REPOSITORY}/blob/student/notebooks/{path.name})" in title.source
        named = {"name": "their-course", "repository": REPOSITORY, "ref": "student"}
        assert setup.source == links.SETUP.format(stem=path.stem, **named)
        for cell in (*old.cells, *new.cells):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
            if cell is title or cell is old.cells[0] or "setup" in cell.metadata.get("tags", []):
                cell.source = re.sub(r"^.*(github|pathlib\.Path\(|--branch).*$", "", cell.source, flags=re.M)
        assert new == old


def test_all_other_files_are_the_same_but_for_the_name_of_the_repository(student):
    old = {path.relative_to(ROOT).as_posix(): path for path in audit.files()}
    new = {name: student / name for name in git(student, "ls-files").splitlines()}
    assert set(new) == {name for name in old if not name.startswith(".github/")}
    before = links.COURSE["repository"]
    for name, path in new.items():
        if path.suffix != ".ipynb" and name != "README.md":
            assert path.read_bytes() == old[name].read_bytes().replace(before.encode(), REPOSITORY.encode()), name
            assert path.stat().st_mode & 0o100 == old[name].stat().st_mode & 0o100, name
        assert before.encode() not in path.read_bytes(), f"{name} still names the repository {before}"
    readme = new["README.md"].read_text(encoding="utf-8")
    assert "students' edition" in readme.split("\n\n")[1]
    for address in (
        *(f"github/{REPOSITORY}/blob/student/notebooks/{path.name}" for path in PATHS),
        f"https://mybinder.org/v2/gh/{REPOSITORY}/student?",
        f"https://codespaces.new/{REPOSITORY})",
        "https://some-teacher.github.io/their-course/",
        f"git-pull?repo=https%3A%2F%2Fgithub.com%2F{REPOSITORY}&branch=student&urlpath=lab/tree/their-course/notebooks",
    ):
        assert address in readme


def test_badges_and_setup_cells_of_the_course_lead_to_the_students_edition():
    assert links.COURSE["ref"] == publish.BRANCH, 'pyproject.toml, [tool.course]: ref = "student"; then `make links`'


def test_what_has_not_changed_is_not_published_again_and_what_has_goes_on_the_same_branch(
    published, student, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(publish, "BUILD", tmp_path / "build")
    bare = tmp_path / "published"
    shutil.copytree(published, bare)
    first = git(bare, "rev-parse", publish.BRANCH)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    assert publish.main([bare.as_uri()]) == 0
    assert git(bare, "rev-parse", publish.BRANCH) == first
    monkeypatch.setenv("GITHUB_REPOSITORY", "some-teacher/renamed")
    assert publish.main([bare.as_uri()]) == 0
    assert git(bare, "rev-parse", f"{publish.BRANCH}~1") == first, "a student's git pull goes on from there"
    assert re.findall("up to date|has a new commit", capsys.readouterr().out) == ["up to date", "has a new commit"]
    clone = tmp_path / "clone"
    shutil.copytree(student, clone)
    git(clone, "pull", "--quiet", "--ff-only", bare.as_uri(), publish.BRANCH)
    assert "some-teacher/renamed" in (clone / "README.md").read_text(encoding="utf-8")
    assert git(clone, "for-each-ref", "--format=%(refname:short)", "refs/heads") == publish.BRANCH


def test_without_an_address_nothing_is_pushed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(publish, "BUILD", tmp_path)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert publish.main([]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'student'}\n"
    assert links.COURSE["repository"] in (tmp_path / "student" / "README.md").read_text(encoding="utf-8")
    assert not (tmp_path / "student" / ".git").exists()


def test_bad_input_gets_one_sentence(tmp_path, monkeypatch, capsys):
    assert publish.main(["--help"]) == publish.main(["one", "two"]) == 2
    assert "python -m tools.publish" in capsys.readouterr().out
    monkeypatch.setattr(publish, "BUILD", tmp_path)
    with pytest.raises(SystemExit, match="git ls-remote failed: "):
        publish.main([(tmp_path / "nowhere").as_uri()])
    monkeypatch.setenv("GITHUB_REPOSITORY", "their-course")
    with pytest.raises(SystemExit, match="must be of the form owner/name"):
        publish.main([])


def test_a_notebook_of_the_edition_runs_alone_and_offline(student, published, colab, monkeypatch):
    """All of unit 1, opened where nothing is but the notebook: its setup cell fetches the branch from the stand-in for GitHub."""
    monkeypatch.setattr(test_colab, "URL", f"https://github.com/{REPOSITORY}")
    test_colab.redirect(monkeypatch, published.as_uri())
    notebook = nbformat.read(student / "notebooks" / PATHS[0].name, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print(course_utils.__file__)", id="where"))
    NotebookClient(notebook, timeout=120, kernel_name="colab", resources={"metadata": {"path": colab}}).execute()
    (setup,) = code_cells(notebook, "setup")
    assert setup.outputs[0].text == f"{PATHS[0].stem} is ready: seed 0, one thread.\n"
    assert notebook.cells[-1].outputs[0].text == f"{colab / 'their-course' / 'course_utils' / '__init__.py'}\n"
    assert git(colab / "their-course", "branch", "--show-current") == publish.BRANCH


# ---- the workflow


def workflow(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8"))


def test_ci_publishes_from_main_alone_and_only_what_is_green():
    jobs = workflow("ci")["jobs"]
    job = jobs["publish"]
    assert job["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    assert set(job["needs"]) == set(jobs) - {"publish"}
    assert job["uses"] == "./.github/workflows/publish.yml"
    assert not any("permissions" in other for name, other in jobs.items() if name != "publish")
    assert workflow("publish")[True] == {"workflow_call": None}, "nothing else starts it"  # YAML reads `on` as True


def test_each_job_of_publishing_has_the_rights_that_it_needs_and_no_more():
    jobs = workflow("publish")["jobs"]
    needed = {
        "site": {"contents": "read"},
        "pages": {"pages": "write", "id-token": "write"},
        "student": {"contents": "write"},
    }
    assert workflow("publish")["permissions"] == {} and {n: j["permissions"] for n, j in jobs.items()} == needed
    handed_out = {right: level for rights in needed.values() for right, level in rights.items() if level == "write"}
    assert workflow("ci")["jobs"]["publish"]["permissions"] == handed_out
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert {step["with"]["persist-credentials"] for step in steps if "checkout" in step.get("uses", "")} == {False}


def test_the_workflow_runs_the_commands_that_are_tested_here():
    jobs = workflow("publish")["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert "make site PYTHON=python" in commands
    assert 'python -m tools.publish "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"' in commands
    upload = next(step for step in jobs["site"]["steps"] if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"] == {"path": "build/site"} and jobs["pages"]["needs"] == "site"


def test_the_credential_helper_of_the_workflow_hands_out_the_token(tmp_path, monkeypatch):
    step = workflow("publish")["jobs"]["student"]["steps"][-1]
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("COUNT", "KEY_0", "VALUE_0"):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", str(step["env"][f"GIT_CONFIG_{name}"]))
    monkeypatch.setenv("GH_TOKEN", "t0")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    ask = "protocol=https\nhost=github.com\n\n"
    done = subprocess.run(["git", "credential", "fill"], input=ask, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert "username=x-access-token\npassword=t0\n" in done.stdout


def test_publishing_needs_nothing_but_what_its_workflow_installs():
    """No torch: the job installs nbformat alone, and what that needs."""
    code = "import sys; from tools import publish; print(sorted({'torch', 'course_utils', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.stdout == "[]\n", done.stderr
