"""What a result was made from, as one hash: two results of one key are the same.

The data count by the content of their files, this package by its own sources (a change of the code
changes every key, whatever the version says), the libraries by their versions, a lesson by the
cells of its report.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.report import cache
from marketing_kpi.report.execute import STUDENT_TAGS, Job, tags
from marketing_kpi.report.inputs import Signature, Source, sha256, signature

if TYPE_CHECKING:
    from marketing_kpi.kpis.periods import Periods

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "ipykernel",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pyarrow",
    "scipy",
)
"""Those that a manifest names; a key has all that the package requires as well."""

# What of a cell an execution depends on or a page shows.
_OF_A_CELL = ("cell_type", "id", "metadata", "source", "attachments")


def package_files() -> list[Path]:
    """Return the files of this package: its code, entries, templates and translations."""
    return sorted(
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    required = metadata.requires("marketing-kpi") or ()
    names = {match[0] for line in required if (match := re.match(r"[A-Za-z0-9._-]+", line))}
    known = {"python": platform.python_version()}
    for name in sorted({*names, *LIBRARIES}):
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # an extra that is not installed
            known[name] = ""
    return known


@dataclass(frozen=True)
class Recipe:
    """What all results of one run depend on: this package, the libraries, the machine.

    Attributes
    ----------
    at
        The package's files as they were when the run began.
    """

    at: Signature

    @classmethod
    def now(cls) -> Recipe:
        """Return the recipe of a run that begins."""
        return cls(signature(package_files()))

    def holds(self) -> bool:
        """Say whether the package is still what it was: a result of two codes is of neither."""
        try:
            return signature(package_files()) == self.at
        except OSError:
            return False

    @cached_property
    def _base(self) -> dict[str, Any]:
        digest = hashlib.sha256()
        for path in package_files():
            digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0{sha256(path)}\n".encode())
        return {
            "format": cache.FORMAT,
            "package": digest.hexdigest(),
            "versions": versions(),
            "machine": [sys.platform, platform.machine()],
        }

    def page(self, job: Job, *, source: Source) -> str:
        """Return the key of a page: a lesson, its parameters (language and locale are among them)
        and the data."""
        return self._key(
            source,
            page=job.path.name,
            cells=list(_report_cells(job.path)),
            parameters=dict(job.parameters),
        )

    def check(self, data: str, *, dates: Periods, source: Source) -> str:
        """Return the key of the check of a client's data, which names them as `data` does."""
        return self._key(source, check=[data, *map(str, dates)])

    def _key(self, source: Source, **parts: Any) -> str:
        files = [[file.name, file.sha256] for file in source.files]
        text = json.dumps({**self._base, **parts, "files": files}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _report_cells(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what counts of a built lesson's cells: those of a report, without their outputs."""
    # Read as JSON: importing nbformat takes longer than all else that a key does.
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if not tags(cell) & STUDENT_TAGS:
            yield {name: cell.get(name) for name in _OF_A_CELL}
