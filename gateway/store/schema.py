"""The tables, one script per version of the schema, for both databases.

Strategy: the journal tables (messages, payments, transfers, decisions, statuses, outbox, openings) are only ever
appended to, by ids that rise; every batch row holds the last id of each, so a batch is a range of each table and
the hash of a batch covers its ranges. Everything else (positions, standings, holds, pending, ...) is derived or
small, and changes in place.

Indexes stay where new rows come: a random key costs ten times its row. An account's transfers are therefore
indexed below their block of 4,096 ids; a reader asks block after block (docs/decisions/0042-store-indexes.md).
"""

from __future__ import annotations

SQLITE = {"id": "INTEGER PRIMARY KEY", "int": "INTEGER", "bytes": "BLOB", "real": "REAL", "keyed": "WITHOUT ROWID"}
POSTGRES = {"id": "BIGINT PRIMARY KEY", "int": "BIGINT", "bytes": "BYTEA", "real": "DOUBLE PRECISION", "keyed": ""}

BLOCK_BITS = 12  # of transfer ids: 4,096 to a block. Part of the schema: indexes are built on it

_VERSION_1 = """
CREATE TABLE batches (
  id {id}, time_ns {int} NOT NULL, hash {bytes} NOT NULL,
  last_message {int} NOT NULL, last_payment {int} NOT NULL, last_transfer {int} NOT NULL,
  last_decision {int} NOT NULL, last_status {int} NOT NULL, last_delivery {int} NOT NULL, last_opening {int} NOT NULL,
  identities {bytes} NOT NULL, arrivals {bytes} NOT NULL);
CREATE INDEX batches_payment ON batches (last_payment, id);
CREATE INDEX batches_transfer ON batches (last_transfer, id);
CREATE INDEX batches_status ON batches (last_status, id);

CREATE TABLE messages (
  id {id}, endpoint TEXT NOT NULL, received_ns {int} NOT NULL, format TEXT NOT NULL, type TEXT NOT NULL,
  message_id TEXT NOT NULL, digest {bytes} NOT NULL, source TEXT NOT NULL, session TEXT NOT NULL, key TEXT NOT NULL,
  part {int} NOT NULL, outcome TEXT NOT NULL, refusals {bytes} NOT NULL, data {bytes} NOT NULL,
  answers {bytes} NOT NULL);
CREATE INDEX messages_parts ON messages (digest, part) WHERE part > 0;

CREATE TABLE payments (
  id {id}, message {int} NOT NULL, place TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
  reason TEXT NOT NULL, refusal_code TEXT NOT NULL, text TEXT NOT NULL, route TEXT NOT NULL,
  generation {int} NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL, currency TEXT NOT NULL, minor {int} NOT NULL,
  reference TEXT NOT NULL, identity {int} NOT NULL, losses {bytes} NOT NULL, record {bytes} NOT NULL);
CREATE INDEX payments_unsettled ON payments (message, id) WHERE status <> 'ACSC';
CREATE INDEX payments_status ON payments (status, id) WHERE status <> 'ACSC';

CREATE TABLE transfers (
  id {id}, payment {int} NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL, currency TEXT NOT NULL,
  minor {int} NOT NULL);
CREATE INDEX transfers_debit ON transfers ((id >> 12), debit);
CREATE INDEX transfers_credit ON transfers ((id >> 12), credit);

CREATE TABLE decisions (
  id {id}, payment {int} NOT NULL, check_name TEXT NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL,
  reason TEXT NOT NULL, text TEXT NOT NULL, detail TEXT NOT NULL, score {real} NOT NULL, evidence TEXT NOT NULL,
  decided_by TEXT NOT NULL, because TEXT NOT NULL);
CREATE INDEX decisions_payment ON decisions (payment);

CREATE TABLE statuses (
  id {id}, payment {int} NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,
  message {int} NOT NULL);
CREATE INDEX statuses_payment ON statuses (payment, id);

CREATE TABLE outbox (
  id {id}, endpoint TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, media TEXT NOT NULL, data {bytes} NOT NULL,
  session TEXT NOT NULL, ordering TEXT NOT NULL);

CREATE TABLE openings (
  id {id}, account TEXT NOT NULL, currency TEXT NOT NULL, floor_minor {int}, closed {int} NOT NULL);

CREATE TABLE positions (
  account TEXT NOT NULL, currency TEXT NOT NULL, balance_minor {int} NOT NULL, floor_minor {int},
  closed {int} NOT NULL, PRIMARY KEY (account, currency)) {keyed};
CREATE TABLE balances_as_of (one {id}, transfer {int} NOT NULL);
INSERT INTO balances_as_of VALUES (1, 0);

CREATE TABLE standings (
  payment {id}, status TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX standings_status ON standings (status, payment);
CREATE TABLE holds (payment {id});
CREATE TABLE pending (id {id}, endpoint TEXT NOT NULL);
CREATE INDEX pending_endpoint ON pending (endpoint, id);
CREATE TABLE deliveries (id {id}, delivered_ns {int} NOT NULL);

CREATE TABLE files (
  endpoint TEXT NOT NULL, digest {bytes} NOT NULL, next_part {int} NOT NULL, message {int} NOT NULL,
  opened {int} NOT NULL, settled {int} NOT NULL, held {int} NOT NULL, refused {int} NOT NULL,
  PRIMARY KEY (endpoint, digest)) {keyed};
CREATE INDEX files_message ON files (message);
CREATE TABLE sessions (
  endpoint TEXT NOT NULL, session TEXT NOT NULL, next_in {int} NOT NULL, next_out {int} NOT NULL,
  PRIMARY KEY (endpoint, session)) {keyed};
CREATE TABLE sent (
  endpoint TEXT NOT NULL, session TEXT NOT NULL, number {int} NOT NULL, message {bytes} NOT NULL,
  PRIMARY KEY (endpoint, session, number)) {keyed};
CREATE TABLE segments (batch {id}, identities {bytes} NOT NULL, arrivals {bytes} NOT NULL, crc {int} NOT NULL)
"""

# Sessions remember the period that their numbers belong to; CRCs tell a damaged row (none in rows of version 1).
_VERSION_2 = """
ALTER TABLE sessions ADD COLUMN began_ns {int} NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN crc {int};
ALTER TABLE sent ADD COLUMN crc {int}
"""

# The last statement of an account, and the last reconciliation, are looked up by what they are kept under.
_VERSION_3 = """
CREATE INDEX payments_latest ON payments (identity, id)
  WHERE kind IN ('statement', 'report', 'reconciliation') AND identity <> 0
"""

SCRIPTS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3)


def statements(version: int, types: dict[str, str]) -> list[str]:
    """The statements that lead from the version before to this one (counted from 1)."""
    return [statement.strip() for statement in SCRIPTS[version - 1].format(**types).split(";")]
