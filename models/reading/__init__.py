"""A written text as it is read aloud: markup, pronunciations, and numbers, dates and signs as words.

Everything here is pure, light and without a model; every character keeps the span of the caller's text that it
stands for (`models.reading.traced`).
"""
