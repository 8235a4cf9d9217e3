"""Quotas: the most that a flow may hold at one time, at its worst, against what it may."""
