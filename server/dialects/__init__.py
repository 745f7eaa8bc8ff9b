"""The public APIs that Voxhall speaks, one module or package each."""
