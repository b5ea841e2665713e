import os

AUTHENTICATION_BACKENDS = ["memories.Memories", "django.contrib.auth.backends.ModelBackend"]
SOCIAL_AUTH_MEMORIES_KEY = {{ quoted(app.client_id) }}
SOCIAL_AUTH_MEMORIES_SECRET = os.environ["CLIENT_SECRET"]
