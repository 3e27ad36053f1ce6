"""One configuration: a TOML file, then the environment, then flags, all from one table."""
