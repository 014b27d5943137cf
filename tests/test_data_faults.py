"""What can go wrong with files, disks, servers and processes: the data is right, or one sentence says that it is not there.

The servers are real ones on 127.0.0.1, the files small ones in MNIST's format, whose sha256 the course is told to trust.
"""

import contextlib
import gzip
import hashlib
import http.server
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pooch  # noqa: F401  forked processes find it loaded
import pytest
import requests  # noqa: F401
import torch
import torchvision.datasets

from course_utils import data, files

NAMES = list(data.MNIST_FILES)
LABELS = "train-labels-idx1-ubyte.gz"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def in_mnist_format(name, count=40):
    if "labels" in name:
        return gzip.compress(bytes(8) + bytes(i % 10 for i in range(count)), mtime=0)
    noise = np.random.default_rng(len(name)).integers(256, size=count * 784, dtype=np.uint8)  # cannot be compressed
    return gzip.compress(bytes(16) + noise.tobytes(), mtime=0)


GOOD = {name: in_mnist_format(name) for name in NAMES}


def is_good(loaded):
    images, labels = loaded
    expected = gzip.decompress(GOOD[NAMES[0]])[16:]
    return images.shape == (40, 28, 28) and images.numpy().tobytes() == expected and labels.tolist()[:3] == [0, 1, 2]


@pytest.fixture
def fresh(monkeypatch, empty_cache):
    """An empty cache in a folder with an awkward name, and nothing said yet."""
    monkeypatch.setattr(data, "MNIST_FILES", {name: hashlib.sha256(GOOD[name]).hexdigest() for name in NAMES})
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return empty_cache


@pytest.fixture
def serve(fresh, monkeypatch):
    """Start a server that answers each request with ``answer(handler, content)``, and make it the only mirror."""
    servers = []

    def start(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                with contextlib.suppress(OSError):  # the client may leave
                    answer(self, GOOD[self.path.rsplit("/", 1)[-1]])

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.asked = []
        server.request_queue_size = 50
        server.daemon_threads = True
        threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True).start()
        servers.append(server)
        server.url = f"http://127.0.0.1:{server.server_port}/"
        mirrors(monkeypatch, server.url)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def mirrors(monkeypatch, *urls):
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", list(urls))


def reply(handler, body, length=None, status=200, **headers):
    handler.send_response(status)
    if length is not False:
        handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()


