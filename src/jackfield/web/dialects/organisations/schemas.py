"""The wire objects of the organisations contract."""

from typing import Annotated, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from jackfield.domain.item import ItemType

Id = Annotated[str, Meta(pattern="^[0-9]{1,19}$", examples=["252201579132747776"])]
ProviderName = Literal["discord", "github", "gitlab", "jira", "mantisbt", "slack", "teams"]
Text = Annotated[
    str,
    Meta(
        description="A JSON object as text: settings and secrets by their names; a secret is shown masked.",
        examples=['{"access_token":"glpat-0123456789","project":"acme/shop"}'],
    ),
]

#: integrations of other providers do not exist in this contract
PROVIDERS: Final[tuple[str, ...]] = get_args(ProviderName)


class ListQuery(Struct, kw_only=True):
    """Absent: all of them."""

    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class CreateIntegration(Struct, kw_only=True):
    """An enabled integration needs everything that its provider asks for."""

    provider: ProviderName
    item_type: ItemType
    configuration: Text = "{}"
    enabled: bool = True


class UpdateIntegration(Struct, kw_only=True):
    """Only what is sent changes. configuration is replaced whole; the mask of a secret sent back keeps the secret."""

    configuration: Text | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    item_type: ItemType | UnsetType = UNSET


class Integration(Struct, kw_only=True):
    """item_type: which of the product's objects trigger the integration."""

    id: Id
    organisation_id: Id
    item_type: ItemType
    provider: ProviderName
    enabled: bool
    configuration: Text


class SyncStarted(Struct, kw_only=True):
    """job_id: the job, which shows how far the synchronisation is."""

    job_id: Id


class Error(Struct, kw_only=True):
    """code: the status."""

    code: int
    message: str
