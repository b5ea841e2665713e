"""The application as a server loads it, with its fast door shut: Flask answers everything. For comparisons alone."""

from app import fast

fast._find_place = lambda environ: None
fast.FAST = frozenset()

from wsgi import app  # noqa: E402

__all__ = ["app"]
