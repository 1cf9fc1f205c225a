"""The statements that both databases understand; `?1` becomes `$1` for PostgreSQL.

Every statement here is looked up by a key that an index has, or reads a range of ids.
"""

from __future__ import annotations

from gateway.store.records import COLUMNS, JOURNAL
from gateway.store.schema import BLOCK_BITS


def _columns(table: str, prefix: str = "") -> str:
    return ", ".join(prefix + column for column in COLUMNS[table])


def _insert(table: str) -> str:
    places = ", ".join(f"?{place}" for place in range(1, len(COLUMNS[table]) + 1))
    return f"INSERT INTO {table} ({_columns(table)}) VALUES ({places})"  # noqa: S608  # names of our own tables


def _range(table: str) -> str:
    return f"SELECT {_columns(table)} FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2"  # noqa: S608  # as above


# --- the journal ---------------------------------------------------------------------------------

INSERT = {table: _insert(table) for table in ("batches", *JOURNAL)}
RANGE = {table: _range(table) for table in ("batches", *JOURNAL)}
LAST_ID = {table: f"SELECT max(id) FROM {table}" for table in ("batches", *JOURNAL)}  # noqa: S608  # as above

HEADS = f"SELECT id, time_ns, hash, {', '.join(JOURNAL.values())} FROM batches"  # noqa: S608  # as above
LAST_HEADS = f"{HEADS} ORDER BY id DESC LIMIT ?1"
HEAD = f"{HEADS} WHERE id = ?1"

# --- what changes in place -----------------------------------------------------------------------

OPEN_POSITION = """INSERT INTO positions (account, currency, balance_minor, floor_minor, closed)
  VALUES (?1, ?2, 0, ?3, ?4) ON CONFLICT (account, currency)
  DO UPDATE SET floor_minor = excluded.floor_minor, closed = excluded.closed"""
SET_BALANCE = "UPDATE positions SET balance_minor = ?3 WHERE account = ?1 AND currency = ?2"
SET_BALANCES_AS_OF = "UPDATE balances_as_of SET transfer = coalesce((SELECT max(id) FROM transfers), 0)"
SET_STANDING = """INSERT INTO standings (payment, status, reason, text) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (payment)
  DO UPDATE SET status = excluded.status, reason = excluded.reason, text = excluded.text"""
HOLD = "INSERT INTO holds (payment) VALUES (?1)"
LET_GO = "DELETE FROM holds WHERE payment = ?1"
PEND = "INSERT INTO pending (id, endpoint) VALUES (?1, ?2)"
SET_FILE = """INSERT INTO files (endpoint, digest, next_part, message, opened, settled, held, refused)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (endpoint, digest) DO UPDATE SET
  next_part = excluded.next_part, message = excluded.message, opened = excluded.opened, settled = excluded.settled,
  held = excluded.held, refused = excluded.refused"""
SET_SESSION = """INSERT INTO sessions (endpoint, session, next_in, next_out, began_ns, crc)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (endpoint, session) DO UPDATE SET
  next_in = excluded.next_in, next_out = excluded.next_out, began_ns = excluded.began_ns, crc = excluded.crc"""
FORGET_SENT = "DELETE FROM sent WHERE endpoint = ?1 AND session = ?2"
KEEP_SENT = """INSERT INTO sent (endpoint, session, number, message, crc) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (endpoint, session, number) DO UPDATE SET message = excluded.message, crc = excluded.crc"""
KEEP_SEGMENT = "INSERT INTO segments (batch, identities, arrivals, crc) VALUES (?1, ?2, ?3, ?4)"
ARRIVED = "DELETE FROM pending WHERE id = ?1"
NOTE_DELIVERY = "INSERT INTO deliveries (id, delivered_ns) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING"

# --- start ---------------------------------------------------------------------------------------

STORED_POSITIONS = """SELECT account, currency, balance_minor, floor_minor, closed FROM positions
  ORDER BY account, currency"""
