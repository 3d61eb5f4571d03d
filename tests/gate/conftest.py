"""What the tests of the gate share."""

from __future__ import annotations

from pathlib import Path

import pytest

from .judging import Judge


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    return Judge(tmp_path, capsys)
