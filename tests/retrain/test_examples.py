"""examples/retrain: each file is what its scheduler reads, and asks for a recipe that there is."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bridge.client import Address

EXAMPLES = Path(__file__).parents[2] / "examples" / "retrain"
RECIPES = {path.stem for path in (EXAMPLES.parents[1] / "cypher" / "recipes").glob("*.cypher")}


@pytest.mark.parametrize("name", ["crontab", "bridge-retrain.service", "cronjob.yaml"])
def test_an_example_runs_a_recipe_of_ours_once_a_day(name: str) -> None:
    """It waits for the end, and its request id is the day's, so that a second start is no second run."""
    text = (EXAMPLES / name).read_text()
    (recipe,) = re.findall(r"bridge retrain (\S+) --wait --request-id", text)
    assert recipe in RECIPES
    assert re.search(rf'--request-id "{recipe}-\$\(date \+[%\\]+F\)"', text)


def test_the_units_belong_together() -> None:
    """The timer starts the service of its own name; a rejected version is no failed unit."""
    units = {}
    for kind in ("service", "timer"):
        units[kind] = configparser.ConfigParser(strict=False, interpolation=None)
        units[kind].optionxform = str  # type: ignore[assignment, method-assign]
        units[kind].read(EXAMPLES / f"bridge-retrain.{kind}")
    assert units["timer"]["Timer"]["OnCalendar"]
    assert units["service"]["Service"]["Type"] == "oneshot"
    assert units["service"]["Service"]["SuccessExitStatus"] == "4"


def test_the_cron_job_gives_up_on_a_rejection_alone() -> None:
    """And never runs two at a time."""
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())
    assert (job["kind"], job["spec"]["concurrencyPolicy"]) == ("CronJob", "Forbid")
    (rule,) = job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [4])


def test_the_cron_job_shows_its_token_to_no_network() -> None:
    """The command refuses an address of another machine without TLS, so that the job would never run."""
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    Address(given["BRIDGE_ADDRESS"], token="t", tls_ca=given.get("BRIDGE_TLS_CA_FILE", "").encode()).check()


def test_the_shell_script_is_one() -> None:
    """Without a recipe it says what is missing, and asks nobody."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [EXAMPLES / "buf-curl.sh"], capture_output=True, text=True, check=False, env={"PATH": path}
    )
    assert done.returncode != 0
    assert "name a recipe" in done.stderr
