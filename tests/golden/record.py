"""Record the loss curves anew, after a change that is meant to move them: `python -m tests.golden.record`."""

import json

from bridge.models import MODELS
from tests.models.contract import GOLDEN, golden_losses

for name, model in MODELS.items():
    (GOLDEN / f"{name}.json").write_text(json.dumps([round(loss, 6) for loss in golden_losses(model)]) + "\n")
