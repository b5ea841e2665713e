"""A tool is called: its scope, the operation behind it, what was done committed, and its receipt."""

import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from sqlalchemy.orm import Session

from app import metrics
from app.database.access import expect_reads
from app.logs.sparing import SparingLog
from app.mcp.messages import Message
from app.mcp.tools import Tool
from app.notes import Notes
from app.oauth.bearer_check import TokenOutdated, demand_scopes
from app.oauth.refusals import Refused as TokenRefused
from app.oauth.tokens.snapshot import TokenSnapshot
from app.operations.caller import caller_of, note_seen
from app.operations.refusals import Refused

_log = SparingLog(logging.getLogger(__name__))


def caller_with(
    token: TokenSnapshot, session: Session, notes: Notes, issuer: str
) -> Callable[[Message, Tool, Any], dict[str, Any]]:
    """Returns what calls a tool for the bearer of a token.

    That raises :class:`app.oauth.refusals.Refused` where the token lacks the tool's scope: each call is asked for its own.
    """

    def call(_message: Message, tool: Tool, arguments: Any) -> dict[str, Any]:
        try:
            demand_scopes(token, " ".join(tool.operation.scopes))
        except TokenRefused as refused:
            _note_refused(tool.name, refused.reason)
            raise
        # What only reads must not wait for whoever writes.
        with nullcontext() if tool.operation.changes else expect_reads():
            try:
                result = _show(_carry_out(tool, arguments, token, session, notes, issuer))
            except TokenOutdated:
                session.rollback()
                raise
            except Refused as refused:
                session.rollback()
                _note_refused(tool.name, refused.code)
                return {"content": [{"type": "text", "text": tool.explain(refused)}], "isError": True}
        metrics.TOOL_CALLS.inc(tool.name)
        return result

    return call


def _carry_out(
    tool: Tool, arguments: Any, token: TokenSnapshot, session: Session, notes: Notes, issuer: str
) -> dict[str, Any]:
    caller = caller_of(token, session, issuer)
    tool.operation.admit(caller)
    taken = tool.read(arguments)
    tool.demand(caller, taken)
    identifiers, sent = tool.apply(taken)
    result = tool.operation.carry_out(caller, identifiers, sent)
    shown: dict[str, Any] = result if tool.present is None else tool.present(taken, result)
    if tool.operation.changes:
        session.commit()
    if not caller.seen and not caller.written:
        # Names of mementos are no memories, and yet the person reads that somebody called.
        caller.note_read([])
    note_seen(caller, notes)
    return shown


def _show(result: dict[str, Any]) -> dict[str, Any]:
    """A result with the same once more as text, for clients that read nothing else."""
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    return {"content": [{"type": "text", "text": text}], "structuredContent": result, "isError": False}


def _note_refused(tool: str, reason: str) -> None:
    """Count a call that was not carried out, and write down which tool and why. Both are words of our own."""
    metrics.TOOL_CALLS_REFUSED.inc(tool, reason)
    _log.info("A call of the tool %s was refused: %s", tool, reason)
