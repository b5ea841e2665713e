"""gunicorn's settings for the bare app: the product's own, all but what they do to the database."""

from app.serving import *  # noqa: F403

del on_starting, post_fork, post_worker_init, worker_exit  # noqa: F821
