"""Controlled trials: members and arms, sums, intervals and verdicts, for `experiments`."""
