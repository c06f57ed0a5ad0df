"""Whole messages over a socket between two processes of one run, with a deadline for every wait."""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from collections import deque

__all__ = ["Wire"]

_HEADER = struct.Struct("!Q")
_CHUNK = 1 << 20
_DAY = 86_400.0


class Wire:
    """One end of a socket. Nothing here blocks for longer than it was told to, whatever the other end does.

    `longest` is how many bytes a message may have that is read.

    >>> one, other = map(Wire, socket.socketpair())
    >>> one.put(b"hello"), other.get(1.0)
    (None, b'hello')
    >>> one.close(); other.close()
    """

    def __init__(self, end: socket.socket, longest: float = math.inf) -> None:
        end.setblocking(False)
        self._socket, self._longest = end, longest
        self._out: deque[memoryview] = deque()
        self._in = bytearray()

    def put(self, message: bytes) -> None:
        """Send what the socket takes now; the rest goes out while `get` or `flush` waits."""
        self._out += [memoryview(_HEADER.pack(len(message))), memoryview(message)]
        self._write()

    def flush(self) -> None:
        """Wait until everything is sent; EOFError where nobody reads any more."""
        while self._out:
            self._wait(math.inf, None)

    def get(self, seconds: float = math.inf, gone: socket.socket | None = None) -> bytes:
        """The next message. TimeoutError after `seconds`; EOFError where none can come: the other end is closed,
        or `gone` has become readable. ValueError for a message longer than `longest`.
        """
        until = time.monotonic() + seconds
        while (message := self._message()) is None:
            self._wait(until, gone)
        return message

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _message(self) -> bytes | None:
        if len(self._in) < _HEADER.size:
            return None
        (length,) = _HEADER.unpack_from(self._in)
        if length > self._longest:
            raise ValueError(f"a message of {length} bytes")
        end = _HEADER.size + length
        if len(self._in) < end:
            return None
        message = bytes(memoryview(self._in)[_HEADER.size : end])
        del self._in[:end]
        return message

    def _wait(self, until: float, gone: socket.socket | None) -> None:
        """Read and write what can be read and written now, or wait for that."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | (select.POLLOUT if self._out else 0))
        if gone is not None:
            poll.register(gone, select.POLLIN)
        left = min(max(0.0, until - time.monotonic()), _DAY)
        # Once more, because a run that was suspended past the deadline has not seen what came meanwhile.
        ready = dict(poll.poll(math.ceil(left * 1000)) or poll.poll(0))
        if (events := ready.get(self._socket.fileno(), 0)) & select.POLLOUT:
            self._write()
        if events & ~select.POLLOUT:
            self._read()
        elif ready and not events:
            raise EOFError("the other process has ended")
        elif not ready and time.monotonic() >= until:
            raise TimeoutError

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise EOFError(str(error)) from error
        if not chunk:
            raise EOFError("the other end is closed")
        self._in += chunk

    def _write(self) -> None:
        try:
            while self._out:
                sent = self._socket.send(self._out[0])
                self._out[0] = self._out[0][sent:]
                if not self._out[0]:
                    self._out.popleft()
        except BlockingIOError:
            return
        except OSError:  # reading finds out why
            self._out.clear()
