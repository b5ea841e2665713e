"""The port for supervisors and scrapers: health and metrics, answered outside the threads that answer requests."""
