"""The first steps of the README: from an installation to a plotted heatmap."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import image

from client.market import simulated_market
from server.ports import served
from zerodte.server.app import create_app
from zerodte.server.settings import ServerSettings

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.drill
def test_eight_lines_lead_to_a_picture(tmp_path: Path) -> None:
    section = README.read_text().partition("\n## In Python\n")[2].partition("\n## ")[0]
    install, script = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    lines = [line for line in (install + script).splitlines() if line.strip()]
    assert lines[0].startswith("pip install")
    assert len(lines) <= 8
    with (
        simulated_market(tmp_path / "tape") as service,
        served(create_app(service, ServerSettings())) as url,
    ):
        run = script.replace("http://127.0.0.1:8017", url)
        done = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", run],
            cwd=tmp_path,
            env=os.environ
            | {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(tmp_path)}
            | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    pixels = image.imread(tmp_path / "heatmap.png").reshape(-1, 4)
    # Both signs of gamma: reds and blues.
    assert (pixels[:, 0] - pixels[:, 2]).max() > 0.3
    assert (pixels[:, 2] - pixels[:, 0]).max() > 0.3
