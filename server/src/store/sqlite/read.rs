//! Reading rows.

use std::sync::Arc;

use rusqlite::{Params, Row};
use visitbook_record::commit::{Origin, RecordKind};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Answer, Fact, RecordHome};
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, StatementHash, Token, WorkerId,
};
use visitbook_record::op::Kind;
use visitbook_record::payload::Payload;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{ReceiptStatement, Signed};

use super::Side;
use super::rows::{
    bound, decoded, encode, failed, fixed, fixed_or_null, get, number, op_ids, position,
    position_or_null,
};
use crate::store::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, LogRow, ReadTx, Served,
    StoreError, StoredCommit, StoredOp, Vector, Worker,
};

impl Side {
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params).map_err(failed)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            all.push(read(row)?);
        }
        Ok(all)
    }

    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params).map_err(failed)?;
        rows.next().map_err(failed)?.map(read).transpose()
    }

    fn stored_op(&self, row: &Row<'_>) -> Result<StoredOp, StoreError> {
        let id = OpId(fixed(row, 0)?);
        let content = self
            .payload(&id)?
            .and_then(|payload| payload.content().ok());
        let verdict = match get::<Option<Vec<u8>>>(row, 10)? {
            None => None,
            Some(_) => Some(decoded!(row, 10)),
        };
        let kind = u16::try_from(get::<i64>(row, 6)?)
            .map_err(|_| StoreError::Unreadable("kind of operation"))?;
        Ok(StoredOp {
            fact: Fact {
                id,
                record: RecordId(fixed(row, 1)?),
                author: WorkerId(fixed(row, 4)?),
                acting_as: decoded!(row, 5),
                kind: Kind::from_code(kind),
                policy: decoded!(row, 7),
                target: decoded!(row, 8),
                replaces: op_ids(&get::<Vec<u8>>(row, 9)?)?,
                answer: Answer::of(content.as_ref()),
                verdict,
            },
            commit: CommitHash(fixed(row, 2)?),
            index: get(row, 3)?,
            withheld: get(row, 11)?,
        })
    }
}

const OP: &str = "SELECT id, record, commit_hash, place, author, acting_as, kind, policy, target, replaces, verdict, \
                  withheld FROM op";

const DEVICE: &str = "SELECT id, public_key, certificate, holder, is_writer, label, ended, acknowledged_epoch, \
                      acknowledged_position, last_heard FROM device";

const ASSIGNMENT: &str = "SELECT worker, child, role, from_epoch, from_position, until_epoch, until_position FROM assignment";

fn device(row: &Row<'_>) -> Result<Device, StoreError> {
    Ok(Device {
        id: DeviceId(fixed(row, 0)?),
        public_key: fixed(row, 1)?,
        certificate: get(row, 2)?,
        holder: WorkerId(fixed(row, 3)?),
        is_writer: get(row, 4)?,
        label: get(row, 5)?,
        ended: get(row, 6)?,
        acknowledged: position_or_null(row, 7)?,
        last_heard: get::<Option<i64>>(row, 9)?.map(WallMillis),
    })
}

fn assignment(row: &Row<'_>) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        worker: WorkerId(fixed(row, 0)?),
        child: RecordId(fixed(row, 1)?),
        role: decoded!(row, 2),
        from: position(row, 3)?,
        until: position_or_null(row, 5)?,
    })
}

fn worker(row: &Row<'_>) -> Result<Worker, StoreError> {
    Ok(Worker {
        id: WorkerId(fixed(row, 0)?),
        code: get(row, 1)?,
        manager: fixed_or_null(row, 2)?.map(WorkerId),
    })
}

fn statement(row: &Row<'_>) -> Result<(LogPosition, Signed), StoreError> {
    let signed = Signed {
        bytes: get(row, 2)?,
        signature: get(row, 3)?,
    };
    Ok((position(row, 0)?, signed))
}

fn log_row(row: &Row<'_>) -> Result<LogRow, StoreError> {
    let entry = match (fixed_or_null(row, 2)?, fixed_or_null(row, 3)?) {
        (Some(hash), None) => Entry::Commit(CommitHash(hash)),
        (None, Some(op)) => Entry::Judged {
            op: OpId(op),
            verdict: decoded!(row, 4),
        },
        _ => return Err(StoreError::Unreadable("log row")),
    };
    Ok(LogRow {
        at: position(row, 0)?,
        entry,
        released: op_ids(&get::<Vec<u8>>(row, 5)?)?,
        digest: ScopeDigest::from_bytes(fixed(row, 6)?),
    })
}

