"""How good a model is: metrics on held-out relationships, and baselines on the same ones."""
