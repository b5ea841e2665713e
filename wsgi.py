"""What gunicorn and the ``flask`` command load."""

import gc
import sys

# What is loaded here stays. Looking through it again and again while it grows takes a fifth of a start.
gc.disable()

from app import create_app  # noqa: E402
from app.config import ConfigurationError  # noqa: E402

try:
    app = create_app()
except ConfigurationError as error:
    sys.exit(f"Reliquary cannot start: {error}")

gc.freeze()
gc.enable()
