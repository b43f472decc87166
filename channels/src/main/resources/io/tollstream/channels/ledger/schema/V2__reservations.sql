-- The ledger, version 2: who has reserved what. The placeholders are those of version 1.

-- Counts the changes of a tab. Where several processes write, each writes only over the revision that it
-- has read; a ledger with one writer leaves it alone.
ALTER TABLE tab ADD COLUMN revision ${long} NOT NULL DEFAULT 0 CHECK (revision >= 0);

-- A process that sells on this ledger.
CREATE TABLE node (
  -- 16 random bytes, new at each start.
  node_id ${bytes} NOT NULL PRIMARY KEY CHECK (length(node_id) = 16),
  -- Host and process id, for people.
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
  -- Unix milliseconds by the database's clock, when it joined: the longest there leads.
  since_millis ${long} NOT NULL CHECK (since_millis >= 0),
  -- Unix milliseconds by the database's clock, from which on others count it as dead. Where one process
  -- has the ledger to itself, that never comes.
  lease_until_millis ${long} NOT NULL CHECK (lease_until_millis >= 0)
) ${table};

-- What a stream under way has reserved. All it was granted stands in bill_line already; what it has not used
-- comes off when it ends. Of a node that is dead the rows are deleted and the bill stays as it is: what was
-- granted may have been delivered.
CREATE TABLE reservation (
  channel_id ${bytes} NOT NULL REFERENCES tab,
  node_id ${bytes} NOT NULL REFERENCES node,
  -- The how-manyth stream of its node.
  number ${long} NOT NULL CHECK (number > 0),
  -- Its tariff, as in bill_line.
  price TEXT NOT NULL CHECK (
    length(price) = 39 AND ltrim(price, '0123456789') = ''
    AND price BETWEEN '000000000000000000000000000000000000001'
      AND '340282366920938463463374607431768211455'),
  unit TEXT NOT NULL CHECK (unit IN ('byte', 'KiB', 'MiB', 'GiB', 'TiB', 'second', 'minute')),
  -- Quanta since the stream began: all it was granted, and what it had used when it asked last.
  granted ${long} NOT NULL CHECK (granted >= 0),
  used ${long} NOT NULL CHECK (used BETWEEN 0 AND granted),
  PRIMARY KEY (channel_id, node_id, number)
) ${table};

-- For what a dead node has left.
CREATE INDEX reservation_of_node ON reservation (node_id);
