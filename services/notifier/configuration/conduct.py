"""The profiles of conduct that ship: each file of `conduct_profiles` is one, named as the file is."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from services.notifier.core.conduct import Conduct

_FOLDER = Path(__file__).parent / "conduct_profiles"


@cache
def profiles() -> Mapping[str, Conduct]:
    """Every profile by its name."""
    files = sorted(_FOLDER.glob("*.yaml"))
    return {each.stem: Conduct.model_validate(yaml.safe_load(each.read_text("utf-8"))) for each in files}
