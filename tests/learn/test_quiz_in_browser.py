"""Quizzes in Chromium: the rules of `grade`, by keyboard, in every view, in a rendered lesson."""

import re
from pathlib import Path

import pytest

from marketing_kpi.learn.bank import Number
from marketing_kpi.learn.grading import grade
from marketing_kpi.learn.quiz import Quiz
from marketing_kpi.text import yaml12
from marketing_kpi.text.locale import reader

HERE = Path(__file__).parent
GRADED, SPELLINGS = (yaml12.read(HERE / name).value for name in ("graded.yaml", "spellings.yaml"))
LANGS = ("fr", "en")
VIEWS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 800}, "color_scheme": "light"},
}
CHOICE, CHOICES, FRACTION, AMOUNT, MATCHING = range(5)
# Answers one item of a quiz as a person does, and returns the verdict and what is said.
ANSWER = """([place, answer]) => {
  const item = document.querySelectorAll(".mk-quiz-item")[place];
  const controls = [...item.querySelectorAll("input, select")];
  const given = [answer].flat();
  controls.forEach((control, number) => {
    if (control.type === "text") control.value = answer ?? "";
    else if (control.matches("select")) control.value = String(given[number] ?? "");
    else control.checked = given.includes(number);
  });
  item.querySelector(".mk-quiz-check").click();
  const said = [...item.querySelectorAll(".mk-quiz-said > p")].map((line) => line.textContent);
  return [item.dataset.mkVerdict, said];
}"""


