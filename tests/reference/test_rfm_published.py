"""RFM against published figures and facts of public data."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from marketing_kpi import rfm

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
ONLINE_RETAIL = SHARED / "online_retail.parquet"


@pytest.fixture(scope="module")
def cdnow():
    """The CDNOW master file, as the package lifetimes carries it: a row a transaction."""
    folder = Path(find_spec("lifetimes").origin).parent / "datasets"
    names = ["customer_id", "ordered_at", "cds", "amount"]
    rows = pd.read_csv(
        folder / "CDNOW_master.txt", sep=r"\s+", skiprows=1, names=names, dtype={"customer_id": str}
    )
    return rows.assign(
        order_id=rows.index.astype(str),
        ordered_at=pd.to_datetime(rows.ordered_at.astype(str), format="%Y%m%d"),
    )


@pytest.fixture(scope="module")
def online_retail():
    """Sales of identified customers: no cancellation, quantity and price above 0."""
    if not ONLINE_RETAIL.exists():
        pytest.skip("the shared data are not beside the checkout")
    lines = pd.read_parquet(ONLINE_RETAIL)
    sold = ~lines.InvoiceNo.str.startswith("C") & (lines.Quantity > 0) & (lines.UnitPrice > 0)
    lines = lines[sold & lines.CustomerID.notna()]
    return pd.DataFrame(
        {
            "order_id": lines.InvoiceNo,
            "customer_id": lines.CustomerID,
            "ordered_at": lines.InvoiceDate,
            "amount": lines.Quantity * lines.UnitPrice,
        }
    )


def test_cdnow_as_published(cdnow):
    """Fader & Hardie (2013), Notes on the CDNOW master data set, brucehardie.com/notes/026.

    The cohort of 23,570 customers who first bought in the first quarter of 1997, up to the end
    of June 1998, in 69,659 transactions.
    """
    summary = rfm.summary(cdnow, as_of="1998-07-01")
    assert len(summary) == 23_570
    assert summary.frequency.sum() == 69_659
    assert summary.first_order.max() < pd.Timestamp("1997-04-01")
    assert summary.recency_days.min() == 1


def test_cdnow_calibration_ends_with_september_1997(cdnow):
    """Fader & Hardie (2001), Interfaces 31(3): 39 weeks of calibration, 39 of validation."""
    summary = rfm.summary(cdnow, as_of="1997-10-01")
    assert len(summary) == 23_570
    assert summary.last_order.max() == pd.Timestamp("1997-09-30")


def test_cdnow_customers_of_one_order_get_one_score(cdnow):
    """11,908 customers with one order: no id and no row order can tell them apart."""
    scores = rfm.score(rfm.summary(cdnow, as_of="1998-07-01"))
    once = scores[scores.frequency == 1]
    assert len(once) == 11_908
    # Their average rank is 5,954.5: 5 x 11,908 // 47,140 + 1.
    assert once.f.unique().tolist() == [2]


def test_online_retail_facts(online_retail):
    """Chen, Sain & Guo (2012), Journal of Database Marketing 19(3); facts of the data's README."""
    summary = rfm.summary(online_retail, as_of="2011-12-10")
    assert len(summary) == 4_338
    assert summary.frequency.sum() == 18_532
    assert (summary.frequency == 1).sum() == 1_493
    assert summary.recency_days.median() == 51
    assert summary.frequency.median() == 2
    assert summary.monetary.median() == pytest.approx(674.485)
    assert summary.monetary.sum() == pytest.approx(8_911_407.904)
    top = rfm.top_share(summary)
    assert top.top_customers == 868
    assert round(top.value, 4) == 0.7462
    assert top.low < 0.7462 < top.high
