"""Options of the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        default=os.environ.get("WINDHOVER_GOLDEN"),
        help="folder of golden cases (or WINDHOVER_GOLDEN); its tests are skipped without it",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Path:
    """The folder of golden cases."""
    value = request.config.getoption("--golden")
    if not value:
        pytest.skip("no golden cases given: --golden FOLDER or WINDHOVER_GOLDEN")
    return Path(value)
