"""Rules of policies: expressions over a flow's plan that must be true, compiled once and judged on every step.

`fields` says what rules can name; `facts` takes it from a plan; `compile` reads a rule; `judge` asks it.
"""
