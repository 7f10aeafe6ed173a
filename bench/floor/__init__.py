"""As fast as it gets in Python with one statement a request: a raw ASGI function on granian, asyncpg, msgspec.

It does the job of the measured calls, and nothing else that a service needs: no routing, no logs, no metrics, no
error wordings, no limits, no revocation of keys, no recovery. What Jackfield costs above it is the price of all that.
"""
