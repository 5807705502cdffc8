"""The rules of the lessons: each is broken here, and said."""

import nbformat
import pytest

from marketing_kpi.lessons import build, check


def code(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def prose(source, *tags):
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)})


@pytest.mark.parametrize(
    "source",
    [
        "x = 1  # count",
        '"""Words."""',
        'f"{x}"',
        'ax.set_title("Net sales by month")',
        'name = "Panier"',
        'name = "marqué"',
    ],
)
def test_prose_in_a_code_cell_is_found(source):
    assert list(check.prose_problems(code(source)))


@pytest.mark.parametrize(
    "source",
    [
        'mk.compute(["net_sales"], data, by=["channel"], grain="month", start="2025-01-01")',
        'shop.loc["QC", "A1"]',
        'kind.astype("float64")',
        r'print(low, high, sep="\n")',
        'print(share, needed, sep=" → ")',
    ],
)
def test_ids_dates_and_codes_are_no_prose(source):
    assert list(check.prose_problems(code(source))) == []


def test_the_parameters_cell_may_hold_words():
    assert list(check.prose_problems(code('client = "Boréal"', "parameters"))) == []


@pytest.mark.parametrize(
    "cells",
    [
        [code("toy = 1", "lesson"), code("toy + 1")],
        [code("def half(x):\n    return x / 2", "lesson"), code("y = half(4)")],
        [code("import math", "lesson"), code("math.pi")],
        [code("toy = 1", "lesson"), code("toy = toy + 1")],
        [code("toy = 1", "lesson"), code("[toy * n for n in range(3)]")],
    ],
)
def test_a_report_cell_that_reads_a_name_of_a_lesson_cell_is_found(cells):
    assert len(check.lesson_name_problems(cells)) == 1


@pytest.mark.parametrize(
    "cells",
    [
        [code("toy = 1", "lesson"), code("toy + 1", "lesson")],
        [code("n = 1", "lesson"), code("[n for n in range(3)]")],
        [code("toy = 1", "lesson"), code("toy = 2\ntoy + 1")],
        [code("data = 1"), code("data", "lesson"), code("data")],
    ],
)
def test_names_that_a_report_defines_itself_are_fine(cells):
    assert check.lesson_name_problems(cells) == []


def test_a_lesson_cell_that_redefines_a_name_of_a_report_cell_is_found():
    cells = [code("data = 1"), code("data = 2", "lesson"), code("data")]
    [problem] = check.lesson_name_problems(cells)
    assert "redefines 'data'" in problem


@pytest.mark.parametrize(
    "source",
    [
        'data["x"] = 1',
        "data.x = 1",
        'data.loc[0, "x"] += 1',
        'del data["x"]',
        'data.drop(columns="x", inplace=True)',
        "data.x.fillna(0, inplace=True)",
        'data.pop("x")',
        "for data.x in range(2):\n    pass",
    ],
)
def test_a_lesson_cell_that_changes_an_object_of_a_report_cell_is_found(source):
    cells = [code("data = 1"), code(source, "lesson"), code("data")]
    [problem] = check.lesson_name_problems(cells)
    assert problem.endswith("is a lesson cell and changes 'data' of a report cell; change a copy")


@pytest.mark.parametrize(
    "source",
    [
        'own = data.copy()\nown["x"] = 1',
        "data.drop(columns=[1], inplace=False)",
        'total = data["x"].sum()',
        "own = {}\nown[data.x] = 1",
    ],
)
def test_a_lesson_cell_that_changes_its_own_copy_is_fine(source):
    cells = [code("data = 1"), code(source, "lesson"), code("data")]
    assert check.lesson_name_problems(cells) == []


def test_a_variable_of_a_comprehension_is_no_name_of_the_cell():
    cells = [code("[n for n in (1, 2)]\nx = {n: n for n in (3,)}", "lesson")]
    assert check.lesson_name_problems([*cells, code("y = sum(n for n in (1, 2))")]) == []


def twins(french, english, *more):
    return [prose(french, "lang-fr", *more), prose(english, "lang-en", *more)]


