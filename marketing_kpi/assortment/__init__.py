"""The machinery of `baskets`: what is bought together, and what was missing from the shelf."""
