"""What hosts a server: the container's steps, the unit, the alerts."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from server.example import ExampleService
from server.ports import served
from test_grafana import METRIC, documented
from zerodte.cli.configuration.configuration import Configuration
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each with its text on one line."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]


def test_the_image_is_made_of_what_is_here() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    assert "src" in copied
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in allowed


def test_the_image_runs_as_nobody_in_particular() -> None:
    users = [rest for name, rest in instructions() if name == "USER"]
    assert users
    assert all(user.split(":")[0].isdecimal() and int(user.split(":")[0]) > 0 for user in users)
    environment = dict(
        pair.split("=", 1)
        for name, rest in instructions()
        if name == "ENV"
        for pair in rest.split()
    )
    assert Configuration(None, environment).everything_in_force()
    made = [rest for name, rest in instructions() if name == "RUN" and "install -d" in rest]
    assert environment["NUMBA_CACHE_DIR"] in made[0]


def test_the_image_knows_whether_it_is_healthy() -> None:
    (check,) = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    arguments: list[str] = json.loads(check.partition("CMD ")[2])
    assert arguments.pop(0) == "python"
    service = ExampleService()
    with served(create_app(service, ServerSettings())) as url:
        here = [word.replace("8017", url.rpartition(":")[2]) for word in arguments]
        assert here != arguments
        assert subprocess.run([sys.executable, *here], check=False).returncode == 0
        service.reasons = ("the feed is away",)
        assert subprocess.run([sys.executable, *here], check=False).returncode == 1
    done = subprocess.run([sys.executable, *here], check=False, capture_output=True)
    assert done.returncode == 1


def test_the_services_of_compose() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].values()
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"]
    assert Configuration(None, service["environment"]).everything_in_force()
    volumes = {rest for name, rest in instructions() if name == "VOLUME"}
    written = {volume.partition(":")[2] for volume in service["volumes"]}
    assert written == set(json.loads(volumes.pop()))


def test_the_configuration_is_one() -> None:
    values = Configuration(DEPLOY / "config.toml", {}).values
    assert values.keys() == {
        f"{table}.{name}"
        for table, rows in tomllib.loads((DEPLOY / "config.toml").read_text()).items()
        for name in rows
    }


def test_the_variables_of_the_unit_are_known() -> None:
    text = (DEPLOY / "zerodte.service").read_text()
    variables = dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE))
    assert "ZERODTE_FEED" in variables
    Configuration(None, variables)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_the_unit_holds_together_and_is_confined(tmp_path: Path) -> None:
    text = (DEPLOY / "zerodte.service").read_text()
    unit = tmp_path / "zerodte.service"
    unit.write_text(text.replace("/opt/zerodte/bin/zerodte", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    exposure = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert exposure
    assert float(exposure[1]) < 2


def test_every_metric_of_the_alerts_is_documented() -> None:
    text = ALERTS.read_text()
    used = set(re.findall(METRIC, text))
    assert len(used) > 8
    assert used - documented().keys() == set()
    assert len(re.findall("- alert:", text)) == len(re.findall("action:", text))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_the_alerts_fire_when_they_should() -> None:
    folder = DEPLOY / "prometheus"
    for command in (
        ["check", "config", str(folder / "prometheus.yml")],
        ["test", "rules", str(folder / "alerts_test.yml")],
    ):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = set(re.findall(r"alertname: (\w+)", (folder / "alerts_test.yml").read_text()))
    assert tested == set(re.findall(r"- alert: (\w+)", ALERTS.read_text()))
