"""Simulated traffic: mixed traffic from the lab, replay over HTTP, and drills.

`traffic` makes requests and `sending` sends them, over HTTP or within the process. A drill
(`drills`, one of them `drill_run`) sends `drill_traffic` to the running program (`system`) and
measures when each rule noticed (`detection_delay`).
"""
