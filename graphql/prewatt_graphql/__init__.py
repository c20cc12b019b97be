"""The platform as a GraphQL API, and the commands that serve it."""
