"""What several files of tests share: closed figures, examples, one test for each notebook, a browser, an empty cache."""

import contextlib
import hashlib
import os

import matplotlib

matplotlib.use("agg")
import faults
import matplotlib.pyplot as plt
import nbformat
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

import tools
from course_utils import data, environment
from course_utils.pictures import style

# `make test` tries the same examples in every run, whatever the speed; `make fuzz` looks for new ones
FREE = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example],
}
settings.register_profile("course", derandomize=True, **FREE)
settings.register_profile("fuzz", derandomize=False, max_examples=1000, print_blob=True, **FREE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "course"))
# Hypothesis also tries the constants of all modules that are loaded, so examples would depend on which tests ran before
providers._get_local_constants = lambda: providers._local_constants


@pytest.fixture(autouse=True)
def close_figures():
    """Draw in the style of the course, and leave no figure and no setting behind."""
    with plt.rc_context():
        style.use_style()
        yield
    plt.close("all")


@pytest.fixture(params=tools.PATHS, ids=lambda path: path.stem)
def path(request):
    """Each notebook in turn."""
    return request.param


@pytest.fixture
def notebook(path):
    """The notebook itself."""
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="session")
def chromium():
    """The browser to test with."""
    found = tools.chromium()
    if not found:
        pytest.skip("there is no chromium on this machine")
    return found


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    """MNIST was neither fetched nor missed so far, and no setting says where it is."""
    monkeypatch.setattr(environment, "cache_folder", lambda: tmp_path / "my data [1] 数据" / "mnist")
    for name, value in {"_said": set(), "_failed_mirrors": {}, "_unkept": {}}.items():
        monkeypatch.setattr(data, name, value)
    for name in ("COURSE_MNIST", "COURSE_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def fresh(monkeypatch, empty_cache):
    """An empty cache in a folder with an awkward name, nothing said yet, and MNIST is the small files of ``faults``."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in faults.GOOD.items()}
    monkeypatch.setattr(data, "MNIST_FILES", sums)
    for name in faults.PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return empty_cache


@pytest.fixture
def serve(fresh, monkeypatch):
    """A function that starts a server with ``answer(handler, content)``, and makes it the only mirror."""
    with contextlib.ExitStack() as stack:

        def start(answer):
            server = stack.enter_context(faults.serving(answer))
            monkeypatch.setattr(data, "MIRRORS", (server.url,))
            return server

        yield start