@pytest.fixture
def opened(browser, quiz_page):
    """Open a lesson with quizzes, which must ask for nothing and complain of nothing."""
    contexts, asked = [], []

    def open_page(*quizzes, lang="fr", view="light"):
        context = browser.new_context(**VIEWS[view], reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        path = quiz_page(*quizzes, lang=lang)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.goto(path.as_uri())
        asked.remove(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [one for one in asked if not one.startswith("data:")] == []


def bare(texts):
    """Texts without spaces and braces, so that a formula is the same as MathML and as LaTeX."""
    return [re.sub(r"[\s{}]", "", text) for text in texts]


def expected(item, answer, lang):
    """What the page should show of an answer: what Python says of it."""
    found = grade(item, answer, lang=lang)
    read = {"fr": "À relire\u00a0: ", "en": "Read again: "}[lang]
    return [found.verdict, bare([*found.says, *([read + found.read] if found.read else [])])]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_grades_as_python_does(opened, sample, lang):
    page = opened(lang=lang)
    items = {item.id: (place, item) for place, item in enumerate(sample.items())}
    for row in GRADED:
        place, item = items[row["item"]]
        verdict, said = page.evaluate(ANSWER, [place, row["answer"]])
        assert [verdict, bare(said)] == expected(item, row["answer"], lang), row


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_reads_numbers_as_python_does(opened, sample, lang):
    amount = sample.item("sample_average_basket")
    units = sorted({row["unit"] for row in SPELLINGS})
    # An answer that no spelling gives, so that each shows how it was read.
    changed = {"answer": 77.0, "tolerance": 0.0}
    items = tuple(amount.model_copy(update={**changed, "unit": unit}) for unit in units)
    page = opened(Quiz("02", items, reader(lang)), lang=lang)
    for row in SPELLINGS:
        place = units.index(row["unit"])
        verdict, said = page.evaluate(ANSWER, [place, row["text"]])
        assert [verdict, bare(said)] == expected(items[place], row["text"], lang), row


def test_a_tolerance_is_the_same_on_the_page(opened, sample):
    item = sample.item("sample_average_basket")
    near = Number.model_validate(
        {**item.model_dump(), "answer": 0.3, "tolerance": 0.0005, "unit": "fraction"}
    )
    page = opened(Quiz("02", (near,), reader("fr")))
    for answer in ("0,3005", "0,3006", "0,2995", "0,2994", "30,05 %", "30,06", "30,04"):
        verdict, _ = page.evaluate(ANSWER, [0, answer])
        assert verdict == grade(near, answer, lang="fr").verdict, answer


def test_points_are_the_same_on_the_page(opened, points):
    page = opened(Quiz("02", (points,), reader("fr")))
    for answer in ("2", "2 pts", "0,02", "2 %", "200", "8", "8 pts", "0,08", "50", "3", "0,02 %"):
        verdict, said = page.evaluate(ANSWER, [0, answer])
        assert [verdict, bare(said)] == expected(points, answer, "fr"), answer


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_with_a_quiz_is_accessible_and_fits(opened, view, faults):
    page = opened(view=view)
    assert faults(page) == ""
    for place, answer in ((0, 0), (1, [0, 2]), (2, "12,5"), (3, "1 234,50 $"), (4, [1, 0, 2])):
        page.evaluate(ANSWER, [place, answer])
    assert faults(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_each_kind_is_answered_by_keyboard_alone(opened):
    page = opened()
    item = page.locator(".mk-quiz-item")

    def verdict(place):
        return item.nth(place).get_attribute("data-mk-verdict")

    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    item.nth(CHOICE).locator("input").first.focus()
    press("Space", "ArrowDown", "Tab", "Enter")
    assert verdict(CHOICE) == "right"
    press("Tab", "Space", "Tab", "Space", "Tab", "Tab", "Space", "Tab", "Space")
    assert verdict(CHOICES) == "right"
    press("Tab")
    page.keyboard.type("12,5 %")
    press("Enter")
    assert verdict(FRACTION) == "right"
    press("Tab", "Tab")
    page.keyboard.type("1 234,5")
    press("Tab", "Enter")
    assert verdict(AMOUNT) == "right"
    for place in range(3):
        letter = item.nth(MATCHING).locator(f"option[value='{place}']").first.inner_text()[0]
        press("Tab", letter)
    press("Tab", "Space")
    assert verdict(MATCHING) == "right"
    assert page.locator(".mk-quiz-result").inner_text().startswith("5 sur 5 du premier coup.")
    press("Tab", "Enter")
    assert page.locator(".mk-quiz-said p").count() == 0
    assert page.evaluate("document.activeElement.type") == "radio"


def test_what_has_the_focus_is_seen(opened):
    page = opened()
    seen = "element => getComputedStyle(element).outlineStyle"
    for kind in (
        "input[type=radio]",
        "input[type=checkbox]",
        "input[type=text]",
        "select",
        "button",
    ):
        page.locator(".mk-quiz").locator(kind).first.focus()
        page.keyboard.press("Shift")
        assert page.locator(f".mk-quiz {kind}:focus").evaluate(seen) == "solid"


def test_feedback_is_announced_and_leads_to_the_paragraph(opened):
    page = opened()
    page.evaluate(ANSWER, [CHOICE, 0])
    said = page.locator(".mk-quiz-said").first
    assert said.get_attribute("role") == "status"
    link = said.get_by_role("link", name="À la main, sur dix clients")
    link.focus()
    page.keyboard.press("Enter")
    heading = page.locator("h2", has_text="À la main, sur dix clients")
    assert heading.evaluate("heading => heading === document.activeElement")
    assert 0 <= heading.bounding_box()["y"] < 200


def test_the_end_says_what_to_read_again_most_needed_first(opened):
    page = opened()
    result = page.locator(".mk-quiz-result")
    page.evaluate(ANSWER, [FRACTION, "0,3"])
    assert result.inner_text() == "1 sur 5 répondues"
    for place, answer in ((CHOICE, 0), (CHOICES, [0, 1, 3]), (AMOUNT, "1"), (MATCHING, [0, 1, 2])):
        page.evaluate(ANSWER, [place, answer])
    assert result.locator("p").first.inner_text() == "2 sur 5 du premier coup."
    assert result.locator("li").all_inner_texts() == [
        "Des mesures aux notes (2 questions)",
        "À la main, sur dix clients (1 question)",
    ]
    page.evaluate(ANSWER, [FRACTION, "0,125"])
    assert "2 sur 5 du premier coup." in result.inner_text()
    assert "3 sur 5 avec ce que vous avez corrigé depuis." in result.inner_text()
    page.get_by_role("button", name="Recommencer").click()
    assert result.inner_text() == ""
    assert page.locator(".mk-quiz-item[data-mk-verdict]").count() == 0


def test_an_answer_not_given_does_not_count(opened):
    page = opened()
    for place, answer in ((CHOICE, None), (CHOICES, []), (FRACTION, "x"), (MATCHING, [0, None, 1])):
        verdict, _ = page.evaluate(ANSWER, [place, answer])
        assert verdict in ("unanswered", "unreadable")
    assert page.locator(".mk-quiz-result").inner_text() == ""


def test_a_slip_of_form_is_typed_again_and_counts_when_it_is_right(opened):
    page = opened()
    result = page.locator(".mk-quiz-result")
    item = page.locator(".mk-quiz-item").nth(FRACTION)
    for slip in ("12,5", "0,125 %"):
        verdict, _ = page.evaluate(ANSWER, [FRACTION, slip])
        assert verdict == "form"
        assert item.get_by_role("link").count() == 0
        assert result.inner_text() == ""
    for place, answer in ((CHOICE, 1), (CHOICES, [0, 1, 3]), (AMOUNT, "1 234,5"), (4, [0, 1, 2])):
        page.evaluate(ANSWER, [place, answer])
    assert result.inner_text() == "4 sur 5 répondues"
    page.evaluate(ANSWER, [FRACTION, "12,5 %"])
    assert result.locator("p").first.inner_text() == "5 sur 5 du premier coup."
    assert result.locator("li").count() == 0


def test_the_others_come_when_they_are_asked_for(opened, sample, faults):
    items = sample.items()
    page = opened(Quiz("02", items[:2], reader("fr"), others=items[2:]))
    item, result = page.locator(".mk-quiz-item"), page.locator(".mk-quiz-result")
    assert [one.is_visible() for one in item.all()] == [True, True, False, False, False]
    page.evaluate(ANSWER, [CHOICE, 1])
    assert result.inner_text() == "1 sur 2 répondues"
    page.evaluate(ANSWER, [CHOICES, [0, 1, 3]])
    assert result.locator("p").first.inner_text() == "2 sur 2 du premier coup."
    button = page.get_by_role("button", name="3 autres questions")
    page.emulate_media(media="print")
    assert item.nth(MATCHING).is_visible()
    page.emulate_media(media="screen")
    item.nth(CHOICES).locator(".mk-quiz-check").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert not button.is_visible()
    assert all(one.is_visible() for one in item.all())
    assert result.inner_text() == "2 sur 5 répondues"
    page.keyboard.type("12,5 %")  # the first of them has the focus
    page.keyboard.press("Enter")
    assert item.nth(FRACTION).get_attribute("data-mk-verdict") == "right"
    assert faults(page) == ""


def test_two_quizzes_of_a_page_do_not_know_each_other(opened, sample):
    first, second = (Quiz("02", sample.items()[:1], reader("fr")) for _ in range(2))
    page = opened(first, second)
    quizzes = page.locator(".mk-quiz")
    quizzes.nth(0).locator("input").nth(0).check()
    quizzes.nth(1).locator("input").nth(1).check()
    assert quizzes.nth(0).locator("input").nth(0).is_checked()
    quizzes.nth(1).get_by_role("button", name="Vérifier").click()
    assert quizzes.nth(1).locator(".mk-quiz-result").inner_text().startswith("1 sur 1")
    assert quizzes.nth(0).locator(".mk-quiz-said p").count() == 0


def test_a_notebook_may_run_its_cell_twice(browser, sample):
    shown = Quiz("02", sample.items()[:1], reader("fr"))._repr_mimebundle_()["text/html"]
    page = browser.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    before = "Object.keys(window).length"
    page.set_content("<main></main>")
    names = page.evaluate(before)
    # As JupyterLab does: the HTML first, then its scripts again, so that they run.
    run = """html => {
      const output = document.createElement("div");
      output.innerHTML = html;
      document.querySelector("main").append(output);
      for (const script of output.querySelectorAll("script")) {
        const again = document.createElement("script");
        again.textContent = script.textContent;
        script.replaceWith(again);
      }
    }"""
    for _ in range(2):
        page.evaluate(run, shown)
    for quiz in page.locator(".mk-quiz").all():
        quiz.locator("input").nth(1).check()
        quiz.get_by_role("button", name="Vérifier").click()
        assert quiz.locator(".mk-quiz-said p").first.inner_text() == "Juste."
        assert quiz.locator(".mk-quiz-said p").count() == 2
    assert page.evaluate(before) == names
    assert complaints == []
    page.close()


def test_without_the_script_a_quiz_is_read_and_answers_nothing(browser, quiz_page):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(quiz_page().as_uri())
    words = page.locator(".mk-quiz").inner_text()
    assert "exécutez cette cellule" in words
    assert "Que mesure chaque lettre" in words
    assert "la somme dépensée" in words
    assert "R comme récence" not in words
    assert page.locator("fieldset:disabled").count() == 5
    context.close()


def test_on_paper_the_questions_stand_without_their_answers(opened):
    page = opened()
    page.evaluate(ANSWER, [CHOICE, 0])
    page.emulate_media(media="print")
    words = page.locator(".mk-quiz").inner_text()
    assert "Celui qui a la récence la plus petite" in words
    assert "la somme dépensée" in words
    for told in ("Pas encore", "La récence est une durée", "Vérifier", "exécutez"):
        assert told not in words
