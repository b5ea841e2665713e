"""gunicorn's worker, where it differs."""

from app.worker.refusals import LONGEST_PAGE_LINE, LONGEST_REQUEST_LINE
from app.worker.threads import Worker

__all__ = ["LONGEST_PAGE_LINE", "LONGEST_REQUEST_LINE", "Worker"]
