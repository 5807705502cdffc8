"""What a report leaves out: headings and lead-ins over nothing, and sentences said already."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from marketing_kpi.lessons.build import notebooks_folder
from marketing_kpi.report.execute import report_cells
from marketing_kpi.report.passages import without_empty
from marketing_kpi.report.render import body, is_shown

TITLE = "# Title\n\nThe question."
LESSONS = sorted(notebooks_folder().glob("[fe][rn]/*.ipynb"))


def sentence(text):
    html = f'<p class="mk-sentence">{text}</p>'
    return new_output("display_data", {"text/plain": text, "text/html": html})


TABLE = new_output("display_data", {"text/plain": "a", "text/html": "<table></table>"})
NONE = new_output("execute_result", {"text/plain": "None"})
LOG = new_output("stream", name="stderr", text="reading\n")
WARNING = new_output("stream", name="stderr", text="/a/b.py:3: UserWarning: prices look odd\n")


def page(*cells):
    """Return an executed report: text is Markdown, a list the outputs of a code cell."""
    made = [
        new_markdown_cell(cell) if isinstance(cell, str) else new_code_cell("x", outputs=cell)
        for cell in (TITLE, [], *cells)
    ]
    return new_notebook(cells=made)


def shown(*cells):
    """Return the words and the outputs that stay, the title apart."""
    cells = without_empty(page(*cells), is_shown).cells
    words = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert words[0] == TITLE
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return words[1:], [output.get("data", {}).get("text/plain") for output in outputs]


def test_what_introduces_an_output_stays():
    words = ["## Sales\n\nBy month:", "In numbers:"]
    assert shown(words[0], [TABLE], words[1], [], [TABLE])[0] == words


@pytest.mark.parametrize("nothing", [[], [NONE], [LOG], [LOG, NONE]])
def test_words_over_nothing_go(nothing):
    assert shown("## Sales\n\nBy month:", nothing, "In numbers:", nothing, nothing)[0] == []


def test_a_warning_is_something():
    assert shown("## Sales", [WARNING])[0] == ["## Sales"]


def test_a_heading_stays_over_a_section_that_shows_something_without_its_own_lead_in():
    words, _ = shown("## Did it work?\n\nFirst, buyers.", [], "### Sales\n\nAll count.", [TABLE])
    assert words == ["## Did it work?", "### Sales\n\nAll count."]
    words, _ = shown("## Did it work?\n\nFirst, buyers.", [], "## Sales\n\nAll count.", [TABLE])
    assert words == ["## Sales\n\nAll count."]


def test_a_heading_over_empty_sections_goes_with_them_and_prose_stays():
    parent = "## Three checks\n\nBefore any result."
    assert shown(parent, "### Sizes", [], "### Balance", [], "## Prose\n\n- a")[0] == [
        "## Prose\n\n- a"
    ]
    assert shown(parent, "### Sizes", [TABLE])[0] == [parent, "### Sizes"]
    assert shown(parent, "## Next", [TABLE])[0] == [parent, "## Next"]


def test_where_there_are_only_sentences_one_said_already_is_not_said_again():
    why = sentence("There is no analysis to show.")
    words, outputs = shown("## A", [why, why], "### B", [why], "### C", [sentence("Other."), why])
    assert words == ["## A", "### C"]
    assert outputs == ["There is no analysis to show.", "Other."]


def test_a_section_keeps_its_heading_over_what_was_said_already():
    why = sentence("The data lack shipments.")
    words, outputs = shown(
        "## Costs\n\nBy month.", [why], "## When are they paid?\n\nThe bars:", [why, why], [why]
    )
    assert words == ["## Costs\n\nBy month.", "## When are they paid?"]
    assert outputs == ["The data lack shipments."] * 2


def test_a_section_whose_parts_repeat_keeps_its_own_heading_alone():
    why = sentence("The data lack shipments.")
    parts = ["### By channel", [NONE], "In numbers:", [why], "### By week", [why]]
    words, outputs = shown("## Costs", [why], "## Promises\n\nTwo looks.", *parts, "## C", [TABLE])
    assert words == ["## Costs", "## Promises", "## C"]
    assert [one for one in outputs if one != "None"] == ["The data lack shipments."] * 2 + ["a"]
    words, outputs = shown("## Costs", [why], "## Promises", *parts, "### By day", [TABLE])
    assert words == ["## Costs", "## Promises", "### By day"]
    assert [one for one in outputs if one != "None"] == ["The data lack shipments.", "a"]
    assert shown("## Costs", [why], "## Promises", "### A", [NONE], "### B", [])[0] == ["## Costs"]


def test_a_sentence_beside_a_figure_is_said_each_time():
    same = sentence("None stands out.")
    words, outputs = shown("## A", [TABLE], [same], "## B", [TABLE], [same], "## C", [same])
    assert words == ["## A", "## B", "## C"]
    assert outputs.count("None stands out.") == 3


def test_a_report_leaves_out_what_a_lesson_keeps_and_the_notebook_is_not_changed():
    notebook = page("## Empty", [], "## Sales", [TABLE])
    before = notebook.copy()
    assert "Empty" not in body(notebook, lang="en").html
    assert "Empty" in body(notebook, lang="en", code=True).html
    assert notebook == before


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_on_the_demo_nothing_of_a_lesson_is_left_out(path):
    notebook = nbformat.read(path, as_version=4)
    ids = {cell["id"] for cell in report_cells(notebook).cells}
    notebook.cells = [cell for cell in notebook.cells if cell["id"] in ids]
    kept = without_empty(notebook, is_shown)
    assert kept.cells == notebook.cells
