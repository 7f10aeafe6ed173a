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
    """Which integrations to list.

    Attributes:
        limit: At most this many integrations. Absent: all of them.
        offset: How many integrations to skip.
    """

    limit: Annotated[int, Meta(ge=1, le=1000)] | None = None
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class CreateIntegration(Struct, kw_only=True):
    """The integration to create. One that is enabled needs everything that its provider asks for.

    Attributes:
        provider: The vendor to connect.
        item_type: Which type of items to send. `none` only stores the configuration.
        configuration: The settings and secrets, as the text of a JSON object.
        enabled: Whether changes to items are sent to the vendor.
    """

    provider: ProviderName
    item_type: ItemType
    configuration: Text = "{}"
    enabled: bool = True


class UpdateIntegration(Struct, kw_only=True):
    """What to change. Members that you leave out keep their value.

    Attributes:
        configuration: The settings and secrets, as the text of a JSON object. It replaces the old one as a whole. A
            masked secret sent back unchanged keeps the secret.
        enabled: Whether changes to items are sent to the vendor.
        item_type: Which type of items to send. `none` only stores the configuration.
    """

    configuration: Text | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    item_type: ItemType | UnsetType = UNSET


class Integration(Struct, kw_only=True):
    """An integration.

    Attributes:
        id: Identifies the integration.
        organisation_id: The organisation that it belongs to.
        item_type: Which type of items is sent.
        provider: The vendor.
        enabled: Whether changes to items are sent to the vendor.
        configuration: The settings and secrets, as the text of a JSON object. Secrets are masked: a secret of more
            than 12 characters shows its first 5 and three dots, a shorter one only the dots.
    """

    id: Id
    organisation_id: Id
    item_type: ItemType
    provider: ProviderName
    enabled: bool
    configuration: Text


class SyncStarted(Struct, kw_only=True):
    """The job that was started.

    Attributes:
        job_id: Identifies the job.
    """

    job_id: Id


class Error(Struct, kw_only=True):
    """An error.

    Attributes:
        code: The HTTP status.
        message: What went wrong, for people.
    """

    code: int
    message: str
