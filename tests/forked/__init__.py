"""Processes that have their imports behind them when they begin."""
