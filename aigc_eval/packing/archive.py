"""The one way in which a pack is laid out as a zip: the same files are the same bytes, and nothing else is read.

Files are stored, not compressed: compressed bytes differ between versions of zlib, can hold bits that no checksum
covers, and can unfold into anything. A pack can be compressed as a whole by whoever sends it. Names are plain, there
are no folders, links, comments, extra fields or gaps; all times are the first that a zip can say.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from zlib import crc32

from aigc_eval.verify import Unfit

__all__ = ["FIRST", "MOST_BYTES", "MOST_FILES", "NAME", "laid_out", "read"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
FIRST = "README.txt"
MOST_FILES = 64
MOST_BYTES = 1 << 30
ARCHIVE = "(archive)"
"""Stands for a file where the archive itself is to blame."""
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _UNIX, _DAY = 20, 3 << 8, 1 << 5 | 1  # 2.0, Unix, 1980-01-01
_PLAIN, _LINK = 0o100000, 0o120000
MODES = (0o644, 0o600)


def laid_out(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    """The archive of these files; `mode` are their rights.

    >>> laid_out({"b": b"2", "a": b"1"}) == laid_out({"a": b"1", "b": b"2"})
    True
    """
    local, central, at = [], [], 0
    for name in _ordered(files):
        data = files[name]
        local += [head := _local(name, data), data]
        central.append(_entry(name, data, at, mode))
        at += len(head) + len(data)
    return b"".join([*local, *central, _end(central, at)])


def _ordered(names: Mapping[str, bytes]) -> list[str]:
    return sorted(names, key=lambda name: (name != FIRST, name))


def _facts(name: str, data: bytes) -> tuple[int, ...]:
    return 0, 0, 0, _DAY, crc32(data), len(data), len(data), len(name), 0


def _local(name: str, data: bytes) -> bytes:
    return _LOCAL.pack(b"PK\3\4", _VERSION, *_facts(name, data)) + name.encode("ascii")


def _entry(name: str, data: bytes, at: int, mode: int) -> bytes:
    rights = (_PLAIN | mode) << 16
    head = _CENTRAL.pack(b"PK\1\2", _UNIX | _VERSION, _VERSION, *_facts(name, data), 0, 0, 0, rights, at)
    return head + name.encode("ascii")


def _end(central: list[bytes], at: int) -> bytes:
    return _END.pack(b"PK\5\6", 0, 0, len(central), len(central), sum(map(len, central)), at, 0)


def read(data: bytes) -> tuple[dict[str, bytes], int]:
    """The files of a pack and their rights; raises `Unfit` at the first byte that no pack has there."""
    files: dict[str, bytes] = {}
    at = 0
    while data[at : at + 4] == b"PK\3\4":
        name, start, end = _header(data, at, files)
        files[name] = data[start:end]
        if _local(name, files[name]) != data[at:start]:
            raise Unfit(name, at, "its header is not that of its content: it was changed, or is no file of a pack")
        at = end
    if not files:
        raise Unfit(ARCHIVE, 0, "this is no pack")
    return files, _directory(data, at, files)


def _header(data: bytes, at: int, known: Mapping[str, bytes]) -> tuple[str, int, int]:
    """Name, start and end of the file whose header is at a place."""
    if at + _LOCAL.size > len(data):
        raise Unfit(ARCHIVE, at, "it is cut short")
    _, _, flags, method, *_, packed, size, length, extra = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size + length
    name = data[at + _LOCAL.size : start].decode("ascii", "backslashreplace")
    if not NAME.fullmatch(name):
        raise Unfit(ARCHIVE, at, f"a file is called {name!r:.80}, as none of a pack is")
    if name in known:
        raise Unfit(name, at, "is there twice")
    if len(known) == MOST_FILES:
        raise Unfit(name, at, f"there are more than {MOST_FILES} files")
    if method or flags or extra or packed != size:
        raise Unfit(name, at, "is compressed, encrypted or has extra fields, as no file of a pack")
    if start + size > len(data):
        raise Unfit(name, at, "is cut short")
    return name, start, start + size


def _directory(data: bytes, at: int, files: Mapping[str, bytes]) -> int:
    """The rights of all files, from the archive's directory, which must be the one that these files have."""
    if [*files] != _ordered(files):
        raise Unfit(ARCHIVE, at, "the files are in another order than in a pack")
    if at + _CENTRAL.size > len(data):
        raise Unfit(ARCHIVE, at, "it is cut short")
    rights = _CENTRAL.unpack_from(data, at)[-2] >> 16
    for mode in MODES:
        if data == (again := laid_out(files, mode)):
            return mode
    if rights & 0o170000 == _LINK:
        raise Unfit(next(iter(files)), at, "is a link")
    byte = next((i for i in range(at, min(len(data), len(again))) if data[i] != again[i]), min(len(data), len(again)))
    raise Unfit(ARCHIVE, byte, "its directory is not that of its files: links, other rights, a comment or more data")
