"""Quizzes: what an answer is worth, and what is shown of a quiz."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

import marketing_kpi as mk
from marketing_kpi.errors import BankError
from marketing_kpi.learn import quiz as of_quiz
from marketing_kpi.learn.bank import bank
from marketing_kpi.learn.grading import example, grade, repeated
from marketing_kpi.learn.inline import plain
from marketing_kpi.learn.quiz import QUIZ_TYPE, Quiz, shuffled
from marketing_kpi.lessons.build import notebook, sources
from marketing_kpi.report.render import QUIZ_MIME, Body, Cover, page
from marketing_kpi.text.locale import reader

ROOT = Path(__file__).parents[2]


@pytest.fixture
def quiz(sample):
    return Quiz("02", sample.items(), reader("fr"))


def text(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def test_an_answer_is_worth_what_the_table_says(graded, sample):
    found = grade(sample.item(graded["item"]), graded["answer"], lang="fr")
    assert found.verdict == graded["verdict"]
    assert len(found.says) == len(graded["says"])
    for said, words in zip(found.says, graded["says"], strict=True):
        assert words in re.sub(r"\s", " ", said)


def test_only_a_wrong_answer_sends_back_to_the_lesson(sample):
    item = sample.item("sample_small_recency")
    assert grade(item, 0, lang="en").read == "By hand, on ten customers"
    assert grade(item, 1, lang="en").read is None
    assert grade(item, None, lang="en").read is None
    assert grade(item.model_copy(update={"read": None}), 0, lang="en").read is None


@pytest.mark.parametrize("answer", ["12.5", "0.125%"])
def test_a_slip_of_form_is_no_attempt_and_sends_nowhere(sample, answer):
    found = grade(sample.item("sample_one_order_share"), answer, lang="en")
    assert (found.verdict, found.read) == ("form", None)
    assert found.says[0] == "Almost."


@pytest.mark.parametrize(
    ("answer", "lang"), [("$1,234.50", "en"), ("1 234,50 $", "fr"), ("C$1,234.50", "en")]
)
def test_of_a_right_number_nothing_is_said_but_why(sample, answer, lang):
    item = sample.item("sample_average_basket")
    assert grade(item, answer, lang=lang).says[1:] == (plain(item.feedback[lang]),)


def test_a_comma_that_parts_thousands_is_explained_only_when_wrong(sample):
    item = sample.item("sample_average_basket").model_copy(update={"answer": 4000.0})
    assert len(grade(item, "$4,000", lang="en").says) == 2
    assert "a comma before three digits" in grade(item, "$4,001", lang="en").says[2]


def test_a_mistake_is_known_in_each_language_of_its_own_spelling(sample):
    item = sample.item("sample_average_basket")
    assert grade(item, "1,234.5", lang="en").verdict == "right"
    assert grade(item, "1,234.5", lang="en").says[1] == "2,469 / 2 = 1,234.50."
    ambiguous = grade(item, "1,234", lang="en").says
    assert ambiguous[1] == "Read as 1,234."
    assert "a comma before three digits" in ambiguous[2]


def test_the_feedback_never_tells_the_number_before_it_is_found(sample):
    item = sample.item("sample_average_basket")
    for answer in ("", "x", "1", "2469", "4938", "123450"):
        assert "234" not in " ".join(grade(item, answer, lang="en").says[1:]).replace("1,234.5", "")


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        ("2", "right", "2,469 / 2"),
        ("2 pts", "right", "2,469 / 2"),
        ("0.02", "right", "2,469 / 2"),
        ("2%", "right", "2,469 / 2"),
        ("200", "wrong", "Another number"),
        ("8", "wrong", "the whole sales"),
        ("0.0002%", "wrong", "Another number"),
    ],
)
def test_points_may_be_given_without_their_word(points, answer, verdict, words):
    found = grade(points, answer, lang="en")
    assert (found.verdict, words in found.says[-1]) == (verdict, True)


@pytest.mark.parametrize(
    ("value", "lang", "shown"),
    [
        (1234567.891, "fr", "1 234 567,891"),
        (1234567.891, "en", "1,234,567.891"),
        (-0.5, "fr", "−0,5"),
        (-0.0000001, "en", "0"),
        (999, "en", "999"),
        (1 / 3, "fr", "0,333333"),
    ],
)
def test_a_number_is_repeated_with_its_own_decimals(value, lang, shown):
    assert re.sub(r"\s", " ", repeated(value, reader(lang))) == shown


def test_an_example_is_one_that_can_be_read(sample):
    for unit in ("fraction", "points", "currency", "count", "ratio", "days", "index"):
        for lang in ("fr", "en"):
            for spelling in re.split(" ou | or ", example(unit, reader(lang))):
                item = sample.item("sample_average_basket").model_copy(update={"unit": unit})
                assert grade(item, spelling, lang=lang).verdict in ("right", "wrong")


def test_a_quiz_is_shown_as_words_html_and_what_it_asks(quiz, sample):
    shown = quiz._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", QUIZ_TYPE}
    assert json.loads(json.dumps(shown[QUIZ_TYPE])) == {
        "lesson": "02",
        "lang": "fr",
        "items": [item.id for item in sample.items()],
    }
    assert quiz._repr_mimebundle_() == shown
    assert QUIZ_TYPE == QUIZ_MIME


def test_the_words_of_a_quiz_do_not_answer_it(quiz):
    words = quiz.to_text()
    assert words.startswith(
        "1. Deux clients ont dépensé autant. Lequel a la meilleure note R\u202f?"
    )
    assert "   - Celui qui a la récence la plus petite\n" in words
    assert "0,125" not in words
    assert "R / F / M" in words
    assert len(words.splitlines()) == 5 + 3 + 4 + 2


def test_what_is_seen_without_the_script_does_not_answer_it(quiz):
    seen = re.sub(
        r'<div class="mk-quiz-key" hidden="hidden">.*?\n</div>\n</div>',
        "",
        quiz.to_html(),
        flags=re.S,
    )
    assert "Pour répondre, exécutez cette cellule" in text(seen)
    assert seen.count("<fieldset disabled>") == 5
    for told in ("<math", "Peu de jours", "R comme", "à filtrer"):
        assert told not in seen
        assert told in quiz.to_html()


def test_texts_are_never_markup(sample):
    item = sample.item("sample_small_recency")
    hostile = item.question.model_copy(update={"fr": '<script>x</script> "&" $1<2$ `<b>`'})
    html = Quiz("02", (item.model_copy(update={"question": hostile}),), reader("fr")).to_html()
    assert "<script" not in html
    assert "<b>" not in html
    assert "</script" not in of_quiz.script()
    assert "</style" not in of_quiz.style()


def test_the_style_speaks_of_quizzes_only():
    style = re.sub(r"/\*.*?\*/", "", of_quiz.style(), flags=re.S)
    selectors = [
        part for part in re.findall(r"([^{}]+)\{", style) if not part.strip().startswith("@")
    ]
    wrong = [one for part in selectors for one in part.split(",") if ".mk-quiz" not in one]
    assert wrong == []


def test_right_sides_are_never_offered_in_the_order_of_the_left():
    for item in bank().items():
        if item.kind == "matching":
            places = tuple(range(len(item.pairs)))
            assert sorted(shuffled(item)) == list(places)
            assert shuffled(item) != places


def test_a_quiz_of_the_bank():
    whole = mk.quiz("02", lang="fr")
    assert whole.items == bank().items(lesson="02")
    assert whole.reader == reader("fr")
    ids = [item.id for item in whole.items[:2]][::-1]
    chosen = mk.quiz("02", lang=reader("en"), items=ids)
    assert [item.id for item in chosen.items] == ids


@pytest.mark.parametrize("lesson", bank().lessons)
def test_a_long_quiz_asks_of_every_kind_and_of_many_entries_first(lesson):
    whole, every = mk.quiz(lesson, lang="fr"), bank().items(lesson=lesson)
    assert len(whole.items) == (12 if len(every) > 14 else len(every))
    assert [item for item in every if item in whole.items] == list(whole.items)
    assert [item for item in every if item not in whole.items] == list(whole.others)
    assert {item.kind for item in whole.items} == {item.kind for item in every}
    entries = {item.entry for item in every}
    assert len({item.entry for item in whole.items}) == min(len(entries), len(whole.items))


def test_the_others_are_asked_for_and_stand_in_all_that_is_not_a_page():
    whole = mk.quiz("16", lang="en")
    assert whole.to_html().count('class="mk-quiz-item"') == 24
    assert "12 other questions" in text(whole.to_html())
    assert "\n24. " in whole.to_text()
    assert len(whole.payload()["items"]) == 24
    chosen = mk.quiz("16", lang="en", items=[item.id for item in whole.others])
    assert (chosen.items, chosen.others) == (whole.others, ())
    assert "other questions" not in chosen.to_html()


def test_the_items_of_a_lesson_stand_in_its_order():
    for source in sources(ROOT / "notebooks"):
        cells = notebook(source, lang="en").cells
        said = [cell.source for cell in cells if cell.cell_type == "markdown"]
        headings = [plain(line) for line in re.findall(r"(?m)^#+ (.*)$", "\n".join(said))]
        read = [item.read["en"] for item in bank().items(lesson=source.name[:2])]
        places = [headings.index(plain(heading)) for heading in read]
        assert places == sorted(places), source.name


def test_what_the_bank_has_not_is_refused():
    with pytest.raises(BankError, match="lesson '99' has no quiz") as caught:
        mk.quiz("99", lang="fr")
    assert caught.value.hint == f"known: {', '.join(bank().lessons)}"
    assert "00, 01, 02, 03" in caught.value.hint
    with pytest.raises(BankError, match="item 'nothing' not found in the bank"):
        mk.quiz("02", lang="fr", items=["nothing"])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_item_can_be_shown_and_answered_right(lang):
    for item in bank().items():
        answers = {
            "choice": lambda item: item.right[0],
            "choices": lambda item: item.right,
            "number": lambda item: repeated(item.answer, reader(lang)),
            "matching": lambda item: range(len(item.pairs)),
        }
        answer = answers[item.kind](item)
        assert grade(item, answer, lang=lang).verdict == "right", item.id
        assert Quiz("02", (item,), reader(lang)).to_html()


def test_a_page_without_a_quiz_has_none_of_its_script():
    def of(**given):
        return page(Body("<p>x</p>", "x", "x", **given), cover=Cover("c"), file="", lang="fr")

    assert of_quiz.script() not in of()
    assert of_quiz.style() not in of()
    assert of_quiz.script() in of(has_quiz=True)
