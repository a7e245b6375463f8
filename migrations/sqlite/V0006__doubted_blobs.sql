-- The hub had this blob once and was restored since, or it is another hub: it is asked before anything is sent.
ALTER TABLE blob ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0 CHECK (doubted IN (0, 1));
