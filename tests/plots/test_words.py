"""Sentences and tables of a lesson: figures from the result, words from the catalogs."""

import datetime as dt

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from marketing_kpi import overview, plots, rfm
from marketing_kpi.plots import sentences

TOP = rfm.TopShare(0.2, 1234, 247, 1000.0, 750.0, 0.75, 0.7, 0.8, "influence function")


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def test_top_share_is_said_with_its_interval():
    english = plain(sentences.rfm.top_share(TOP, lang="en"))
    assert english == (
        "The best 20% of customers (247 of 1,234) make 75.0% of the sales to identified customers. "
        "95% interval: 70.0% to 80.0%."
    )
    french = plain(sentences.rfm.top_share(TOP, lang="fr"))
    assert french.startswith(
        "Les 20 % meilleurs clients (247 sur 1 234) font 75,0 % du chiffre d'affaires des clients "
        "identifiés."
    )


def test_top_share_without_interval_says_so():
    said = plain(sentences.rfm.top_share(TOP._replace(low=None, high=None), lang="en"))
    assert said.endswith("No interval can be given for these customers.")
    none = sentences.rfm.top_share(TOP._replace(value=None), lang="en")
    assert plain(none) == "The share of the best customers needs sales above 0."


def test_the_top_share_says_over_which_orders():
    said = plain(sentences.rfm.top_share(TOP, lang="en", as_of="2026-01-01"))
    assert (
        "identified customers, over all their orders before January 1, 2026. 95% interval" in said
    )
    ax = plots.concentration(
        pd.DataFrame({"customers_share": [0.2, 1.0], "net_sales_share": [0.75, 1.0]}),
        top=TOP, lang="en", as_of="2026-01-01",
    )  # fmt: skip
    assert "All orders before January 1, 2026." in plain(ax.figure.caption)


def test_a_summary_that_ends_long_before_the_day_says_so(summary):
    long_ago = summary.assign(recency_days=summary.recency_days + 61)
    said = plain(sentences.rfm.summary(long_ago, lang="en", as_of="2026-03-03"))
    days = int(long_ago.recency_days.min())
    assert f"The last order of the data lies {days} days before that day" in said
    recent = summary.assign(recency_days=summary.recency_days - summary.recency_days.min() + 60)
    assert "The last order" not in plain(
        sentences.rfm.summary(recent, lang="en", as_of="2026-03-03")
    ).replace("Medians: last order", "")


def test_summary_is_said(summary):
    said = plain(sentences.rfm.summary(summary, lang="en", as_of="2026-01-01"))
    assert said.startswith(f"Before January 1, 2026, {len(summary)} customers had ordered.")
    empty = sentences.rfm.summary(summary.iloc[:0], lang="en", as_of="2026-01-01")
    assert plain(empty) == "No customer had ordered before January 1, 2026."


def test_boxes_add_up(by_segment):
    said = plain(sentences.rfm.boxes(by_segment, lang="en"))
    counts = by_segment.groupby("box").customers.sum()
    for box, count in counts.items():
        assert f"{rfm.box_name(box, lang='en')}: {count}" in said


def test_boxes_say_their_days():
    worth = pd.DataFrame(
        {
            "box": ["best", "best"],
            "customers": [1, 3],
            "customers_share": [0.25, 0.75],
            "average_recency_days": [10.0, 50.0],
        }
    )
    said = plain(sentences.rfm.boxes(worth, lang="en"))
    assert "Best: 4 (100%), last order 40 days ago on average; New or occasional: 0 (0%);" in said


def test_classes_emptied_by_ties_are_said():
    people = rfm.segment(pd.DataFrame({"r": [5, 4, 3, 2], "f": [2, 2, 5, 5]}))
    said = plain(sentences.rfm.ties(people, classes=5, lang="en"))
    assert said.startswith("No customer is in frequency class 1, 3, 4: ")
    assert "Segments without customers: Champions, New, Promising, Need attention, " in said
    full = rfm.segment(pd.DataFrame({"r": [5] * 5, "f": [1, 2, 3, 4, 5]}))
    assert plain(sentences.rfm.ties(full, classes=5, lang="en")).startswith("Every frequency class")
    assert str(sentences.rfm.ties(full.iloc[:0], classes=5, lang="fr")).startswith("Aucun client")


