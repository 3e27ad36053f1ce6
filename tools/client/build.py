"""Build the TypeScript client: `python -m tools.client.build [--check | OUT]`.

Its types are made of our OpenAPI document, its modules by TypeScript; both come from the packages
that check the dashboard. OUT is `clients/js/dist` unless given; `--check` writes nothing.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Final

from tools.ui.check_types import TOOLS, install, make_schema, node

SOURCE: Final = Path(__file__).parents[2] / "clients" / "js" / "src"
OUT: Final = SOURCE.parent / "dist"
OPTIONS: Final = {
    "strict": True,
    "exactOptionalPropertyTypes": False,
    "noUncheckedIndexedAccess": True,
    "noImplicitOverride": True,
    "verbatimModuleSyntax": True,
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    "types": [],
    "declaration": True,
}


def build(out: Path | None) -> None:
    """Compile the client into a folder; None only checks it. SystemExit where it has faults."""
    install()
    made = TOOLS / "client"
    shutil.rmtree(made, ignore_errors=True)
    shutil.copytree(SOURCE, made)
    make_schema(made / "schema.ts")
    options = OPTIONS | ({"noEmit": True} if out is None else {"outDir": str(out.resolve())})
    project = made / "tsconfig.json"
    project.write_text(json.dumps({"compilerOptions": options, "include": ["*.ts"]}))
    node(TOOLS / "node_modules" / "typescript" / "bin" / "tsc", "-p", project)


if __name__ == "__main__":
    words = sys.argv[1:]
    build(None if words == ["--check"] else Path(words[0]) if words else OUT)
