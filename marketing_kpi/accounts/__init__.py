"""The machinery of `marketing_kpi.finance`: from gross to net, what stays, disputes, the ledger."""
