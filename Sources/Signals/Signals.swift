// The target Signals.
