"""What exercises are made of: a module a lesson, a function an exercise.

A case draws data with the generator it is given and computes, from those data, the answer and
what the typical mistakes give. Nothing of it is typed: another seed is another exercise.
"""
