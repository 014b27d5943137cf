"""What can go wrong: bad servers and bad files in place of small ones in MNIST's format, full disks, killed processes."""

import contextlib
import gzip
import http.server
import os
import signal
import socket
import struct
import sys
import threading
import time

import numpy as np
import pytest
import torch

from course_utils import data

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


@contextlib.contextmanager
def serving(answer):
    """Run a server that answers each request with ``answer(handler, content)``, and notes it in ``asked``."""

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
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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
    handler.connection.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    )
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


# ---- disks and processes

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no limit of a file's size, no chmod and few links")
forks = pytest.mark.skipif(
    sys.platform != "linux", reason="Windows has no fork, and on macOS a forked process must not use the network"
)


@contextlib.contextmanager
def full_disk(size):
    """Let the system refuse what would make a file longer than ``size`` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def end_at_size(size):
    """Let the system end this process when a file gets longer than ``size`` bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def in_a_child(work):
    """Run ``work`` in a forked process, which ends with status 0 where it returns True; return its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            torch.set_num_threads(1)
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return child
