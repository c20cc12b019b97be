"""Projects: the unit of isolation; a request names one."""
