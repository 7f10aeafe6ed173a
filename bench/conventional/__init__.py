"""The field's usual stack, used as its documentation shows it: FastAPI, pydantic, SQLAlchemy's async ORM, uvicorn.

A session a request, ORM objects, dependencies, response models. Not slowed down on purpose: uvloop and httptools, a
pool as large as is useful, a session that does not expire on commit, and keys in memory instead of a query each.
"""
