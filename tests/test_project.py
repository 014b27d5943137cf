"""The files that describe the project agree with each other."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RANGES = [
    Requirement(r) for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for r in group
]
PINS = [
    Requirement(line)
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith(("#", " "))
]
# what Colab had on 2026-08-19; the course must run there without installing or upgrading anything
COLAB = {
    "torch": "2.11.0", "torchvision": "0.26.0", "numpy": "2.1.3", "matplotlib": "3.10.0", "ipywidgets": "7.7.1",
    "pooch": "1.8.2", "tqdm": "4.67.3", "networkx": "3.6.1",
}  # fmt: skip


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


def test_modules_stay_small_and_have_no_star_imports():
    for path in (ROOT / "course_utils").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        limit = 250 if "exercises/u" not in path.as_posix() else 850  # a unit is mostly its wrong answers
        assert len(text.splitlines()) <= limit * 1.1, f"{path.name} is too long to read in two minutes"
        assert "import *" not in text


def test_links_inside_the_pages_exist():
    for page in [*ROOT.glob("*.md"), *(ROOT / "data").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_tools_explain_themselves():
    for tool in ("notebooks.py", "links.py"):
        result = subprocess.run([sys.executable, ROOT / "tools" / tool, "nonsense"], capture_output=True, text=True)
        assert result.returncode == 2 and f"tools/{tool}" in result.stdout


def test_another_repository_name_reaches_every_badge_and_setup_cell(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import links

    name = "someone-else/my-course"
    monkeypatch.setattr(links, "COURSE", {"repository": name, "ref": "v2"})
    files = links.wanted()
    assert f"github/{name}/blob/v2/notebooks/07_mnist_comparison.ipynb" in files[ROOT / "README.md"].decode()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = files[path].decode()
        assert f"{name}/blob/v2/notebooks/{path.name}" in text and f"https://github.com/{name}" in text
        assert "--branch=v2" in text and 'Path(\\"my-course\\")' in text
        assert "YOUR_NAME" not in text
