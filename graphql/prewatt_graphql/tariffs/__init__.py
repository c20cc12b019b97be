"""Price plans in the API."""
