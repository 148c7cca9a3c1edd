"""Decoding in a process of its own, for servers that strangers reach: what a decoder's fault could do ends there.

The child has no rights that it could lose: it can open no file and no connection, write nothing, and use no more
memory and time than one picture may. Bytes go in and pixels come out, over a pipe; nothing is unpickled on either side.
"""

import functools
import io
import os
import resource
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import Image

from ui.decode import KEPT_PIXELS, MAX_BYTES, ImageError, file_bytes, read_image

TEXT = {
    "hard": "This picture takes more memory or time to decode than a picture may: save it smaller, as PNG or JPEG.",
    "busy": "Too many pictures are being decoded at this moment: bring yours again in a few seconds.",
}
ROOT = Path(__file__).resolve().parent.parent
CHILDREN = 2
PICTURES = 200  # a child serves so many, then another takes its place
ROOM_BYTES = 256 * 2**20  # above what the child has when it is ready
CPU_S = 4
WALL_S = 15.0  # on a busy machine; the work itself is bounded by CPU_S
READY_S = 30.0
WAIT_S = 10.0
HEADER = struct.Struct("<cII")  # "L", "R" or "E", width, height
MOST_ANSWER = HEADER.size + 3 * KEPT_PIXELS
MODES = {b"L": ("L", 1), b"R": ("RGB", 3)}


class Decoder:
    """One child process and the pipe to it."""

    def __init__(self) -> None:
        self.pictures = 0
        self.pipe, far = Pipe()
        # -P: the child's modules come from here and nowhere else.
        command = [sys.executable, "-P", "-c", "from ui.decode_apart import serve; serve()", str(far.fileno())]
        environment = {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        with far:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                command, cwd=ROOT, env=environment, pass_fds=[far.fileno()], stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self.ready = False

    def decode(self, data: bytes) -> Image.Image:
        """Give a picture to the child. Raises ImageError, and EOFError, OSError or TimeoutError where it is lost."""
        if not self.ready:
            self._receive(READY_S)
            self.ready = True
        self.pictures += 1
        self.pipe.send_bytes(data)
        answer = self._receive(WALL_S)
        kind, width, height = HEADER.unpack_from(answer)
        body = answer[HEADER.size :]
        if kind == b"E":
            raise ImageError(" ".join(body[:1200].decode("utf-8", "replace").split())[:300])
        mode, channels = MODES.get(kind, ("", 0))
        if width < 1 or height < 1 or len(body) != width * height * channels:
            raise EOFError("the child answered something else than a picture")
        return Image.frombytes(mode, (width, height), body)

    def close(self) -> None:
        """End the child."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()

    def _receive(self, seconds: float) -> bytes:
        if not self.pipe.poll(seconds):
            raise TimeoutError
        return self.pipe.recv_bytes(MOST_ANSWER)


class Decoders:
    """A few children, started when first needed, then kept warm."""

    def __init__(self, count: int = CHILDREN) -> None:
        self._places = threading.BoundedSemaphore(count)
        self._idle: list[Decoder] = []
        self._lock = threading.Lock()

    def read_image(self, source: str | Path | bytes) -> Image.Image:
        """Do what ui.decode.read_image does, in a child. Raises ImageError."""
        data = file_bytes(source)
        if not self._places.acquire(timeout=WAIT_S):
            raise ImageError(TEXT["busy"])
        try:
            return self._decode(data)
        finally:
            self._places.release()

    def _decode(self, data: bytes) -> Image.Image:
        with self._lock:
            decoder = self._idle.pop() if self._idle else Decoder()
        try:
            image = decoder.decode(data)
        except ImageError:
            self._keep(decoder)
            raise
        except (EOFError, OSError, TimeoutError, struct.error) as error:
            decoder.close()
            raise ImageError(TEXT["hard"]) from error
        except BaseException:
            decoder.close()
            raise
        self._keep(decoder)
        return image

    def _keep(self, decoder: Decoder) -> None:
        if decoder.pictures >= PICTURES:
            decoder.close()
            return
        with self._lock:
            self._idle.append(decoder)

    def close(self) -> None:
        """End the children that wait."""
        with self._lock:
            for decoder in self._idle:
                decoder.close()
            self._idle.clear()


@functools.cache
def decoders() -> Decoders:
    """Return the children of this server."""
    return Decoders()


def serve() -> None:
    """Decode what comes, until the other side is gone: the child's life."""
    pipe = Connection(int(sys.argv[1]))
    _practise()
    _give_up_rights()
    pipe.send_bytes(b"ready")
    while True:
        try:
            data = pipe.recv_bytes(MAX_BYTES)
        except (EOFError, OSError):
            return
        used = sum(os.times()[:2])
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + CPU_S + 1, resource.RLIM_INFINITY))
        pipe.send_bytes(_answer(data))


def _answer(data: bytes) -> bytes:
    try:
        image = read_image(data)
    except ImageError as error:
        return HEADER.pack(b"E", 0, 0) + str(error).encode()
    return HEADER.pack(image.mode[:1].encode(), *image.size) + image.tobytes()


def _practise() -> None:
    """Decode one picture of each kind: whatever Pillow loads late is loaded before no file can be opened."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        for mode in ("RGB", "RGBA", "L", "P"):
            file = io.BytesIO()
            picture = Image.new(mode, (8, 8))
            if kind == "JPEG" and mode in ("RGBA", "P"):
                picture = picture.convert("CMYK")
            picture.save(file, kind, exif=exif) if kind in ("PNG", "JPEG", "WEBP") else picture.save(file, kind)
            with suppress(ImageError):
                read_image(file.getvalue())


def _give_up_rights() -> None:
    own = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")
    for what, limit in (
        (resource.RLIMIT_AS, own + ROOM_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays open
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (limit, limit))
