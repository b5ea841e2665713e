"""What everything is compared with: the least that Flask can do for a JSON answer."""

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/bare")
def bare():
    return jsonify(status="ok")
