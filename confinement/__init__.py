"""Processes that read what strangers send, and can harm nothing by it."""
