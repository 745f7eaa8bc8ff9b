"""What server and workers agree on: specs, ledger, file store, queue, events, keys and settings."""