BALANCES_AS_OF = "SELECT transfer FROM balances_as_of"
_CHANGEABLE = ("status", "reason", "text")
_CURRENT = ", ".join(
    f"coalesce(s.{column}, p.{column})" if column in _CHANGEABLE else f"p.{column}" for column in COLUMNS["payments"]
)
_PAYMENTS = f"SELECT {_CURRENT} FROM payments p LEFT JOIN standings s ON s.payment = p.id"  # noqa: S608  # as above
HELD = f"{_PAYMENTS} WHERE p.id IN (SELECT payment FROM holds) ORDER BY p.id"  # noqa: S608  # as above
SESSIONS = """SELECT endpoint, session, next_in, next_out, began_ns, crc,
    (SELECT max(number) FROM sent t WHERE t.endpoint = s.endpoint AND t.session = s.session)
  FROM sessions s ORDER BY endpoint, session"""
_FILES = "SELECT endpoint, digest, next_part, message, opened, settled, held, refused FROM files"
OPEN_FILES = f"{_FILES} WHERE next_part >= 0 ORDER BY message"
CLOSED_FILES = f"{_FILES} WHERE next_part < 0 ORDER BY message DESC LIMIT ?1"
SEGMENTS = "SELECT batch, identities, arrivals, crc FROM segments WHERE batch < ?1 ORDER BY batch DESC LIMIT 1"
NEXT_SEGMENT = "SELECT batch, identities, arrivals, crc FROM segments WHERE batch > ?1 ORDER BY batch LIMIT 1"
PAIRS_AFTER = "SELECT id, identities, arrivals FROM batches WHERE id > ?1 ORDER BY id"

# --- reads that apply needs ----------------------------------------------------------------------

MESSAGE = f"SELECT {_columns('messages')} FROM messages WHERE id = ?1"  # noqa: S608  # as above
PAYMENT = f"{_PAYMENTS} WHERE p.id = ?1"
SENT = """SELECT number, message, crc FROM sent WHERE endpoint = ?1 AND session = ?2 AND number BETWEEN ?3 AND ?4
  ORDER BY number"""
EXCEPTIONS = f"""{_PAYMENTS} WHERE p.status <> 'ACSC' AND coalesce(s.status, p.status) <> 'ACSC' AND p.message IN (
    SELECT message FROM files WHERE endpoint = ?1 AND digest = ?2
    UNION SELECT id FROM messages WHERE digest = ?2 AND part > 0 AND endpoint = ?1
  ) ORDER BY p.id"""  # noqa: S608  # as above
# Only what the gateway keeps for itself to go on from has such a kind and an identity; the words are the index's own.
LATEST = f"""{_PAYMENTS} WHERE p.kind IN ('statement', 'report', 'reconciliation') AND p.identity <> 0
  AND p.identity = ?1 ORDER BY p.id DESC LIMIT 1"""
LAST_TRANSFER_AT = "SELECT last_transfer FROM batches WHERE time_ns < ?1 ORDER BY id DESC LIMIT 1"
UNDELIVERED = f"""SELECT {_columns("outbox", "o.")} FROM pending q JOIN outbox o ON o.id = q.id
  WHERE q.endpoint = ?1 AND q.id > ?2 ORDER BY q.id LIMIT ?3"""  # noqa: S608  # as above

# --- reads for people ----------------------------------------------------------------------------

# Balances are stored now and then; what moved since is added from the transfers. Columns: account, currency,
# stored balance, change since, floor, closed.
POSITIONS = """SELECT p.account, p.currency, p.balance_minor, coalesce(m.change, 0), p.floor_minor, p.closed
  FROM positions p LEFT JOIN (
    SELECT account, currency, CAST(sum(minor) AS BIGINT) AS change FROM (
      SELECT debit AS account, currency, -minor AS minor FROM transfers
        WHERE id > (SELECT transfer FROM balances_as_of)
      UNION ALL
      SELECT credit AS account, currency, minor FROM transfers WHERE id > (SELECT transfer FROM balances_as_of)
    ) sides GROUP BY account, currency
  ) m ON m.account = p.account AND m.currency = p.currency ORDER BY p.account, p.currency"""
# `blocks` is a list of whole numbers: an IN list is what both databases look up one by one in the index.
_TRANSACTIONS = f"""SELECT t.id, t.payment, t.debit, t.credit, t.currency, t.minor, p.{{column}}, (
    SELECT b.time_ns FROM batches b WHERE b.last_transfer >= t.id ORDER BY b.last_transfer, b.id LIMIT 1)
  FROM (
    SELECT {_columns("transfers")} FROM transfers WHERE (id >> {BLOCK_BITS}) IN ({{{{blocks}}}}) AND debit = ?1
    UNION ALL
    SELECT {_columns("transfers")} FROM transfers WHERE (id >> {BLOCK_BITS}) IN ({{{{blocks}}}}) AND credit = ?1
  ) t LEFT JOIN payments p ON p.id = t.payment WHERE t.id > ?2 ORDER BY t.id LIMIT ?3"""  # noqa: S608  # as above
