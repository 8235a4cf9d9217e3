"""Drive: flows run on an engine, and what becomes of them."""
