"""A shop whose names are markup, formulas and worse, through the lessons themselves."""

import csv
import itertools

import pandas as pd
import pytest

from marketing_kpi.report import run

from .hostile import NAMES

WRITTEN = [name for name in NAMES if "\x00" not in name]  # no CSV holds it

CONFIG = """\
client: "Nord <b>&</b> Sud {{ 7 * 7 }}"
id: hostile
lang: [fr, en]
currency: CAD
as_of: "2026-01-01"
data: shop
notebooks: ["00", "02", "09"]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The pages, in both languages, of a shop each of whose names is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "shop").mkdir()
    (folder / "client.yml").write_text(CONFIG, encoding="utf-8")
    _write(folder / "shop")
    assert run([folder / "client.yml"], out=folder / "build") == 0
    return folder / "build" / "hostile"


def _write(folder):
    names = itertools.cycle(WRITTEN)
    days = pd.date_range("2024-01-01", "2025-12-30", periods=400)
    orders = pd.DataFrame({"order_id": [f"{n} {next(names)}"[:300] for n in range(len(days))]})
    orders["customer_id"] = [f"{n % 90} {WRITTEN[n % 90 % len(WRITTEN)]}" for n in orders.index]
    orders["ordered_at"], orders["channel"] = days, [next(names) for _ in days]
    orders["store_id"] = [next(names) for _ in days]
    lines = orders[["order_id"]].assign(line_id="1", quantity=2, unit_price=12.5, list_price=15.0)
    lines["unit_cost"], lines["product_id"] = 6.0, [next(names) for _ in days]
    products = pd.DataFrame({"product_id": WRITTEN, "name": WRITTEN, "brand": WRITTEN})
    products["category"] = WRITTEN[1:] + WRITTEN[:1]
    contacts = orders[["customer_id"]].drop_duplicates().assign(registered_at="2023-12-01")
    contacts["acquisition_channel"] = [next(names) for _ in contacts.index]
    contacts["region"] = [next(names) for _ in contacts.index]
    returns = lines.iloc[::9][["order_id", "line_id", "product_id"]]
    returns = returns.assign(return_id=returns.order_id, returned_at="2025-12-30", quantity=1)
    returns["refund_amount"], returns["reason"] = 12.5, [next(names) for _ in returns.index]
    tables = {"orders": orders, "order_lines": lines, "products": products}
    for name, table in {**tables, "contacts": contacts, "returns": returns}.items():
        table.to_csv(folder / f"{name}.csv", index=False, quoting=csv.QUOTE_ALL)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_of_a_shop_is_markup(browser, shop, lang):
    said = []
    with browser.new_context(reduced_motion="reduce") as context:
        for path in sorted((shop / lang).glob("*.html")):
            page = context.new_page()
            asked = []
            page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(path.as_uri())
            assert [url for url in asked if not url.startswith(("data:", path.as_uri()))] == []
            assert page.locator("main script, main b, main a[href^='javascript']").count() == 0
            assert page.locator("[onerror], [onload]").count() == 0
            assert page.locator(".mk-client").first.inner_text() == "Nord <b>&</b> Sud {{ 7 * 7 }}"
            page.close()
    assert said == []


def test_names_are_shown_as_they_are_written(browser, shop):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((shop / "en" / "09_retention_and_returns.html").as_uri())
        shown = page.locator("main").inner_text()
    for name in ("<img src=x onerror=alert(1)>", "{{ 7 * 7 }}{% raw %}${x}", "../../etc/passwd"):
        assert name in shown


def test_no_cell_of_a_table_is_a_formula_and_no_file_leaves_its_folder(shop):
    written = [path for path in shop.parent.rglob("*") if path.is_file()]
    assert all(path.name.isascii() and ".." not in path.name for path in written)
    tables = [path for path in written if path.suffix == ".csv"]
    assert len(tables) > 10
    for path in tables:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = itertools.chain.from_iterable(csv.reader(file))
            assert not [cell for cell in cells if cell.startswith(("=", "@", "\t", "+1+"))], (
                path.name
            )
