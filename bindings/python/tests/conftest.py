"""One council for all tests."""

import pytest
from council import shared


@pytest.fixture(scope="session")
def council():
    return shared()