def test_the_largest_segment_is_named_with_its_action(by_segment):
    first = by_segment.loc[by_segment.net_sales_share.idxmax()]
    said = plain(sentences.rfm.largest_segment(by_segment, lang="en"))
    assert f"“{rfm.segment_name(first.segment, lang='en')}” buys the most" in said


def test_migration_is_said():
    moves = pd.DataFrame(
        {
            "before": ["champions", "champions", "lost", "absent", "absent", "unscored"],
            "after": ["loyal", "at_risk", "champions", "new", "loyal", "loyal"],
            "customers": [7, 3, 2, 9, 5, 1],
            "share": [0.7, 0.3, 1.0, 0.64, 0.36, 1.0],
        }
    )
    assert plain(sentences.rfm.migration(moves, lang="en", window=window_of(730))) == (
        "Each date counts the orders of the 730 days before it. "
        "Of 10 customers in the box of the best, 3 left it and 7 stayed. "
        "Joined it: 3 from elsewhere, 5 without an order at the first date."
    )


def test_sentences_are_escaped():
    bundle = sentences.Sentence("<b>&</b>")._repr_mimebundle_()
    assert bundle["text/html"] == '<p class="mk-sentence">&lt;b&gt;&amp;&lt;/b&gt;</p>'
    assert bundle["text/plain"] == "<b>&</b>"


# --- tables


def test_the_scorecard_shows_what_is_missing(scorecard):
    text = plain(plots.scorecard(scorecard, lang="en").to_text())
    assert "Not computed: Gross margin rate – missing: unit cost." in text
    assert text.count("Gross margin rate") == 1
    assert "20.0% to 30.0%" in text
    assert "−5.0 pts" in text
    assert "+23.4%" in text or "+23.5%" in text
    html = plots.scorecard(scorecard, lang="fr").to_html()
    assert 'data-mk-kpi="net_sales"' in html
    assert html.count("<svg") == 3
    assert "Taux d'achat répété" in html.replace("&#x27;", "'")


def test_rates_that_differ_look_different_and_so_does_their_change(scorecard):
    rare = {"kpi": "chargeback_rate", "direction": "lower_is_better", "value": 0.00142,
            "low": 0.00101, "high": 0.00199, "previous": 0.00139, "previous_low": 0.00099,
            "previous_high": 0.0019, "change": 0.00003, "change_low": 0.00001,
            "change_high": 0.00006}  # fmt: skip
    card = scorecard[scorecard.kpi == "repeat_purchase_rate"].assign(**rare)
    text = plain(plots.scorecard(card, lang="en").to_text())
    for shown in ("0.142%", "0.139%", "0.101% to 0.199%", "+0.003 pts"):
        assert shown in text
    moved = plain(plots.attention(card.assign(verdict="worse"), lang="en").to_text())
    assert "+0.003 pts" in moved
    assert "+0.001 pts to +0.006 pts" in moved
    same = card.assign(previous=0.00142, change=0.0, change_low=-0.001, change_high=0.001)
    assert "0.1%  " in plain(plots.scorecard(same, lang="en").to_text())


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("partial", "Les données ne couvrent pas toute la période :"),
        ("comparison", "Les données ne couvrent pas les deux périodes d'un bout à l'autre :"),
    ],
)
def test_what_holds_for_all_rows_is_said_once(scorecard, reason, said):
    able = scorecard[scorecard.available].assign(reason=reason)
    text = plain(plots.scorecard(able, lang="fr").to_text())
    assert text.count(said) == 1
    assert "Non calculés" not in text


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("history", "les données commencent trop tard pour les jours qu'il lit."),
        ("ends", "les données s'arrêtent avant la fin de la période."),
    ],
)
def test_which_end_of_the_data_is_missing_is_said_below(scorecard, reason, said):
    short = scorecard.assign(reason=["", "", "", reason])
    text = plain(plots.scorecard(short, lang="fr").to_text())
    assert f"prix de vente) – {said}" in text


def test_a_period_without_orders_is_no_part_of_one(scorecard):
    empty = scorecard.assign(reason="empty", last_order=dt.date(2025, 7, 30))
    text = plain(plots.scorecard(empty, lang="fr").to_text())
    assert "Aucune commande dans la période : la dernière est du 30 juillet 2025." in text
    assert "toute la période" not in text
    never = plain(plots.scorecard(empty.assign(last_order=None), lang="en").to_text())
    assert "No order before the end of the period." in never


