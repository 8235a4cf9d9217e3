"""Load: files become plain data, and the place of every value in them."""
