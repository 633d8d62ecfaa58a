// The target Verdicts.
