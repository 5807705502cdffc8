"""Notebooks in forks: what a Jupyter kernel gives, and nothing of one in the next."""

import json
import os
import signal
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import pytest

from marketing_kpi.report import forks, run
from marketing_kpi.report.execute import Executed, Job, Shell, execute, failure_of, in_turn

SECRET = "hunter2"

# What a notebook could find changed by another: all but the last two lines, which are drawn.
WITNESS = """
import decimal, locale, os, sys, threading, warnings
import matplotlib, numpy as np, pandas as pd
print(matplotlib.rcParams["lines.linewidth"], locale.setlocale(locale.LC_ALL))
print(os.environ.get("VANDAL"), "vandal" in sys.path, os.listdir(), np.geterr()["divide"])
print(pd.DataFrame.sum.__name__, pd.options.display.max_rows, decimal.getcontext().prec)
print(threading.active_count(), len(warnings.filters), "left" in globals(), "vandal" in sys.modules)
print(np.random.rand())
print(__import__("random").random())
"""
VANDAL = """
import decimal, locale, os, random, sys, threading, time, types, warnings
import matplotlib, numpy as np, pandas as pd
left = 1
matplotlib.rcParams["lines.linewidth"] = 40
locale.setlocale(locale.LC_ALL, "C.UTF-8")
os.environ["VANDAL"] = "1"
sys.path.append("vandal")
sys.modules["vandal"] = types.ModuleType("vandal")
random.seed(1)
np.random.seed(1)
state = np.seterr(divide="raise")
pd.options.display.max_rows = 1
def broken(*_, **__):
    raise SystemError("vandal")
pd.DataFrame.sum = broken
decimal.getcontext().prec = 1
warnings.simplefilter("error")
open("left.txt", "w").close()
thread = threading.Thread(target=time.sleep, args=(3600,))
thread.start()
"""
CHILD = """
import subprocess, sys
started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(started.pid)
"""
MEMORY = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
held = bytearray(2**32)
"""
SHOWN = """
import warnings
from IPython.display import HTML, Image, Markdown, display
import matplotlib.pyplot as plt
print("one")
print("two", end="")
handle = display(HTML("<b>before</b>"), display_id="a")
update = handle.update(Markdown("after"))
warnings.warn("odd")
display(Image(b"\\x89PNG\\r\\n\\x1a\\n" + b"0" * 20, format="png", embed=True))
lines = plt.plot([1, 2])
import pandas as pd
pd.DataFrame({"a": [1]})
"""
PLACE = "import os, sys\nprint(sys.executable, os.listdir(), 'surprise' in globals(), __name__)"
QUIET = "import os\nwritten = os.write(1, b'on the terminal') + os.write(2, b'on the terminal')"

CELLS = {
    "before": WITNESS,
    "vandal": VANDAL,
    "dies": "import os\nos._exit(0)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "memory": MEMORY,
    "stops": "raise SystemExit(3)",
    "slow": "import time\ntime.sleep(60)",
    "leaks": f"raise OSError('cannot reach me:{SECRET}@host')",
    "syntax": "1 +",
    "child": CHILD,
    "shown": SHOWN,
    "place": PLACE,
    "quiet": QUIET,
    "after": WITNESS,
}


@pytest.fixture(scope="module")
def jobs(tmp_path_factory, lessons):
    """A job for each of the cells above, in a lesson of its own."""
    import nbformat

    folder, made = tmp_path_factory.mktemp("cells"), {}
    lesson = nbformat.read(lessons / "en" / "01_broken.ipynb", as_version=4)
    for name, source in CELLS.items():
        lesson.cells[-1].source = source
        nbformat.write(lesson, folder / f"{name}.ipynb")
        limit = 1 if name == "slow" else 60
        made[name] = Job(
            "b", "01", "en", folder / f"{name}.ipynb", {"lang": "en"}, (SECRET,), limit
        )
    return made


@pytest.fixture(scope="module")
def executed(jobs):
    """What became of them, one after the other in forks of one process."""
    found = forks.run_all(
        {name: partial(in_turn, [partial(execute, job)]) for name, job in jobs.items()},
        jobs=1,
        failed=lambda _, error: [Executed(0.0, failure=failure_of(error, ()))],
        done=lambda *_: None,
    )
    return {name: one for name, (one,) in found.items()}


def outputs(executed):
    return json.loads(executed.notebook)["cells"][-1]["outputs"]


def printed(executed):
    return "".join(outputs(executed)[0]["text"]).splitlines()


def test_nothing_that_a_notebook_changes_reaches_the_next(executed):
    assert executed["vandal"].failure is None
    before, after = printed(executed["before"]), printed(executed["after"])
    assert before[:-2] == after[:-2]
    assert before[-2] != after[-2]  # numpy's and Python's state are of each notebook's own
    assert before[-1] != after[-1]
    assert before[1] == "None False [] warn"


@pytest.mark.parametrize(
    ("name", "error"),
    [("dies", "DeadKernelError"), ("killed", "DeadKernelError"), ("memory", "MemoryError"),
     ("stops", "SystemExit"), ("slow", "CellTimeoutError"), ("leaks", "OSError"),
     ("syntax", "SyntaxError")],
)  # fmt: skip
def test_what_ends_a_notebook_is_said_and_costs_it_alone(executed, name, error):
    failure = executed[name].failure
    assert (failure.error, failure.cell_id, failure.heading) == (error, "broken", "Sales")
    assert SECRET not in repr(executed[name])


def test_a_process_that_a_notebook_leaves_ends_with_it(executed):
    (process,) = printed(executed["child"])
    deadline = time.monotonic() + 10
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{process}").exists()


def test_a_fork_shows_what_a_jupyter_kernel_shows(executed, jobs):
    def parts(executed):
        """The text of standard error, which names files of the process, and all the rest."""
        shown = outputs(executed)
        warned = ["".join(output["text"]) for output in shown if output.get("name") == "stderr"]
        return warned, [output for output in shown if output.get("name") != "stderr"]

    (warned, ours), (warned_there, theirs) = parts(executed["shown"]), parts(execute(jobs["shown"]))
    assert ours == theirs
    assert [output["output_type"] for output in ours].count("display_data") == 3
    assert [kind for output in ours for kind in output.get("data", {})].count("image/png") == 2
    for text in ("".join(warned), "".join(warned_there)):
        assert "UserWarning: odd" in text


def test_a_notebook_is_in_an_empty_folder_without_the_users_profile(executed):
    assert printed(executed["place"]) == [f"{sys.executable} [] False __main__"]
    assert executed["quiet"].failure is None


FIRST = """
import warnings
import matplotlib, matplotlib.pyplot as plt
left = 1
matplotlib.rcParams["lines.linewidth"] = 40
lines = plt.figure(7).add_subplot().plot([1, 2])
def warned():
    warnings.warn("odd")
