// The target Desired.
