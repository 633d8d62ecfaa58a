// The target Commits.