def test_days_without_orders_within_the_period_are_said_once(scorecard):
    start, end = dt.date(2025, 3, 2), dt.date(2025, 7, 1)
    text = plain(
        plots.scorecard(scorecard.assign(gap_start=start, gap_end=end), lang="fr").to_text()
    )
    assert text.count("Jours sans aucune commande, du 2 mars 2025 au 30 juin 2025 :") == 1
    assert "sans aucune commande" not in plots.scorecard(scorecard, lang="fr").to_text()


def test_what_is_missing_is_said_in_the_words_of_the_model(scorecard):
    missing = "returns.returned_at, returns.quantity with returns.line_id or returns.refund_amount"
    text = plain(plots.scorecard(scorecard.assign(missing=missing), lang="fr").to_text())
    assert "– manque : moment du retour, quantité retournée." in text


def test_without_a_comparison_its_columns_are_for_other_tools(scorecard):
    alone = scorecard.assign(previous=float("nan"), change=float("nan"))
    shown = plots.scorecard(alone, lang="en")
    assert "Comparison" not in shown.to_text()
    assert "Comparison" not in shown.to_html()
    assert "previous" in [column["name"] for column in shown.payload()["columns"]]


def test_other_tools_get_the_ends_of_intervals_and_the_units(scorecard):
    payload = plots.scorecard(scorecard, lang="en").payload()
    names = [column["name"] for column in payload["columns"]]
    assert names == ["kpi", "domain", "unit", "value", "low", "high", "previous", "change", "trend"]
    assert payload["rows"][1][:2] == ["average_order_value", "Sales"]
    assert payload["rows"][1][2:6] == ["currency", 50.0, 48.0, 52.0]
    changed = plots.attention(overview.attention(scorecard), lang="en").payload()
    assert [column["name"] for column in changed["columns"]][-2:] == ["change_low", "change_high"]
    assert changed["rows"][0][-2:] == [-0.14, -0.04]


def test_attention_says_when_it_cannot_tell(scorecard):
    got = plain(plots.attention(overview.attention(scorecard), lang="en").to_text())
    assert "Clearly worse" in got
    assert "−14.0% to −4.0%" in got
    assert "Repeat purchase rate" not in got
    unclear = plain(plots.undecided(overview.attention(scorecard), lang="en").to_text())
    assert "Repeat purchase rate" in unclear
    assert "Average order value" not in unclear
    nothing = plots.attention(overview.attention(scorecard.iloc[:0]), lang="fr")
    assert str(nothing).startswith("Rien n'est comparé")


def test_nothing_clear_and_nothing_unclear_are_said(scorecard):
    judged = overview.attention(scorecard)
    clear = judged[judged.verdict != "cannot_tell"]
    unclear = judged[judged.verdict == "cannot_tell"]
    assert str(plots.attention(unclear, lang="en")) == "No KPI moved clearly."
    assert str(plots.undecided(clear, lang="en")) == "No interval of a change includes 0."


def test_a_kpi_without_a_good_direction_is_said_not_to_be_judged(scorecard):
    card = scorecard.assign(direction="contextual")
    judged = overview.attention(card)
    assert judged.empty
    assert str(plots.attention(judged, lang="en", scorecard=card)) == "No KPI moved clearly."
    said = str(plots.undecided(judged, lang="fr", scorecard=card))
    assert said.startswith("Non jugés, car une hausse n'y est ni bonne ni mauvaise en soi\u00a0: ")
    assert "Panier moyen" in said
    mixed = scorecard.copy()
    mixed.loc[mixed.kpi == "average_order_value", "direction"] = "contextual"
    table = plots.undecided(overview.attention(mixed), lang="en", scorecard=mixed)
    assert "Not judged" in plain(table.to_text())
    assert "Average order value" in plain(table.to_text())


