"""The public format: its models, its JSON Schema, and the reading of a document by them."""

from dragoman.spec.validate import read

__all__ = ["read"]