def reset(handler):
    """Close with a reset instead of an orderly end."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.rfile = handler.wfile = open(os.devnull, "rb")
    raise ConnectionResetError


def drip(handler, content, pause=0.02):
    for byte in content:
        handler.wfile.write(bytes([byte]))
        time.sleep(pause)


def half_then(then):
    def answer(handler, content):
        reply(handler, content[: len(content) // 2], length=len(content))
        then(handler)

    return answer


def endless(handler, content):
    reply(handler, b"", length=False)
    while True:
        handler.wfile.write(bytes(2**16))


def drip_headers(handler, content):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(handler, b"x" * 1000)


BAD_ANSWERS = {
    "connection closed in the body": (half_then(lambda h: None), "ChunkedEncodingError|ConnectionError"),
    "connection reset in the body": (half_then(reset), "ChunkedEncodingError|ConnectionError"),
    "connection reset before an answer": (lambda h, c: reset(h), "ConnectionError"),
    "truncated gz": (lambda h, c: reply(h, c[:-5]), "another file"),
    "truncated gz, no length": (lambda h, c: reply(h, c[:-5], length=False), "another file"),
    "an HTML page": (lambda h, c: reply(h, b"<html>please log in</html>", Content_Type="text/html"), "another file"),
    "nothing": (lambda h, c: reply(h, b""), "another file"),
    "zeros": (lambda h, c: reply(h, bytes(len(c))), "another file"),
    "another file": (lambda h, c: reply(h, in_mnist_format("images", 41)), "another file"),
    "not found": (lambda h, c: reply(h, b"no", status=404), "HTTPError 404"),
    "forbidden": (lambda h, c: reply(h, b"no", status=403), "HTTPError 403"),
    "unavailable": (lambda h, c: reply(h, b"later", status=503), "HTTPError 503"),
    "redirected to itself": (lambda h, c: reply(h, b"", status=302, Location=h.path), "TooManyRedirects"),
    "redirected to nonsense": (lambda h, c: reply(h, b"", status=302, Location="http://[bad"), "Invalid|Error"),
    "no HTTP at all": (lambda h, c: h.wfile.write(b"hello?\r\n\r\n"), "ConnectionError"),
    "a length that is no number": (lambda h, c: reply(h, c, length="many"), "Error"),
    "unpacked on the way": (lambda h, c: reply(h, c, Content_Encoding="gzip"), "another file"),
    "broken packing": (lambda h, c: reply(h, b"no gzip", Content_Encoding="gzip"), "ContentDecodingError"),
    "an endless file": (endless, "OSError"),
    "stalled before an answer": (lambda h, c: time.sleep(4), "ReadTimeout|too slow"),
    "stalled in the body": (half_then(lambda h: time.sleep(4)), "ConnectionError|ReadTimeout|too slow"),
    "a byte now and then": (lambda h, c: (reply(h, b"", length=len(c)), drip(h, c)), "too slow"),
    "a byte of a header now and then": (drip_headers, "too slow"),
}


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
    assert not list(data.CACHE.glob("*"))

    data._failed_mirrors.clear()
    if is_slow:
        monkeypatch.setattr(files, "PATIENCE", 1.0)  # for the good mirror on a busy machine
    good = serve(reply)
    mirrors(monkeypatch, bad.url, good.url)
    assert is_good(data.load_mnist(True))
    assert set(bad.asked) == {f"/{NAMES[0]}"}, "a mirror that failed is left alone"
    assert good.asked == [f"/{n}" for n in NAMES]
    assert sorted(p.name for p in data.CACHE.iterdir()) == sorted(NAMES)
    assert all((data.CACHE / n).read_bytes() == GOOD[n] for n in NAMES)
    assert capsys.readouterr().out == ""


def test_a_mirror_that_fails_at_the_last_file(serve, capsys):
    serve(lambda h, c: reply(h, c) if "t10k-labels" not in h.path else reset(h))
    assert len(data.load_mnist(True)[0]) == 1438, "never half of MNIST"
    assert len(list(data.CACHE.iterdir())) == 3, "what came is kept"
    data._failed_mirrors.clear()
    asked = serve(reply).asked
    assert is_good(data.load_mnist(True)) and asked == ["/t10k-labels-idx1-ubyte.gz"]


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "http://127.0.0.1:{}/", "htp://x/", "http://[bad/", "nonsense"]
)
def test_a_mirror_that_is_not_there(url, serve, monkeypatch, capsys):
    good = serve(reply)
    mirrors(monkeypatch, url.format(closed_port()))
    assert len(data.load_mnist(True)[0]) == 1438
    assert capsys.readouterr().out.count("\n") == 1
    mirrors(monkeypatch, url.format(closed_port()), good.url)
    assert is_good(data.load_mnist(True))


def test_a_server_that_accepts_no_one(serve, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 1.0)
    good = serve(reply)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(0)
        mirrors(monkeypatch, f"http://127.0.0.1:{s.getsockname()[1]}/", good.url)
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
    (data.CACHE / LABELS).unlink()
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
    assert capsys.readouterr().out == data.NO_MNIST + "\n" and server.asked == [] and not data.CACHE.exists()


BAD_FILES = {
    "truncated": lambda good: good[:-3],
    "half": lambda good: good[: len(good) // 2],
    "empty": lambda good: b"",
    "zeroed": lambda good: bytes(len(good)),
    "one bit": lambda good: bytes([*good[:-9], good[-9] ^ 1, *good[-8:]]),
    "HTML": lambda good: b"<html>not found</html>",
    "labels shifted by one": lambda good: gzip.compress(bytes(8) + bytes((i + 1) % 10 for i in range(40)), mtime=0),
    "half of the labels": lambda good: in_mnist_format("labels", 20),
}


@pytest.mark.parametrize("place", ["cache", "COURSE_MNIST"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file(name, place, serve, monkeypatch, capsys, fresh):
    server = serve(reply)
    folder = data.CACHE if place == "cache" else fresh / "own folder 数据"
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
    shutil.copytree(data.FOLDER, tmp_path / "data", ignore=lambda *_: ["mnist"])
    monkeypatch.setattr(data, "FOLDER", tmp_path / "data")
    path = tmp_path / "data" / file
    good = data._bundled(file)
    path.unlink()
    if name == "a folder":
        path.mkdir()
    elif name != "missing":
        path.write_bytes(BAD_FILES[name](good))
    with pytest.raises(ValueError, match=f"data/{file} is missing or is not the file .* git checkout -- data/{file}$"):
        {"iris_dataset.csv": data.iris_path, "digits_8x8.csv.gz": lambda: data.load_digits(True)}.get(
            file, lambda: data._bundled(file)
        )()


@pytest.fixture
def readonly(monkeypatch):
    """A function that makes the cache read-only, for root too: this process becomes another user."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setattr(data, "CACHE", Path(folder) / "mnist 数据")
        data.CACHE.mkdir()

        def start():
            data.CACHE.chmod(0o555)
            if root:
                os.seteuid(65534)
            with pytest.raises(PermissionError):
                (data.CACHE / "x").write_text("x")

        yield start
        if root:
            os.seteuid(0)
        data.CACHE.chmod(0o755)