def test_every_kpi_that_is_compared_stands_in_exactly_one_list(scorecard):
    """With a total that rose, one that hardly fell, one that rose from 0, and a neutral one."""
    card = pd.concat([scorecard] * 2, ignore_index=True)
    card["kpi"] = [
        *("net_sales", "average_order_value", "repeat_purchase_rate", "gross_margin_rate"),
        *("return_rate_value", "buyers", "discount_rate", "orders"),
    ]
    card.loc[4, ["unit", "direction", "value", "previous", "change"]] = [
        *("fraction", "lower_is_better", 0.128, 0.0, 0.128),
    ]
    card.loc[5, ["value", "previous", "change"]] = [99.0, 100.0, -0.01]
    card.loc[5, ["change_low", "change_high"]] = None
    card.loc[6, "direction"] = "contextual"
    judged = overview.attention(card)
    tables = [
        plain(show(judged, lang="en", scorecard=card).to_text())
        for show in (plots.attention, plots.undecided)
    ]
    names = {
        "Return rate (value)": "Moved the wrong way; no interval",
        "Average order value": "Clearly worse",
        "Repeat purchase rate": "−12.0 pts to +2.0 pts",
        "Net sales": "No interval and no alarm",
        "Buyers": "No interval and no alarm",
        "Discount rate": "Not judged",
    }
    for name, said in names.items():
        lines = [line for text in tables for line in text.splitlines() if name in line]
        assert len(lines) == 1, name
        assert said in lines[0]
    assert not any("Orders" in text or "Gross margin" in text for text in tables)


def test_a_score_changes_by_a_difference(scorecard):
    card = scorecard.assign(
        unit=["index", *scorecard["unit"][1:]], change=[1.43, -0.09, -0.05, None]
    )
    shown = plots.scorecard(card, lang="fr")
    assert "+1,4" in plain(shown.to_text())
    assert "143" not in plain(shown.to_text())


REASONS = {
    "alone": "no comparison was asked for",
    "empty": "nothing was ordered in the period",
    "partial": "the data do not cover the whole period",
    "comparison": "the data do not cover both periods from end to end",
    "": "no value in one of the periods",
}


def lone(scorecard, reason):
    nothing = dict.fromkeys(("previous", "change", "change_low", "change_high"))
    able = scorecard.available
    return scorecard.assign(**nothing, reason=scorecard.reason.mask(able, reason))


@pytest.mark.parametrize("reason", REASONS)
def test_the_reason_that_holds_is_given_where_nothing_is_compared(scorecard, reason):
    alone = lone(scorecard, reason)
    said = plots.attention(overview.attention(alone), lang="en", scorecard=alone)
    assert str(said) == f"Nothing is compared: {REASONS[reason]}."
    shown = plots.scorecard(alone, lang="en").payload()
    place = [column["name"] for column in shown["columns"]].index("not_compared")
    assert {row[place] for row in shown["rows"]} == {REASONS[reason]}
    assert REASONS[reason] not in plots.scorecard(alone, lang="en").to_html().split("<tfoot")[0]


def test_where_no_kpi_can_be_computed_none_is_compared(scorecard):
    unable = lone(scorecard, "").assign(available=False, reason="missing")
    said = plots.attention(overview.attention(unable), lang="en", scorecard=unable)
    assert str(said) == "Nothing is compared: none of these KPIs can be computed."


def test_without_a_comparison_one_sentence_says_so_and_nothing_else_is_shown(scorecard):
    alone = lone(scorecard, "alone")
    judged = overview.attention(alone)
    assert plots.undecided(judged, lang="en", scorecard=alone) is None
    before = plt.get_fignums()
    plots.changes(alone, lang="en")
    assert plt.get_fignums() == before


def test_moves_that_cannot_be_compared_are_told_by_their_sentence_only():
    moves = pd.DataFrame(
        {"before": ["champions"], "after": ["champions"], "customers": [3], "share": [1.0]}
    )
    short = rfm.Window(10, dt.date(2025, 12, 31), reaches_end=True)
    before = plt.get_fignums()
    plots.migration(moves, lang="en", window=short)
    assert plt.get_fignums() == before
    assert "longer history" in str(plots.sentences.rfm.migration(moves, lang="en", window=short))


def test_lacking_takes_a_frame_or_a_list():
    frame = pd.DataFrame(
        {
            "missing": ["order_lines.unit_cost", "history", "ends"],
            "kpis": [["gross_profit"], ["retention_rate"], ["attrition_rate"]],
        }
    )
    text = plain(plots.lacking(frame, lang="en").to_text())
    assert "order_lines.unit_cost" in text
    assert "earlier orders, from the first day that these KPIs read" in text
    assert "orders until the end of the period" in text
    assert "Gross profit" in text
    alone = plots.lacking(["sessions.device"], lang="fr").to_text()
    assert "sessions.device" in alone
    assert "Indicateurs" not in alone
    assert "tout" in str(plots.lacking([], lang="fr"))


