// The target Rollouts.
