"""x."""
X: int = 1