CLOSING = twins("1. Quoi\u202f?", "1. What?", "lesson", "exercise")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (twins("# Quoi\u202f?\n\nMots.", "# What?\n\nWords."), None),
        (twins("Quoi\u202f?", "What?") + twins("Un.", ""), "is empty"),
        (twins("Quoi\u202f?", "What?") + twins("\n", "One."), "is empty"),
        (twins("# Quoi\u202f?", "## What?"), "has other headings than its lang-fr twin"),
        (twins("# Quoi\u202f?\n\n## A", "# What?"), "has other headings than its lang-fr twin"),
        (twins("Bonjour.", "What?"), "does not open with a question"),
        (twins("Quoi\u202f?", "Hello."), "does not open with a question"),
    ],
)
def test_what_a_reader_needs_in_both_languages_is_checked(cells, message):
    problems = list(check.prose_structure_problems([*cells, *CLOSING]))
    assert [message in problem for problem in problems] == ([True] if message else []), problems


def test_a_sharp_sign_in_a_code_block_is_no_heading():
    cells = twins("Quoi\u202f?\n\n```\n# x\n```", "What?")
    assert list(check.prose_structure_problems([*cells, *CLOSING])) == []


@pytest.mark.parametrize(
    "closing",
    [
        [],
        twins("1. Quoi\u202f?", "1. What?", "lesson"),
        twins("1. Quoi\u202f?", "1. What?", "exercise"),
        twins("Fin.", "End.", "lesson", "exercise"),
        [*CLOSING, code("1", "lesson")],
    ],
)
def test_a_lesson_without_closing_questions_is_found(closing):
    cells = [*twins("Quoi\u202f?", "What?"), *closing]
    [problem] = check.prose_structure_problems(cells)
    assert problem.startswith("does not close with questions")


@pytest.mark.parametrize(
    "text", ["Quoi ?", "Ceci: cela", "20 %", "20%", "« oui »", "«oui»", "Fin !"]
)
def test_french_without_non_breaking_spaces_is_found(text):
    assert list(check.typography_problems(prose(text, "lang-fr")))


@pytest.mark.parametrize(
    "text",
    [
        "Quoi\u202f?",
        "Ceci\u00a0: cela",
        "20\u00a0%",
        "«\u00a0oui\u00a0»",
        "à 10:30",
        "`a : b`, $x : y$, [ici](https://exemple.org/a?b=1)",
        "| a | b |\n|:--|---|\n| 1 | 2 |",
    ],
)
def test_french_with_them_is_fine(text):
    assert list(check.typography_problems(prose(text, "lang-fr"))) == []


def test_english_keeps_its_own_typography():
    assert list(check.typography_problems(prose("What? 20%: yes!", "lang-en"))) == []


def output(kind, **values):
    cell = code("x")
    cell.outputs = [nbformat.v4.new_output(kind, **values)]
    return cell


@pytest.mark.parametrize(
    "cell",
    [
        output("stream", name="stderr", text="Warning"),
        output("error", ename="ValueError", evalue="no", traceback=[]),
        output("display_data", data={"image/png": "aGk="}),
        output("display_data", data={"image/png": "aGk="}, metadata={"alt": ""}),
        output("execute_result", data={"text/plain": "<Table at 0x7f3a2b1c9d>"}, execution_count=1),
        output("stream", name="stdout", text="/Users/someone/orders.csv"),
        output("stream", name="stdout", text=f"{check._CHECKOUT}/orders.csv"),
    ],
)
def test_outputs_that_no_reader_should_get_are_found(cell):
    assert len(list(check.output_problems(cell))) == 1


def test_a_figure_with_its_alt_text_is_fine():
    cell = output("display_data", data={"image/png": "aGk="}, metadata={"alt": "Sales by month"})
    assert list(check.output_problems(cell)) == []


