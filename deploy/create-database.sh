#!/bin/sh
# Runs once, when the PostgreSQL container's data are made: the application's user owns its
# database and is no superuser, so it cannot read server files or other databases.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$DATABASE_PASSWORD" --username=postgres <<'SQL'
CREATE ROLE sauro LOGIN PASSWORD :'password';
CREATE DATABASE sauro OWNER sauro;
SQL
