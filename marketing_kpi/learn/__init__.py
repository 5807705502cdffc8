"""Revising: flashcards and the sheet of formulas, made of the dictionary."""
