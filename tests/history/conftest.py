"""An object store on this machine, spoken to over its real protocol."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

_SERVER = Path(os.environ.get("ZERODTE_S3_SERVER", Path(sys.prefix) / "s3" / "bin" / "moto_server"))


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """The URL of an empty bucket, as `History` takes it: with keys and options."""
    if not _SERVER.exists():
        pytest.skip(f"no S3 server at {_SERVER}; `make .venv/s3-ready` sets one up")
    command = [str(_SERVER), "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = (re.search(r"http://[\d.:]+", line) for line in server.stderr)
        address = next(match[0] for match in said if match)
        url = f"s3://key:secret@bucket/kept?endpoint_override={address}&region=us-east-1"
        files, _ = fs.FileSystem.from_uri(url + "&allow_bucket_creation=true")
        files.create_dir("bucket")
        yield url
        server.terminate()
