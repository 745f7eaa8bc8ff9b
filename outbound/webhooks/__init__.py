"""Announcements to the addresses that callers named: a form for each API, its signature, and one attempt to send it."""
