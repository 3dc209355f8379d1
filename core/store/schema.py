"""The schema, as a list of migrations. No keys, sequences or indexes: DuckLake has none of them.

Times are UTC without a zone. Decisions, assignments and settings are only ever added; the latest
one counts (of decisions, the latest that was not withdrawn).
An image may stand in the log more than once (core.store.images). Lists are packed: words as
JSON, probabilities as little-endian float32 (core.store.rows). A tensor names its content by
SHA-256 and by whose it is: of a step, or of the weights, which keep theirs once for all steps.
Executions and schedules are numbered in the order in which they came, whatever the clock said; an
execution under way is replaced by its end.
A capture id begins with the time of its capture (core.capture.writer.capture_id), so that the log
finds it without reading through all of them; where the store allows it, ids lie there uncompressed
(they hardly shrink, and reading a few of them is ten times as fast).
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE log.captures (
            capture_id UUID NOT NULL{uncompressed},
            event_id VARCHAR NOT NULL,
            position INTEGER NOT NULL,
            endpoint VARCHAR NOT NULL,
            variant VARCHAR NOT NULL,
            inferred_at TIMESTAMP NOT NULL,
            input_content_type VARCHAR,
            output_content_type VARCHAR,
            inference_id VARCHAR,
            custom_attributes VARCHAR,
            image_sha256 VARCHAR,
            class_id INTEGER,
            confidence FLOAT,
            probabilities BLOB,
            p_value DOUBLE,
            flagged BOOLEAN,
            reasons VARCHAR,
            model_sha256 VARCHAR,
            source VARCHAR,
            label INTEGER,
            attack VARCHAR,
            target INTEGER,
            clean_sha256 VARCHAR,
            input_data VARCHAR,
            input_encoding VARCHAR,
            output_data VARCHAR,
            output_encoding VARCHAR,
            envelope VARCHAR)""",
        """CREATE TABLE log.images (
            sha256 VARCHAR NOT NULL,
            media_type VARCHAR NOT NULL,
            content BLOB NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            added_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.decisions (
            capture_id UUID NOT NULL{uncompressed},
            verdict VARCHAR NOT NULL,
            right_class INTEGER,
            note VARCHAR NOT NULL,
            analyst VARCHAR NOT NULL,
            decided_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.executions (
            execution_id VARCHAR NOT NULL,
            trigger VARCHAR NOT NULL,
            schedule VARCHAR,
            status VARCHAR NOT NULL,
            message VARCHAR NOT NULL,
            window_start TIMESTAMP NOT NULL,
            window_end TIMESTAMP NOT NULL,
            endpoint VARCHAR,
            threshold DOUBLE NOT NULL,
            started_at TIMESTAMP NOT NULL,
            ended_at TIMESTAMP NOT NULL,
            figures JSON NOT NULL,
            violations JSON NOT NULL)""",
        """CREATE TABLE log.monitor_settings (
            threshold DOUBLE NOT NULL,
            window_minutes INTEGER NOT NULL,
            changed_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.capture_settings (
            endpoint VARCHAR NOT NULL,
            enabled BOOLEAN NOT NULL,
            sampling DOUBLE NOT NULL,
            mode VARCHAR NOT NULL,
            changed_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.ground_truth (
            reference VARCHAR NOT NULL,
            position INTEGER NOT NULL,
            class_id INTEGER NOT NULL,
            data VARCHAR NOT NULL,
            encoding VARCHAR NOT NULL,
            path VARCHAR NOT NULL,
            hour TIMESTAMP NOT NULL,
            envelope VARCHAR,
            merged_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.unreadable (
            path VARCHAR NOT NULL,
            line BIGINT NOT NULL,
            endpoint VARCHAR,
            variant VARCHAR,
            inferred_at TIMESTAMP,
            reason VARCHAR NOT NULL,
            content VARCHAR NOT NULL)""",
        """CREATE TABLE log.imports (
            path VARCHAR NOT NULL,
            bytes BIGINT NOT NULL,
            sha256 VARCHAR NOT NULL,
            lines BIGINT NOT NULL,
            stored BIGINT NOT NULL,
            repeated BIGINT NOT NULL,
            unreadable BIGINT NOT NULL,
            ground_truth BIGINT NOT NULL,
            imported_at TIMESTAMP NOT NULL)""",
    ),
    (
        """CREATE TABLE log.tensor_records (
            step BIGINT NOT NULL,
            mode VARCHAR NOT NULL,
            mode_step BIGINT NOT NULL,
            capture_id UUID NOT NULL,
            captured_at TIMESTAMP NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            why VARCHAR NOT NULL,
            model_sha256 VARCHAR NOT NULL,
            size BIGINT NOT NULL,
            passed VARCHAR NOT NULL)""",
        """CREATE TABLE log.tensors (
            step BIGINT NOT NULL,
            position INTEGER NOT NULL,
            name VARCHAR NOT NULL,
            shape VARCHAR NOT NULL,
            dtype VARCHAR NOT NULL,
            minimum DOUBLE NOT NULL,
            mean DOUBLE NOT NULL,
            maximum DOUBLE NOT NULL,
            std DOUBLE NOT NULL,
            zeros DOUBLE NOT NULL,
            owner VARCHAR NOT NULL,
            digest VARCHAR NOT NULL)""",
        """CREATE TABLE log.tensor_contents (
            owner VARCHAR NOT NULL,
            digest VARCHAR NOT NULL,
            content BLOB NOT NULL)""",
    ),
    (
        """CREATE TABLE log.baselines (
            baseline_id VARCHAR NOT NULL,
            origin VARCHAR NOT NULL,
            created_at TIMESTAMP NOT NULL,
            predictions BIGINT NOT NULL,
            statistics VARCHAR NOT NULL,
            constraints VARCHAR NOT NULL)""",
        """CREATE TABLE log.baselines_in_force (
            baseline_id VARCHAR NOT NULL,
            chosen_at TIMESTAMP NOT NULL)""",
    ),
    (
        "ALTER TABLE log.executions ADD COLUMN outcomes JSON DEFAULT '[]'",
        "ALTER TABLE log.executions ADD COLUMN baseline_id VARCHAR",
    ),
    (
        """CREATE TABLE log.notices (
            notice_id VARCHAR NOT NULL,
            kind VARCHAR NOT NULL,
            endpoint VARCHAR,
            since TIMESTAMP NOT NULL,
            violations VARCHAR NOT NULL,
            execution_id VARCHAR,
            window_end TIMESTAMP NOT NULL,
            made_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.notice_deliveries (
            notice_id VARCHAR NOT NULL,
            channel VARCHAR NOT NULL,
            delivered BOOLEAN NOT NULL,
            reason VARCHAR NOT NULL,
            delivered_at TIMESTAMP NOT NULL)""",
    ),
    (
        """CREATE TABLE log.withdrawals (
            capture_id UUID NOT NULL{uncompressed},
            decided_by VARCHAR NOT NULL,
            decided_at TIMESTAMP NOT NULL,
            analyst VARCHAR NOT NULL,
            withdrawn_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.assignments (
            capture_id UUID NOT NULL{uncompressed},
            analyst VARCHAR NOT NULL,
            seat VARCHAR NOT NULL,
            taken_at TIMESTAMP NOT NULL,
            until TIMESTAMP NOT NULL)""",
    ),
    (
        """CREATE TABLE log.stream_settings (
            false_alarm_every DOUBLE NOT NULL,
            changed_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.stream_state (
            revision BIGINT NOT NULL,
            state VARCHAR NOT NULL)""",
        """CREATE TABLE log.stream_evidence (
            channel VARCHAR NOT NULL,
            seen_at TIMESTAMP NOT NULL,
            evidence DOUBLE NOT NULL)""",
        "CREATE TABLE log.stream_skipped (capture_id UUID NOT NULL)",
    ),
    (
        "ALTER TABLE log.executions ADD COLUMN due_at TIMESTAMP",
        "ALTER TABLE log.executions ADD COLUMN number BIGINT",
        """CREATE TABLE log.execution_logs (
            execution_id VARCHAR NOT NULL,
            lines VARCHAR NOT NULL,
            unreadable VARCHAR NOT NULL)""",
        """CREATE TABLE log.schedules (
            number BIGINT NOT NULL,
            name VARCHAR NOT NULL,
            expression VARCHAR NOT NULL,
            begins BIGINT,
            ends BIGINT NOT NULL,
            endpoint VARCHAR,
            threshold DOUBLE,
            definition VARCHAR,
            status VARCHAR NOT NULL,
            created_at TIMESTAMP NOT NULL,
            changed_at TIMESTAMP NOT NULL,
            runs_from TIMESTAMP NOT NULL)""",
    ),
    (
        """CREATE TABLE log.drills (
            drill_id VARCHAR NOT NULL,
            began_at TIMESTAMP NOT NULL,
            report VARCHAR NOT NULL)""",
    ),
)
