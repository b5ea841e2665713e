"""What everything is compared with: the least that Flask can do for a JSON answer, and the least of any app."""

from flask import Flask, jsonify

_OK = b'{"status":"ok"}\n'

app = Flask(__name__)


@app.get("/bare")
def bare():
    return jsonify(status="ok")


def wsgi(_environ, start_response):
    """The same answer without Flask."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_OK)))])
    return [_OK]
