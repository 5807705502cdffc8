"""Stages of the customer lifecycle: their settings, the rates of moving between them."""
