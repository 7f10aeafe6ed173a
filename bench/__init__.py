"""Jackfield side by side with the floor (no framework, one statement a request) and with the conventional stack.

`python -m bench` measures; `--help` shows the options. It starts a PostgreSQL of its own and talks to 127.0.0.1 alone.
"""
