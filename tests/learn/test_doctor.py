"""Whether a machine can run the lessons: what is looked at, and what is said where it cannot."""

from __future__ import annotations

from collections import namedtuple
from importlib.metadata import PackageNotFoundError

import nbclient
import psutil
import pytest
from click.testing import CliRunner

from marketing_kpi.cli import main
from marketing_kpi.errors import LessonError
from marketing_kpi.learn import doctor


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
    monkeypatch.setattr(doctor, "_notebook", lambda reader: doctor.Check("a notebook", True, ""))


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
