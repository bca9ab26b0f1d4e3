"""Each benchmark runs at a tiny size, and its last line is one flat JSON object."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kpp_twin.store.queries import query

ROOT = Path(query.__code__.co_filename).parents[2]


