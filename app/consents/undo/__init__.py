"""Undoing what an app wrote: what was there before is kept beside each write, and put back when the person says so."""
