"""Figures, tables and sentences of the customer's voice, in both languages."""

import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from marketing_kpi import plots, voice
from marketing_kpi.plots import sentences, style
from marketing_kpi.plots.voice import FAMILIES

NAN = math.nan


def scores(promoters, passives, detractors):
    return pd.DataFrame({"score": [10] * promoters + [8] * passives + [2] * detractors})


TEAMS = pd.concat(
    [
        scores(40, 10, 10).assign(region="QC"),
        scores(10, 30, 40).assign(region="IDF"),
        scores(3, 1, 0).assign(region="a <b> region"),
    ]
)
BY_REGION = voice.nps(TEAMS, by="region")
QUARTERS = voice.nps(TEAMS.assign(period=pd.Timestamp("2025-01-01")), by="period")
NOBODY = scores(0, 0, 0)
WALLET = pd.DataFrame(
    {
        "category": ["Tents", "Boots"],
        "members": [60, 60],
        "our_sales": [300.0, 100.0],
        "spend_total": [1000.0, 1000.0],
        "share": [0.3, 0.1],
        "low": [0.25, 0.08],
        "high": [0.35, 0.12],
        "mean_of_shares": [0.28, 0.15],
        "members_above": [0, 0],
    }
)
PRIZE = voice.size_of_prize(WALLET)
NO_WALLET = voice.size_of_prize(
    pd.DataFrame({**{name: [NAN] for name in WALLET.columns[1:]}, "members": [0]})
)
POINTS = pd.DataFrame({"customer_id": list("ABC"), "points": [0.0, 0.7, 12.0]})
CHANNELS = pd.DataFrame(
    {
        "channels": [1, 2],
        "customers": [300, 100],
        "share": [0.75, 0.25],
        "low": [0.7, 0.2],
        "high": [0.8, 0.3],
        "orders_per_customer": [2.0, 4.5],
        "net_sales_per_customer": [400.0, 900.0],
        "net_sales_low": [380.0, 850.0],
        "net_sales_high": [420.0, 960.0],
        "margin_per_customer": [200.0, 450.0],
        "margin_low": [190.0, 420.0],
        "margin_high": [210.0, 480.0],
        "revenue_without_cost": [0.0, 0.0],
    }
)
GAP = voice.OmnichannelGap(
    500.0, 450.0, 550.0, -27.0, -88.0, 33.0, 0.9, 0.299, 0.28, 0.32, pd.DataFrame()
)
NO_GAP = voice.OmnichannelGap(*[None] * 10, pd.DataFrame())
CHANGE = voice.nps_change(scores(40, 10, 10), scores(10, 30, 40))

