"""What one can do: one file per noun, one method per verb, one unit of work per call."""

import msgspec

from jackfield.services.access import Access
from jackfield.services.administration import Administration
from jackfield.services.answered_calls import AnsweredCalls
from jackfield.services.approvals import Approvals
from jackfield.services.apps import Apps
from jackfield.services.audit_log import AuditLog
from jackfield.services.catalog import Catalog
from jackfield.services.connect_links import ConnectLinks
from jackfield.services.connecting import Connecting
from jackfield.services.console_links import ConsoleLinks
from jackfield.services.deliveries import Deliveries
from jackfield.services.diagnoses import Diagnoses
from jackfield.services.events import Events
from jackfield.services.fetching import Fetching
from jackfield.services.installations import Installations
from jackfield.services.integrations import Integrations
from jackfield.services.items import Items
from jackfield.services.job_watch import JobWatch
from jackfield.services.jobs import Jobs
from jackfield.services.keys import Keys
from jackfield.services.oauth_server import OAuthServer
from jackfield.services.organisation_integrations import OrganisationIntegrations
from jackfield.services.organisations import Organisations
from jackfield.services.overview import Overview
from jackfield.services.ownership import Ownership
from jackfield.services.refreshing import Refreshing
from jackfield.services.sessions import Sessions
from jackfield.services.single_sign_on import SingleSignOn
from jackfield.services.synchronisation import Synchronisation
from jackfield.services.system import System
from jackfield.services.timeline import Timeline
from jackfield.services.verification import Verification


class Services(msgspec.Struct, frozen=True):
    """Everything a door in may use."""

    access: Access
    integrations: Integrations
    administration: Administration
    ownership: Ownership
    organisation_integrations: OrganisationIntegrations
    catalog: Catalog
    items: Items
    deliveries: Deliveries
    synchronisation: Synchronisation
    verification: Verification
    refreshing: Refreshing
    fetching: Fetching
    events: Events
    jobs: Jobs
    organisations: Organisations
    answered_calls: AnsweredCalls
    apps: Apps
    installations: Installations
    oauth_server: OAuthServer
    sessions: Sessions
    #: None: the operator has no OpenID provider
    single_sign_on: SingleSignOn | None
    console_links: ConsoleLinks
    connect_links: ConnectLinks
    connecting: Connecting
    overview: Overview
    timeline: Timeline
    diagnoses: Diagnoses
    audit_log: AuditLog
    keys: Keys
    job_watch: JobWatch
    system: System
    approvals: Approvals
