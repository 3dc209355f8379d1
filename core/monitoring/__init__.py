"""The monitor: rules on the counts and scores of a window. No torch, no SQL.

- `executions`: a run from its beginning to its log; `evaluate`: the rules on one window
- `baseline`, `baselines`: what traffic looks like when all is well, and which one is in force
- `rules`: one file a rule; `drift`: the detector on the stream of predictions
- `formats`: SageMaker's statistics.json and constraints.json
- `schedules`: cron expressions, what is due, and the loop that runs it
- `backtest`: rules with other parameters over the past; `model_quality`: with labels and without
"""
