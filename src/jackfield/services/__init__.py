"""What one can do: one file per noun, one method per verb, one unit of work per call."""

import msgspec

from jackfield.services.access import Access
from jackfield.services.integrations import Integrations
from jackfield.services.organisations import Organisations


class Services(msgspec.Struct, frozen=True):
    """Everything a door in may use."""

    access: Access
    integrations: Integrations
    organisations: Organisations
