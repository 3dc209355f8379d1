"""SageMaker's capture files, both ways: paths, lines, payloads, import and export."""