warned()
"""
SECOND = """
print("left" in globals(), matplotlib.rcParams["lines.linewidth"], plt.get_fignums(), In)
"""


def in_one_fork(folder, lesson, *sources):
    """What became of notebooks of these sources, one after the other in one fork of a process."""
    import nbformat

    jobs = []
    for place, source in enumerate(sources):
        path = folder / f"{place}.ipynb"
        lesson.cells[-1].source = source
        nbformat.write(lesson, path)
        jobs.append(Job("b", "01", "en", path, {"lang": "en"}, (), 60))
    return forks.run_all(
        {"all": partial(in_turn, [partial(execute, job) for job in jobs])},
        jobs=1,
        failed=lambda _, error: pytest.fail(repr(error)),
        done=lambda *_: None,
    )["all"]


@pytest.fixture
def one_lesson(lessons):
    import nbformat

    return nbformat.read(lessons / "en" / "01_broken.ipynb", as_version=4)


def test_the_next_notebook_of_a_fork_finds_nothing_of_the_last(tmp_path, one_lesson):
    imports = "import matplotlib, matplotlib.pyplot as plt\n"
    told = in_one_fork(tmp_path, one_lesson, FIRST, FIRST, imports + SECOND)
    assert [one.failure for one in told] == [None] * 3
    first, again = (outputs(one) for one in told[:2])
    assert first == again  # the warning and the figure among them
    assert {"stream", "display_data"} <= {output["output_type"] for output in first}
    (alone,) = in_one_fork(tmp_path, one_lesson, imports + SECOND)
    assert printed(told[2]) == printed(alone)
    assert printed(alone)[0].startswith("False 1.5 []")


def test_after_a_notebook_that_fails_the_next_has_a_fork_of_its_own(tmp_path, one_lesson):
    process = "import os\nprint(os.getpid())"
    one, two, broken, three = in_one_fork(tmp_path, one_lesson, process, process, "1 / 0", process)
    assert broken.failure.error == "ZeroDivisionError"
    assert printed(one) == printed(two) != printed(three)


def killed_between(first, second):
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(folder)
        found = [execute(first, shell=shell)]
        os.kill(shell._child.pid, signal.SIGKILL)
        assert shell._child.stirs(10)
        return [*found, execute(second, shell=shell)]


def test_a_fork_that_died_between_two_notebooks_costs_neither(jobs):
    found = forks.run_all(
        {"both": partial(killed_between, jobs["quiet"], jobs["place"])},
        jobs=1,
        failed=lambda _, error: pytest.fail(repr(error)),
        done=lambda *_: None,
    )["both"]
    assert [one.failure for one in found] == [None, None]


def die():
    os._exit(1)


def end_the_server():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def one():
    return 1


def test_a_server_that_ends_costs_what_it_was_doing_and_no_more():
    results = forks.run_all(
        {"one": one, "server": end_the_server, "two": one},
        jobs=1,
        failed=lambda _, error: type(error).__name__,
        done=lambda *_: None,
    )
    assert results == {"one": 1, "server": "BrokenProcessPool", "two": 1}


def test_where_nothing_can_be_forked_a_pool_of_processes_does_it(
    client, lessons, tmp_path, monkeypatch
):
    monkeypatch.setattr(forks, "can_fork", lambda: False)
    monkeypatch.setattr(forks, "fork", lambda _: pytest.fail("it forked"))
    config = client(lang="en", notebooks='["05"]')
    assert run([config], out=tmp_path / "build", folder=lessons) == 0


@pytest.mark.parametrize(("platform", "expected"), [("darwin", False), ("win32", False)])
def test_systems_that_cannot_fork_safely_do_not(monkeypatch, platform, expected):
    monkeypatch.setattr(sys, "platform", platform)
    assert forks.can_fork() is expected