def test_kpi_table_names_and_formats_its_kpis():
    frame = pd.DataFrame(
        {"channel": ["web", "store"], "net_sales": [1234.5, 1.0], "orders": [12.0, 1.0]}
    )
    shown = plots.kpi_table(frame, lang="en")
    assert "$1,234.50" in shown.to_text()
    assert [column.kpi for column in shown.columns] == [None, "net_sales", "orders"]
    assert str(plots.kpi_table(frame.iloc[:0], lang="en")) == "No order in the period."
    one = plots.kpi_table(frame.assign(channel=["web", None]), lang="en")
    assert str(one).startswith("Nothing to compare by channel")
    none = plots.kpi_table(frame[["channel"]], lang="en")
    assert str(none) == "The data lack what these KPIs read."


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


def test_moves_over_too_short_a_window_are_not_told():
    moves = pd.DataFrame(
        {"before": ["champions"], "after": ["lost"], "customers": [3], "share": [1.0]}
    )
    short = sentences.rfm.migration(moves, lang="en", window=window_of(9))
    assert str(short) == "Segments of two dates need a longer history to be compared."
    assert "Of 3 customers" in str(sentences.rfm.migration(moves, lang="en", window=window_of(90)))


def window_of(days, *, reaches_end=True):
    return rfm.Window(days, dt.date(2025, 7, 30), reaches_end)


def test_customers_of_whom_the_data_say_nothing_more_have_not_left():
    moves = pd.DataFrame(
        {"before": ["champions"], "after": ["lost"], "customers": [194], "share": [1.0]}
    )
    cut = window_of(730, reaches_end=False)
    said = "The data end on July 30, 2025, before the period does"
    assert said in plain(sentences.rfm.migration(moves, lang="en", window=cut))
    ax = plots.migration(moves, lang="en", window=cut)
    assert not ax.collections
    assert said in " ".join(plain(ax.figure.alt).split())


def test_nobody_known_is_said_in_one_line(summary, by_segment):
    nobody, found = summary.iloc[:0], rfm.LeftOut(1371, 1.0, 1.0)
    said = sentences.rfm.summary(nobody, lang="en", as_of="2026-01-01", left_out=found)
    assert plain(said) == (
        "The data do not say who ordered (1,371 orders before January 1, 2026): no segmentation "
        "is possible."
    )
    none = rfm.LeftOut(0, None, None)
    assert plain(
        sentences.rfm.summary(nobody, lang="en", as_of="2026-01-01", left_out=none)
    ).startswith("No customer had ordered")
    moves = pd.DataFrame([], columns=["before", "after", "customers", "share"])
    for shown in (
        sentences.rfm.boxes(by_segment.iloc[:0], lang="en"),
        sentences.rfm.top_share(rfm.top_share(nobody), lang="en"),
        sentences.rfm.migration(moves, lang="en", window=rfm.Window(1, None, False)),
        sentences.rfm.largest_segment(by_segment.iloc[:0], lang="en"),
    ):
        assert str(shown) == "No customers to show."


def test_no_segment_buys_the_most_of_what_is_not_above_0(by_segment):
    refunds = by_segment.assign(net_sales_share=float("nan"))
    said = sentences.rfm.largest_segment(refunds, lang="en")
    assert str(said) == "Shares of sales need sales above 0."


def test_one_customer_is_no_plural(summary):
    for lang, said in (("en", "1 customer had ordered."), ("fr", "1 client avait commandé.")):
        one = sentences.rfm.summary(summary.iloc[:1], lang=lang, as_of="2026-01-01")
        assert said in plain(one)


def test_orders_of_nobody_known_are_said():
    found = rfm.LeftOut(1371, 0.069, 0.147)
    assert str(sentences.rfm.left_out(found, lang="en")).startswith(
        "Orders without a known customer are left out: 1,371 (6.9% of orders, 14.7% of sales)."
    )
    nobody = rfm.LeftOut(0, 0.0, 0.0)
    assert "shares below" in str(sentences.rfm.left_out(found, lang="en"))
    assert "shares" not in str(sentences.rfm.left_out(found, lang="en", shares=False))
    assert str(sentences.rfm.left_out(nobody, lang="fr")) == "Chaque commande a un client connu."
