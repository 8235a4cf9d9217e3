"""Farm: many pieces of work, shared out among processes; what was done before is kept, and found again."""
