"""Calls a service by a client that openapi-python-client made. It runs where that is installed, and nothing of ours.

On its input is where the client is and what to call: JSON as `Calls`. On its output, for each call, the status and the
answer as the client's own model writes it again.
"""

import importlib
import inspect
import json
import sys
from pathlib import Path


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def body_class(call: object) -> type:
    """The model that the generated function wants its body as."""
    annotation = inspect.signature(call).parameters["body"].annotation
    return next(one for one in getattr(annotation, "__args__", (annotation,)) if hasattr(one, "from_dict"))


def make_client(package: object, calls: dict, call: dict) -> object:
    if call["authorisation"] is None:
        return package.Client(base_url=calls["url"])
    header, prefix, token = call["authorisation"]
    return package.AuthenticatedClient(calls["url"], token, prefix=prefix, auth_header_name=header)


def perform(package: object, directory: Path, calls: dict, call: dict) -> dict:
    [module] = directory.glob(f"api/*/{snake(call['operation'])}.py")
    function = importlib.import_module(f"{directory.name}.api.{module.parent.name}.{module.stem}").sync_detailed
    names = inspect.signature(function).parameters
    arguments = {name: value for name, value in call["arguments"].items() if name in names}
    if call["body"] is not None:
        arguments["body"] = body_class(function).from_dict(call["body"])
    answer = function(client=make_client(package, calls, call), **arguments)
    parsed = answer.parsed
    written = [one.to_dict() for one in parsed] if isinstance(parsed, list) else parsed and parsed.to_dict()
    return {"operation": call["operation"], "status": int(answer.status_code), "parsed": written}


def main() -> None:
    calls = json.load(sys.stdin)
    directory = Path(calls["client"])
    sys.path.insert(0, str(directory.parent))
    package = importlib.import_module(directory.name)
    json.dump([perform(package, directory, calls, call) for call in calls["calls"]], sys.stdout)


main()
