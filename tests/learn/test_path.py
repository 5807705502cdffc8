"""The student's path: its order, and where its minutes come from."""

import re

import pytest

from marketing_kpi.errors import LessonError
from marketing_kpi.learn import path as learn
from marketing_kpi.learn.bank import bank
from marketing_kpi.lessons.build import notebooks_folder, read, sources, tags
from marketing_kpi.text.locale import LANGUAGES

in_both = pytest.mark.parametrize("lang", LANGUAGES)


def before(topic):
    """Return the lessons to have read before a topic of the table."""
    return topic.order.split(" → ")[:-1]


@pytest.fixture
def without_sources(monkeypatch):
    def absent():
        raise LessonError("no sources")

    monkeypatch.setattr(learn, "notebooks_folder", absent)


def source(folder, name, cells):
    (folder / "src").mkdir(exist_ok=True)
    text = "\n".join(f"# %% {head}\n{body}\n" for head, body in cells)
    (folder / "src" / name).write_text(f"# ---\n# jupyter: header of many words\n# ---\n\n{text}")


# --- The order ------------------------------------------------------------------------------


def test_each_topic_comes_after_what_it_rests_on():
    done = set()
    for topic in learn.path("en").itertuples():
        assert set(before(topic)) <= done, topic.topic
        done.add(topic.lesson)


def test_a_topic_says_the_whole_order_that_leads_to_it():
    order = learn.path("en").set_index("lesson").order
    assert order["00"] == "00"
    assert order["16"] == "00 → 01 → 02 → 06 → 04 → 16"
    for topic in learn.TOPICS:
        lessons = order[topic.lesson].split(" → ")
        assert lessons[-1] == topic.lesson
        needed = {one for lesson in topic.rests_on for one in order[lesson].split(" → ")}
        assert set(lessons[:-1]) == needed, topic.lesson


@in_both
def test_the_time_in_all_is_that_of_every_lesson_of_the_order(lang):
    frame = learn.path(lang).set_index("lesson")
    for topic in frame.itertuples():
        lessons = topic.order.split(" → ")
        minutes = sum(frame.reading[one] + frame.practice[one] for one in lessons)
        assert topic.total * 60 == pytest.approx(minutes), topic.Index


def test_every_lesson_is_on_the_path_once():
    lessons = [found.stem[:2] for found in sources(notebooks_folder())]
    assert sorted(learn.path("en").lesson) == lessons


def test_a_lesson_rests_on_those_that_it_refers_back_to():
    """A lesson may point ahead; what it sends back to must be read before it."""
    order = [*learn.path("en").lesson]
    rests = {topic.lesson: set(before(topic)) for topic in learn.path("en").itertuples()}
    for found in sources(notebooks_folder()):
        number = found.stem[:2]
        named = set(re.findall(r"leçons? (\d\d)", found.read_text(encoding="utf-8")))
        back = {one for one in named if one in order and order.index(one) < order.index(number)}
        assert back <= rests[number], number


# --- The minutes ----------------------------------------------------------------------------


@in_both
def test_reading_counts_the_prose_of_one_language_and_the_code_but_no_exercise(
    lang, tmp_path, monkeypatch
):
    head = '[markdown] tags=["lang-{}"{}]'
    source(
        tmp_path,
        "02_rfm_scoring.py",
        [
            (head.format("fr", ', "lesson"'), "# " + "mot " * 2_000),
            (head.format("en", ', "lesson"'), "# " + "word " * 1_000),
            ('tags=["lesson"]', "x = 1"),
            ("", "y = 2"),
            (head.format("fr", ', "lesson", "exercise"'), "# " + "mot " * 9_000),
            (head.format("en", ', "lesson", "exercise"'), "# " + "word " * 9_000),
            ('tags=["lesson", "exercise"]', "q1"),
        ],
    )
    monkeypatch.setattr(learn, "notebooks_folder", lambda: tmp_path)
    reading = learn.path(lang).set_index("lesson").reading
    # 10 minutes of prose in French, 5 in English, 1 for two cells; then up to the next 5.
    assert reading["02"] == {"fr": 15, "en": 10}[lang]
    assert reading.drop("02").isna().all()
    assert learn.path(lang).total.isna().all()  # each rests on a lesson that is not there


def test_practice_counts_what_the_bank_has():
    for topic in learn.path("en").itertuples():
        exercises = len(bank().exercises(lesson=topic.lesson))
        questions = len(bank().items(lesson=topic.lesson))
        assert (topic.exercises, topic.questions) == (exercises, questions)
        exact = exercises * learn.MINUTES_AN_EXERCISE + questions * learn.MINUTES_A_QUESTION
        assert 0 <= topic.practice - exact < learn.MINUTES_ROUNDED_TO


@in_both
def test_every_topic_of_a_checkout_says_how_long(lang):
    frame = learn.path(lang)
    assert frame.reading.between(10, 90).all()
    assert (frame.questions >= 8).all()


# --- Shown ----------------------------------------------------------------------------------


@in_both
def test_the_table_says_how_minutes_were_estimated(lang):
    shown = learn.show(lang)
    (note,) = shown.notes
    assert str(learn.WORDS_A_MINUTE) in note
    assert [column.name for column in shown.columns] == list(learn.path(lang).columns)


def test_topics_are_in_the_language_of_the_reader():
    assert not set(learn.path("fr").topic) & set(learn.path("en").topic)


@in_both
def test_without_the_lessons_the_order_and_the_practice_remain(lang, without_sources):
    frame = learn.path(lang)
    assert frame.reading.isna().all()
    assert frame.total.isna().all()
    assert (frame.questions > 0).all()
    estimated, missing = learn.show(lang).notes
    assert estimated != missing
    assert "–" in learn.show(lang).to_text()


# --- In lesson 00 ---------------------------------------------------------------------------


@in_both
def test_the_overview_links_every_lesson_once(lang):
    first, *_ = found = sources(notebooks_folder())
    prose = "\n".join(cell.source for cell in read(first) if f"lang-{lang}" in tags(cell))
    assert re.findall(r"\]\(([^)]+)\)", prose) == [f"{one.stem}.ipynb" for one in found]
