"""Revising: exercises, quizzes, their bank, flashcards and the sheet of formulas."""
