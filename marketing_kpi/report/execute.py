"""Executes lessons as reports: papermill, in a fork (`report.forks`) or a fresh kernel for each.

Where nothing can be forked, a pool of processes does it. A kernel is the interpreter that runs this
package, over private sockets, with none of the user's IPython start-up files. What a notebook does
wrong comes back as a `Failure`; it stops nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from marketing_kpi.errors import LessonError, MarketingKpiError, ReportError
from marketing_kpi.report.forks import BACKEND
from marketing_kpi.text.messages import N_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from nbformat import NotebookNode

    from marketing_kpi.report.forks import Child

K = TypeVar("K")
T = TypeVar("T")

STUDENT_TAGS = frozenset({"lesson", "exercise"})
"""Cells for students: neither executed nor shown in a report."""

CELL_TIMEOUT_SECONDS = 900
START_TIMEOUT_SECONDS = 120
FIGURES_VARIABLE = "MARKETING_KPI_FIGURES"
"""Environment variable that asks `plots` for vector figures (``svg``); its `style` reads it."""

MAX_REASON_CHARACTERS = 600

# English here, for the terminal and the manifest; a page translates them.
KERNEL_ENDED = N_("the Python process of this notebook ended")
WORKER_ENDED = N_("the process that ran it ended")
TOO_LONG = N_("the cell took too long and was stopped")
CELL_EXITED = N_("the cell ended the notebook before its end")
NO_MESSAGE = N_("the error has no message")
MEMORY_HINT = N_("memory is the usual cause; try a shorter period or --jobs 1")
TIME_HINT = N_("try a shorter period or --jobs 1")

GRACE_SECONDS = 5
"""What a worker is given to end its kernel when the run is stopped."""

_ENGINE, _FORKED_ENGINE = "marketing_kpi", "marketing_kpi_forked"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Job:
    """One lesson to execute, in one language, for one client."""

    client: str
    number: str
    lang: str
    path: Path
    parameters: Mapping[str, Any]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    cell_timeout: int = CELL_TIMEOUT_SECONDS

    @property
    def key(self) -> tuple[str, str, str]:
        """What the result is filed under."""
        return self.client, self.lang, self.number


@dataclass(frozen=True)
class Failure:
    """Why a notebook has no report.

    Attributes
    ----------
    error
        Name of the exception, or of what stopped the kernel.
    reason
        One short paragraph, without secrets.
    hint
        What to do, when the error says it.
    heading
        The nearest heading above the cell; None when the notebook did not start.
    cell_id
        Id of the cell that stopped; None when the notebook did not start.
    """

    error: str
    reason: str
    hint: str | None = None
    heading: str | None = None
    cell_id: str | None = None


@dataclass(frozen=True)
class Executed:
    """What became of a job: the executed notebook as JSON, or its failure; never both."""

    seconds: float
    notebook: str | None = None
    failure: Failure | None = None


def notebooks_folder() -> Path:
    """Return the folder of built lessons of the checkout that this package runs from."""
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    if not folder.is_dir():
        raise ReportError(
            "the built lessons are not beside this installation of marketing_kpi",
            hint="install from a clone (pip install -e .) and run marketing-kpi lessons build",
        )
    return folder


def find_notebook(number: str, *, lang: str, folder: Path) -> Path:
    """Return the built notebook of a lesson in one language.

    Raises
    ------
    LessonError
        If there is none, or more than one.
    """
    found = sorted((folder / lang).glob(f"{number}_*.ipynb"))
    if len(found) == 1:
        return found[0]
    known = sorted(path.name[:2] for path in (folder / lang).glob("[0-9][0-9]_*.ipynb"))
    what = "no notebook" if not found else f"{len(found)} notebooks"
    raise LessonError(
        f"{what} for lesson {number} in {lang}",
        hint=f"there is: {', '.join(known) or 'nothing; run marketing-kpi lessons build'}",
    )


def tags(cell: Mapping[str, Any]) -> frozenset[str]:
    """Return the tags of a cell."""
    return frozenset(cell["metadata"].get("tags", ()))


def report_cells(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a built lesson with the cells of a report only, and no outputs."""
    from nbformat import NotebookNode as Node
    from nbformat import from_dict

    copy: Node = from_dict(json.loads(json.dumps(notebook)))  # type: ignore[no-untyped-call]
    copy.cells = [cell for cell in copy.cells if not tags(cell) & STUDENT_TAGS]
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


