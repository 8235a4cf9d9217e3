"""Cmp: what Argo CD says to its config-management plugins, and expects of them."""