SOURCE = """\
# %% [markdown] tags=["lang-fr"]
# Bonjour, qui est là\u202f?

# %% [markdown] tags=["lang-en"]
# Hello, who is there?

# %% tags=["parameters"]
lang = "fr"
{more}
# %% [markdown] tags=["lang-fr"]
# Un.

# %% [markdown] tags=["lang-en"]
# One.

# %%
1

# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# 1. Pourquoi\u202f?

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# 1. Why?
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "00_one.py").write_text(SOURCE.format(more=""), encoding="utf-8")
    list(build.build(tmp_path))
    return tmp_path


def test_what_was_just_built_is_up_to_date(folder):
    assert check.check(folder) == []


def test_a_source_changed_since_is_said(folder):
    (folder / "src" / "00_one.py").write_text(SOURCE.format(more="a = 1\n"), encoding="utf-8")
    assert [problem.split(";")[0] for problem in check.check(folder)] == [
        "fr/00_one.ipynb: out of date",
        "en/00_one.ipynb: out of date",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"execution_count": 2', '"execution_count": 5', "not all executed"),
        ('"name": "python3"', '"name": "python3", "path": "x"', "not written by the builder"),
        ("Hello", "Hullo", "out of date"),
    ],
)
def test_a_notebook_edited_by_hand_is_said(folder, old, new, message):
    target = folder / "en" / "00_one.ipynb"
    text = target.read_text(encoding="utf-8")
    assert old in text
    target.write_text(text.replace(old, new), encoding="utf-8")
    problems = check.check(folder)
    assert any(message in problem for problem in problems), problems


def test_a_notebook_that_is_missing_is_said(folder):
    (folder / "en" / "00_one.ipynb").unlink()
    assert check.check(folder) == ["en/00_one.ipynb: not built; run `marketing-kpi lessons build`"]


EXERCISES = """
# %% [markdown] tags=["lang-fr", "lesson", "exercise"]
# Deux exercices.

# %% [markdown] tags=["lang-en", "lesson", "exercise"]
# Two exercises.

# %% tags=["lesson", "exercise"]
q1 = 2

# %% tags=["lesson", "exercise"]
q1
"""


@pytest.mark.parametrize(
    ("stem", "more", "message"),
    [
        ("07_one", "", "2 code cells before the exercises; a main lesson has 25 to 45"),
        ("00_one", "\n# %%\n2\n", "is not introduced by a sentence"),
        ("00_one", EXERCISES, None),
        (
            "00_one",
            f'{EXERCISES}\n# %% tags=["lesson"]\n4\n',
            "'4' is not introduced by a sentence",
        ),
        ("00_one", EXERCISES.replace(', "exercise"', ""), "is not introduced by a sentence"),
        ("00_one", "", None),
    ],
)
def test_size_and_introductions_are_checked(tmp_path, stem, more, message):
    source = tmp_path / f"{stem}.py"
    source.write_text(SOURCE.format(more=more), encoding="utf-8")
    problems = check.source_problems(source)
    assert [message in problem for problem in problems] == ([True] if message else [])


def test_exercises_are_not_counted_among_the_cells_of_a_lesson(tmp_path):
    said = '\n# %% [markdown] tags=["lang-fr"]\n# Et\n\n# %% [markdown] tags=["lang-en"]\n# And\n'
    taught = "".join(f"{said}\n# %%\n{n}\n" for n in range(43))
    source = tmp_path / "07_one.py"
    source.write_text(SOURCE.format(more=taught + EXERCISES), encoding="utf-8")
    assert check.source_problems(source) == []


def test_short_cells_of_exercises_do_not_hide_long_ones(tmp_path):
    text = SOURCE.format(more=EXERCISES).replace("\n1\n", "\n" + "1\n" * 5)
    (tmp_path / "00_one.py").write_text(text, encoding="utf-8")
    assert check.source_problems(tmp_path / "00_one.py") == [
        "median of 5 lines a code cell; at most 3"
    ]


def test_cells_of_too_many_lines_are_found(tmp_path):
    long = SOURCE.format(more="").replace("\n1\n", "\n" + "1\n" * 13)
    (tmp_path / "00_one.py").write_text(long, encoding="utf-8")
    assert check.source_problems(tmp_path / "00_one.py") == [
        "median of 13 lines a code cell; at most 3",
        "the code cell '1' has 13 lines; at most 12",
    ]


def test_a_line_too_long_for_a_page_is_found(tmp_path):
    wide = SOURCE.format(more="").replace("\n1\n", f"\n{'1 + ' * 25}1\n")
    (tmp_path / "00_one.py").write_text(wide, encoding="utf-8")
    [problem] = check.source_problems(tmp_path / "00_one.py")
    assert "has a line of 101 characters; at most 96" in problem
