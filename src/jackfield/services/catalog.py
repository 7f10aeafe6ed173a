"""What can be connected: the providers that come with the service or with packages, and what tenants authored."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from jackfield.domain import ids
from jackfield.domain.authorization import Application, Authorizes, RevokesGrants
from jackfield.domain.definition import AuthoredDefinition, Definition, definition_of, definition_of_authored
from jackfield.domain.grade import abilities
from jackfield.domain.ports import Database, UnitOfWork
from jackfield.domain.provider import (
    Category,
    Connection,
    Delivers,
    Locates,
    Manifest,
    OAuth,
    Provider,
    ReadsBack,
    Revokes,
    Uninstalls,
    Unsupported,
    Verifies,
)


class Catalog:
    """`providers` are by slug, and so are `applications`, the operator's registrations at vendors.

    `make_authored` makes the provider of a definition that a tenant authored. `public_url` is the service's, or empty.
    """

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, Provider],
        make_authored: Callable[[AuthoredDefinition], object],
        public_url: str,
        applications: Mapping[str, Application] = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._providers = providers
        self._make_authored = make_authored
        self.public_url = public_url
        self._applications = applications
        self._built_in = {
            slug: definition_of(provider.manifest, isinstance(provider, Verifies))
            for slug, provider in providers.items()
        }

    def verifies(self, vendor: str) -> bool:
        """Whether integrations of the vendor have to be proven before they are live."""
        definition = self._built_in.get(vendor)
        # unknown here: an authored one, or one whose package is gone; neither is taken to be proven
        return definition is None or definition.supports_verification

    async def get(self, vendor: str, work: UnitOfWork | None = None) -> Definition | None:
        """The definition, whatever its status; None when there is no such vendor. `work`: the one that is open."""
        if vendor in self._built_in:
            return self._built_in[vendor]
        authored = await self._authored(vendor, work)
        return self._to_definition(authored) if authored else None

    def manifest(self, vendor: str) -> Manifest | None:
        """The declared facts of a provider; None of an authored definition, or when its package is gone."""
        provider = self._providers.get(vendor)
        return None if provider is None else provider.manifest

    def abilities(self, vendor: str) -> frozenset[str]:
        """What the provider can do, in the words of domain/grade.py; nothing when it is no provider of ours."""
        provider: object = self._providers.get(vendor)
        return frozenset() if provider is None else abilities(provider)

    async def name(self, vendor: str, work: UnitOfWork | None = None) -> str:
        """What people call the vendor; its slug when its package is gone. `work`: the one that is open."""
        definition = await self.get(vendor, work)
        return vendor if definition is None else definition.name

    async def verifier(self, vendor: str) -> Verifies | None:
        """What proves credentials of the vendor; None when nothing does, or there is no such vendor."""
        provider = await self._provider(vendor)
        return provider if isinstance(provider, Verifies) else None

    async def revoker(self, vendor: str) -> Revokes | None:
        """What ends credentials at the vendor; None when nothing does, or there is no such vendor."""
        provider = await self._provider(vendor)
        application = self._applications.get(vendor)
        if application is not None and isinstance(provider, RevokesGrants):
            return _Revoker(provider, application)
        return provider if isinstance(provider, Revokes) else None

    async def uninstaller(self, vendor: str) -> Uninstalls | None:
        """What tells an app's server of uninstallations; None when it does not want to know, or there is none."""
        provider = await self._provider(vendor)
        return provider if isinstance(provider, Uninstalls) else None

    async def deliverer(self, vendor: str) -> Delivers | None:
        """What brings items to the vendor; None when nothing does, or there is no such vendor."""
        provider = await self._provider(vendor)
        return provider if isinstance(provider, Delivers) else None

    async def reader(self, vendor: str) -> ReadsBack | None:
        """What reads the state of the vendor's objects; None when nothing does, or there is no such vendor."""
        provider = await self._provider(vendor)
        return provider if isinstance(provider, ReadsBack) else None

    async def locator(self, vendor: str) -> Locates | None:
        """What knows places by the vendor's own ids; None when nothing does, or there is no such vendor."""
        provider = await self._provider(vendor)
        return provider if isinstance(provider, Locates) else None

    def authorizer(self, vendor: str) -> Authorizes | None:
        """What connects the vendor by OAuth, and refreshes what it granted; None when nothing does."""
        provider: object = self._providers.get(vendor)
        return provider if isinstance(provider, Authorizes) else None

    def application(self, vendor: str) -> Application | None:
        """The operator's registration at the vendor; None when there is none."""
        return self._applications.get(vendor)

    def connects_by_oauth(self, vendor: str) -> bool:
        """Whether customers can connect the vendor so here: it offers OAuth, and the operator is registered there."""
        return vendor in self._applications and self.authorizer(vendor) is not None

    def oauth(self, vendor: str) -> OAuth | None:
        """How the vendor's OAuth is; None when customers cannot connect it so."""
        provider = self._providers.get(vendor)
        return None if provider is None else provider.manifest.oauth

    def tells_progress(self, vendor: str) -> bool:
        """Whether the state that is read at the vendor tells items in progress from others that are not closed."""
        provider = self._providers.get(vendor)
        return provider is None or provider.manifest.tells_progress

    def deliveries_at_once(self, vendor: str) -> int:
        """How many items may be on their way to the vendor at once, for one integration."""
        provider = self._providers.get(vendor)
        return 1 if provider is None else provider.manifest.deliveries_at_once

    async def available(self, organisation_id: int) -> dict[Category, list[Definition]]:
        """What the organisation can connect, by category, each in the order of the names; no category is left out."""
        async with self._database.transaction() as work:
            authored = await work.definitions.list_available(organisation_id)
        found = [*self._built_in.values(), *(self._to_definition(one) for one in authored)]
        found.sort(key=lambda one: one.name.casefold())
        return {category: [one for one in found if one.category is category] for category in Category}

    async def of_category(self, category: Category) -> tuple[str, ...]:
        """The vendors of a category, authored ones of every status among them."""
        built_in = tuple(slug for slug, definition in self._built_in.items() if definition.category is category)
        if category is not Category.APPS:
            return built_in
        async with self._database.transaction() as work:
            return (*built_in, *map(ids.to_hex, await work.definitions.list_ids()))

    def matching(self, text: str) -> tuple[str, ...]:
        """The slugs that have the text in them."""
        return tuple(slug for slug in self._built_in if text.lower() in slug)

    async def _provider(self, vendor: str) -> object:
        if vendor in self._providers:
            return self._providers[vendor]
        authored = await self._authored(vendor)
        return self._make_authored(authored) if authored else None

    async def _authored(self, vendor: str, work: UnitOfWork | None = None) -> AuthoredDefinition | None:
        try:
            definition_id = ids.parse_hex(vendor)
        except ids.MalformedId:
            return None
        if work is not None:
            return await work.definitions.get(definition_id)
        async with self._database.transaction() as own_work:
            return await own_work.definitions.get(definition_id)

    def _to_definition(self, authored: AuthoredDefinition) -> Definition:
        vendor = ids.to_hex(authored.id)
        page = f"{self.public_url}/platform/integrations/{vendor}" if self.public_url else None
        return definition_of_authored(authored, vendor, page)


class _Revoker:
    """Ends what was granted to the application, and what was entered as the provider can without it."""

    def __init__(self, provider: RevokesGrants, application: Application) -> None:
        self._provider = provider
        self._application = application

    async def revoke(self, connection: Connection) -> None:
        provider: object = self._provider
        try:
            await self._provider.revoke_grant(self._application, connection)
        except Unsupported:
            if not isinstance(provider, Revokes):
                raise
            await provider.revoke(connection)
