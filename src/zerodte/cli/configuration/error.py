"""What is wrong with a configuration."""

from zerodte.errors import ZerodteError


class ConfigurationError(ZerodteError, ValueError):
    """A file or variable that cannot be used; the message says where and what would be right."""
