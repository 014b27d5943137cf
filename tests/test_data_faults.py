"""What can go wrong with files, disks, servers and processes: the data is right, or one sentence says that it is not there.

The servers are real ones on 127.0.0.1, the files small ones in MNIST's format, whose sha256 the course is told to trust.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path

import pooch  # noqa: F401  forked processes find it loaded
import pytest
import requests  # noqa: F401
from faults import (
    BAD_ANSWERS,
    BAD_FILES,
    GOOD,
    LABELS,
    NAMES,
    PROXIES,
    closed_port,
    end_at_size,
    forks,
    full_disk,
    in_a_child,
    is_good,
    posix,
    reply,
    reset,
)

from course_utils import data, environment, files


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_mirror(name, serve, monkeypatch, capsys):
    answer, why = BAD_ANSWERS[name]
    is_slow = "too slow" in why
    if is_slow:
        monkeypatch.setattr(files, "PATIENCE", 0.5)
    bad = serve(answer)
    assert [len(data.load_mnist(train)[0]) for train in (True, False)] == [1438, 359], "the digits stand in"
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and data.NO_MNIST in out
    assert re.search(f"{bad.url} failed: .*({why})", out), out
    assert not list(environment.cache_folder().glob("*"))

    data._failed_mirrors.clear()
    if is_slow:
        monkeypatch.setattr(files, "PATIENCE", 1.0)  # for the good mirror on a busy machine
    good = serve(reply)
    monkeypatch.setattr(data, "MIRRORS", (bad.url, good.url))
    assert is_good(data.load_mnist(True))
    assert set(bad.asked) == {f"/{NAMES[0]}"}, "a mirror that failed is left alone"
    assert good.asked == [f"/{n}" for n in NAMES]
    assert sorted(p.name for p in environment.cache_folder().iterdir()) == sorted(NAMES)
    assert all((environment.cache_folder() / n).read_bytes() == GOOD[n] for n in NAMES)
    assert capsys.readouterr().out == ""


def test_a_mirror_that_fails_at_the_last_file(serve, capsys):
    serve(lambda h, c: reply(h, c) if "t10k-labels" not in h.path else reset(h))
    assert len(data.load_mnist(True)[0]) == 1438, "never half of MNIST"
    assert len(list(environment.cache_folder().iterdir())) == 3, "what came is kept"
    data._failed_mirrors.clear()
    asked = serve(reply).asked
    assert is_good(data.load_mnist(True)) and asked == ["/t10k-labels-idx1-ubyte.gz"]


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "http://127.0.0.1:{}/", "htp://x/", "http://[bad/", "nonsense"]
)
def test_a_mirror_that_is_not_there(url, serve, monkeypatch, capsys):
    good = serve(reply)
    monkeypatch.setattr(data, "MIRRORS", (url.format(closed_port()),))
    assert len(data.load_mnist(True)[0]) == 1438
    assert capsys.readouterr().out.count("\n") == 1
    monkeypatch.setattr(data, "MIRRORS", (url.format(closed_port()), good.url))
    assert is_good(data.load_mnist(True))


def test_a_server_that_accepts_no_one(serve, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 1.0)
    good = serve(reply)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(0)
        monkeypatch.setattr(data, "MIRRORS", (f"http://127.0.0.1:{s.getsockname()[1]}/", good.url))
        assert is_good(data.load_mnist(True))


def test_a_slow_server_that_works_is_waited_for_and_shows_progress(serve, monkeypatch, capsys):
    def slowly(handler, content):
        reply(handler, b"", length=len(content))
        for start in range(0, len(content), 1500):
            handler.wfile.write(content[start : start + 1500])
            time.sleep(0.1)

    monkeypatch.setattr(files, "PATIENCE", 2.0)
    monkeypatch.setenv("COURSE_STATIC", "0")
    serve(slowly)
    assert is_good(data.load_mnist(True)), "each images file takes longer than PATIENCE"
    err = capsys.readouterr().err
    assert err.count("100%") >= 4 and "B/s" in err
    monkeypatch.setenv("COURSE_STATIC", "1")
    (environment.cache_folder() / LABELS).unlink()
    assert is_good(data.load_mnist(True)) and capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "value", ["http://127.0.0.1:9", "nonsense", "http://[", "socks5://127.0.0.1:9", "://", "ftp://x:y"]
)
def test_proxy_variables_with_nonsense(value, serve, monkeypatch, capsys):
    serve(reply)
    for name in PROXIES[:3]:
        monkeypatch.setenv(name, value)
    images, _ = loaded = data.load_mnist(True)
    out = capsys.readouterr().out
    assert (len(images) == 1438 and out.count("\n") == 1) or (is_good(loaded) and out == "")


def test_offline_asks_no_one(serve, monkeypatch, capsys):
    server = serve(reply)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert len(data.load_mnist(True)[0]) == 1438
    assert (
        capsys.readouterr().out == data.NO_MNIST + "\n"
        and server.asked == []
        and not environment.cache_folder().exists()
    )


@pytest.mark.parametrize("place", ["cache", "COURSE_MNIST"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file(name, place, serve, monkeypatch, capsys, fresh):
    server = serve(reply)
    folder = environment.cache_folder() if place == "cache" else fresh / "own folder 数据"
    folder.mkdir(parents=True)
    for n in NAMES:
        (folder / n).write_bytes(GOOD[n])
    bad = BAD_FILES[name](GOOD[LABELS])
    (folder / LABELS).write_bytes(bad)
    if place != "cache":
        monkeypatch.setenv("COURSE_MNIST", str(folder))

    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert len(data.load_mnist(True)[0]) == 1438
    assert f"{LABELS} in {folder} is not the official MNIST file" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    assert is_good(data.load_mnist(True)) and server.asked == [f"/{LABELS}"]
    assert (folder / LABELS).read_bytes() == (GOOD[LABELS] if place == "cache" else bad), "only the cache is mended"


@pytest.mark.parametrize("name", [*BAD_FILES, "missing", "a folder"])
@pytest.mark.parametrize("file", list(data.BUNDLED))
def test_a_bad_bundled_file(file, name, monkeypatch, tmp_path):
    shutil.copytree(environment.DATA, tmp_path / "data", ignore=lambda *_: ["mnist"])
    monkeypatch.setattr(environment, "DATA", tmp_path / "data")
    path = tmp_path / "data" / file
    good = data.bundled(file).read_bytes()
    path.unlink()
    if name == "a folder":
        path.mkdir()
    elif name != "missing":
        path.write_bytes(BAD_FILES[name](good))
    with pytest.raises(ValueError, match=f"data/{file} is missing or is not the file .* git checkout -- data/{file}$"):
        {"iris_dataset.csv": data.iris_path, "digits_8x8.csv.gz": lambda: data.load_digits(True)}.get(
            file, lambda: data.bundled(file)
        )()


@pytest.fixture
def readonly(monkeypatch):
    """A function that makes the cache read-only, for root too: this process becomes another user."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setattr(environment, "cache_folder", lambda: Path(folder) / "mnist 数据")
        environment.cache_folder().mkdir()

        def start():
            environment.cache_folder().chmod(0o555)
            if root:
                os.seteuid(65534)
            with pytest.raises(PermissionError):
                (environment.cache_folder() / "x").touch()

        yield start
        if root:
            os.seteuid(0)
        environment.cache_folder().chmod(0o755)


