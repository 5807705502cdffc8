"""The lessons of the course themselves."""

import json
import os
import subprocess
import sys

import pytest

from marketing_kpi.errors import LessonError
from marketing_kpi.lessons import build, check

NOTEBOOKS = build.notebooks_folder()
SOURCES = build.sources(NOTEBOOKS)
BUILT = [NOTEBOOKS / lang / f"{source.stem}.ipynb" for source in SOURCES for lang in build.LANGS]

PICTURE = "image/png"


def _name(path):
    return f"{path.parent.name}/{path.stem}"


def test_the_first_lessons_are_there():
    assert [source.stem for source in SOURCES][:3] == [
        "00_overview",
        "01_kpi_glossary",
        "02_rfm_scoring",
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_lessons_keep_their_rules_and_are_up_to_date(source):
    assert check.check(NOTEBOOKS, numbers=[source.stem[:2]]) == []


def test_no_notebook_lacks_its_source():
    built = {path for lang in build.LANGS for path in (NOTEBOOKS / lang).glob("*.ipynb")}
    assert built == set(BUILT)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_opens_with_a_question_and_closes_with_questions(source):
    cells = build.read(source)
    french = [cell for cell in cells if "lang-fr" in build.tags(cell)]
    assert any("?" in cell.source for cell in french[:2])
    assert {"lesson", "exercise"} <= set(build.tags(french[-1]))
    assert cells[-1].cell_type == "markdown"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_lesson_has_the_shared_parameters(source):
    [parameters] = [cell for cell in build.read(source) if "parameters" in build.tags(cell)]
    assert parameters.source.splitlines()[:9] == [
        'lang = "fr"',
        "locale = None",
        'currency = "CAD"',
        'client = "Boréal"',
        'source = "demo"',
        "mapping = None",
        'as_of = "2026-01-01"',
        'period = "12 months"',
        'compare = "previous_year"',
    ]


def _shown(notebook):
    """Return what the cells of a notebook show, without pictures, by the ids of the cells."""
    return {
        cell["id"]: [
            {**output, "data": {kind: data for kind, data in found.items() if kind != PICTURE}}
            if (found := output.get("data"))
            else output
            for output in cell.get("outputs", ())
        ]
        for cell in json.loads(notebook)["cells"]
    }


@pytest.mark.parametrize("half", [0, 1])
def test_a_student_who_runs_the_notebooks_gets_the_same_text_and_tables(half):
    others = []

    def compare(source, made):
        for lang, text in zip(build.LANGS, made, strict=True):
            built = NOTEBOOKS / lang / f"{source.stem}.ipynb"
            if isinstance(text, LessonError):
                others.append((_name(built), text.message))
                continue
            before, now = _shown(built.read_text(encoding="utf-8")), _shown(text)
            assert before.keys() == now.keys()
            others.extend(
                (_name(built), before[cell], now[cell])
                for cell in before
                if before[cell] != now[cell]
            )
        seen.extend(made)

    seen = []
    lessons = SOURCES[half::2]
    build.run(lessons, folder=NOTEBOOKS, jobs=1, done=compare)
    assert len(seen) == len(lessons) * len(build.LANGS)
    assert others == []


# Each fifth: lessons of either language. What runs all of them above is held to a kernel here.
@pytest.mark.parametrize("built", BUILT[::5], ids=_name)
def test_a_kernel_gives_the_same_text_and_tables(built, tmp_path):
    # A process of its own: nbval registers itself for every file of a session. No other plugin.
    command = [sys.executable, "-m", "pytest", "-p", "nbval.plugin", "--nbval", "-q", str(built)]
    options = ["-c", os.devnull, f"--rootdir={tmp_path}", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, *options, "--nbval-kernel-name=python3"],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, cwd=tmp_path, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
