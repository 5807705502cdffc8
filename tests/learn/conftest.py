"""A small bank, the tables of answers that Python and the browser share, and a page with a quiz."""

import time
from pathlib import Path

import nbformat.v4 as nb
import pytest

from marketing_kpi.learn.bank import load
from marketing_kpi.learn.quiz import Quiz
from marketing_kpi.learn.site.build import build
from marketing_kpi.report.render import render_lesson
from marketing_kpi.text import yaml12
from marketing_kpi.text.locale import reader

HERE = Path(__file__).parent


def table(name):
    """The rows of a table of answers."""
    return yaml12.read(HERE / name).value


def pytest_generate_tests(metafunc):
    """Give a test each row of the table that its argument is named for."""
    for name in ("spelling", "graded"):
        if name in metafunc.fixturenames:
            rows = table({"spelling": "spellings.yaml"}.get(name, f"{name}.yaml"))
            metafunc.parametrize(name, rows, ids=lambda row: "-".join(map(str, row.values())))


@pytest.fixture(scope="session")
def sample():
    """The bank of items/02_sample.yaml."""
    return load([HERE / "items" / "02_sample.yaml"])


@pytest.fixture
def points(sample):
    """An item whose answer is 2 points, and 8 a mistake."""
    item = sample.item("sample_average_basket")
    first, second = item.mistakes
    mistakes = (first.model_copy(update={"value": 0.08}), second.model_copy(update={"value": 0.5}))
    given = {"answer": 0.02, "unit": "points", "tolerance": 0.001, "mistakes": mistakes}
    return item.model_copy(update=given)


@pytest.fixture
def quiz_page(tmp_path, sample):
    """A rendered lesson with quizzes at its end; returns its path."""

    def make(*quizzes, lang="fr"):
        first, second = ("À la main, sur dix clients", "Des mesures aux notes")
        if lang == "en":
            first, second = ("By hand, on ten customers", "From measures to scores")
        words = "\n\n".join([f"# Page\n\n## {first}", *["…"] * 40, f"### {second}", *["…"] * 40])
        cells = [nb.new_markdown_cell(words), nb.new_markdown_cell("## Quiz")]
        for quiz in quizzes or (Quiz("02", sample.items(), reader(lang)),):
            output = nb.new_output("display_data", data=quiz._repr_mimebundle_())
            cells.append(nb.new_code_cell("quiz", outputs=[output]))
        path = tmp_path / "lesson.html"
        page = render_lesson(nb.new_notebook(cells=cells), lang=lang)
        path.write_text(page, encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id):
    """The folder of the site; the workers of a run share one."""
    base = tmp_path_factory.getbasetemp()
    out = (base if worker_id == "master" else base.parent) / "site"
    being_built = out.with_suffix(".lock")
    while not out.is_dir():  # it appears whole
        try:
            being_built.mkdir()
        except FileExistsError:
            time.sleep(0.2)
            continue
        try:
            build(out)
        finally:
            being_built.rmdir()
    return out
