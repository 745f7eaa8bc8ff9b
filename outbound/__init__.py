"""What leaves this box: announcements to callers, and fetching of sources where that is allowed. Nothing else does."""