FIGURES = {
    "bars": lambda lang: plots.nps_bars(BY_REGION, by="region", lang=lang),
    "one bar": lambda lang: plots.nps_bars(voice.nps(TEAMS), by="region", lang=lang),
    "over time": lambda lang: plots.nps_over_time(QUARTERS, lang=lang),
    "nps scores": lambda lang: plots.answer_counts(
        voice.score_counts(TEAMS, question="nps"), question="nps", lang=lang
    ),
    "csat scores": lambda lang: plots.answer_counts(
        voice.score_counts(pd.DataFrame({"score": [1, 5]}), question="csat"),
        question="csat",
        lang=lang,
    ),
    "wallet": lambda lang: plots.wallet_shares(PRIZE, by="category", lang=lang),
    "engagement": lambda lang: plots.engagement_counts(voice.engagement_counts(POINTS), lang=lang),
    "omnichannel": lambda lang: plots.omnichannel_bars(CHANNELS, lang=lang),
    "gap": lambda lang: plots.omnichannel_gap(GAP, lang=lang),
}
EMPTY = {
    "bars": lambda lang: plots.nps_bars(voice.nps(NOBODY), lang=lang),
    "over time": lambda lang: plots.nps_over_time(QUARTERS.head(0), lang=lang),
    "scores": lambda lang: plots.answer_counts(
        voice.score_counts(NOBODY, question="nps"), question="nps", lang=lang
    ),
    "wallet": lambda lang: plots.wallet_shares(NO_WALLET, by="category", lang=lang),
    "engagement": lambda lang: plots.engagement_counts(
        voice.engagement_counts(POINTS.head(0)), lang=lang
    ),
    "omnichannel": lambda lang: plots.omnichannel_bars(CHANNELS.head(0), lang=lang),
    "gap": lambda lang: plots.omnichannel_gap(NO_GAP, lang=lang),
}


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_says_what_it_shows_in_the_readers_language(name):
    french, english = (FIGURES[name](lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut(name, lang):
    figure = FIGURES[name](lang).figure
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    assert drawn.x0 >= -0.02
    assert drawn.y0 >= -0.02
    assert drawn.x1 <= figure.get_figwidth() + 0.02
    assert drawn.y1 <= figure.get_figheight() + 0.02


@pytest.mark.parametrize("name", EMPTY)
def test_with_nothing_to_draw_a_sentence_says_so(name):
    figure = EMPTY[name]("en").figure
    assert figure.message
    assert "image/png" not in figure._repr_mimebundle_()[0]


def test_a_figure_draws_in_given_axes():
    _, axis = plt.subplots()
    assert plots.nps_bars(BY_REGION, by="region", lang="en", ax=axis) is axis


def test_bars_add_up_and_name_the_interval():
    axis = plots.nps_bars(BY_REGION, by="region", lang="en")
    ends = {round(bar.get_x() + bar.get_width(), 9) for bar in axis.patches}
    assert max(ends) == 1
    assert "QC 50 (29 to 67)" in axis.figure.alt
    assert "a <b> region 75." in axis.figure.alt  # 4 answers: no interval


def test_tables_have_values_and_hide_what_is_only_for_tools():
    shown = plots.nps_table(BY_REGION, by="region", lang="en")
    text = shown.to_text()
    assert "29 to 67" in text
    assert "Under 10 people, no interval is given." in text
    assert "&lt;b&gt;" in shown.to_html()
    payload = shown.payload()
    assert {"low", "high", "score"} <= {column["name"] for column in payload["columns"]}
    prize = plots.prize_table(PRIZE, by="category", lang="en").to_text()
    assert "$200 " in prize
    assert "+20.0\u00a0pts" in prize


def test_the_share_of_a_number_of_channels_is_not_the_kpi_of_several():
    payload = plots.omnichannel_table(CHANNELS, lang="en").payload()
    columns = {column["name"]: column for column in payload["columns"]}
    assert not columns["share"].get("kpi")
    assert {"low", "high", "net_sales_low", "margin_high"} <= set(columns)
    shown = str(sentences.voice.omnichannel(GAP, lang="en"))
    assert shown.startswith("Of the customers, 29.9% bought in several channels (95% interval: 28")


def test_our_sales_that_the_panel_does_not_have_are_said():
    said = str(sentences.voice.share_of_wallet(WALLET, lang="en", outside=1234.0))
    assert "that the panel does not have is left out: " in said
    assert "1,234" in said
    assert "does not have" not in str(sentences.voice.share_of_wallet(WALLET, lang="en"))


def test_the_months_of_the_panel_that_count_are_said():
    asked = {"start": "2024-12-15", "end": "2025-02-10"}
    said = str(sentences.voice.share_of_wallet(WALLET, lang="en", **asked))
    assert "Only whole months count: January 1" in said
    whole = {"start": "2025-01-01", "end": "2025-02-01"}
    assert "Only" not in str(sentences.voice.share_of_wallet(WALLET, lang="en", **whole))


def test_a_table_without_margins_has_no_such_column():
    with_margin, without = (
        plots.omnichannel_table(frame, lang="en").to_text()
        for frame in (CHANNELS, CHANNELS.assign(margin_per_customer=NAN))
    )
    assert "Gross margin" in with_margin
    assert "Gross margin" not in without


def test_what_the_margin_leaves_out_is_said():
    assert "unknown cost" not in plots.omnichannel_table(CHANNELS, lang="en").to_text()
    withheld = CHANNELS.assign(margin_per_customer=NAN, revenue_without_cost=[0.2, 0.4])
    shown = plots.omnichannel_table(withheld, lang="en").to_text()
    assert "Revenue of unknown cost" in shown
    assert "not given where they are over 5%" in shown


@pytest.mark.parametrize(
    "made",
    [
        lambda: plots.nps_table(voice.nps(NOBODY), lang="en"),
        lambda: plots.prize_table(NO_WALLET, by="category", lang="en"),
        lambda: plots.omnichannel_table(CHANNELS.head(0), lang="en"),
        lambda: plots.csat_table(voice.csat(NOBODY), lang="en"),
        lambda: plots.engagement_table(POINTS.head(0), lang="en"),
        lambda: plots.omnichannel_share_table(NO_GAP, lang="en"),
    ],
)
def test_an_empty_table_is_a_sentence(made):
    assert isinstance(made(), sentences.Sentence)


def test_without_channels_the_table_and_the_figure_say_so():
    nobody, lacks = CHANNELS.head(0), ["orders.channel"]
    reason = "The data cannot tell: they lack orders.channel."
    assert str(plots.omnichannel_table(nobody, lang="en", lacks=lacks)) == reason
    assert plots.omnichannel_bars(nobody, lang="en", lacks=lacks).figure.message == reason


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_five_families_are_words_of_the_dictionary(lang):
    from marketing_kpi.kpis.dictionary import dictionary

    html = plots.families(lang=lang).to_html()
    assert len(FAMILIES) == 5
    for family in FAMILIES:
        assert dictionary()[family].name[lang] in html


SAID = {
    "nps": (
        lambda s: s.nps(voice.nps(scores(22, 10, 8)), lang="en"),
        "NPS: 35 points, from 40 answers by 40 people. 95% interval: 9 to 56.",
    ),
    "few": (
        lambda s: s.nps(voice.nps(scores(1, 0, 0)), lang="en"),
        "NPS: 100 points, from 1 answer by 1 person. Under 10 people, one cannot tell more.",
    ),
    "nobody": (
        lambda s: s.nps(voice.nps(NOBODY), lang="en"),
        "Nobody answered the question of recommendation in the period.",
    ),
    "change": (
        lambda s: s.nps_change(CHANGE, lang="en"),
        "NPS: 50 points, then −38, from 60 and 80 answers. It fell. 95% interval of "
        "the change: −110 to −61 points.",
    ),
    "no change": (
        lambda s: s.nps_change(voice.nps_change(NOBODY, NOBODY), lang="en"),
        "There are not two waves of answers to compare.",
    ),
    "no survey": (
        lambda s: s.nps(voice.nps(NOBODY), lang="en", lacks=["surveys.score"]),
        "The data cannot tell: they lack surveys.score.",
    ),
    "off the scale": (
        lambda s: s.csat(voice.csat(pd.DataFrame({"score": [5, 1]})), lang="en", aside=2),
        "Satisfied (4 or 5 out of 5): 50.0% of 2 answers. Set aside, off the scale: 2.",
    ),
    "half a month": (
        lambda s: s.share_of_wallet(NO_WALLET, lang="en", start="2025-10-15", end="2025-11-15"),
        "The period holds no whole month, and the panel tells no days.",
    ),
    "no channels": (
        lambda s: s.omnichannel(NO_GAP, lang="en", lacks=["orders.channel"]),
        "The data cannot tell: they lack orders.channel.",
    ),
    "reach": (
        lambda s: s.reach(voice.Reach(0, 0, None), lang="en"),
        "No buyer of the period is known to have answered.",
    ),
    "no wallet": (
        lambda s: s.share_of_wallet(NO_WALLET, lang="en"),
        "No panel tells what customers spend elsewhere in the period.",
    ),
    "prize": (
        lambda s: s.largest_prize(PRIZE, by="category", lang="en"),
        "The largest prize is Boots: $200 over the period, if its share rose from 10.0% to 30.0%. "
        "95% interval: $146 to $254. This is among the panel members alone. It is what there is to "
        "win, not what will be won.",
    ),
    "nobody is known": (
        lambda s: s.nps(voice.nps(scores(22, 10, 8)), lang="en", persons=False),
        "NPS: 35 points, from 40 answers; who gave them is not known. 95% interval: 9 to 56.",
    ),
    "no prize": (
        lambda s: s.largest_prize(NO_WALLET, by="category", lang="en"),
        "No group lies below the target with enough members to tell.",
    ),
    "silent": (
        lambda s: s.engagement(POINTS.head(0), lang="en"),
        "The data record no interactions of contacts.",
    ),
    "engaged": (
        lambda s: s.engagement(POINTS, lang="en"),
        "Of 3 contacts, 2 (66.7%) had an interaction that counts in the window. Points of the "
        "contact in the middle: 0.70; of the one at the 90th percentile: 9.74.",
    ),
    "engaged as set": (
        lambda s: s.engagement(
            POINTS, lang="en", settings=voice.Engagement(weights={"click": 3.5})
        ).text[-150:],
        "halved every 30 days, weighted by kind (review 5, click 3.5, use of the app 2, visit 2, "
        "opening 1, contact with the service 1, session on the site 1).",
    ),
    "heard": (
        lambda s: s.reach(voice.Reach(1, 1, 1.0), lang="fr").text[:60],
        "Acheteurs de la période\u00a0: 1\u202f; ont répondu\u00a0: 1 (100,0\u00a0%). L'i",
    ),
    "no gap": (
        lambda s: s.omnichannel(
            NO_GAP._replace(share=0.25, share_low=0.2, share_high=0.3), lang="en"
        ),
        "Of the customers, 25.0% bought in several channels (95% interval: 20.0% to 30.0%). Too "
        "few customers of one and of several channels to compare.",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_sentences_by_hand(name):
    make, expected = SAID[name]
    assert str(make(sentences.voice)) == expected


def test_a_prize_says_whose_it_is():
    said = str(sentences.voice.largest_prize(PRIZE, by="category", lang="en", represents=2.5))
    assert "Each panel member stands for 2.5 customers." in said
    assert "alone" not in said


def test_a_share_that_cannot_be_is_said_to_be_too_high():
    said = str(sentences.voice.share_of_wallet(WALLET.assign(members_above=3), lang="en"))
    assert "the panel says they spent in all: 3. The panel misses purchases" in said
    assert said.endswith("the share is too high.")
    assert "too high" not in str(sentences.voice.share_of_wallet(WALLET, lang="en"))


def test_categories_left_out_are_named_with_what_they_weigh():
    others = pd.DataFrame({"category": ["Bikes", None], "spend_total": 1.0, "share": [0.3, 0.15]})
    said = str(sentences.voice.share_of_wallet(WALLET, lang="en", others=others))
    assert said.endswith("in them: Bikes, unknown, or 45.0% of what the panel spends.")
    many = pd.DataFrame({"category": [*"ABCDEFG"], "spend_total": 1.0, "share": 0.1})
    assert "A, B, C, D, E, …, or 70.0%" in str(
        sentences.voice.share_of_wallet(WALLET, lang="en", others=many)
    )


def test_interactions_of_an_unknown_kind_are_named():
    kinds = pd.DataFrame({"kind": ["like", None], "interactions": [1200, 3]})
    said = str(sentences.voice.engagement(POINTS, lang="en", uncounted=kinds))
    assert said.endswith("Not counted, of a kind without a weight: like 1,200, unknown 3.")
    assert "Not counted" not in str(
        sentences.voice.engagement(POINTS, lang="en", uncounted=kinds.head(0))
    )


def test_customers_of_several_channels_may_spend_less():
    less = GAP._replace(gap=-20.0, low=-45.0, high=5.0)
    said = str(sentences.voice.omnichannel(less, lang="en"))
    assert "spends $20 less than one of a single channel" in said
    assert "(95% interval of the difference: −$45 to $5)" in said
    assert "−$20" not in said


def test_each_kpi_of_the_page_has_a_table_with_its_definition():
    engaged = POINTS.assign(
        percentile=[10.0, 50.0, 90.0], last_interaction=pd.Timestamp("2025-1-1")
    )
    tables = {
        "customer_satisfaction": plots.csat_table(
            voice.csat(pd.DataFrame({"score": [5] * 15 + [1] * 5})), lang="en"
        ),
        "engagement_score": plots.engagement_table(engaged, lang="en"),
        "omnichannel_share": plots.omnichannel_share_table(GAP, lang="en"),
    }
    for kpi, shown in tables.items():
        payload = shown.payload()
        carried = {column["kpi"] for column in payload["columns"]} | {*payload.get("row_kpis", [])}
        assert kpi in carried
    assert "75.0%" in tables["customer_satisfaction"].to_text()
    assert tables["engagement_score"].rows[0][0] == "C"
    assert "28.0% to 32.0%" in tables["omnichannel_share"].to_text()


def test_groups_are_told_apart_only_by_the_test():
    said = str(
        sentences.voice.nps_groups(
            BY_REGION, voice.nps_differences(BY_REGION), by="region", lang="en"
        )
    )
    assert said.startswith("Lowest: IDF (−38 points); highest: QC (50 points).")
    assert "Tested all at once, the 2 groups differ (p < 0.001); of groups that do not" in said
    alike = voice.nps(
        pd.concat([scores(20, 10, 10).assign(region=name) for name in "AB"]), by="region"
    )
    assert "one cannot tell whether the 2 groups differ (p = 1.000)" in str(
        sentences.voice.nps_groups(alike, voice.nps_differences(alike), by="region", lang="en")
    )
    level = voice.nps(
        pd.concat(
            [
                scores(*shares).assign(region=name)
                for name, shares in (("A", (20, 10, 20)), ("B", (30, 10, 10)))
            ]
        ),
        by="region",
    )
    told = voice.nps_differences(level)
    said = str(sentences.voice.nps_groups(level, told, by="region", lang="fr"))
    assert "A (0 point)" in said
    assert "B (40 points)" in said
    one = voice.nps(TEAMS)
    assert "Too few groups" in str(
        sentences.voice.nps_groups(one, voice.nps_differences(one), by="region", lang="en")
    )


def test_a_difference_at_an_equal_number_of_orders_says_whom_it_compares():
    said = str(sentences.voice.omnichannel(GAP._replace(compared=0.57), lang="en"))
    assert "; this compares 57.0% of the customers of several channels." in said


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_omnichannel_sentence_never_speaks_of_an_effect_without_the_warning(lang):
    said = str(sentences.voice.omnichannel(GAP, lang=lang))
    assert ("seul un test" if lang == "fr" else "only a test could") in said


def test_a_score_has_one_colour_as_the_caption_says():
    axis = plots.answer_counts(voice.score_counts(TEAMS, question="nps"), question="nps", lang="en")
    colours = [bar.get_facecolor() for bar in axis.patches]
    assert len({*colours[:7]}) == len({*colours[7:9]}) == len({*colours[9:]}) == 1
    assert len({*colours}) == 3
    lightness = sorted(style.luminance(colour) for colour in {*colours})
    assert lightness[2] - lightness[0] > 0.3
