"""Measurements. `python -m bench NAME …` runs them; RESULTS.md keeps what they said, with hardware and date."""
