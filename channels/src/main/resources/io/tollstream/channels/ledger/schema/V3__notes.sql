-- The ledger, version 3: notes. The placeholders are those of version 1.

-- A short text by name: what must be known after a restart, or by every gateway, and belongs to no tab.
CREATE TABLE note (
  -- Printable ASCII; what stands before the first slash says whose it is. tx/<chain id>/<account>/<nonce>
  -- is a transaction that was signed and is not final yet.
  name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
  value TEXT NOT NULL CHECK (length(value) <= 131072)
) ${table};
