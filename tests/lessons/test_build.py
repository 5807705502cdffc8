"""What the builder makes of a bilingual source."""

import json

import pytest

from marketing_kpi.errors import LessonError
from marketing_kpi.lessons import build
from marketing_kpi.report import forks

SOURCE = """\
# %% [markdown] tags=["lang-fr"]
# Bonjour

# %% [markdown] tags=["lang-en"]
# Hello

# %% tags=["parameters"]
lang = "fr"
as_of = "2026-01-01"

# %% [markdown] tags=["lang-fr", "lesson"]
# Une somme.

# %% [markdown] tags=["lang-en", "lesson"]
# A sum.

# %% tags=["lesson"]
total = 1 + 1
total

# %% [markdown] tags=["lang-fr"]
# Encore.

# %% [markdown] tags=["lang-en"]
# Again.

# %%
{"b": 1, "a": lang}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "42_sum.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def source_of(folder):
    return folder / "src" / "42_sum.py"


def sources_by_lang(folder):
    return {lang: build.notebook(source_of(folder), lang=lang) for lang in build.LANGS}


def test_each_language_has_its_prose_and_the_same_code(folder):
    made = sources_by_lang(folder)
    prose = {
        lang: [c.source for c in nb.cells if c.cell_type == "markdown"] for lang, nb in made.items()
    }
    code = {
        lang: [c.source for c in nb.cells if c.cell_type == "code"] for lang, nb in made.items()
    }
    assert prose == {
        "fr": ["Bonjour", "Une somme.", "Encore."],
        "en": ["Hello", "A sum.", "Again."],
    }
    assert code["fr"][1:] == code["en"][1:]
    assert code["fr"][0] == 'lang = "fr"\nas_of = "2026-01-01"'
    assert code["en"][0] == 'lang = "en"\nas_of = "2026-01-01"'


def test_both_languages_have_the_same_ids_and_tags(folder):
    made = sources_by_lang(folder)
    ids = {lang: [cell.id for cell in nb.cells] for lang, nb in made.items()}
    assert ids["fr"] == ids["en"]
    assert len(set(ids["fr"])) == len(ids["fr"])
    assert all(cell_id.startswith("42-") for cell_id in ids["fr"])
    assert [build.tags(c) for c in made["fr"].cells] == [build.tags(c) for c in made["en"].cells]
    assert [build.tags(c) for c in made["fr"].cells][1:4] == [
        ["parameters"],
        ["lesson"],
        ["lesson"],
    ]


def test_a_changed_cell_changes_no_other_id(folder):
    before = [cell.id for cell in build.notebook(source_of(folder), lang="fr").cells]
    text = SOURCE.replace("total = 1 + 1", "total = 1 + 2")
    source_of(folder).write_text(text, encoding="utf-8")
    after = [cell.id for cell in build.notebook(source_of(folder), lang="fr").cells]
    assert [old == new for old, new in zip(before, after, strict=True)].count(False) == 1


def test_cells_of_equal_content_have_ids_of_their_own(folder):
    again = SOURCE[SOURCE.rindex('# %% [markdown] tags=["lang-fr"]') : SOURCE.rindex("# %%")]
    source_of(folder).write_text(f"{SOURCE}\n{again}", encoding="utf-8")
    ids = [cell.id for cell in build.notebook(source_of(folder), lang="en").cells]
    assert len(set(ids)) == len(ids)
    assert ids[-1].endswith("-2")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('# %% [markdown] tags=["lang-en"]\n# Again.\n', "", "'Encore.' has no lang-en twin"),
        ('# %% [markdown] tags=["lang-fr"]\n# Encore.\n', "", "'Again.' should be tagged lang-fr"),
        ('tags=["lang-en", "lesson"]', 'tags=["lang-en"]', "'A sum.' has other tags"),
        ('tags=["parameters"]', 'tags=["lesson"]', "no cell tagged parameters sets lang"),
        ('lang = "fr"', 'langue = "fr"', "no cell tagged parameters sets lang"),
    ],
)
def test_a_broken_source_is_refused_by_name(folder, old, new, message):
    assert old in SOURCE
    source_of(folder).write_text(SOURCE.replace(old, new), encoding="utf-8")
    with pytest.raises(LessonError, match=message) as raised:
        build.notebook(source_of(folder), lang="fr")
    assert "42_sum.py" in raised.value.message


def test_another_language_is_refused(folder):
    with pytest.raises(LessonError, match="language 'es' not found"):
        build.notebook(source_of(folder), lang="es")


def test_a_number_without_lesson_is_refused_with_those_there_are(folder):
    with pytest.raises(LessonError, match="lesson '43' not found") as raised:
        build.sources(folder, numbers=["43"])
    assert raised.value.hint == "known: 42"


def test_building_twice_gives_the_same_bytes(folder):
    done = []
    first = {path: path.read_bytes() for path in build.build(folder, done=done.append)}
    second = {path: path.read_bytes() for path in build.build(folder)}
    assert [path.relative_to(folder).as_posix() for path in first] == [
        "fr/42_sum.ipynb",
        "en/42_sum.ipynb",
    ]
    assert done == list(first)
    assert first == second


def test_a_fork_and_a_kernel_give_the_same_bytes(folder, monkeypatch):
    wide = "import pandas as pd\npd.DataFrame([range(30)])\n"
    drawn = "import matplotlib.pyplot as plt\nprint(1)\nplt.plot([1, 2])\nprint(2)\n"
    cells = "".join(f'\n# %% tags=["lesson"]\n{code}' for code in (wide, drawn))
    source_of(folder).write_text(SOURCE + cells, encoding="utf-8")
    forked = [path.read_bytes() for path in build.build(folder)]
    monkeypatch.setattr(forks, "can_fork", lambda: False)
    assert [path.read_bytes() for path in build.build(folder)] == forked
    assert b"image/png" in forked[0]


def test_a_built_notebook_has_outputs_and_nothing_of_the_machine(folder):
    [path] = build.build(folder, langs=["en"])
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["metadata"] == build.NOTEBOOK_METADATA
    cells = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [1, 2, 3]
    assert [cell["metadata"] for cell in cells] == [
        {"tags": ["parameters"]},
        {"tags": ["lesson"]},
        {},
    ]
    assert cells[1]["outputs"][0]["data"] == {"text/plain": ["2"]}
    assert cells[2]["outputs"][0]["data"] == {"text/plain": ["{'b': 1, 'a': 'en'}"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 / 0", "fr/42_sum.ipynb: the code cell 'total = 1 [+] 1' fails: ZeroDivisionError"),
        ("import warnings; warnings.warn('odd')", "warns: .*odd"),
    ],
)
def test_a_cell_that_fails_or_warns_leaves_the_notebook_as_it_was(folder, line, message):
    build.build(folder, langs=["fr"])
    target = folder / "fr" / "42_sum.ipynb"
    before = target.read_bytes()
    source_of(folder).write_text(SOURCE.replace("total\n", f"{line}\n"), encoding="utf-8")
    with pytest.raises(LessonError, match=message):
        build.build(folder, langs=["fr"])
    assert target.read_bytes() == before
