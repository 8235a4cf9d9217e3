"""Diff: what a change to specs does to what is rendered, in the spec's own words."""
