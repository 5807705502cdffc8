"""Figures, tables and sentences of control-group tests, in both languages."""

import datetime as dt
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import marketing_kpi as mk
from marketing_kpi import experiments, plots
from marketing_kpi.plots import sentences
from marketing_kpi.text.locale import Reader
from marketing_kpi.trials import comparison, design, incremental, members

NAN = math.nan


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def campaign(lift=0.10, n0=400, n1=1600, seed=7):
    """Return members who buy with a probability of 10 %, and `lift` more when treated."""
    rng = np.random.default_rng(seed)
    arm = np.array(["control"] * n0 + ["treatment"] * n1)
    bought = (rng.random(n0 + n1) < 0.10 + lift * (arm == "treatment")).astype(int)
    revenue = bought * rng.lognormal(4, 0.8, n0 + n1)
    region = rng.choice(["QC", "a <b>"], n0 + n1)
    past = rng.lognormal(3, 1, n0 + n1)
    return pd.DataFrame(
        {
            "customer_id": [f"C{n}" for n in range(n0 + n1)],
            "arm": arm,
            "bought": bought,
            "orders": bought,
            "revenue": revenue,
            "margin": revenue / 2,
            "region": region,
            "revenue_before": past,
        }
    )


TESTED = campaign()
BOUGHT = experiments.compare(TESTED, outcome="bought")
REVENUE = experiments.compare(TESTED, outcome="revenue")
NOTHING = experiments.compare(TESTED.assign(bought=0), outcome="bought")
UNCLEAR = experiments.compare(campaign(lift=0.0), outcome="bought")
EVERY = experiments.compare_all(TESTED, outcomes=["bought", "revenue"])
REGIONS = experiments.compare_all(TESTED, outcomes=["bought"], by="region")
BALANCE = experiments.balance(TESTED, columns=["revenue_before", "region"])
PLANS = experiments.plans(BOUGHT, relative_lifts=[0.1, 0.5], control_shares=[0.1, 0.5])
WORTH = experiments.incremental(TESTED, cost=500.0)
NO_MARGIN = experiments.incremental(TESTED.drop(columns="margin"), cost=0.0)
KNOWN = pd.DataFrame(
    {
        "campaign_id": ["mail"],
        "start": [pd.Timestamp("2025-04-03")],
        "control_n": [400],
        "treatment_n": [1600],
    }
)
WINDOW = experiments.Window(
    "mail", dt.date(2025, 4, 3), dt.date(2025, 5, 1), True, dt.date(2025, 12, 31),
    400, 1600, 0, 1600, 1, (), dt.date(2023, 1, 2),
)  # fmt: skip
TRIAL = experiments.Trial(
    "mail", None, (), KNOWN, WINDOW, ("treatment",), "treatment", ("bought", "revenue")
)
OVERLAP = pd.DataFrame(
    {
        "campaign_id": ["sms"],
        "start": [dt.date(2025, 4, 10)],
        "days_shared": [21],
        "control_share": [0.2],
        "treatment_share": [0.21],
        "p_value": [0.7],
    }
)

