"""The notifier's configuration: one YAML file of receivers and routes, validated whole."""

from services.notifier.configuration.document import ConfigurationError
from services.notifier.configuration.reading import load, read
from services.notifier.configuration.sections import Configuration

__all__ = ["Configuration", "ConfigurationError", "load", "read"]
