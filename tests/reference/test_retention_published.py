"""Returns and purchases against the published facts of two public data sets."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from marketing_kpi import retention
from marketing_kpi.data.sources import open_data
from marketing_kpi.text import yaml12

EXTRACT = Path(__file__).parents[3] / "shared" / "data" / "online_retail.parquet"
MAPPING = Path(__file__).parents[1] / "data" / "online_retail.yml"


@pytest.mark.skipif(not EXTRACT.exists(), reason="the shared data are not beside the checkout")
def test_return_rate_of_online_retail():
    """Chen, Sain & Guo (2012), the UCI data set "Online Retail": 896,812.49 of 10,666,684.54."""
    rules = {**yaml12.read(MAPPING).value, "leave_out": {}}
    with open_data(EXTRACT, mapping=rules) as data:
        whole = retention.returns_by(data, start="2010-12-01", end="2011-12-10").iloc[0]
    assert round(whole.return_rate_value, 5) == 0.08408
    assert (round(whole.value_returned, 2), round(whole.net_sales, 2)) == (
        896_812.49,
        10_666_684.54,
    )
    assert whole.value_low < 0.08408 < whole.value_high


def test_purchases_of_cdnow():
    """Fader & Hardie (2013), brucehardie.com/notes/026: 23,570 customers, 69,659 transactions."""
    folder = Path(find_spec("lifetimes").origin).parent / "datasets"
    names = ["customer_id", "ordered_at", "cds", "amount"]
    rows = pd.read_csv(folder / "CDNOW_master.txt", sep=r"\s+", skiprows=1, names=names)
    orders = rows.assign(
        order_id=rows.index, ordered_at=pd.to_datetime(rows.ordered_at.astype(str))
    )
    table = retention.cohorts(orders, as_of="1998-07-01")
    born = table[table.age == 0]
    assert born.cohort.dt.strftime("%Y-%m").tolist() == ["1997-01", "1997-02", "1997-03"]
    assert born.customers.sum() == 23_570
    assert table.orders.sum() == 69_659
    assert table.revenue.sum() == pytest.approx(rows.amount.sum())
    found = retention.frequency_distribution(orders, start="1997-01-01", end="1998-07-01", top=5)
    assert found.customers.tolist() == [11_908, 4_079, 2_217, 1_441, 3_925]
