"""Sentences and tables of a lesson: figures from the result, words from the catalogs."""

import pandas as pd
import pytest

from marketing_kpi import overview, plots, rfm
from marketing_kpi.plots import sentences

TOP = rfm.TopShare(0.2, 1234, 247, 1000.0, 750.0, 0.75, 0.7, 0.8, "influence function")


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def test_top_share_is_said_with_its_interval():
    english = plain(sentences.top_share(TOP, lang="en"))
    assert english == (
        "The best 20% of customers (247 of 1,234) make 75.0% of sales. "
        "95% interval: 70.0% to 80.0%."
    )
    french = plain(sentences.top_share(TOP, lang="fr"))
    assert french.startswith("Les 20 % meilleurs clients (247 sur 1 234) font 75,0 % des ventes.")


def test_top_share_without_interval_says_so():
    said = plain(sentences.top_share(TOP._replace(low=None, high=None), lang="en"))
    assert said.endswith("No interval can be given for these customers.")
    none = sentences.top_share(TOP._replace(value=None), lang="en")
    assert plain(none) == "The share of the best customers needs sales above 0."


def test_summary_is_said(summary):
    said = plain(sentences.summary(summary, lang="en", as_of="2026-01-01"))
    assert said.startswith(f"Before January 1, 2026, {len(summary)} customers had ordered.")
    empty = sentences.summary(summary.iloc[:0], lang="en", as_of="2026-01-01")
    assert plain(empty) == "No customer had ordered before January 1, 2026."


def test_boxes_add_up(by_segment):
    said = plain(sentences.boxes(by_segment, lang="en"))
    counts = by_segment.groupby("box").customers.sum()
    for box, count in counts.items():
        assert f"{rfm.box_name(box, lang='en')}: {count}" in said


def test_the_largest_segment_is_named_with_its_action(by_segment):
    first = by_segment.loc[by_segment.net_sales_share.idxmax()]
    said = plain(sentences.largest_segment(by_segment, lang="en"))
    assert f"“{rfm.segment_name(first.segment, lang='en')}” buys the most" in said


def test_migration_is_said():
    moves = pd.DataFrame(
        {
            "before": ["champions", "champions", "lost", "absent"],
            "after": ["loyal", "at_risk", "champions", "new"],
            "customers": [7, 3, 2, 9],
            "share": [0.7, 0.3, 1.0, 1.0],
        }
    )
    assert plain(sentences.migration(moves, lang="en")) == (
        "Of 10 customers in the box of the best, 3 left it and 7 stayed; 2 joined it."
    )


def test_sentences_are_escaped():
    bundle = sentences.Sentence("<b>&</b>")._repr_mimebundle_()
    assert bundle["text/html"] == '<p class="mk-sentence">&lt;b&gt;&amp;&lt;/b&gt;</p>'
    assert bundle["text/plain"] == "<b>&</b>"


# --- tables


def test_the_scorecard_shows_what_is_missing(scorecard):
    text = plain(plots.scorecard(scorecard, lang="en").to_text())
    assert "missing: order_lines.unit_cost" in text
    assert "20.0% to 30.0%" in text
    assert "−5.0 pts" in text
    assert "+23.4%" in text or "+23.5%" in text
    html = plots.scorecard(scorecard, lang="fr").to_html()
    assert 'data-mk-kpi="net_sales"' in html
    assert html.count("<svg") == 3
    assert "Taux d'achat répété" in html.replace("&#x27;", "'")


@pytest.mark.parametrize("reason", ["history", "partial", "comparison"])
def test_reasons_are_said_in_both_languages(scorecard, reason):
    french, english = (
        plots.scorecard(scorecard.assign(reason=reason), lang=lang).to_text()
        for lang in ("fr", "en")
    )
    assert reason not in french.split("Remarque")[1]
    assert french != english


def test_what_is_missing_has_no_english_word_in_french(scorecard):
    missing = "orders.amount or order_lines.quantity with order_lines.unit_price"
    text = plots.scorecard(scorecard.assign(missing=missing), lang="fr").to_text()
    assert "orders.amount ou order_lines.quantity avec order_lines.unit_price" in text


def test_attention_says_when_it_cannot_tell(scorecard):
    got = plain(plots.attention(overview.attention(scorecard), lang="en").to_text())
    assert "Worse, beyond chance" in got
    assert "Cannot tell" in got
    assert "−14.0% to −4.0%" in got
    nothing = plots.attention(overview.attention(scorecard.iloc[:0]), lang="fr")
    assert str(nothing).startswith("Rien à comparer")


def test_lacking_takes_a_frame_or_a_list():
    frame = pd.DataFrame(
        {"missing": ["order_lines.unit_cost", ""], "kpis": [["gross_profit"], ["retention_rate"]]}
    )
    text = plain(plots.lacking(frame, lang="en").to_text())
    assert "order_lines.unit_cost" in text
    assert "orders of earlier years" in text
    assert "Gross profit" in text
    assert "sessions.device" in plots.lacking(["sessions.device"], lang="fr").to_text()
    assert "tout" in str(plots.lacking([], lang="fr"))


def test_kpi_table_names_and_formats_its_kpis():
    frame = pd.DataFrame({"channel": ["web"], "net_sales": [1234.5], "orders": [12.0]})
    shown = plots.kpi_table(frame, lang="en")
    assert "$1,234.50" in shown.to_text()
    assert [column.kpi for column in shown.columns] == [None, "net_sales", "orders"]
    assert "Net sales" in str(plots.kpi_table(frame.iloc[:0], lang="en"))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_segment_tables_are_in_the_readers_language(by_segment, lang):
    segments = plots.segment_table(by_segment, lang=lang).to_text()
    actions = plots.segment_actions(by_segment, lang=lang).to_text()
    for segment in rfm.SEGMENTS:
        if segment.id in set(by_segment.segment):
            assert segment.name(lang) in segments
            assert segment.action(lang) in actions


def test_every_public_name_loads():
    assert all(
        callable(getattr(plots, name)) or name in {"sentences", "style"} for name in plots.__all__
    )
    with pytest.raises(AttributeError, match="no attribute 'treemaps'"):
        plots.treemaps  # noqa: B018
