"""Runs tasks in processes forked from one that has imported what they need.

Importing takes longer than most notebooks: here one process, the server, does it once, and each
task is a fork of it that shares its memory and starts at once. The server stays with one thread
and opens nothing (no engine, no socket, no figure), for a fork copies neither threads nor what
they hold. A task that dies costs itself only; when the run or the server ends, so do the tasks.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn, TypeVar

K = TypeVar("K")
T = TypeVar("T")

GRACE_SECONDS = 5
"""What a task is given to tidy up when the run is stopped."""

BACKEND = "module://matplotlib_inline.backend_inline"
"""Where figures go: a shell may ask for a backend that shows nothing; a page may not."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# What notebooks and pages use. Never matplotlib_inline: imported before a notebook's shell is
# there, it would not know that shell, and figures would not be shown.
_MODULES = (
    "IPython.core.magics",
    "ibis.backends.duckdb.converter",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "nbconvert.exporters",
    "pandas",
    "papermill",
    "pyarrow.dataset",
    "scipy.optimize",
    "scipy.stats",
    "marketing_kpi.clv",
    "marketing_kpi.data.engine",
    "marketing_kpi.data.quality",
    "marketing_kpi.data.sources",
    "marketing_kpi.kpis.compute",
    "marketing_kpi.overview",
    "marketing_kpi.plots.style",
    "marketing_kpi.plots.tables",
    "marketing_kpi.report.shell",
    "marketing_kpi.sales",
)
_WARM = "marketing_kpi.report.tasks"


def can_fork() -> bool:
    """Say whether this system can fork a process that has these libraries imported.

    macOS cannot: its own libraries, which numpy calls, do not survive it.
    """
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # an old kernel, or a sandbox
        return False
    return True


@dataclass(frozen=True)
class Child:
    """A forked process: its id, a descriptor that can be waited for until it ends, its line."""

    pid: int
    descriptor: int
    line: Connection

    def stirs(self, timeout: float) -> bool:
        """Wait until it says something or ends, which is True, or until the time is up."""
        return bool(wait([self.line, self.descriptor], timeout))

    def heard(self) -> bytes | None:
        """Return what it says; None when it ended without a word, or amid one."""
        try:
            return self.line.recv_bytes() if self.line.poll() else None
        except (EOFError, OSError):
            return None

    def end(self) -> None:
        """Kill it, with what it started, and forget it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        self.line.close()


def fork(run: Callable[[Connection], None]) -> Child:
    """Fork this process; the child calls `run` with its end of a line, then ends.

    It ends when its parent does, whatever its parent ends of.
    """
    mine, its = get_context("fork").Pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        mine.close()
        _be_child(run, its, parent)
    its.close()
    with suppress(OSError):  # the child does it too, and either may be first
        os.setpgid(pid, pid)
    return Child(pid, os.pidfd_open(pid), mine)


def _be_child(run: Callable[[Connection], None], line: Connection, parent: int) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            run(line)
        code = 0
    finally:
        os._exit(code)  # never back into the code that forked


def run_all(
    tasks: Mapping[K, Callable[[], T]],
    *,
    jobs: int,
    failed: Callable[[K, BaseException], T],
    done: Callable[[K, T], None],
) -> dict[K, T]:
    """Run picklable tasks, each in a fork, and return their results by key.

    Parameters
    ----------
    tasks
        By key.
    jobs
        How many at once.
    failed
        Result of a task that raised, or whose process died.
    done
        Called with the key and the result of each task that ended.
    """
    results: dict[K, T] = {}
    left = dict(tasks)

    def end(key: K, answer: bytes | None) -> None:
        result, error = _result(answer)
        del left[key]
        results[key] = failed(key, error) if error else result
        done(key, results[key])

    while left:
        keys, running = list(left), set[K]()
        with _server(list(left.values()), jobs) as line:
            for number, is_over, answer in _messages(line):
                if is_over:
                    running.remove(keys[number])
                    end(keys[number], answer)
                else:
                    running.add(keys[number])
        # The server ended before its time: what it was at is lost; all is, if it was at nothing.
        for key in list(running or left):
            end(key, None)
    return results


def _messages(line: Connection) -> Iterator[tuple[int, bool, bytes | None]]:
    """Yield a task's number, whether it is over and its answer, until the server ends."""
    with suppress(EOFError, ConnectionResetError):
        while True:
            yield line.recv()


def _result(answer: bytes | None) -> tuple[Any, BaseException | None]:
    if answer is None:
        return None, BrokenProcessPool("the process of a task ended")
    result, error = pickle.loads(answer)  # noqa: S301 - written by `_answer`
    return result, error


@contextmanager
def _server(tasks: Sequence[Callable[[], Any]], jobs: int) -> Iterator[Connection]:
    """Give the line of a new server; with the block it ends, and its tasks with it."""
    context = get_context("spawn")
    mine, its = context.Pipe()
    pickled = [pickle.dumps(task) for task in tasks]
    server = context.Process(target=_serve, args=(its, pickled, jobs), daemon=True)
    server.start()
    its.close()
    try:
        yield mine
    finally:
        mine.close()
        server.join(2 * GRACE_SECONDS)
        server.kill()
        server.join()


def prepare() -> None:
    """Import and load what notebooks and pages use, which a process does once for all of them."""
    os.environ["MPLBACKEND"] = BACKEND
    for name in _MODULES:
        with suppress(Exception):  # the task that needs it says what is wrong with it
            importlib.import_module(name)
    with suppress(Exception):
        importlib.import_module(_WARM).warm()


def _serve(line: Connection, tasks: Sequence[bytes], jobs: int) -> None:
    """In the server: import, then fork a process a task, `jobs` at once, and pass on the answers.

    It ends when all are done, or when the run closes its end of the line, as it does by dying.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the run decides
    prepare()
    gc.collect()
    gc.freeze()  # what is imported stays shared: no collection in a fork touches it
    waiting = list(enumerate(tasks))[::-1]
    running: dict[int, Child] = {}
    with suppress(BrokenPipeError):
        while waiting or running:
            while waiting and len(running) < jobs:
                number, task = waiting.pop()
                line.send((number, False, None))
                running[number] = fork(partial(_answer, task))
            ends = [end for child in running.values() for end in (child.line, child.descriptor)]
            ready = wait([line, *ends])
            if line in ready:
                break
            for number, child in list(running.items()):
                if child.line in ready or child.descriptor in ready:
                    line.send((number, True, child.heard()))
                    running.pop(number).end()
    _stop(running.values())


def _stop(children: Iterable[Child]) -> None:
    """Ask processes to end, and end those that do not."""
    for child in children:
        os.kill(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        wait([child.descriptor], max(0.0, deadline - time.monotonic()))
        child.end()


def _answer(task: bytes, line: Connection) -> None:
    """In a fork: run a task and say what became of it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    answer: tuple[Any, BaseException | None]
    try:
        answer = (pickle.loads(task)(), None)  # noqa: S301 - written by `_server`
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its result
        answer = (None, error)
    line.send_bytes(pickle.dumps(answer))
