"""A student's own copy: made once, never overwritten, begun anew on demand, and told when the course has moved on."""

import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from test_house import copy_course

import course_utils
from course_utils import environment, lab
from tools import PATHS, ROOT, code_cells, links

READY = "02_autograd is ready: seed 0, one thread.\n"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one's own, with nothing in it but the notebooks."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "course" / "notebooks")
    monkeypatch.setattr(lab, "COURSE", tmp_path / "course")
    monkeypatch.setattr(lab, "open_lab", lambda *_: None)
    return tmp_path / "course"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edit(path, change):
    """Change a notebook as a student or an author would."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def add_a_sentence(notebook):
    notebook.cells[3].source += " One more sentence."


def test_each_notebook_is_copied_without_outputs_and_badge_and_else_as_it_is(course):
    assert lab.main([]) == 0
    assert sorted(contents(course / "my")) == sorted(["README.md", *(path.name for path in PATHS)])
    for original in PATHS:
        old, new = (nbformat.read(path, as_version=4) for path in (original, course / "my" / original.name))
        nbformat.validate(new)
        assert not any(cell.outputs or cell.execution_count for cell in code_cells(new))
        for cell in code_cells(old):
            cell.outputs, cell.execution_count = [], None
        old.cells[0].source = re.sub(r"\n\n\[!\[Open in Colab\].*", "", old.cells[0].source)
        del new.metadata[lab.MADE_FROM]
        assert new == old


def test_the_start_page_has_the_units_in_order_and_its_links_hold(course):
    lab.main([])
    page = (course / "my" / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"^(\d)\. \[(.+?)\]\((.+?)\) · \d+ minutes", page, re.M)
    assert [number for number, _, _ in linked] == list("1234567")
    assert [name for _, _, name in linked] == [path.name for path in PATHS]
    for _, title, name in linked:
        assert (course / "my" / name).is_file()
        assert f"· {title}" in nbformat.read(course / "my" / name, as_version=4).cells[0].source.partition("\n")[0]
    assert "make fresh UNIT=02" in page and "python -m course_utils.lab fresh 02" in page


def test_nothing_of_the_student_is_overwritten_and_what_is_missing_is_copied(course):
    lab.main([])
    mine = course / "my"
    edit(mine / "02_autograd.ipynb", add_a_sentence)
    (mine / "README.md").write_text("my notes\n", encoding="utf-8")
    (mine / "03_gpu.ipynb").write_text("{half a notebook", encoding="utf-8")
    (mine / "own.ipynb").write_text("{}", encoding="utf-8")
    before = contents(mine)
    (mine / "04_dataset_dataloader.ipynb").unlink()
    assert lab.main(["--no-browser"]) == 0
    assert contents(mine) == before


def test_a_unit_begun_anew_keeps_the_old_copy_under_a_name_with_the_date(course, capsys):
    lab.main([])
    mine, today = course / "my", datetime.date.today().isoformat()
    untouched = contents(mine)
    works = []
    for number, unit in enumerate(("02", "2", "02_autograd")):
        edit(mine / "02_autograd.ipynb", lambda notebook, number=number: notebook.cells.pop(number))
        works.append((mine / "02_autograd.ipynb").read_bytes())
        assert lab.main(["fresh", unit]) == 0
    kept = [f"02_autograd_{today}{end}.ipynb" for end in ("", "_2", "_3")]
    assert contents(mine) == untouched | dict(zip(kept, works, strict=True))
    for name, line in zip(kept, capsys.readouterr().out.splitlines(), strict=True):
        assert line.startswith(f"my/02_autograd.ipynb is new. Your old copy is my/{name}. ")


def test_a_unit_that_was_never_copied_can_be_begun_too(course, capsys):
    assert lab.main(["fresh", "7"]) == 0
    assert list(contents(course / "my")) == ["07_mnist_comparison.ipynb"]
    assert capsys.readouterr().out == "my/07_mnist_comparison.ipynb is new.\n"


@pytest.mark.parametrize("unit", ["8", "0", "", "autograd", "../02_autograd"])
def test_a_unit_that_is_not_there_gets_one_sentence(unit, course):
    with pytest.raises(SystemExit, match=re.escape(f"There is no unit {unit!r}. Name one")):
        lab.main(["fresh", unit])
    assert not (course / "my").exists()


def test_what_else_goes_wrong_gets_one_sentence(course, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="Name the unit"):
        lab.main(["fresh"])
    assert lab.main(["nonsense"]) == lab.main(["--help"]) == lab.main(["fresh", "02", "03"]) == 2
    assert "python -m course_utils.lab" in capsys.readouterr().out
    (course / "my").write_text("a file is in the way", encoding="utf-8")
    for arguments in ([], ["fresh", "02"]):
        with pytest.raises(SystemExit, match="my cannot be written"):
            lab.main(arguments)
    monkeypatch.setattr(environment, "IS_CHECKOUT", False)
    with pytest.raises(SystemExit, match="only the package is installed"):
        lab.main([])


def test_without_jupyterlab_one_sentence_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="JupyterLab is not installed here"):
        lab.open_lab(tmp_path, [])


@pytest.mark.parametrize("system", ["posix", "nt"])
def test_jupyterlab_is_started_in_the_students_folder(system, monkeypatch, tmp_path):
    class Stop(Exception):
        pass

    def started(*arguments, **_):
        commands.append(arguments[-1])
        raise Stop

    commands, handler = [], signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "their settings")
    monkeypatch.setattr(lab, "os", SimpleNamespace(name=system, environ=os.environ, pathsep=";", execv=started))
    monkeypatch.setattr("subprocess.run", started)
    try:
        with pytest.raises(Stop):
            lab.open_lab(tmp_path, ["--no-browser"])
    finally:
        signal.signal(signal.SIGINT, handler)
    ((python, *command),) = commands
    assert python == sys.executable and command[:2] == ["-m", "jupyterlab"] and command[-1] == "--no-browser"
    assert f"--ServerApp.root_dir={tmp_path}" in command and "--LabApp.default_url=/lab/tree/README.md" in command
    ours, theirs = os.environ["JUPYTER_CONFIG_PATH"].split(";")
    assert (Path(ours) / "labconfig" / "default_setting_overrides.json").is_file() and theirs == "their settings"


# ---- the setup cell says when the course has moved on


def test_setup_says_in_one_line_that_the_course_has_a_newer_version(course, monkeypatch, capsys):
    lab.fill(course / "my")
    monkeypatch.chdir(course / "my")
    original = course / "notebooks" / "02_autograd.ipynb"

    def said():
        course_utils.setup("02_autograd")
        return capsys.readouterr().out

    assert said() == READY
    edit(course / "my" / "02_autograd.ipynb", add_a_sentence)
    assert said() == READY, "what the student writes is no news"
    edit(original, lambda notebook: code_cells(notebook)[1].update(outputs=[], execution_count=99))
    assert said() == READY, "new outputs are no news either"
    edit(original, add_a_sentence)
    ready, news = said().splitlines()
    assert ready + "\n" == READY and "newer version" in news and "make fresh UNIT=02" in news
    lab.main(["fresh", "02"])
    capsys.readouterr()
    assert said() == READY


def test_setup_prints_one_line_everywhere_else(course, monkeypatch, capsys, tmp_path):
    """In the course's own notebooks, in a folder without a notebook as in Colab, and beside notebooks that cannot be read."""
    edit(course / "notebooks" / "02_autograd.ipynb", add_a_sentence)
    for number, text in enumerate(("", "{", "[]", '{"metadata": []}', '{"metadata": {"course_version": 1}}')):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "02_autograd.ipynb").write_text(text, encoding="utf-8")
    monkeypatch.setattr(lab, "COURSE", tmp_path / "nowhere")
    for folder in (ROOT / "notebooks", tmp_path, *(tmp_path / str(number) for number in range(5))):
        monkeypatch.chdir(folder)
        course_utils.setup("02_autograd")
        assert capsys.readouterr().out == READY


