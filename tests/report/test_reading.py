"""The ways into a report: what needs attention, what pages answer, chapters and their time."""

import re
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from marketing_kpi.data.model import Finding
from marketing_kpi.data.quality import Quality
from marketing_kpi.lessons.build import notebooks_folder, tags
from marketing_kpi.report import reading
from marketing_kpi.report.execute import STUDENT_TAGS
from marketing_kpi.report.render import (
    INDEX,
    Alert,
    Attention,
    Cover,
    Download,
    Link,
    attention,
    body,
    headlines,
    index_page,
)

PAGES = (
    Link(INDEX, "Contents"),
    Link("00_overview.html", "Overview", "How is business?", minutes=2),
    Link("07_sales.html", "Sales", "What moved?", answer="Sales rose by 5%.", minutes=40),
    Link("09_loyalty.html", "Loyalty", "Who returns?", answer="7% came back.", minutes=30),
    Link("13_parcels.html", "Parcels", status="failed"),
    Link("quality.html", "Data quality"),
)


def said(text):
    html = f'<p class="mk-sentence">{text}</p>'
    return new_output("display_data", {"text/plain": text, "text/html": html})


def notebook(*cells):
    """Text is Markdown; a list the sentences of a code cell, a tuple those of the answer's."""
    made = [
        new_markdown_cell(cell)
        if isinstance(cell, str)
        else new_code_cell(
            "x",
            outputs=[said(text) for text in cell],
            metadata={"tags": ["answer"]} if isinstance(cell, tuple) else {},
        )
        for cell in cells
    ]
    return new_notebook(cells=made)


def table(id, columns, *rows):
    return {
        "id": id,
        "columns": [{"name": name} for name in columns],
        "rows": [list(row) for row in rows],
        "row_units": ["fraction"] * len(rows),
    }


SCORECARD = table(
    "scorecard",
    ("kpi", "value", "previous", "change"),
    ("return_rate_value", 0.128, 0.0, 0.128),
    ("on_time_delivery_rate", 0.623, 0.7, -0.077),
    ("gross_margin_rate", 0.5, 0.5, 0.0),
)
MOVED = table(
    "attention",
    ("kpi", "verdict", "change"),
    ("on_time_delivery_rate", "Clearly worse", -0.077),
    ("return_rate_value", "Moved the wrong way", 0.128),
)


def test_an_answer_is_the_first_sentence_with_a_figure_in_a_section():
    page = notebook(
        "# Title",
        ["7,139 orders are left out."],
        "## First",
        ["The data have all that these KPIs read."],
        ["Sales are 5. They rose.", "And 6."],
        "## Second",
        ["Margin is 7."],
    )
    assert reading.answer(page) == "Sales are 5. They rose."
    assert reading.answer(notebook("# Title", "## First", ["Nothing here."])) == ""


def test_a_cell_that_is_tagged_answers_before_all_others():
    page = notebook("# Title", "## A", ["Campaign 4."], "## B", ("It sold 6% more.",))
    assert reading.answer(page) == "It sold 6% more."
    silent = notebook("# Title", "## A", ["Campaign 4."], "## B", ())
    assert reading.answer(silent) == "Campaign 4."


def test_an_answer_has_two_sentences_however_long_and_more_that_fit():
    long = f"{'a ' * 200}5."
    assert reading.answer(notebook("## A", [f"{long} More. Most."])) == f"{long} More."
    assert reading.answer(notebook("## A", ["It is 5. More. Most."])) == "It is 5. More. Most."
    short = reading.answer(notebook("## A", ["Sales are 1.5. " + "They rose again. " * 30]))
    assert short.endswith("They rose again.")
    assert len(short) <= reading.ANSWER_CHARACTERS


def test_the_time_to_read_a_page_leaves_out_what_is_for_looking_up():
    text = "word " * 600
    looked_up = f'<section class="mk-glossary" aria-label="x"><p>{text}</p></section>'
    assert reading.words(f"<p>{text}</p>{looked_up}<p>two words</p>") == 602
    content = body(notebook(f"# A\n\n{text}", "## B", ["Sales are 5."]), lang="en")
    assert reading.minutes(content.words) == 3
    assert content.answer == "Sales are 5."


def test_no_line_ends_between_a_sign_and_its_amount():
    sentence = "It moved by +€13,718.50, then by \u2212$4, \u22125% or −3 €."
    html = body(notebook("## A", [sentence]), lang="en").html
    assert re.findall(r'<span class="mk-whole">(.*?)</span>', html) == ["+€13,718.50", "\u2212$4"]


def test_every_lesson_has_its_place_in_the_order_to_read():
    numbers = {path.name[:2] for path in notebooks_folder().glob("fr/*.ipynb")}
    links = [Link(f"{number}_x.html", number) for number in sorted(numbers)]
    groups = reading.chapters(links)
    assert sorted(link.title for group in groups for link in group.links) == sorted(numbers)
    assert "Other pages" not in [group.label for group in groups]
    own = reading.chapters([*links, Link("99_own.html", "Own")])[-1]
    assert (own.label, [link.title for link in own.links]) == ("Other pages", ["Own"])


