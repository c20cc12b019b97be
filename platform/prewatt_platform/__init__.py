"""Our end of the wire and the business on top of it; a folder per noun of the domain.

Which noun may know which is a contract in `pyproject.toml`, drawn in `ARCHITECTURE.md`.
"""
