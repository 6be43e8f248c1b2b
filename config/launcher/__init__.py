"""The embedded launcher: own PostgreSQL and Redis, then web, worker and beat (``bin/run``)."""
