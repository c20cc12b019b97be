"""Answers of the platform as frozen values, built from the JSON of the operations in `documents/`."""
