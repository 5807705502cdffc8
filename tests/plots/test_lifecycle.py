"""Figures, tables and sentences of the lifecycle: words of the settings, partitions, blanks."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import marketing_kpi as mk
from marketing_kpi import lifecycle, plots
from marketing_kpi.plots import sentences
from marketing_kpi.stages.adviser import Limit

WORDS = lifecycle.Settings(
    words={"en": {"low": "Small spender", "defecting": "Drifting"}, "fr": {"low": "Petit panier"}}
)


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def words(axis):
    return {plain(text.get_text()) for text in axis.get_figure().findobj(Text)}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    who, days = rng.integers(0, 150, 900), rng.integers(0, 900, 900)
    orders = pd.DataFrame(
        {
            "order_id": np.arange(900).astype(str),
            "customer_id": [f"C{n:03}" if n < 140 else None for n in who],
            "ordered_at": pd.Timestamp("2025-12-31") - pd.to_timedelta(days, unit="D"),
            "amount": rng.lognormal(4, 0.6, 900).round(2),
        }
    )
    contacts = pd.DataFrame({"customer_id": [f"C{n:03}" for n in range(200)]})
    contacts["registered_at"] = pd.Timestamp("2023-06-01")
    contacts["acquisition_channel"] = np.where(np.arange(200) % 2, "email", "social")
    return mk.open_data({"orders": orders, "contacts": contacts})


@pytest.fixture(scope="module")
def contacts(data):
    return lifecycle.contacts(data, as_of="2026-01-01")


EMPTY = pd.DataFrame({"stage": [], "status": [], "contacts": [], "spend": [], "before": [],
                      "after": [], "net_sales": [], "net_sales_share": [], "period": [],
                      "average_order": []})  # fmt: skip
PERIOD = {"start": "2025-07-01", "end": "2026-01-01"}


def test_the_rules_are_those_of_the_settings():
    changed = lifecycle.Settings(customers={"defecting_days": 540}, words=WORDS.words)
    text = plain(plots.lifecycle_rules(changed, lang="en").to_text())
    assert "Drifting" in text
    assert "last purchase more than 90 days ago, up to 540 days" in text
    assert "spent up to $50 in the last 730 days" in text


def test_stages_are_shown_by_the_words_of_the_settings(contacts):
    axis = plots.stage_shares(lifecycle.by_stage(contacts), lang="en", settings=WORDS)
    assert "Drifting" in words(axis)
    table = plots.status_table(lifecycle.by_status(contacts), lang="fr", settings=WORDS)
    assert "Petit panier" in plain(table.to_text())


def test_the_stages_of_the_table_add_up_to_all_contacts(contacts):
    rows = plots.stage_table(lifecycle.by_stage(contacts), lang="en").rows
    assert sum(row[1] for row in rows) == len(contacts)


def test_leads_are_drawn_by_source(contacts):
    axis = plots.lead_sources(lifecycle.leads_by_source(contacts), lang="fr")
    assert {"Courriel", "Réseaux sociaux"} <= words(axis)


def test_shares_of_revenue_fill_every_month(data):
    revenue = lifecycle.revenue_by_stage(data, **PERIOD)
    axis = plots.stage_revenue(revenue, lang="en", share=True)
    tops = pd.DataFrame(
        [(round(bar.get_x(), 2), bar.get_y() + bar.get_height()) for bar in axis.patches]
    )
    assert np.allclose(tops.groupby(0)[1].max(), 1)


def test_the_average_order_comes_in_the_order_of_the_stages(data):
    orders = lifecycle.average_order_by_stage(data, **PERIOD)
    axis = plots.stage_orders(orders.sample(frac=1, random_state=1), lang="en")
    names = [tick.get_text() for tick in axis.get_yticklabels()]
    assert names == [lifecycle.Settings().term(id, "en") for id in orders.stage]


def test_flows_are_shares_of_their_row(data):
    moves = lifecycle.flows(data, **PERIOD)
    axis = plots.stage_flows(moves, lang="en")
    shown = axis.collections[0].get_array()
    assert np.allclose(np.asarray(shown).sum(axis=1), 1)
    assert "Active customer" in words(plots.stage_trend(moves, lang="en"))


def test_all_who_fall_silent_are_counted_even_at_once():
    moves = pd.DataFrame({"before": ["active", "first_time", "inactive", "defecting", "absent"],
                          "after": ["defecting", "inactive", "active", "inactive", "first_time"],
                          "contacts": [5, 3, 2, 7, 9]})  # fmt: skip
    said = plain(sentences.lifecycle.flows(moves, lang="en"))
    assert said == (
        "All months together, moves into “Defecting customer” or “Inactive customer”: 8; returns "
        "from them: 2."
    )


def test_contacts_that_no_data_tell_of_are_not_none(contacts):
    buyers = contacts[contacts.orders > 0]
    said = plain(sentences.lifecycle.stages(lifecycle.by_stage(buyers), lang="en"))
    assert said.startswith(f"Customers: {len(buyers)}. Of these,")
    both = plain(sentences.lifecycle.stages(lifecycle.by_stage(contacts), lang="en"))
    leads = int((contacts.orders == 0).sum())
    assert f"{leads} of them without a purchase yet; customers: {len(buyers)}." in both


def test_the_last_month_of_the_flows_is_shown_whole(data):
    moves = lifecycle.flows(data, **PERIOD)
    shown = plots.flow_table(moves, lang="en")
    last = moves[moves.period == moves.period.max()]
    assert shown.shown == len(last)
    assert {row[0] for row in shown.rows[: shown.shown]} == {moves.period.max()}


def test_first_purchases_of_data_that_begin_late_are_noted(data):
    revenue = lifecycle.revenue_by_stage(data, **PERIOD)
    late = plots.stage_revenue(revenue, lang="en", known_from=dt.date(2025, 9, 1)).get_figure()
    assert "Until September 1, 2025, old customers look like first-time ones" in plain(late.caption)
    early = plots.stage_revenue(revenue, lang="en", known_from=dt.date(2025, 7, 1)).get_figure()
    assert "old customers" not in early.caption


def test_only_the_largest_sources_of_leads_are_drawn_each():
    sources = pd.DataFrame({"acquisition_channel": [f"s{n:02}" for n in range(20)]})
    sources = sources.assign(stage="lead_new", contacts=range(20, 0, -1), share=1.0)
    axis = plots.lead_sources(sources, lang="en")
    names = [tick.get_text() for tick in axis.get_yticklabels()]
    assert names == ["Others", *(f"s{n:02}" for n in range(11, -1, -1))]
    assert axis.patches[0].get_width() == sum(range(1, 9))


def test_the_engagement_of_each_stage_is_shown_by_class(contacts):
    table = pd.DataFrame({"stage": ["active"] * 4 + ["defecting"], "e": [5, 5, 1, 2, 1]})
    shown = plots.stage_engagement(lifecycle.by_engagement(table), lang="en", settings=WORDS)
    assert [row[:3] for row in shown.rows] == [("active", 4, 0.25), ("defecting", 1, 1.0)]
    assert [row[-1] for row in shown.rows] == [0.5, 0.0]
    assert "Drifting" in plain(shown.to_text())
    assert "Nobody has e = 1" not in plain(shown.to_text())
    ties = lifecycle.by_engagement(table.replace({"e": {1: 2}}))
    said = plain(plots.stage_engagement(ties, lang="en").to_text())
    assert "the many contacts who showed none share e = 2" in said
    none = plots.stage_engagement(lifecycle.by_engagement(contacts), lang="en")
    assert plain(none).startswith("The data record neither responses nor visits")


def test_rates_that_cannot_be_computed_say_why(data):
    rates = lifecycle.conversion(data, as_of="2026-01-01")
    late = rates.assign(reason="ends", value=None, low=None, high=None)
    text = plain(plots.conversion_table(late, lang="en").to_text())
    assert text.count("the orders end too early") == 5
    shown = plain(plots.conversion_table(rates, lang="fr").to_text())
    assert "Taux de fidélisation" in shown


def test_the_history_of_the_rates_is_drawn(data):
    history = lifecycle.conversion_history(data, start="2025-10-01", end="2026-01-01")
    axis = plots.conversion_lines(history, lang="en")
    known = [id for id in lifecycle.RATES if history[id].notna().any()]
    assert len(axis.get_lines()) == len(known) > 1
    assert "neighbouring days share most customers" in axis.get_figure().caption
    assert "Loyalty rate" in axis.get_figure().caption
    without = plots.conversion_lines(history.assign(loyalty_rate=np.nan), lang="en")
    assert "Loyalty rate" not in without.get_figure().caption
    blank = history.assign(**{id: np.nan for id in history if id.endswith("_rate")})
    assert plots.conversion_lines(blank, lang="en").get_figure().message


def test_the_loyalty_of_single_days_is_drawn_over_the_last_thirty(data):
    history = lifecycle.conversion_history(data, start="2025-10-01", end="2026-01-01")
    axis = plots.conversion_lines(history, lang="en")
    (line,) = (drawn for drawn in axis.get_lines() if drawn.get_label() == "Loyalty rate")
    latest = lifecycle.last_30_days(data, as_of="2026-01-01").set_index("rate")
    assert line.get_ydata()[-1] == pytest.approx(latest.value["loyalty_rate"])
    assert np.isnan(line.get_ydata()[:29]).all()
    assert not np.isnan(line.get_ydata()[29:]).any()
    value = f"{100 * latest.value['loyalty_rate']:.1f}%"
    assert f"Loyalty rate {value} over the last 30 days" in plain(axis.get_figure().alt)


def test_the_year_is_said_where_it_changes_though_no_tick_is_a_january(data):
    history = lifecycle.conversion_history(data, start="2024-02-01", end="2026-01-01")
    ticks = [
        tick.get_text() for tick in plots.conversion_lines(history, lang="en").get_xticklabels()
    ]
    assert [tick for tick in ticks if "\n" in tick] == ["Feb\n2024", "Feb\n2025"]
    assert not any(tick.startswith("Jan") for tick in ticks)


RECENT = pd.DataFrame(
    {
        "rate": ["lead_conversion_rate", "repurchase_rate", "loyalty_rate"],
        "value": [0.3, 0.2, None],
        "previous": [0.25, 0.2, None],
        "change": [0.05, 0.0, None],
        "low": [0.01, -0.02, None],
        "high": [0.09, 0.02, None],
        "customers": [100, 100, None],
        "verdict": ["higher", "cannot_tell", None],
        "reason": [None, None, "history"],
    }
)


def test_recent_days_are_read_by_their_interval():
    text = plain(plots.recent_rates(RECENT, lang="en").to_text())
    assert "+1.0 pts to +9.0 pts" in text
    assert "the orders begin too late" in text
    said = plain(sentences.lifecycle.recent(RECENT, lang="en"))
    assert said.startswith("Higher: Lead conversion rate. Rates compared: 2.")
    assert "a move on about 10% of pages" in said  # 1 - 0.95 ** 2
    assert said.endswith("Not compared: Loyalty rate – the orders begin too late.")


def test_no_change_is_told_only_of_the_rates_that_can_be_compared():
    unsure = RECENT.assign(verdict="cannot_tell")
    assert plain(sentences.lifecycle.recent(unsure, lang="en")) == (
        "No change can be told from chance: Lead conversion rate, First-time buyers' repurchase "
        "rate. Not compared: Loyalty rate – the orders begin too late."
    )
    one = RECENT.assign(reason=[None, "few", "missing"], verdict="cannot_tell")
    said = plain(sentences.lifecycle.recent(one, lang="fr"))
    assert "Aucun taux" not in said
    assert said.count("Taux de conversion de lead") == 1
    assert "Taux de fidélisation – absent des données" in said
    none = RECENT.assign(reason="history")
    assert "No rate can be compared" in plain(sentences.lifecycle.recent(none, lang="en"))


def test_the_advice_says_what_would_move(data):
    found = lifecycle.advise(data, as_of="2026-01-01")
    assert "half have done so within" in plain(sentences.lifecycle.advice(found, lang="en"))
    assert (
        found.proposal.curve.days.max()
        <= plots.return_curve(found.proposal, lang="en").get_xlim()[1]
    )
    text = plain(plots.limit_table(found.proposal, lang="en").to_text())
    assert "Defecting customer after" in text
    assert not found.proposal.proposes
    assert plain(plots.advice_moves(found, lang="en")) == "Nothing is proposed."


@pytest.fixture(scope="module")
def tiered():
    amounts = [20.0] * 160 + [100.0] * 80 + [400.0] * 40 + [2000.0] * 20 + [5000.0] * 10
    orders = pd.DataFrame({"order_id": [str(n) for n in range(310)], "amount": amounts})
    orders = orders.assign(customer_id=orders.order_id, ordered_at=pd.Timestamp("2025-06-01"))
    return lifecycle.advise(mk.open_data({"orders": orders}), as_of="2026-01-01")


def test_accepting_a_proposal_shows_who_moves(tiered):
    assert tiered.proposal.proposes
    rows = plots.advice_moves(tiered, lang="en").rows
    assert rows == (("Status", "Platinum", "Gold", 20),)
    same = tiered._replace(stages=tiered.stages.iloc[:0], statuses=tiered.statuses.iloc[:0])
    assert "Nobody would change" in plain(plots.advice_moves(same, lang="en"))


def test_too_few_returns_give_no_advice():
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "amount": [5.0]})
    orders["ordered_at"] = pd.Timestamp("2025-12-01")
    found = lifecycle.advise(mk.open_data({"orders": orders}), as_of="2026-01-01")
    assert "Too few customers came back" in plain(sentences.lifecycle.advice(found, lang="en"))
    assert plots.return_curve(found.proposal, lang="en").get_figure().message
    assert plain(plots.advice_moves(found, lang="en")) == "Nothing is proposed."
    text = plain(plots.limit_table(found.proposal, lang="en").to_text())
    assert "within –" not in text


def test_tiers_are_said_to_aim_at_halves_not_to_reach_them(tiered):
    text = plain(plots.tier_table(tiered.proposal, lang="en").to_text())
    assert "The limits aim at half as many customers" in text


MOVES = pd.DataFrame(
    {
        "before": ["first_time"] * 4 + ["defecting"],
        "after": ["active"] * 5,
        "category": ["Hats", "Shoes", "Bags", None, "Hats"],
        "orders": [29, 300, 300, 30, 40],
        "net_sales": [30.0, 400.0, 350.0, 220.0, 90.0],
        "net_sales_share": [0.03, 0.4, 0.35, 0.22, 1.0],
        "share_of_all": [0.02, 0.3, 0.38, 0.3, 0.02],
        "index": [1.5, 1.333, 0.92, 0.73, 50.0],
        "low": [None, 1.1, 0.9, 0.5, None],
        "high": [None, 1.6, 1.1, 0.9, None],
    }
)


def test_the_largest_categories_of_each_move_are_shown_and_all_exported():
    table = plots.move_categories(MOVES.sample(frac=1, random_state=3), lang="en")
    first, second = "First-time buyer → Active customer", "Defecting customer → Active customer"
    assert [row[:2] for row in table.rows] == [
        (first, "Shoes"),
        (first, "Bags"),
        (first, "Not known"),
        (second, "Hats"),
        (first, "Hats"),  # the fourth of its move: in the exports only
    ]
    assert table.shown == 4
    assert table.payload()["total_rows"] == len(MOVES)
    text = plain(table.to_text())
    assert "1.10 to 1.60" in text
    assert "Whole interval above 1: 1 of 3 compared" in text
    assert f"Shoes ({first})" in text


def test_categories_at_moves_are_shown_where_none_stands_out():
    even = MOVES.assign(low=0.8)
    text = plain(plots.move_categories(even, lang="en").to_text())
    assert "Shoes" in text
    assert "No category stands out" in text
    few = MOVES.assign(low=None, high=None)
    text = plain(plots.move_categories(few, lang="en").to_text())
    assert "Shoes" in text
    assert "Too few buyers to say" in text


@pytest.mark.parametrize("rows", [slice(3, 4), slice(0, 0)])
def test_moves_without_a_known_category_say_so(rows):
    assert "Too few" in plain(plots.move_categories(MOVES.iloc[rows], lang="en"))


def test_purchases_of_nobody_known_are_counted_and_said():
    found = lifecycle.Unidentified(12, 300.0, 0.1, 0.2, True, False)
    said = plain(sentences.lifecycle.unidentified(found, lang="en"))
    assert "12 (10.0% of purchases, 20.0% of sales)" in said
    assert "in the revenue below" in said
    left = plain(sentences.lifecycle.unidentified(found._replace(counted=False), lang="en"))
    assert "left out of the revenue" in left
    hidden = found._replace(counted=False, filtered=True)
    assert "filter on contacts leaves them out" in plain(
        sentences.lifecycle.unidentified(hidden, lang="en")
    )


def test_the_rules_say_what_is_counted_and_what_the_page_keeps():
    text = plain(plots.lifecycle_rules(WORDS, lang="en").to_text())
    assert "fully refunded counts all the same" in text
    assert "known are in the revenue" in text
    assert "filtered" not in text
    changed = lifecycle.Settings(count_fully_refunded=False, unidentified="out")
    kept = {"region": ["QC", None], "newsletter": "true"}
    text = plain(plots.lifecycle_rules(changed, lang="en", filters=kept).to_text())
    assert "fully refunded does not count" in text
    assert "left out of the revenue" in text
    assert "It keeps: region = QC, Not known; newsletter = true." in text


NAMED = lifecycle.Settings(
    words={
        "en": {
            **{id: f"My {id}" for id in lifecycle.RATES},
            "defecting": "Drifting",
            "inactive": "Gone",
        }
    }
)


def test_rates_and_stages_are_named_by_the_settings_everywhere(data, contacts):
    rates = lifecycle.conversion(data, as_of="2026-01-01")
    assert "My repurchase_rate" in plain(
        plots.conversion_table(rates, lang="en", settings=NAMED).to_text()
    )
    assert "My repurchase_rate" in plain(
        plots.recent_rates(RECENT, lang="en", settings=NAMED).to_text()
    )
    history = lifecycle.conversion_history(data, start="2025-10-01", end="2026-01-01")
    assert "My loyalty_rate" in words(plots.conversion_lines(history, lang="en", settings=NAMED))
    said = plain(sentences.lifecycle.recent(RECENT, lang="en", settings=NAMED))
    assert "Higher: My lead_conversion_rate." in said
    said = plain(
        sentences.lifecycle.stages(lifecycle.by_stage(contacts), lang="en", settings=NAMED)
    )
    assert "“Drifting”" in said
    assert "“Gone”" in said
    proposal = lifecycle.advise(data, as_of="2026-01-01").proposal
    text = plain(plots.limit_table(proposal, lang="en", settings=NAMED).to_text())
    assert "Drifting after" in text
    assert "Gone after" in text


def test_what_is_drawn_is_also_a_table_with_every_row(data, contacts):
    pairs = lifecycle.stage_status(contacts)
    shown = plots.stage_status_table(pairs, lang="en", settings=WORDS)
    assert len(shown.rows) == len(pairs)
    assert sum(row[2] for row in shown.rows) == pairs.contacts.sum()
    assert "Drifting" in plain(shown.to_text())
    revenue = lifecycle.revenue_by_stage(data, **PERIOD)
    shown = plots.revenue_table(revenue, lang="en", settings=WORDS)
    assert shown.payload()["total_rows"] == len(revenue)
    assert sum(row[3] for row in shown.rows) == pytest.approx(revenue.net_sales.sum())
    shuffled = revenue.sample(frac=1, random_state=1)
    assert plots.revenue_table(shuffled, lang="en", settings=WORDS).rows == shown.rows
    assert shown.rows[0][0] == revenue.period.max()
    moves = lifecycle.flows(data, **PERIOD)
    shown = plots.flow_table(moves, lang="fr", settings=WORDS)
    assert shown.payload()["total_rows"] == len(moves)
    assert sum(row[3] for row in shown.rows) == moves.contacts.sum()
    assert "Client actif" in plain(shown.to_text())


@pytest.mark.parametrize(
    "show",
    [plots.stage_status_table, plots.revenue_table, plots.flow_table],
    ids=lambda show: show.__name__,
)
def test_a_table_of_nothing_says_so(show):
    assert plain(show(EMPTY, lang="en")).startswith("No ")


def test_windows_other_than_those_of_the_dictionary_are_noted_under_the_rates(data):
    rates = lifecycle.conversion(data, as_of="2026-01-01")
    assert "Other days" not in plain(plots.conversion_table(rates, lang="en").to_text())
    changed = lifecycle.Settings(rates={"lead_days": 60}, customers={"defecting_days": 540})
    text = plain(plots.conversion_table(rates, lang="en", settings=changed).to_text())
    assert (
        "Other days than those of the dictionary: Lead conversion rate 60 days; "
        "Inactive customer after 540 days." in text
    )


def test_the_advice_says_how_many_still_come_back_after_a_limit():
    late = Limit("active_days", 0.8, 90, 0.6, 150, 151, 140, 160, 0.35, None)
    lost = late._replace(id="defecting_days", share=0.975, proposed=570, still_return=0.15)
    proposal = SimpleNamespace(limits=(late, lost), median_days=60, returns=900, horizon_days=900)
    said = plain(sentences.lifecycle.advice(SimpleNamespace(proposal=proposal), lang="en"))
    assert "About 80% of returns come within 150 days" in said
    assert "About 97.5% come within 570 days; of those silent that long, about 15%" in said
    text = plain(plots.limit_table(proposal, lang="en").to_text())
    assert "35.0%" in text
    assert "15.0%" in text
    proposal.limits = (late, lost._replace(proposed=None, still_return=None, reason="close"))
    said = plain(sentences.lifecycle.advice(SimpleNamespace(proposal=proposal), lang="en"))
    assert "One limit would reach the other" in said
    assert "cannot tell" not in said


@pytest.mark.parametrize(
    ("stages", "status", "said"),
    [
        (None, None, "no order"),
        (dt.date(2026, 2, 1), dt.date(2026, 6, 1), "can be trusted from February 1, 2026"),
        (dt.date(2026, 2, 1), dt.date(2026, 6, 1), "too low until June 1, 2026"),
        (dt.date(2025, 2, 1), dt.date(2026, 6, 1), "too low until June 1, 2026"),
        (dt.date(2025, 2, 1), dt.date(2025, 6, 1), "reach back far enough"),
    ],
)
def test_how_far_the_data_reach_is_said(stages, status, said):
    found = lifecycle.KnownFrom(stages, status)
    shown = sentences.lifecycle.known_from(found, lang="en", as_of="2026-01-01")
    assert said in plain(shown)


def test_a_shop_that_opened_with_its_data_is_said_to_be_taken_so():
    found = lifecycle.KnownFrom(dt.date(2025, 11, 1), dt.date(2025, 11, 1), from_opening=True)
    said = plain(sentences.lifecycle.known_from(found, lang="en", as_of="2026-01-01"))
    assert said.startswith("No buyer registered more than 7 days before the first order")
    assert said.endswith("reach back far enough for the stages and the status of this day.")


def test_the_interval_of_a_limit_holds_the_number_proposed_and_none_has_none():
    near = Limit("active_days", 0.8, 90, 1.0, 35, 32, 32, 32, 0.0, None)
    none = Limit("defecting_days", 0.975, 365, None, None, 50, 46, 55, None, "few")
    proposal = SimpleNamespace(limits=(near, none), horizon_days=255)
    table = plots.limit_table(proposal, lang="en")
    assert [row[5] for row in table.rows] == ["30 days to 35 days", "–"]


def test_the_legend_of_the_stages_hides_no_bar_nor_label():
    rows = {"stage": [*lifecycle.CUSTOMER_STAGES], "contacts_share": 0.27, "spend_share": 0.27}
    axis = plots.stage_shares(pd.DataFrame(rows), lang="fr")
    axis.get_figure().canvas.draw()
    legend = axis.get_legend().get_window_extent()
    drawn = [*axis.patches, *axis.texts, *axis.get_xticklabels()]
    assert not any(legend.overlaps(part.get_window_extent()) for part in drawn)


@pytest.mark.parametrize(
    "draw",
    [plots.stage_shares, plots.stage_status, plots.lead_sources, plots.stage_revenue,
     plots.stage_orders, plots.stage_flows, plots.stage_trend],
    ids=lambda draw: draw.__name__,
)  # fmt: skip
def test_nothing_to_draw_is_said(draw):
    assert draw(EMPTY, lang="fr").get_figure().message
