"""Options and fixtures of the tests."""

from __future__ import annotations

import os

# The networks here are too small for several threads, and threads that wait by spinning slow down whoever else is
# there. PyTorch reads these once.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path  # noqa: E402

import cv2  # noqa: E402
import pytest  # noqa: E402
import town  # noqa: E402

# As the command does; see there.
cv2.setNumThreads(1)

GOLDEN = Path(__file__).parents[2] / "Tests" / "SSPTests" / "Golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        default=os.environ.get("WINDHOVER_GOLDEN", GOLDEN),
        type=Path,
        help="folder of golden cases (or WINDHOVER_GOLDEN; default: those of the Swift tests)",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Path:
    """The folder of golden cases; a test that wants it is skipped where there is none."""
    folder: Path = request.config.getoption("--golden")
    if not folder.is_dir():
        pytest.skip(f"{folder}: no golden cases")
    return folder


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of one simulated flight of six frames; not to be changed."""
    return town.write_flight(tmp_path_factory.mktemp("flights"))
