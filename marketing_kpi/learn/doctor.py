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
from marketing_kpi.text.locale import Reader
from marketing_kpi.text.messages import N_

FEWEST_MEGABYTES = 1_000
"""Memory that a lesson needs, with Jupyter and the browser beside it."""

FEWEST_DISK_MEGABYTES = 500
"""Room for temporary files that a lesson needs."""

OLDEST_PYTHON = (3, 11)

_KERNEL_SECONDS = 60
_AGAIN = N_("install the packages again: make report, or pip install -r requirements.lock")


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
    for look in (_python, _packages, _memory, _disk, _lessons, _demo, _notebook):
        yield look(reader)


def lines(check: Check, *, lang: str | Reader) -> list[str]:
    """Return a check as a person reads it: what was found, and what to do."""
    _ = Reader.of(lang).translate
    mark = "ok" if check.good else "!!"
    said = _("{mark}  {name}: {found}", mark=mark, name=check.name, found=check.found)
    return [said, f"    → {check.remedy}"] if check.remedy else [said]


def _python(reader: Reader) -> Check:
    _ = reader.translate
    found = ".".join(map(str, sys.version_info[:3]))
    remedy = _("install Python {version} or later", version=".".join(map(str, OLDEST_PYTHON)))
    return _told("Python", sys.version_info[:2] >= OLDEST_PYTHON, found, remedy)


def _packages(reader: Reader) -> Check:
    from packaging.requirements import Requirement

    _ = reader.translate
    asked = [Requirement(line) for line in requires("marketing-kpi") or ()]
    needed = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [told for one in needed if (told := _fault(one.name, one.specifier.contains, reader))]
    found = ", ".join(wrong) or _("{n} as they should be", n=reader.integer(len(needed)))
    return _told(_("packages"), not wrong, found, _(_AGAIN))


def _fault(name: str, fits: Callable[..., bool], reader: Reader) -> str | None:
    _ = reader.translate
    try:
        found = version(name)
    except PackageNotFoundError:
        return _("{name} is missing", name=name)
    return None if fits(found, prereleases=True) else f"{name} {found}"


def _memory(reader: Reader) -> Check:
    import psutil

    _ = reader.translate
    free = psutil.virtual_memory().available / 1e6
    remedy = _("close other programs, or take a computer with more memory")
    return _told(_("free memory"), free >= FEWEST_MEGABYTES, _size(free, reader), remedy)


def _disk(reader: Reader) -> Check:
    _ = reader.translate
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e6
    remedy = _("free some room in {folder}", folder=tempfile.gettempdir())
    return _told(_("free disk"), free >= FEWEST_DISK_MEGABYTES, _size(free, reader), remedy)


def _size(megabytes: float, reader: Reader) -> str:
    _ = reader.translate
    return _("{n} GB", n=reader.number(megabytes / 1_000))


def _lessons(reader: Reader) -> Check:
    from marketing_kpi.lessons.build import notebooks_folder

    _ = reader.translate
    name, remedy = _("lessons"), _("run the command in the folder of the project")
    try:
        found = sorted((notebooks_folder() / reader.lang).glob("*.ipynb"))
    except MarketingKpiError as error:
        return Check(name, False, error.message, remedy)
    return _told(name, bool(found), _("{n} found", n=reader.integer(len(found))), remedy)


def _demo(reader: Reader) -> Check:
    from marketing_kpi.data.demo import demo

    _ = reader.translate
    name, remedy = _("demo data"), _("get the folder data/demo of the project again")
    try:
        with demo() as data:
            orders = int(data.orders.count().to_pyarrow().as_py())
    except (MarketingKpiError, OSError) as error:
        return Check(name, False, str(error).splitlines()[0], remedy)
    return _told(name, orders > 0, _("{n} orders", n=reader.integer(orders)), remedy)


def _notebook(reader: Reader) -> Check:
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
            found = str(error).strip().splitlines()[-1]
            return Check(_("a notebook"), False, found, _(_AGAIN))
    return Check(_("a notebook"), True, _("it runs"))


def _told(name: str, good: bool, found: str, remedy: str) -> Check:
    return Check(name, good, found, "" if good else remedy)
