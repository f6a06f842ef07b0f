"""What bridge reaches, each figure measured beside what a user would use instead, in the same run.

`python -m benchmarks.NAME` measures one group of figures, `python -m benchmarks [--full]` all; see docs/benchmarks.md.
"""