@posix
@pytest.mark.parametrize("there", [4, 2, 0])
def test_a_cache_that_is_read_only(there, serve, readonly, capsys):
    server = serve(reply)
    for n in NAMES[:there]:
        (environment.cache_folder() / n).write_bytes(GOOD[n])
    readonly()
    assert is_good(data.load_mnist(True)) and len(data.load_mnist(False)[0]) == 40
    assert server.asked == [f"/{n}" for n in NAMES[there:]], "each missing file is fetched once"
    out = capsys.readouterr().out
    assert out.count("\n") == (there < 4) and ("Permission denied" in out) == (there < 4)
    assert len(list(environment.cache_folder().iterdir())) == there


def refused(capsys, reason):
    """Say whether one line said that the folder does not take MNIST, and why; Windows has its own words."""
    (line,) = capsys.readouterr().out.splitlines()
    why = re.search(r"does not take it \((\w.*)\), so it is fetched again next time\.$", line)
    return why and (os.name == "nt" or why[1] == reason)


def test_a_cache_that_cannot_be_made(serve, fresh, monkeypatch, capsys):
    (fresh / "file").touch()  # where a folder is needed
    monkeypatch.setattr(environment, "cache_folder", lambda: fresh / "file" / "mnist")
    serve(reply)
    assert is_good(data.load_mnist(True))
    assert refused(capsys, "Not a directory")


