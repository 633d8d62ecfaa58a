// The target Planning.
