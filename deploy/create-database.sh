#!/bin/sh
# Database and roles. Runs by itself when the PostgreSQL container's data are made; in a container
# made before there were two roles, run it once more (README.md): what is there stays, the
# passwords become those of .env.
#
# sauro owns the database and migrates; sauro_app is the product, and owns nothing. Neither is a
# superuser, so neither can read server files or other databases.
set -eu
psql -v ON_ERROR_STOP=1 -v owner="$DATABASE_OWNER_PASSWORD" -v application="$DATABASE_PASSWORD" \
    --username=postgres --dbname=postgres <<'SQL'
SELECT 'CREATE ROLE sauro' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sauro') \gexec
SELECT 'CREATE ROLE sauro_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sauro_app') \gexec
ALTER ROLE sauro LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner';
ALTER ROLE sauro_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'application';
SELECT 'CREATE DATABASE sauro OWNER sauro' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'sauro') \gexec
SQL
