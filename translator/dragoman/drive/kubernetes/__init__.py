"""Drive a run's Jobs: from the coordinator in a cluster, or from here."""
