"""The pages of docs/: their SQL is what the code makes, their sums add up, both languages agree."""

import re
from pathlib import Path

import ibis
import pytest
import sqlglot
import sqlglot.expressions as sge

import marketing_kpi as mk
from marketing_kpi import rfm
from marketing_kpi.kpis.binding import named

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = {"en": DOCS / "engines.md", "fr": DOCS / "engines.fr.md"}
ROWS, DOLLARS_A_TIB = 10**9, 6.25
WIDTH = re.compile(r"^\| `(\w+)` \| .* \| (\d+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def made():
    """What the code makes of the two examples."""
    with mk.demo() as data:
        buyers = mk.sql(
            "buyers", data, by="channel", start="2025-01-01", end="2026-01-01", dialect="bigquery"
        )
        orders = named(data).orders
    summary = ibis.to_sql(rfm.summary(orders, as_of="2026-01-01"), dialect="snowflake")
    return [buyers, str(summary)]


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)\n```", text, flags=re.DOTALL)


@pytest.mark.parametrize("lang", PAGES)
def test_the_sql_of_the_page_is_what_the_code_makes(made, lang):
    assert blocks(PAGES[lang].read_text(encoding="utf-8"), "sql") == made


@pytest.mark.parametrize("lang", PAGES)
def test_the_bytes_of_the_page_are_those_of_the_columns_that_the_sql_reads(made, lang):
    text = PAGES[lang].read_text(encoding="utf-8")
    widths = {name: int(width) for name, width in WIDTH.findall(text)}
    read = sqlglot.parse_one(made[0], read="bigquery").find_all(sge.Column)
    assert sorted(widths) == sorted({column.name for column in read if column.table == "t0"})
    total = sum(widths.values())
    assert f"| **{total}** |" in text
    tib = ROWS * total / 2**40
    shown = [f"{tib:.3f} TiB", f"{tib * DOLLARS_A_TIB:.2f} USD", f"{ROWS * total / 5e9:.1f} GB"]
    shown += [f"{10 * tib:.2f} TiB", f"{10 * tib * DOLLARS_A_TIB:.2f} USD"]
    if lang == "fr":
        french = {".": ",", "TiB": "Tio", "GB": "Go", " ": "\N{NO-BREAK SPACE}"}
        for english, word in french.items():
            shown = [figure.replace(english, word) for figure in shown]
    for figure in shown:
        assert figure in text


def test_both_languages_say_the_same_in_the_same_order():
    english, french = (PAGES[lang].read_text(encoding="utf-8") for lang in ("en", "fr"))
    for what in (r"^#+ ", r"^\d\. ", r"^\|", r"^- "):
        assert len(re.findall(what, english, re.M)) == len(re.findall(what, french, re.M))
    without_comments = [
        [re.sub(r"\s*#.*", "", block) for block in blocks(text, "python")]
        for text in (english, french)
    ]
    assert without_comments[0] == without_comments[1]
    assert re.findall(r"`\w+`", english).count("`EngineError`") == 1


def test_french_has_its_spaces():
    text = re.sub(r"```.*?```|`[^`\n]*`", "", PAGES["fr"].read_text(encoding="utf-8"), flags=re.S)
    assert not re.findall(r"[^|] [:;!?%](?!-)", text)
