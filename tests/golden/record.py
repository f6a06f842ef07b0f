"""Record the loss curves anew, after a change that is meant to move them: `python -m tests.golden.record`."""

import json

from bridge.models import MODELS
from tests.models import test_node2vec
from tests.models.contract import GOLDEN, golden_losses

curves = {name: golden_losses(model) for name, model in MODELS.items()}
curves["node2vec"] = test_node2vec.golden_losses()
for name, losses in curves.items():
    (GOLDEN / f"{name}.json").write_text(json.dumps([round(loss, 6) for loss in losses]) + "\n")
