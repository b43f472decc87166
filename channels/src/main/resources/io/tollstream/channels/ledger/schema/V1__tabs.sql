-- The ledger, version 1. One schema for every engine; an engine fills in
--   ${bytes}  its type of byte strings      ${long}  its type of 64-bit integers
--   ${table}  what it says of how a table is stored
--
-- Amounts are a token's base units, 0 to 2^128 - 1, as 39 decimal digits with leading zeros: comparing
-- the texts compares the numbers. Ids, addresses and signatures are the plain bytes.
-- A CHECK states what must hold whatever program writes here.

-- A tab: the account of one channel.
CREATE TABLE tab (
  -- The channel's id, computed by its escrow.
  channel_id ${bytes} NOT NULL PRIMARY KEY CHECK (length(channel_id) = 32),
  -- Where its escrow stands: EIP-155 chain id and contract.
  chain_id ${long} NOT NULL CHECK (chain_id > 0),
  escrow ${bytes} NOT NULL CHECK (length(escrow) = 20),
  -- Who pays whom, and in what: the ERC-20 contract, or twenty zero bytes for the chain's native coin.
  payer ${bytes} NOT NULL CHECK (length(payer) = 20),
  payee ${bytes} NOT NULL CHECK (length(payee) = 20),
  token ${bytes} NOT NULL CHECK (length(token) = 20),
  -- Who signs the vouchers; twenty zero bytes for the payer.
  authorized_signer ${bytes} NOT NULL CHECK (length(authorized_signer) = 20),
  -- Everything ever deposited, and paid out to the payee, as the chain last said.
  deposit TEXT NOT NULL CHECK (
    length(deposit) = 39 AND ltrim(deposit, '0123456789') = ''
    AND deposit <= '340282366920938463463374607431768211455'),
  settled TEXT NOT NULL CHECK (length(settled) = 39 AND ltrim(settled, '0123456789') = ''),
  -- Unix seconds of the payer's pending forced close; 0 for none.
  close_requested_at ${long} NOT NULL CHECK (close_requested_at >= 0),
  -- 1 once the channel is closed on chain for good.
  finalized ${long} NOT NULL CHECK (finalized IN (0, 1)),
  -- open: sells; disputed: the payer forces a close; closing: the gateway closes; closed.
  phase TEXT NOT NULL CHECK (phase IN ('open', 'disputed', 'closing', 'closed')),
  -- The amount that the gateway is closing with; null in every other phase.
  redeem TEXT CHECK (
    length(redeem) = 39 AND ltrim(redeem, '0123456789') = ''
    AND redeem <= '340282366920938463463374607431768211455'),
  -- What the chain has settled beyond any voucher of this tab; counts as spent.
  brought_forward TEXT NOT NULL CHECK (
    length(brought_forward) = 39 AND ltrim(brought_forward, '0123456789') = ''
    AND brought_forward <= '340282366920938463463374607431768211455'),
  CHECK (settled <= deposit),
  CHECK ((phase = 'closing') = (redeem IS NOT NULL)),
  CHECK (phase <> 'open' OR close_requested_at = 0),
  CHECK (phase <> 'disputed' OR close_requested_at > 0),
  CHECK (phase = 'closed' OR finalized = 0)
) ${table};

-- The newest vouchers of a tab, at most 32: signatures worth money. The largest is what the payer has
-- authorized; a close redeems the smallest that covers what is spent. A voucher was within the deposit
-- when it was taken; a reorganised chain can hold less.
CREATE TABLE voucher (
  channel_id ${bytes} NOT NULL REFERENCES tab,
  -- Everything authorized so far, this voucher included.
  cumulative TEXT NOT NULL CHECK (
    length(cumulative) = 39 AND ltrim(cumulative, '0123456789') = ''
    AND cumulative <= '340282366920938463463374607431768211455'),
  -- r, s, v.
  signature ${bytes} NOT NULL CHECK (length(signature) = 65),
  PRIMARY KEY (channel_id, cumulative)
) ${table};

-- What is reserved or delivered on a tab: one line for each tariff it has met, at most 64. The cost of a
-- line is quanta * price / (quanta in a unit), rounded up; what is spent is their sum.
CREATE TABLE bill_line (
  channel_id ${bytes} NOT NULL REFERENCES tab,
  -- The tariff: base units for each unit.
  price TEXT NOT NULL CHECK (
    length(price) = 39 AND ltrim(price, '0123456789') = ''
    AND price BETWEEN '000000000000000000000000000000000000001'
      AND '340282366920938463463374607431768211455'),
  unit TEXT NOT NULL CHECK (unit IN ('byte', 'KiB', 'MiB', 'GiB', 'TiB', 'second', 'minute')),
  -- Bytes, or milliseconds where the unit is one of time.
  quanta ${long} NOT NULL CHECK (quanta > 0),
  PRIMARY KEY (channel_id, price, unit)
) ${table};
