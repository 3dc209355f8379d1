"""SageMaker's statistics.json and constraints.json."""
