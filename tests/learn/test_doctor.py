"""Whether a machine can run the lessons: what is looked at, and what is said where it cannot."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import tomllib
from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import nbclient
import psutil
import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from marketing_kpi.cli import main
from marketing_kpi.errors import LessonError
from marketing_kpi.learn import doctor

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
NEEDED = [
    Requirement(line).name
    for line in tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
]
PROVIDED = importlib.metadata.packages_distributions()


def _one(name, lang="en"):
    return next(check for check in doctor.checks(lang) if check.name == name)


def test_this_machine_can_run_the_lessons():
    result = CliRunner().invoke(main, ["doctor", "--lang", "en"])
    assert result.exit_code == 0, result.output
    assert result.output.count("ok  ") == 7
    assert "→" not in result.output
    assert "a notebook: it runs" in result.output


@pytest.fixture
def quick(monkeypatch):
    """Leave out the notebook, which takes seconds."""
    monkeypatch.setattr(nbclient.NotebookClient, "execute", lambda self: None)


@pytest.mark.usefixtures("quick")
def test_a_missing_package_and_an_old_one_are_named(monkeypatch):
    def version(name):
        if name == "seaborn":
            raise PackageNotFoundError(name)
        return "1.0" if name == "pandas" else real(name)

    real = doctor.version
    monkeypatch.setattr(doctor, "version", version)
    found = _one("packages")
    assert (found.good, found.found) == (False, "pandas 1.0, seaborn is missing")
    assert "make report" in found.remedy


@pytest.mark.usefixtures("quick")
def test_too_little_room_is_said_in_french(monkeypatch):
    memory = namedtuple("memory", "available")(400e6)
    disk = namedtuple("usage", "total used free")(1, 1, 100e6)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: disk)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "!!  mémoire libre\u00a0: 0,4\u00a0Go" in result.output
    assert "    → fermez d'autres programmes" in result.output
    assert "!!  disque libre" in result.output


@pytest.mark.usefixtures("quick")
def test_lessons_and_data_that_are_not_there_are_said(monkeypatch):
    def missing(*_arguments):
        raise LessonError("not beside this installation")

    monkeypatch.setattr("marketing_kpi.lessons.build.notebooks_folder", missing)
    monkeypatch.setattr("marketing_kpi.data.demo.demo", missing)
    assert _one("lessons") == doctor.Check(
        "lessons",
        False,
        "not beside this installation",
        "run the command in the folder of the project",
    )
    assert not _one("demo data").good


def test_a_kernel_that_does_not_start_is_said(monkeypatch):
    def fails(self):
        raise RuntimeError("Kernel died\nno module named ipykernel")

    monkeypatch.setattr(nbclient.NotebookClient, "execute", fails)
    found = _one("a notebook")
    assert (found.good, found.found) == (False, "no module named ipykernel")
    assert found.remedy


def test_an_old_python_is_said(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 1))
    found = next(doctor.checks("en"))
    assert (found.good, found.found, found.remedy) == (
        False, "3.9.1", "install Python 3.11 or later",
    )  # fmt: skip


@pytest.fixture
def without(monkeypatch):
    """Make a package impossible to import, and ours be imported anew, as on its machine."""

    def block(distribution):
        gone = {module for module, names in PROVIDED.items() if distribution in names}
        for module in list(sys.modules):
            root = module.partition(".")[0]
            if root == "marketing_kpi":
                monkeypatch.delitem(sys.modules, module)
            elif root in gone:
                monkeypatch.setitem(sys.modules, module, None)
        for module in gone:
            monkeypatch.setitem(sys.modules, module, None)

        def version(name):
            if name == distribution:
                raise PackageNotFoundError(name)
            return real(name)

        real = importlib.metadata.version
        monkeypatch.setattr(importlib.metadata, "version", version)

    ours = {
        name: module for name, module in sys.modules.items() if name.startswith("marketing_kpi")
    }
    yield block
    for name in [name for name in sys.modules if name.startswith("marketing_kpi")]:
        del sys.modules[name]
    sys.modules.update(ours)


def _doctor():
    return CliRunner().invoke(importlib.import_module("marketing_kpi.cli").main, ["doctor"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", [name for name in NEEDED if name not in ("click", "babel")])
def test_without_any_of_its_packages_every_look_has_its_line(without, name):
    without(name)
    result = _doctor()
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert f"{name} manque" in result.output
    lines = result.output.splitlines()
    marks = [line[:2] for line in lines if line[:2].strip()]
    assert len(marks) == 7
    assert marks.count("!!") == sum(line.startswith("    → ") for line in lines) > 0
    assert "    → réinstallez les paquets" in result.output


def test_without_what_doctor_itself_needs_the_remedy_is_said(without):
    without("babel")
    result = _doctor()
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert result.output.startswith("error: import of babel")
    assert "hint: install the packages again" in result.output


def test_without_what_reads_the_command_the_remedy_is_said(without):
    without("click")
    with pytest.raises(
        SystemExit, match=r"error: import of click[^\n]+\nhint: install the packages"
    ):
        importlib.import_module("marketing_kpi.cli")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("error", "found", "remedy"),
    [
        (ImportError("cannot import name 'x'\nfrom 'psutil'"), "from 'psutil'", "make report"),
        (PermissionError(13, "Denied"), "[Errno 13] Denied", "run the command again"),
        (ValueError(), "ValueError", "run the command again"),
    ],
)
def test_what_nobody_foresaw_has_its_line_too(monkeypatch, error, found, remedy):
    def fails(*_arguments):
        raise error

    monkeypatch.setattr(psutil, "virtual_memory", fails)
    seen = _one("free memory")
    assert (seen.good, seen.found) == (False, found)
    assert remedy in seen.remedy
    assert len(list(doctor.checks("en"))) == 7