@pytest.mark.parametrize("place", ["my", "my/week 1/monday", "notebooks"])
def test_the_setup_cell_finds_the_course_from_any_folder_in_it(place, tmp_path):
    package, here = tmp_path / "the course" / "course_utils", tmp_path / "the course" / place
    package.mkdir(parents=True)
    here.mkdir(parents=True)
    (package / "__init__.py").write_text("def setup(unit): print(unit, __file__)\n", encoding="utf-8")
    cell = links.SETUP.format(stem="02_autograd", name="their-course", repository="nobody/their-course", ref="student")
    command = [sys.executable, "-S", "-c", cell]  # -S: the course is not installed
    done = subprocess.run(command, cwd=here, capture_output=True, encoding="utf-8")
    assert done.stdout == f"02_autograd {package / '__init__.py'}\n", done.stderr


# ---- the commands, and what git sees of it


def test_the_commands_of_the_makefile_call_the_module_and_none_touches_the_copies():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^lab: setup .*\n\t\$\(BIN\)/python -m course_utils\.lab$", makefile, re.M)
    assert re.search(r"^fresh: setup .*\n\t\$\(BIN\)/python -m course_utils\.lab fresh \$\(UNIT\)$", makefile, re.M)
    assert not re.search(r"^\t.*\bmy\b", makefile, re.M), "no command names the folder, so none deletes it"
    assert "my/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def git(folder, *command):
    me = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *me, *command], cwd=folder, check=True, capture_output=True, encoding="utf-8"
    ).stdout.strip()


