"""The package has rooms: imports point down, there is no circle, each unit is found by its number, and it works installed."""

import ast
import graphlib
import os
import re
import subprocess
import sys
import sysconfig
import zipfile

import faults
import pytest

from course_utils import data
from tools import PATHS, ROOT, audit

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
    r"course_utils\.(explorers|pad|explorables(\.\w+)?)",
    r"course_utils\.session",
    r"course_utils\.pictures(\.\w+)?",
    r"course_utils\.lessons(\.\w+)?",
    r"course_utils\.(lab|optimizers|surfaces|training|checkpoints|data|devices|errors|files)",
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


# ---- installed, without the checkout, and as on Windows

USE = """
import contextlib, csv, hashlib, importlib, io, os, pathlib, runpy, signal, sys
sys.modules["resource"] = None  # Windows has neither this module nor this timer
vars(signal).pop("setitimer", None)
installed, home, own, address = sys.argv[1:]
os.environ["COURSE_OFFLINE"] = "1"
import course_utils
from course_utils import data, environment
from course_utils.exercises.__main__ import main, units
assert pathlib.Path(course_utils.__file__).is_relative_to(installed), course_utils.__file__
assert not environment.IS_CHECKOUT

# what ships with the course
assert len(data.iris_path().read_text(encoding="utf-8").splitlines()) == 151
assert len(data.load_digits(train=True)[1]) == 1438
with data.published_path().open(encoding="utf-8", newline="") as file:
    assert len(list(csv.DictReader(file))) > 6

# the exercises of every unit
for name in units().values():
    unit = importlib.import_module(f"course_utils.exercises.{name}")
    exercise = unit.EXERCISES[0]
    names = dict(vars(unit))
    exec(exercise.solution().plain, names)
    assert exercise.check(names[exercise.name]).status == "correct", name
    assert exercise.check(None).status == "not attempted" and exercise.check("junk").status == "wrong"
assert len(units()) == 7

# MNIST, in small files: offline the digits stand in; then it is fetched into the user's cache; a folder of the user's comes first
import faults
data.MNIST_FILES = {name: hashlib.sha256(content).hexdigest() for name, content in faults.GOOD.items()}
data.MIRRORS = (address,)
assert len(data.load_mnist(train=False)[1]) == 359
if os.name == "nt":  # there, no setting moves the user's cache
    import pooch
    pooch.os_cache = pathlib.Path(home).joinpath
cache = environment.cache_folder()
assert cache.is_relative_to(home) and not cache.is_relative_to(installed) and not cache.exists()
del os.environ["COURSE_OFFLINE"]
assert faults.is_good(data.load_mnist(train=True))
assert sorted(os.listdir(cache)) == sorted(data.MNIST_FILES)
for path in cache.iterdir():
    path.write_bytes(b"damaged")
os.environ.update(COURSE_MNIST=own, COURSE_OFFLINE="1")
with contextlib.redirect_stdout(io.StringIO()) as said:
    assert faults.is_good(data.load_mnist(train=True))
assert said.getvalue() == ""
os.environ["COURSE_MNIST"] = own + " that is not there"
assert len(data.load_mnist(train=False)[1]) == 359  # and a sentence about the damaged files

# the commands
runpy.run_module("course_utils", run_name="__main__")
assert main(["02"]) == 0
"""


def copy_course(folder):
    """Copy the files of the course, as they would be after a push."""
    for path in audit.files():
        copied = folder / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(path.read_bytes())


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The package as a wheel carries it, unpacked into a folder that cannot be written."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("数据 installed")
    copy_course(source)
    fetched = source / "data/mnist" / next(iter(data.MNIST_FILES))
    fetched.parent.mkdir()
    fetched.touch()
    build = [sys.executable, "-c", "from hatchling import build; build.build_wheel('.')"]
    done = subprocess.run(build, cwd=source, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(next(source.glob("*.whl"))) as wheel:
        wheel.extractall(target)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield target
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755)


def test_the_package_works_installed_from_an_empty_folder(installed, tmp_path):
    """Without a network, in another folder, with a console that knows only cp1252; -S hides the editable install."""
    here, home, own = tmp_path / "here", tmp_path / "ann 數字", tmp_path / "my MNIST"
    for folder in (here, home, own):
        folder.mkdir()
    for name, content in faults.GOOD.items():
        (own / name).write_bytes(content)
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(ROOT / "tests")]
    code = f"import sys; sys.path[:0] = {paths}\n{USE}"
    before = {path: path.stat().st_mtime_ns for path in installed.rglob("*")}
    settings = {"PYTHONIOENCODING": "cp1252", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home)}
    settings |= {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "USERPROFILE") if name in os.environ}
    with faults.serving(faults.reply) as server:
        arguments = [installed, home, own, server.url]
        command = [sys.executable, "-S", "-c", code, *map(str, arguments)]
        done = subprocess.run(command, cwd=here, env=settings, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    assert server.asked == [f"/{name}" for name in data.MNIST_FILES]
    shown = done.stdout.decode(errors="replace")
    assert "stand in for it" in shown and "chain_rule: " in shown and "is not the official MNIST file" in shown
    assert re.search(r"^torch \d", shown, re.M)
    after = {path: path.stat().st_mtime_ns for path in installed.rglob("*")}  # root may write it all the same
    assert list(here.iterdir()) == [] and after == before, "nothing is written where nobody asked"


def test_the_wheel_carries_every_module_and_every_file_of_the_data(installed):
    carried = {path.relative_to(installed).as_posix() for path in installed.rglob("*.py")}
    assert carried == {path.relative_to(ROOT).as_posix() for path in MODULES.values()}
    listed = {path.name for path in audit.files() if path.parent == ROOT / "data"}
    assert {path.name for path in (installed / "course_utils/bundled").iterdir()} == listed, "and MNIST is left out"


# ---- texts are UTF-8 with the line ends of Unix, on every machine


def lacks_encoding(call):
    """Say whether a call reads or writes text, and leaves its encoding to the machine."""
    name, given = ast.unparse(call.func), {k.arg: ast.unparse(k.value) for k in call.keywords}
    words = {name, *map(ast.unparse, call.args)}
    is_binary = words & {"os.open", "Image.open", "tarfile.open", "webbrowser.open", "tab.open", "'rb'", "'wb'", "'xb'"}
    opens = re.search(r"\bopen$", name) and not is_binary
    is_text = opens or re.search(r"\b(read|write)_text$", name) or given.get("text") == "True"
    return bool(is_text) and "encoding" not in given and "'utf-8'" not in words


def test_every_text_is_read_and_written_as_utf_8():
    bad = ["open(p, 'w')", "p.open(newline='')", "(p / 'x').read_text()", "p.write_text(t)", "run(c, text=True)"]
    good = ["open(p, 'rb')", "p.open('xb')", "open(p, encoding='utf-8')", "tarfile.open(p)", "run(c, encoding='utf-8')"]
    assert [lacks_encoding(ast.parse(code).body[0].value) for code in bad + good] == [True] * 5 + [False] * 5
    code = {path: ast.parse(path.read_text(encoding="utf-8")) for path in audit.files() if path.suffix == ".py"}
    calls = [(path, node) for path, tree in code.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [f"{path.relative_to(ROOT)}:{call.lineno}" for path, call in calls if lacks_encoding(call)] == []


def test_git_gives_every_machine_the_same_bytes():
    done = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        pytest.skip("this is no git repository")
    assert [line for line in done.stdout.splitlines() if not re.search(r"attr/(-text|text.* eol=lf)", line)] == []
