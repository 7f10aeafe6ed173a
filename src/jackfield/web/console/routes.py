"""Every page of the console."""

from typing import Final

from jackfield.web.console import (
    approvals,
    assets,
    audit,
    catalogue,
    connections,
    deliveries,
    editing,
    integration,
    integration_deeds,
    integration_deletion,
    integrations,
    items,
    jobs,
    keys,
    live,
    new_integration,
    overview,
    settings,
    system,
    vendor,
)

ROUTES: Final = [
    *assets.ROUTES,
    *live.ROUTES,
    *overview.ROUTES,
    *integrations.ROUTES,
    *new_integration.ROUTES,
    *connections.ROUTES,
    *integration.ROUTES,
    *integration_deeds.ROUTES,
    *integration_deletion.ROUTES,
    *editing.ROUTES,
    *approvals.ROUTES,
    *catalogue.ROUTES,
    *vendor.ROUTES,
    *items.ROUTES,
    *deliveries.ROUTES,
    *jobs.ROUTES,
    *keys.ROUTES,
    *audit.ROUTES,
    *settings.ROUTES,
    *system.ROUTES,
]
