"""A client, a small lesson in both languages, and the reports made of them."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from marketing_kpi.report import run
from marketing_kpi.report.config import load

from .hostile import NAMES

PARAMETERS = """\
lang = "{lang}"
locale = None
currency = "CAD"
client = "Boréal"
source = "demo"
mapping = None
as_of = "2026-01-01"
period = "12 months"
compare = "previous_year"
"""
OPEN = """\
import marketing_kpi as mk
from marketing_kpi import plots
reader = mk.reader(lang, locale=locale, currency=currency)
data = mk.open_data(source, mapping=mapping)
"""
FIGURE = """\
from marketing_kpi.plots import style
ax = style.axes()
bars = ax.bar(["web", "store"], [3, 5])
ax = style.finish(ax, title="Sales", alt="Two bars; the store is higher", caption="By channel")
"""
LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 30' onload='alert(1)'>"
    "<script>alert(1)</script><rect width='90' height='30' fill='#ffd400'/></svg>"
)
TABLE = """\
import pandas as pd
amounts = [1234.5 + (7 * n) % 5 for n in range(len(WHO))]
frame = pd.DataFrame({"who": WHO, "net_sales": amounts, "share": [0.125] * len(WHO)})
plots.table(
    frame, lang=reader, id="hostile", caption="Names & sales",
    units={"net_sales": "currency", "share": "fraction"}, kpis={"net_sales": "net_sales"},
)
"""
WORDS = {
    "fr": ("# Aperçu : où en est-on ?", "La boutique <b>va</b> bien, et $r = a / b$.", "## Ventes"),
    "en": ("# Overview: where are we?", "The shop <b>is</b> well, and $r = a / b$.", "## Sales"),
}


def lesson(lang, *cells):
    """A built lesson: title, parameters, then the cells given."""
    title, answer, section = WORDS[lang]
    return new_notebook(
        cells=[
            new_markdown_cell(f"{title}\n\n{answer}", id="title"),
            new_code_cell(
                PARAMETERS.format(lang=lang), id="parameters", metadata={"tags": ["parameters"]}
            ),
            new_markdown_cell(f"{section}\n\n$$\\frac{{a}}{{b}}$$", id="section"),
            *cells,
        ]
    )


def write_lesson(folder, name, lang, *cells):
    (folder / lang).mkdir(parents=True, exist_ok=True)
    nbformat.write(lesson(lang, *cells), folder / lang / name)


def code(source, identity, **metadata):
    return new_code_cell(source, id=identity, metadata=metadata)


def write_config(folder, **keys):
    """Write a client's YAML; a key given as None is left out."""
    lines = {
        "client": "Boréal",
        "lang": "[fr, en]",
        "currency": "CAD",
        "as_of": '"2026-01-01"',
        "data": "orders.csv",
        "notebooks": '["00"]',
        **keys,
    }
    (folder / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount\n1,A,2025-03-01,10.50\n2,A,2025-04-01,20.00\n"
        "3,B,2024-05-01,5.00\n4,,2025-06-01,7.00\n",
        encoding="utf-8",
    )
    path = folder / "client.yml"
    text = "".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def lessons(tmp_path_factory):
    """Built lessons.

    00 works on hostile names, 01 fails, 03 has a figure without words, 04 kills its kernel and 05
    does nothing.
    """
    folder = tmp_path_factory.mktemp("notebooks")
    for lang in ("fr", "en"):
        write_lesson(
            folder,
            "00_overview.ipynb",
            lang,
            code(OPEN, "open"),
            code(FIGURE, "figure"),
            code(f"WHO = {NAMES!r}\n{TABLE}", "table"),
            code("plots.glossary(mk.dictionary()['net_sales'], lang=reader)", "glossary"),
            code("raise SystemError('a lesson cell ran')", "student", tags=["lesson"]),
            code("raise SystemError('an exercise ran')", "exercise", tags=["exercise"]),
            code("import warnings\nwarnings.warn('prices <b>look</b> odd')", "warn"),
        )
        write_lesson(
            folder, "01_broken.ipynb", lang, code("raise ValueError(f'no {client}')", "broken")
        )
        bare = "import matplotlib.pyplot as plt\nlines = plt.plot([1, 2])"
        write_lesson(folder, "03_mute.ipynb", lang, code(bare, "mute"))
        write_lesson(folder, "04_dead.ipynb", lang, code("import os\nos._exit(1)", "dead"))
        write_lesson(folder, "05_plain.ipynb", lang, code("1 + 1", "plain"))
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory, lessons):
    """The folder of a good report, both languages, of a client with a logo and a pale colour."""
    folder = tmp_path_factory.mktemp("client")
    out = folder / "build"
    (folder / "logo.svg").write_text(LOGO, encoding="utf-8")
    config = write_config(folder, brand='{logo: logo.svg, colour: "#ffd400"}')
    assert run([config], out=out, folder=lessons) == 0
    return out / "boreal"


@pytest.fixture(scope="session")
def broken(tmp_path_factory, lessons):
    """The folder of a report of which three pages of four failed, in French."""
    folder = tmp_path_factory.mktemp("client")
    out = folder / "build"
    path = write_config(folder, lang="fr", notebooks='["00", "01", "03", "04"]')
    assert run([path], out=out, folder=lessons) == 1
    return out / "boreal"


@pytest.fixture
def sleeping(tmp_path):
    """Lessons of which 05 writes the ids of its kernel and of its worker in a file, then sleeps."""
    folder, started = tmp_path / "lessons", tmp_path / "started"
    source = (
        "import os, time\nfrom pathlib import Path\nhalf = "
        f"Path({str(started) + '.half'!r})\n"
        "written = half.write_text(f'{os.getpid()} {os.getppid()}')\n"
        f"half.rename({str(started)!r})\ntime.sleep(90)"
    )
    write_lesson(folder, "05_sleeps.ipynb", "en", code(source, "sleeps"))
    return folder, started


@pytest.fixture
def new_lesson():
    """Write a lesson of code cells: the folder, the file's name, then (id, source, tags) each."""

    def write(folder, name, *cells, lang="en"):
        made = [code(source, identity, tags=list(tags)) for identity, source, *tags in cells]
        write_lesson(folder, name, lang, *made)
        return folder / lang / name

    return write


@pytest.fixture
def client(tmp_path):
    """A checked configuration; keys replace those of the file."""
    return lambda **keys: load([write_config(tmp_path, **keys)])[0]
