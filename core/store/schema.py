"""The schema, as a list of migrations. No keys, sequences or indexes: DuckLake has none of them.

Times are UTC without a zone. Decisions, assignments and settings are only ever added; the latest
one counts (of decisions, the latest that was not withdrawn).
An image may stand in the log more than once (core.store.images). Lists are packed: words as
JSON, probabilities as little-endian float32 (core.store.rows). A tensor names its content by
SHA-256 and by whose it is: of a step, or of the weights, which keep theirs once for all steps.
Runs and schedules are numbered in the order in which they came, whatever the clock showed; a run
under way is replaced by its end.
A capture id begins with the time of its capture (core.capture.writer.capture_id), so that the log
finds it without reading through all of them; where the store allows it, ids lie there uncompressed
(they hardly shrink, and reading a few of them is ten times as fast).
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE log.captures (
            capture_id UUID NOT NULL{uncompressed},  -- begins with the time of the capture
            event_id VARCHAR NOT NULL,  -- of the request; its images share it
            position INTEGER NOT NULL,  -- of the image in the request, from 0
            endpoint VARCHAR NOT NULL,
            variant VARCHAR NOT NULL,  -- as SageMaker names it
            inferred_at TIMESTAMP NOT NULL,  -- time of the prediction
            input_content_type VARCHAR,
            output_content_type VARCHAR,
            inference_id VARCHAR,  -- X-Amzn-SageMaker-Inference-Id
            custom_attributes VARCHAR,  -- X-Amzn-SageMaker-Custom-Attributes
            image_sha256 VARCHAR,  -- in images; null where no image was captured
            class_id INTEGER,  -- predicted class; null where no answer was captured
            confidence FLOAT,  -- of the predicted class
            probabilities BLOB,  -- of all classes, little-endian float32
            p_value DOUBLE,  -- suspicion; null without a calibration
            flagged BOOLEAN,  -- whether the prediction is suspicious
            reasons VARCHAR,  -- of the flag, a JSON list
            model_sha256 VARCHAR,  -- of the weights that predicted
            source VARCHAR,  -- who sent it, as the sender says
            label INTEGER,  -- true class, as the sender says
            attack VARCHAR,  -- that made the image, as the sender says
            target INTEGER,  -- class that the attack aimed at, as the sender says
            clean_sha256 VARCHAR,  -- clean image of an adversarial one, in images
            input_data VARCHAR,  -- payload of an imported request, where it is kept as it came
            input_encoding VARCHAR,  -- CSV, JSON or BASE64
            output_data VARCHAR,  -- answer of an imported request, where it is kept as it came
            output_encoding VARCHAR,  -- CSV, JSON or BASE64
            envelope VARCHAR  -- rest of an imported line, where it is not the standard one
        )""",
        """CREATE TABLE log.images (
            sha256 VARCHAR NOT NULL,  -- of the content
            media_type VARCHAR NOT NULL,
            content BLOB NOT NULL,  -- image file, or pixels as np.save writes them
            width INTEGER NOT NULL,  -- in pixels
            height INTEGER NOT NULL,  -- in pixels
            added_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.decisions (
            capture_id UUID NOT NULL{uncompressed},
            verdict VARCHAR NOT NULL,
            right_class INTEGER,  -- true class; null where the verdict needs none
            note VARCHAR NOT NULL,
            analyst VARCHAR NOT NULL,
            decided_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.executions (
            execution_id VARCHAR NOT NULL,
            trigger VARCHAR NOT NULL,  -- what started the run
            schedule VARCHAR,  -- null where none started it
            status VARCHAR NOT NULL,  -- SageMaker's state
            message VARCHAR NOT NULL,
            window_start TIMESTAMP NOT NULL,
            window_end TIMESTAMP NOT NULL,
            endpoint VARCHAR,  -- null: all endpoints
            threshold DOUBLE NOT NULL,  -- of the class share
            started_at TIMESTAMP NOT NULL,
            ended_at TIMESTAMP NOT NULL,
            figures JSON NOT NULL,  -- counts and means of the window
            violations JSON NOT NULL
        )""",
        """CREATE TABLE log.monitor_settings (
            threshold DOUBLE NOT NULL,  -- of the class share
            window_minutes INTEGER NOT NULL,
            changed_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.capture_settings (
            endpoint VARCHAR NOT NULL,
            enabled BOOLEAN NOT NULL,
            sampling DOUBLE NOT NULL,  -- percentage of requests
            mode VARCHAR NOT NULL,  -- Input, Output or InputAndOutput
            changed_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.ground_truth (
            reference VARCHAR NOT NULL,  -- inference id or event id
            position INTEGER NOT NULL,  -- of the image in the request, from 0
            class_id INTEGER NOT NULL,  -- true class
            data VARCHAR NOT NULL,  -- as it came
            encoding VARCHAR NOT NULL,
            path VARCHAR NOT NULL,  -- file that it came from
            hour TIMESTAMP NOT NULL,  -- of that file
            envelope VARCHAR,  -- other fields of the line, JSON
            merged_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.unreadable (
            path VARCHAR NOT NULL,  -- file
            line BIGINT NOT NULL,  -- number in the file, from 1
            endpoint VARCHAR,
            variant VARCHAR,
            inferred_at TIMESTAMP,
            reason VARCHAR NOT NULL,  -- why it cannot be read
            content VARCHAR NOT NULL  -- the line
        )""",
        """CREATE TABLE log.imports (
            path VARCHAR NOT NULL,  -- file
            bytes BIGINT NOT NULL,  -- imported so far
            sha256 VARCHAR NOT NULL,  -- of these bytes
            lines BIGINT NOT NULL,
            stored BIGINT NOT NULL,
            repeated BIGINT NOT NULL,  -- known already
            unreadable BIGINT NOT NULL,
            ground_truth BIGINT NOT NULL,
            imported_at TIMESTAMP NOT NULL
        )""",
    ),
    (
        """CREATE TABLE log.tensor_records (
            step BIGINT NOT NULL,  -- number of the record
            mode VARCHAR NOT NULL,
            mode_step BIGINT NOT NULL,  -- number within its mode
            capture_id UUID NOT NULL,
            captured_at TIMESTAMP NOT NULL,
            recorded_at TIMESTAMP NOT NULL,
            why VARCHAR NOT NULL,  -- what asked for the record
            model_sha256 VARCHAR NOT NULL,
            size BIGINT NOT NULL,  -- in bytes
            passed VARCHAR NOT NULL  -- what the pass says of itself, JSON
        )""",
        """CREATE TABLE log.tensors (
            step BIGINT NOT NULL,
            position INTEGER NOT NULL,  -- order within the record
            name VARCHAR NOT NULL,  -- as Debugger names it
            shape VARCHAR NOT NULL,
            dtype VARCHAR NOT NULL,
            minimum DOUBLE NOT NULL,
            mean DOUBLE NOT NULL,
            maximum DOUBLE NOT NULL,
            std DOUBLE NOT NULL,  -- standard deviation
            zeros DOUBLE NOT NULL,  -- share of zeros
            owner VARCHAR NOT NULL,  -- the step, or the weights
            digest VARCHAR NOT NULL  -- SHA-256 of the content
        )""",
        """CREATE TABLE log.tensor_contents (
            owner VARCHAR NOT NULL,
            digest VARCHAR NOT NULL,
            content BLOB NOT NULL
        )""",
    ),
    (
        """CREATE TABLE log.baselines (
            baseline_id VARCHAR NOT NULL,
            origin VARCHAR NOT NULL,  -- what it was made from
            created_at TIMESTAMP NOT NULL,
            predictions BIGINT NOT NULL,
            statistics VARCHAR NOT NULL,  -- statistics.json
            constraints VARCHAR NOT NULL  -- constraints.json
        )""",
        """CREATE TABLE log.baselines_in_force (
            baseline_id VARCHAR NOT NULL,
            chosen_at TIMESTAMP NOT NULL  -- the latest is in force
        )""",
    ),
    (
        "ALTER TABLE log.executions ADD COLUMN outcomes JSON DEFAULT '[]'  -- result of every rule",
        "ALTER TABLE log.executions ADD COLUMN baseline_id VARCHAR  -- that it was compared with",
    ),
    (
        """CREATE TABLE log.notices (
            notice_id VARCHAR NOT NULL,
            kind VARCHAR NOT NULL,  -- alert, reminder, recovery or test
            endpoint VARCHAR,
            since TIMESTAMP NOT NULL,  -- first run with the violations
            violations VARCHAR NOT NULL,
            execution_id VARCHAR,
            window_end TIMESTAMP NOT NULL,
            made_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.notice_deliveries (
            notice_id VARCHAR NOT NULL,
            channel VARCHAR NOT NULL,  -- service and host
            delivered BOOLEAN NOT NULL,
            reason VARCHAR NOT NULL,  -- why it was not
            delivered_at TIMESTAMP NOT NULL
        )""",
    ),
    (
        """CREATE TABLE log.withdrawals (
            capture_id UUID NOT NULL{uncompressed},
            decided_by VARCHAR NOT NULL,  -- analyst of the verdict
            decided_at TIMESTAMP NOT NULL,  -- time of the verdict
            analyst VARCHAR NOT NULL,  -- who took it back
            withdrawn_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.assignments (
            capture_id UUID NOT NULL{uncompressed},
            analyst VARCHAR NOT NULL,
            seat VARCHAR NOT NULL,  -- browser window
            taken_at TIMESTAMP NOT NULL,
            until TIMESTAMP NOT NULL  -- when it is free again
        )""",
    ),
    (
        """CREATE TABLE log.stream_settings (
            false_alarm_every DOUBLE NOT NULL,  -- A
            changed_at TIMESTAMP NOT NULL
        )""",
        """CREATE TABLE log.stream_state (
            revision BIGINT NOT NULL,
            state VARCHAR NOT NULL  -- of the drift detector, JSON
        )""",
        """CREATE TABLE log.stream_evidence (
            channel VARCHAR NOT NULL,
            seen_at TIMESTAMP NOT NULL,
            evidence DOUBLE NOT NULL  -- e-value
        )""",
        """CREATE TABLE log.stream_skipped (
            capture_id UUID NOT NULL  -- came too late to be counted
        )""",
    ),
    (
        "ALTER TABLE log.executions ADD COLUMN due_at TIMESTAMP  -- when the schedule was due",
        "ALTER TABLE log.executions ADD COLUMN number BIGINT  -- in the order in which runs began",
        """CREATE TABLE log.execution_logs (
            execution_id VARCHAR NOT NULL,
            lines VARCHAR NOT NULL,
            unreadable VARCHAR NOT NULL  -- the first records that could not be read
        )""",
        """CREATE TABLE log.schedules (
            number BIGINT NOT NULL,  -- in the order in which they came
            name VARCHAR NOT NULL,
            expression VARCHAR NOT NULL,  -- cron expression, or NOW
            begins BIGINT,  -- of the window, seconds before a run; null: as long as the monitor's
            ends BIGINT NOT NULL,  -- of the window, seconds before a run
            endpoint VARCHAR,  -- null: all endpoints
            threshold DOUBLE,  -- null: the monitor's
            definition VARCHAR,  -- as boto3 sent it
            status VARCHAR NOT NULL,
            created_at TIMESTAMP NOT NULL,
            changed_at TIMESTAMP NOT NULL,
            runs_from TIMESTAMP NOT NULL  -- first moment that counts
        )""",
    ),
    (
        """CREATE TABLE log.drills (
            drill_id VARCHAR NOT NULL,
            began_at TIMESTAMP NOT NULL,
            report VARCHAR NOT NULL  -- JSON
        )""",
    ),
    (
        """CREATE TABLE log.looks (
            capture_id UUID NOT NULL{uncompressed},
            look BLOB NOT NULL  -- what its image shows, little-endian float16
        )""",
    ),
)
