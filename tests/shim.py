"""What stands between a process and its files (tests/shim.c), seen from Python.

It is compiled with the machine's C compiler and loaded before everything else into a
process of its own; a machine without one skips these tests.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).with_name("shim.c")
OPENS, WRITES, SYNCS, TRUNCATES, UNLINKS, RENAMES, READS = (1 << n for n in range(7))
CHANGES = WRITES | SYNCS | TRUNCATES | UNLINKS | RENAMES
EVERYTHING = CHANGES | OPENS


class Op(NamedTuple):
    """One thing a process did to its files.

    ``kind`` is Created, Written, Truncated, Synced, Unlinked, Renamed or Linked (to
    the name in ``data``), or Acknowledged (``path`` is what).
    """

    kind: str
    path: str
    offset: int
    data: bytes


@cache
def compiled() -> str:
    """Return the path of the library, compiled once for each session.

    Skips the test that asks where there is no compiler, or no such preloading.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler here")
    if not sys.platform.startswith("linux"):
        pytest.skip("LD_PRELOAD is of Linux")
    folder = tempfile.mkdtemp(prefix="scr-shim-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    target = Path(folder) / "shim.so"
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", target, SOURCE, "-ldl"], check=True
    )
    return str(target)


def preloaded(function: str, *arguments: str) -> str:
    """Call `module:function` with texts in a process that has the library; return what
    it says.
    """
    module, name = function.split(":")
    code = f"import sys; from {module} import {name}; {name}(*sys.argv[1:])"
    env = {
        **os.environ,
        "LD_PRELOAD": compiled(),
        "PYTHONPATH": os.pathsep.join([str(SOURCE.parent.parent), *sys.path]),
    }
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def library() -> ctypes.CDLL:
    """Return the functions of the library in a process that has it."""
    functions = ctypes.CDLL(None)
    functions.shim_calls.restype = ctypes.c_long
    for name in ("shim_fail", "shim_kill"):
        function = getattr(functions, name)
        function.argtypes = [ctypes.c_long, *[ctypes.c_int] * (len(_ARGUMENTS[name]))]
    return functions


_ARGUMENTS = {
    "shim_fail": ("error", "good", "which", "short_write"),
    "shim_kill": ("which", "short_write"),
}


def recorded(file: Path) -> Iterator[Op]:
    """Yield what a record holds, in order."""
    content, at = file.read_bytes(), 0
    while at < len(content):
        kind, offset, name, size = struct.unpack_from("4q", content, at)
        at += 32
        path = content[at : at + name].decode()
        at += name
        yield Op(chr(kind), path, offset, content[at : at + size])
        at += size