def test_attention_names_what_moved_and_the_page_that_explains_it():
    got = attention([SCORECARD, MOVED], links=PAGES, lang="en")
    assert got == Attention(
        alerts=(
            # Its own page failed: the overview has it.
            Alert(
                "on_time_delivery_rate",
                "On-time delivery rate",
                "62.3%",
                "−7.7\u00a0pts",
                "Clearly worse",
                PAGES[1].file,
            ),
            Alert(
                "return_rate_value",
                "Return rate",
                "12.8%",
                "+12.8\u00a0pts",
                "Moved the wrong way",
                PAGES[3].file,
            ),
        ),
        rest=0,
        sentence="No KPI moved clearly.",
        file=PAGES[1].file,
    )


def test_attention_is_not_made_up():
    assert attention([MOVED], links=PAGES, lang="en") is None
    assert attention([SCORECARD, MOVED], links=PAGES[2:], lang="en") is None
    calm = attention([SCORECARD], links=PAGES, lang="en")
    assert (calm.alerts, calm.sentence) == ((), "No KPI moved clearly.")
    why = "no comparison was asked for"
    alone = table(
        "scorecard",
        ("kpi", "value", "previous", "change", "not_compared"),
        *([kpi, value, None, None, why] for kpi, value, *_ in SCORECARD["rows"]),
    )
    got = attention([alone], links=PAGES, lang="en")
    assert got.sentence == "Nothing is compared: no comparison was asked for."
    many = {**MOVED, "rows": MOVED["rows"] * 4, "row_units": ["fraction"] * 8}
    got = attention([SCORECARD, many], links=PAGES, lang="en")
    assert (len(got.alerts), got.rest) == (6, 2)


def index(lang="en", *, quality=None, **content):
    return index_page(cover=Cover("Boréal", (), PAGES), quality=quality, lang=lang, **content)


def text(html):
    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("In two minutes", "In two hours", "Customers", "Sales and margin", "1 h 12 min")),
        ("fr", ("En deux minutes", "En deux heures", "Clients", "Ventes et marge", "1 h 12 min")),
    ],
)
def test_the_index_leads_a_reader_of_two_minutes_and_one_of_two_hours(lang, words):
    found = attention([SCORECARD, MOVED], links=PAGES, lang=lang)
    shown = text(index(lang, attention=found)).replace("\u00a0", " ")
    places = [shown.index(word) for word in words[:4]]
    assert places == sorted(places)
    assert words[4] in shown
    assert "7% came back." in shown
    assert shown.index("12,8" if lang == "fr" else "12.8%") < places[1]
    assert shown.index("7% came back.") < shown.index("Sales rose by 5%.") < places[1]


def test_figures_of_the_index_in_doubt_bear_the_mark_of_it():
    content = {
        "headlines": headlines([SCORECARD], lang="en"),
        "attention": attention([SCORECARD, MOVED], links=PAGES, lang="en"),
    }
    assert "mk-doubted" not in index(**content).partition("<main")[2]
    found = Finding("zero_values", "suspicious", "returns", "quantity", 3, 9)
    html = index(quality=Quality("shop.csv", (), (found,)), **content).partition("<main")[2]
    marked = re.findall(
        r'<(?:dt|a) class="mk-doubted" aria-describedby="index-doubts"[^>]*>([^<]+)', html
    )
    assert set(marked) == {"Return rate"}
    assert html.count('id="index-doubts"') == 1
    repaired = Quality("shop.csv", (), (replace(found, level="repaired"),))
    assert "mk-doubted" not in index(quality=repaired, **content).partition("<main")[2]


def test_a_page_that_failed_is_said_in_both_and_links_to_why():
    html = index()
    assert html.count('<span class="mk-badge">not available</span>') == 2
    assert html.count('<a href="13_parcels.html">Parcels</a>') == 2


def test_an_index_without_answers_opens_on_its_chapters():
    cover = Cover("Boréal", (), PAGES[:2])
    shown = text(index_page(cover=cover, quality=None, lang="en"))
    assert "In two minutes" not in shown
    assert shown.strip().startswith("In two hours")


def test_tables_are_folded_by_page():
    files = (("tables/a.csv", "CSV"),)
    html = index(
        downloads=[
            Download((("tables.xlsx", "Excel"),), "All"),
            Download(files, "First", "Sales"),
            Download(files, "Second", "Sales"),
            Download(files, "Third", "Loyalty"),
        ]
    )
    folds = re.findall(r"<summary>(.*?)</summary>(.*?)</details>", html, flags=re.DOTALL)
    assert [head for head, _ in folds] == ["Sales (2)", "Loyalty (1)"]
    assert "First" in folds[0][1]
    assert "Second" in folds[0][1]
    assert 'aria-label="Sales – First (CSV)"' in html
    assert html.index("All <a") < html.index("<details")


def test_an_index_is_the_same_made_twice():
    assert index() == index()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_lessons_say_their_answer(lang):
    """As built, on the demo: in each lesson with figures, a sentence that names one."""
    silent = []
    for path in sorted(notebooks_folder().glob(f"{lang}/*.ipynb")):
        lesson = nbformat.read(path, as_version=4)
        lesson.cells = [cell for cell in lesson.cells if not {*tags(cell)} & STUDENT_TAGS]
        if not re.search(r"\d", reading.answer(lesson)):
            silent.append(path.name[:2])
    assert silent == ["00", "01"]
