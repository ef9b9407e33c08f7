-- The official image's layout: everything in a schema of the database's name, found by the database's search path, and no public schema.
CREATE SCHEMA letta;
ALTER DATABASE letta SET search_path TO letta;
CREATE EXTENSION vector WITH SCHEMA letta;
DROP SCHEMA public CASCADE;