OPEN = "() => window.jupyterapp?.shell.currentWidget?.context?.path"
OUTPUTS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap(c => c.type === 'code' ?
    [[c.executionCount, c.outputs.length]] : [])"""


def test_in_the_browser(chromium, tmp_path, monkeypatch):
    """From the start page to unit 1, all of it run; git sees nothing, a change is pulled, and the first cell tells of it."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    import test_browser as browsers

    upstream, clone = tmp_path / "upstream", tmp_path / "my clone"
    copy_course(upstream)
    git(upstream, "init", "--quiet", "--initial-branch=main")
    git(upstream, "add", "--all")
    git(upstream, "commit", "--quiet", "--message=as it is")
    git(tmp_path, "clone", "--quiet", str(upstream), str(clone))
    monkeypatch.chdir(clone)
    monkeypatch.setenv("PYTHONPATH", str(clone))  # before the course that is installed
    options = ["--expose-app-in-browser", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="]
    folders = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "spaces"}
    with (
        browsers.serving(tmp_path, ["course_utils.lab", *options], **folders) as address,
        playwright.sync_playwright() as p,
    ):
        browser = p.chromium.launch(executable_path=chromium, headless=True, args=browsers.ARGUMENTS)
        with browsers.opened(browser) as page:
            page.goto(address)
            start = page.locator(".jp-MarkdownViewer")
            playwright.expect(start.locator("ol a")).to_have_count(len(PATHS))
            assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0, "nothing is asked first"
            start.locator("ol a").first.click()
            page.wait_for_function(f"() => ({OPEN})() === '01_tensors.ipynb'")
            page.evaluate(
                "async () => { const panel = jupyterapp.shell.currentWidget; await panel.context.ready;"
                " await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info }"
            )
            assert {tuple(cell) for cell in page.evaluate(OUTPUTS)} == {(None, 0)}
            page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
            browsers.wait_until(page, lambda: browsers.unfinished(page), lambda cells: not cells, seconds=120)
            page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")
            mine = clone / "my" / "01_tensors.ipynb"
            done = code_cells(nbformat.read(mine, as_version=4))
            stored = code_cells(nbformat.read(PATHS[0], as_version=4))
            assert [bool(cell.outputs) for cell in done] == [bool(cell.outputs) for cell in stored]
            assert not any(output.output_type == "error" for cell in done for output in cell.outputs)
            assert git(clone, "status", "--porcelain") == ""

            edit(upstream / "notebooks" / "01_tensors.ipynb", add_a_sentence)
            git(upstream, "commit", "--quiet", "--all", "--message=one more sentence")
            before = mine.read_bytes()
            git(clone, "pull", "--quiet")
            assert "One more sentence." in (clone / "notebooks" / "01_tensors.ipynb").read_text(encoding="utf-8")
            assert mine.read_bytes() == before and git(clone, "status", "--porcelain") == ""
            page.evaluate(
                "() => { const {content} = jupyterapp.shell.currentWidget;"
                " content.activeCellIndex = [...content.model.cells].findIndex(c => c.type === 'code');"
                " jupyterapp.commands.execute('notebook:run-cell') }"
            )
            news = page.locator(".jp-CodeCell .jp-OutputArea").first
            playwright.expect(news).to_contain_text(
                "The course has a newer version of this notebook. make fresh UNIT=01"
            )
            assert not page.problems
        browser.close()
    assert json.loads(mine.read_text(encoding="utf-8"))["metadata"][lab.MADE_FROM], "JupyterLab keeps what a copy knows"
