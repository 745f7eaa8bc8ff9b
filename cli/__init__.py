"""The `voxhall` command: starts and supervises processes, and talks HTTP to a server."""
