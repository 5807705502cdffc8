"""Figures, tables and sentences of channels: words, numbers, what lacks, nothing cut."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import channels, plots
from marketing_kpi.attribution.lift import AgainstLift
from marketing_kpi.plots import sentences
from marketing_kpi.text.locale import Reader

PERIOD = {"start": "2025-01-01", "end": "2026-01-01"}
PATHS = pd.DataFrame(
    {
        "path": [("display", "email"), ("email", "direct"), ("paid_search",), ("display",)],
        "conversions": [40, 20, 30, 5],
        "revenue": [4000.0, 2000.0, 3500.0, 300.0],
        "margin": [2000.0, 1000.0, 1750.0, 150.0],
        "days_before": [(3.0, 1.0), (4.0, 0.0), (2.0,), (9.0,)],
    }
)
CREDITS = channels.attribute(PATHS, model="all")
SURE = CREDITS.assign(margin_low=CREDITS.margin * 0.9, margin_high=CREDITS.margin * 1.1)
UNCOSTED = CREDITS.assign(margin=np.nan)
SPEND = {"display": 900.0, "email": 300.0, "paid_search": 9000.0}
RETURNS = channels.returns_by_model(SURE, spend=SPEND)
AGREED = channels.agreement(RETURNS)
COSTS = pd.DataFrame(
    {
        "marketing_channel": ["paid_search", "email", None],
        "spend": [1000.0, 200.0, np.nan],
        "new_customers": [10, 40, 7],
        "cost": [100.0, 5.0, np.nan],
        "low": [54.4, 3.7, np.nan],
        "high": [208.5, 7.0, np.nan],
    }
)


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def weeks(elasticity, *, outcome="clicks", noise=0.01):
    rng = np.random.default_rng(5)
    mondays = pd.date_range(end="2025-12-22", periods=156, freq="7D", name="week")
    names = ["paid_search", "email", "social"]
    now = np.array([900.0, 500.0, 300.0])
    spend = now * np.exp(rng.normal(0, 0.2, (156, 3)))
    lift = np.exp(np.array(elasticity) * np.log(spend / now) + rng.normal(0, noise, (156, 3)))
    spend = pd.DataFrame(spend, index=mondays, columns=names).assign(email=90.0)
    if outcome == "net_sales":
        sales = 50_000 * lift.prod(axis=1)
        return channels.Weeks(outcome, spend, pd.DataFrame({"all": sales}, index=mondays))
    return channels.Weeks(outcome, spend, pd.DataFrame(300 * lift, index=mondays, columns=names))


CLICKS = weeks([0.8, 0.1, 0.06])
CURVES = channels.response_curves(CLICKS)
SALES = channels.response_curves(weeks([0.0, 0.0, 0.0], outcome="net_sales", noise=0.1))
PLAN = channels.allocate(CURVES)


def lift(added, low, high):
    credits = pd.DataFrame({"touch": ["reaction", "contact"], "model": ["last", "last"]})
    credits["credited"], credits["reached"] = [60.0, 230.0], [90, 900]
    credits["ratio"], credits["verdict"] = np.nan, ["possible", "too_many"]
    days = dt.date(2025, 4, 1), dt.date(2025, 4, 29)
    return AgainstLift("mail", None, (), *days, 900, 100, added, low, high, 400, credits)


FIGURES = [
    lambda lang: plots.credit_by_model(CREDITS, lang=lang),
    lambda lang: plots.roi_by_model(RETURNS, lang=lang),
    lambda lang: plots.roi_by_model(channels.returns_by_model(UNCOSTED, spend=SPEND), lang=lang),
    lambda lang: plots.cac_intervals(COSTS, lang=lang),
    lambda lang: plots.credit_against_lift(lift(50, -20, 120), lang=lang),
    lambda lang: plots.response_curve(CLICKS, CURVES, channel="paid_search", lang=lang),
    lambda lang: plots.elasticities(SALES, lang=lang),
    lambda lang: plots.budget_shares(PLAN, lang=lang),
]


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("draw", FIGURES)
def test_a_figure_says_its_numbers_and_stays_within_its_page(draw, lang):
    axis = draw(lang)
    figure = axis.get_figure()
    figure.canvas.draw()
    assert any(letter.isdigit() for letter in figure.alt)
    assert figure.caption
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 > -0.02
    assert drawn.y0 > -0.02
    assert drawn.x1 < width + 0.02
    assert drawn.y1 < height + 0.02


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.credit_by_model(CREDITS.head(0), lang="en", lacks=["touchpoints.at"]),
        lambda: plots.roi_by_model(RETURNS.head(0), lang="en", lacks=["touchpoints.at"]),
        lambda: plots.cac_intervals(None, lang="en", lacks=["touchpoints.at"]),
        lambda: plots.response_curve(None, None, channel=None, lang="en", lacks=["touchpoints.at"]),
        lambda: plots.elasticities(None, lang="en", lacks=["touchpoints.at"]),
    ],
)
def test_without_data_a_figure_says_what_lacks(draw):
    assert "touchpoints.at" in draw().get_figure().message


def test_tables_carry_the_kpis_they_show():
    names = [*channels.CHANNEL_KPIS, "spend_to_credit"]
    results = pd.DataFrame({name: [1.0, np.nan] for name in names})
    results.insert(0, "marketing_channel", ["email", "direct"])
    results["attributed_revenue"] = [1.0, 7.0]
    costs, credited = (
        draw(results, lang="en").to_text() for draw in (plots.channel_table, plots.credit_table)
    )
    assert "Customer acquisition cost (CAC)" in costs
    assert "Return on ad spend (ROAS)" not in costs
    assert "Direct" not in costs
    assert all(name in credited for name in ("ROAS", "Spend followed by touches", "Direct"))
    nothing = results.assign(**dict.fromkeys(names, np.nan))
    assert "neither what channels cost" in str(plots.channel_table(nothing, lang="en"))
    assert "No touch is recorded" in str(plots.credit_table(nothing, lang="en"))
    assert "Not known" in plots.cac_table(COSTS, lang="en").to_text()
    assert plots.cac_table(None, lang="en") is None
    assert "never varied" in plots.curve_table(CURVES, lang="en").to_text()
    assert "Marginal ROAS" in plots.curve_table(SALES, lang="en").to_text()
    assert plots.budget_table(None, lang="en") is None


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_no_touch_names_is_told_and_no_nought(lang):
    words = {"fr": ("Inconnu", "Aucune campagne", "Un tiret"),
             "en": ("Not known", "No campaign:", "A dash")}[lang]  # fmt: skip
    names = [*channels.CHANNEL_KPIS, "spend_to_credit"]
    results = pd.DataFrame({name: [1.0, np.nan] for name in names})
    results.insert(0, "marketing_channel", ["email", None])
    results["attributed_revenue"], results["marketing_spend"] = [1.0, 7.0], [1.0, 0.0]
    assert words[0] in plots.credit_table(results, lang=lang).to_text()
    assert words[0] in plots.credit_table(results, lang=lang).notes[0]
    assert not plots.credit_table(results[:1], lang=lang).notes
    assert words[0] not in plots.channel_table(results, lang=lang).to_text()
    unplaced = results.assign(marketing_spend=[1.0, 900.0])
    assert words[0] in plots.channel_table(unplaced, lang=lang).to_text()
    costs = COSTS[:2].rename(columns={"marketing_channel": "campaign_id"})
    unnamed, unseen = costs.assign(campaign_id=["a", None]), costs.assign(new_customers=[3, np.nan])
    for rows, told in ((costs, ()), (unnamed, words[1:2]), (unseen, words[2:])):
        notes = " ".join(plots.cac_table(rows, lang=lang).notes)
        assert [word in notes for word in words[1:]] == [word in told for word in words[1:]]


def test_campaigns_go_by_their_names():
    costs = COSTS.rename(columns={"marketing_channel": "campaign_id"})
    shown = plots.cac_table(costs, campaigns={"email": "Spring letter"}, lang="en").to_text()
    assert "Spring letter" in shown
    assert "paid_search" in shown  # it has no name
    assert "first order follows a touch of it" in shown
    assert "The spend is that of the days of which touches are recorded" in shown
    said = sentences.channels.lift(lift(50, 20, 120), campaigns={"mail": "The mail"}, lang="en")
    assert str(said).startswith("Campaign The mail:")


# --- Sentences --------------------------------------------------------------------------------


def test_the_headline_gives_the_range_of_the_models():
    said = plain(sentences.channels.headline(CREDITS, AGREED, lang="en", **PERIOD))
    assert "orders placed online that follow recorded touches: 95." in said
    assert "Email comes first" in said
    assert "it gets from " in said
    assert "Spend exceeds margin under every model: Paid search." in said


def journeys_with(**shares):
    checks = pd.DataFrame({"check": [*shares], "share": [*shares.values()]})
    return channels.JourneyQuality(None, checks, None)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"orders_without_touch": 0.87}, "87% of the orders placed online have no recorded touch"),
        ({"orders_without_touch": 0.1, "orders_without_cost": 0.3}, "product of unknown cost"),
        (
            {"orders_without_touch": 0.2, "orders_of_older_touches": 0.4},
            "20% of the orders placed online have no recorded touch, and 40% only touches too long"
            " before them to count. Raise lookback_days",
        ),
    ],
)
def test_no_channel_is_judged_on_what_is_mostly_not_told(shares, words):
    found = journeys_with(**shares)
    headline = sentences.channels.headline(CREDITS, AGREED, found=found, lang="en", **PERIOD)
    returns = sentences.channels.returns(AGREED, found=found, lang="en")
    for said in (plain(headline), plain(returns)):
        assert words in said
        assert "Spend exceeds margin" not in said
    assert "All of it holds" not in str(returns)
    sure = journeys_with(
        orders_without_touch=0.3,
        orders_of_older_touches=0.1,
        orders_outside_touches=0.8,
        orders_without_cost=0.01,
    )
    judged = sentences.channels.headline(CREDITS, AGREED, found=sure, lang="en", **PERIOD)
    assert "Spend exceeds margin under every model: Paid search." in plain(judged)


@pytest.mark.parametrize("credits", [CREDITS, CREDITS.iloc[:0], CREDITS.assign(conversions=0.1)])
def test_the_headline_says_what_orders_it_leaves_out(credits):
    names = [f"c{n}" for n in range(7)]
    found = journeys_with(orders_of_unknown_channels=0.484, orders_without_touch=0.1)
    found = found._replace(
        checks=found.checks.assign(count=972), unknown_channels=dict.fromkeys(names, 1)
    )
    said = sentences.channels.headline(credits, AGREED, found=found, lang="en", **PERIOD)
    assert plain(said).endswith(
        " Left out, since the model does not know their sales channel (c0, c1, c2, c3, c4…):"
        " 972 orders, 48.4% of those of the period."
    )
    known = journeys_with(orders_without_touch=0.1)
    sure = sentences.channels.headline(credits, AGREED, found=known, lang="en", **PERIOD)
    assert "Left out" not in str(sure)


def test_of_one_channel_models_say_nothing_of_each_other():
    alone = channels.attribute(PATHS.assign(path=[("email",)] * 4, days_before=[(1.0,)] * 4),
                               model="all")  # fmt: skip
    assert sentences.channels.models(alone, lang="en") is None
    said = plain(sentences.channels.headline(alone, AGREED.head(0), lang="en", **PERIOD))
    assert said.endswith("with 100% of them.")


def test_few_orders_are_not_compared():
    few = channels.attribute(PATHS.assign(conversions=1), model="all")
    said = plain(sentences.channels.headline(few, AGREED, lang="fr", **PERIOD))
    assert said == (
        "Commandes de la période qui ont un parcours : 4. C'est trop peu pour comparer des canaux"
        " ou des modèles."
    )
    assert sentences.channels.models(few, lang="fr") is None


def test_models_are_told_apart_by_their_names():
    said = plain(sentences.channels.models(CREDITS, lang="en"))
    assert said.startswith("Models differ most on Display ads: ")
    assert "47%" in said


def test_the_dearest_channel_is_said_to_be_only_beyond_chance():
    said = plain(sentences.channels.acquisition(COSTS, lang="en", **PERIOD))
    assert said.startswith(
        "Acquiring cost $1,200: $21 for each new customer (57), which is the CAC, and $24 for each"
        " one of the channels paid for (50)."
    )
    assert "more than chance explains" in said
    close = COSTS.assign(low=1.0)
    assert "their intervals meet" in plain(
        sentences.channels.acquisition(close, lang="en", **PERIOD)
    )


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ((2025, 1, 1), (2025, 3, 15), "from January 1, 2025 to March 15, 2025 only"),
        ((2025, 6, 1), (2026, 2, 1), "from June 1, 2025 to December 31, 2025 only"),
        ((2024, 3, 1), (2025, 12, 1), None),  # books kept by the month
    ],
)
def test_spend_recorded_in_a_part_of_the_period_is_said(first, last, words):
    recorded = dt.date(*first), dt.date(*last)
    lang = Reader.of("en")
    said = sentences.channels.acquisition(COSTS, recorded=recorded, lang=lang, **PERIOD)
    assert (words in plain(said)) if words else ("only, while" not in plain(said))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (lift(50, -20, 120), "cannot tell whether it added any order"),
        (lift(50, 20, 120), "1 of 2 credits is more than the control group allows"),
        (None, "nothing here says what credit is worth"),
    ],
)
def test_a_campaign_is_held_against_its_control(found, words):
    assert words in plain(sentences.channels.lift(found, lang="en"))


def test_a_lift_that_is_sure_is_not_doubted():
    assert "cannot tell" not in plain(sentences.channels.lift(lift(50, 20, 120), lang="en"))


def test_what_more_spend_brings_in_clicks():
    said = plain(sentences.channels.responses(CURVES, lang="en"))
    assert "Saturating, counted in clicks: Paid search (the next one costs" in said
    assert "Cannot tell: Email (spend never varied by itself)." in said


def test_the_present_of_curves_is_said_to_be_the_last_weeks():
    """Thirteen weeks to Monday 22 December 2025: 29 September to Sunday 28 December."""
    days = "(September 29, 2025 to December 28, 2025), whatever the period of the page."
    figures = [
        plots.response_curve(CLICKS, CURVES, channel="paid_search", lang="en"),
        plots.budget_shares(PLAN, lang="en"),
    ]
    said = [
        sentences.channels.responses(CURVES, lang="en"),
        *(axis.get_figure().caption for axis in figures),
        *plots.curve_table(CURVES, lang="en").notes,
        *plots.budget_table(PLAN, lang="en").notes,
    ]
    assert len(said) == 5
    assert all(days in plain(one) for one in said)
    table = plots.curve_table(CURVES._replace(present=None), lang="en")
    assert table.notes == ()


def test_sales_that_tell_nothing_call_for_a_test():
    said = plain(sentences.channels.sales_response(SALES, lang="en"))
    assert "cannot tell what more spend brings in sales" in said
    strong = channels.response_curves(weeks([0.5, 0, 0.4], outcome="net_sales"))
    assert "confirm it by a test" in plain(sentences.channels.sales_response(strong, lang="en"))
    falling = channels.response_curves(weeks([-0.5, 0, 0.4], outcome="net_sales"))
    assert "something else moves both" in plain(
        sentences.channels.sales_response(falling, lang="en")
    )


def test_a_budget_is_moved_only_where_it_surely_gains():
    said = plain(sentences.channels.budget(PLAN, outcome="clicks", valued=False, lang="en"))
    assert "More for: Paid search." in said
    assert "Less for: Social networks." in said
    unsure = PLAN._replace(low=-5.0, verdict="cannot_tell")
    said = plain(sentences.channels.budget(unsure, outcome="clicks", valued=True, lang="en"))
    assert said.startswith("Cannot tell:")
    assert "More for" not in said


def test_models_that_disagree_on_the_budget():
    table = pd.DataFrame({"marketing_channel": ["email", "social"], "models": 8})
    table["direction"] = "cannot_tell"
    said = plain(sentences.channels.budget_by_model(table, lang="en"))
    assert "no channel is raised or reduced by all" in said
    table["direction"] = ["raise", "cannot_tell"]
    said = plain(sentences.channels.budget_by_model(table, lang="en"))
    assert "all agree on: Email (raise). On the other channels, they do not." in said
    assert sentences.channels.budget_by_model(table.head(0), lang="en") is None
