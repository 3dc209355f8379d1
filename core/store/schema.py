"""The schema, as a list of migrations. No keys, sequences or indexes: DuckLake has none of them.

Times are UTC without a zone. Decisions are only ever added; the latest one of a capture counts.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE log.captures (
            capture_id VARCHAR NOT NULL,
            event_id VARCHAR NOT NULL,
            endpoint VARCHAR NOT NULL,
            variant VARCHAR NOT NULL,
            inferred_at TIMESTAMP NOT NULL,
            input_content_type VARCHAR NOT NULL,
            output_content_type VARCHAR NOT NULL,
            inference_id VARCHAR,
            custom_attributes VARCHAR,
            image_sha256 VARCHAR NOT NULL,
            class_id SMALLINT NOT NULL,
            confidence FLOAT NOT NULL,
            probabilities FLOAT[] NOT NULL,
            p_value DOUBLE NOT NULL,
            flagged BOOLEAN NOT NULL,
            reasons VARCHAR[] NOT NULL,
            model_sha256 VARCHAR NOT NULL,
            source VARCHAR,
            label SMALLINT,
            attack VARCHAR,
            target SMALLINT,
            clean_sha256 VARCHAR)""",
        """CREATE TABLE log.images (
            sha256 VARCHAR NOT NULL,
            media_type VARCHAR NOT NULL,
            content BLOB NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL)""",
        """CREATE TABLE log.decisions (
            capture_id VARCHAR NOT NULL,
            verdict VARCHAR NOT NULL,
            right_class SMALLINT,
            note VARCHAR NOT NULL,
            analyst VARCHAR NOT NULL,
            decided_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE log.executions (
            execution_id VARCHAR NOT NULL,
            trigger VARCHAR NOT NULL,
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
    ),
)
