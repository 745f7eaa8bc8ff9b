"""Read by every Python of a test's box at its start: sets its clock ahead, as on a box that nobody keeps in time."""

import os
import time

_right = time.time
_ahead = float(os.environ.get("BOX_CLOCK_AHEAD", "0"))

if _ahead:
    time.time = lambda: _right() + _ahead
