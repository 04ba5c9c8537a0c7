"""Events become warnings."""
