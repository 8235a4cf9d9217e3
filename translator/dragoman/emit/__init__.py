"""Emit: a plan becomes the manifests of one target; no target knows another."""
