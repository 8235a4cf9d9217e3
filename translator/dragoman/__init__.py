"""dragoman: one declarative job spec, translated faithfully to the engine that will run it."""

__version__ = "0.1.0"
