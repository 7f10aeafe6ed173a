"""Third parties. The folder listing is the catalogue: one file per provider, shared parts start with `_`.

A package outside adds a provider through the entry-point group `jackfield.providers`, whose values are provider
classes: `manifest` as a class attribute, and a constructor that takes the HTTP client and the vendor's `Endpoints`.
"""
