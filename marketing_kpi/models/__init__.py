"""Models of repeat buying: histories, BG/NBD, Pareto/NBD, Gamma-Gamma, and what they predict."""
