"""The files that describe the project agree with each other."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement

from tools import PATHS, ROOT, audit, editions, links, notebook_files, publish, slides

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RANGES = [
    Requirement(r) for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for r in group
]
PINS = [
    Requirement(line)
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith(("#", " "))
]
COLAB = dict(
    line.split("==")
    for line in (ROOT / "tests/colab-requirements.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


def version(pin):
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return specifier.version


@pytest.mark.parametrize("wanted", RANGES, ids=lambda r: r.name)
def test_every_range_has_a_pin_that_satisfies_it(wanted):
    pins = [pin for pin in PINS if pin.name == wanted.name]
    assert pins, f"{wanted.name} is missing in requirements.txt: run `make lock`"
    for pin in pins:
        assert wanted.specifier.contains(version(pin)), f"{pin} is outside {wanted}: run `make lock`"


def test_what_students_need_is_in_colab_already():
    """The course must run there without installing or upgrading anything."""
    for wanted in map(Requirement, PROJECT["dependencies"]):
        assert wanted.specifier.contains(COLAB[wanted.name])
    assert "3.13" in Requirement(f"python{PROJECT['requires-python']}").specifier


def test_the_packages_the_course_is_known_for_are_there():
    names = {r.name for r in RANGES}
    assert {"torch", "torchvision", "numpy", "matplotlib", "jupyterlab", "nbval", "ipywidgets"} <= names


def test_conda_takes_the_same_pins():
    lines = [line.strip() for line in (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()]
    assert "- -r requirements.txt" in lines and "- -e ." in lines
    python = next(m[1] for line in lines if (m := re.fullmatch(r"- python=(\d+\.\d+)", line)))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)
    others = [line for line in lines if re.match(r"- [a-z]+[=<>]", line) and "python=" not in line]
    assert not others, "a version of its own would drift away from requirements.txt"


def test_nothing_names_a_package_host():
    host = re.compile(r"(index-url|find-links|trusted-host|https?://[^\s/]*(pypi|pythonhosted|download\.pytorch))")
    for path in [*ROOT.glob("*.*"), *(ROOT / ".github").rglob("*.yml"), ROOT / ".ci/run"]:
        if path.suffix in {".txt", ".toml", ".yml", ".md", ""} and path.is_file():
            assert not host.search(path.read_text(encoding="utf-8")), path.name


def test_make_help_lists_every_command():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.search(r"^\.PHONY: (.+)$", makefile, re.M)[1].split())
    documented = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.M))
    assert phony == documented


def test_the_ci_script_calls_the_command_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make test" in readme and "make test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_ci_sets_up_windows_and_macos_as_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.search(r"Without make.*?```bash\n(.*?)```", readme, re.S)[1].splitlines()
    *setup, lab, test = (line.replace(".venv/bin/python", "${{ matrix.python }}") for line in lines)
    smoke = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8").partition("\n  smoke:\n")[2]
    assert re.findall(r"- run: (.+)", smoke)[: len(setup)] == setup and "course_utils.lab" in lab
    assert len(re.findall(rf"run: {re.escape(test)} .+", smoke)) == 2, "the unit tests, and two notebooks"
    assert r"python: .venv\Scripts\python" in smoke and "on Windows write `.venv\\Scripts\\python`" in readme
    assert {"windows-latest", "macos-latest"} <= set(re.findall(r"system: (\S+)", smoke))


def test_modules_stay_small_and_have_no_star_imports():
    for path in (ROOT / "course_utils").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        # a unit's exercises are a list of wrong answers, and its pictures a list as well
        limit = {"exercises": 4000, "pictures": 400}.get(path.parent.name, 300) if path.name[0] == "u" else 300
        assert len(text.splitlines()) <= limit, f"{path.name} is too long to read in two minutes"
        assert "import *" not in text


def test_the_tools_explain_themselves(capsys):
    for tool in (audit, editions, links, notebook_files, publish, slides):
        assert tool.main(["nonsense", "more", "words"]) == 2
        assert f"python -m {tool.__name__}" in capsys.readouterr().out


@pytest.mark.parametrize("tool", [links, notebook_files])
def test_the_notebooks_are_in_order(tool, capsys):
    assert tool.main(["check"]) == 0, capsys.readouterr().out


def test_another_repository_name_reaches_every_badge_and_setup_cell(monkeypatch):
    name = "someone-else/my-course"
    monkeypatch.setattr(links, "COURSE", {"repository": name, "ref": "v2"})
    files = links.wanted()
    readme = files[ROOT / "README.md"].decode()
    for address in (
        f"github/{name}/blob/v2/notebooks/07_mnist_comparison.ipynb",
        f"https://mybinder.org/v2/gh/{name}/v2?",
        f"https://codespaces.new/{name})",
        f"git-pull?repo=https%3A%2F%2Fgithub.com%2F{name}&branch=v2&urlpath=lab/tree/my-course/notebooks",
    ):
        assert address in readme
    assert "YOUR_NAME" not in readme
    for path in PATHS:
        text = files[path].decode()
        assert f"{name}/blob/v2/notebooks/{path.name}" in text and f"https://github.com/{name}" in text
        assert "--branch=v2" in text and 'Path(\\"my-course\\")' in text
        assert "YOUR_NAME" not in text


# ---- what must not be in a public course: each check of tools/audit.py finds what it is for


def notebook(source="x = 1", cell_id="some-cell", outputs=(), tags=()):
    """A notebook with one code cell."""
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})
    cell.id = cell_id
    return nbformat.v4.new_notebook(cells=[cell])


def output(mime, text):
    return nbformat.v4.new_output("display_data", {mime: text})


def test_the_course_itself_passes_the_audit():
    assert [problem for path in audit.files() for problem in audit.problems(path)] == []
    names = {path.relative_to(ROOT).as_posix() for path in audit.files()}
    assert {"pyproject.toml", "notebooks/07_mnist_comparison.ipynb", ".github/workflows/ci.yml"} <= names


# put together here, so that no line of this file looks like a secret
FAKE_SECRETS = [
    "AKIA" + "A1B2" * 4,
    "ghp_" + "a1B2" * 9,
    "hf_" + "aB" * 17,
    "sk-" + "a1B2" * 10,
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "api_key = " + '"Zm9vYmFyYmF6cXV4"',
    "https://somebody:" + "hunter2hunter2@example.org/x",
]


@pytest.mark.parametrize("secret", FAKE_SECRETS, ids=lambda s: s[:6])
def test_a_secret_is_found_in_a_file_in_a_cell_and_in_an_output(secret, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"first line\nuse {secret} here\n", encoding="utf-8")
    assert list(audit.problems(page)) == ["line 2: something like a secret"]
    for bad in (notebook(f"# {secret}"), notebook(outputs=[nbformat.v4.new_output("stream", text=f"{secret}\n")])):
        assert "cell some-cell: something like a secret" in list(audit.notebook_problems("02_autograd", bad))


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (notebook(outputs=[output("text/html", "<b>x</b>")]), "an output of the type text/html"),
        (notebook(outputs=[output("application/javascript", "alert(1)")]), "of the type application/javascript"),
        (notebook(outputs=[output("text/markdown", "a <script>alert(1)</script>")]), "something like a script"),
        (notebook(outputs=[output("text/markdown", "<iframe src='x'>")]), "something like a script"),
        (notebook(outputs=[output("text/markdown", "[a](javascript:alert(1))")]), "something like a script"),
        (notebook(outputs=[output("text/markdown", '<img src="https://example.org/x.png">')]), "from the network"),
        (notebook("model = torch.load('m.pt', weights_only=False)"), "weights_only is not True"),
        (notebook("load = partial(torch.load, weights_only=trusted)"), "weights_only is not True"),
        (notebook("torch.save(net, 'net.pt')"), "torch.save of something"),
        (notebook("!ls"), "a shell command"),
        (notebook("files = !ls"), "a shell command"),
        (notebook("%%bash\nls"), "a shell command"),
        (notebook("import subprocess\nsubprocess.run(['ls'])"), "a shell command"),
        (notebook("import os\nos.system('ls')"), "a shell command"),
    ],
)
def test_what_a_notebook_must_not_hold_is_found(bad, problem):
    assert any(problem in found for found in audit.notebook_problems("02_autograd", bad))


@pytest.mark.parametrize(
    ("good", "stem"),
    [
        (
            notebook("torch.save(net.state_dict(), p)\nstate = {'a': net.state_dict()}\ntorch.save(state, p)"),
            "02_autograd",
        ),
        (notebook("torch.load(p)\ntorch.load(p, weights_only=True)"), "02_autograd"),
        (notebook("import subprocess\nsubprocess.run(['git'])", tags=["setup"]), "02_autograd"),
        (notebook("torch.save(net, p)", "save-module"), "07_mnist_comparison"),
        (notebook("print(subprocess.run(['nvidia-smi']))", "nvidia-smi"), "03_gpu"),
        (notebook(outputs=[output("image/png", "AKIA" + "A1B2" * 4)]), "02_autograd"),
    ],
)
def test_what_a_notebook_may_hold(good, stem):
    assert list(audit.notebook_problems(stem, good)) == []


def test_an_exception_is_for_one_command_of_one_cell():
    assert list(audit.notebook_problems("03_gpu", notebook("!rm -r x", "nvidia-smi")))
    assert list(audit.notebook_problems("02_autograd", notebook("torch.save(net, p)", "save-module")))
    for stem, cell_id in (audit.DEMONSTRATION, *audit.SHELL):
        path = ROOT / "notebooks" / f"{stem}.ipynb"
        assert cell_id in [cell.id for cell in nbformat.read(path, as_version=4).cells], "an exception for nothing"


WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_zizmor_finds_a_workflow_that_is_not_pinned_or_may_too_much(tmp_path):
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    good = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    unpinned = re.sub(r"@[0-9a-f]{40}.*", "@v5", good)
    without = good.replace("permissions:\n  contents: read\n", "")
    too_much = good.replace("contents: read", "contents: write")
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--quiet", tmp_path / ".github"]
    for text, found in ((good, False), (unpinned, True), (without, True), (too_much, True)):
        (folder / "ci.yml").write_text(text, encoding="utf-8")
        assert (subprocess.run(command, capture_output=True).returncode != 0) is found, text[:400]


def test_all_workflows_pin_the_same_commit_of_an_action():
    pins = {}
    for path in WORKFLOWS:
        for action, commit in re.findall(r"uses: (\S+)@(\S+)", path.read_text(encoding="utf-8")):
            pins.setdefault(action, set()).add(commit)
    assert len(pins) >= 3 and all(len(commits) == 1 for commits in pins.values()), pins


def test_dependabot_looks_after_packages_and_actions():
    text = (ROOT / ".github/dependabot.yml").read_text(encoding="utf-8")
    assert {"pip", "github-actions"} <= set(re.findall(r"package-ecosystem: (\S+)", text))


def test_packages_are_audited_every_week_and_not_with_each_change():
    weekly = (ROOT / ".github/workflows/audit.yml").read_text(encoding="utf-8")
    assert "pip_audit" in weekly and "workflow_dispatch:" in weekly and re.search(r'cron: "\d+ \d+ \* \* \d"', weekly)
    assert "pull_request" not in weekly and "push:" not in weekly
    assert "pip_audit" not in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")


def test_a_notebook_that_takes_too_much_memory_is_refused(tmp_path, monkeypatch, capsys):
    path = tmp_path / "big.ipynb"
    nbformat.write(notebook("x = 1", "big"), path)
    before = path.read_bytes()
    monkeypatch.setattr("course_utils.data.load_mnist", lambda train: (None, range(10_000)))
    monkeypatch.setattr(notebook_files, "run", lambda *_: 2.6)
    with pytest.raises(SystemExit, match=r"big.ipynb takes 2.6 GB of memory, and 2.5 GB are the limit"):
        notebook_files.execute(path)
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_the_memory_of_a_notebook_is_its_own_peak(tmp_path):
    small = notebook_files.run(notebook("x = 1"), tmp_path)
    large = notebook_files.run(notebook("x = b'x' * 400_000_000\ndel x"), tmp_path)
    again = notebook_files.run(notebook("x = 1"), tmp_path)
    assert small < 0.3 and 0.35 < large - small < 0.5 and again < 0.3
