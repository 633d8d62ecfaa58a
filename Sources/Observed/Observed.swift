// The target Observed.
