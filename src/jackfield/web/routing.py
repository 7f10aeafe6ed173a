"""Finding the operation of a path, in a time that does not grow with the number of contracts."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from jackfield.web.contract import Dialect


class ContractRoutes(BaseRoute):
    """All routes of all contracts as one: a path without parameters is looked up, others are tried by their prefix.

    A method that a path does not know is for the route to answer, after every other route of the path was tried.
    """

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        routes = [(dialect, route) for dialect in dialects for route in dialect.routes()]
        self._literal = {route.path: route for _, route in routes if "{" not in route.path}
        self._others: dict[str, list[Route]] = {}
        for dialect, route in routes:
            if "{" in route.path:
                # where the contract has no prefix, what stands before the first parameter takes its place
                start = f"{dialect.prefix}/" if dialect.prefix else route.path.partition("{")[0]
                self._others.setdefault(start, []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        path: str = scope["path"]
        literal = self._literal.get(path)
        if literal is not None and scope["method"] in (literal.methods or ()):
            return Match.FULL, _child(literal, {})
        partial: dict[str, Any] | None = None
        if literal is not None:
            partial = _child(literal, {})
        for prefix, routes in self._others.items():
            if path.startswith(prefix):
                for route in routes:
                    found = route.path_regex.match(path)
                    if found is None:
                        continue
                    if scope["method"] in (route.methods or ()):
                        return Match.FULL, _child(route, found.groupdict())
                    if partial is None:
                        partial = _child(route, found.groupdict())
        return (Match.NONE, {}) if partial is None else (Match.PARTIAL, partial)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)


def _child(route: Route, texts: Mapping[str, str]) -> dict[str, Any]:
    """What a match adds to the scope, as Starlette's own routes do."""
    converters = route.param_convertors
    parameters = {name: converters[name].convert(text) for name, text in texts.items()}
    return {"route": route, "endpoint": route.endpoint, "path_params": parameters}