const FAMILY_POST: &str =
    "SELECT hash, session, place, record, bytes, statement, signature, placed FROM family_post";

fn family_post(row: &Row<'_>) -> Result<FamilyPost, StoreError> {
    Ok(FamilyPost {
        hash: fixed(row, 0)?,
        session: fixed(row, 1)?,
        index: number(row, 2)?,
        record: RecordId(fixed(row, 3)?),
        bytes: get(row, 4)?,
        statement: Signed {
            bytes: get(row, 5)?,
            signature: get(row, 6)?,
        },
        placed: get(row, 7)?,
    })
}

impl ReadTx for Side {
    fn epoch(&self) -> Result<u64, StoreError> {
        self.row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
            get::<String>(row, 0)?
                .parse()
                .map_err(|_| StoreError::Unreadable("epoch"))
        })?
        .ok_or(StoreError::Missing("epoch"))
    }

    fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        self.row(&format!("{DEVICE} WHERE id = ?1"), [&id.0[..]], device)
    }

    fn devices(&self) -> Result<Vec<Device>, StoreError> {
        self.rows(&format!("{DEVICE} ORDER BY id"), [], device)
    }

    fn commit(&self, hash: &CommitHash) -> Result<Option<Arc<StoredCommit>>, StoreError> {
        self.row(
            "SELECT hash, device, incarnation, seq, scope, epoch, position, bytes, signature, received, ops, verdicts, \
             author_held FROM commits WHERE hash = ?1",
            [&hash.0[..]],
            |row| {
                Ok(Arc::new(StoredCommit {
                    hash: CommitHash(fixed(row, 0)?),
                    origin: Origin {
                        device: DeviceId(fixed(row, 1)?),
                        incarnation: Incarnation(fixed(row, 2)?),
                    },
                    seq: number(row, 3)?,
                    scope: decoded!(row, 4),
                    at: position(row, 5)?,
                    signed: Signed {
                        bytes: get(row, 7)?,
                        signature: get(row, 8)?,
                    },
                    received: WallMillis(get(row, 9)?),
                    ops: op_ids(&get::<Vec<u8>>(row, 10)?)?,
                    verdicts: decoded!(row, 11),
                    author_held: get(row, 12)?,
                }))
            },
        )
    }

    fn head(&self, origin: &Origin) -> Result<Option<(u64, CommitHash)>, StoreError> {
        self.row(
            "SELECT seq, hash FROM head WHERE device = ?1 AND incarnation = ?2",
            [&origin.device.0[..], &origin.incarnation.0[..]],
            |row| Ok((number(row, 0)?, CommitHash(fixed(row, 1)?))),
        )
    }

    fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let mut scopes: Vec<Scope> = self.rows("SELECT DISTINCT scope FROM log", [], |row| {
            Ok(decoded!(row, 0))
        })?;
        scopes.sort();
        Ok(scopes)
    }

    fn last(&self, scope: &Scope) -> Result<Option<(LogPosition, ScopeDigest)>, StoreError> {
        self.row(
            "SELECT epoch, position, digest FROM log WHERE scope = ?1 ORDER BY epoch DESC, position DESC LIMIT 1",
            [encode(scope)],
            |row| Ok((position(row, 0)?, ScopeDigest::from_bytes(fixed(row, 2)?))),
        )
    }

    fn digest_at(&self, scope: &Scope, at: LogPosition) -> Result<ScopeDigest, StoreError> {
        let (epoch, position) = bound(at);
        let digest = self.row(
            "SELECT digest FROM log WHERE scope = ?1 AND (epoch, position) <= (?2, ?3) \
             ORDER BY epoch DESC, position DESC LIMIT 1",
            (encode(scope), epoch, position),
            |row| Ok(ScopeDigest::from_bytes(fixed(row, 0)?)),
        )?;
        Ok(digest.unwrap_or_default())
    }

    fn log(
        &self,
        scope: &Scope,
        after: Option<LogPosition>,
        limit: usize,
    ) -> Result<Vec<LogRow>, StoreError> {
        let (epoch, position) = after.map_or((0, 0), bound);
        self.rows(
            "SELECT epoch, position, commit_hash, op, verdict, released, digest FROM log \
             WHERE scope = ?1 AND (epoch, position) > (?2, ?3) ORDER BY epoch, position LIMIT ?4",
            (
                encode(scope),
                epoch,
                position,
                i64::try_from(limit).unwrap_or(i64::MAX),
            ),
            log_row,
        )
    }

    fn op(&self, id: &OpId) -> Result<Option<StoredOp>, StoreError> {
        self.row(&format!("{OP} WHERE id = ?1"), [&id.0[..]], |row| {
            self.stored_op(row)
        })
    }

    fn ops_of_record(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
        self.rows(
            &format!("{OP} WHERE record = ?1 ORDER BY id"),
            [&record.0[..]],
            |row| self.stored_op(row),
        )
    }

    fn held(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
        self.rows(
            &format!("{OP} WHERE record = ?1 AND held = 1 ORDER BY id"),
            [&record.0[..]],
            |row| self.stored_op(row),
        )
    }

    fn openings(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
        // The kind is written out, because a partial index is only used where it is.
        let sql = format!("{OP} WHERE record = ?1 AND kind = 22 ORDER BY id");
        let all = self.rows(&sql, [&record.0[..]], |row| self.stored_op(row))?;
        Ok(all.into_iter().filter(|op| op.fact.is_applied()).collect())
    }

    fn payload(&self, op: &OpId) -> Result<Option<Payload>, StoreError> {
        let found = self.row(
            "SELECT scope, sealed FROM payload WHERE op = ?1",
            [&op.0[..]],
            |row| {
                let scope: Scope = decoded!(row, 0);
                Ok((scope, get::<Vec<u8>>(row, 1)?))
            },
        )?;
        found
            .map(|(scope, sealed)| self.keys.open(&self.db, &scope, op, sealed))
            .transpose()
    }

    fn home(&self, record: &RecordId) -> Result<Option<RecordHome>, StoreError> {
        self.row(
            "SELECT scope, kind FROM home WHERE record = ?1",
            [&record.0[..]],
            |row| {
                Ok(RecordHome {
                    scope: decoded!(row, 0),
                    kind: RecordKind::from_code(get(row, 1)?),
                })
            },
        )
    }

    fn statement_at(
        &self,
        scope: &Scope,
        at: LogPosition,
    ) -> Result<Option<(LogPosition, Signed)>, StoreError> {
        let (epoch, position) = bound(at);
        self.row(
            "SELECT epoch, first, bytes, signature FROM statement WHERE scope = ?1 AND (epoch, first) <= (?2, ?3) \
             ORDER BY epoch DESC, first DESC LIMIT 1",
            (encode(scope), epoch, position),
            statement,
        )
    }

    fn last_statement(&self, scope: &Scope) -> Result<Option<StatementHash>, StoreError> {
        self.row(
            "SELECT bytes FROM statement WHERE scope = ?1 ORDER BY epoch DESC, first DESC LIMIT 1",
            [encode(scope)],
            |row| Ok(ReceiptStatement::hash_of(&get::<Vec<u8>>(row, 0)?)),
        )
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<(LogPosition, Signed)>, StoreError> {
        self.rows(
            "SELECT epoch, first, bytes, signature FROM statement WHERE scope = ?1 ORDER BY epoch, first",
            [encode(scope)],
            statement,
        )
    }

    fn earlier(&self, commit: &CommitHash) -> Result<Option<Signed>, StoreError> {
        self.row(
            "SELECT bytes, signature FROM earlier WHERE commit_hash = ?1",
            [&commit.0[..]],
            |row| {
                Ok(Signed {
                    bytes: get(row, 0)?,
                    signature: get(row, 1)?,
                })
            },
        )
    }

    fn unconfirmed(&self) -> Result<Vec<Option<DeviceId>>, StoreError> {
        self.rows(
            "SELECT device FROM unconfirmed ORDER BY device",
            [],
            |row| {
                let name: Vec<u8> = get(row, 0)?;
                if name.is_empty() {
                    return Ok(None);
                }
                Ok(Some(DeviceId(fixed(row, 0)?)))
            },
        )
    }

    fn served(
        &self,
        worker: Option<&WorkerId>,
        scope: Option<&Scope>,
    ) -> Result<Vec<Served>, StoreError> {
        self.rows(
            "SELECT at, device, worker, scope FROM served \
             WHERE (?1 IS NULL OR worker = ?1) AND (?2 IS NULL OR scope = ?2) ORDER BY no",
            (worker.map(|worker| worker.0), scope.map(encode)),
            |row| {
                Ok(Served {
                    at: WallMillis(get(row, 0)?),
                    device: DeviceId(fixed(row, 1)?),
                    worker: WorkerId(fixed(row, 2)?),
                    scope: decoded!(row, 3),
                })
            },
        )
    }

    fn counter(
        &self,
        device: &DeviceId,
        incarnation: &Incarnation,
    ) -> Result<Option<u64>, StoreError> {
        self.row(
            "SELECT used FROM counter WHERE device = ?1 AND incarnation = ?2",
            [&device.0[..], &incarnation.0[..]],
            |row| number(row, 0),
        )
    }

    fn token(&self, device: &DeviceId, token: &Token) -> Result<Option<Vector>, StoreError> {
        self.row(
            "SELECT vector FROM token WHERE device = ?1 AND token = ?2",
            [&device.0[..], &token.0[..]],
            |row| {
                let pairs: Vec<(Scope, LogPosition)> = decoded!(row, 0);
                Ok(pairs.into_iter().collect())
            },
        )
    }

    fn assignments_of(&self, worker: &WorkerId) -> Result<Vec<Assignment>, StoreError> {
        self.rows(
            &format!("{ASSIGNMENT} WHERE worker = ?1 ORDER BY from_epoch, from_position, child"),
            [&worker.0[..]],
            assignment,
        )
    }

    fn family_post(&self, hash: &[u8; 32]) -> Result<Option<FamilyPost>, StoreError> {
        let sql = format!("{FAMILY_POST} WHERE hash = ?1");
        self.row(&sql, [&hash[..]], family_post)
    }

    fn family_posts(&self, session: &[u8; 16]) -> Result<Vec<FamilyPost>, StoreError> {
        let sql = format!("{FAMILY_POST} WHERE session = ?1 ORDER BY place, hash");
        self.rows(&sql, [&session[..]], family_post)
    }

    fn family_session(&self, session: &[u8; 16]) -> Result<Option<FamilySession>, StoreError> {
        self.row(
            "SELECT session, child, worker, op FROM family_session WHERE session = ?1",
            [&session[..]],
            |row| {
                Ok(FamilySession {
                    session: fixed(row, 0)?,
                    child: RecordId(fixed(row, 1)?),
                    worker: WorkerId(fixed(row, 2)?),
                    op: OpId(fixed(row, 3)?),
                })
            },
        )
    }

    fn family_sessions(&self) -> Result<Vec<[u8; 16]>, StoreError> {
        self.rows(
            "SELECT session FROM family_session UNION SELECT session FROM family_post ORDER BY session",
            [],
            |row| fixed(row, 0),
        )
    }

    fn holders_of(&self, child: &RecordId) -> Result<Vec<Assignment>, StoreError> {
        self.rows(
            &format!("{ASSIGNMENT} WHERE child = ?1 AND until_position IS NULL ORDER BY worker"),
            [&child.0[..]],
            assignment,
        )
    }

    fn worker(&self, id: &WorkerId) -> Result<Option<Worker>, StoreError> {
        self.row(
            "SELECT id, code, manager FROM worker WHERE id = ?1",
            [&id.0[..]],
            worker,
        )
    }

    fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        self.rows(
            "SELECT id, code, manager FROM worker ORDER BY id",
            [],
            worker,
        )
    }

    fn set_aside(&self) -> Result<Vec<StoredOp>, StoreError> {
        // The beginning of an encoded verdict says which one it is.
        let sql = format!("{OP} WHERE substr(verdict, 1, 2) = x'8303' ORDER BY id");
        self.rows(&sql, [], |row| self.stored_op(row))
    }

    fn deeds(&self) -> Result<Vec<Deed>, StoreError> {
        self.rows("SELECT at, by, what FROM deed ORDER BY no", [], |row| {
            Ok(Deed {
                at: WallMillis(get(row, 0)?),
                by: WorkerId(fixed(row, 1)?),
                what: get(row, 2)?,
            })
        })
    }

    fn enrolment(&self, secret_hash: &[u8; 32]) -> Result<Option<Enrolment>, StoreError> {
        self.row(
            "SELECT secret_hash, worker, label, ends, spent_by FROM enrolment WHERE secret_hash = ?1",
            [&secret_hash[..]],
            |row| {
                Ok(Enrolment {
                    secret_hash: fixed(row, 0)?,
                    worker: WorkerId(fixed(row, 1)?),
                    label: get(row, 2)?,
                    ends: WallMillis(get(row, 3)?),
                    spent_by: fixed_or_null(row, 4)?.map(DeviceId),
                })
            },
        )
    }
}
