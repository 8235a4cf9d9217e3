"""Resolve: a valid flow becomes a plan, with every name, type and value in it settled."""
