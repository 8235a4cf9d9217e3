"""Policy: what the platform says about a plan."""
