"""The kubernetes target: plain Jobs that keep their order."""