class CellStoppedError(ReportError):
    """A cell did not end: its kernel died, or it took too long."""

    def __init__(self, index: int, kind: str, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.index = index
        self.kind = kind


@cache
def _register_engines() -> None:
    """Register our papermill engines in this process."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.engines import Engine as PapermillEngine
    from papermill.engines import NBClientEngine, papermill_engines

    spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python",
        language="python",
    )

    class Kernel(AsyncKernelManager):
        """A kernel of this very interpreter: a kernelspec named python3 may be another's."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            if sys.platform != "win32":  # sockets in a private folder; free TCP ports can be raced
                self.transport = "ipc"
                self.ip = str(Path(os.environ["JUPYTER_RUNTIME_DIR"]) / "kernel")

        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

    class Engine(NBClientEngine):  # type: ignore[misc]
        """Says which cell was running when its kernel died or its time was up."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            try:
                return super().execute_managed_notebook(
                    nb_man,
                    kernel_name,
                    kernel_manager_class=Kernel,
                    shutdown_kernel="immediate",
                    **options,
                )
            except DeadKernelError as error:
                raise CellStoppedError(
                    _last_started(nb_man.nb),
                    "DeadKernelError",
                    KERNEL_ENDED,
                    hint=MEMORY_HINT,
                ) from error
            except CellTimeoutError as error:
                raise CellStoppedError(
                    _last_started(nb_man.nb),
                    "CellTimeoutError",
                    TOO_LONG,
                    hint=TIME_HINT,
                ) from error

    class ForkedEngine(PapermillEngine):  # type: ignore[misc]
        """Runs the cells in a fork of this process; see `report.forks` and `report.shell`."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, _: str, *, shell: Shell, execution_timeout: float, **__: Any
        ) -> None:
            for index, cell, has_run in shell.run(nb_man.nb.cells, timeout=execution_timeout):
                if not has_run:
                    nb_man.cell_start(cell, index)
                elif has_failed(cell):
                    nb_man.cell_exception(cell, index)
                else:
                    nb_man.cell_complete(cell, index)

    papermill_engines.register(_ENGINE, Engine)
    papermill_engines.register(_FORKED_ENGINE, ForkedEngine)
    # What it would log about a notebook comes back as a `Failure`.
    logging.getLogger("papermill").setLevel(logging.CRITICAL)


