"""The package has rooms: imports point down, there is no circle, each unit is found by its number, and it works installed."""

import ast
import graphlib
import re
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from tools import PATHS, ROOT

PACKAGE = ROOT / "course_utils"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# from the top: a room may use itself and those after it
ROOMS = (
    r"course_utils(\.__main__)?",
    r"course_utils\.exercises(\.__main__|\.u\d\d_\w+)?",
    r"course_utils\.exercises\.engine(\.\w+)?",
    r"course_utils\.explorers",
    r"course_utils\.session",
    r"course_utils\.pictures(\.\w+)?",
    r"course_utils\.lessons(\.\w+)?",
    r"course_utils\.(optimizers|surfaces|training|checkpoints|data|devices|errors|files)",
    r"course_utils\.environment",
)


def room(module):
    """Return the number of a module's room, from the top."""
    return next(i for i, pattern in enumerate(ROOMS) if re.fullmatch(pattern, module))


def imports(path):
    """Return the modules of the course that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & set(MODULES)


def test_imports_point_down_and_in_no_circle():
    graph = {module: imports(path) for module, path in MODULES.items()}
    wrong = [f"{a} imports {b}" for a, needed in graph.items() for b in needed if room(b) < room(a)]
    assert wrong == []
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError where there is a circle
    assert sum(map(len, graph.values())) > 40, "the imports are really read"


def test_each_unit_is_found_by_its_number():
    stems = {path.stem for path in PATHS}
    assert len(stems) == 7
    for folder, pattern in (("exercises", "u{}.py"), ("pictures", "u{}.py")):
        assert {path.name for path in (PACKAGE / folder).glob("u*.py")} == {pattern.format(stem) for stem in stems}
    tests = {path.name for path in (ROOT / "tests").glob("test_u*.py")}
    assert {f"test_u{stem}.py" for stem in stems} <= tests
    numbers = {stem[:2] for stem in stems}
    for path in [*(PACKAGE / "lessons").glob("*_*.py"), *(ROOT / "tests").glob("test_u*.py")]:
        if path.name != "__init__.py":
            assert re.fullmatch(r"(?:test_)?u(\d\d)_\w+\.py", path.name)[1] in numbers, path.name


# ---- installed, without the checkout

USE = """
import csv, importlib, os, pathlib, sys
os.environ["COURSE_OFFLINE"] = "1"
import course_utils
from course_utils import data, environment
from course_utils.exercises.__main__ import main, units
assert pathlib.Path(course_utils.__file__).is_relative_to(sys.argv[1]), course_utils.__file__
assert not environment.IS_CHECKOUT and "mnist" not in os.listdir(environment.DATA)
assert len(data.iris_path().read_text(encoding="utf-8").splitlines()) == 151
assert len(data.load_digits(train=True)[1]) == 1438
with data.published_path().open(newline="") as file:
    assert len(list(csv.DictReader(file))) > 6
cache = environment.cache_folder()
assert cache.name == "mnist" and sys.argv[1] not in str(cache), "fetched files go to the user's cache"
assert len(data.load_mnist(train=False)[1]) == 359
for number, name in units().items():
    unit = importlib.import_module(f"course_utils.exercises.{name}")
    first = unit.EXERCISES[0]
    assert first.check(first.answer).status == "correct", name
assert len(units()) == 7 and main(["02"]) == 0
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as a wheel carries it, unpacked into a folder that cannot be written."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("数据 installed")
    listed = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "course_utils",
        "data",
        "*.toml",
        "*.md",
    ]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = "import setuptools.build_meta as b; print(b.build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(next(source.glob("*.whl"))) as wheel:
        wheel.extractall(target)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield target
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755)


def test_the_package_works_installed_from_an_empty_folder(installed, tmp_path):
    """Offline, in another folder, with a console that knows only cp1252; -S hides the editable install."""
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    code = f"import sys; sys.path[:0] = {paths}\n{USE}"
    environment = {
        "PYTHONIOENCODING": "cp1252", "HOME": str(tmp_path), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(installed)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    shown = done.stdout.decode("utf-8")
    assert "stand in for it" in shown and "chain_rule: " in shown
    assert list(tmp_path.iterdir()) == [], "nothing is written where nobody asked"


def test_every_module_of_the_package_is_in_the_wheel(installed):
    carried = {path.relative_to(installed).as_posix() for path in installed.rglob("*.py")}
    assert {path.relative_to(ROOT).as_posix() for path in MODULES.values()} <= carried
    assert {path.name for path in (installed / "course_utils/bundled").iterdir()} == {
        path.name for path in (ROOT / "data").iterdir() if path.is_file()
    }
