"""The machinery of `revenue`: two periods side by side, bridges between them, what is chance."""
