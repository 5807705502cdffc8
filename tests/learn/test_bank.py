"""The bank: what its files must hold, what is said when they do not, and what they cover."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from nbformat.v4 import new_markdown_cell

from marketing_kpi.errors import BankError
from marketing_kpi.kpis.dictionary import LANGUAGES, dictionary
from marketing_kpi.learn import bank as of_bank
from marketing_kpi.learn import inline
from marketing_kpi.learn.bank import InvalidBankError, bank, load
from marketing_kpi.lessons.build import read as cells_of
from marketing_kpi.lessons.build import tags
from marketing_kpi.lessons.check import typography_problems
from marketing_kpi.text import yaml12

HERE = Path(__file__).parent
SAMPLE = HERE / "items" / "02_sample.yaml"
SOURCES = Path(__file__).parents[2] / "notebooks" / "src"
FILES = sorted((Path(of_bank.__file__).parent / "items").glob("*.yaml"))
LEAST_A_LESSON = 8
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@pytest.fixture
def refused(tmp_path):
    """Change one thing in the sample; return the problem that is found, or all of them."""

    def change(edit, *, kind="items", place=0, every=False):
        content = yaml12.read(SAMPLE).value
        edit(content[kind][place])
        path = tmp_path / "02_changed.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        with pytest.raises(InvalidBankError) as caught:
            load([path])
        problems = caught.value.problems
        if every:
            return problems
        assert len(problems) == 1, problems
        return problems[0]

    return change


CHOICE, CHOICES, NUMBER, MATCHING = 0, 1, 2, 4


def put(*path, value):
    """Return what puts a value at a path."""

    def edit(entry):
        *above, last = path
        for step in above:
            entry = entry[step]
        entry[last] = value

    return edit


def drop(*path):
    """Return what takes away what is at a path."""

    def edit(entry):
        *above, last = path
        for step in above:
            entry = entry[step]
        del entry[last]

    return edit


@pytest.mark.parametrize(
    ("edit", "place", "code", "words"),
    [
        (put("ide", value="x"), CHOICE, "unknown_key", "key 'ide' not found; did you mean 'id'?"),
        (put("options", 0, "feeback", value={}), CHOICE, "unknown_key", "did you mean 'feedback'?"),
        (put("answer", value=1), CHOICE, "unknown_key", "key 'answer' not found"),
        (put("id", value="Bad-Id"), CHOICE, "bad_id", "is not snake_case"),
        (put("entry", value="rfm_scor"), CHOICE, "unknown_entry", "did you mean 'rfm_score'?"),
        (put("kind", value="choise"), CHOICE, "bad_kind", "did you mean 'choice'?"),
        (drop("kind"), CHOICE, "bad_kind", "'kind' is missing"),
        (drop("question", "en"), CHOICE, "missing_language", "'question.en' is missing"),
        (drop("options", 1, "feedback"), CHOICE, "missing_field", "'options.1.feedback'"),
        (drop("options", 1, "right"), CHOICE, "bad_right", "0 options are right"),
        (put("options", 0, "right", value=True), CHOICE, "bad_right", "2 options are right"),
        (drop("options", 0), CHOICE, "bad_count", "2 options; 'choice' has 3 to 5"),
        (put("options", 2, "right", value=True), CHOICES, "bad_right", "4 of 4 options are right"),
        (drop("options", 0), CHOICES, "bad_count", "3 options; 'choices' has 4 to 6"),
        (put("options", 0, "text", "fr", value="le canal"), CHOICES, "given_twice", "'le canal'"),
        (drop("mistakes", 0), NUMBER, "bad_count", "1 mistakes"),
        (put("mistakes", 0, "value", value=0.1255), NUMBER, "mistake_is_right", "0.1255"),
        (put("mistakes", 0, "value", value=12.5), NUMBER, "percent_listed", "as a percentage"),
        (put("mistakes", 0, "value", value=8), NUMBER, "given_twice", "8"),
        (put("answer", value="0,125"), NUMBER, "wrong_type", "found '0,125'"),
        (put("tolerance", value=-1), NUMBER, "wrong_type", "greater than or equal to 0"),
        (put("unit", value="percent"), NUMBER, "unknown_unit", "must be one of"),
        (drop("pairs", 0), MATCHING, "bad_count", "2 pairs"),
        (put("pairs", 0, "right", "en", value="the sum spent"), MATCHING, "given_twice", "right"),
        (put("question", "fr", value=r"$\left( x$"), CHOICE, "bad_formula", "cannot be shown"),
    ],
)
def test_what_is_wrong_in_an_item_is_named(refused, edit, place, code, words):
    problem = refused(edit, place=place)
    assert (problem.code, problem.file) == (code, "02_changed.yaml")
    assert words in problem.message
    assert problem.line > 1


@pytest.mark.parametrize(
    ("edit", "code", "words"),
    [
        (put("level", value="hard"), "unknown_level", "must be one of 'recall'"),
        (put("case", value="share"), "bad_case", "module.function"),
        (drop("tolerance"), "missing_field", "go together"),
        (drop("hints", 0), "bad_count", "1 hints"),
        (put("mistakes", "wrong_denominator", value={"fr": "x"}), "missing_language", "en"),
        (put("mistakes", "wrong_denominator", "de", value="x"), "unknown_key", "key 'de'"),
    ],
)
def test_what_is_wrong_in_an_exercise_is_named(refused, edit, code, words):
    problem = refused(edit, kind="exercises")
    assert problem.code == code
    assert words in problem.message


def test_every_problem_is_told(refused):
    def edit(item):
        item["options"][0]["text"]["fr"] = ""
        del item["question"]

    assert {problem.code for problem in refused(edit, every=True)} == {
        "empty_text",
        "missing_field",
    }


def test_an_id_is_used_once(tmp_path):
    again = tmp_path / "03_again.yaml"
    again.write_bytes(SAMPLE.read_bytes())
    with pytest.raises(
        InvalidBankError, match=r"id used twice, first at 02_sample\.yaml:2"
    ) as caught:
        load([SAMPLE, again])
    assert {problem.code for problem in caught.value.problems} == {"id_used_twice"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- id: x\n", "not_a_file_of_items"),
        ("item: []\n", "unknown_key"),
        ("items: 3\n", "not_a_list"),
        ("items: [3]\n", "not_an_entry"),
        ("items: [\n", "not_yaml"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path, text, code):
    path = tmp_path / "02_x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidBankError) as caught:
        load([path])
    assert [problem.code for problem in caught.value.problems] == [code]


def test_items_are_found_by_lesson_and_by_id(sample):
    assert [item.kind for item in sample.items(lesson="02")] == [
        *("choice", "choices", "number", "number", "matching")
    ]
    assert sample.item("sample_letters") in sample.items()
    assert sample.exercise("sample_share").level == "compute"
    assert sample.lesson("sample_share") == sample.lesson("sample_letters") == "02"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda sample: sample.item("sample_leters"), "did you mean 'sample_letters'?"),
        (lambda sample: sample.exercise("sample_sare"), "did you mean 'sample_share'?"),
        (lambda sample: sample.items(lesson="2"), "lesson '2' not found in the bank"),
        (lambda sample: sample.lesson("sample_leters"), "did you mean 'sample_letters'?"),
    ],
)
def test_what_the_bank_has_not_is_suggested(sample, ask, words):
    with pytest.raises(BankError, match=re.escape(words)):
        ask(sample)


def test_texts_are_inline_markdown():
    assert str(inline.html("a **b** *c* `d<` e < f")) == (
        "a <strong>b</strong> <em>c</em> <code>d&lt;</code> e &lt; f"
    )
    assert "<math" in inline.html(r"$\frac{1}{2}$ of it")
    assert inline.plain(r"**n** is $\frac{1}{2}$") == r"n is \frac{1}{2}"


@pytest.mark.parametrize("text", ["$5 and $10", "5 $ et 10 $", "3 * 4 * 5", r"\$5\$", "a_b_c"])
def test_amounts_and_products_are_not_marks(text):
    assert str(inline.html(text)) == text.replace("\\", "")


def test_the_package_s_bank_is_read():
    assert of_bank.checked() == (len(bank().items()), len(bank().exercises()), ())
    assert bank().items()


def test_french_texts_keep_the_typography_of_the_lessons():
    problems = [
        f"{entry.id}: {problem}"
        for entry in (*bank().items(), *bank().exercises())
        for text in entry.texts()
        for problem in typography_problems(
            new_markdown_cell(text.fr, metadata={"tags": ["lang-fr"]})
        )
    ]
    assert problems == []


def headings(lesson, lang):
    """The headings of a lesson's source in a language, as a reader sees them."""
    source = next(SOURCES.glob(f"{lesson}_*.py"))
    cells = [cell for cell in cells_of(source) if f"lang-{lang}" in tags(cell)]
    return {inline.plain(text.strip()) for cell in cells for text in HEADING.findall(cell.source)}


