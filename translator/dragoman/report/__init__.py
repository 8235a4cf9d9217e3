"""Report: findings become text, for people and for programs."""
