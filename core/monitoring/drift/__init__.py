"""The drift detector over the stream of predictions.

How a prediction becomes an alarm, from the outside in::

    service          DriftMonitor: what the rest of the program calls (catch up, status, alarms)
      consumer       one step along the captures in the log, behind a cursor
        channels_update   the new predictions through every channel, alarms in words
          channels   class, class x flag, confidence: which of them decide
            bins     prediction -> bin
            bursts   which predictions only repeat what their source just showed
            detector the e-detector over bins: M, alarms (state: detector_state)
          messages   a channel's state -> sentence and outcome of a rule
      state          what is remembered between two steps, and its JSON
      backtest       past predictions through the same channels, with any A
"""
