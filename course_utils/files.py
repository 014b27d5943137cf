"""Files that are whole or not there: write one, and fetch one from the network."""

import contextlib
import glob
import hashlib
import io
import os
import secrets
import threading
import time
from pathlib import Path

from course_utils.environment import is_static

# a server that sends nothing for so many seconds, or fewer bytes than this in each of them, is given up
PATIENCE, SLOWEST = 9.0, 1000
LONGEST = 2**24  # bytes; no file of the course is longer


def write_whole(path: Path, content: bytes) -> None:
    """Write all of a file or nothing: into a file beside it, onto the disk, and only then under its name.

    What a killed process left behind beside it is deleted after an hour; until then it may be in use.

    Args:
        path: the file; one that is there is replaced.
        content: all of its bytes.

    Raises:
        OSError: it cannot be written. An earlier file is as it was.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    with contextlib.suppress(OSError):  # tidying is never a reason to fail
        for old in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
            if old.stat().st_mtime < time.time() - 3600:
                old.unlink()
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:  # Ctrl+C too
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def download(url: str, sha256: str) -> bytes:
    """Fetch a file into memory, with a progress bar where ``COURSE_STATIC`` is not 1.

    Args:
        url: where it is.
        sha256: what its content must have, 64 hexadecimal digits.

    Returns:
        The content, which has this sha256.

    Raises:
        OSError: the server did not send that content. The message is a few words that say why.
    """
    import pooch  # slow to import, and needed once

    buffer, problems = _Buffer(), []

    def work() -> None:
        try:
            pooch.HTTPDownloader(timeout=(PATIENCE / 2, PATIENCE), progressbar=not is_static())(url, buffer, None)
        except Exception as error:  # whatever a network, a proxy or a server can do
            status = getattr(getattr(error, "response", None), "status_code", "")
            problems.append(f"{type(error).__name__} {status}".strip())

    # A server that sends one byte a second never runs into the timeout of a single read. So the pace is watched from here.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        enough = -1.0
        while thread.is_alive() and buffer.tell() > enough:
            enough = buffer.tell() + SLOWEST * PATIENCE
            thread.join(PATIENCE)
        if thread.is_alive():
            raise OSError("too slow")
        content = buffer.getvalue()
    finally:
        buffer.close()  # ends a download that is still going on
    if problems:
        raise OSError(problems[0])
    if hashlib.sha256(content).hexdigest() != sha256:
        raise OSError("it sent another file")
    return content


class _Buffer(io.BytesIO):
    def write(self, chunk: bytes) -> int:
        if self.tell() > LONGEST:
            raise OSError("The file is too long.")
        return super().write(chunk)