class Shell:
    """A fork of this process in which notebooks run, one after the other; see `report.shell`.

    After a notebook that failed the next one has a new fork.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._child: Child | None = None

    def run(
        self, cells: Sequence[NotebookNode], *, timeout: float
    ) -> Iterator[tuple[int, NotebookNode, bool]]:
        """Run the cells of a notebook one after the other, until one fails.

        Yields
        ------
        tuple
            Place and cell, and whether it has run: False before, True when its outputs are there.

        Raises
        ------
        CellStoppedError
            When a cell ends the process, or is not done by `timeout` seconds.
        """
        child, self._child = self._next(), None
        try:
            for index, cell in enumerate(cells):
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                yield index, cell, False
                _run_cell(child, cell, index, timeout=timeout)
                yield index, cell, True
                if has_failed(cell):
                    return
            self._child = child
        finally:
            if self._child is None:
                child.end()

    def _next(self) -> Child:
        from marketing_kpi.report.forks import fork
        from marketing_kpi.report.shell import NEXT, serve

        if self._child is not None and self._child.stirs(0):  # it has ended meanwhile
            self._child.end()
            self._child = None
        if self._child is None:
            return fork(serve)
        self._child.line.send(NEXT)
        return self._child

    def end(self) -> None:
        """End its process."""
        if self._child is not None:
            self._child.end()


def in_turn(tasks: Sequence[Callable[..., T]], *, figures: str = "svg") -> list[T]:
    """Do tasks one after the other, whose notebooks share a fork of this process.

    What they open and ask of the same data is opened and answered once; see `data.sharing`.

    Parameters
    ----------
    tasks
        Each takes the shell as `execute` does. This process is one that may be forked; see
        `report.forks`.
    figures
        What they are kept as: ``svg``, or ``png`` as in JupyterLab.
    """
    with _quiet_folder(figures) as folder:
        shell = Shell(folder)
        try:
            return [task(shell=shell) for task in tasks]
        finally:
            shell.end()


def one_by_one(tasks: Sequence[Callable[..., T]]) -> list[T]:
    """Do tasks one after the other, each with a kernel of its own."""
    return [task() for task in tasks]


def has_failed(cell: NotebookNode) -> bool:
    """Return whether an error is among what a cell gave."""
    return any(output.output_type == "error" for output in cell.get("outputs", ()))


def _run_cell(child: Child, cell: NotebookNode, index: int, *, timeout: float) -> None:
    from nbformat import from_dict

    with suppress(BrokenPipeError):  # it has ended already, which is heard below
        child.line.send(cell.source)
    if not child.stirs(timeout):
        raise CellStoppedError(index, "CellTimeoutError", TOO_LONG, hint=TIME_HINT)
    answer = child.heard()
    if answer is None:
        raise CellStoppedError(index, "DeadKernelError", KERNEL_ENDED, hint=MEMORY_HINT)
    ran = json.loads(answer)
    cell.outputs = [from_dict(output) for output in ran["outputs"]]  # type: ignore[no-untyped-call]
    cell.execution_count = ran["execution_count"]


def _last_started(notebook: NotebookNode) -> int:
    started = [
        index
        for index, cell in enumerate(notebook.cells)
        if cell.metadata.papermill["start_time"] is not None
    ]
    return started[-1] if started else 0


def execute(job: Job, *, shell: Shell | None = None) -> Executed:
    """Execute one lesson as a report.

    Parameters
    ----------
    job
        The lesson.
    shell
        Where the cells run; without one, in a Jupyter kernel.

    Returns
    -------
    Executed
        The notebook with its outputs, or why it has none. Never raises for what a notebook does.
    """
    import nbformat
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    _register_engines()
    started = time.perf_counter()
    source = report_cells(nbformat.read(job.path, as_version=4))  # type: ignore[no-untyped-call]
    failure: Failure | None = None
    executed: NotebookNode | None = None
    with nullcontext(shell.folder) if shell else _quiet_folder() as folder:
        try:
            executed = execute_notebook(
                source,
                None,
                parameters=dict(job.parameters),
                engine_name=_FORKED_ENGINE if shell else _ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                autosave_cell_every=0,
                start_timeout=START_TIMEOUT_SECONDS,
                execution_timeout=job.cell_timeout,
                cwd=folder,
                **({"shell": shell} if shell else {}),
            )
        except PapermillExecutionError as error:
            cell = _source_index(source, error.cell_index)
            failure = _failure(job, source, cell, str(error.ename), str(error.evalue))
        except CellStoppedError as error:
            cell = _source_index(source, error.index)
            failure = _failure(job, source, cell, error.kind, str(error))
        except RuntimeError as error:  # the kernel did not start
            failure = failure_of(error, job.secrets)
    seconds = time.perf_counter() - started
    if failure is not None or executed is None:
        return Executed(seconds, failure=failure)
    return Executed(seconds, notebook=nbformat.writes(executed))  # type: ignore[no-untyped-call]


@contextmanager
def _quiet_folder(figures: str = "svg") -> Iterator[str]:
    """Give the kernel empty folders to work in and none of the user's IPython profile."""
    with tempfile.TemporaryDirectory(prefix="mk-", ignore_cleanup_errors=True) as folder:
        work, runtime, own = (Path(folder) / name for name in ("work", "runtime", "temporary"))
        work.mkdir()
        own.mkdir()
        runtime.mkdir(mode=0o700)
        private = {
            "IPYTHONDIR": str(Path(folder) / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            # A process that is ended leaves its stores behind; here they go with the folder.
            "TMPDIR": str(own),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            FIGURES_VARIABLE: figures,
            "MPLBACKEND": BACKEND,
        }
        before = {name: os.environ.get(name) for name in private}
        os.environ.update(private)
        try:
            yield str(work)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _source_index(source: NotebookNode, index: int) -> int:
    """Return where an executed cell stands in `source`: papermill injected one after parameters."""
    for position, cell in enumerate(source.cells):
        if "parameters" in tags(cell):
            return index - 1 if index > position else index
    return max(index - 1, 0)


def _failure(job: Job, source: NotebookNode, index: int, error: str, text: str) -> Failure:
    if error == "SystemExit":  # its text is an exit code
        text = CELL_EXITED
    reason, _, hint = _ANSI.sub("", text).strip().partition("\n")
    cell = source.cells[index]
    return Failure(
        error=error,
        reason=_shown(reason, job.secrets) or NO_MESSAGE,
        hint=_shown(hint.strip(), job.secrets) or None,
        heading=_heading_above(source, index),
        cell_id=cell.get("id"),
    )


def failure_of(error: BaseException, secrets: Iterable[str]) -> Failure:
    """Return the failure of what broke outside the cells of a notebook, without secrets."""
    if isinstance(error, BrokenProcessPool):
        return Failure("WorkerDied", WORKER_ENDED, MEMORY_HINT)
    text, hint = str(error), None
    if isinstance(error, MarketingKpiError):
        text, hint = error.message, error.hint
    return Failure(
        type(error).__name__,
        _shown(text, secrets) or NO_MESSAGE,
        _shown(hint or "", secrets) or None,
    )


def _shown(text: str, secrets: Iterable[str]) -> str:
    return redacted(text, secrets)[:MAX_REASON_CHARACTERS]


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret blanked.

    >>> redacted("cannot reach me:hunter2@host", ["hunter2"])
    'cannot reach me:•••@host'
    """
    for secret in secrets:
        text = text.replace(secret, "•••")
    return text


def _heading_above(notebook: NotebookNode, index: int) -> str | None:
    for cell in reversed(notebook.cells[: index + 1]):
        if cell.cell_type == "markdown":
            headings = re.findall(r"^ {0,3}#{1,6}\s+(.+?)\s*#*$", cell.source, flags=re.MULTILINE)
            if headings:
                return str(headings[-1])
    return None


def run_all(
    tasks: Mapping[K, Callable[[], T]],
    *,
    jobs: int,
    failed: Callable[[K, BaseException], T],
    done: Callable[[K, T], None],
) -> dict[K, T]:
    """Run picklable tasks in a pool of processes and return their results by key.

    A worker that dies breaks a pool: the tasks it leaves are tried again one at a time, so that
    only the one that kills its worker is given up.

    Parameters
    ----------
    tasks
        By key.
    jobs
        How many processes.
    failed
        Result of a task that raised, or whose worker died twice.
    done
        Called with the key and the result of each task that ended.
    """
    results: dict[K, T] = {}
    with _pool(jobs) as pool:
        futures = {pool.submit(task): key for key, task in tasks.items()}
        for future in as_completed(futures):
            key, error = futures[future], future.exception()
            if not isinstance(error, BrokenProcessPool):
                results[key] = failed(key, error) if error else future.result()
                done(key, results[key])
    for key in [key for key in tasks if key not in results]:
        with _pool(1) as pool:
            alone = pool.submit(tasks[key])
            error = alone.exception()
            results[key] = failed(key, error) if error else alone.result()
            done(key, results[key])
    return results


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Give a pool whose workers end with the block, at once if the run is being stopped."""
    # A fork would carry this process's threads and open engines into the workers.
    context = get_context("spawn")
    alive, held = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, context, initializer=_end_with, initargs=(alive,))
    try:
        yield pool
        pool.shutdown()
    finally:
        held.close()
        pool.shutdown(cancel_futures=True)
        alive.close()


def _end_with(run: Connection) -> None:
    """In a worker: end when the run closes its side of the pipe, which it also does by dying."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the run decides
    threading.Thread(target=_watch, args=(run,), daemon=True).start()


def _watch(run: Connection) -> None:
    with suppress(EOFError, OSError):
        run.recv_bytes()
    os.kill(os.getpid(), signal.SIGTERM)  # while a notebook runs, nbclient then ends its kernel
    time.sleep(GRACE_SECONDS)
    os._exit(128 + signal.SIGTERM)
