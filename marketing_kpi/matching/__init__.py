"""The machinery of `marketing_kpi.governance`: one person across systems, and wrong matches."""
