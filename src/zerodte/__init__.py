"""zerodte: an open, self-hosted server for live 0DTE options flow."""

__version__ = "0.1.0"
