"""Figures, tables and sentences of fulfilment: words, numbers, what lacks, nothing cut."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import fulfilment, plots
from marketing_kpi.plots import sentences

PERIOD = {"start": "2025-01-01", "end": "2026-01-01"}
NOTHING = pd.DataFrame()


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def rates(**shares):
    row = {"parcels": 1000, "late": 70, "undelivered": 3, "backwards": 0, **shares}
    for name in ("on_time", "in_full", "on_time_in_full"):
        share = row.setdefault(name, 0.93)
        row |= {f"{name}_low": share - 0.01, f"{name}_high": share + 0.01}
    return pd.DataFrame([row])


PROMISES = rates(in_full=0.98, on_time_in_full=0.91)
MONTHS = pd.concat([rates(on_time=share, late=late) for share, late in ((0.93, 70), (0.96, 40))])
MONTHS.insert(0, "month", pd.to_datetime(["2025-01-01", "2025-02-01"]))
AGREED = fulfilment.agreement(MONTHS, target=0.95)
LINKS = dict(zip(fulfilment.ORDER_MEASURES, (0.93, 0.98, 0.99, 0.79, 0.71), strict=True))
PERFECT = pd.DataFrame([{"orders": 600, "until": pd.Timestamp("2025-11-17"), **LINKS}])
for measure in fulfilment.ORDER_MEASURES:
    PERFECT[f"{measure}_low"] = PERFECT[measure] - 0.01
    PERFECT[f"{measure}_high"] = PERFECT[measure] + 0.01
START = pd.Timestamp("2025-01-06")
PARCELS = pd.DataFrame({"ordered_at": [START] * 3})
PARCELS["shipped_at"] = START + pd.to_timedelta([1, 2, 9], "h")
PARCELS["delivered_at"] = [*(START + pd.to_timedelta([10, 4], "h")), pd.NaT]
COMPONENTS = fulfilment.cycle_time_components(PARCELS, as_of="2025-02-01")
COSTS = pd.DataFrame(
    {"orders": [100], "transport": [12.0], "packaging": [1.5], "labour": [3.5], "total": [17.0],
     "low": [16.8], "high": [17.2]}
)  # fmt: skip
ITEMS = pd.DataFrame(
    {"items": [1, 2, 5], "orders": [50, 30, 20], "cost": [11.0, 12.0, 17.0],
     "low": [10.8, 11.7, 16.5], "high": [11.2, 12.3, 17.5]}
)  # fmt: skip
WORK = pd.DataFrame(
    {"activity": fulfilment.ACTIVITIES, "workload": [2.0, 1.0, 1.0], "pace": [40.0, 20.0, 30.0],
     "wage": 24.0, "cost": [1.2, 1.2, 0.8]}
)  # fmt: skip
MOVED = fulfilment.labour_change(WORK, WORK.assign(workload=[3.0, 1.0, 1.0], cost=[1.8, 1.2, 0.8]))
PACES = pd.DataFrame(
    {"activity": fulfilment.ACTIVITIES, "units_per_hour": [38.0, 17.0, 30.0],
     "low": [37.0, 16.5, 29.0], "high": [39.0, 17.5, 31.0]}
)  # fmt: skip


def summary(rate, cost=17.36):
    values = [rate, rate - 0.02, 75.7, 109.9, cost, 38.0, 17.0, 30.0]
    return pd.DataFrame(
        [
            (name, unit, value, value * 0.999, value * 1.001)
            for (name, unit), value in zip(fulfilment.SUMMARY.items(), values, strict=True)
        ],
        columns=["measure", "unit", "value", "low", "high"],
    )


def balanced(rows=3, *, by="region", p_values=(0.001, 0.4, None), names=None):
    cells = pd.DataFrame({by: names or [f"Provence-Alpes-Côte d'Azur {n}" for n in range(rows)]})
    cells["orders"] = np.arange(rows) + 100
    for side, value in (("speed", 70.0), ("cost", 17.0), ("quality", 0.9)):
        cells[side] = value + np.arange(rows) / 100
        cells[f"{side}_low"], cells[f"{side}_high"] = cells[side] - 0.02, cells[side] + 0.02
    cells.loc[0, "cost_low"] = math.nan
    sides = zip(fulfilment.SIDES, p_values, strict=True)
    tests = {side: fulfilment.Equality(p, rows, 365) for side, p in sides}
    return fulfilment.Balance(cells, tests, True, fulfilment.PARTS)


FIGURES = {
    "promise_rates": (plots.promise_rates, [PROMISES], {}, NOTHING),
    "perfect_links": (plots.perfect_links, [PERFECT], {}, NOTHING),
    "on_time_track": (plots.on_time_track, [MONTHS], {"target": 0.95}, NOTHING),
    "cycle_components": (plots.cycle_components, [COMPONENTS], {}, COMPONENTS.iloc[:0]),
    "cost_split": (plots.cost_split, [COSTS, COSTS], {}, NOTHING),
    "cost_by_items": (plots.cost_by_items, [ITEMS], {}, NOTHING),
    "productivity_dots": (plots.productivity_dots, [PACES, PACES], {}, NOTHING),
    "service_balance": (plots.service_balance, [balanced()], {}, None),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_figure_says_what_it_shows(name, lang):
    draw, results, options, _nothing = FIGURES[name]
    figure = draw(*results, lang=lang, **options).get_figure(root=True)
    figure.draw_without_rendering()
    assert len(figure.alt) > 40
    assert any(digit in figure.alt for digit in "123456789")
    assert figure.caption
    assert "nan" not in figure.alt.lower() + figure.caption.lower()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_without_rows_says_what_lacks(name):
    draw, _results, options, nothing = FIGURES[name]
    lacks = ["shipments.delivered_at"]
    figure = draw(nothing, lang="en", lacks=lacks, **options).get_figure(root=True)
    assert "shipments.delivered_at" in figure.message


def test_the_balance_shows_the_last_weeks_and_the_largest_groups():
    weeks = pd.date_range("2025-01-06", periods=30, freq="7D")
    many = balanced(30, by="week", names=list(weeks))
    figure = plots.service_balance(many, lang="en").get_figure(root=True)
    assert "14 of 30 rows." in figure.caption
    assert "January 6, 2025" not in figure.alt
    largest = plots.service_balance(balanced(20), lang="en").get_figure(root=True)
    assert "d'Azur 19" in largest.alt
    assert "d'Azur 2 " not in largest.alt


def test_the_balance_says_what_quality_is():
    whole = plots.service_balance(balanced(), lang="en").get_figure(root=True)
    assert "Quality is on time and in full." in whole.caption
    part = plots.service_balance(balanced()._replace(is_in_full=False), lang="en")
    assert "Quality is on time alone" in part.get_figure(root=True).caption


def test_tables_show_what_they_are_given():
    agreed = plain(plots.agreement_table(AGREED, lang="en").to_text())
    assert "January 2025" in agreed
    assert "no" in agreed
    assert "yes" in agreed
    parts = plain(plots.component_table(COMPONENTS, lang="en").to_text())
    assert "Order → ship" in parts
    assert "same 2 parcels, of orders 14 days old or more," in parts
    moved = plain(plots.labour_table(MOVED, lang="fr").to_text())
    assert "Préparation (lignes)" in moved
    assert "0,60 $" in moved
    assert "compare" in str(plots.labour_table(NOTHING, lang="en"))


@pytest.mark.parametrize(
    ("lang", "of_orders", "of_parcels"),
    [
        ("en", "Order to its last parcel, median (h)", "the time of an order is that of its last"),
        ("fr", "De la commande à son dernier colis, médiane (h)", "celui de son dernier colis"),
    ],
)
def test_times_of_orders_and_of_parcels_are_told_apart(lang, of_orders, of_parcels):
    summed = plain(plots.summary_table(summary(0.93), lang=lang).to_text())
    assert of_orders in summed
    assert of_parcels in plain(plots.component_table(COMPONENTS, lang=lang).to_text())


def test_the_summary_names_what_moved():
    found = fulfilment.changes(summary(0.90), summary(0.93))
    text = plain(plots.summary_table(found, lang="en").to_text())
    assert "+3.0 pts" in text
    assert "moved" in text
    assert "within chance" in text
    alone = plain(plots.summary_table(summary(0.93), lang="en").to_text())
    assert "Change" not in alone
    none = summary(0.93).assign(value=math.nan)
    assert "nothing" in str(plots.summary_table(none, lang="en"))


def headline(found, **options):
    return plain(sentences.fulfilment.headline(found, lang="en", **PERIOD, **options))


def test_the_headline_answers_first():
    said = headline(fulfilment.changes(summary(0.93), summary(0.93)))
    assert said.startswith("From January 1, 2025 to December 31, 2025, 93.0%")
    assert "chance alone may explain every change" in said
    moved = headline(fulfilment.changes(summary(0.90), summary(0.93)))
    assert "Moved by more than chance: delivered on time" in moved
    assert "Moved" not in headline(summary(0.93))
    part = summary(0.93)
    part.loc[part.measure != "order_cycle_time", "value"] = math.nan
    assert headline(part).startswith("Half of the orders are delivered within 75.7 hours.")
    part["value"] = math.nan
    lacks = ["shipments.promised_at"]
    assert headline(part, lacks=lacks) == "The data cannot tell: they lack shipments.promised_at."


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.92, 0.94, "Bad luck does not explain it"),
        (0.96, 0.97, "within reach"),
        (0.94, 0.96, "cannot tell"),
        (math.nan, math.nan, ""),
    ],
)
def test_the_agreement_is_counted_and_its_reach_is_told(low, high, says):
    whole = PROMISES.assign(on_time_low=low, on_time_high=high)
    said = plain(sentences.fulfilment.agreement(AGREED, whole, target=0.95, lang="en"))
    assert "periods that missed it, 1 of 2, by 20 parcels in all" in said
    assert says in said
    assert ("long run" in said) == bool(says)
    assert "3 parcels were due and have not come" in said


def test_an_agreement_kept():
    kept = fulfilment.agreement(MONTHS, target=0.9)
    whole = PROMISES.assign(undelivered=0)
    said = plain(sentences.fulfilment.agreement(kept, whole, target=0.9, lang="en"))
    assert "kept in each of the 2 periods" in said
    assert "have not come" not in said


def test_without_an_agreement_nothing_is_owed():
    found = sentences.fulfilment.agreement(NOTHING, PROMISES, target=None, lang="en")
    assert str(found).startswith("No agreement on the share delivered on time is told")
    french = sentences.fulfilment.agreement(NOTHING, PROMISES, target=None, lang="fr")
    assert "sla_target" in str(french)
    figure = plots.on_time_track(MONTHS, target=None, lang="en").get_figure(root=True)
    title = figure.get_suptitle()
    assert title == "Delivered on time"
    said = title + figure.caption + figure.alt
    assert not {"agree", "agreement", "agreed", "owed"} & {*re.findall("[a-z]+", said.lower())}
    assert "93.0%" in figure.alt


def test_a_promise_that_had_not_come_due_is_not_said_not_to_exist():
    said = sentences.fulfilment.agreement(NOTHING, NOTHING, target=0.95, lang="en")
    assert plain(said) == "No promise of the period had come due in the data."
    figure = plots.promise_rates(NOTHING, lang="en").get_figure(root=True)
    assert "had come due" in figure.message


def test_the_weakest_link_is_named_and_what_logistics_can_do():
    said = plain(sentences.fulfilment.perfect(PERFECT, lang="en"))
    assert said.startswith("Of the 600 orders promised before November 17, 2025")
    assert "71.0% are perfect" in said
    assert "21.0%: not sent back" in said
    assert "begin with: on time" in said
    late = PERFECT.assign(not_returned=0.99, on_time=0.80)
    assert "products" not in plain(sentences.fulfilment.perfect(late, lang="en"))
    all_well = PERFECT.assign(**dict.fromkeys(fulfilment.ORDER_MEASURES, 1.0))
    assert "loses" not in plain(sentences.fulfilment.perfect(all_well, lang="en"))


def test_the_longest_step_and_what_is_under_way():
    said = plain(sentences.fulfilment.components(COMPONENTS, lang="en"))
    assert "ship → delivery takes 5.5 hours (79%)" in said
    assert "2 parcels of which every step is known, of orders 14 days old or more)" in said
    assert "1 parcel has not come, as far as the data tell: medians and percentiles" in said
    assert "Too few" in str(sentences.fulfilment.components(NOTHING, lang="en"))


def test_a_second_item_is_told_where_the_intervals_part():
    said = plain(sentences.fulfilment.cost(COSTS, COSTS, ITEMS, lang="en"))
    assert "An order shipped costs $17.00." in said
    assert "$1.00 more" in said
    unsure = ITEMS.assign(high=[11.9, 12.3, 17.5])
    assert "more" not in plain(sentences.fulfilment.cost(COSTS, None, unsure, lang="en"))
    lacking = ["labour.cost"]
    part = sentences.fulfilment.cost(COSTS, None, NOTHING, lang="en", lacks=lacking)
    assert "Of what is told" in plain(part)
    assert plain(part).endswith("To say more, the data lack labour.cost.")


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ((4.0, 1.0, 15.0), "Labour is 75.0% of it."),
        ((4.0, 16.0, np.nan), "Packaging is 80.0% of it."),
        ((12.0, 4.0, 4.0), "Transport is 60.0% of it."),
        ((np.nan, 20.0, np.nan), "An order shipped costs $20.00."),
    ],
)
def test_the_largest_part_of_a_cost_is_named(costs, said):
    parts = dict(zip(fulfilment.PARTS, costs, strict=True))
    row = COSTS.assign(**parts, total=np.nansum(costs))
    assert plain(sentences.fulfilment.cost(row, None, NOTHING, lang="en")).endswith(said)


def test_the_largest_effect_on_the_work_is_named():
    said = plain(sentences.fulfilment.work(MOVED, lang="en"))
    assert "from $3.20 to $3.80" in said
    assert "the workload of picking (lines), +$0.60" in said
    same = fulfilment.labour_change(WORK, WORK)
    assert "as before" in plain(sentences.fulfilment.work(same, lang="en"))
    for found in (MOVED.copy(), same):
        assert "Only" not in plain(sentences.fulfilment.work(found, lang="en"))
        found.attrs["told"] = 0.95
        assert "Only 95.0% of what the work cost" in plain(
            sentences.fulfilment.work(found, lang="en")
        )


def test_the_days_of_which_the_work_is_told_are_named():
    said = "Of the comparison period, these are the work and the parcels of January 1, 2024 to"
    for after in (MOVED, WORK):
        found = fulfilment.labour_change(WORK, WORK) if after is WORK else MOVED.copy()
        assert "alone" not in plain(sentences.fulfilment.work(found, lang="en"))
        known = (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-07-01"))
        found.attrs["known"] = (known, None)
        text = plain(sentences.fulfilment.work(found, lang="en"))
        assert f"{said} June 30, 2024 alone" in text
        found.attrs["known"] = (None, known)
        text = plain(sentences.fulfilment.work(found, lang="en"))
        assert "Of the period, these are the work and the parcels of January 1, 2024" in text


def test_the_balance_ranks_only_what_is_more_than_chance():
    said = plain(sentences.fulfilment.balance(balanced(), lang="en"))
    assert "Speed differs by more than chance: from 70.0 hours" in said
    assert "Of cost, the differences seen may be chance" in said
    assert "Of quality, the data are too few to tell." in said
    alike = plain(sentences.fulfilment.balance(balanced(p_values=(0.5, 0.5, 0.5)), lang="fr"))
    assert "Sur la vitesse, le coût, la qualité" in alike
    assert "causes" not in alike
