"""The dictionary of KPIs and the engine that computes them."""
