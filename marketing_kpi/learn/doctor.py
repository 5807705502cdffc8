"""Whether a machine can run the lessons, and what to do where it cannot."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

from marketing_kpi.errors import MarketingKpiError
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

FEWEST_MEGABYTES = 1_000
"""Memory that a lesson needs, with Jupyter and the browser beside it."""

FEWEST_DISK_MEGABYTES = 500
"""Room for temporary files that a lesson needs."""

OLDEST_PYTHON = (3, 11)

_KERNEL_SECONDS = 60
_AGAIN = N_("install the packages again: make report, or pip install -r requirements.lock")
_UNFORESEEN = N_("put right what is said here, then run the command again")


class Check(NamedTuple):
    """One thing that the lessons need.

    Attributes
    ----------
    name
        What was looked at.
    good
        Whether it is as the lessons need it.
    found
        What was found.
    remedy
        What to do, where it is not good; else empty.
    """

    name: str
    good: bool
    found: str
    remedy: str = ""


class _Seen(NamedTuple):
    """What a look saw: a check without its name."""

    good: bool
    found: str
    remedy: str = ""


def checks(lang: str | Reader) -> Iterator[Check]:
    """Look at what the lessons need, one thing after the other.

    Parameters
    ----------
    lang
        Language of what is said, or its reader.

    Yields
    ------
    Check
        Python, packages, memory, disk, the lessons, the demo data, and a notebook that is run as
        a student would run it.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    looks = (
        ("Python", _python),
        (N_("packages"), _packages),
        (N_("free memory"), _memory),
        (N_("free disk"), _disk),
        (N_("lessons"), _lessons),
        (N_("demo data"), _demo),
        (N_("a notebook"), _notebook),
    )
    for name, look in looks:
        yield Check(_(name), *_look(look, reader))


def lines(check: Check, *, lang: str | Reader) -> list[str]:
    """Return a check as a person reads it: what was found, and what to do."""
    _ = Reader.of(lang).translate
    mark = "ok" if check.good else "!!"
    said = _("{mark}  {name}: {found}", mark=mark, name=check.name, found=check.found)
    return [said, f"    → {check.remedy}"] if check.remedy else [said]


def _look(look: Callable[[Reader], _Seen], reader: Reader) -> _Seen:
    """Look, whatever happens: a machine that is not well is the one to speak about."""
    _ = reader.translate
    try:
        return look(reader)
    except ModuleNotFoundError as error:
        package = (error.name or _last_line(error)).partition(".")[0]
        return _Seen(False, _("{name} is missing", name=package), _(_AGAIN))
    except ImportError as error:
        return _Seen(False, _last_line(error), _(_AGAIN))
    except Exception as error:  # noqa: BLE001 - what may be wrong with a machine has no common root
        return _Seen(False, _last_line(error), _(_UNFORESEEN))


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def _python(reader: Reader) -> _Seen:
    _ = reader.translate
    found = ".".join(map(str, sys.version_info[:3]))
    remedy = _("install Python {version} or later", version=".".join(map(str, OLDEST_PYTHON)))
    return _told(sys.version_info[:2] >= OLDEST_PYTHON, found, remedy)


def _packages(reader: Reader) -> _Seen:
    from packaging.requirements import Requirement

    _ = reader.translate
    asked = [Requirement(line) for line in requires("marketing-kpi") or ()]
    needed = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [told for one in needed if (told := _fault(one.name, one.specifier.contains, reader))]
    found = ", ".join(wrong) or _("{n} as they should be", n=reader.integer(len(needed)))
    return _told(not wrong, found, _(_AGAIN))


def _fault(name: str, fits: Callable[..., bool], reader: Reader) -> str | None:
    _ = reader.translate
    try:
        found = version(name)
    except PackageNotFoundError:
        return _("{name} is missing", name=name)
    return None if fits(found, prereleases=True) else f"{name} {found}"


def _memory(reader: Reader) -> _Seen:
    import psutil

    _ = reader.translate
    free = psutil.virtual_memory().available / 1e6
    remedy = _("close other programs, or take a computer with more memory")
    return _told(free >= FEWEST_MEGABYTES, _size(free, reader), remedy)


def _disk(reader: Reader) -> _Seen:
    _ = reader.translate
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e6
    remedy = _("free some room in {folder}", folder=tempfile.gettempdir())
    return _told(free >= FEWEST_DISK_MEGABYTES, _size(free, reader), remedy)


def _size(megabytes: float, reader: Reader) -> str:
    _ = reader.translate
    return _("{n} GB", n=reader.number(megabytes / 1_000))


def _lessons(reader: Reader) -> _Seen:
    from marketing_kpi.lessons.build import notebooks_folder

    _ = reader.translate
    remedy = _("run the command in the folder of the project")
    try:
        found = sorted((notebooks_folder() / reader.lang).glob("*.ipynb"))
    except MarketingKpiError as error:
        return _Seen(False, error.message, remedy)
    return _told(bool(found), _("{n} found", n=reader.integer(len(found))), remedy)


def _demo(reader: Reader) -> _Seen:
    from marketing_kpi.data.demo import demo

    _ = reader.translate
    remedy = _("get the folder data/demo of the project again")
    try:
        with demo() as data:
            orders = int(data.orders.count().to_pyarrow().as_py())
    except (MarketingKpiError, OSError) as error:
        return _Seen(False, str(error).splitlines()[0], remedy)
    return _told(orders > 0, counted.orders(orders, reader), remedy)


def _notebook(reader: Reader) -> _Seen:
    """Run a notebook of one cell, in a kernel of its own."""
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell, new_notebook

    _ = reader.translate
    cell = new_code_cell("import marketing_kpi")  # type: ignore[no-untyped-call]
    notebook = new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_KERNEL_SECONDS,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(Path(folder))}},
        )
        try:
            client.execute()
        except Exception as error:  # noqa: BLE001 - what a kernel may raise has no common root
            return _Seen(False, _last_line(error), _(_AGAIN))
    return _Seen(True, _("it runs"))


def _told(good: bool, found: str, remedy: str) -> _Seen:
    return _Seen(good, found, "" if good else remedy)
