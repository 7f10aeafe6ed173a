"""What the document of version 2 says beyond its types."""

from typing import Final

DESCRIPTION: Final = """\
Save an integration: create it, or replace the one that has its `unique_identifier`.

Every call carries an API key: `x-api-key: <key>`. Times are in UTC. Members that you do not know can be added to
answers at any time: ignore them."""
