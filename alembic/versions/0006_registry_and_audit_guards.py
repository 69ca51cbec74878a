"""Let the database refuse illegal moves of versions, and any change of the audit log."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As `rollback.versions.TRANSITIONS` had them when this was written; a test compares the two.
_TRANSITIONS = (
    "registered verified",
    "registered quarantined",
    "verified candidate",
    "verified active",
    "verified quarantined",
    "candidate verified",
    "candidate active",
    "candidate quarantined",
    "active baseline",
    "active retired",
    "active quarantined",
    "baseline active",
    "baseline retired",
    "baseline quarantined",
    "retired active",
    "retired baseline",
    "retired quarantined",
    "quarantined registered",
    "quarantined verified",
)

# The name is of the content, so nothing that the name stands for may change under it. Who acts is
# told by `set_config('backstop.actor', …, true)`, which lasts until the transaction's end.
_VERSION_GUARD = f"""
CREATE FUNCTION backstop_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    actor text := btrim(coalesce(current_setting('backstop.actor', true), ''));
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'registered' THEN
            RAISE EXCEPTION 'version % must begin as registered, not as %', NEW.name, NEW.state
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.name, NEW.family, NEW.manifest::text, NEW.created_at)
        IS DISTINCT FROM (OLD.name, OLD.family, OLD.manifest::text, OLD.created_at) THEN
        RAISE EXCEPTION 'version % is immutable: only its state may change', OLD.name
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT OLD.state || ' ' || NEW.state = ANY (ARRAY{list(_TRANSITIONS)!r}) THEN
        RAISE EXCEPTION 'version % is % and cannot become %', OLD.name, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'quarantined' AND (actor IN ('', 'backstop') OR btrim(NEW.reason) = '') THEN
        RAISE EXCEPTION 'version % is quarantined: only a person may release it, with a reason',
            OLD.name USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

_AUDIT_GUARD = """
CREATE FUNCTION backstop_guard_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""

_TRIGGERS = (
    "CREATE TRIGGER backstop_guard BEFORE INSERT OR UPDATE ON adapters"
    " FOR EACH ROW EXECUTE FUNCTION backstop_guard_version()",
    "CREATE TRIGGER backstop_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION backstop_guard_audit()",
)

# A baseline was a role only, and a candidate stayed verified.
_NEW_STATES = (
    "UPDATE adapters SET state = 'baseline' WHERE state = 'retired'"
    " AND name IN (SELECT baseline FROM deployments)",
    "UPDATE adapters SET state = 'candidate' WHERE state = 'verified'"
    " AND name IN (SELECT candidate FROM deployments)",
)
_OLD_STATES = (
    "UPDATE adapters SET state = 'retired' WHERE state = 'baseline'",
    "UPDATE adapters SET state = 'verified' WHERE state = 'candidate'",
)


def upgrade() -> None:
    """Apply."""
    for statement in (*_NEW_STATES, _VERSION_GUARD, _AUDIT_GUARD, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for table, guard in (("audit_log", "audit"), ("adapters", "version")):
        op.execute(f"DROP TRIGGER backstop_guard ON {table}")
        op.execute(f"DROP FUNCTION backstop_guard_{guard}()")
    for statement in _OLD_STATES:
        op.execute(statement)