@pytest.mark.parametrize("there", [4, 2, 0])
def test_a_cache_that_is_read_only(there, serve, readonly, capsys):
    server = serve(reply)
    for n in NAMES[:there]:
        (data.CACHE / n).write_bytes(GOOD[n])
    readonly()
    assert is_good(data.load_mnist(True)) and len(data.load_mnist(False)[0]) == 40
    assert server.asked == [f"/{n}" for n in NAMES[there:]], "each missing file is fetched once"
    out = capsys.readouterr().out
    assert out.count("\n") == (there < 4) and ("Permission denied" in out) == (there < 4)
    assert len(list(data.CACHE.iterdir())) == there


def test_a_cache_that_cannot_be_made(serve, fresh, monkeypatch, capsys):
    (fresh / "file").write_text("a file, where a folder is needed")
    monkeypatch.setattr(data, "CACHE", fresh / "file" / "mnist")
    serve(reply)
    assert is_good(data.load_mnist(True))
    assert "(Not a directory)" in capsys.readouterr().out


def test_a_folder_where_a_file_should_be(serve, capsys):
    (data.CACHE / LABELS / "x").mkdir(parents=True)
    serve(reply)
    assert is_good(data.load_mnist(True)) and "Is a directory" in capsys.readouterr().out
    assert sorted(p.name for p in data.CACHE.iterdir()) == sorted(NAMES), "no half file stays"


def test_a_disk_that_is_full(serve, capsys):
    serve(reply)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # the system refuses the rest of an images file
    try:
        assert is_good(data.load_mnist(True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert capsys.readouterr().out.count("\n") == 1
    assert sorted(p.name for p in data.CACHE.iterdir()) == sorted(n for n in NAMES if "labels" in n)


def in_a_child(work):
    """Run ``work`` in a forked process, which ends with status 0 where it returns True."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            torch.set_num_threads(1)
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return child


def final_files_are_whole():
    return all((data.CACHE / n).read_bytes() == GOOD[n] for n in NAMES if (data.CACHE / n).exists())


def test_four_processes_at_once_25_times(serve, capfd):
    server = serve(reply)
    for _ in range(25):
        shutil.rmtree(data.CACHE, ignore_errors=True)
        children = [in_a_child(lambda: is_good(data.load_mnist(True))) for _ in range(4)]
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
        assert sorted(p.name for p in data.CACHE.iterdir()) == sorted(NAMES) and final_files_are_whole()
    assert len(server.asked) > 25 * 4, "they did fetch at once"
    assert capfd.readouterr() == ("", "")


def test_killed_at_ten_random_moments(serve):
    def in_pieces(handler, content):
        reply(handler, b"", length=len(content))
        for start in range(0, len(content), 8000):
            handler.wfile.write(content[start : start + 8000])
            time.sleep(0.005)

    serve(in_pieces)
    for _ in range(10):
        shutil.rmtree(data.CACHE, ignore_errors=True)
        child = in_a_child(lambda: is_good(data.load_mnist(True)))
        time.sleep(random.uniform(0.005, 0.15))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert final_files_are_whole()
        assert is_good(data.load_mnist(True)), "the next start mends it"


@pytest.mark.parametrize("moment", ["half written", "before it gets its name"])
def test_killed_while_writing(moment, serve):
    serve(reply)

    def work():
        if moment == "half written":
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the system ends the process when the file gets longer
        else:
            type(data.CACHE).replace = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        data.load_mnist(True)

    _, status = os.waitpid(in_a_child(work), 0)
    assert os.WIFSIGNALED(status)
    (part,) = data.CACHE.iterdir()
    assert part.name.endswith(".part")
    assert is_good(data.load_mnist(True)) and part.exists(), "another process may be writing it"
    os.utime(part, (time.time() - 7200,) * 2)
    (data.CACHE / NAMES[0]).unlink()
    assert is_good(data.load_mnist(True)) and not part.exists(), "gone after an hour"
