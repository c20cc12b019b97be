"""The technician's terminal: a client of the platform's GraphQL API, and of nothing else."""
