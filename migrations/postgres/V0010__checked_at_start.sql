-- A hub looks at its start whether the database is the one it needs. The table is made by what runs the migrations,
-- before the first of them.
DO $$
BEGIN
  IF to_regclass('public.refinery_schema_history') IS NOT NULL THEN
    GRANT SELECT ON public.refinery_schema_history TO wellread_app;
  END IF;
END $$;
