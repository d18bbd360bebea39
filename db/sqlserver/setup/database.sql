-- Once, in the new database, by whoever made it, before `migrate`.

-- Readers see one moment by row versions, and never wait for a writer. The first of the two waits until nobody else is in the database.
ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON;
ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON;

-- cchc_owner migrates and seeds, cchc_writer is the service, cchc_reader is for reports and for reading connections to a secondary.
IF DATABASE_PRINCIPAL_ID(N'cchc_owner') IS NULL CREATE ROLE cchc_owner;
IF DATABASE_PRINCIPAL_ID(N'cchc_writer') IS NULL CREATE ROLE cchc_writer;
IF DATABASE_PRINCIPAL_ID(N'cchc_reader') IS NULL CREATE ROLE cchc_reader;

GRANT CREATE TABLE, CREATE TYPE, CREATE VIEW, VIEW DEFINITION TO cchc_owner;
GRANT CONTROL ON SCHEMA::dbo TO cchc_owner;

-- Then logins become members: ALTER ROLE cchc_owner ADD MEMBER [name]; and so on.
