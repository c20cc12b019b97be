"""Invariants of a project's rows, each as one query that returns the rows that break it.

The queries use none of the code that writes the rows, so a fault there does not hide itself. They read a snapshot
(`Database.snapshot`) and are also right on a restored backup, where constraints or triggers may be missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from prewatt_platform.kernel.tenancy import Work

FINDINGS_MAX: Final = 20
"""Findings kept of each check; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the rows are not as promised, with both sides."""

    subject: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its code in `docs/administrators.md`, its promise, and the query for `Finding` rows."""

    code: str
    promise: str
    sql: str


CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "M1",
        "each transfer has two entries or more, and the entries of each funding sum to zero",
        """
        SELECT 'transfer ' || t.id, 'two entries or more', count(e.line)::text
          FROM transfers t LEFT JOIN entries e ON e.project_id = t.project_id AND e.transfer_id = t.id
          WHERE t.project_id = :project GROUP BY t.id HAVING count(e.line) < 2
        UNION ALL
        SELECT 'transfer ' || e.transfer_id || ' ' || a.funding, '0 fen', sum(e.amount_fen) || ' fen'
          FROM entries e JOIN ledger_accounts a ON a.project_id = e.project_id AND a.id = e.account_id
          WHERE e.project_id = :project GROUP BY e.transfer_id, a.funding HAVING sum(e.amount_fen) <> 0""",
    ),
    Check(
        "M2",
        "each kept balance, also the running one of each entry, is the sum of its account's entries",
        """
        WITH folded AS (
          SELECT account_id, sequence, balance_after_fen,
              sum(amount_fen) OVER account AS sum_fen, row_number() OVER account AS nth
            FROM entries WHERE project_id = :project WINDOW account AS (PARTITION BY account_id ORDER BY sequence))
        SELECT 'entry ' || sequence || ' of account ' || account_id,
            'entry ' || nth || ' with ' || sum_fen || ' fen', balance_after_fen || ' fen'
          FROM folded WHERE sequence <> nth OR balance_after_fen <> sum_fen
        UNION ALL
        SELECT 'balance of account ' || b.account_id, coalesce(sum(e.amount_fen), 0) || ' fen', b.amount_fen || ' fen'
          FROM balances b LEFT JOIN entries e ON e.project_id = b.project_id AND e.account_id = b.account_id
          WHERE b.project_id = :project GROUP BY b.account_id, b.amount_fen, b.sequence
          HAVING b.amount_fen <> coalesce(sum(e.amount_fen), 0) OR b.sequence <> count(e.line)""",
    ),
    Check(
        "M3",
        "entries, transfers, idempotency keys and audit events cannot be changed or deleted",
        """
        SELECT 'table ' || name, 'no right to change it, two triggers that refuse',
            concat_ws(', ', CASE WHEN right_to_change THEN 'a right to change it' END, triggers || ' triggers')
          FROM (
            SELECT name,
                has_table_privilege('prewatt_app', name, 'UPDATE, DELETE, TRUNCATE') AS right_to_change,
                (SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(name) AND tgenabled IN ('O', 'A')
                  AND tgname IN (name || '_append_only', name || '_keep_all')) AS triggers
              FROM unnest(ARRAY['entries', 'transfers', 'audit_events', 'idempotency_keys']) AS name) AS guarded
          WHERE right_to_change OR triggers < 2""",
    ),
    Check(
        "M4",
        "the database holds every rule that makes money move once: unique keys and triggers are in place",
        """
        SELECT 'index ' || name, 'valid', 'missing or invalid'
          FROM unnest(ARRAY['idempotency_keys_pkey', 'transfers_reserved_once', 'transfers_ended_once',
            'transfers_reversed_once', 'orders_one_a_count', 'commands_one_open_money_order']) AS name
          WHERE NOT EXISTS (SELECT FROM pg_index
            WHERE indexrelid = to_regclass(name) AND indisunique AND indisvalid)
        UNION ALL
        SELECT 'trigger ' || name, 'enabled', 'missing or disabled'
          FROM unnest(ARRAY['entries_continue', 'entries_balance', 'transfers_balance', 'balances_follow',
            'balances_follow_entries']) AS name
          WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = name AND tgenabled IN ('O', 'A'))""",
    ),
    Check(
        "M5",
        "each order is reserved once and ends once, as its state says, and holds its money only until then",
        """
        WITH orders AS (
          SELECT c.id, s.receipt_number, c.state, CASE c.state
              WHEN 'APPLIED' THEN ARRAY['apply', 'reserve']
              WHEN 'VOIDED' THEN ARRAY['reserve', 'void'] ELSE ARRAY['reserve'] END AS steps_due,
              CASE WHEN c.state IN ('APPLIED', 'VOIDED') THEN 0 ELSE s.amount_fen + s.fee_fen + s.owed_fen + s.property_fen END AS held_due_fen
            FROM commands c JOIN orders s ON s.project_id = c.project_id AND s.command_id = c.id
            WHERE c.project_id = :project),
        posted AS (
          SELECT subject, array_agg(step ORDER BY step) AS steps FROM transfers
            WHERE project_id = :project AND step <> 'post' GROUP BY subject),
        held AS (
          SELECT a.owner, sum(b.amount_fen) AS held_fen
            FROM ledger_accounts a JOIN balances b ON b.project_id = a.project_id AND b.account_id = a.id
            WHERE a.project_id = :project AND a.kind = 'pending' GROUP BY a.owner)
        SELECT 'order ' || o.receipt_number || ' ' || o.state,
            array_to_string(o.steps_due, ', ') || ', ' || o.held_due_fen || ' fen reserved',
            coalesce(array_to_string(p.steps, ', '), 'nothing') || ', ' || coalesce(h.held_fen, 0) || ' fen reserved'
          FROM orders o LEFT JOIN posted p ON p.subject = o.id LEFT JOIN held h ON h.owner = o.id::text
          WHERE p.steps IS DISTINCT FROM o.steps_due OR coalesce(h.held_fen, 0) <> o.held_due_fen""",
    ),
    Check(
        "M6",
        "a reversal moves as much as the transfer that it reverses, which is reversed once and is no reversal",
        """
        SELECT 'transfer ' || r.id, o.kind || ' of ' || moved.original_fen || ' fen, reversed once',
            moved.reversal_fen || ' fen, reversed ' || moved.times || ' times'
          FROM transfers r JOIN transfers o ON o.project_id = r.project_id AND o.id = r.reverses,
          LATERAL (SELECT
            (SELECT coalesce(sum(amount_fen), 0) FROM entries
              WHERE project_id = o.project_id AND transfer_id = o.id AND amount_fen > 0) AS original_fen,
            (SELECT coalesce(sum(amount_fen), 0) FROM entries
              WHERE project_id = r.project_id AND transfer_id = r.id AND amount_fen > 0) AS reversal_fen,
            (SELECT count(*) FROM transfers
              WHERE project_id = o.project_id AND reverses = o.id) AS times) AS moved
          WHERE r.project_id = :project
            AND (moved.original_fen <> moved.reversal_fen OR moved.times > 1 OR o.reverses IS NOT NULL)""",
    ),
    Check(
        "M7",
        "accounts that may not be overdrawn are not",
        """
        SELECT 'account ' || a.kind || ' ' || a.owner, '0 fen or more', b.amount_fen || ' fen'
          FROM ledger_accounts a JOIN balances b ON b.project_id = a.project_id AND b.account_id = a.id
          WHERE a.project_id = :project AND a.kind IN ('pending', 'delivered', 'in transit') AND b.amount_fen < 0""",
    ),
    Check(
        "M8",
        "money, prices and energies are whole numbers in every column",
        """
        SELECT 'column ' || table_name || '.' || column_name, 'an integer type', udt_name
          FROM information_schema.columns
          WHERE table_schema = 'public' AND column_name ~ '_(fen|e4|centikwh|w|dv|ca|chz)$'
            AND udt_name NOT IN ('int4', 'int8', '_int4', '_int8')""",
    ),
    Check(
        "M9",
        "what was received and granted equals what was delivered, charged, reserved and kept",
        """
        SELECT a.funding || ' money', '0 fen over all accounts', sum(b.amount_fen) || ' fen'
          FROM ledger_accounts a JOIN balances b ON b.project_id = a.project_id AND b.account_id = a.id
          WHERE a.project_id = :project GROUP BY a.funding HAVING sum(b.amount_fen) <> 0""",
    ),
    Check(
        "M10",
        "each order keeps the prices and the multiplier of its day",
        """
        SELECT 'sale ' || receipt_number, 'prices and a multiplier of 1 or more',
            cardinality(prices_e4) || ' prices, multiplier ' || multiplier
          FROM orders WHERE project_id = :project
            AND (cardinality(prices_e4) = 0 OR 0 > ANY (prices_e4) OR multiplier < 1)""",
    ),
    Check(
        "F1",
        "what an account owes is what was charged less what sales settled; the charges of a batch add up to its total",
        """
        WITH moves AS (
          SELECT account_id::text AS owner, -amount_fen AS fen FROM charges
            WHERE project_id = :project AND batch_id NOT IN
              (SELECT batch_id FROM charge_reversals WHERE project_id = :project)
          UNION ALL
          SELECT o.account_id::text, CASE o.kind WHEN 'SALE' THEN o.owed_fen ELSE -o.owed_fen END
            FROM orders o JOIN commands c ON c.project_id = o.project_id AND c.id = o.command_id
            WHERE o.project_id = :project AND o.owed_fen > 0
              AND CASE o.kind WHEN 'SALE' THEN c.state = 'APPLIED' ELSE c.state <> 'VOIDED' END),
        due AS (SELECT owner, sum(fen) AS fen FROM moves GROUP BY owner),
        kept AS (
          SELECT a.owner, b.amount_fen AS fen
            FROM ledger_accounts a JOIN balances b ON b.project_id = a.project_id AND b.account_id = a.id
            WHERE a.project_id = :project AND a.kind = 'owed')
        SELECT 'fees of account ' || owner, least(coalesce(due.fen, 0), 0) || ' fen', coalesce(kept.fen, 0) || ' fen'
          FROM due FULL JOIN kept USING (owner)
          WHERE coalesce(due.fen, 0) <> coalesce(kept.fen, 0) OR kept.fen > 0
        UNION ALL
        SELECT 'charges of ' || b.document, b.total_fen || ' fen', coalesce(sum(c.amount_fen), 0) || ' fen'
          FROM charge_batches b LEFT JOIN charges c ON c.project_id = b.project_id AND c.batch_id = b.id
          WHERE b.project_id = :project GROUP BY b.id, b.document, b.total_fen
          HAVING b.total_fen <> coalesce(sum(c.amount_fen), 0)""",
    ),
    Check(
        "G1",
        "granted credit comes from programmes and never from or into a till; a point has one allowance a month",
        """
        SELECT 'grant ' || o.receipt_number, 'granted money only', a.kind || ' of ' || a.funding || ' money'
          FROM orders o JOIN transfers t ON t.project_id = o.project_id AND t.subject = o.command_id
            JOIN entries e ON e.project_id = t.project_id AND e.transfer_id = t.id
            JOIN ledger_accounts a ON a.project_id = e.project_id AND a.id = e.account_id
          WHERE o.project_id = :project AND o.kind = 'GRANT' AND a.funding <> 'GRANTED'
        UNION ALL
        SELECT 'account ' || a.kind || ' ' || a.owner, 'no granted money', b.amount_fen || ' fen'
          FROM ledger_accounts a JOIN balances b ON b.project_id = a.project_id AND b.account_id = a.id
          WHERE a.project_id = :project AND a.funding = 'GRANTED' AND a.kind IN ('till', 'vault', 'fees')
            AND b.sequence > 0
        UNION ALL
        SELECT 'allowance of ' || to_char(g.month, 'YYYY-MM') || ', ' || min(o.place), 'one', count(*)::text
          FROM grants r JOIN grant_batches g ON g.project_id = r.project_id AND g.id = r.batch_id
            JOIN orders o ON o.project_id = r.project_id AND o.command_id = r.command_id
            JOIN commands c ON c.project_id = r.project_id AND c.id = r.command_id
          WHERE r.project_id = :project AND g.month IS NOT NULL AND c.state <> 'VOIDED'
          GROUP BY o.point_id, g.month HAVING count(*) > 1""",
    ),
    Check(
        "A2",
        "the head of the audit chain on each day's closing is an event of the chain",
        """
        SELECT 'closing of ' || d.day, 'event ' || d.audit_sequence || ' as printed',
            CASE WHEN e.sequence IS NULL THEN 'no such event' ELSE 'another event' END
          FROM day_closings d LEFT JOIN audit_events e ON e.project_id = d.project_id AND e.sequence = d.audit_sequence
          WHERE d.project_id = :project AND d.audit_sequence > 0 AND e.hash IS DISTINCT FROM d.audit_hash""",
    ),
    Check(
        "T1",
        "one purchase count of a meter's epoch belongs to one order",
        """
        SELECT 'meter ' || min(meter_number) || ', epoch ' || epoch || ', count ' || planned_count,
            'one order', count(*)::text
          FROM orders WHERE project_id = :project AND planned_count IS NOT NULL
          GROUP BY meter_id, epoch, planned_count HAVING count(*) > 1""",
    ),
    Check(
        "T3",
        "a meter has one open money order at most",
        """
        SELECT 'meter ' || m.number, 'one open order at most', count(*)::text
          FROM commands c JOIN meters m ON m.project_id = c.project_id AND m.id = c.meter_id
            JOIN orders s ON s.project_id = c.project_id AND s.command_id = c.id
          WHERE c.project_id = :project AND c.due_at IS NOT NULL GROUP BY m.number HAVING count(*) > 1""",
    ),
    Check(
        "T5",
        "a sale is applied with the evidence from the meter, and only then",
        """
        SELECT 'sale ' || s.receipt_number || ' ' || c.state,
            CASE c.state WHEN 'APPLIED' THEN 'time and evidence' ELSE 'no time' END,
            CASE WHEN s.applied_at IS NULL THEN 'no time' ELSE 'time' END
              || CASE WHEN s.evidence IS NULL THEN ', no evidence' ELSE ', evidence' END
          FROM orders s JOIN commands c ON c.project_id = s.project_id AND c.id = s.command_id
          WHERE s.project_id = :project
            AND ((c.state = 'APPLIED') <> (s.applied_at IS NOT NULL) OR (c.state = 'APPLIED' AND s.evidence IS NULL))""",
    ),
)


async def broken(work: Work, check: Check) -> tuple[int, Sequence[Finding]]:
    """How many findings a check has in this project, and the first `FINDINGS_MAX` of them in order."""
    # the query is a constant of this module
    rows = await work.session.execute(
        text(
            f"SELECT subject, expected, found, count(*) OVER () AS findings FROM ({check.sql})"  # noqa: S608 - see above
            " AS broken (subject, expected, found) ORDER BY subject LIMIT :most"
        ),
        {"project": work.project_id, "most": FINDINGS_MAX},
    )
    found = list(rows)
    return (found[0].findings if found else 0), [Finding(row[0], row[1], row[2]) for row in found]
