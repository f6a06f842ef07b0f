"""`python -m bridge.generate`: write the generated files; `--check` only says which are stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.actions import PROCEDURES
from bridge.generate.files import apply, changes
from bridge.generate.protobuf import compile_protos, stale

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when `--check` finds something stale."""
    parser = argparse.ArgumentParser(prog="python -m bridge.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is stale")
    parser.add_argument("--protobuf", action="store_true", help="bridge/v1 from proto/ too; needs uv")
    options = parser.parse_args(arguments)
    found = changes(ROOT, PROCEDURES)
    names = found.names()
    if not options.check:
        apply(ROOT, found)
    if options.protobuf:
        names += _protobuf(check=options.check)
    for name in names:
        print(f"{'stale' if options.check else 'written'}: {name}")
    if options.check and names:
        print("Run `python -m bridge.generate` and commit what it writes.", file=sys.stderr)
        return 1
    return 0


def _protobuf(*, check: bool) -> list[str]:
    with TemporaryDirectory() as fresh:
        compile_protos(ROOT, Path(fresh))
        names = list(stale(ROOT, Path(fresh)))
    if not check:
        compile_protos(ROOT, ROOT)
    return names


if __name__ == "__main__":
    sys.exit(main())