TRANSACTIONS = _TRANSACTIONS.format(column="reference")
MOVEMENTS = _TRANSACTIONS.format(column="record")
# In one statement, so that balance and the last transfer in it belong together.
POSITION = """SELECT p.currency, p.balance_minor, b.transfer FROM positions p, balances_as_of b
  WHERE p.account = ?1 ORDER BY p.currency"""
_LISTED = """SELECT p.id, p.message, p.place, p.kind, coalesce(s.status, p.status), coalesce(s.reason, p.reason),
    p.refusal_code, coalesce(s.text, p.text), p.route, p.debit, p.credit, p.currency, p.minor, p.reference
  FROM payments p LEFT JOIN standings s ON s.payment = p.id"""
ALL_PAYMENTS = f"{_LISTED} WHERE p.id > ?1 ORDER BY p.id LIMIT ?2"
SETTLED_PAYMENTS = f"{_LISTED} WHERE p.id > ?1 AND coalesce(s.status, p.status) = 'ACSC' ORDER BY p.id LIMIT ?2"
PAYMENTS_BY_STATUS = f"""{_LISTED} WHERE p.id IN (
    SELECT id FROM (
      SELECT id FROM payments WHERE status <> 'ACSC' AND status = ?3 AND id > ?1
        AND NOT EXISTS (SELECT 1 FROM standings WHERE payment = payments.id)
      UNION ALL
      SELECT payment AS id FROM standings WHERE status = ?3 AND payment > ?1
    ) found ORDER BY id LIMIT ?2
  ) ORDER BY p.id"""  # noqa: S608  # as above
MESSAGE_HEAD = """SELECT endpoint, received_ns, format, type, message_id, source, session, part, outcome
  FROM messages WHERE id = ?1"""
BATCH_OF_PAYMENT = """SELECT id, time_ns, last_transfer FROM batches WHERE last_payment >= ?1
  ORDER BY last_payment, id LIMIT 1"""
STATUSES_OF = "SELECT id, status, reason, text, message FROM statuses WHERE payment = ?1 ORDER BY id"
BATCH_OF_STATUS = """SELECT id, time_ns, last_transfer FROM batches WHERE last_status >= ?1
  ORDER BY last_status, id LIMIT 1"""
DECISIONS_OF = f"SELECT {_columns('decisions')} FROM decisions WHERE payment = ?1 ORDER BY id"  # noqa: S608  # as above
TRANSFERS_OF = f"""SELECT {_columns("transfers")} FROM transfers WHERE id > ?2 AND id <= ?3 AND payment = ?1
  ORDER BY id"""  # noqa: S608  # as above
LAST_TRANSFER_BEFORE = "SELECT last_transfer FROM batches WHERE id = ?1"

# --- verification of what is derived -------------------------------------------------------------

WRONG_HOLDS = """SELECT count(*) FROM holds h LEFT JOIN payments p ON p.id = h.payment
  LEFT JOIN standings s ON s.payment = h.payment WHERE coalesce(s.status, p.status, '') NOT IN ('PDNG', 'ACSP')"""
LOST_HOLDS = """SELECT count(*) FROM (
    SELECT p.id FROM payments p WHERE p.status <> 'ACSC' AND p.status IN ('PDNG', 'ACSP')
      AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.payment = p.id)
    UNION ALL SELECT payment AS id FROM standings WHERE status IN ('PDNG', 'ACSP')
  ) waiting WHERE NOT EXISTS (SELECT 1 FROM holds h WHERE h.payment = waiting.id)"""
WRONG_STANDINGS = """SELECT count(*) FROM statuses a WHERE NOT EXISTS (
    SELECT 1 FROM statuses b WHERE b.payment = a.payment AND b.id > a.id
  ) AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.payment = a.payment AND s.status = a.status)"""
LOST_DELIVERIES = """SELECT count(*) FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM pending q WHERE q.id = o.id)
  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = o.id)"""
