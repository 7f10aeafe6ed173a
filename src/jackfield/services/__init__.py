"""What one can do: one file per noun, one method per verb, one unit of work per call."""

import msgspec

from jackfield.services.access import Access
from jackfield.services.administration import Administration
from jackfield.services.catalog import Catalog
from jackfield.services.integrations import Integrations
from jackfield.services.jobs import Jobs
from jackfield.services.organisations import Organisations
from jackfield.services.verification import Verification


class Services(msgspec.Struct, frozen=True):
    """Everything a door in may use."""

    access: Access
    integrations: Integrations
    administration: Administration
    catalog: Catalog
    verification: Verification
    jobs: Jobs
    organisations: Organisations
