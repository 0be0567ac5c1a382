//! Writing rows.

use rusqlite::{Params, params};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::RecordHome;
use visitbook_record::id::{CommitHash, DeviceId, Incarnation, OpId, RecordId, Token, WorkerId};
use visitbook_record::payload::Payload;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::Signed;

use super::Side;
use super::newest::Newest;
use super::rows::{encode, failed, join_op_ids};
use crate::store::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, ReadTx, Served,
    StoreError, StoredCommit, StoredOp, Vector, Worker, WriteTx,
};

const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

impl Side {
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<(), StoreError> {
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        statement.execute(params).map_err(failed)?;
        Ok(())
    }
}

impl WriteTx for Side {
    fn append(
        &mut self,
        scope: &Scope,
        entry: &Entry,
        released: &[OpId],
        digest: &ScopeDigest,
    ) -> Result<LogPosition, StoreError> {
        let epoch = self.epoch()?;
        let before = self.last(scope)?.map(|(at, _)| at);
        let at = LogPosition {
            epoch,
            position: before
                .filter(|before| before.epoch == epoch)
                .map_or(1, |before| before.position + 1),
        };
        let (commit, op, verdict) = match entry {
            Entry::Commit(hash) => (Some(&hash.0[..]), None, None),
            Entry::Judged { op, verdict } => (None, Some(&op.0[..]), Some(encode(verdict))),
        };
        self.run(
            "INSERT INTO log (scope, epoch, position, commit_hash, op, verdict, released, digest) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                encode(scope),
                signed(at.epoch),
                signed(at.position),
                commit,
                op,
                verdict,
                join_op_ids(released),
                digest.to_bytes()
            ],
        )?;
        self.added = Some(Newest {
            scope: *scope,
            at,
            digest: *digest,
        });
        Ok(at)
    }

    fn put_commit(&mut self, commit: StoredCommit) -> Result<(), StoreError> {
        let highest = self.head(&commit.origin)?.map(|(seq, _)| seq);
        if highest.is_none_or(|seq| commit.seq > seq) {
            self.run(
                "INSERT INTO head (device, incarnation, seq, hash) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (device, incarnation) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
                params![
                    commit.origin.device.0,
                    commit.origin.incarnation.0,
                    signed(commit.seq),
                    commit.hash.0
                ],
            )?;
        }
        self.run(
            "INSERT INTO commits (hash, device, incarnation, seq, scope, epoch, position, bytes, signature, received, ops, \
             verdicts, author_held) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                commit.hash.0,
                commit.origin.device.0,
                commit.origin.incarnation.0,
                signed(commit.seq),
                encode(&commit.scope),
                signed(commit.at.epoch),
                signed(commit.at.position),
                commit.signed.bytes,
                commit.signed.signature,
                commit.received.0,
                join_op_ids(&commit.ops),
                encode(&commit.verdicts),
                commit.author_held
            ],
        )
    }

    fn put_op(&mut self, op: StoredOp) -> Result<(), StoreError> {
        let fact = op.fact;
        let held = matches!(fact.verdict, Some(Verdict::Held { .. }));
        self.run(
            "INSERT INTO op (id, record, commit_hash, place, author, acting_as, kind, policy, target, replaces, \
             verdict, held, withheld) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
             ON CONFLICT (id) DO UPDATE SET verdict = excluded.verdict, held = excluded.held, withheld = excluded.withheld",
            params![
                fact.id.0,
                fact.record.0,
                op.commit.0,
                op.index,
                fact.author.0,
                encode(&fact.acting_as),
                fact.kind.code(),
                encode(&fact.policy),
                encode(&fact.target),
                join_op_ids(&fact.replaces),
                fact.verdict.as_ref().map(encode),
                held,
                op.withheld
            ],
        )
    }

    fn put_payload(
        &mut self,
        scope: &Scope,
        op: &OpId,
        payload: &Payload,
    ) -> Result<(), StoreError> {
        let there: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM op WHERE id = ?1)")
            .and_then(|mut s| s.query_row([&op.0[..]], |row| row.get(0)))
            .map_err(failed)?;
        if !there {
            return Err(StoreError::Missing("operation"));
        }
        let sealed = self.keys.seal(&self.db, scope, op, payload)?;
        self.run(
            "INSERT OR REPLACE INTO payload (op, scope, sealed) VALUES (?1, ?2, ?3)",
            params![op.0, encode(scope), sealed],
        )
    }

    fn remove_payload(&mut self, op: &OpId) -> Result<(), StoreError> {
        self.run("DELETE FROM payload WHERE op = ?1", [&op.0[..]])?;
        self.unname(op)
    }

    fn set_home(&mut self, record: &RecordId, home: RecordHome) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO home (record, scope, kind) VALUES (?1, ?2, ?3) ON CONFLICT (record) DO NOTHING",
            params![record.0, encode(&home.scope), home.kind.code()],
        )
    }

    fn put_statement(
        &mut self,
        scope: &Scope,
        first: LogPosition,
        statement: &Signed,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO statement (scope, epoch, first, bytes, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                encode(scope),
                signed(first.epoch),
                signed(first.position),
                statement.bytes,
                statement.signature
            ],
        )
    }

    fn put_earlier(&mut self, commit: &CommitHash, statement: &Signed) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO earlier (commit_hash, bytes, signature) VALUES (?1, ?2, ?3) ON CONFLICT (commit_hash) DO NOTHING",
            params![commit.0, statement.bytes, statement.signature],
        )
    }

    fn open_epoch(&mut self, number: u64) -> Result<(), StoreError> {
        self.run(
            "UPDATE meta SET value = ?1 WHERE key = 'epoch'",
            [number.to_string()],
        )?;
        self.run("UPDATE enrolment SET ends = 0 WHERE spent_by IS NULL", [])?;
        self.run(
            "INSERT OR IGNORE INTO unconfirmed (device) VALUES (x'')",
            [],
        )
    }

    fn put_unconfirmed(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO unconfirmed (device) VALUES (?1)",
            [&device.0[..]],
        )
    }

    fn confirm(&mut self, device: Option<&DeviceId>) -> Result<(), StoreError> {
        let name: &[u8] = device.map_or(&[], |device| &device.0[..]);
        self.run("DELETE FROM unconfirmed WHERE device = ?1", [name])
    }

    fn put_served(&mut self, served: Served) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO served (at, device, worker, scope) VALUES (?1, ?2, ?3, ?4)",
            params![
                served.at.0,
                served.device.0,
                served.worker.0,
                encode(&served.scope)
            ],
        )
    }

    fn put_family_post(&mut self, post: FamilyPost) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO family_post (hash, session, place, record, bytes, statement, signature, placed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (hash) DO UPDATE SET placed = excluded.placed",
            params![
                post.hash,
                post.session,
                signed(post.index),
                post.record.0,
                post.bytes,
                post.statement.bytes,
                post.statement.signature,
                post.placed
            ],
        )
    }

    fn put_family_session(&mut self, session: FamilySession) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO family_session (session, child, worker, op) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (session) DO NOTHING",
            params![
                session.session,
                session.child.0,
                session.worker.0,
                session.op.0
            ],
        )
    }

    fn put_device(&mut self, device: Device) -> Result<(), StoreError> {
        let acknowledged = device.acknowledged;
        self.run(
            "INSERT INTO device (id, public_key, certificate, holder, is_writer, label, ended, acknowledged_epoch, \
             acknowledged_position, last_heard) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (id) DO UPDATE SET certificate = excluded.certificate, label = excluded.label, \
             ended = excluded.ended, acknowledged_epoch = excluded.acknowledged_epoch, \
             acknowledged_position = excluded.acknowledged_position, last_heard = excluded.last_heard",
            params![
                device.id.0,
                device.public_key,
                device.certificate,
                device.holder.0,
                device.is_writer,
                device.label,
                device.ended,
                acknowledged.map(|at| signed(at.epoch)),
                acknowledged.map(|at| signed(at.position)),
                device.last_heard.map(|time| time.0)
            ],
        )
    }

    fn set_counter(
        &mut self,
        device: &DeviceId,
        incarnation: &Incarnation,
        counter: u64,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO counter (device, incarnation, used) VALUES (?1, ?2, ?3) \
             ON CONFLICT (device, incarnation) DO UPDATE SET used = excluded.used",
            params![device.0, incarnation.0, signed(counter)],
        )
    }

    fn put_token(
        &mut self,
        device: &DeviceId,
        presented: Option<&Token>,
        token: &Token,
        vector: &Vector,
    ) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM token WHERE device = ?1 AND token IS NOT ?2",
            params![device.0, presented.map(|token| token.0)],
        )?;
        let pairs: Vec<(Scope, LogPosition)> =
            vector.iter().map(|(scope, at)| (*scope, *at)).collect();
        self.run(
            "INSERT OR REPLACE INTO token (device, token, vector) VALUES (?1, ?2, ?3)",
            params![device.0, token.0, encode(&pairs)],
        )
    }

    fn end_assignment(
        &mut self,
        worker: &WorkerId,
        child: &RecordId,
        at: LogPosition,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE assignment SET until_epoch = ?3, until_position = ?4 \
             WHERE worker = ?1 AND child = ?2 AND until_position IS NULL",
            params![worker.0, child.0, signed(at.epoch), signed(at.position)],
        )
    }

    fn put_assignment(&mut self, assignment: Assignment) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO assignment (worker, from_epoch, from_position, child, role, until_epoch, until_position) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                assignment.worker.0,
                signed(assignment.from.epoch),
                signed(assignment.from.position),
                assignment.child.0,
                encode(&assignment.role),
                assignment.until.map(|at| signed(at.epoch)),
                assignment.until.map(|at| signed(at.position))
            ],
        )
    }

    fn note(&mut self, deed: &Deed) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO deed (at, by, what) VALUES (?1, ?2, ?3)",
            params![deed.at.0, deed.by.0, deed.what],
        )
    }

    fn put_worker(&mut self, worker: Worker) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO worker (id, code, manager) VALUES (?1, ?2, ?3) \
             ON CONFLICT (id) DO UPDATE SET code = excluded.code, manager = excluded.manager",
            params![worker.id.0, worker.code, worker.manager.map(|id| id.0)],
        )
    }

    fn put_enrolment(&mut self, enrolment: Enrolment) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO enrolment (secret_hash, worker, label, ends, spent_by) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (secret_hash) DO UPDATE SET spent_by = excluded.spent_by",
            params![
                enrolment.secret_hash,
                enrolment.worker.0,
                enrolment.label,
                enrolment.ends.0,
                enrolment.spent_by.map(|id| id.0)
            ],
        )
    }
}
