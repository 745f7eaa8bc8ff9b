"""The words of each language, by the name of its module."""
