"""The processes that run the models: Celery tasks, leases, the device lane, model residency and the reaper."""