def test_a_folder_where_a_file_should_be(serve, capsys):
    (environment.cache_folder() / LABELS / "x").mkdir(parents=True)
    serve(reply)
    assert is_good(data.load_mnist(True)) and refused(capsys, "Is a directory")
    assert sorted(p.name for p in environment.cache_folder().iterdir()) == sorted(NAMES), "no half file stays"


@posix
def test_a_disk_that_is_full(serve, capsys):
    serve(reply)
    with full_disk(20_000):
        assert is_good(data.load_mnist(True))
    assert capsys.readouterr().out.count("\n") == 1
    assert sorted(p.name for p in environment.cache_folder().iterdir()) == sorted(n for n in NAMES if "labels" in n)


def final_files_are_whole():
    return all(
        (environment.cache_folder() / n).read_bytes() == GOOD[n]
        for n in NAMES
        if (environment.cache_folder() / n).exists()
    )


@forks
def test_four_processes_at_once_25_times(serve, capfd):
    server = serve(reply)
    for _ in range(25):
        shutil.rmtree(environment.cache_folder(), ignore_errors=True)
        children = [in_a_child(lambda: is_good(data.load_mnist(True))) for _ in range(4)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        assert sorted(p.name for p in environment.cache_folder().iterdir()) == sorted(NAMES) and final_files_are_whole()
    assert len(server.asked) > 25 * 4, "they did fetch at once"
    assert capfd.readouterr() == ("", "")


@forks
def test_killed_at_ten_random_moments(serve):
    def in_pieces(handler, content):
        reply(handler, b"", length=len(content))
        for start in range(0, len(content), 8000):
            handler.wfile.write(content[start : start + 8000])
            time.sleep(0.005)

    serve(in_pieces)
    for _ in range(10):
        shutil.rmtree(environment.cache_folder(), ignore_errors=True)
        child = in_a_child(lambda: is_good(data.load_mnist(True)))
        time.sleep(random.uniform(0.005, 0.15))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert final_files_are_whole()
        assert is_good(data.load_mnist(True)), "the next start mends it"


@forks
@pytest.mark.parametrize("moment", ["half written", "before it gets its name"])
def test_killed_while_writing(moment, serve):
    serve(reply)

    def work():
        if moment == "half written":
            end_at_size(20_000)
        else:
            type(environment.cache_folder()).replace = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        data.load_mnist(True)

    _, status = os.waitpid(in_a_child(work), 0)
    assert os.WIFSIGNALED(status)
    (part,) = environment.cache_folder().iterdir()
    assert part.name.endswith(".part")
    assert is_good(data.load_mnist(True)) and part.exists(), "another process may be writing it"
    os.utime(part, (time.time() - 7200,) * 2)
    (environment.cache_folder() / NAMES[0]).unlink()
    assert is_good(data.load_mnist(True)) and not part.exists(), "gone after an hour"
