"""Measurements. `python -m bench NAME …` runs them; RESULTS.md keeps what they said, with hardware and date."""

import os

# As the workers do: OpenMP's waiting threads would spin, and disturb whatever is measured beside them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
