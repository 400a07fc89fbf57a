#!/bin/bash
# Runs once, when the database is made: the role of the running service. It reads and writes rows, owns nothing,
# and can only add to the audit log and read it. `zhijian migrate` runs as the owner.
set -euo pipefail

psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set password="$POSTGRES_RUNTIME_PASSWORD" --set owner="$POSTGRES_USER" --set database="$POSTGRES_DB" <<'SQL'
CREATE ROLE zhijian LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO zhijian;
GRANT USAGE ON SCHEMA public TO zhijian;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO zhijian;
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO zhijian;

-- Default privileges hold for every new table alike: the exceptions are made as the migrations create them.
CREATE FUNCTION public.narrow_runtime_role() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    created record;
BEGIN
    FOR created IN SELECT object_identity FROM pg_event_trigger_ddl_commands()
        WHERE object_type = 'table' AND schema_name = 'public'
    LOOP
        IF created.object_identity = 'public.audit_log' THEN
            REVOKE UPDATE, DELETE ON public.audit_log FROM zhijian;
        ELSIF created.object_identity = 'public.alembic_version' THEN
            REVOKE INSERT, UPDATE, DELETE ON public.alembic_version FROM zhijian;
        END IF;
    END LOOP;
END
$$;
CREATE EVENT TRIGGER narrow_runtime_role ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.narrow_runtime_role();
SQL
