"""The machinery of `margins`: what promotions changed, and how amounts are shared out."""
