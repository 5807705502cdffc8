"""What dimensions and their values are called, in every chapter alike."""

import pandas as pd
import pytest

from marketing_kpi.plots import dimensions

SOLD = pd.DataFrame(
    {
        "channel": ["web", None, "kiosk"],
        "store_type": ["outlet", None, "outlet"],
        "orders": [3, 2, 1],
        "category": ["Hats", "Hats", "Hats"],
    }
)


@pytest.mark.parametrize(
    ("value", "column", "french", "english"),
    [
        ("store", "channel", "Magasin", "Store"),
        ("organic_search", "marketing_channel", "Recherche naturelle", "Organic search"),
        ("desktop", "device", "Ordinateur", "Desktop"),
        ("size", "reason", "Taille ou coupe", "Size or fit"),
        ("wrong_colour", "reason", "wrong_colour", "wrong_colour"),
        ("web", "brand", "web", "web"),
        (12, "size", "12", "12"),
        ("2025-08-01", "month", "août 2025", "Aug 2025"),
        (None, "store_id", "Sans magasin connu", "No known store"),
        (None, "reason", "Non précisé", "Not stated"),
        (float("nan"), "region", "Inconnu", "Unknown"),
        (pd.NA, "channel", "Inconnu", "Unknown"),
    ],
)
def test_a_value_has_one_name_a_language(value, column, french, english):
    said = [dimensions.value_name(value, column, lang=lang) for lang in ("fr", "en")]
    assert [text.replace("\xa0", " ") for text in said] == [french, english]


def test_a_dimension_of_the_clients_own_is_shown_as_it_is():
    assert dimensions.dimension_name("store_type", lang="fr") == "Type de magasin"
    assert dimensions.dimension_name("size", lang="fr") == "size"


def test_dimensions_are_the_columns_before_the_first_result():
    assert dimensions.dimensions_of(SOLD, until="orders") == ["channel", "store_type"]


def test_values_are_named_and_the_frame_left_alone():
    before = SOLD.copy(deep=True)
    named = dimensions.with_names(SOLD, ["channel"], lang="en")
    assert named["channel"].tolist() == ["Web", "Unknown", "kiosk"]
    pd.testing.assert_frame_equal(named.drop(columns="channel"), SOLD.drop(columns="channel"))
    pd.testing.assert_frame_equal(SOLD, before)


def test_a_row_is_named_by_all_its_dimensions():
    shown = dimensions.row_names(SOLD, ["channel", "store_type"], lang="en")
    assert shown == ["Web · outlet", "Unknown · No store, or not known", "kiosk · outlet"]
    assert dimensions.row_names(SOLD, [], lang="en") == ["", "", ""]


@pytest.mark.parametrize(
    ("name", "most", "shown"),
    [
        ("Hats", 4, "Hats"),
        ("Hats and gloves", 9, "Hats and…"),
        ("Hats and gloves", 10, "Hats and…"),
        ("Anticonstitutionnellement", 10, "Anticonst…"),
    ],
)
def test_a_long_name_is_cut_and_says_so(name, most, shown):
    """A single long word keeps its beginning: names that are all "…" could not be told apart."""
    assert dimensions.shortened(name, most) == shown
