"""The HTTP front: dialects in, jobs out. No engine is ever imported here."""
