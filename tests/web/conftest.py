"""In this folder every answer that a tenant gets is measured against the document of the contract it belongs to."""

import pytest

from support.checked_tenant import CheckedTenant
from support.operator import Operator
from support.service import Service


@pytest.fixture
def tenant(operator: Operator, service: Service) -> CheckedTenant:
    """A new organisation with a key that may do everything."""
    return CheckedTenant.create_checked(operator, service)


@pytest.fixture
def stranger(operator: Operator, service: Service) -> CheckedTenant:
    """Another organisation, whose user has the same name."""
    return CheckedTenant.create_checked(operator, service)