def built_lessons():
    return sorted(path.name[:2] for path in SOURCES.glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("lesson", built_lessons())
def test_what_is_to_be_read_again_is_a_heading_of_the_lesson(lesson):
    found = {lang: headings(lesson, lang) for lang in LANGUAGES}
    wrong = [
        f"{entry.id}: {lang}: {entry.read[lang] if entry.read else None}"
        for entry in (*bank().items(lesson=lesson), *bank().exercises(lesson=lesson))
        for lang in LANGUAGES
        if entry.read is None or inline.plain(entry.read[lang]) not in found[lang]
    ]
    assert wrong == []


@pytest.mark.parametrize("lesson", built_lessons())
def test_a_lesson_has_a_quiz_of_every_kind(lesson):
    items = bank().items(lesson=lesson)
    kinds = Counter(item.kind for item in items)
    assert len(items) >= LEAST_A_LESSON
    assert kinds["number"] >= 2
    assert kinds["matching"] >= 1
    assert kinds["choices"] >= 1


@pytest.mark.parametrize("lesson", built_lessons())
def test_a_lesson_has_exercises_from_recall_to_a_case(lesson):
    exercises = bank().exercises(lesson=lesson)
    assert len(exercises) >= 4
    assert {exercise.level for exercise in exercises} >= {"recall", "case"}


def test_every_entry_of_the_dictionary_is_asked_about():
    asked = {item.entry for item in bank().items()}
    assert sorted(dictionary().keys() - asked) == []


def test_a_file_is_named_as_its_lesson():
    stems = {path.stem for path in SOURCES.glob("*.py")}
    numbers = {stem[:2] for stem in stems}
    wrong = [path.name for path in FILES if path.name[:2] in numbers and path.stem not in stems]
    assert wrong == []


def test_the_right_option_does_not_always_stand_in_one_place():
    places = Counter(item.right[0] for item in bank().items() if item.kind == "choice")
    assert max(places.values()) <= places.total() / 2
