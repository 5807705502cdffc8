"""Figures, tables and sentences of stock: words, numbers, what lacks, nothing beyond the data."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from marketing_kpi import inventory, plots
from marketing_kpi.assortment.stockouts import LostSales
from marketing_kpi.plots import sentences
from marketing_kpi.stock.cover import Uncosted
from marketing_kpi.stock.replenishment import service_by_pace

LANGUAGES = pytest.mark.parametrize("lang", ["fr", "en"])


def plain(text):
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def parts():
    table = pd.DataFrame({"part": ["sellable", "damaged", "other"], "units": [80.0, 15.0, 5.0]})
    table["share"] = table["units"] / 100
    table.attrs["day"] = dt.date(2025, 12, 31)
    return table


MONTHS = pd.DataFrame(
    {
        "period": pd.date_range("2025-01-01", periods=3, freq="MS"),
        "stock_on_hand": [120.0, 90.0, 150.0],
        "stock_sellable": [110.0, 85.0, 140.0],
    }
)
PLACES = pd.DataFrame(
    {"location_id": ["S1", "W1"], "stock_on_hand": [10.0, 20.0], "stockout_rate": [0.1, 0.02]}
)
COVERS = pd.DataFrame(
    {
        "product_id": ["p1", "p2", "p3", "p4"],
        "days_of_inventory": [90.0, 62.0, 30.0, np.nan],
        "inventory_turnover": [4.06, 5.9, 12.2, 0.0],
        "gmroi": [2.0, 3.0, 9.0, 0.0],
        "average_stock": [900.0, 620.0, 300.0, 50.0],
        "daily_cost": [10.0, 10.0, 10.0, 0.0],
        "coverage_gap_days": [30.0, 2.0, -30.0, np.nan],
        "target_days": [60.0, 60.0, 60.0, np.nan],
        "gap_value": [300.0, 20.0, -300.0, 50.0],
        "name": ["Tente de randonnée pour quatre personnes", "Tasse", "Lampe", "Vieux tapis"],
    }
)
CLASSES = pd.DataFrame(
    {
        "product_id": ["p1", "p2"], "name": ["Tente", "Tasse"], "net_sales": [900.0, 100.0],
        "share": [0.9, 0.1], "cumulative": [0.9, 1.0], "abc": ["A", "B"], "weeks": [52, 52],
        "weekly_units": [9.0, 1.0], "variation": [0.4, 1.1], "chance": [1 / 3, 1.0],
        "xyz": ["X", "Z"],
    }
)  # fmt: skip


def points(levels=(0.97, 0.80, 0.94), verdicts=("kept", "not_kept", "cannot_tell")):
    table = pd.DataFrame({"product_id": ["p1", "p2", "p3"], "location_id": "S1"})
    table["days"], table["units"] = 365, [400, 100, 20]
    table["mean_demand"], table["sd_demand"] = [1.1, 0.3, 0.05], [1.0, 0.9, 0.2]
    table["mean_lead_time"], table["sd_lead_time"] = 14.0, 4.0
    table["safety_stock"], table["reorder_point"] = [8.0, 6.0, 1.0], [24, 11, 2]
    table["service_level"] = levels
    table["low"], table["high"] = [x - 0.02 for x in levels], [x + 0.02 for x in levels]
    table["needed"], table["verdict"] = [22, 16, 3], list(verdicts)
    leads = pd.DataFrame({"days": [14], "orders": [9]})
    day = dt.date(2025, 1, 1)
    return inventory.ReorderPoints(table, leads, 0.95, 4, day, dt.date(2026, 1, 1))


def lost(rate=0.05, low=0.04, high=0.06, units=50.0):
    empty = pd.DataFrame()
    day = dt.date(2025, 1, 1)
    found = LostSales(
        units, 40.0, 60.0, 500.0, 400.0, 600.0, 300, 20, 0, empty, empty, 950.0, 0.0, 0.05, 1.0,
        day, dt.date(2026, 1, 1), (day, dt.date(2025, 12, 31)),
    )  # fmt: skip
    return inventory.LostDemand(rate, low, high, found)


# --- Figures --------------------------------------------------------------------------------------


@LANGUAGES
def test_figures_say_their_numbers_and_cut_no_name(lang):
    axes = [
        plots.stock_by_month(MONTHS, lang=lang),
        plots.cover_gaps(COVERS, lang=lang),
        plots.class_grid(CLASSES, lang=lang),
        plots.service_bought(service_by_pace(points()), lang=lang),
    ]
    for number, axis in zip(("150", "300", "90", "90"), axes, strict=True):
        figure = axis.get_figure()
        assert number in plain(figure.alt)
        figure.canvas.draw()


def test_a_gap_is_drawn_on_its_own_side():
    axis = plots.cover_gaps(COVERS, lang="en")
    assert [bar.get_width() for bar in axis.patches] == [300, 20, 50, -300]
    hatched = [bool(bar.get_hatch()) for bar in axis.patches]
    assert hatched == [False, False, False, True]


def test_the_caption_counts_the_gaps_drawn_on_each_side():
    worth = [*range(900, 0, -100), -10, -20]
    rows = len(worth)
    covers = pd.DataFrame({"product_id": [f"p{n}" for n in range(rows)], "gap_value": worth})
    figure = plots.cover_gaps(covers, lang="en").get_figure(root=True)
    assert "The largest gaps of 11: 6 above the target, 2 below it." in plain(figure.caption)
    whole = plots.cover_gaps(COVERS, lang="en").get_figure(root=True)
    assert "largest" not in whole.caption


@LANGUAGES
def test_figures_of_nothing_say_so(lang):
    for axis in (
        plots.stock_by_month(None, lang=lang),
        plots.stock_by_month(MONTHS.head(1), lang=lang),
        plots.cover_gaps(None, lang=lang),
        plots.class_grid(None, lang=lang, lacks=["order_lines.quantity"]),
        plots.service_bought(None, lang=lang, lacks=["stock.day"]),
    ):
        assert not axis.lines
        assert not axis.patches


# --- Tables ---------------------------------------------------------------------------------------


@LANGUAGES
def test_tables_show_every_row_and_name_their_kpis(lang):
    stock = plots.stock_table(PLACES, lang=lang)
    assert [row[0] for row in stock.rows] == ["S1", "W1"]
    cover = plots.cover_table(COVERS, lang=lang)
    assert "Tente de randonnée pour quatre personnes" in cover.to_text()
    assert {column.kpi for column in cover.columns} >= {"days_of_inventory", "gmroi"}
    assert plots.reorder_table(points(), lang=lang).rows
    assert len(plots.class_table(CLASSES, lang=lang).rows) == 2
    assert len(plots.stock_parts(parts(), lang=lang).rows) == 3
    assert len(plots.service_table(service_by_pace(points()), lang=lang).rows) == 4


@LANGUAGES
def test_each_table_of_a_page_has_a_caption_of_its_own(lang):
    groups = COVERS.rename(columns={"product_id": "category"}).drop(columns="name")
    kinds = groups.drop(columns="gap_value").rename(columns={"category": "location_type"})
    shown = [
        plots.cover_table(COVERS, lang=lang),
        plots.cover_table(groups, lang=lang),
        plots.stock_table(PLACES, lang=lang),
        plots.stock_table(kinds, lang=lang),
    ]
    captions = [one.caption for one in shown]
    assert len({*captions}) == len(captions)
    brings = {"fr": "rapporte", "en": "brings"}[lang]
    assert [brings in caption for caption in captions[2:]] == [False, True]


@LANGUAGES
def test_more_sold_than_was_there_is_remarked_on(lang):
    groups = pd.DataFrame({"category": ["a", "b"], "sell_through_rate": [0.8, 1.2]})
    word = {"fr": "100 %", "en": "100%"}[lang]
    assert word in plain(plots.stock_table(groups, lang=lang).to_text())
    whole = groups.assign(sell_through_rate=[0.8, 1.0])
    assert not plots.stock_table(whole, lang=lang).notes


def test_tables_of_nothing_are_sentences():
    for shown in (
        plots.stock_table(None, lang="en"),
        plots.stock_parts(None, lang="en"),
        plots.cover_table(None, lang="en"),
        plots.class_table(None, lang="en"),
        plots.reorder_table(None, lang="en", lacks=["stock.day"]),
        plots.service_table(None, lang="en"),
    ):
        assert str(shown)
    assert "split" in str(plots.stock_table(None, lang="en"))


# --- Sentences ------------------------------------------------------------------------------------


def test_the_position_leads_with_what_can_be_sold():
    said = plain(sentences.inventory.position(parts(), lang="en"))
    assert said.startswith("At the close of December 31, 2025, 100 units are in stock; 80 (80.0%)")
    assert "15 are damaged" in said
    one = parts().replace({"units": {15.0: 1.0}})
    one.attrs = parts().attrs
    assert "1 is damaged: repair or clear it" in plain(sentences.inventory.position(one, lang="en"))
    assert "1 est abîmée" in plain(sentences.inventory.position(one, lang="fr"))
    nothing = parts().assign(units=0.0)
    nothing.attrs["day"] = dt.date(2025, 12, 31)
    assert plain(sentences.inventory.position(nothing, lang="en")) == "Nothing is in stock."


def test_stock_outs_keep_silent_on_a_loss_that_nobody_knows():
    now = pd.DataFrame({"stockout_rate": [0.03]})
    said = plain(sentences.inventory.stock_outs(now, lost(), lang="en"))
    assert "3.0% end with nothing" in said
    assert "5.0% of the demand (95% interval: 4.0% to 6.0%), 50 units" in said
    unknown = lost(None, None, None, None)
    assert "do not tell" in plain(sentences.inventory.stock_outs(now, unknown, lang="en"))
    assert "lose" not in plain(sentences.inventory.stock_outs(None, None, lang="en"))


def test_no_share_is_lost_without_a_day_out_or_a_comparable_sale():
    now = pd.DataFrame({"stockout_rate": [0.0]})
    none = lost(0.0, None, None, 0.0)
    said = plain(sentences.inventory.stock_outs(now, none, lang="en"))
    assert said.endswith("No loss shows: on comparable days, these products sold nothing there.")
    never = none._replace(lost=none.lost._replace(days_out=0))
    said = plain(sentences.inventory.stock_outs(now, never, lang="en"))
    assert said.startswith("Of the days of a product in a place, 0.0% end with nothing to sell.")
    assert "los" not in said


@LANGUAGES
def test_a_loss_that_is_known_in_part_says_so(lang):
    whole = lost().lost._replace(days_recorded=365)
    now = pd.DataFrame({"stockout_rate": [0.03]})
    cells = pd.DataFrame({"location_id": ["S", "S", "W"], "lost_units": [50.0, None, None]})
    part = whole._replace(days_unknown=7, cells=cells)
    words = {
        "fr": ("7 des 20 jours de rupture, dont tous ceux de W", "261 sur 365", "950 unités"),
        "en": ("7 of the 20 days out of stock, with all those of W", "261 of 365", "950 units"),
    }[lang]
    cases = (
        (whole, [False, False, False]),
        (part, [True, False, True]),
        (whole._replace(days_recorded=261), [False, True, True]),
    )
    for found, told in cases:
        shown = inventory.LostDemand(0.05, 0.04, 0.06, found)
        said = plain(sentences.inventory.stock_outs(now, shown, lang=lang))
        assert [word in said for word in words] == told
    nowhere = part._replace(cells=cells[:2])
    said = plain(
        sentences.inventory.stock_outs(
            now, inventory.LostDemand(0.05, 0.04, 0.06, nowhere), lang=lang
        )
    )
    assert words[0].split(",")[0] in said
    assert words[0] not in said


@LANGUAGES
def test_days_without_a_stock_record_are_told_beside_the_service(lang):
    found = points()
    paces = service_by_pace(found)
    word = {"fr": "enregistré : 261 sur 365", "en": "record: 261 of 365"}[lang]
    for days, is_said in ((261, True), (365, False), (None, False)):
        said = plain(
            sentences.inventory.service(found._replace(days_recorded=days), paces, lang=lang)
        )
        assert (word in said) == is_said
    apart = {
        "fr": "S : les relevés de stock sont trop espacés",
        "en": "S: stock records lie too far",
    }
    none = found._replace(points=found.points[:0], sparse=("S",), days_recorded=104)
    for said in (
        sentences.inventory.service(none, None, lang=lang),
        plots.reorder_table(none, lang=lang),
    ):
        assert apart[lang] in plain(said)


def test_what_lacks_for_the_loss_follows_a_rate_that_is_known():
    now = pd.DataFrame({"stockout_rate": [0.03]})
    said = plain(sentences.inventory.stock_outs(now, None, lang="en", lacks=["stock.location_id"]))
    assert said.endswith("nothing to sell. To say more, the data lack stock.location_id.")


def test_only_what_is_far_from_its_target_is_called_so():
    now = pd.DataFrame({"days_of_inventory": [62.0]})
    before = pd.DataFrame({"days_of_inventory": [70.0]})
    said = plain(sentences.inventory.cover(now, before, COVERS, lang="en"))
    assert "62.0 days of sales, against 70.0 days" in said
    assert "2 products lie more than 10% above their target, by $350 in all" in said
    assert "1 product lies more than 10% below its target, by $300" in said
    low = plain(sentences.inventory.cover(now, before, COVERS[2:3], lang="en"))
    assert "above" not in low
    assert "1 product lies more than 10% below its target, by $300: order it first" in low
    alone = plain(sentences.inventory.cover(now, None, None, lang="en"))
    assert alone == "The average stock makes 62.0 days of sales."
    unknown = pd.DataFrame({"days_of_inventory": [None]})
    assert "Nothing tells" in plain(sentences.inventory.cover(unknown, None, None, lang="en"))


@LANGUAGES
def test_places_without_a_known_sale_are_named(lang):
    said_of = {"fr": "Aucun point n'est fixé pour", "en": "No point is set for"}[lang]
    found = points()
    one = found._replace(unsold=("M1",))
    said = plain(sentences.inventory.service(one, service_by_pace(found), lang=lang))
    assert f"{said_of} M1" in said
    none = found._replace(points=found.points[:0], unsold=("W1", "W2"))
    said = plain(sentences.inventory.service(none, None, lang=lang))
    assert f"{said_of} W1, W2" in said
    assert {"fr": "jours enregistrés", "en": "days on record"}[lang] not in said
    assert said_of not in plain(
        sentences.inventory.service(found, service_by_pace(found), lang=lang)
    )


@LANGUAGES
def test_the_reason_for_no_reorder_point_is_the_true_one(lang):
    none = points()._replace(points=points().points[:0])
    reasons = {
        "weekly": (none._replace(days_recorded=52), {"fr": "52 jours", "en": "52 days"}),
        "one": (none._replace(days_recorded=1), {"fr": "1 jour de", "en": "1 day of"}),
        "daily": (none._replace(days_recorded=365), {"fr": "se vend n'a", "en": "that sells"}),
        "no order": (
            none._replace(days_recorded=52, lead_times=none.lead_times[:0]),
            {"fr": "au fournisseur", "en": "to a supplier"},
        ),
    }
    for name, (found, _) in reasons.items():
        service = sentences.inventory.service(found, service_by_pace(found), lang=lang)
        for said in (service, plots.reorder_table(found, lang=lang)):
            told = [one for one, (_, words) in reasons.items() if words[lang] in plain(said)]
            assert told == [name]
    assert "60" in plain(plots.reorder_table(reasons["weekly"][0], lang=lang))


@LANGUAGES
def test_a_sell_through_that_is_not_known_has_its_reason(lang):
    groups = pd.DataFrame({"category": ["a", "b"], "sell_through_rate": [np.nan, np.nan]})
    word = {"fr": "demande ce qui a été reçu", "en": "takes what was received"}[lang]
    assert word in plain(plots.stock_table(groups, lang=lang).to_text())
    told = groups.assign(sell_through_rate=[0.8, np.nan])
    assert word not in plain(plots.stock_table(told, lang=lang).to_text())


@LANGUAGES
def test_stock_without_a_known_cost_is_told_where_figures_at_cost_are_shown(lang):
    now = pd.DataFrame({"days_of_inventory": [62.0]})
    covers = COVERS.copy()
    words = {"fr": "Le coût unitaire de 3 des 40 produits", "en": "The unit cost of 3 of the 40"}
    for share, is_said in ((0.125, True), (0.0, False), (np.nan, False)):
        covers.attrs["uncosted"] = Uncosted(3, 40, share)
        said = plain(sentences.inventory.cover(now, None, covers, lang=lang))
        notes = plain(" ".join(plots.cover_table(covers, lang=lang).notes))
        nothing = plain(plots.cover_table(covers[:0], lang=lang))
        assert [words[lang] in text for text in (said, notes, nothing)] == [is_said] * 3
        assert ("12,5 %" in said or "12.5%" in said) == is_said


def test_returns_name_the_fastest_and_the_best():
    said = plain(sentences.inventory.returns(COVERS.drop(columns="name"), lang="en"))
    assert "fastest: p3, 12.2 times a year; slowest: p4, 0.0 times" in said
    assert "p3, $9.00 of gross profit" in said
    assert "No turnover" in plain(sentences.inventory.returns(None, lang="en"))


@LANGUAGES
def test_returns_tell_the_sell_through_or_why_it_is_not_known(lang):
    covers = COVERS.drop(columns="name")
    told = {
        "fr": ("87,5 % s'est vendu", "n'est pas connu", "plus de 100 %"),
        "en": ("87.5% was sold", "is not known", "over 100%"),
    }[lang]
    for rate, words in ((0.875, told[:1]), (None, told[1:2]), (1.2, told[2:])):
        whole = pd.DataFrame({"sell_through_rate": [rate]})
        said = plain(sentences.inventory.returns(covers, whole, lang=lang))
        assert [word in said for word in told] == [word in words for word in told]
    said = plain(sentences.inventory.returns(covers, lang=lang))
    assert not any(word in said for word in told)


def test_classes_warn_of_chance():
    said = plain(sentences.inventory.classes(CLASSES, lang="en"))
    assert said.startswith("Class A is 1 of the 2 products sold, and 90.0% of the sales.")
    one = plain(sentences.inventory.classes(CLASSES[:1], lang="fr"))
    assert one.startswith("La classe A est le seul produit vendu")
    assert "for 1 of 2" in said


@pytest.mark.parametrize(
    ("levels", "word"),
    [((0.999,) * 3, "is kept"), ((0.8,) * 3, "is not kept"), ((0.96,) * 3, "cannot tell")],
)
def test_service_promises_no_more_than_the_interval_holds(levels, word):
    found = points(levels)
    said = plain(sentences.inventory.service(found, service_by_pace(found), lang="en"))
    assert word in said.split(". ")[1] + "."
    assert "For 1 of the 3 products in places it surely is not" in said


@LANGUAGES
def test_sentences_name_what_lacks(lang):
    lacks = ["stock.day"]
    for said in (
        sentences.inventory.position(None, lang=lang, lacks=lacks),
        sentences.inventory.stock_outs(None, None, lang=lang, lacks=lacks),
        sentences.inventory.cover(None, None, None, lang=lang, lacks=lacks),
        sentences.inventory.returns(None, lang=lang, lacks=lacks),
        sentences.inventory.classes(None, lang=lang, lacks=lacks),
        sentences.inventory.service(None, None, lang=lang, lacks=lacks),
    ):
        assert "stock.day" in str(said)
