"""The lessons: built in French and English from one source each, and checked."""
