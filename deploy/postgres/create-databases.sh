# Run once by the postgres image on an empty volume: a database and a role for each service, and no way into another's.
create_database() {
    psql -v ON_ERROR_STOP=1 -v name="$1" -v password="$2" -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

create_database auth "$AUTH_DATABASE_PASSWORD"
create_database catalog "$CATALOG_DATABASE_PASSWORD"
create_database cart "$CART_DATABASE_PASSWORD"
create_database orders "$ORDERS_DATABASE_PASSWORD"
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres -c 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
