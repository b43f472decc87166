-- The ledger, version 4: when. The placeholders are those of version 1.

-- Unix seconds, to the minute or so, when the payer last paid or took something; 0 for never.
ALTER TABLE tab ADD COLUMN seen_at ${long} NOT NULL DEFAULT 0 CHECK (seen_at >= 0);

-- Unix seconds since when the payee has something to redeem; 0 for nothing.
ALTER TABLE tab ADD COLUMN owed_since ${long} NOT NULL DEFAULT 0 CHECK (owed_since >= 0);
