"""The shell of a notebook in a forked process: IPython, its outputs as a notebook keeps them.

It is what a Jupyter kernel has within, without the sockets and threads by which a kernel talks.
"""

from __future__ import annotations

import base64
import gc
import io
import json
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from marketing_kpi.data.sharing import share

Output = dict[str, Any]

NEXT = None
"""What is sent in place of a source before another notebook begins."""

_OF_THE_BACKEND = {"backend", "interactive"}
_OOM_SCORE = "500"
"""When memory runs out, the system ends a notebook and not what runs the notebooks."""

_COLUMNS = 20
"""The most that pandas shows of a table in a kernel. Imported where there is none, it expects a
terminal, whose width would decide."""


class Outputs(list[Output]):
    """The outputs of a cell, in their order."""

    def print(self, name: str, text: str) -> None:
        """Add printed text to the stream of that name."""
        if self and (self[-1]["output_type"], self[-1].get("name")) == ("stream", name):
            self[-1]["text"] += text
        elif text:
            self.append({"output_type": "stream", "name": name, "text": text})

    def display(self, kind: str, data: Mapping[str, Any], metadata: object, **more: Any) -> None:
        """Add what an object shows of itself."""
        content = {name: _text(value) for name, value in data.items()}
        self.append({"output_type": kind, "data": content, "metadata": metadata or {}, **more})


def _text(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


class _Stream(io.TextIOBase):
    """What takes the place of standard output or error."""

    def __init__(self, name: str, outputs: Outputs) -> None:
        self._name, self._outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._outputs.print(self._name, text)
        return len(text)


class _Hook(DisplayHook):
    """Keeps the value of a cell's last line."""

    shell: Any

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        count = self.prompt_count
        self.shell.outputs.display("execute_result", format_dict, md_dict, execution_count=count)

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Publisher(DisplayPublisher):
    """Keeps what a cell displays; an update takes the place of what it updates."""

    shell: Any

    def publish(self, data: Any, metadata: Any = None, *_: Any, **options: Any) -> None:
        outputs, displayed = self.shell.outputs, self.shell.displayed
        identity = (options.get("transient") or {}).get("display_id")
        if not options.get("update"):
            outputs.display("display_data", data, metadata)
            if identity is not None:
                displayed[identity] = outputs[-1]
        elif identity in displayed:
            shown = Outputs()
            shown.display("display_data", data, metadata)
            displayed[identity].update(shown[0])

    def clear_output(self, *_: Any, **__: Any) -> None:
        self.shell.outputs.clear()


class NotebookShell(InteractiveShell):
    """IPython whose outputs are kept."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def __init__(self, **options: Any) -> None:
        self.outputs = Outputs()
        self.displayed: dict[str, Output] = {}
        # but for what the first figure sets, which sends all others where they are shown
        self._style = {
            name: value for name, value in mpl.rcParams.items() if name not in _OF_THE_BACKEND
        }
        super().__init__(**options)  # type: ignore[no-untyped-call]

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: no window can be shown."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        error = {"ename": getattr(etype, "__name__", str(etype)), "evalue": str(evalue)}
        self.outputs.append({"output_type": "error", **error, "traceback": list(stb)})

    def forget(self) -> None:
        """Begin anew, as for a notebook that is the first: names, figures, numbers of cells."""
        import matplotlib.pyplot as plt

        plt.close("all")
        mpl.rcParams.update(self._style)
        self.reset(new_session=True)  # type: ignore[no-untyped-call]
        self.outputs.clear()
        self.displayed.clear()
        gc.collect()
        with warnings.catch_warnings():
            pass  # so that a warning of a place is given again

    def run(self, source: str) -> dict[str, Any]:
        """Run a cell; return its outputs and its number."""
        self.outputs.clear()
        count = self.execution_count
        self.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        return {"outputs": list(self.outputs), "execution_count": count}


def serve(line: Connection) -> None:
    """In a process of its own: run each source that comes on a line and answer with its outputs.

    `NEXT` comes between two notebooks: the second finds nothing that the first named or drew.
    """
    _set_apart()
    share()
    pd.set_option("display.max_columns", _COLUMNS)
    config = Config()
    config.HistoryManager.enabled = False
    shell = NotebookShell.instance(config=config)
    sys.stdout = _Stream("stdout", shell.outputs)
    sys.stderr = _Stream("stderr", shell.outputs)
    with suppress(EOFError):
        while True:
            source = line.recv()
            if source is NEXT:
                shell.forget()
                continue
            ran = shell.run(source)
            line.send_bytes(json.dumps(ran, default=repr).encode())


def _set_apart() -> None:
    """Share nothing with other notebooks that a fork would copy, and print on no terminal."""
    import numpy as np

    random.seed()
    np.random.seed()
    tempfile.tempdir = None  # its own is what its environment says
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