FIGURES = {
    "power": lambda lang: plots.power_curves(PLANS, lang=lang),
    "balance": lambda lang: plots.arm_balance(BALANCE, lang=lang),
    "lifts": lambda lang: plots.lifts(EVERY, lang=lang),
    "segments": lambda lang: plots.lifts(REGIONS, by="region", lang=lang),
    "amounts": lambda lang: plots.incremental_amounts(WORTH, lang=lang),
    "peeking": lambda lang: plots.false_alarms(experiments.peeking(campaigns=50), lang=lang),
    "best segment": lambda lang: plots.false_alarms(
        experiments.best_segment(campaigns=50), lang=lang
    ),
}
EMPTY = {
    "power": lambda: plots.power_curves(PLANS.head(0), lang="en"),
    "balance": lambda: plots.arm_balance(BALANCE.assign(standardised_difference=NAN), lang="en"),
    "lifts": lambda: plots.lifts(EVERY.assign(relative_lift=NAN), lang="en"),
    "amounts": lambda: plots.incremental_amounts(None, lang="en"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_says_what_it_shows_in_the_readers_language(name):
    french, english = (FIGURES[name](lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()


@pytest.mark.parametrize(("lang", "words"), [("fr", "Coût de la campagne"), ("en", "Cost of the")])
def test_the_line_of_the_cost_has_a_name_where_the_cost_is_known(lang, words):
    axis = plots.incremental_amounts(WORTH, lang=lang)
    [name] = [text.get_text() for text in axis.get_legend().get_texts()]
    assert name.startswith(words)
    assert plots.incremental_amounts(WORTH, lang=lang, is_cost_known=False).get_legend() is None


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
    figure = EMPTY[name]().figure
    assert figure.message
    assert "image/png" not in figure._repr_mimebundle_()[0]


def test_a_figure_draws_in_given_axes():
    _, axis = plt.subplots()
    assert plots.lifts(EVERY, lang="en", ax=axis) is axis


def test_lifts_of_one_outcome_are_in_its_unit_and_of_several_relative():
    relative = plain(plots.lifts(EVERY, lang="en").figure.alt)
    assert f"Conversion {EVERY.relative_lift[0]:.1%}" in relative
    absolute = plain(plots.lifts(REGIONS, by="region", lang="en").figure.alt)
    assert f"QC {100 * REGIONS.set_index('region').absolute_lift['QC']:+.1f} pts" in absolute


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_axis_of_relative_lifts_tells_more_from_less(lang):
    axis = plots.lifts(EVERY, lang=lang)
    axis.figure.canvas.draw()
    ticks = {tick: axis.xaxis.get_major_formatter()(tick) for tick in axis.get_xticks()}
    assert all(said.startswith("+") for tick, said in ticks.items() if tick > 0.01)
    assert any(tick > 0.01 for tick in ticks)


def test_a_name_of_two_lines_is_one_line_for_those_who_do_not_see_it():
    rows = REGIONS.assign(region=["North\nof Paris", "South"])
    alt = plots.lifts(rows, by="region", lang="en").figure.alt
    assert "North of Paris" in alt
    assert "\n" not in alt


def test_an_interval_without_an_end_is_said_to_have_none():
    said = plots.lifts(EVERY.assign(relative_high=[1.0, NAN]), lang="en").figure.caption
    assert "Hollow dots" in said
    assert "Hollow dots" not in plots.lifts(EVERY, lang="en").figure.caption


def test_the_ticks_of_balance_are_where_they_say():
    axis = plots.arm_balance(BALANCE, lang="en")
    axis.figure.canvas.draw()
    for label, place in zip(axis.get_xticklabels(), axis.get_xticks(), strict=True):
        assert float(label.get_text().replace("\u2212", "-")) == pytest.approx(place)


def test_tables_hold_what_was_found():
    table = plots.lift_table(EVERY, lang="en")
    assert "higher" in table.to_text()
    names = {column["name"] for column in table.payload()["columns"]}
    assert {"absolute_lift", "absolute_low", "relative_lift"} <= names
    assert "&lt;b&gt;" in plots.lift_table(REGIONS, by="region", lang="en").to_html()
    assert "Region: QC" in plain(plots.balance_table(BALANCE, lang="en").to_text())
    assert "p-value" in plots.method_table(REVENUE, lang="en").to_text()
    assert "Customers needed" in plots.plan_table(PLANS, lang="en").to_text()
    assert "20.0%" in plots.campaign_table(KNOWN, lang="en").to_text()
    overlap = plots.overlap_table(OVERLAP, lang="en").to_text()
    assert "21.0%" in overlap
    assert "alike" in overlap
    assert "365 days before" in plots.balance_table(BALANCE, lang="en").to_text()


def test_campaigns_go_by_their_names():
    names = {"campaigns": {"mail": "Spring letter", "sms": "A word"}, "lang": "en"}
    assert str(sentences.experiments.trial(TRIAL, **names)).startswith("Campaign Spring letter:")
    shown = plots.campaign_table(KNOWN, **names)
    assert "Spring letter" in shown.to_text()
    assert "mail" not in shown.to_text()
    assert shown.payload()["rows"][0][-1] == "mail"  # what a parameter takes is in the exports
    assert "A word" in plots.overlap_table(OVERLAP, **names).to_text()
    uneven = sentences.experiments.overlap(OVERLAP.assign(p_value=1e-5), **names)
    assert "same time: A word." in str(uneven)
    assert "mail" in plots.campaign_table(KNOWN, lang="en").to_text()


def test_p_values_of_a_table_are_written_as_in_the_sentences():
    small = plots.method_table(REVENUE._replace(p_value=1e-7, welch_p=0.0312), lang="fr")
    assert "< 0,001" in small.to_text()
    assert "0,031" in small.to_text()
    assert "0,00 " not in small.to_text()
    columns = [column["name"] for column in small.payload()["columns"]]
    assert small.payload()["rows"][0][columns.index("p_value")] == 1e-7
    assert "< 0.001" in plots.balance_table(BALANCE.assign(p_adjusted=1e-5), lang="en").to_text()
    assert "< 0.001" in plots.overlap_table(OVERLAP.assign(p_value=1e-5), lang="en").to_text()


@pytest.mark.parametrize("kind", ["bool", "boolean", "object"])
def test_segments_that_are_true_or_false_are_yes_and_no(kind):
    members_ = TESTED.assign(vip=(TESTED.index % 3 == 0)).astype({"vip": kind})
    by_vip = experiments.compare_all(members_, outcomes=["bought"], by=["vip"])
    shown = plots.lift_table(by_vip, by="vip", lang="fr").to_text()
    assert [line.split()[0] for line in shown.splitlines()[2:4]] == ["non", "oui"]
    told = BALANCE.assign(column="vip", value=[True] + [False] * (len(BALANCE) - 1))
    shown = plain(plots.balance_table(told, lang="fr").to_text())
    assert "vip : oui" in shown
    assert "True" not in shown


def test_the_rows_of_several_treatments_name_them():
    arms = TESTED.assign(arm=TESTED.arm.where(TESTED.index % 2 == 0, "other"))
    arms.loc[arms.index < 400, "arm"] = "control"
    every = experiments.compare_all(arms, outcomes=["bought"])
    shown = plots.lift_table(every, lang="en").to_text()
    assert "Conversion (other)" in shown
    assert "Conversion (treatment)" in shown
    before = experiments.balance(arms, columns="revenue_before")
    assert "Net sales before (other)" in plots.balance_table(before, lang="en").to_text()


def test_what_the_cost_tells_is_left_out_where_it_is_not_known():
    with_cost = plots.worth_table(WORTH, lang="en").to_text()
    without = plots.worth_table(WORTH, is_cost_known=False, lang="en").to_text()
    assert "Incremental ROI" in with_cost
    assert "Probability that it paid" in with_cost
    assert "ROI" not in without
    assert "Cost" not in without
    assert "Cost of an incremental order" not in plots.worth_table(NO_MARGIN, lang="en").to_text()
    said = str(sentences.experiments.incremental(NO_MARGIN, is_cost_known=False, lang="en"))
    assert "cost nothing" not in said
    assert "parameter cost" in said
    assert "parameter margin_rate" in said


@pytest.mark.parametrize(
    "made",
    [
        lambda: plots.plan_table(PLANS.head(0), lang="en"),
        lambda: plots.campaign_table(KNOWN.head(0), lang="en"),
        lambda: plots.balance_table(BALANCE.head(0), lang="en"),
        lambda: plots.overlap_table(OVERLAP.head(0), lang="en"),
        lambda: plots.lift_table(EVERY.head(0), lang="en"),
        lambda: plots.method_table(BOUGHT, lang="en"),
    ],
)
def test_an_empty_table_is_a_sentence(made):
    assert isinstance(made(), sentences.Sentence)


# --- Sentences ------------------------------------------------------------------------------


def test_a_clear_result_is_said_with_its_interval():
    said = plain(sentences.experiments.compared(BOUGHT, lang="en"))
    assert said.startswith(f"Conversion: {BOUGHT.treatment_value:.1%} in the treatment, ")
    assert "Interval at 95%: +" in said
    assert "p < 0.001" in said
    assert "The campaign raised it (+" in said


def test_an_unclear_result_is_not_said_to_be_none():
    for lang, words in {"en": "One cannot tell", "fr": "On ne peut pas dire"}.items():
        said = plain(sentences.experiments.compared(UNCLEAR, lang=lang))
        assert words in said
    assert "raised" not in plain(sentences.experiments.compared(UNCLEAR, lang="en"))


def test_a_fall_is_called_one():
    worse = TESTED.assign(arm=TESTED.arm.map({"control": "treatment", "treatment": "control"}))
    found = experiments.compare(worse, outcome="bought")
    assert "The campaign lowered it" in str(sentences.experiments.compared(found, lang="en"))


def test_a_constant_outcome_is_said_to_tell_nothing():
    said = str(sentences.experiments.compared(NOTHING, lang="en"))
    assert "the same for everyone" in said


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("lacking", "campaign_members.arm"),
        ("unknown_campaign", "The parameter campaign takes one of them"),
        ("one_arm", "one arm only"),
        ("no_control", "has the arms treatment, and none of them is called control"),
        ("no_start", "contacted_at"),
        ("unknown_members", "customer ids are probably written otherwise"),
        ("outside_data", "(April 3, 2025 to April 30, 2025): the orders go from January 2, 2023"),
        ("in_both_arms", "several arms"),
        ("unknown_treatment", "The parameter treatment takes one of: treatment"),
    ],
)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_is_missing_is_named(problem, words, lang):
    lacks = ("campaign_members.arm",) if problem == "lacking" else ()
    found = TRIAL._replace(problem=problem, lacks=lacks, campaign="sale")
    said = plain(sentences.experiments.trial(found, lang=lang))
    assert "{" not in said
    if lang == "en":
        assert words in said
    if problem == "unknown_campaign":
        assert "mail" in said


def test_without_another_campaign_none_is_offered():
    found = TRIAL._replace(problem="one_arm", known=KNOWN.head(0))
    said = str(sentences.experiments.trial(found, lang="en"))
    assert "No campaign of the data has a control group" in said


def test_members_without_an_arm_are_said_with_their_number():
    lost = WINDOW._replace(
        without_arm=390, without_customer=1, notes=("without_arm", "without_customer")
    )
    said = plain(sentences.experiments.trial(TRIAL._replace(window=lost), lang="en"))
    assert "390 members have no arm in the data" in said
    assert "1 row of the campaign names no customer" in said
    assert "cannot be compared" in said


def test_what_was_tested_is_said_with_its_days_and_its_notes():
    noted = WINDOW._replace(notes=("window_not_over",))
    several = TRIAL._replace(window=noted, treatments=("a", "b"), treatment="a")
    said = plain(sentences.experiments.trial(several, lang="en"))
    assert "1,600 customers in the treatment, 400 in the control (20.0% of all)" in said
    assert "April 3, 2025 to April 30, 2025" in said
    assert "The window is not over" in said
    assert "(a, b)" in said


def test_costs_that_are_not_known_are_said_to_be_why_there_is_no_margin():
    def said(lines):
        return plain(sentences.experiments.trial(TRIAL._replace(uncosted=lines), lang="en"))

    assert "cost" not in said(0)
    assert "The cost of 1 order line of the members in these days is not known" in said(1)
    assert "The cost of 1,200 order lines" in said(1200)
    assert "parameter margin_rate" in said(1)


def test_the_split_is_judged_only_by_what_was_meant():
    check = experiments.split_check(TESTED)
    assert "expected_control_share" in str(sentences.experiments.split(check, lang="en"))
    as_meant = experiments.split_check(TESTED, expected={"control": 1, "treatment": 4})
    assert "chance is enough to explain" in str(sentences.experiments.split(as_meant, lang="en"))
    off = experiments.split_check(TESTED, expected={"control": 1, "treatment": 1})
    said = plain(sentences.experiments.split(off, lang="en"))
    assert "The control holds 20.0% of the members, and 50.0% was meant" in said
    assert "Find out why" in said


def test_arms_that_differed_before_are_named():
    assert "no difference" in str(sentences.experiments.balance(BALANCE, lang="en"))
    rows = BALANCE.assign(is_balanced=[False, True, True])
    said = str(sentences.experiments.balance(rows, lang="en"))
    assert "more than chance makes: Net sales before." in said
    unknown = sentences.experiments.balance(BALANCE.assign(p_value=NAN), lang="en")
    assert "tell nothing" in str(unknown)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    ("problem", "columns", "words"),
    [
        ("unknown_column", ("region",), "has a column regionn. The parameter by takes one of: reg"),
        ("unknown_column", (), "no column that parts"),
        ("no_values", ("region",), "The column regionn is empty"),
        ("reserved_column", ("region",), "have a column regionn of their own: rename"),
        ("many_values", ("region",), "more than 12 values"),
    ],
)
def test_a_column_that_parts_nobody_is_said_to_be_so(problem, columns, words, lang):
    found = TRIAL._replace(by="regionn", by_problem=problem, by_columns=columns)
    said = plain(sentences.experiments.segments(found, lang=lang))
    assert "regionn" in said
    assert lang == "fr" or words in said
    assert sentences.experiments.segments(TRIAL, lang=lang) is None


def test_comparisons_by_segment_are_not_called_what_those_of_outcomes_are():
    by_region = plots.lift_table(REGIONS, by="region", lang="en").to_text()
    assert "Conversion: what the treatment changed, against the control, by region" in by_region
    assert by_region.splitlines()[1].startswith("Region")
    every = plots.lift_table(EVERY, lang="en")
    assert every.to_text().splitlines()[1].startswith("Outcome")
    for kpi in ("absolute_lift", "relative_lift"):
        assert f'data-mk-kpi="{kpi}"' in every.to_html()


def test_plans_are_made_with_the_share_that_the_test_had_and_agree_with_what_it_would_take():
    members_ = campaign(n0=401, n1=1600)
    bought = experiments.compare(members_, outcome="bought")
    rows = experiments.plans(bought, relative_lifts=[0.1])
    assert rows.control_share.tolist() == [0.1, pytest.approx(401 / 2001), 0.5]
    taken = experiments.would_take(bought, relative_lift=0.1)
    assert rows.total.tolist()[1:] == [taken.same_share.total, taken.equal_halves.total]
    shown = plain(plots.plan_table(rows, of=bought, lang="en").to_text())
    assert shown.startswith("Conversion: what a test of as many")


def test_a_test_out_of_reach_is_not_counted_to_the_last_customer():
    small = PLANS.assign(total=[200_000, 200_001, 8_334_583, 10])
    shown = plain(plots.plan_table(small, of=BOUGHT, lang="en").to_text())
    assert shown.count("more than 200,000") == 2
    assert "8,334,583" not in shown
    found = experiments.would_take(UNCLEAR, relative_lift=0.001)
    said = plain(sentences.experiments.would_take(found, UNCLEAR, lang="fr"))
    assert "plus de 200 000 clients" in said


def test_large_amounts_are_shown_without_cents_and_exported_with_them():
    table = plots.worth_table(WORTH, lang="en")
    assert f"${WORTH.revenue.value:,.0f}  " in plain(table.to_text())
    places = {column["name"]: place for place, column in enumerate(table.payload()["columns"])}
    values = [row[places["value"]] for row in table.payload()["rows"]]
    assert pytest.approx(WORTH.revenue.value, rel=1e-9) in values
    assert "An ROI of 0% just repays" in table.to_text()
    assert "ROI" not in plots.worth_table(WORTH, is_cost_known=False, lang="en").to_text()


def test_other_campaigns_matter_when_they_reached_one_arm_more():
    overlap = sentences.experiments.overlap
    assert "No other campaign" in str(overlap(OVERLAP.head(0), lang="en"))
    assert "alike" in str(overlap(OVERLAP, lang="en"))
    assert "more than the other" in str(overlap(OVERLAP.assign(p_value=0.001), lang="en"))


def test_the_parts_of_an_amount_are_said_apart():
    said = plain(sentences.experiments.parts(REVENUE, lang="en"))
    assert "Share who buy: " in said
    assert "Spent by a buyer: $" in said
    assert "The campaign may change who buys" in said
    buyers = int((TESTED.arm.eq("control") & TESTED.bought.eq(1)).sum())
    assert f"a buyer of the control spends rests on {buyers} buyers" in said
    pilot = REVENUE._replace(control_buyers=900, treatment_buyers=40)
    few = "What a treated buyer spends rests on 40 buyers"
    assert few in plain(sentences.experiments.parts(pilot, lang="en"))
    enough = REVENUE._replace(control_buyers=900, treatment_buyers=600)
    assert "rests on" not in plain(sentences.experiments.parts(enough, lang="en"))
    assert "not taken apart" in str(sentences.experiments.parts(BOUGHT, lang="en"))


def test_a_covariate_that_explains_much_narrows_the_interval():
    helped = TESTED.assign(revenue_before=TESTED.revenue + TESTED.revenue_before)
    narrowed = sentences.experiments.narrowed
    for members_, words in ((helped, "narrower"), (TESTED, "too little")):
        adjusted = experiments.compare(members_, outcome="revenue", covariate="revenue_before")
        assert words in str(narrowed(REVENUE, adjusted, lang="en"))
        assert "for nothing" not in str(narrowed(REVENUE, adjusted, lang="en"))
    assert "no interval" in str(narrowed(NOTHING._replace(absolute_low=None), BOUGHT, lang="en"))


def test_what_it_would_have_taken_is_said():
    found = experiments.would_take(UNCLEAR, relative_lift=0.2)
    said = plain(sentences.experiments.would_take(found, UNCLEAR, lang="en"))
    assert "a rise of 20%" in said
    assert f"{found.equal_halves.total:,} in two equal halves" in said
    nothing = experiments.would_take(NOTHING)
    assert "nothing to plan" in str(sentences.experiments.would_take(nothing, NOTHING, lang="en"))
    beyond = experiments.WouldTake(0.1, absolute_lift=0.05)
    said = str(sentences.experiments.would_take(beyond, BOUGHT, lang="en"))
    assert said == "Conversion: no rise is large enough for a test of this size."


def test_corrected_comparisons_are_counted():
    said = plain(sentences.experiments.corrected(EVERY, lang="en"))
    assert said.startswith("Comparisons: 2.")
    assert "try it again" in str(sentences.experiments.corrected(REGIONS, by="region", lang="en"))
    assert "No comparison" in str(sentences.experiments.corrected(EVERY.head(0), lang="en"))


def test_what_a_campaign_was_worth_is_said_with_its_verdict():
    said = plain(sentences.experiments.incremental(WORTH, lang="en"))
    assert f"Over its {WORTH.treated:,} treated customers" in said
    assert "It cost $500. Probability that it paid for itself" in said
    verdict = {"paid": "It paid for itself.", "cannot_tell": "One cannot tell whether it paid"}
    assert verdict[WORTH.verdict] in said
    lost = WORTH._replace(verdict="lost")
    assert "It did not pay for itself." in str(sentences.experiments.incremental(lost, lang="en"))
    assert "shared among" not in said
    two = plain(sentences.experiments.incremental(WORTH, sharing=2, lang="en"))
    assert "shared among its 2 treatments by their customers" in two
    unclear = experiments.incremental(campaign(lift=0.0), cost=500.0)
    said = plain(sentences.experiments.incremental(unclear, lang="en"))
    assert f"{unclear.needed_for_break_even.total:,} customers" in said


@pytest.mark.parametrize(
    "known", [comparison.NOTES, design.NOTES, members.NOTES, incremental.NOTES]
)
def test_all_that_results_note_has_words_in_both_languages(known):
    english, french = (
        sentences.experiments.notes(known, known, mk.reader(lang)) for lang in ("en", "fr")
    )
    assert english == list(known.values())
    assert not set(english) & set(french)


@pytest.mark.parametrize(("value", "shown"), [(0.5, "+1"), (2.5, "+3"), (0.4, "0"), (-2.5, "−3")])
def test_amounts_round_with_their_sign(value, shown):
    """Half rounds away from 0, and so does its sign."""
    amount = experiments.Amount(value, None, None)
    reader = Reader.of("en")
    assert sentences.experiments._amount(amount, reader, "count") == shown
    money = sentences.experiments._amount(amount, reader, "currency")
    assert money.replace("$", "") == shown
