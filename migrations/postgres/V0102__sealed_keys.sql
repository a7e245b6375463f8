-- A key that tokens are signed with may be encrypted with one that is in no database: then whoever has a dump can sign
-- nothing. The column says with which, '' for none; the public half stays readable, so that every node can verify.

ALTER TABLE auth.signing_key ADD COLUMN sealed_with text NOT NULL DEFAULT '';
