"""Other servers around the same model, without any capture: what ours is measured against."""
